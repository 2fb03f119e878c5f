//! The 20 ms that a line is played, cut from sounds of any codec. Never numbers, never a socket.

use super::{FRAME, PAYLOAD_MAX};
use crate::codec::Codec;
use crate::prompt::{Found, Sound};
use std::collections::VecDeque;

/// 20 ms of something that we play.
pub(super) struct Frame {
    pub(super) codec: Codec,
    octets: [u8; PAYLOAD_MAX],
    length: usize,
}

impl Frame {
    pub(super) fn silent(codec: Codec) -> Frame {
        let mut frame = Frame {
            codec,
            octets: [0; PAYLOAD_MAX],
            length: 0,
        };
        frame.take(codec, codec.silence());
        frame
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.octets[..self.length]
    }

    fn take(&mut self, codec: Codec, octets: &[u8]) {
        let length = octets.len().min(PAYLOAD_MAX);
        self.codec = codec;
        self.octets[..length].copy_from_slice(&octets[..length]);
        self.length = length;
    }

    /// Fills it from a loop.
    pub(super) fn fill_over_and_over(&mut self, sound: &Sound, at: &mut usize) {
        match sound {
            Sound::Octets(codec, octets) => {
                self.take(*codec, codec.silence());
                for octet in &mut self.octets[..FRAME] {
                    *octet = octets[*at % octets.len()];
                    *at += 1;
                }
            }
            Sound::Packets(packets) => {
                if matches!(packets.at(*at), Found::End) {
                    *at = 0;
                }
                if let Found::Packet(packet) = packets.at(*at) {
                    self.take(Codec::Opus, &packet);
                    *at += 1;
                }
            }
        }
    }

    /// Fills it from the queue; true when the last sound has ended with it.
    pub(super) fn fill(&mut self, queue: &mut VecDeque<Sound>, at: &mut usize) -> bool {
        let mut filled = 0;
        while filled < FRAME {
            match queue.front() {
                None => return true,
                Some(Sound::Octets(codec, octets)) => {
                    if filled == 0 {
                        self.take(*codec, codec.silence());
                    } else if *codec != self.codec {
                        return false;
                    }
                    let count = (FRAME - filled).min(octets.len() - *at);
                    self.octets[filled..filled + count].copy_from_slice(&octets[*at..*at + count]);
                    filled += count;
                    *at += count;
                    if *at == octets.len() {
                        queue.pop_front();
                        *at = 0;
                    }
                }
                // A packet fills a frame by itself.
                Some(Sound::Packets(_)) if filled > 0 => return false,
                Some(Sound::Packets(packets)) => {
                    match packets.at(*at) {
                        Found::Soon => return false,
                        Found::Packet(packet) => {
                            self.take(Codec::Opus, &packet);
                            filled = FRAME;
                            *at += 1;
                        }
                        Found::End => {}
                    }
                    if matches!(packets.at(*at), Found::End) {
                        queue.pop_front();
                        *at = 0;
                    }
                }
            }
        }
        queue.is_empty()
    }
}
