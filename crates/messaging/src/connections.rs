//! Opens every connection a city has set and joins it with the hub. Never a protocol.

use crate::composer::{Composer, Way};
use crate::links::Links;
use crate::mail;
use crate::mail::door::Door;
use crate::mail::token::Tokens;
use crate::outbox::{Mailing, Transcriber, Unasked};
use crate::outlet::{Order, Outlet};
use crate::settings::Settings;
use crate::sms::aggregator::Aggregator;
use crate::sms::memory::Memory;
use crate::sms::mm7::Mm7;
use crate::sms::smpp::{self, Smpp};
use crate::units::UnitWriter;
use crate::wing::{Start, Wing};
use axum::Router;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use url::Url;

/// Letters that wait for a connection; beyond it the outbox waits.
const ORDERS_MAX: usize = 64;

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the connection `{name}` cannot be opened: {why}")]
pub struct OpenError {
    name: String,
    why: String,
}

fn fault(name: &str, why: impl std::fmt::Display) -> OpenError {
    OpenError {
        name: name.to_owned(),
        why: why.to_string(),
    }
}

/// Everything that is open.
#[derive(Debug)]
pub struct Open {
    /// The wing; stops with it.
    pub wing: Wing,
    /// Routes where providers deliver, for the root of the site.
    pub router: Router,
    /// What a counselor is told about a text before it leaves.
    pub composer: Composer,
    /// How the binds to gateways stand, by name.
    pub lines: BTreeMap<String, watch::Receiver<smpp::Line>>,
    /// Where the site's form is handed in.
    pub door: Door,
    /// Name of the connection by which callers are texted.
    pub texter: Option<String>,
    /// Whether mail can be sent.
    pub mails: bool,
}

/// What opening needs besides the settings.
pub struct Place<'a> {
    /// Folder of the wing: keys, cursors, parts of long texts.
    pub folder: &'a Path,
    /// Secret of the tokens by which mail finds its way back.
    pub secret: [u8; 32],
    /// Messages that shall leave.
    pub letters: hub::Letters,
    /// Writes chats down for citizens who want theirs by mail.
    pub transcriber: Transcriber,
    /// Writes mails to units that shall assure what they own.
    pub units: UnitWriter,
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({})", self.folder.display())
    }
}

/// Opens all of them. The first that cannot be opened is named, and nothing starts.
pub async fn open(settings: Settings, start: Start, place: Place<'_>) -> Result<Open, OpenError> {
    if let Some(name) = settings.doubled() {
        return Err(fault(name, "the name is there twice"));
    }
    let archive = start.archive.clone();
    let now = start.hub.now();
    let text_letters_max = start.hub.city().limits.text_letters_max;
    let links = settings.links.as_ref();
    let links = links.map(|base| Links::new(start.hub.clone(), archive.clone(), base.as_str()));
    let mut opening = Opening {
        wing: Wing::open(start),
        router: Router::new(),
        outlets: BTreeMap::new(),
        ways: BTreeMap::new(),
        lines: BTreeMap::new(),
        links,
        mailer: None,
        texter: None,
    };
    if let Some(base) = &settings.links {
        opening.links(base)?;
    }
    if !settings.smpp.is_empty() {
        let blobs = archive.blobs().clone();
        let memory = Memory::open(&place.folder.join("texts"), blobs, now);
        let memory = memory.map_err(|error| fault("smpp", error))?;
        for bind in settings.smpp {
            opening.smpp(bind, memory.clone())?;
        }
    }
    for mms in settings.mm7 {
        opening.mm7(mms)?;
    }
    for aggregator in settings.aggregator {
        opening.aggregator(aggregator)?;
    }
    for mailbox in settings.mail {
        opening.mail(mailbox, place.secret).await?;
    }
    for account in settings.social {
        opening.social(account, place.folder)?;
    }
    let mailing = opening.mailer.clone().map(|(via, _)| Mailing {
        via,
        transcriber: place.transcriber,
    });
    let door = Door::new(
        opening.wing.inlet.clone(),
        Tokens::new(place.secret),
        opening.mailer.clone(),
        opening.texter.clone(),
    );
    opening.units(place.units);
    let texter = opening.texter.clone();
    let unasked = Unasked { mailing, texter };
    opening.wing.send(opening.outlets, unasked, place.letters);
    Ok(Open {
        door,
        texter: opening.texter,
        mails: opening.mailer.is_some(),
        wing: opening.wing,
        router: opening.router,
        composer: Composer::new(opening.ways, text_letters_max),
        lines: opening.lines,
    })
}

struct Opening {
    wing: Wing,
    router: Router,
    outlets: BTreeMap<String, Outlet>,
    ways: BTreeMap<String, Way>,
    lines: BTreeMap<String, watch::Receiver<smpp::Line>>,
    links: Option<Links>,
    /// The first connection that sends mail, and its address.
    mailer: Option<(String, String)>,
    /// The first connection that sends texts.
    texter: Option<String>,
}

impl Opening {
    /// Units are asked over the connection by which mail leaves.
    fn units(&mut self, writer: UnitWriter) {
        if let Some((via, _)) = &self.mailer
            && let Some(outlet) = self.outlets.get(via)
        {
            let way = (via.clone(), outlet.clone());
            self.wing.ask_units(way, writer);
        }
    }

    fn links(&mut self, base: &Url) -> Result<(), OpenError> {
        let path = base.path().trim_end_matches('/').to_owned();
        if path.is_empty() {
            return Err(fault("links", "the address needs a path"));
        }
        if let Some(links) = self.links.clone() {
            self.mount(Router::new().nest(&path, links.router()));
        }
        Ok(())
    }

    fn outlet(&mut self, name: &str, way: Way) -> mpsc::Receiver<Order> {
        self.outlet_linked(name, way, None)
    }

    fn outlet_linked(
        &mut self,
        name: &str,
        way: Way,
        links: Option<Links>,
    ) -> mpsc::Receiver<Order> {
        if matches!(way, Way::Text(_)) {
            self.texter.get_or_insert_with(|| name.to_owned());
        }
        let (outlet, orders) = Outlet::new(ORDERS_MAX);
        self.outlets.insert(name.to_owned(), outlet.linked(links));
        self.ways.insert(name.to_owned(), way);
        orders
    }

    fn run(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.wing.run(task);
    }

    fn mount(&mut self, routes: Router) {
        self.router = std::mem::take(&mut self.router).merge(routes);
    }

    fn smpp(&mut self, settings: smpp::Settings, memory: Memory) -> Result<(), OpenError> {
        let name = settings.name.clone();
        let way = Way::Text(settings.carrier.clone());
        let orders = self.outlet_linked(&name, way, self.links.clone());
        let bind = Smpp::new(settings, self.wing.inlet.clone(), memory);
        let bind = bind.map_err(|error| fault(&name, error))?;
        self.lines.insert(name, bind.line());
        self.run(bind.run(orders));
        Ok(())
    }

    fn mm7(&mut self, settings: crate::sms::mm7::Settings) -> Result<(), OpenError> {
        let name = settings.name.clone();
        let orders = self.outlet(&name, Way::Whole);
        let inlet = self.wing.inlet.clone();
        let mms = Mm7::new(settings, inlet).map_err(|error| fault(&name, error))?;
        let path = format!("/hooks/mm7/{name}");
        self.mount(Router::new().nest(&path, mms.router()));
        self.run(mms.run(orders));
        Ok(())
    }

    fn aggregator(&mut self, settings: crate::sms::aggregator::Settings) -> Result<(), OpenError> {
        let (name, path) = (settings.name().to_owned(), settings.path());
        let inlet = self.wing.inlet.clone();
        let aggregator = Aggregator::new(settings, inlet).map_err(|error| fault(&name, error))?;
        let aggregator = aggregator.linked(self.links.clone());
        let orders = self.outlet(&name, Way::Text(aggregator.carrier()));
        if let Some(routes) = aggregator.router() {
            let path = path.filter(|path| !path.is_empty());
            let path = path.ok_or_else(|| fault(&name, "public_url needs a path"))?;
            self.mount(Router::new().nest(&path, routes));
        }
        self.run(aggregator.run(orders));
        Ok(())
    }

    async fn mail(
        &mut self,
        settings: mail::settings::MailSettings,
        secret: [u8; 32],
    ) -> Result<(), OpenError> {
        let name = settings.name.clone();
        settings.check().map_err(|error| fault(&name, error))?;
        let tokens = Tokens::new(secret);
        let reader =
            mail::reading::Reader::new(&name, &settings.address, &settings.aliases, tokens.clone());
        let reader = reader.believing(&settings.relay);
        let inlet = self.wing.inlet.clone();
        if let Some(listener) = settings.listener.clone() {
            let bound = TcpListener::bind(listener.listen).await;
            let bound = bound.map_err(|error| fault(&name, error))?;
            let serve = mail::lmtp::serve(bound, listener, reader.clone(), inlet.clone());
            self.run(async move {
                serve.await;
            });
        }
        if let Some(mailbox) = settings.mailbox.clone() {
            let mailbox = mail::imap::Mailbox::new(mailbox, reader, inlet);
            let mailbox = mailbox.map_err(|error| fault(&name, error))?;
            self.run(async move {
                mailbox.run().await;
            });
        }
        if settings.submission.is_some() {
            let sender = mail::sending::Sender::new(&settings, tokens);
            let sender = Arc::new(sender.map_err(|error| fault(&name, error))?);
            let own = (name.clone(), settings.address.clone());
            self.mailer.get_or_insert(own);
            let orders = self.outlet(&name, Way::Whole);
            self.run(sender.run(orders, |outgoing| outgoing.automatic));
        }
        Ok(())
    }

    fn social(
        &mut self,
        named: crate::settings::NamedAccount,
        folder: &Path,
    ) -> Result<(), OpenError> {
        let name = named.name;
        let limits = named.account.limits();
        let inlet = self.wing.inlet.clone();
        let account = named.account.open(&name, folder, inlet);
        let account = account.map_err(|error| fault(&name, error))?;
        if let Some(routes) = account.router() {
            self.mount(routes);
        }
        let orders = self.outlet(&name, Way::Post(limits));
        self.run(account.run(orders));
        Ok(())
    }
}
