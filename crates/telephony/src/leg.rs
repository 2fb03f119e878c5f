//! One line's sound: what it hears goes to its peer, what it is sent keeps one clock. Never
//! signalling.

mod frame;

use crate::codec::g711::transcode;
use crate::codec::voice::Interpreter;
use crate::codec::{Codec, Codecs, PCMA, PCMU};
use crate::counters::Tally;
use crate::dtmf;
use crate::prompt::{Music, Sound};
use crate::recording::Tap;
use crate::rtp;
use crate::webrtc::Line;
use frame::Frame;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// Octets in one packet of 20 ms of G.711 and G.722.
pub(crate) const FRAME: usize = 160;
/// The beat of everything that we play.
pub(crate) const BEAT: Duration = Duration::from_millis(20);
/// A peer that pauses longer than this is filled with silence: a line never goes quiet, or the
/// other side's address translation and statistics take it for dead.
const PAUSE_MAX: Duration = Duration::from_millis(70);
/// Longest payload that is passed on (160 ms of G.711, any packet of Opus); longer ones are none.
pub(crate) const PAYLOAD_MAX: usize = 1_280;

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
    /// A line speaks another codec than before.
    Codec,
    /// A WebRTC line is up.
    Up,
    /// A WebRTC line is gone.
    Gone,
}

/// A packet of sound on its way from one leg to another.
pub(crate) struct Heard<'a> {
    pub(crate) codec: Codec,
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
    codec: Codec,
    ssrc: u32,
    their_sequence: u16,
    their_timestamp: u32,
    sequence: u64,
    timestamp: u32,
}

struct Out {
    source: Source,
    wire: Wire,
    /// What the other side takes.
    takes: Codecs,
    /// What it was sent last; silence is sent in it, too.
    last: Codec,
    /// Who speaks anew what it does not take.
    interpreter: Option<Box<Interpreter>>,
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
    pub(crate) fn new(shared: &Shared, takes: Codecs, wire: Wire) -> Arc<Leg> {
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
                takes,
                last: own(takes),
                interpreter: None,
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

    /// What the other side takes.
    pub(crate) fn codecs(&self) -> Codecs {
        lock(&self.out).takes
    }

    /// What prompts are sent in.
    pub(crate) fn codec(&self) -> Codec {
        own(self.codecs())
    }

    /// Ends it; what it was sent or heard goes nowhere from now on.
    pub(crate) fn close(&self) {
        self.closed.cancel();
        *lock(&self.link) = None;
        lock(&self.out).source = Source::Silence;
    }

    /// Changes what a trunk's description changed: address, codec, and whether it wants to hear us.
    pub(crate) fn redirect(&self, to: Option<SocketAddr>, codec: Codec, number: u8, hears: bool) {
        let mut out = lock(&self.out);
        let takes = Codecs::default().with(codec);
        let changed = out.takes != takes;
        out.takes = takes;
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
        drop(out);
        self.held.store(!hears || to.is_none(), Ordering::Relaxed);
        self.touch(Instant::now());
        if changed {
            self.notice(Noticed::Codec);
        }
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
        let empty = sounds.iter().all(Sound::is_empty);
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
        match &out.source {
            // A browser needs no packets of silence, and three hundred idle desks would cost a
            // third of a processor; to a trunk they never stop.
            Source::Silence if matches!(out.wire, Wire::Browser(_)) => return,
            Source::Peer if out.peer_at.is_some_and(|heard| now - heard <= PAUSE_MAX) => return,
            _ => {}
        }
        let own = own(out.takes);
        let mut frame = Frame::silent(if out.takes.has(out.last) {
            out.last
        } else {
            own
        });
        let mut ended = false;
        match &mut out.source {
            Source::Silence => {}
            Source::Music { at } => frame.fill_over_and_over(self.music.in_codec(own), at),
            Source::Sounds { queue, at, .. } => ended = frame.fill(queue, at),
            Source::Peer => out.anchor = None,
        }
        out.play(&frame, &self.tally, now);
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
        match out.takes.as_it_comes(heard.codec) {
            Some(codec) => out.pass_on(heard, codec, &self.tally, now),
            None => out.speak_anew(heard, &self.tally, now),
        }
    }
}

/// What a line that takes these is sent of our own: G.711 where it can, as it costs least.
fn own(takes: Codecs) -> Codec {
    let mut telephone = [PCMU, PCMA].into_iter().filter(|codec| takes.has(*codec));
    let any = || takes.each().next();
    telephone.next().or_else(any).unwrap_or(PCMU)
}

impl Anchor {
    /// The same sender, and no jump that only a new beginning explains.
    fn fits(&self, heard: &Heard<'_>) -> bool {
        let elapsed = heard.timestamp.wrapping_sub(self.their_timestamp) as i32;
        let ahead = heard.sequence.wrapping_sub(self.their_sequence) as i16;
        let per_ms = heard.codec.per_ms() as i32;
        let expected = i32::from(ahead) * 20 * per_ms;
        let drift = (elapsed - expected).abs();
        let same = (self.ssrc, self.codec) == (heard.ssrc, heard.codec);
        same && ahead > -100 && drift < per_ms * 10_000
    }
}

impl Out {
    /// Joins the peer's numbers to ours at this packet.
    fn anchor_at(&mut self, heard: &Heard<'_>, now: Instant) -> Anchor {
        self.catch_up(heard.codec, now);
        let anchor = Anchor {
            codec: heard.codec,
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
    fn catch_up(&mut self, codec: Codec, now: Instant) {
        let Some(sent_at) = self.sent_at else {
            return;
        };
        let frames = (now - sent_at).as_millis() as u32 / BEAT.as_millis() as u32;
        let missed = frames.saturating_sub(2) * 20 * codec.per_ms();
        self.timestamp = self.timestamp.wrapping_add(missed);
    }

    /// Passes a packet of the peer on, its numbers made ours.
    fn pass_on(&mut self, heard: &Heard<'_>, codec: Codec, tally: &Tally, now: Instant) {
        let anchor = match self.anchor {
            Some(anchor) if anchor.fits(heard) => anchor,
            _ => self.anchor_at(heard, now),
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
        let spoken = (heard.codec, codec);
        self.put(
            spoken,
            first,
            sequence,
            timestamp,
            heard.payload,
            tally,
            now,
        );
        if sequence >= self.sequence {
            self.sequence = sequence + 1;
            self.timestamp = timestamp.wrapping_add(heard.codec.lasts(heard.payload));
            self.sent_at = Some(now);
        }
        if ahead > 8_000 {
            // Well before the sixteen bits wrap, the anchor moves along.
            self.anchor = Some(Anchor {
                their_sequence: heard.sequence,
                their_timestamp: heard.timestamp,
                sequence,
                timestamp,
                ..anchor
            });
        }
    }

    /// Speaks a packet anew that the other side does not take as it is.
    fn speak_anew(&mut self, heard: &Heard<'_>, tally: &Tally, now: Instant) {
        let Some(to) = self.takes.anew(heard.codec) else {
            return;
        };
        let known = self.interpreter.take();
        let known = known.filter(|known| known.is_for(heard.codec, to));
        let fresh = || Box::new(Interpreter::new(heard.codec, to));
        let mut interpreter = known.unwrap_or_else(fresh);
        tally.rtp_interpreted.add();
        interpreter.hear(heard.ssrc, heard.sequence, heard.timestamp, heard.payload);
        let mut payload = Vec::new();
        while interpreter.speak(&mut payload) {
            self.send((to, to), &payload, tally, now);
        }
        self.interpreter = Some(interpreter);
        self.anchor = None;
    }

    /// Plays one of our own frames, whatever the other side has come to take since it was chosen.
    fn play(&mut self, frame: &Frame, tally: &Tally, now: Instant) {
        let payload = frame.payload();
        if let Some(codec) = self.takes.as_it_comes(frame.codec) {
            return self.send((frame.codec, codec), payload, tally, now);
        }
        let heard = Heard {
            codec: frame.codec,
            sequence: self.sequence as u16,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            payload,
        };
        self.speak_anew(&heard, tally, now);
    }

    /// Sends 20 ms of our own.
    fn send(&mut self, spoken: (Codec, Codec), payload: &[u8], tally: &Tally, now: Instant) {
        self.catch_up(spoken.1, now);
        let first = self.sent_at.is_none();
        let (sequence, timestamp) = (self.sequence, self.timestamp);
        self.put(spoken, first, sequence, timestamp, payload, tally, now);
        self.sequence += 1;
        self.timestamp = timestamp.wrapping_add(20 * spoken.1.per_ms());
        self.sent_at = Some(now);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of one packet, spelled out once"
    )]
    fn put(
        &mut self,
        (from, codec): (Codec, Codec),
        marker: bool,
        sequence: u64,
        timestamp: u32,
        payload: &[u8],
        tally: &Tally,
        now: Instant,
    ) {
        self.last = codec;
        if !self.wanted {
            return;
        }
        let end = rtp::HEADER + payload.len();
        self.buffer[rtp::HEADER..end].copy_from_slice(payload);
        if let (Codec::G711(from), Codec::G711(to)) = (from, codec) {
            transcode(from, to, &mut self.buffer[rtp::HEADER..end]);
        }
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
                match socket.try_send_to(&self.buffer[..end], *remote) {
                    Ok(_) => tally.rtp_sent.add(),
                    Err(_) => tally.rtp_unsent.add(),
                }
            }
            Wire::Trunk { remote: None, .. } => {}
            Wire::Browser(line) => {
                let payload = &self.buffer[rtp::HEADER..end];
                let sent = line.write(codec, marker, sequence, timestamp, payload, now);
                if sent {
                    tally.rtp_sent.add();
                }
            }
        }
    }
}
