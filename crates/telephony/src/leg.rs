//! One line's sound: what it hears goes to its peer, what it is sent keeps one clock. Never
//! signalling.

use crate::counters::Tally;
use crate::dtmf;
use crate::g711::{Law, transcode};
use crate::prompt::Sound;
use crate::recording::Tap;
use crate::rtp;
use crate::webrtc::Line;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// Samples, and octets, in one packet of 20 ms.
pub(crate) const FRAME: usize = 160;
/// The beat of everything that we play.
pub(crate) const BEAT: Duration = Duration::from_millis(20);
/// A peer that pauses longer than this is filled with silence: a line never goes quiet, or the
/// other side's address translation and statistics take it for dead.
const PAUSE_MAX: Duration = Duration::from_millis(70);
/// Longest payload that is passed on (150 ms); longer ones are no telephone's.
pub(crate) const PAYLOAD_MAX: usize = 1_200;

static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Milliseconds of a clock that never steps; for ages only.
pub(crate) fn age_ms(now: Instant) -> u64 {
    now.saturating_duration_since(*BEGINNING).as_millis() as u64
}

/// A lock is only poisoned when a holder panicked; media goes on with what is there.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Number of a leg within this process.
pub(crate) type LegId = u64;

/// What a leg tells the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noticed {
    /// A key.
    Key(char),
    /// The prompts of a play have ended.
    Played(u32),
    /// Nothing was heard for too long.
    Silent,
    /// A WebRTC line is up.
    Up,
    /// A WebRTC line is gone.
    Gone,
}

/// A packet of sound on its way from one leg to another.
pub(crate) struct Heard<'a> {
    pub(crate) law: Law,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: &'a [u8],
}

/// What a leg is sent.
enum Source {
    Silence,
    Music {
        at: usize,
    },
    Sounds {
        queue: VecDeque<Sound>,
        at: usize,
        play: u32,
        barge_in: bool,
        music_after: bool,
    },
    Peer,
}

/// Where packets leave.
pub(crate) enum Wire {
    /// Plain RTP to a trunk.
    Trunk {
        socket: Arc<UdpSocket>,
        remote: Option<SocketAddr>,
        payload_type: u8,
    },
    /// A browser.
    Browser(Arc<Line>),
}

/// How the numbers of a peer's packets become ours.
#[derive(Clone, Copy)]
struct Anchor {
    ssrc: u32,
    their_sequence: u16,
    their_timestamp: u32,
    sequence: u64,
    timestamp: u32,
}

struct Out {
    source: Source,
    wire: Wire,
    law: Law,
    /// Whether the other side wants to hear us; it does not while it holds.
    wanted: bool,
    ssrc: u32,
    sequence: u64,
    timestamp: u32,
    sent_at: Option<Instant>,
    /// When the peer was last passed on.
    peer_at: Option<Instant>,
    anchor: Option<Anchor>,
    buffer: [u8; rtp::HEADER + PAYLOAD_MAX],
}

/// Where a leg's sound goes.
struct Link {
    to: Arc<Leg>,
    tap: Option<Tap>,
}

/// Music in both laws.
pub(crate) struct Music {
    pub(crate) mu: Sound,
    pub(crate) a: Sound,
}

impl Music {
    fn in_law(&self, law: Law) -> &Sound {
        match law {
            Law::Mu => &self.mu,
            Law::A => &self.a,
        }
    }
}

/// One line's sound.
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) tally: Arc<Tally>,
    pub(crate) closed: CancellationToken,
    events: UnboundedSender<(LegId, Noticed)>,
    music: Arc<Music>,
    out: Mutex<Out>,
    link: Mutex<Option<Arc<Link>>>,
    keys: Mutex<dtmf::Receiver>,
    muted: AtomicBool,
    held: AtomicBool,
    heard_ms: AtomicU64,
}

/// What every leg of the house shares.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) tally: Arc<Tally>,
    pub(crate) events: UnboundedSender<(LegId, Noticed)>,
    pub(crate) music: Arc<Music>,
}

static NEXT_LEG: AtomicU64 = AtomicU64::new(1);

impl Leg {
    pub(crate) fn new(shared: &Shared, law: Law, wire: Wire) -> Arc<Leg> {
        let seed = getrandom::u64().unwrap_or(0x5eed);
        Arc::new(Leg {
            id: NEXT_LEG.fetch_add(1, Ordering::Relaxed),
            tally: shared.tally.clone(),
            closed: CancellationToken::new(),
            events: shared.events.clone(),
            music: shared.music.clone(),
            out: Mutex::new(Out {
                source: Source::Silence,
                wire,
                law,
                wanted: true,
                ssrc: (seed >> 32) as u32,
                sequence: seed & 0x7fff,
                timestamp: (seed >> 16) as u32,
                sent_at: None,
                peer_at: None,
                anchor: None,
                buffer: [0; rtp::HEADER + PAYLOAD_MAX],
            }),
            link: Mutex::new(None),
            keys: Mutex::new(dtmf::Receiver::default()),
            muted: AtomicBool::new(false),
            held: AtomicBool::new(false),
            heard_ms: AtomicU64::new(age_ms(Instant::now())),
        })
    }

    pub(crate) fn notice(&self, noticed: Noticed) {
        let _ = self.events.send((self.id, noticed));
    }

    /// The law that this leg is sent in.
    pub(crate) fn law(&self) -> Law {
        lock(&self.out).law
    }

    /// Ends it; what it was sent or heard goes nowhere from now on.
    pub(crate) fn close(&self) {
        self.closed.cancel();
        *lock(&self.link) = None;
        lock(&self.out).source = Source::Silence;
    }

    /// Changes what a trunk's description changed: address, law, and whether it wants to hear us.
    pub(crate) fn redirect(&self, to: Option<SocketAddr>, to_law: Law, number: u8, hears: bool) {
        let mut out = lock(&self.out);
        out.law = to_law;
        out.wanted = hears && to.is_some();
        if let Wire::Trunk {
            remote,
            payload_type,
            ..
        } = &mut out.wire
        {
            *remote = to.or(*remote);
            *payload_type = number;
        }
        self.held.store(!hears || to.is_none(), Ordering::Relaxed);
        self.touch(Instant::now());
    }

    /// The address that packets really come from is where ours go.
    pub(crate) fn latch(&self, source: SocketAddr) {
        if let Wire::Trunk { remote, .. } = &mut lock(&self.out).wire {
            *remote = Some(source);
        }
    }

    /// A counselor's microphone.
    pub(crate) fn mute(&self, on: bool) {
        self.muted.store(on, Ordering::Relaxed);
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.muted.load(Ordering::Relaxed)
    }

    /// Something arrived: the line lives.
    pub(crate) fn touch(&self, now: Instant) {
        self.heard_ms.store(age_ms(now), Ordering::Relaxed);
    }

    /// How long nothing was heard; nothing is expected of a side that holds.
    pub(crate) fn quiet_ms(&self, now: Instant) -> u64 {
        if self.held.load(Ordering::Relaxed) {
            return 0;
        }
        age_ms(now).saturating_sub(self.heard_ms.load(Ordering::Relaxed))
    }

    // --- what it hears -----------------------------------------------------------------------

    /// Sound came in: to the peer and to the recorder.
    pub(crate) fn hear(&self, heard: &Heard<'_>, now: Instant) {
        self.tally.rtp_heard.add();
        if heard.payload.is_empty() || heard.payload.len() > PAYLOAD_MAX || self.is_muted() {
            return;
        }
        let Some(link) = lock(&self.link).clone() else {
            return;
        };
        if let Some(tap) = &link.tap {
            tap.push(heard, now);
        }
        link.to.forward(heard, now);
    }

    /// A telephone-event packet came in.
    pub(crate) fn hear_event(&self, ssrc: u32, timestamp: u32, payload: &[u8]) {
        let key = lock(&self.keys).take(ssrc, timestamp, payload);
        if let Some(key) = key {
            self.press(key);
        }
    }

    /// A key: told first, then it may cut the prompts short.
    pub(crate) fn press(&self, key: char) {
        self.tally.keys.add();
        self.notice(Noticed::Key(key));
        let mut out = lock(&self.out);
        if matches!(out.source, Source::Sounds { barge_in: true, .. }) {
            self.end_sounds(&mut out);
        }
    }

    /// Sends what this leg hears to another one.
    pub(crate) fn link_to(&self, to: &Arc<Leg>, tap: Option<Tap>) {
        let link = Link {
            to: to.clone(),
            tap,
        };
        *lock(&self.link) = Some(Arc::new(link));
    }

    /// Sends it nowhere.
    pub(crate) fn unlink(&self) {
        *lock(&self.link) = None;
    }

    // --- what it is sent ---------------------------------------------------------------------

    pub(crate) fn play_silence(&self) {
        lock(&self.out).source = Source::Silence;
    }

    pub(crate) fn play_music(&self) {
        let mut out = lock(&self.out);
        if !matches!(out.source, Source::Music { .. }) {
            out.source = Source::Music { at: 0 };
        }
    }

    /// From now on it is sent what its peer says.
    pub(crate) fn play_peer(&self) {
        let mut out = lock(&self.out);
        out.source = Source::Peer;
        out.anchor = None;
        out.peer_at = Some(Instant::now());
    }

    /// Plays sounds one after the other, then tells `play`.
    pub(crate) fn play(&self, play: u32, sounds: Vec<Sound>, barge_in: bool, music_after: bool) {
        let mut out = lock(&self.out);
        let empty = sounds.iter().all(|sound| sound.is_empty());
        out.source = Source::Sounds {
            queue: sounds.into(),
            at: 0,
            play,
            barge_in,
            music_after,
        };
        if empty {
            self.end_sounds(&mut out);
        }
    }

    fn end_sounds(&self, out: &mut Out) {
        if let Source::Sounds {
            play, music_after, ..
        } = out.source
        {
            out.source = if music_after {
                Source::Music { at: 0 }
            } else {
                Source::Silence
            };
            self.notice(Noticed::Played(play));
        }
    }

    /// One beat of 20 ms: sends what this leg is played, or silence where its peer pauses.
    pub(crate) fn beat(&self, now: Instant) {
        let mut out = lock(&self.out);
        let out = &mut *out;
        if matches!(&out.wire, Wire::Browser(line) if !line.is_up()) {
            // A greeting must not be over before the browser can hear it.
            return;
        }
        let mut frame = [out.law.silence(); FRAME];
        let mut ended = false;
        match &mut out.source {
            // A browser needs no packets of silence, and three hundred idle desks would cost a
            // third of a processor; to a trunk they never stop.
            Source::Silence if matches!(out.wire, Wire::Browser(_)) => return,
            Source::Silence => {}
            Source::Music { at } => {
                let sound = self.music.in_law(out.law);
                for octet in &mut frame {
                    *octet = sound[*at % sound.len()];
                    *at += 1;
                }
            }
            Source::Sounds { queue, at, .. } => {
                ended = fill(queue, at, &mut frame);
            }
            Source::Peer => {
                let paused = out.peer_at.is_none_or(|heard| now - heard > PAUSE_MAX);
                if !paused {
                    return;
                }
                out.anchor = None;
            }
        }
        let law = out.law;
        out.send(law, &frame, &self.tally, now);
        if ended {
            self.end_sounds(out);
        }
    }

    /// A packet of the peer, its numbers made ours.
    fn forward(&self, heard: &Heard<'_>, now: Instant) {
        let mut out = lock(&self.out);
        if !matches!(out.source, Source::Peer) {
            return;
        }
        out.peer_at = Some(now);
        let anchor = match out.anchor {
            Some(anchor) if anchor.fits(heard) => anchor,
            _ => out.anchor_at(heard, now),
        };
        let ahead = heard.sequence.wrapping_sub(anchor.their_sequence) as i16;
        if ahead < 0 {
            // Older than the moment they were joined: its place was taken by our own packets.
            return;
        }
        let sequence = anchor.sequence + ahead as u64;
        let elapsed = heard.timestamp.wrapping_sub(anchor.their_timestamp);
        let timestamp = anchor.timestamp.wrapping_add(elapsed);
        let first = ahead == 0;
        out.put(
            heard.law,
            first,
            sequence,
            timestamp,
            heard.payload,
            &self.tally,
            now,
        );
        if sequence >= out.sequence {
            out.sequence = sequence + 1;
            out.timestamp = timestamp.wrapping_add(heard.payload.len() as u32);
            out.sent_at = Some(now);
        }
        if ahead > 8_000 {
            // Well before the sixteen bits wrap, the anchor moves along.
            out.anchor = Some(Anchor {
                their_sequence: heard.sequence,
                their_timestamp: heard.timestamp,
                sequence,
                timestamp,
                ..anchor
            });
        }
    }
}

/// Fills a frame from the queue; true when the last sound has ended with it.
fn fill(queue: &mut VecDeque<Sound>, at: &mut usize, frame: &mut [u8; FRAME]) -> bool {
    let mut filled = 0;
    while filled < FRAME {
        let Some(sound) = queue.front() else {
            return true;
        };
        let count = (FRAME - filled).min(sound.len() - *at);
        frame[filled..filled + count].copy_from_slice(&sound[*at..*at + count]);
        filled += count;
        *at += count;
        if *at == sound.len() {
            queue.pop_front();
            *at = 0;
        }
    }
    queue.is_empty()
}

impl Anchor {
    /// The same sender, and no jump that only a new beginning explains.
    fn fits(&self, heard: &Heard<'_>) -> bool {
        let elapsed = heard.timestamp.wrapping_sub(self.their_timestamp) as i32;
        let ahead = heard.sequence.wrapping_sub(self.their_sequence) as i16;
        let expected = i32::from(ahead) * FRAME as i32;
        let drift = (elapsed - expected).abs();
        self.ssrc == heard.ssrc && ahead > -100 && drift < 8_000 * 10
    }
}

impl Out {
    /// Joins the peer's numbers to ours at this packet.
    fn anchor_at(&mut self, heard: &Heard<'_>, now: Instant) -> Anchor {
        self.catch_up(now);
        let anchor = Anchor {
            ssrc: heard.ssrc,
            their_sequence: heard.sequence,
            their_timestamp: heard.timestamp,
            sequence: self.sequence,
            timestamp: self.timestamp,
        };
        self.anchor = Some(anchor);
        anchor
    }

    /// Moves the timestamp by what passed since the last packet, in whole frames.
    fn catch_up(&mut self, now: Instant) {
        let Some(sent_at) = self.sent_at else {
            return;
        };
        let frames = (now - sent_at).as_millis() as u32 / BEAT.as_millis() as u32;
        let missed = frames.saturating_sub(2) * FRAME as u32;
        self.timestamp = self.timestamp.wrapping_add(missed);
    }

    /// Sends one of our own frames.
    fn send(&mut self, law: Law, frame: &[u8], tally: &Tally, now: Instant) {
        self.catch_up(now);
        let first = self.sent_at.is_none();
        let (sequence, timestamp) = (self.sequence, self.timestamp);
        self.put(law, first, sequence, timestamp, frame, tally, now);
        self.sequence += 1;
        self.timestamp = timestamp.wrapping_add(frame.len() as u32);
        self.sent_at = Some(now);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of one packet, spelled out once"
    )]
    fn put(
        &mut self,
        law: Law,
        marker: bool,
        sequence: u64,
        timestamp: u32,
        payload: &[u8],
        tally: &Tally,
        now: Instant,
    ) {
        if !self.wanted {
            return;
        }
        let end = rtp::HEADER + payload.len();
        self.buffer[rtp::HEADER..end].copy_from_slice(payload);
        match &self.wire {
            Wire::Trunk {
                socket,
                remote: Some(remote),
                payload_type,
            } => {
                let packet = rtp::Packet {
                    payload_type: *payload_type,
                    marker,
                    sequence: sequence as u16,
                    timestamp,
                    ssrc: self.ssrc,
                    payload: &[],
                };
                if let Some(head) = self.buffer.first_chunk_mut() {
                    rtp::write_header(&packet, head);
                }
                transcode(law, self.law, &mut self.buffer[rtp::HEADER..end]);
                match socket.try_send_to(&self.buffer[..end], *remote) {
                    Ok(_) => tally.rtp_sent.add(),
                    Err(_) => tally.rtp_unsent.add(),
                }
            }
            Wire::Trunk { remote: None, .. } => {}
            Wire::Browser(line) => {
                let payload = &mut self.buffer[rtp::HEADER..end];
                let sent = line.write(law, marker, sequence, timestamp, payload, now);
                if sent {
                    tally.rtp_sent.add();
                }
            }
        }
    }
}
