//! Recording: both sides tapped on their way, put in order by their own clocks, written by one
//! thread. Never heard here.

mod reel;

use crate::codec::Codec;
use crate::codec::voice::Rate;
use crate::counters::Tally;
use crate::leg::{FRAME, Heard};
use reel::Reel;
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
    codec: Codec,
    payload: Payload,
}

/// What was said, as it came: to understand it is the thread's work.
enum Payload {
    Short(u8, [u8; FRAME]),
    Long(Box<[u8]>),
}

impl Payload {
    fn of(octets: &[u8]) -> Payload {
        if octets.len() > FRAME {
            return Payload::Long(octets.into());
        }
        let mut short = [0; FRAME];
        short[..octets.len()].copy_from_slice(octets);
        Payload::Short(octets.len() as u8, short)
    }

    fn octets(&self) -> &[u8] {
        match self {
            Payload::Short(length, octets) => &octets[..usize::from(*length)],
            Payload::Long(octets) => octets,
        }
    }
}

#[allow(
    clippy::large_enum_variant,
    reason = "one frame by value is what spares an allocation"
)]
enum Message {
    Begin {
        recording: u64,
        name: String,
        rate: Rate,
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
        let piece = Piece {
            recording: self.recording,
            side: self.side,
            at,
            ssrc: heard.ssrc,
            timestamp: heard.timestamp,
            codec: heard.codec,
            payload: Payload::of(heard.payload),
        };
        if self.recorder.queue.try_send(Message::Heard(piece)).is_err() {
            self.recorder.tally.recording_overflow.add();
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
    pub(crate) fn begin(self: &Arc<Recorder>, name: String, rate: Rate) -> Option<Recording> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let begin = Message::Begin {
            recording: number,
            name,
            rate,
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
                rate,
                at,
            } => {
                let mut open = Open {
                    sheet: None,
                    reel: Reel::new(at, rate),
                };
                match (self.sheets)(&name) {
                    Ok(sheet) => {
                        open.sheet = Some(sheet);
                        open.write(&header(rate), &self.tally);
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
                    && !open.reel.put(piece)
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

fn header(rate: Rate) -> [u8; store::sound::HEADER_BYTES] {
    match rate {
        Rate::Narrow => store::sound::header(),
        Rate::Wide => store::sound::wide_header(),
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
            length_ms: self.reel.length_ms(),
            done,
        }
    }
}
