//! The inbox and the writer of the counseling information database: commit, then tell whoever
//! shows or searches it. Never decides, never waits for a call, and no call waits for it.

use center::city::{City, Language};
use center::event::Fortune;
use center::knowledge::{
    Article, ArticleId, Author, Gap, LibraryEvent, Notice, NoticeId, NoticeOrder, Order, Refusal,
    Said, SynonymId, SynonymOrder, Text, decide, decide_asks, decide_notice, decide_synonym,
};
use center::time::{Day, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::Failure;
use store::library::{ArticleUse, Library, entry_digest, notice_digest, text_digest, word_digest};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Commands that may wait; beyond it senders wait, so nothing is dropped.
const INBOX_MAX: usize = 1_024;

/// Commands that share one transaction at most: short enough that a call's transaction, which may
/// have to wait for it on SQLite, does not notice.
const GROUP_MAX: usize = 64;

/// Changes that a listener may lag behind before it has to look for itself.
const CHANGES_MAX: usize = 1_024;

/// Words that are erased in one transaction.
const ERASED_MAX: usize = 100;

/// How often the calendar is looked at.
const EVERY: Duration = Duration::from_secs(20);

/// Pause before the library is tried again after it failed.
const RECOVER_AGAIN: Duration = Duration::from_millis(500);

/// What is asked of the library. Reasons, comments and searches hold what was written, and texts
/// no digest: the librarian puts digests in their place.
#[derive(Clone, Debug)]
pub enum LibraryCommand {
    /// Concerns one article.
    Article {
        /// The article; none for a new one.
        article: Option<ArticleId>,
        /// What is asked.
        order: Order,
    },
    /// Concerns one flash notice.
    Notice {
        /// The notice; none for a new one.
        notice: Option<NoticeId>,
        /// What is asked.
        order: NoticeOrder,
        /// Its texts by language.
        texts: BTreeMap<String, String>,
    },
    /// Concerns the table of synonyms.
    Synonym(SynonymOrder),
    /// Words of a kind that were written last before an instant have had their time: erase some.
    EraseWords {
        /// What they are.
        said: Said,
        /// The instant.
        before: Time,
    },
    /// The library had no answer.
    Missed {
        /// Kind.
        gap: Gap,
        /// The language asked in.
        language: Language,
        /// What was searched for; empty for a category.
        words: String,
        /// The category; empty for a search.
        category: String,
    },
    /// What became of a mail to a unit.
    UnitReached {
        /// Number of the mail.
        letter: u32,
        /// What became of it.
        fortune: Fortune,
    },
    /// An editor has dealt with a gap.
    SettleGap {
        /// Kind.
        gap: Gap,
        /// The language asked in.
        language: Language,
        /// Digest of the words, category, or code of the article.
        about: String,
    },
}

/// What a command led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LibraryAnswer {
    /// The article and its latest revision.
    Article(ArticleId, u32),
    /// The notice.
    Notice(NoticeId),
    /// The entry of the table of synonyms.
    Synonym(SynonymId),
    /// So many words were erased; none when no more are due.
    Erased(usize),
    /// It is written.
    Done,
}

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// Refused; nothing changed.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The library could not be written; nothing changed.
    #[error("the library cannot be written right now")]
    Unwritten,
    /// The hub has stopped.
    #[error("the center is shutting down")]
    Stopped,
}

/// What changed with one transaction, told once it is durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Articles to which something happened.
    pub articles: Vec<ArticleId>,
    /// Those of them that are read differently now: text or state.
    pub readings: Vec<ArticleId>,
    /// Whether there is another notice, or one less.
    pub notices: bool,
    /// Whether the table of synonyms is another one.
    pub synonyms: bool,
}

/// A flash notice with its texts by language.
pub type Texted = (Notice, BTreeMap<String, String>);

struct Envelope {
    author: Author,
    command: LibraryCommand,
    reply: oneshot::Sender<Result<LibraryAnswer, LibraryError>>,
}

/// The handle by which pages speak to the library; cloned freely.
#[derive(Clone, Debug)]
pub struct Librarian {
    inbox: mpsc::Sender<Envelope>,
    changes: broadcast::Sender<Arc<Change>>,
    notices: watch::Receiver<Arc<Vec<Texted>>>,
}

impl Librarian {
    /// Hands in a command; returns once what follows from it is durable.
    pub async fn send(
        &self,
        author: Author,
        command: LibraryCommand,
    ) -> Result<LibraryAnswer, LibraryError> {
        let (reply, answer) = oneshot::channel();
        let envelope = Envelope {
            author,
            command,
            reply,
        };
        let sent = self.inbox.send(envelope).await;
        sent.map_err(|_| LibraryError::Stopped)?;
        answer.await.map_err(|_| LibraryError::Stopped)?
    }

    /// The same for one article.
    pub async fn ask(
        &self,
        author: Author,
        article: ArticleId,
        order: Order,
    ) -> Result<LibraryAnswer, LibraryError> {
        let article = Some(article);
        self.send(author, LibraryCommand::Article { article, order })
            .await
    }

    /// What changes from now on. Who lags behind hears so, and looks into the archive.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// Notices that are live or begin later, newest first; renewed when one begins or ends.
    pub fn notices(&self) -> watch::Receiver<Arc<Vec<Texted>>> {
        self.notices.clone()
    }
}

/// Makes the library ready, and begins to take commands.
pub(crate) async fn start(
    city: Arc<City>,
    mut library: Library,
    clock: fn() -> Time,
) -> Result<Librarian, Failure> {
    library.recover(&city).await?;
    let (inbox, commands) = mpsc::channel(INBOX_MAX);
    let (changes, _) = broadcast::channel(CHANGES_MAX);
    let (show, notices) = watch::channel(Arc::default());
    let mut desk = Desk {
        city,
        library,
        changes: changes.clone(),
        show,
        boundary: None,
        ticked: None,
        sound: true,
        last: clock(),
        change: Told::default(),
    };
    // Whoever reads now reads what is true today.
    desk.calendar(clock()).await;
    desk.show_notices(clock()).await?;
    tokio::spawn(desk.run(commands, clock));
    Ok(Librarian {
        inbox,
        changes,
        notices,
    })
}

/// What the group that is being decided will change.
#[derive(Default)]
struct Told {
    articles: BTreeSet<ArticleId>,
    readings: BTreeSet<ArticleId>,
    notices: bool,
    synonyms: bool,
}

impl Told {
    fn note(&mut self, event: &LibraryEvent) {
        if let Some(article) = event.article() {
            self.articles.insert(article);
            if event.changes_reading() {
                self.readings.insert(article);
            }
        }
        self.notices |= matches!(
            event,
            LibraryEvent::NoticeRaised { .. } | LibraryEvent::NoticeEnded { .. }
        );
        self.synonyms |= matches!(
            event,
            LibraryEvent::SynonymSet { .. } | LibraryEvent::SynonymRemoved { .. }
        );
    }

    fn change(self) -> Change {
        Change {
            articles: self.articles.into_iter().collect(),
            readings: self.readings.into_iter().collect(),
            notices: self.notices,
            synonyms: self.synonyms,
        }
    }
}

/// A sender who waits for the transaction, and what it will be told.
type Waiting = (
    oneshot::Sender<Result<LibraryAnswer, LibraryError>>,
    Result<LibraryAnswer, LibraryError>,
);

/// Everything the one writing task owns.
struct Desk {
    city: Arc<City>,
    library: Library,
    changes: broadcast::Sender<Arc<Change>>,
    show: watch::Sender<Arc<Vec<Texted>>>,
    /// When a notice begins or ends by itself.
    boundary: Option<Time>,
    /// The day up to which the calendar was followed.
    ticked: Option<Day>,
    /// False after a failed write until the library was read again.
    sound: bool,
    /// Time never goes back, whatever the clock does.
    last: Time,
    change: Told,
}

impl Desk {
    async fn run(mut self, mut inbox: mpsc::Receiver<Envelope>, clock: fn() -> Time) {
        let mut envelopes = Vec::with_capacity(GROUP_MAX);
        loop {
            let pause = self.pause(clock());
            tokio::select! {
                count = inbox.recv_many(&mut envelopes, GROUP_MAX) => if count == 0 {
                    return;
                },
                () = tokio::time::sleep(pause) => {}
            }
            let now = self.monotonic(clock());
            if !self.sound
                && let Err(failure) = self.library.recover(&self.city).await
            {
                tracing::error!(%failure, "the library is still unwritable");
                for envelope in envelopes.drain(..) {
                    let _ = envelope.reply.send(Err(LibraryError::Unwritten));
                }
                continue;
            }
            self.sound = true;
            if !envelopes.is_empty() {
                self.turn(now, &mut envelopes).await;
            }
            self.calendar(now).await;
            if self.boundary.is_some_and(|at| at <= now)
                && let Err(failure) = self.show_notices(now).await
            {
                tracing::error!(%failure, "notices were not read");
            }
        }
    }

    fn monotonic(&mut self, now: Time) -> Time {
        self.last = self.last.max(now);
        self.last
    }

    fn pause(&self, now: Time) -> Duration {
        if !self.sound {
            return RECOVER_AGAIN;
        }
        let until = |at: Time| Duration::from_millis((at - now).clamp(1, 60_000) as u64);
        self.boundary.map_or(EVERY, |at| until(at).min(EVERY))
    }

    /// One transaction.
    async fn turn(&mut self, now: Time, envelopes: &mut Vec<Envelope>) {
        let mut waiting: Vec<Waiting> = Vec::with_capacity(envelopes.len());
        let mut broken = false;
        for envelope in envelopes.drain(..) {
            let answer = if broken {
                Err(LibraryError::Unwritten)
            } else {
                let decided = self.decide(now, &envelope.author, envelope.command).await;
                decided.unwrap_or_else(|failure| {
                    tracing::error!(%failure, "the library could not be read");
                    broken = true;
                    Err(LibraryError::Unwritten)
                })
            };
            waiting.push((envelope.reply, answer));
        }
        let written = !broken && self.write(now).await;
        self.sound &= written;
        for (reply, answer) in waiting {
            let answer = match answer {
                Ok(_) if !written => Err(LibraryError::Unwritten),
                answer => answer,
            };
            let _ = reply.send(answer);
        }
    }

    /// Makes durable what was decided, then tells of it.
    async fn write(&mut self, now: Time) -> bool {
        let told = std::mem::take(&mut self.change);
        if let Err(failure) = self.library.commit().await {
            tracing::error!(%failure, "the library could not be written; nothing was done");
            return false;
        }
        let change = told.change();
        if change.notices
            && let Err(failure) = self.show_notices(now).await
        {
            tracing::error!(%failure, "notices were not read");
        }
        if change != Change::default() {
            // Nobody may be listening.
            let _ = self.changes.send(Arc::new(change));
        }
        true
    }

    /// What time alone changes, a few articles at once.
    async fn calendar(&mut self, now: Time) {
        let today = self.city.zone.civil(now).day;
        if !self.sound || self.ticked == Some(today) {
            return;
        }
        let due = match self.library.due(today).await {
            Ok(due) => due,
            Err(failure) => {
                tracing::error!(%failure, "the library's calendar was not read");
                return;
            }
        };
        for part in due.chunks(GROUP_MAX) {
            for article in part {
                let order = Order::Tick;
                let article = Some(*article);
                let command = LibraryCommand::Article { article, order };
                let ticked = self.decide(now, &Author::house(), command).await;
                if let Err(failure) = ticked {
                    tracing::error!(%failure, "the library could not be read");
                    self.sound = false;
                    return;
                }
            }
            if !self.write(now).await {
                self.sound = false;
                return;
            }
        }
        if let Err(failure) = self.ask_units(now, today).await {
            tracing::error!(%failure, "units could not be asked");
            self.sound = false;
            return;
        }
        if !self.write(now).await {
            self.sound = false;
            return;
        }
        if !due.is_empty() {
            tracing::info!(articles = due.len(), "the library's calendar was followed");
        }
        self.ticked = Some(today);
    }

    /// Decides which units are asked by mail for what has become due or overdue.
    async fn ask_units(&mut self, now: Time, today: Day) -> Result<(), Failure> {
        let (owed, asked, next) = self.library.owed(today).await?;
        for event in decide_asks(&self.city, today, &owed, &asked, next) {
            self.add(now, &event).await?;
        }
        Ok(())
    }

    /// A mail whose fate is open has got one.
    async fn unit_reached(
        &mut self,
        now: Time,
        letter: u32,
        fortune: Fortune,
    ) -> Result<Result<LibraryAnswer, Refusal>, Failure> {
        let Some(known) = self.library.unit_letter(letter).await? else {
            return Ok(Err(Refusal::Unknown));
        };
        if !matches!(known.fortune.as_str(), "queued" | "unknown") {
            return Ok(Err(Refusal::WrongState));
        }
        let event = LibraryEvent::UnitReached {
            unit: known.unit,
            letter,
            on: known.on,
            fortune,
        };
        self.add(now, &event).await?;
        Ok(Ok(LibraryAnswer::Done))
    }

    async fn show_notices(&mut self, now: Time) -> Result<(), Failure> {
        let notices = self.library.notices(now).await?;
        let edges = notices
            .iter()
            .flat_map(|(notice, _)| [notice.from, notice.until]);
        self.boundary = edges.filter(|at| *at > now).min();
        self.show.send_replace(Arc::new(notices));
        Ok(())
    }

    /// Asks the center and keeps what follows for the next write. A failure spoils the group.
    async fn decide(
        &mut self,
        now: Time,
        author: &Author,
        command: LibraryCommand,
    ) -> Result<Result<LibraryAnswer, LibraryError>, Failure> {
        let decided = match command {
            LibraryCommand::Article { article, order } => {
                self.article(now, author, article, order).await?
            }
            LibraryCommand::Notice {
                notice,
                order,
                texts,
            } => self.notice(now, author, notice, order, &texts).await?,
            LibraryCommand::Synonym(order) => self.synonym(now, author, order).await?,
            LibraryCommand::EraseWords { said, before } => {
                Ok(LibraryAnswer::Erased(self.erase(now, said, before).await?))
            }
            LibraryCommand::Missed {
                gap,
                language,
                words,
                category,
            } => {
                let event = LibraryEvent::Missed {
                    gap,
                    language,
                    words: self.library.words_digest(&words),
                    category,
                };
                self.add(now, &event).await?;
                self.library.keep_words(&words);
                Ok(LibraryAnswer::Done)
            }
            LibraryCommand::UnitReached { letter, fortune } => {
                self.unit_reached(now, letter, fortune).await?
            }
            LibraryCommand::SettleGap {
                gap,
                language,
                about,
            } => {
                if author.role == center::knowledge::Role::Reader {
                    return Ok(Err(Refusal::NotAllowed.into()));
                }
                let event = LibraryEvent::GapSettled {
                    gap,
                    language,
                    about,
                    author: author.id,
                };
                self.add(now, &event).await?;
                Ok(LibraryAnswer::Done)
            }
        };
        Ok(decided.map_err(LibraryError::Refused))
    }

    async fn add(&mut self, now: Time, event: &LibraryEvent) -> Result<(), Failure> {
        self.change.note(event);
        self.library.add(now, event).await
    }

    async fn article(
        &mut self,
        now: Time,
        author: &Author,
        article: Option<ArticleId>,
        mut order: Order,
    ) -> Result<Result<LibraryAnswer, Refusal>, Failure> {
        let mut id = article;
        if let Order::Draft { article, code, .. } = &mut order {
            id = self.library.find(code).await?;
            *article = self.library.next_article();
        }
        let kept = match self.sealed(&mut order) {
            Ok(kept) => kept,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(id) = id
            && self.is_known(id, &order).await?
        {
            let revision = self.library.article(id).await?.map_or(0, Article::revision);
            return Ok(Ok(LibraryAnswer::Article(id, revision)));
        }
        let known = match id {
            Some(id) => self.library.article(id).await?,
            None => None,
        };
        let events = match decide(&self.city, known, author, now, &order) {
            Ok(events) => events,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for event in &events {
            self.add(now, event).await?;
        }
        if !events.is_empty() {
            for text in &kept.texts {
                self.library.keep_text(text);
            }
            for words in &kept.words {
                self.library.keep_words(words);
            }
        }
        let id = events.iter().find_map(LibraryEvent::article).or(id);
        let Some(id) = id else {
            return Ok(Err(Refusal::Unknown));
        };
        let revision = self.library.article(id).await?.map_or(0, Article::revision);
        Ok(Ok(LibraryAnswer::Article(id, revision)))
    }

    /// An article is used once in a contact and judged once: a key pressed twice counts once.
    async fn is_known(&mut self, article: ArticleId, order: &Order) -> Result<bool, Failure> {
        let (contact, is_use) = match order {
            Order::Use { contact, .. } => (*contact, true),
            Order::Rate {
                contact: Some(contact),
                ..
            } => (*contact, false),
            _ => return Ok(false),
        };
        let uses = self.library.uses(contact).await?;
        let same = |one: &ArticleUse| one.article == article && one.what.is_use() == is_use;
        Ok(uses.iter().any(same))
    }

    async fn notice(
        &mut self,
        now: Time,
        author: &Author,
        notice: Option<NoticeId>,
        mut order: NoticeOrder,
        texts: &BTreeMap<String, String>,
    ) -> Result<Result<LibraryAnswer, Refusal>, Failure> {
        let mut known = None;
        if let NoticeOrder::Raise { notice, digest, .. } = &mut order {
            if texts.values().all(String::is_empty) {
                return Ok(Err(Refusal::NoSource));
            }
            *notice = self.library.next_notice();
            *digest = notice_digest(texts).0;
        } else if let Some(id) = notice {
            known = self.library.notice(id).await?;
        }
        let event = match decide_notice(known, author, now, &order) {
            Ok(event) => event,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.add(now, &event).await?;
        if let NoticeOrder::Raise { notice, .. } = order {
            self.library.keep_notice(texts);
            return Ok(Ok(LibraryAnswer::Notice(notice)));
        }
        Ok(Ok(LibraryAnswer::Done))
    }

    /// Erases words whose time is over, a few at once: calls come first.
    async fn erase(&mut self, now: Time, said: Said, before: Time) -> Result<usize, Failure> {
        let due = self.library.due_words(said, before, ERASED_MAX).await?;
        let count = due.len();
        let mut articles: BTreeMap<Option<ArticleId>, Vec<String>> = BTreeMap::new();
        for key in due {
            articles.entry(key.article).or_default().push(key.digest);
        }
        for (article, words) in articles {
            let event = LibraryEvent::WordsErased {
                article,
                said,
                words,
            };
            self.add(now, &event).await?;
        }
        Ok(count)
    }

    async fn synonym(
        &mut self,
        now: Time,
        author: &Author,
        mut order: SynonymOrder,
    ) -> Result<Result<LibraryAnswer, Refusal>, Failure> {
        if let SynonymOrder::Set {
            entry,
            word,
            digest,
            ..
        } = &mut order
        {
            *entry = std::mem::take(entry).cleaned();
            *word = word_digest(entry);
            *digest = entry_digest(entry).0;
        }
        let event = match decide_synonym(self.library.synonyms(), author, &order) {
            Ok(event) => event,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.add(now, &event).await?;
        if let SynonymOrder::Set { entry, .. } = &order {
            self.library.keep_entry(entry);
        }
        Ok(Ok(match event {
            LibraryEvent::SynonymSet { synonym, .. } => LibraryAnswer::Synonym(synonym),
            _ => LibraryAnswer::Done,
        }))
    }

    /// Puts digests in the place of what was written; gives what they stand for.
    fn sealed(&self, order: &mut Order) -> Result<Kept, Refusal> {
        let mut kept = Kept::default();
        match order {
            Order::Draft { texts, .. } | Order::Revise { texts, .. } => {
                for written in texts.values_mut() {
                    written.text = std::mem::take(&mut written.text).cleaned();
                    written.digest = text_digest(&written.text).0;
                    kept.texts.push(written.text.clone());
                }
            }
            _ => {}
        }
        let said = match order {
            Order::Draft { reason, .. }
            | Order::Revise { reason, .. }
            | Order::RollBack { reason, .. }
            | Order::AskReview { reason, .. }
            | Order::SendBack { reason, .. }
            | Order::Publish { reason, .. }
            | Order::AskCheck { reason }
            | Order::Assure { reason }
            | Order::Retire { reason }
            | Order::Restore { reason }
            | Order::Settle { reason, .. } => reason,
            Order::Comment { words, .. } | Order::Rate { words, .. } | Order::Use { words, .. } => {
                words
            }
            Order::Tick => return Ok(kept),
        };
        let words = said.trim().to_owned();
        if words.len() > WORDS_MAX {
            return Err(Refusal::TooLong);
        }
        *said = self.library.words_digest(&words);
        kept.words.push(words);
        Ok(kept)
    }
}

/// Bytes of a reason, a comment or a search; pages count letters before.
const WORDS_MAX: usize = 8_000;

/// What digests of an order stand for.
#[derive(Default)]
struct Kept {
    texts: Vec<Text>,
    words: Vec<String>,
}
