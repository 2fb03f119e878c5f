//! Start and end of the wing. Never a call.

use crate::counters::{Counters, Tally};
use crate::exchange::{Exchange, Input};
use crate::ingress::Ingress;
use crate::leg::Shared;
use crate::pacer::Pacer;
use crate::plant::{Attempt, Plant};
use crate::prompt::{Music, Prompts};
use crate::recording::{Recorder, Sheet, Sheets};
use crate::settings::Settings;
use crate::sip::Sip;
use crate::trunk_leg::Ports;
use crate::webrtc::Port;
use hub::{Hub, Wings};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::Blobs;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::unbounded_channel;

/// Threads for packets: with 600 talks one of today's cores is enough, the second is for bursts.
const THREADS: usize = 2;
/// How long goodbyes may take before the ports close.
const GOODBYE_MAX: Duration = Duration::from_secs(2);
/// By which way an attempt is recorded that only the ingress log knows.
const RECOVERED: &str = "trunk";

/// Why the wing cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A port could not be opened.
    #[error("cannot listen for {what} on {at}: {source}")]
    Port {
        /// Protocol.
        what: &'static str,
        /// Address.
        at: SocketAddr,
        /// Reason.
        source: std::io::Error,
    },
    /// The ingress log or a thread.
    #[error("telephony cannot start: {0}")]
    System(#[from] std::io::Error),
    /// What the journal knows could not be asked.
    #[error("attempts of the last days cannot be compared with the journal: {0}")]
    Journal(String),
}

/// The running wing.
pub struct Telephony {
    plant: Arc<Plant>,
    sip: Arc<Sip>,
    webrtc: SocketAddr,
    recorder: Arc<Recorder>,
    recorder_thread: Option<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

/// Opens every port, reports the attempts that a crash lost, and begins to serve.
pub async fn start(
    settings: Settings,
    hub: Hub,
    wings: Wings,
    blobs: Blobs,
) -> Result<Telephony, Error> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("telephony")
        .enable_all()
        .build()?;
    let opening = runtime.spawn(open(settings, hub, wings, blobs));
    let opened = opening.await.map_err(std::io::Error::other);
    match opened.map_err(Error::System).flatten() {
        Ok(mut telephony) => {
            telephony.runtime = Some(runtime);
            Ok(telephony)
        }
        Err(error) => {
            runtime.shutdown_background();
            Err(error)
        }
    }
}

async fn open(
    settings: Settings,
    hub: Hub,
    wings: Wings,
    blobs: Blobs,
) -> Result<Telephony, Error> {
    str0m::crypto::from_feature_flags().install_process_default();
    let settings = Arc::new(settings);
    let tally = Arc::new(Tally::default());
    let prompts = Prompts::new(settings.prompts_dir.clone(), settings.built_in.clone());
    let (events, noticed) = unbounded_channel();
    let (inputs, incoming_inputs) = unbounded_channel();
    let shared = Shared {
        tally: tally.clone(),
        events,
        music: Arc::new(Music::new()),
    };
    let plant = Arc::new(Plant {
        ingress: Ingress::new(&settings.ingress_dir)?,
        ports: Ports::new(settings.rtp_ports.clone()),
        pacer: Pacer::default(),
        alive: Mutex::default(),
        lines: Arc::new(AtomicUsize::new(0)),
        draining: false.into(),
        settings: settings.clone(),
        tally: tally.clone(),
        hub,
        shared,
        inputs,
    });
    reconcile(&plant).await?;
    let sheets: Sheets = Box::new(move |name| Ok(Box::new(blobs.create(name)?) as Box<dyn Sheet>));
    let (recorder, thread) = Recorder::start(sheets, tally.clone())?;
    let port_error = |what, at| move |source| Error::Port { what, at, source };
    let port = Port::open(settings.webrtc, settings.media_ip, tally);
    let port = Arc::new(port.map_err(port_error("WebRTC", settings.webrtc))?);
    let opened = Sip::open(plant.clone()).await;
    let (sip, requests) = opened.map_err(port_error("SIP", settings.sip))?;
    let (exchange_sip, exchange_port) = (sip.clone(), port.clone());
    let exchange = Exchange::new(
        plant.clone(),
        exchange_sip,
        exchange_port,
        recorder.clone(),
        prompts,
    );
    tokio::spawn(exchange.run(wings, incoming_inputs, noticed));
    let (beating, reading) = (plant.clone(), port.clone());
    let silence_max_ms = settings.silence_max_ms as u64;
    tokio::spawn(async move { beating.pacer.run(&reading, silence_max_ms).await });
    let webrtc = port.local()?;
    tokio::spawn(async move { port.serve().await });
    tokio::spawn(sip.clone().serve(requests));
    Ok(Telephony {
        plant,
        sip,
        webrtc,
        recorder,
        recorder_thread: Some(thread),
        runtime: None,
    })
}

/// Attempts that stand in the ingress log and not in the journal were lost by a crash between the
/// two: they are reported, and owed a callback like any call that was cut.
async fn reconcile(plant: &Plant) -> Result<(), Error> {
    let keys = plant.ingress.recent(plant.hub.now());
    if keys.is_empty() {
        return Ok(());
    }
    let known = (plant.settings.known_keys)(keys.clone())
        .await
        .map_err(Error::Journal)?;
    let known: std::collections::BTreeSet<String> = known.into_iter().collect();
    for key in keys.into_iter().filter(|key| !known.contains(key)) {
        let attempt = Attempt {
            key,
            via: RECOVERED.to_owned(),
            number: None,
            live: false,
        };
        match plant.arrived(attempt).await {
            Ok(contact) => {
                tracing::warn!(%contact, "an attempt of before the stop is recorded now");
            }
            Err(error) => tracing::error!(%error, "a lost attempt could not be recorded"),
        }
    }
    Ok(())
}

impl Telephony {
    /// Where SIP listens, UDP and TCP.
    pub fn local_sip(&self) -> SocketAddr {
        self.sip.local()
    }

    /// Where WebRTC listens.
    pub fn local_webrtc(&self) -> SocketAddr {
        self.webrtc
    }

    /// What was seen so far.
    pub fn counters(&self) -> Counters {
        self.plant.tally.snapshot()
    }

    /// Lines in use.
    pub fn lines(&self) -> usize {
        self.plant.lines.load(Ordering::Relaxed)
    }

    /// Takes no further calls: new ones get 503, trunks are told by OPTIONS. Calls go on.
    pub fn drain(&self) {
        self.plant.draining.store(true, Ordering::Relaxed);
    }

    /// Says goodbye on every line, closes recordings and every port.
    pub async fn shutdown(mut self) {
        self.drain();
        self.plant.tell(Input::Close);
        let deadline = Instant::now() + GOODBYE_MAX;
        while self.lines() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The last goodbyes are handed to the stack a moment after their lines are free.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.sip.close();
        self.recorder.stop();
        if let Some(thread) = self.recorder_thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the recorder did not end in order");
            }
        }
        if let Some(runtime) = self.runtime.take() {
            let closing = move || runtime.shutdown_timeout(Duration::from_secs(2));
            let _ = tokio::task::spawn_blocking(closing).await;
        }
    }
}

impl Drop for Telephony {
    fn drop(&mut self) {
        self.sip.close();
        self.recorder.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
