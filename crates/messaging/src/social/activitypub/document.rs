//! What the actor shows of itself, in JSON: WebFinger, actor, collections, notes, NodeInfo. Never
//! reads what others send.

use crate::social::plain;
use serde_json::{Value, json};
use url::Url;

/// Everybody, in the language of ActivityPub.
pub const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Media type of everything that is federated.
pub const MEDIA_TYPE: &str = "application/activity+json";

/// The addresses of the actor, all under one origin.
#[derive(Clone, Debug)]
pub struct Addresses {
    origin: Url,
    name: String,
}

impl Addresses {
    /// Addresses under an origin (`https://120.city.example`) for an account of this name.
    pub fn new(origin: &Url, name: &str) -> Addresses {
        Addresses {
            origin: origin.clone(),
            name: name.to_owned(),
        }
    }

    /// Scheme of the origin.
    pub fn scheme(&self) -> &str {
        self.origin.scheme()
    }

    /// Host, with the port where it is not the usual one.
    pub fn authority(&self) -> String {
        authority(&self.origin)
    }

    /// `name@host`.
    pub fn account(&self) -> String {
        format!("{}@{}", self.name, self.authority())
    }

    /// An address of this house.
    pub fn at(&self, path: &str) -> String {
        let authority = self.authority();
        format!("{}://{authority}{path}", self.origin.scheme())
    }

    /// The actor.
    pub fn actor(&self) -> String {
        self.at("/actor")
    }

    /// Its key.
    pub fn key(&self) -> String {
        self.at("/actor#main-key")
    }

    /// A note of the city.
    pub fn note(&self, id: &str) -> String {
        self.at(&format!("/actor/notes/{id}"))
    }

    /// The name of a note of the city, when this is the address of one.
    pub fn note_name<'a>(&self, address: &'a str) -> Option<&'a str> {
        address.strip_prefix(&self.note(""))
    }
}

/// Host of an address, with the port where it is not the usual one.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The answer of WebFinger (RFC 7033).
pub fn webfinger(at: &Addresses, page: &str) -> Value {
    json!({
        "subject": format!("acct:{}", at.account()),
        "aliases": [at.actor()],
        "links": [
            { "rel": "self", "type": MEDIA_TYPE, "href": at.actor() },
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": page,
            },
        ],
    })
}

/// The actor.
pub fn actor(at: &Addresses, (title, summary, page): (&str, &str, &str), pem: &str) -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/activitystreams",
            "https://w3id.org/security/v1",
            {
                "toot": "http://joinmastodon.org/ns#",
                "discoverable": "toot:discoverable",
                "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
            },
        ],
        "id": at.actor(),
        "type": "Service",
        "preferredUsername": at.name,
        "name": title,
        "summary": plain::html_of(summary),
        "url": page,
        "inbox": at.at("/actor/inbox"),
        "outbox": at.at("/actor/outbox"),
        "followers": at.at("/actor/followers"),
        "following": at.at("/actor/following"),
        "endpoints": { "sharedInbox": at.at("/inbox") },
        "manuallyApprovesFollowers": false,
        "discoverable": true,
        "publicKey": { "id": at.key(), "owner": at.actor(), "publicKeyPem": pem },
    })
}

/// A collection that tells its size only: who follows a city is nobody's business.
pub fn size(at: &Addresses, path: &str, size: usize) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": at.at(path),
        "type": "OrderedCollection",
        "totalItems": size,
    })
}

/// The outbox: its size and the newest public notes.
pub fn outbox(at: &Addresses, size: usize, newest: &[Value]) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": at.at("/actor/outbox"),
        "type": "OrderedCollection",
        "totalItems": size,
        "first": {
            "id": at.at("/actor/outbox?page=1"),
            "type": "OrderedCollectionPage",
            "partOf": at.at("/actor/outbox"),
            "orderedItems": newest,
        },
    })
}

/// A file that goes with a note.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Where it lies.
    pub url: String,
    /// Media type.
    pub media_type: String,
    /// What it shows, in words.
    pub description: String,
}

/// A note of the city before it has a shape.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// Its name.
    pub id: &'a str,
    /// The actor it goes to.
    pub to: &'a str,
    /// That actor's `@name@host`.
    pub handle: &'a str,
    /// What it answers.
    pub in_reply_to: Option<&'a str>,
    /// Text.
    pub text: &'a str,
    /// Files.
    pub files: &'a [Shown],
    /// Whether everybody may read it.
    pub public: bool,
    /// Date, RFC 3339.
    pub published: &'a str,
}

/// `Create` of a note that mentions the one it goes to. A direct one names nobody else, so no
/// server shows it to anybody else.
pub fn create(at: &Addresses, draft: &Draft<'_>) -> Value {
    let id = at.note(draft.id);
    let (to, cc) = if draft.public {
        (json!([PUBLIC]), json!([draft.to]))
    } else {
        (json!([draft.to]), json!([]))
    };
    let mention = format!(
        "<p><span class=\"h-card\"><a href=\"{}\" class=\"u-url mention\">{}</a></span></p>",
        plain::escape(draft.to),
        plain::escape(draft.handle),
    );
    let mut note = json!({
        "id": id,
        "type": "Note",
        "attributedTo": at.actor(),
        "content": format!("{mention}{}", plain::html_of(draft.text)),
        "published": draft.published,
        "url": id,
        "to": to,
        "cc": cc,
        "tag": [{ "type": "Mention", "href": draft.to, "name": draft.handle }],
        "attachment": draft.files.iter().map(|file| json!({
            "type": "Document",
            "mediaType": file.media_type,
            "url": file.url,
            "name": file.description,
        })).collect::<Vec<_>>(),
    });
    if let Some(answered) = draft.in_reply_to {
        note["inReplyTo"] = json!(answered);
    }
    json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": format!("{id}#create"),
        "type": "Create",
        "actor": at.actor(),
        "published": draft.published,
        "to": to,
        "cc": cc,
        "object": note,
    })
}

/// `Accept` of a follow.
pub fn accept(at: &Addresses, follower: &str, follow: &str) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": at.at(&format!("/actor#accept-{}", plain::digest(follow))),
        "type": "Accept",
        "actor": at.actor(),
        "to": [follower],
        "object": { "id": follow, "type": "Follow", "actor": follower, "object": at.actor() },
    })
}

/// Where NodeInfo is.
pub fn nodeinfo_links(at: &Addresses) -> Value {
    json!({
        "links": [{
            "rel": "http://nodeinfo.diaspora.software/ns/schema/2.1",
            "href": at.at("/nodeinfo/2.1"),
        }],
    })
}

/// NodeInfo 2.1.
pub fn nodeinfo(posts: usize) -> Value {
    json!({
        "version": "2.1",
        "software": { "name": "dasan", "version": env!("CARGO_PKG_VERSION") },
        "protocols": ["activitypub"],
        "services": { "inbound": [], "outbound": [] },
        "openRegistrations": false,
        "usage": { "users": { "total": 1 }, "localPosts": posts },
        "metadata": {},
    })
}
