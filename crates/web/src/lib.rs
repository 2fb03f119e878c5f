//! Citizen page, counselor desk, contacts, floor and statistics over HTTP. Never decides, never
//! writes but through the hub.

mod answers;
mod article_texts;
mod attach;
mod categories;
mod certificate;
mod chat;
mod chat_keeper;
mod chat_live;
mod chat_mail;
mod chat_texts;
mod chat_view;
mod citizen;
mod citizen_texts;
mod commands;
mod contacts;
mod csv;
mod desk;
mod desk_articles;
mod desk_call_text;
mod desk_events;
mod desk_letters;
mod desk_replies;
mod desk_texts;
mod desk_view;
mod door;
mod exposed;
mod exposed_people;
mod exposed_places;
mod figures;
mod files;
mod finder;
mod floor;
mod floor_letters;
mod form;
mod form_texts;
mod inbox_texts;
mod library;
mod link_texts;
mod links;
mod presence;
mod proxies;
#[cfg(any(test, feature = "trials"))]
#[doc(hidden)]
pub mod readers;
mod record;
mod record_letters;
mod redirect;
mod same_citizen;
#[cfg(test)]
mod sample;
#[cfg(any(test, feature = "trials"))]
mod sample_city;
mod seats;
mod session;
mod shield;
mod site;
mod sound;
mod statistics;
mod statistics_written;
mod texts;
mod transcript;
mod words;
mod writing;

/// Articles as files.
pub mod articles {
    pub use crate::library::file::{FileFlaw, Found, Incoming, read_toml};
    pub use crate::library::synonym_table::read as read_synonyms;
}

pub use certificate::{Certificate, CertificateFault};
pub use session::{Password, hash_password};
pub use transcript::{Transcript, Transcripts};
pub use writing::{
    CannedAnswer, Cleaned, Composed, Composer, Form, FormFault, FormFile, FormRefused, FormTaker,
    MailAddress, Markup, PictureCleaner, Texts, Urgent, Writing,
};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::serve::{Listener as _, ListenerExt as _};
use center::city::CounselorId;
use center::network::Network;
use door::Door;
use site::{Shared, Site, Visitor, refuse};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// Longest request body.
pub(crate) const BODY_MAX: usize = 256 * 1024;
/// Passwords checked at once.
const HASHING_MAX: usize = 2;
/// Live streams of one address or counselor: an office has some screens, not thousands.
const STREAMS_EACH: usize = 400;
/// Live streams of all citizens, and of all counselors.
const STREAMS_MAX: usize = 4_000;
/// How long open requests may take when the house closes.
const CLOSING: Duration = Duration::from_secs(3);

/// What the pages need to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Passwords of the city's counselors; the last entry of a counselor counts.
    pub sign_in: Vec<(CounselorId, Password)>,
    /// Signs sessions: 32 random bytes, kept over restarts so that nobody is signed out by one.
    pub secret: Vec<u8>,
    /// Opens the floor for a wall screen by `/floor?key=…`; none closes that way.
    pub kiosk_token: Option<String>,
    /// Whether the public address is https: cookies insist on it and HSTS is sent.
    pub secure: bool,
    /// TLS of the pages' own; none leaves it to a proxy.
    pub tls: Option<Tls>,
    /// Reverse proxies: whom they say a request came from is believed (`X-Forwarded-For`).
    pub proxies: Vec<Network>,
    /// The number people dial, for example `120`.
    pub number: String,
    /// Country calling code without `+`, for example `82`.
    pub country: String,
    /// Routes beside the pages, such as those of a simulation. They guard themselves.
    pub beside: Router,
    /// The address of this house as citizens reach it, for links in messages, for example
    /// `https://120.example.org`; none takes the one by which the desk is reached.
    pub origin: Option<String>,
    /// Address for SIP clients shown on the start page, for example `sip:120@127.0.0.1:5060`.
    pub sip: Option<String>,
    /// Pages on which people write.
    pub writing: Writing,
    /// Folder of the search index of the library; none keeps it in memory.
    pub index: Option<std::path::PathBuf>,
}

/// How the pages are reached without a proxy.
#[derive(Clone, Debug)]
pub struct Tls {
    /// What browsers are shown.
    pub certificate: Certificate,
    /// A plain address that sends everybody on to https.
    pub redirect: Option<SocketAddr>,
    /// Folder in which a client of ACME writes `.well-known/acme-challenge` (`certbot --webroot`);
    /// the plain address shows what is there.
    pub challenges: std::path::PathBuf,
}

/// Why the pages could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("the web address {address} cannot be used: {source}")]
    Listen {
        /// Address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A secret that is too short signs nothing.
    #[error("the secret for sessions needs at least 32 bytes")]
    Secret,
    /// The certificate cannot be shown.
    #[error("the certificate cannot be shown: {0}")]
    Certificate(#[from] CertificateFault),
    /// The search index can neither be opened nor built.
    #[error("the search index cannot be used: {0}")]
    Index(#[from] search::Failure),
}

/// The running pages.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    plain: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    /// Tells what was searched in vain, once more when the house closes.
    searches: JoinHandle<()>,
}

impl Web {
    /// The address they listen on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The plain address beside the one with TLS.
    pub fn plain_addr(&self) -> Option<SocketAddr> {
        self.plain
    }

    /// Stops taking requests, lets open ones end, closes live streams.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        if tokio::time::timeout(CLOSING, &mut self.server)
            .await
            .is_err()
        {
            self.server.abort();
        }
        // A library that cannot be written does not keep the house open.
        let _ = tokio::time::timeout(CLOSING, self.searches).await;
    }
}

/// Opens the pages.
pub async fn start(
    settings: Settings,
    hub: hub::Hub,
    archive: store::Archive,
) -> Result<Web, Error> {
    if settings.secret.len() < 32 {
        return Err(Error::Secret);
    }
    let (stop, stopped) = watch::channel(false);
    let secured = match &settings.tls {
        Some(tls) => Some(certificate::secured(&tls.certificate, stopped.clone())?),
        None => None,
    };
    let (door, address) = open(settings.listen, secured, &settings.proxies).await?;
    let beside = match &settings.tls {
        Some(tls) => plain(tls, &settings, address).await?,
        None => None,
    };
    let index = settings.index.clone();
    let finder = finder::Finder::start(index, hub.clone(), archive.clone()).await?;
    let chats = chat_keeper::Keeper::new(&hub.city().limits);
    let site = Site::new(Shared {
        sessions: session::Sessions::new(settings.secret.clone()),
        settings,
        hub,
        archive,
        presence: presence::Presence::default(),
        floor: floor::Broadcast::new(),
        hashing: Semaphore::new(HASHING_MAX),
        streams: seats::Seats::new(STREAMS_EACH, STREAMS_MAX),
        staff_streams: seats::Seats::new(STREAMS_EACH, STREAMS_MAX),
        sending: desk_replies::Sending::default(),
        tried: links::Tried::default(),
        previews: library::import::Previews::default(),
        synonym_previews: library::import::Previews::default(),
        finder,
        catalog: answers::catalog::Catalog::default(),
        searches: answers::missed::Searches::default(),
        chats,
        stop: stopped.clone(),
    });
    tokio::spawn(floor::broadcast(site.clone()));
    tokio::spawn(chat_keeper::sweep(site.clone()));
    let searches = tokio::spawn(answers::missed::sweep(site.clone()));
    let plain = beside.as_ref().and_then(|(door, _)| door.local_addr().ok());
    if let Some((door, app)) = beside {
        tokio::spawn(serve(door, app, stopped.clone()));
    }
    let server = tokio::spawn(serve(door, router(site), stopped));
    Ok(Web {
        address,
        plain,
        stop,
        server,
        searches,
    })
}

/// Listens on an address.
async fn open(
    listen: SocketAddr,
    secured: Option<Arc<rustls::ServerConfig>>,
    proxies: &[Network],
) -> Result<(Door, SocketAddr), Error> {
    let listening = |source| Error::Listen {
        address: listen,
        source,
    };
    let listener = TcpListener::bind(listen).await.map_err(listening)?;
    let address = listener.local_addr().map_err(listening)?;
    let door = Door::open(listener, secured, proxies.to_vec()).map_err(listening)?;
    Ok((door, address))
}

/// The plain address beside the one with TLS.
async fn plain(
    tls: &Tls,
    settings: &Settings,
    secured: SocketAddr,
) -> Result<Option<(Door, Router)>, Error> {
    let Some(listen) = tls.redirect else {
        return Ok(None);
    };
    let (door, _) = open(listen, None, &settings.proxies).await?;
    let onward = redirect::router(redirect::Onward {
        origin: settings.origin.clone(),
        port: secured.port(),
        challenges: tls.challenges.clone(),
    });
    Ok(Some((door, onward)))
}

/// Serves until the house closes.
async fn serve(door: Door, app: Router, mut stopped: watch::Receiver<bool>) {
    let until = async move { site::closing(&mut stopped).await };
    // With it whoever asks is known by address.
    let door = door.tap_io(|_| {});
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(door, app).with_graceful_shutdown(until);
    if let Err(failure) = served.await {
        tracing::error!(%failure, "the pages stopped");
    }
}

fn router(site: Site) -> Router {
    let beside = site.settings.beside.clone();
    writers()
        .merge(library::routes())
        .merge(answers::routes())
        .route("/", get(citizen::start))
        .route("/healthz", get(|| async { "ok" }))
        .route("/files/{version}/{name}", get(files::file))
        .route("/call", post(citizen::call))
        .route("/call/key", post(citizen::key))
        .route("/call/state", post(citizen::state))
        .route("/call/hang-up", post(citizen::hang_up))
        .route("/desk", get(desk::desk))
        .route("/desk/sign-in", post(desk::sign_in))
        .route("/desk/sign-out", post(desk::sign_out))
        .route("/desk/state", get(desk::state))
        .route("/desk/events", get(desk_events::events))
        .route("/desk/contacts/{contact}", get(desk::pop))
        .route("/desk/letters/{contact}", get(desk_letters::letters))
        .route(
            "/desk/answer",
            post(desk_replies::answer).layer(DefaultBodyLimit::max(desk_replies::FORM_MAX)),
        )
        .route("/desk/articles/{verb}", post(desk_articles::act))
        .route("/desk/{verb}", post(desk::act))
        .route("/contacts", get(contacts::list))
        .route("/contacts/by-number", post(contacts::by_number))
        .route("/contacts/{contact}", get(record::record))
        .route("/contacts/{contact}/take-over", post(contacts::take_over))
        .route(
            "/contacts/{contact}/recordings/{*blob}",
            get(record::recording),
        )
        .route(
            "/contacts/{contact}/letters/{message}/{number}",
            get(attach::file),
        )
        .route("/floor", get(floor::floor))
        .route("/floor/letters", get(floor_letters::letters))
        .route("/floor/events", get(floor::events))
        .route("/statistics", get(statistics::statistics))
        .route("/statistics.csv", get(statistics::export))
        .fallback(|visitor: Visitor| async move {
            refuse(
                visitor.words,
                StatusCode::NOT_FOUND,
                visitor.words.not_found,
            )
        })
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(axum::middleware::from_fn_with_state(
            site.clone(),
            shield::guard,
        ))
        .with_state(site.clone())
        .merge(beside)
        .layer(axum::middleware::from_fn_with_state(site, proxies::see))
}

/// Where citizens write.
fn writers() -> Router<Site> {
    Router::new()
        .route(
            "/write",
            get(form::form)
                .post(form::send)
                .layer(DefaultBodyLimit::max(form::BODY_MAX)),
        )
        .route("/write/done", get(form::done))
        .route("/chat/start", post(chat::start))
        .route(
            "/chat",
            get(chat::chat)
                .post(chat::write)
                .layer(DefaultBodyLimit::max(chat::FORM_MAX)),
        )
        .route("/chat/end", post(chat::end))
        .route("/chat/here", post(chat_live::here))
        .route("/chat/log", get(chat::log))
        .route("/chat/mail", post(chat_mail::mail))
        .route(
            "/chat/files/{contact}/{message}/{number}",
            get(attach::chat_file),
        )
        .route("/letters/{token}", get(links::ask).post(links::open))
        .route("/chat/transcript", get(chat::transcript))
        .route("/chat/ws", get(chat_live::socket))
        .route("/chat/events", get(chat_live::events))
        .route("/chat/whisper", post(chat_live::whispered))
}
