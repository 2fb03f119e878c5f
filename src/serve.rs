//! `dasan serve`: opens the record, starts hub, telephony and pages, says what to do next. Never
//! decides anything.

use crate::answers;
use crate::city::{self, SAMPLE_PASSWORD};
use crate::config::{Serve, Settings};
use crate::{library, prompts, secret, simulation, units, writing};
use anyhow::{Context, Result};
use center::city::City;
use center::time::DAY_MS;
use hub::keeper::{Keeper, Keeping};
use messaging::connections::Place;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use store::Archive;
use telephony::{Route, Telephony, Trunk};
use tokio::signal::unix::{SignalKind, signal};
use web::{Transcripts, Web};

/// Other SIP ports tried when 5060 is taken and none was asked for.
const SIP_FALLBACKS: u16 = 20;

pub async fn run(serve: &Serve) -> Result<ExitCode> {
    crate::descriptors::raise();
    let settings = Settings::new(serve)?;
    let folder = settings.place.folder();
    if let Some(tls) = tls(&settings) {
        tls.certificate.check().context("tls")?;
    }
    furnish(folder)?;
    let mut read = city::read(folder)?;
    read.city.callbacks = !settings.file.telephony.route.is_empty();
    read.city.library.mails = settings.file.messaging.mails();
    read.city.texting = settings.file.messaging.texts();
    let city = Arc::new(read.city);
    let answers = answers::read(folder, &city)?;
    let (journal, archive) = store::open(&settings.place, &city).await?;
    let start = hub::Start {
        city: city.clone(),
        journal,
    };
    let (hub, mut wings) = hub::start(start).await?;
    library::fill(folder, &hub, &archive).await?;
    let transcripts = Transcripts::new(
        archive.clone(),
        city.clone(),
        read.public_names.clone(),
        number(&settings),
    );
    let own = folder.join("messaging");
    let place = Place {
        folder: &own,
        secret: secret::of_mail(folder)?,
        letters: wings
            .letters
            .take()
            .context("the hub gives its letters once")?,
        transcriber: writing::transcriber(transcripts),
        units: units::writer(archive.clone(), city.clone(), &origin(&settings)),
    };
    let open = letters(&settings, &hub, &archive, place).await?;
    let keeping = Keeping {
        recordings_ms: keep_recordings_ms(&settings, &city),
        personal_ms: city.limits.keep_personal_ms,
        searches_ms: city.limits.keep_searches_ms,
        remarks_ms: city.limits.keep_remarks_ms,
    };
    let lines = telephony_settings(&settings, keeping, &archive);
    let keeper = Keeper::start(hub.clone(), archive.clone(), keeping);
    let telephony = telephony::start(lines, hub.clone(), wings, archive.blobs().clone()).await?;
    let sip = telephony.local_sip();
    let beside = if settings.simulation {
        simulation::routes(hub.clone())
    } else {
        axum::Router::new()
    };
    let beside = beside.merge(open.router.clone());
    let mut pages = pages_settings(&settings, &city, &read.password_hashes, sip, beside)?;
    pages.writing = writing::of(&open, hub.clone());
    pages.writing.public_names = read.public_names;
    (pages.writing.answers, pages.writing.variables) = (answers.answers, answers.variables);
    pages.writing.public = answers.public;
    let web = web::start(pages, hub, archive).await?;
    greet(&settings, &city, web.local_addr(), sip);
    until_told().await?;
    eprintln!("Stopping: calls in progress are closed as interrupted.");
    drop(keeper);
    open.wing.stop();
    stop(telephony, web).await;
    Ok(ExitCode::SUCCESS)
}

/// Makes the data folder of a sample city where there is none.
fn furnish(folder: &Path) -> Result<()> {
    let fresh = !folder.join("city.toml").exists();
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    if fresh {
        city::write_sample(folder)?;
    }
    Ok(())
}

/// Opens what the city writes and is written by.
async fn letters(
    settings: &Settings,
    hub: &hub::Hub,
    archive: &Archive,
    place: Place<'_>,
) -> Result<messaging::connections::Open> {
    let file = &settings.file.telephony;
    let start = messaging::wing::Start {
        hub: hub.clone(),
        archive: archive.clone(),
        judge: messaging::judge::Judge::standard(),
        sweep_every: messaging::wing::SWEEP_EVERY,
        country: file.country_code.clone().unwrap_or_else(|| "82".to_owned()),
    };
    let open = messaging::connections::open(settings.file.messaging.clone(), start, place).await?;
    Ok(open)
}

/// The number people dial.
fn number(settings: &Settings) -> String {
    let own = settings.file.number.clone();
    own.unwrap_or_else(|| "120".to_owned())
}

/// Where people of the city open its pages.
fn origin(settings: &Settings) -> String {
    let own = settings.file.origin.clone();
    own.unwrap_or_else(|| format!("{}://{}", scheme(settings), settings.web))
}

/// Whether browsers come by https, by a proxy or without.
fn is_https(settings: &Settings) -> bool {
    settings.file.https || settings.file.tls.is_some()
}

/// How this program itself is spoken to.
fn scheme(settings: &Settings) -> &'static str {
    match settings.file.tls {
        Some(_) => "https",
        None => "http",
    }
}

/// How often the files of the certificate are looked at.
const CERTIFICATE_EVERY: Duration = Duration::from_mins(1);

fn tls(settings: &Settings) -> Option<web::Tls> {
    let tls = settings.file.tls.as_ref()?;
    let folder = settings.place.folder();
    Some(web::Tls {
        certificate: web::Certificate {
            chain: folder.join(&tls.certificate),
            key: folder.join(&tls.key),
            look_every: CERTIFICATE_EVERY,
        },
        redirect: tls.redirect,
        challenges: folder.join("acme"),
    })
}

async fn stop(telephony: Telephony, web: Web) {
    telephony.shutdown().await;
    web.stop().await;
}

/// Waits for Ctrl-C or the order to stop.
async fn until_told() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// How long recordings are kept: the city says, unless this machine is told otherwise.
fn keep_recordings_ms(settings: &Settings, city: &City) -> i64 {
    let days = settings.file.telephony.keep_days;
    days.map_or(city.limits.keep_recordings_ms, |days| {
        i64::from(days) * DAY_MS
    })
}

fn telephony_settings(
    settings: &Settings,
    keeping: Keeping,
    archive: &Archive,
) -> telephony::Settings {
    let file = &settings.file.telephony;
    let folder = settings.place.folder();
    let tokens = archive.clone();
    let token: telephony::Token = Arc::new(move |number: &str| tokens.token(number));
    let mut lines = telephony::Settings::loopback(folder, token);
    let known = archive.clone();
    lines.known_keys = Arc::new(move |keys: Vec<String>| {
        let archive = known.clone();
        Box::pin(async move {
            archive
                .known_keys(&keys)
                .await
                .map_err(|error| error.to_string())
        })
    });
    lines.sip = settings.sip;
    lines.sip_fallbacks = if settings.sip_may_move {
        SIP_FALLBACKS
    } else {
        0
    };
    lines.built_in = Arc::new(prompts::built_in);
    lines.prompts_dir = Some(folder.join("prompts"));
    lines.record = file.record.unwrap_or(true);
    lines.keep_ms = keeping.recordings_ms;
    if let Some(code) = &file.country_code {
        lines.country_code.clone_from(code);
    }
    if let Some((first, last)) = file.rtp_ports {
        lines.rtp_ports = first..=last;
    }
    let listens: IpAddr = settings.sip.ip();
    lines.media_ip = file.media_ip.unwrap_or(match listens {
        ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        ip => ip,
    });
    lines.webrtc = SocketAddr::new(listens, file.webrtc_port.unwrap_or(0));
    if !file.trunk.is_empty() {
        lines.trunks = trunks(settings);
    }
    lines.routes = routes(settings);
    lines
}

fn trunks(settings: &Settings) -> Vec<Trunk> {
    let trunk = |trunk: &crate::config::TrunkFile| Trunk {
        name: trunk.name.clone(),
        sources: trunk.sources.clone(),
    };
    settings.file.telephony.trunk.iter().map(trunk).collect()
}

fn routes(settings: &Settings) -> Vec<Route> {
    let route = |route: &crate::config::RouteFile| Route {
        prefix: route.prefix.clone(),
        target: route.target,
        caller_id: route.caller_id.clone(),
    };
    settings.file.telephony.route.iter().map(route).collect()
}

fn pages_settings(
    settings: &Settings,
    city: &City,
    hashes: &std::collections::BTreeMap<String, String>,
    sip: SocketAddr,
    beside: axum::Router,
) -> Result<web::Settings> {
    let password = |profile: &center::city::CounselorProfile| {
        let hash = hashes.get(&profile.login).cloned().map(web::Password::Hash);
        (
            profile.id,
            hash.unwrap_or_else(|| web::Password::Sample(SAMPLE_PASSWORD.to_owned())),
        )
    };
    let number = number(settings);
    let country = settings.file.telephony.country_code.clone();
    Ok(web::Settings {
        listen: settings.web,
        sign_in: city.counselors.iter().map(password).collect(),
        secret: secret::of(settings.place.folder())?,
        kiosk_token: settings.file.kiosk.clone(),
        beside,
        secure: is_https(settings),
        tls: tls(settings),
        proxies: settings.file.proxies.clone(),
        origin: settings.file.origin.clone(),
        sip: Some(format!("sip:{number}@{sip}")),
        number,
        country: country.unwrap_or_else(|| "82".to_owned()),
        writing: web::Writing::default(),
        index: Some(settings.place.folder().join("index")),
    })
}

/// What to do next, in five lines.
fn greet(settings: &Settings, city: &City, web: SocketAddr, sip: SocketAddr) {
    let name = center::city::name_in(&city.names, "en");
    let login = |supervisor: bool| {
        let found = city
            .counselors
            .iter()
            .find(|profile| profile.supervisor == supervisor);
        found.map_or("-", |profile| profile.login.as_str())
    };
    let number = number(settings);
    println!(
        "{name} {number} is ready. Record: {}. Ctrl-C stops.",
        record(&settings.place)
    );
    let pages = format!("{}://{web}", scheme(settings));
    println!("  Desk   {pages}/desk   Floor  {pages}/floor");
    println!(
        "  Sign in as {} (counselor) or {} (supervisor), password {SAMPLE_PASSWORD}; change it in city.toml",
        login(false),
        login(true)
    );
    println!(
        "  Call   sip:{number}@{sip} with any SIP client on this machine, UDP or TCP, no registration"
    );
    println!("         or press \"Call from this page\" at {pages}/");
    if settings.file.https && settings.file.proxies.is_empty() {
        eprintln!(
            "`https` is set and `proxies` is not: everybody who comes through the proxy counts as one \
             address, and what one of them uses up nobody has."
        );
    }
    if sip.port() != settings.sip.port() && settings.sip.port() != 0 {
        eprintln!(
            "SIP port {} is taken by another program; {} is used.",
            settings.sip.port(),
            sip.port()
        );
    }
}

fn record(place: &store::Place) -> String {
    let folder = |folder: &Path| folder.display().to_string();
    match place {
        store::Place::Folder(path) => format!("SQLite in {}", folder(path)),
        store::Place::Postgres { folder: path, .. } => {
            format!("PostgreSQL, recordings in {}", folder(path))
        }
    }
}
