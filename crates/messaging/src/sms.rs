//! Texts by telephone: SMPP, MM7 and the web hooks of aggregators. Never decides whether a text
//! may be sent.

pub mod aggregator;
pub(crate) mod deliver;
pub mod gsm7;
mod heard;
pub mod line;
pub mod load;
pub mod memory;
pub mod mm7;
pub mod sens;
mod session;
pub mod smpp;
mod submit;
pub mod text;
pub mod twilio;
pub(crate) mod wire;

use crate::fetch;
use crate::letter::Outgoing;
use crate::outlet::{Order, Submitted, Unsent};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Carries out orders by a way of requests and answers, at most so many at once, until nobody
/// orders any more and all are answered.
pub(crate) async fn each<W, F>(mut orders: mpsc::Receiver<Order>, at_once: usize, work: W)
where
    W: Fn(Outgoing) -> F,
    F: Future<Output = Result<Submitted, Unsent>> + Send + 'static,
{
    let mut working = JoinSet::new();
    while let Some(Order { outgoing, reply }) = orders.recv().await {
        let sent = work(outgoing);
        working.spawn(async move {
            // The outbox may have been dropped; then nobody wants to know.
            let _ = reply.send(sent.await);
        });
        while working.len() >= at_once.max(1) {
            working.join_next().await;
        }
    }
    while working.join_next().await.is_some() {}
}

/// What a request that brought no answer means for the message in it.
pub(crate) fn unsent(failure: fetch::Failure) -> Unsent {
    if failure.unsent() {
        Unsent::Later { after: None }
    } else {
        Unsent::Unknown
    }
}
