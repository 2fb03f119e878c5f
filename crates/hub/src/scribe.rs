//! The task that writes, so that the next group is decided while the last one becomes durable.
//! Never decides, never answers anybody.

use center::time::Time;
use store::{Batch, Failure, Journal, Recovery};
use tokio::sync::mpsc;

/// What the scribe is asked for, one thing at a time.
#[derive(Debug)]
enum Order {
    Append(Batch),
    Recover(Time),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    /// The batch is durable, or nothing of it is.
    Appended(Result<(), Failure>),
    /// What the center is rebuilt from.
    Recovered(Result<Recovery, Failure>),
}

/// The switch's end.
#[derive(Debug)]
pub(crate) struct Scribe {
    orders: mpsc::Sender<Order>,
    done: mpsc::Receiver<Done>,
}

impl Scribe {
    /// Gives the journal to a task of its own.
    pub fn start(journal: Journal) -> Scribe {
        let (orders, asked) = mpsc::channel(1);
        let (tell, done) = mpsc::channel(1);
        tokio::spawn(write(journal, asked, tell));
        Scribe { orders, done }
    }

    /// Hands over a batch; the outcome comes by [`Scribe::done`].
    pub async fn append(&self, batch: Batch) {
        // A scribe that is gone shows in `done`.
        let _ = self.orders.send(Order::Append(batch)).await;
    }

    /// Reads what the center is rebuilt from. Only while nothing is being written.
    pub async fn recover(&mut self, now: Time) -> Result<Recovery, Failure> {
        let _ = self.orders.send(Order::Recover(now)).await;
        match self.done().await {
            Done::Recovered(recovery) => recovery,
            Done::Appended(_) => Err(Failure::Engine("a write was still under way".into())),
        }
    }

    /// The outcome of the last order.
    pub async fn done(&mut self) -> Done {
        let gone = || Done::Appended(Err(Failure::Engine("the scribe is gone".into())));
        self.done.recv().await.unwrap_or_else(gone)
    }
}

async fn write(mut journal: Journal, mut asked: mpsc::Receiver<Order>, tell: mpsc::Sender<Done>) {
    while let Some(order) = asked.recv().await {
        let done = match order {
            Order::Append(batch) => Done::Appended(journal.append(batch).await),
            Order::Recover(now) => Done::Recovered(journal.recover(now).await),
        };
        if tell.send(done).await.is_err() {
            break;
        }
    }
}
