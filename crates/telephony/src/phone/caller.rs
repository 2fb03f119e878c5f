//! One citizen's telephone: signalling and sound of one call. Never more than one call.

use super::carrier::{Came, Shared};
use super::dialog::{self, Dialog, End, Names, Stage, Step, Times};
use super::lock;
use super::sound::{Ear, Heard, Mouth, Sound};
use crate::codec::Codec;
use crate::{rtp, sdp};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket as StdSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior, sleep_until};

/// The beat of what a telephone says.
pub(super) const BEAT: Duration = Duration::from_millis(20);

/// Who calls whom, and with what sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Caller's number.
    pub from: String,
    /// Called number.
    pub to: String,
    /// What it says and listens for; a caller without sound neither sends nor reads packets.
    pub sound: Option<Sound>,
}

#[derive(Clone, Copy)]
enum Order {
    Press(char),
    PressByInfo(char),
    HangUp,
}

/// Stage and times of a call.
type Progress = (Stage, Times);

/// A call in progress. Dropping it hangs up.
pub struct Caller {
    orders: mpsc::UnboundedSender<Order>,
    progress: watch::Receiver<Progress>,
    ear: Arc<Mutex<Ear>>,
}

impl Caller {
    pub(super) fn begin(
        shared: Arc<Shared>,
        names: Names,
        plan: &Plan,
        codec: Codec,
        came: mpsc::UnboundedReceiver<Came>,
    ) -> io::Result<Caller> {
        let sound = plan.sound.as_ref();
        let ear = Ear::new(sound.map_or(&[], |sound| sound.hears_hz.as_slice()));
        let ear = Arc::new(Mutex::new(ear));
        let line = sound
            .map(|sound| Line::open(sound, codec, ear.clone()))
            .transpose()?;
        let at = match &line {
            Some(line) => line.socket.local_addr()?,
            None => shared.sink.local_addr()?,
        };
        let call_id = names.call_id.clone();
        let (dialog, step) = Dialog::begin(names, dialog::description(at, codec), Instant::now());
        let (orders, asked) = mpsc::unbounded_channel();
        let (show, progress) = watch::channel(Progress::default());
        let telephone = Telephone {
            shared,
            call_id,
            dialog,
            line,
            show,
        };
        telephone.send(&step);
        tokio::spawn(telephone.run(came, asked));
        Ok(Caller {
            orders,
            progress,
            ear,
        })
    }

    /// Where the call stands.
    pub fn stage(&self) -> Stage {
        self.progress.borrow().0
    }

    /// What came back when.
    pub fn times(&self) -> Times {
        self.progress.borrow().1
    }

    /// Waits until the call is answered; or how it ended before.
    pub async fn answered(&mut self) -> Result<Times, End> {
        let over = |(stage, _): &Progress| matches!(stage, Stage::Talking | Stage::Ended(_));
        match self.progress.wait_for(over).await.as_deref() {
            Ok((Stage::Ended(end), _)) => Err(*end),
            Ok((_, times)) => Ok(*times),
            Err(_) => Err(End::Unanswered),
        }
    }

    /// Waits until the call is over.
    pub async fn ended(&mut self) -> End {
        let over = |(stage, _): &Progress| matches!(stage, Stage::Ended(_));
        match self.progress.wait_for(over).await.as_deref() {
            Ok((Stage::Ended(end), _)) => *end,
            _ => End::Unanswered,
        }
    }

    /// Presses a key on the telephone: RFC 4733 in the sound.
    pub fn press(&self, key: char) {
        let _ = self.orders.send(Order::Press(key));
    }

    /// Presses a key by SIP INFO.
    pub fn press_by_info(&self, key: char) {
        let _ = self.orders.send(Order::PressByInfo(key));
    }

    /// Hangs up, or takes the call back before it is answered.
    pub fn hang_up(&self) {
        let _ = self.orders.send(Order::HangUp);
    }

    /// What was heard since the last look.
    pub fn heard(&self) -> Heard {
        lock(&self.ear).look()
    }
}

/// Sound of a call.
struct Line {
    socket: StdSocket,
    remote: Option<SocketAddr>,
    codec: Codec,
    mouth: Mouth,
    ear: Arc<Mutex<Ear>>,
}

impl Line {
    fn open(sound: &Sound, codec: Codec, ear: Arc<Mutex<Ear>>) -> io::Result<Line> {
        let socket = StdSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let seed = getrandom::u64().map_err(io::Error::other)?;
        Ok(Line {
            socket,
            remote: None,
            codec,
            mouth: Mouth::new(sound.says_hz, (codec, dialog::number(codec)), seed),
            ear,
        })
    }

    /// Hears what came since the last beat, says one packet. The socket is looked at on the beat
    /// and not when a packet comes, so that hundreds of telephones take little of the machine.
    fn beat(&mut self) {
        let mut buffer = [0; 2_048];
        let mut ear = lock(&self.ear);
        while let Ok(length) = self.socket.recv(&mut buffer) {
            if let Some(packet) = rtp::parse(&buffer[..length])
                && packet.payload_type == dialog::number(self.codec)
                && !rtp::is_rtcp(&buffer[..length])
            {
                ear.hear(packet.ssrc, packet.sequence, self.codec, packet.payload);
            }
        }
        drop(ear);
        if let Some(remote) = self.remote {
            let spoken = self.mouth.next();
            // A packet that the kernel does not take is lost, as on any line.
            let _ = self.socket.send_to(&spoken.bytes, remote);
        }
    }
}

struct Telephone {
    shared: Arc<Shared>,
    call_id: String,
    dialog: Dialog,
    line: Option<Line>,
    show: watch::Sender<Progress>,
}

impl Telephone {
    fn send(&self, step: &Step) {
        for text in &step.send {
            self.shared.send(text);
        }
    }

    async fn run(
        mut self,
        mut came: mpsc::UnboundedReceiver<Came>,
        mut orders: mpsc::UnboundedReceiver<Order>,
    ) {
        let mut beat = beat();
        // Nobody holds the call any more.
        let mut alone = false;
        while !matches!(self.dialog.stage, Stage::Ended(_)) {
            let due = self.dialog.deadline();
            let speaking = self.line.as_ref().is_some_and(|line| line.remote.is_some());
            let step = tokio::select! {
                Some((message, at)) = came.recv() => self.dialog.receive(&message, at),
                order = orders.recv(), if !alone => {
                    alone = order.is_none();
                    self.ordered(order.unwrap_or(Order::HangUp))
                }
                () = sleep_until(due.unwrap_or_else(Instant::now).into()), if due.is_some() => {
                    self.dialog.due(Instant::now())
                }
                _ = beat.tick(), if speaking => {
                    self.line.iter_mut().for_each(Line::beat);
                    continue;
                }
            };
            self.send(&step);
            if let Some(answer) = &step.answer {
                self.connect(answer);
                beat = self::beat();
            }
            self.show.send_if_modified(|shown| {
                let now = (self.dialog.stage, self.dialog.times);
                std::mem::replace(shown, now) != now
            });
        }
        self.shared.forget(&self.call_id);
    }

    fn ordered(&mut self, order: Order) -> Step {
        match order {
            Order::Press(key) => {
                if let Some(line) = &mut self.line {
                    line.mouth.press(key);
                }
                Step::default()
            }
            Order::PressByInfo(key) => self.dialog.info(key, Instant::now()),
            Order::HangUp => self.dialog.hang_up(Instant::now()),
        }
    }

    fn connect(&mut self, answer: &str) {
        let Some(line) = &mut self.line else {
            return;
        };
        // Without a usable description the call goes on in silence: what was heard tells.
        let theirs = sdp::parse(answer.as_bytes()).ok();
        line.remote = theirs.and_then(|theirs| theirs.address);
    }
}

/// A beat with a phase of its own: a thousand telephones do not speak in one voice.
pub(super) fn beat() -> Interval {
    let phase = Duration::from_millis(u64::from(getrandom::u32().unwrap_or(0) % 20));
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + phase, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    beat
}
