//! Joins the connections with the hub: one way in, one way out. Never a protocol, never a decision.

use crate::inlet::Inlet;
use crate::judge::Judge;
use crate::outbox::{self, Outbox, Unasked};
use crate::outlet::Outlet;
use crate::post::Post;
use crate::units::{UnitWriter, Units};
use hub::Hub;
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;
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
    /// How often letters are looked for that nobody carries.
    pub sweep_every: Duration,
}

/// How often letters are looked for that nobody carries, where there is no reason for another pace.
pub const SWEEP_EVERY: Duration = outbox::SWEEP_EVERY;

/// The end to which connections are joined.
#[derive(Debug)]
pub struct Wing {
    /// The way in, for every connection.
    pub inlet: Inlet,
    hub: Hub,
    archive: Archive,
    sweep_every: Duration,
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
            sweep_every,
        } = start;
        let post = Post::new(hub.clone(), archive.clone(), judge, country);
        Wing {
            inlet,
            hub,
            archive,
            sweep_every,
            tasks: vec![tokio::spawn(post.run(handed))],
        }
    }

    /// Opens the way out over the connections by name, and for what answers no message.
    pub fn send(
        &mut self,
        outlets: BTreeMap<String, Outlet>,
        unasked: Unasked,
        letters: hub::Letters,
    ) {
        let outbox = Outbox::new(self.hub.clone(), self.archive.clone(), outlets, unasked);
        self.tasks
            .push(tokio::spawn(outbox.run(letters, self.sweep_every)));
    }

    /// Sends mails to units by a connection and its name.
    pub fn ask_units(&mut self, way: (String, Outlet), writer: UnitWriter) {
        let units = Units::new(self.hub.clone(), self.archive.clone(), way, writer);
        self.run(units.run(self.sweep_every));
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
