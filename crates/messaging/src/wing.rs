//! Joins the connections with the hub: one way in, one way out. Never a protocol, never a decision.

use crate::inlet::Inlet;
use crate::judge::Judge;
use crate::outbox::Outbox;
use crate::outlet::Outlet;
use crate::post::Post;
use hub::Hub;
use std::collections::BTreeMap;
use std::future::Future;
use store::Archive;
use tokio::task::JoinHandle;

/// Letters that wait to be taken; beyond it connections wait.
const WAITING_MAX: usize = 1_024;

/// What the wing needs.
#[derive(Debug)]
pub struct Start {
    /// Hub.
    pub hub: Hub,
    /// Record, for what is under way and for files.
    pub archive: Archive,
    /// What is read off a letter.
    pub judge: Judge,
    /// Country calling code without `+`.
    pub country: String,
}

/// The end to which connections are joined.
#[derive(Debug)]
pub struct Wing {
    /// The way in, for every connection.
    pub inlet: Inlet,
    hub: Hub,
    archive: Archive,
    tasks: Vec<JoinHandle<()>>,
}

impl Wing {
    /// Opens the way in.
    pub fn open(start: Start) -> Wing {
        let (inlet, handed) = Inlet::new(WAITING_MAX);
        let Start {
            hub,
            archive,
            judge,
            country,
        } = start;
        let post = Post::new(hub.clone(), archive.clone(), judge, country);
        Wing {
            inlet,
            hub,
            archive,
            tasks: vec![tokio::spawn(post.run(handed))],
        }
    }

    /// Opens the way out over the connections by name.
    pub fn send(&mut self, outlets: BTreeMap<String, Outlet>, letters: hub::Letters) {
        let outbox = Outbox::new(self.hub.clone(), self.archive.clone(), outlets);
        self.tasks.push(tokio::spawn(outbox.run(letters)));
    }

    /// Runs a connection until the wing stops.
    pub(crate) fn run(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(task));
    }

    /// Stops; what is under way is in the record's outbox.
    pub fn stop(self) {
        for task in self.tasks {
            task.abort();
        }
    }
}
