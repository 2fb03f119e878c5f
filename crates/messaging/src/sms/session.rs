//! One bind from its first command to its end: a single loop that owns the line. Citizens' texts
//! are taken beside it, so that a slow record does not silence the link.

use crate::outlet::Order;
use crate::sms::deliver::{Answered, Taker};
use crate::sms::heard::Unheard;
use crate::sms::line::{Line, Reader, Writer};
use crate::sms::submit::{Form, Pace, Submitting};
use crate::sms::wire::{self, Came, Frame, command, status};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// Texts that are being taken at most; beyond it the gateway is asked for patience.
const TAKEN_MAX: usize = 500;

/// Takers that work side by side, so that as many texts share a transaction. One sender's texts
/// always go to the same one, in their order.
const TAKERS: usize = 128;

/// How often waiting parts are looked after.
const DUE_EVERY: Duration = Duration::from_mins(1);

/// The answer to a part.
const SUBMITTED: u32 = command::SUBMIT_SM | command::RESPONSE;

/// What a bind is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Transceiver,
    Receiver,
    Transmitter,
}

/// How a bind ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The outbox is gone and everything is answered.
    Finished,
    /// The gateway closed, or the line broke.
    Closed,
    /// The gateway did not answer.
    Silent,
}

/// One bind.
pub(crate) struct Session {
    role: Role,
    taker: Taker,
    form: Form,
    pace: Pace,
    enquire: Duration,
    writer: Writer,
    /// Everything that works beside the loop; ends with it.
    tasks: JoinSet<()>,
    frames: mpsc::Receiver<Came>,
    takers: Vec<mpsc::Sender<Frame>>,
    answers: mpsc::Receiver<Answered>,
    taking: usize,
    unheard: Unheard,
    submitting: Submitting,
    sequence: u32,
    heard_at: Instant,
    /// An `enquire_link` without an answer: when it left.
    enquired: Option<Instant>,
}

impl Session {
    pub(crate) fn new(
        role: Role,
        line: Line,
        taker: Taker,
        form: Form,
        pace: Pace,
        enquire: Duration,
    ) -> Session {
        let Line { reader, writer } = line;
        let mut tasks = JoinSet::new();
        let (come, frames) = mpsc::channel(64);
        tasks.spawn(read(reader, come));
        let (give, answers) = mpsc::channel(TAKEN_MAX);
        let takers = (0..TAKERS).map(|_| {
            let (hand, handed) = mpsc::channel(TAKEN_MAX);
            tasks.spawn(take(taker.clone(), handed, give.clone()));
            hand
        });
        let takers = takers.collect();
        tasks.spawn(look_after(taker.clone()));
        let now = Instant::now();
        Session {
            role,
            submitting: Submitting::new(pace, form.receipts, now),
            taker,
            form,
            pace,
            enquire,
            writer,
            tasks,
            frames,
            takers,
            answers,
            taking: 0,
            unheard: Unheard::default(),
            // The bind was the first.
            sequence: 1,
            heard_at: now,
            enquired: None,
        }
    }

    /// Runs until the line or the outbox ends.
    pub(crate) async fn run(mut self, orders: &mut mpsc::Receiver<Order>) -> End {
        let end = self.turn(orders).await;
        self.tasks.abort_all();
        self.taker.memory.over(self.taker.session);
        self.submitting.broken();
        end
    }

    async fn turn(&mut self, orders: &mut mpsc::Receiver<Order>) -> End {
        let mut ordering = self.role != Role::Receiver;
        loop {
            if !ordering && self.role != Role::Receiver && self.submitting.idle() {
                let unbind = Frame::new(command::UNBIND, self.sequence(), Vec::new());
                let _ = self.write(&unbind).await;
                return End::Finished;
            }
            let wake = self.wake_at();
            let turned = tokio::select! {
                came = self.frames.recv() => match came {
                    Some(came) => self.came(came).await,
                    None => Err(End::Closed),
                },
                Some(first) = self.answers.recv() => self.answer(first).await,
                order = orders.recv(), if ordering && self.submitting.takes() => {
                    match order {
                        Some(order) => self.order(order),
                        None => ordering = false,
                    }
                    Ok(())
                }
                () = sleep_until(wake) => self.tick().await,
            };
            if let Err(end) = turned {
                return end;
            }
            if let Err(end) = self.leave().await {
                return end;
            }
        }
    }

    fn sequence(&mut self) -> u32 {
        // From 1 to 0x7fffffff (SMPP 3.4, 3.2).
        self.sequence = self.sequence % 0x7fff_ffff + 1;
        self.sequence
    }

    fn wake_at(&self) -> Instant {
        let link = match self.enquired {
            Some(at) => at + self.pace.answer,
            None => self.asks_at(),
        };
        let submit = [self.submitting.ready_at(), self.submitting.overdue_at()];
        submit.into_iter().flatten().fold(link, Instant::min)
    }

    /// When the link is tried: after a silence, or to learn what was heard.
    fn asks_at(&self) -> Instant {
        let silent = self.heard_at + self.enquire;
        self.unheard.ask_at().map_or(silent, |at| at.min(silent))
    }

    async fn write(&mut self, frame: &Frame) -> Result<(), End> {
        self.write_all(&frame.bytes()).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), End> {
        let writer = &mut self.writer;
        let written = async {
            writer.write_all(bytes).await?;
            writer.flush().await
        };
        match timeout(self.pace.answer, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Closed),
            Err(_) => Err(End::Silent),
        }
    }

    /// An answer leaves, and all that are there with it.
    async fn answer(&mut self, first: Answered) -> Result<(), End> {
        let (mut bytes, mut answered) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some((answer, came)) = next {
            self.taking -= 1;
            bytes.extend(answer.bytes());
            answered.extend(came);
            next = self.answers.try_recv().ok();
        }
        self.write_all(&bytes).await?;
        self.unheard.said(Instant::now(), answered);
        Ok(())
    }

    async fn tick(&mut self) -> Result<(), End> {
        let now = Instant::now();
        self.submitting.overdue(now);
        match self.enquired {
            // What waits to be read was said in time.
            Some(at) if at + self.pace.answer <= now && self.frames.is_empty() => Err(End::Silent),
            None if self.asks_at() <= now => {
                self.enquired = Some(now);
                let enquire = Frame::new(command::ENQUIRE_LINK, self.sequence(), Vec::new());
                self.unheard.left(enquire.sequence);
                self.write(&enquire).await
            }
            _ => Ok(()),
        }
    }

    /// Parts leave as long as they may.
    async fn leave(&mut self) -> Result<(), End> {
        let (now, mut bytes) = (Instant::now(), Vec::new());
        while self.submitting.ready_at().is_some_and(|at| at <= now) {
            let sequence = self.sequence();
            let Some(frame) = self.submitting.leave(now, sequence) else {
                break;
            };
            self.unheard.left(sequence);
            bytes.extend(frame.bytes());
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.write_all(&bytes).await
    }

    fn order(&mut self, order: Order) {
        match self.form.parts(&order.outgoing) {
            Ok(parts) => self.submitting.take(parts, order.reply),
            Err(unsent) => {
                let _ = order.reply.send(Err(unsent));
            }
        }
    }

    async fn came(&mut self, came: Came) -> Result<(), End> {
        self.heard_at = Instant::now();
        self.enquired = None;
        let frame = match came {
            Came::Frame(frame) => frame,
            Came::Unframed { sequence } => {
                return self
                    .write(&Frame::nack(sequence, status::INVALID_LENGTH))
                    .await;
            }
        };
        if frame.id & command::RESPONSE != 0 {
            for came in self.unheard.answered(frame.sequence) {
                let _ = self.taker.memory.settled(&came);
            }
        }
        match frame.id {
            command::DELIVER_SM | command::DATA_SM => self.delivered(frame).await,
            command::ENQUIRE_LINK => self.write(&frame.answer(status::OK)).await,
            command::UNBIND => {
                let _ = self.write(&frame.answer(status::OK)).await;
                Err(End::Closed)
            }
            SUBMITTED | command::RESPONSE => {
                self.submitted(&frame);
                Ok(())
            }
            command::ALERT_NOTIFICATION | command::OUTBIND => Ok(()),
            id if id & command::RESPONSE != 0 => Ok(()),
            _ => {
                let nack = Frame::nack(frame.sequence, status::INVALID_COMMAND);
                self.write(&nack).await
            }
        }
    }

    async fn delivered(&mut self, frame: Frame) -> Result<(), End> {
        let mut hasher = DefaultHasher::new();
        sender(&frame.body).hash(&mut hasher);
        let taker = &self.takers[hasher.finish() as usize % TAKERS];
        if self.taking < TAKEN_MAX && taker.try_send(frame.clone()).is_ok() {
            self.taking += 1;
            return Ok(());
        }
        self.write(&frame.answer(status::THROTTLED)).await
    }

    fn submitted(&mut self, answer: &Frame) {
        let accepted = self.submitting.answered(Instant::now(), answer);
        let Some(accepted) = accepted.filter(|_| self.form.receipts) else {
            return;
        };
        let (reference, id) = (&accepted.reference, &accepted.id);
        let now = crate::sms::deliver::now();
        let via = &self.taker.via;
        let sent = self
            .taker
            .memory
            .sent(now, via, reference, id, accepted.total);
        if sent.is_err() {
            tracing::warn!(%via, "an id could not be noted; its receipt may not be understood");
        }
    }
}

/// Reads until the line ends.
async fn read(mut reader: Reader, come: mpsc::Sender<Came>) {
    while let Ok(came) = wire::read(&mut reader).await {
        if come.send(came).await.is_err() {
            return;
        }
    }
}

/// Takes texts one after another.
async fn take(taker: Taker, mut handed: mpsc::Receiver<Frame>, give: mpsc::Sender<Answered>) {
    while let Some(frame) = handed.recv().await {
        if give.send(taker.take(frame).await).await.is_err() {
            return;
        }
    }
}

/// Looks after parts that wait.
async fn look_after(taker: Taker) {
    loop {
        taker.due().await;
        tokio::time::sleep(DUE_EVERY).await;
    }
}

/// The beginning of a body up to the sender's number: all that is needed to keep an order.
fn sender(body: &[u8]) -> &[u8] {
    let mut ends = body.iter().enumerate().filter(|(_, octet)| **octet == 0);
    let service = ends.next().map_or(0, |(at, _)| at);
    let number = (service + 3..body.len()).find(|at| body[*at] == 0);
    &body[..number.unwrap_or(body.len())]
}
