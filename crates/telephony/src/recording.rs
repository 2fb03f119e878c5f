//! Recording: both sides tapped on their way, put in order by their own clocks, written by one
//! thread. Never heard here.

use crate::counters::Tally;
use crate::g711::{Law, transcode};
use crate::leg::{FRAME, Heard};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Where a recording is written; the store's encrypted files, or a list in a test.
pub trait Sheet: Send {
    /// Takes plain bytes.
    fn append(&mut self, bytes: &[u8]) -> Result<(), store::Failure>;
    /// Makes all of it durable.
    fn finish(self: Box<Self>) -> Result<(), store::Failure>;
}

impl Sheet for store::BlobWriter {
    fn append(&mut self, bytes: &[u8]) -> Result<(), store::Failure> {
        store::BlobWriter::append(self, bytes)
    }

    fn finish(self: Box<Self>) -> Result<(), store::Failure> {
        store::BlobWriter::finish(*self)
    }
}

/// Starts a sheet by name.
pub type Sheets = Box<dyn FnMut(&str) -> Result<Box<dyn Sheet>, store::Failure> + Send>;

/// Samples per millisecond.
const PER_MS: u64 = 8;
/// How long a packet may be under way before its place is written as silence.
const PATIENCE_MS: u64 = 200;
/// A sender's clock that is off by more than this from ours begins anew.
const DRIFT_MAX_MS: u64 = 240;
/// Written in pieces of about a second, so that a crash costs no more.
const PIECE_MS: u64 = 1_000;
/// Frames that may wait for the thread: a quarter of a second of six hundred talks, 4 MB.
const QUEUE: usize = 16_384;
/// How often the thread looks at its queue while there is something in it.
const ROUND: Duration = Duration::from_millis(40);

/// Which ear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Left.
    Citizen,
    /// Right.
    Counselor,
}

struct Piece {
    recording: u64,
    side: Side,
    at: Instant,
    ssrc: u32,
    timestamp: u32,
    count: u8,
    octets: [u8; FRAME],
}

#[allow(
    clippy::large_enum_variant,
    reason = "one frame by value is what spares an allocation"
)]
enum Message {
    Begin {
        recording: u64,
        name: String,
        at: Instant,
    },
    Heard(Piece),
    /// The talk is interrupted from `from` on; until then what is missing was silence.
    Pause {
        recording: u64,
        from: Instant,
    },
    End {
        recording: u64,
        done: oneshot::Sender<Option<u64>>,
    },
    Stop,
}

/// The way to the recorder's thread.
pub(crate) struct Recorder {
    queue: SyncSender<Message>,
    next: AtomicU64,
    tally: Arc<Tally>,
}

/// One side of one recording.
#[derive(Clone)]
pub(crate) struct Tap {
    recorder: Arc<Recorder>,
    recording: u64,
    side: Side,
}

/// A recording under way.
pub(crate) struct Recording {
    recorder: Arc<Recorder>,
    number: u64,
}

impl Tap {
    /// Takes one packet; never waits.
    pub(crate) fn push(&self, heard: &Heard<'_>, at: Instant) {
        for (index, part) in heard.payload.chunks(FRAME).enumerate() {
            let mut octets = [0; FRAME];
            octets[..part.len()].copy_from_slice(part);
            transcode(heard.law, Law::Mu, &mut octets[..part.len()]);
            let piece = Piece {
                recording: self.recording,
                side: self.side,
                at,
                ssrc: heard.ssrc,
                timestamp: heard.timestamp.wrapping_add((index * FRAME) as u32),
                count: part.len() as u8,
                octets,
            };
            if self.recorder.queue.try_send(Message::Heard(piece)).is_err() {
                self.recorder.tally.recording_overflow.add();
            }
        }
    }
}

impl Recorder {
    /// Starts the thread.
    pub(crate) fn start(
        sheets: Sheets,
        tally: Arc<Tally>,
    ) -> std::io::Result<(Arc<Recorder>, JoinHandle<()>)> {
        let (queue, messages) = sync_channel(QUEUE);
        let (closing, finished) = channel();
        let desk = Desk {
            sheets,
            tally: tally.clone(),
            open: HashMap::new(),
            closing,
        };
        // Making a recording durable may take the disk a while; the others are written meanwhile.
        let closer = std::thread::Builder::new()
            .name("recordings".to_owned())
            .spawn({
                let tally = tally.clone();
                move || {
                    for reel in finished {
                        reel.close(&tally);
                    }
                }
            })?;
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || {
                desk.work(&messages);
                let _ = closer.join();
            })?;
        let recorder = Recorder {
            queue,
            next: AtomicU64::new(1),
            tally,
        };
        Ok((Arc::new(recorder), thread))
    }

    /// Begins a recording; `None` when the thread is too far behind even for that.
    pub(crate) fn begin(self: &Arc<Recorder>, name: String) -> Option<Recording> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let begin = Message::Begin {
            recording: number,
            name,
            at: Instant::now(),
        };
        if self.queue.try_send(begin).is_err() {
            self.tally.recording_failed.add();
            return None;
        }
        Some(Recording {
            recorder: self.clone(),
            number,
        })
    }

    /// Ends every recording and the thread; blocks shortly.
    pub(crate) fn stop(&self) {
        let _ = self.queue.send(Message::Stop);
    }
}

impl Recording {
    pub(crate) fn tap(&self, side: Side) -> Tap {
        Tap {
            recorder: self.recorder.clone(),
            recording: self.number,
            side,
        }
    }

    /// The talk is interrupted; if it ends without going on, the recording ends here.
    pub(crate) fn pause(&self) {
        let pause = Message::Pause {
            recording: self.number,
            from: Instant::now(),
        };
        let _ = self.recorder.queue.try_send(pause);
    }

    /// Ends it; tells its length in milliseconds once it is durable, none when it failed.
    pub(crate) fn end(self) -> oneshot::Receiver<Option<u64>> {
        let (done, length) = oneshot::channel();
        let end = Message::End {
            recording: self.number,
            done,
        };
        if self.recorder.queue.try_send(end).is_err() {
            self.recorder.tally.recording_failed.add();
        }
        length
    }
}

/// The thread's side.
struct Desk {
    sheets: Sheets,
    tally: Arc<Tally>,
    open: HashMap<u64, Open>,
    closing: Sender<Finished>,
}

/// A recording whose last octet is handed in.
struct Finished {
    sheet: Option<Box<dyn Sheet>>,
    length_ms: u64,
    done: Option<oneshot::Sender<Option<u64>>>,
}

impl Finished {
    fn close(self, tally: &Tally) {
        let closed = self.sheet.map(Sheet::finish);
        if let Some(Err(error)) = &closed {
            tally.recording_failed.add();
            tracing::error!(%error, "a recording cannot be finished");
        }
        let length_ms = matches!(closed, Some(Ok(()))).then_some(self.length_ms);
        if let Some(done) = self.done {
            let _ = done.send(length_ms);
        }
    }
}

struct Open {
    sheet: Option<Box<dyn Sheet>>,
    reel: Reel,
}

impl Desk {
    fn work(mut self, messages: &Receiver<Message>) {
        while let Ok(first) = messages.recv() {
            let mut message = Some(first);
            while let Some(taken) = message {
                if matches!(taken, Message::Stop) {
                    return self.close();
                }
                self.take(taken);
                message = messages.try_recv().ok();
            }
            let now = Instant::now();
            for open in self.open.values_mut() {
                open.flush(now, &self.tally);
            }
            // Waking for every packet would cost more than the writing.
            std::thread::sleep(ROUND);
        }
        self.close();
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Begin {
                recording,
                name,
                at,
            } => {
                let mut open = Open {
                    sheet: None,
                    reel: Reel::new(at),
                };
                match (self.sheets)(&name) {
                    Ok(sheet) => {
                        open.sheet = Some(sheet);
                        open.write(&store::sound::header(), &self.tally);
                    }
                    Err(error) => {
                        self.tally.recording_failed.add();
                        tracing::error!(%error, "a recording cannot be opened");
                    }
                }
                self.open.insert(recording, open);
            }
            Message::Heard(piece) => {
                if let Some(open) = self.open.get_mut(&piece.recording)
                    && !open.reel.put(&piece)
                {
                    self.tally.recording_late.add();
                }
            }
            Message::Pause { recording, from } => {
                if let Some(open) = self.open.get_mut(&recording) {
                    open.reel.pause(from);
                }
            }
            Message::End { recording, done } => {
                if let Some(open) = self.open.remove(&recording) {
                    let finished = open.finish(Instant::now(), Some(done), &self.tally);
                    let _ = self.closing.send(finished);
                }
            }
            Message::Stop => {}
        }
    }

    fn close(mut self) {
        for (_, open) in self.open.drain() {
            let finished = open.finish(Instant::now(), None, &self.tally);
            let _ = self.closing.send(finished);
        }
    }
}

impl Open {
    fn write(&mut self, bytes: &[u8], tally: &Tally) {
        if let Some(sheet) = &mut self.sheet
            && let Err(error) = sheet.append(bytes)
        {
            tally.recording_failed.add();
            tracing::error!(%error, "a recording cannot be written");
            self.sheet = None;
        }
    }

    fn flush(&mut self, now: Instant, tally: &Tally) {
        if let Some(bytes) = self.reel.ripe(now) {
            self.write(&bytes, tally);
        }
    }

    fn finish(
        mut self,
        now: Instant,
        done: Option<oneshot::Sender<Option<u64>>>,
        tally: &Tally,
    ) -> Finished {
        let rest = self.reel.rest(now);
        self.write(&rest, tally);
        Finished {
            sheet: self.sheet,
            length_ms: self.reel.written / PER_MS,
            done,
        }
    }
}

/// Where a sender's timestamps lie in the recording.
#[derive(Clone, Copy)]
struct Anchor {
    ssrc: u32,
    timestamp: u32,
    position: u64,
}

/// The part of a recording that is still open to late packets: pairs of octets from `written` on.
struct Reel {
    began: Instant,
    paused: Option<Instant>,
    written: u64,
    pairs: Vec<u8>,
    anchors: [Option<Anchor>; 2],
}

impl Reel {
    fn new(began: Instant) -> Reel {
        Reel {
            began,
            paused: None,
            written: 0,
            pairs: Vec::with_capacity(32 * 1024),
            anchors: [None; 2],
        }
    }

    fn position(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.began).as_millis() as u64 * PER_MS
    }

    /// Puts a piece where its sender's clock says; false when its place is written already.
    fn put(&mut self, piece: &Piece) -> bool {
        // Whoever speaks after a pause has gone on: what lies between is silence.
        if self.paused.is_some_and(|from| piece.at >= from) {
            self.paused = None;
            self.anchors = [None; 2];
        }
        let side = piece.side as usize;
        let arrived = self.position(piece.at);
        let place = self.anchors[side].and_then(|anchor| anchor.place(piece, arrived));
        let place = place.unwrap_or_else(|| {
            self.anchors[side] = Some(Anchor {
                ssrc: piece.ssrc,
                timestamp: piece.timestamp,
                position: arrived,
            });
            arrived
        });
        let Some(offset) = place.checked_sub(self.written) else {
            return false;
        };
        let start = offset as usize * 2;
        let end = start + usize::from(piece.count) * 2;
        if self.pairs.len() < end {
            self.pairs.resize(end, Law::Mu.silence());
        }
        let octets = &piece.octets[..usize::from(piece.count)];
        for (pair, octet) in self.pairs[start..end].chunks_exact_mut(2).zip(octets) {
            pair[side] = *octet;
        }
        true
    }

    fn pause(&mut self, from: Instant) {
        self.paused.get_or_insert(from);
    }

    /// What no late packet can change any more, once it is worth a write.
    fn ripe(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.paused.is_some() {
            return None;
        }
        let until = self.position(now).saturating_sub(PATIENCE_MS * PER_MS);
        (until >= self.written + PIECE_MS * PER_MS).then(|| self.cut(until))
    }

    /// Everything to the end.
    fn rest(&mut self, now: Instant) -> Vec<u8> {
        let until = self.position(self.paused.unwrap_or(now));
        self.cut(until.max(self.written))
    }

    fn cut(&mut self, until: u64) -> Vec<u8> {
        let length = (until - self.written) as usize * 2;
        if self.pairs.len() < length {
            self.pairs.resize(length, Law::Mu.silence());
        }
        self.written = until;
        self.pairs.drain(..length).collect()
    }
}

impl Anchor {
    /// The place by the sender's clock, unless it has left ours behind.
    fn place(&self, piece: &Piece, arrived: u64) -> Option<u64> {
        let elapsed = piece.timestamp.wrapping_sub(self.timestamp) as i32;
        let place = self.position.checked_add_signed(i64::from(elapsed))?;
        let near = place.abs_diff(arrived) <= DRIFT_MAX_MS * PER_MS;
        (self.ssrc == piece.ssrc && near).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(side: Side, at: Instant, timestamp: u32, octet: u8) -> Piece {
        Piece {
            recording: 1,
            side,
            at,
            ssrc: 7,
            timestamp,
            count: FRAME as u8,
            octets: [octet; FRAME],
        }
    }

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn packets_out_of_order_find_their_place_and_gaps_are_silence() {
        let start = Instant::now();
        let mut reel = Reel::new(start);
        assert!(reel.put(&piece(Side::Citizen, start, 1_000, 1)));
        // The third comes before the second, the fourth is lost.
        assert!(reel.put(&piece(Side::Citizen, start + ms(41), 1_320, 3)));
        assert!(reel.put(&piece(Side::Citizen, start + ms(45), 1_160, 2)));
        assert!(reel.put(&piece(Side::Counselor, start + ms(20), 9, 8)));
        assert!(reel.put(&piece(Side::Citizen, start + ms(80), 1_640, 5)));
        let sound = reel.rest(start + ms(100));
        let left: Vec<u8> = sound.chunks(FRAME * 2).map(|frame| frame[0]).collect();
        let right: Vec<u8> = sound.chunks(FRAME * 2).map(|frame| frame[1]).collect();
        assert_eq!(left, [1, 2, 3, 0xff, 5]);
        assert_eq!(right, [0xff, 8, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn what_is_written_stays_and_a_sender_that_begins_anew_is_heard() {
        let start = Instant::now();
        let mut reel = Reel::new(start);
        assert!(reel.put(&piece(Side::Citizen, start, 0, 1)));
        let first = reel.ripe(start + ms(1_300)).unwrap();
        assert_eq!(first.len() as u64, 1_100 * PER_MS * 2);
        assert!(
            !reel.put(&piece(Side::Citizen, start + ms(10), 80, 2)),
            "too late"
        );
        let leap = piece(Side::Citizen, start + ms(1_300), 4_000_000, 3);
        assert!(reel.put(&leap));
        let rest = reel.rest(start + ms(1_320));
        assert_eq!(rest[(200 * PER_MS * 2) as usize], 3);
    }

    #[test]
    fn a_pause_is_silence_when_the_talk_goes_on_and_the_end_when_it_does_not() {
        let start = Instant::now();
        let mut reel = Reel::new(start);
        reel.put(&piece(Side::Citizen, start, 0, 1));
        reel.pause(start + ms(20));
        assert!(reel.ripe(start + ms(5_000)).is_none());
        assert_eq!(reel.rest(start + ms(5_000)).len(), FRAME * 2);

        let mut reel = Reel::new(start);
        reel.put(&piece(Side::Citizen, start, 0, 1));
        reel.pause(start + ms(20));
        reel.put(&piece(Side::Citizen, start + ms(400), 160, 2));
        let sound = reel.rest(start + ms(420));
        assert_eq!(sound.len() as u64, 420 * PER_MS * 2);
        assert_eq!(sound[(400 * PER_MS * 2) as usize], 2);
        assert_eq!(sound[(200 * PER_MS * 2) as usize], 0xff);
    }
}
