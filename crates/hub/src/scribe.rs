//! The task that writes, so that the next group is decided while the last one becomes durable.
//! Never decides, never answers anybody.

use center::time::Time;
use store::{Batch, Failure, Journal, Landed, Recovery};
use tokio::sync::mpsc;

/// Orders that may wait for the scribe.
const ORDERS: usize = 64;

/// News that may wait for the switch: three transactions are under way at most, and each has two.
const NEWS: usize = 6;

/// What the scribe is asked for.
#[derive(Debug)]
enum Order {
    /// Belongs to the next transaction.
    Add(Batch),
    /// Makes the transaction durable, when the one that is being written is written. Only while no
    /// other waits for that.
    Commit,
    /// What is still under way comes to its end first.
    Recover(Time),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    /// The transaction is written and the next one may be, but it is not yet durable.
    Written,
    /// The oldest transaction is durable, or nothing of it is.
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
        let (orders, asked) = mpsc::channel(ORDERS);
        let (tell, done) = mpsc::channel(NEWS);
        tokio::spawn(write(journal, asked, tell));
        Scribe { orders, done }
    }

    /// Hands over a part of the next transaction; the scribe prepares it while the last one is
    /// being written.
    pub async fn add(&self, batch: Batch) {
        // A scribe that is gone shows in `done`.
        let _ = self.orders.send(Order::Add(batch)).await;
    }

    /// Makes what was handed over durable; the outcome comes by [`Scribe::done`].
    pub async fn commit(&self) {
        let _ = self.orders.send(Order::Commit).await;
    }

    /// Reads what the center is rebuilt from. News of what was under way is not heard any more.
    pub async fn recover(&mut self, now: Time) -> Result<Recovery, Failure> {
        let _ = self.orders.send(Order::Recover(now)).await;
        loop {
            match self.done.recv().await {
                Some(Done::Recovered(recovery)) => return recovery,
                Some(Done::Written | Done::Appended(_)) => {}
                None => return Err(gone()),
            }
        }
    }

    /// The next news of a commit or recovery.
    pub async fn done(&mut self) -> Done {
        let done = self.done.recv().await;
        done.unwrap_or_else(|| Done::Appended(Err(gone())))
    }
}

fn gone() -> Failure {
    Failure::Engine("the scribe is gone".into())
}

fn news(landed: Result<Landed, Failure>) -> Done {
    match landed {
        Ok(Landed::Written) => Done::Written,
        Ok(Landed::Durable) => Done::Appended(Ok(())),
        Err(failure) => Done::Appended(Err(failure)),
    }
}

async fn write(mut journal: Journal, mut asked: mpsc::Receiver<Order>, tell: mpsc::Sender<Done>) {
    // What cannot be prepared before the last transaction has landed.
    let mut held: Option<Batch> = None;
    // Why the transaction that is being prepared will not be written.
    let mut spoiled: Option<Failure> = None;
    loop {
        let order = tokio::select! {
            landed = journal.land(), if journal.flies() => {
                if tell.send(news(landed)).await.is_err() {
                    return;
                }
                match held.take() {
                    Some(batch) => Order::Add(batch),
                    None => continue,
                }
            }
            order = asked.recv(), if held.is_none() => match order {
                Some(order) => order,
                None => break,
            },
        };
        let done = match order {
            Order::Add(batch) if journal.must_wait(&batch) => {
                held = Some(batch);
                continue;
            }
            Order::Add(batch) => {
                if spoiled.is_none() {
                    spoiled = journal.add(batch).await.err();
                }
                continue;
            }
            Order::Commit => match spoiled.take().map_or_else(|| journal.launch(), Err) {
                Ok(()) => continue,
                Err(failure) => {
                    // Those before have outcomes of their own, which are told first.
                    while journal.flies() {
                        if tell.send(news(journal.land().await)).await.is_err() {
                            return;
                        }
                    }
                    Done::Appended(Err(failure))
                }
            },
            Order::Recover(now) => {
                spoiled = None;
                Done::Recovered(journal.recover(now).await)
            }
        };
        if tell.send(done).await.is_err() {
            return;
        }
    }
    // What is under way becomes durable though nobody asks any more.
    journal.rest().await;
}
