//! What an activity of another server means, as data. Never fetches, never believes: who signed is
//! compared by the inbox.

use super::document::PUBLIC;
use crate::social::plain;
use serde_json::Value;
use url::Url;

/// How deep JSON may be nested: real activities stay below eight.
const DEPTH_MAX: usize = 16;
/// Files of one note at most; the rest is named in the text.
pub const FILES_MAX: usize = 8;

/// An activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Its own address, where it has one.
    pub id: Option<String>,
    /// Who acts.
    pub actor: String,
    /// What is meant.
    pub meaning: Meaning,
}

/// What is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A note.
    Written(Note),
    /// A note that is only named.
    Named(String),
    /// A note changed.
    Changed(Note),
    /// A note taken back.
    Removed(String),
    /// The actor is gone.
    Gone,
    /// The actor changed its profile or key.
    Profile,
    /// Wants to follow.
    Follow,
    /// Does not follow any more.
    Unfollow,
    /// Nothing for a contact center: likes, shares, votes.
    Other,
}

/// A note of somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Its address.
    pub id: String,
    /// The conversation, where its server names it.
    pub context: Option<String>,
    /// What it answers.
    pub in_reply_to: Option<String>,
    /// Content warning or subject.
    pub subject: Option<String>,
    /// Content as it came.
    pub content: String,
    /// Its language, where it says so.
    pub language: Option<String>,
    /// Files, not yet fetched.
    pub files: Vec<File>,
    /// Everybody can read it.
    pub public: bool,
    /// Whom it is addressed to or mentions.
    pub addressed: Vec<String>,
}

/// A file of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it lies.
    pub url: String,
    /// Media type as declared.
    pub media_type: String,
    /// Description.
    pub description: String,
}

/// Why an activity is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or nested too deep.
    #[error("not-json")]
    Json,
    /// No type or no actor.
    #[error("not-an-activity")]
    Activity,
    /// Speaks of something that belongs to another server than the actor.
    #[error("foreign-object")]
    Foreign,
}

/// Reads the JSON of a request.
pub fn json(bytes: &[u8]) -> Result<Value, Unreadable> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| Unreadable::Json)?;
    if depth(&value) > DEPTH_MAX {
        return Err(Unreadable::Json);
    }
    Ok(value)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Reads an activity that should concern the actor `ours`.
pub fn activity(value: &Value, ours: &str) -> Result<Activity, Unreadable> {
    let actor = id(&value["actor"]).ok_or(Unreadable::Activity)?.to_owned();
    let kind = value["type"].as_str().ok_or(Unreadable::Activity)?;
    let object = &value["object"];
    let named = || id(object).map(str::to_owned).ok_or(Unreadable::Activity);
    let kind_of_object = object["type"].as_str().unwrap_or_default();
    let meaning = match kind {
        "Create" if object.is_string() => Meaning::Named(named()?),
        "Create" if is_note(object) => Meaning::Written(note(object, &actor)?),
        "Update" if is_note(object) => Meaning::Changed(note(object, &actor)?),
        "Update" if named()? == actor => Meaning::Profile,
        "Delete" if named()? == actor => Meaning::Gone,
        "Delete" => Meaning::Removed(named()?),
        "Follow" if named()? == ours => Meaning::Follow,
        "Undo" if kind_of_object == "Follow" || object.is_string() => Meaning::Unfollow,
        _ => Meaning::Other,
    };
    if let Meaning::Removed(object) | Meaning::Named(object) = &meaning {
        same_house(object, &actor)?;
    }
    let own = id(value).map(str::to_owned);
    if let Some(own) = &own {
        same_house(own, &actor)?;
    }
    Ok(Activity {
        id: own,
        actor,
        meaning,
    })
}

fn is_note(object: &Value) -> bool {
    matches!(
        object["type"].as_str(),
        Some("Note" | "Article" | "Page" | "Question" | "Image" | "Video" | "Audio")
    )
}

/// Reads a note written by `author`.
pub fn note(object: &Value, author: &str) -> Result<Note, Unreadable> {
    let address = id(object).ok_or(Unreadable::Activity)?.to_owned();
    same_house(&address, author)?;
    let writers = list(&object["attributedTo"]);
    if !writers.iter().any(|writer| id(writer) == Some(author)) {
        return Err(Unreadable::Foreign);
    }
    let receivers: Vec<&str> = [&object["to"], &object["cc"]]
        .iter()
        .flat_map(|field| list(field))
        .filter_map(id)
        .collect();
    let public = |to: &&str| [PUBLIC, "as:Public", "Public"].contains(to);
    let mentioned = list(&object["tag"]).into_iter().filter_map(|tag| {
        let mention = tag["type"].as_str() == Some("Mention");
        mention.then(|| tag["href"].as_str()).flatten()
    });
    let (content, language) = content(object);
    let filled = |field: &Value| field.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    Ok(Note {
        context: filled(&object["context"]).or_else(|| filled(&object["conversation"])),
        in_reply_to: id(&object["inReplyTo"]).map(str::to_owned),
        subject: filled(&object["summary"])
            .or_else(|| filled(&object["name"]))
            .map(|subject| plain::text_of(&subject)),
        content,
        language,
        files: list(&object["attachment"])
            .into_iter()
            .filter_map(file)
            .collect(),
        public: receivers.iter().any(public),
        addressed: receivers
            .iter()
            .copied()
            .chain(mentioned)
            .map(str::to_owned)
            .collect(),
        id: address,
    })
}

/// Content and its language: `contentMap` of one language says which.
fn content(object: &Value) -> (String, Option<String>) {
    let text = object["content"].as_str();
    let mapped: Vec<(&String, &str)> = object["contentMap"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(language, text)| Some((language, text.as_str()?)))
        .collect();
    let chosen = match text {
        Some(text) => mapped.iter().find(|(_, mapped)| *mapped == text),
        None => mapped.first(),
    };
    let language = chosen.map(|(language, _)| (*language).clone());
    let text = text.or(chosen.map(|(_, text)| *text)).unwrap_or_default();
    (text.to_owned(), language)
}

fn file(value: &Value) -> Option<File> {
    let address = list(&value["url"]).into_iter().find_map(|url| {
        let linked = url["href"].as_str();
        url.as_str().or(linked)
    })?;
    Some(File {
        url: address.to_owned(),
        media_type: value["mediaType"].as_str().unwrap_or_default().to_owned(),
        description: value["name"].as_str().unwrap_or_default().to_owned(),
    })
}

/// The address of something that is embedded or named.
pub fn id(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["id"].as_str())
}

/// One or many, as JSON-LD writes both.
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    }
}

/// Whether both addresses are of one origin.
pub fn same_origin(one: &str, other: &str) -> bool {
    let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
    let one = origin(one);
    one.as_ref().is_some_and(url::Origin::is_tuple) && one == origin(other)
}

fn same_house(object: &str, actor: &str) -> Result<(), Unreadable> {
    if same_origin(object, actor) {
        Ok(())
    } else {
        Err(Unreadable::Foreign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OURS: &str = "https://120.city.example/actor";
    const ALICE: &str = "https://a.example/users/alice";

    fn create(change: impl FnOnce(&mut Value)) -> Value {
        let mut value = json!({
            "id": "https://a.example/activities/1",
            "type": "Create",
            "actor": ALICE,
            "object": {
                "id": "https://a.example/notes/1",
                "type": "Note",
                "attributedTo": ALICE,
                "content": "<p>눈</p>",
                "to": "https://www.w3.org/ns/activitystreams#Public",
                "tag": { "type": "Mention", "href": OURS },
            },
        });
        change(&mut value);
        value
    }

    fn read(value: &Value) -> Result<Note, Unreadable> {
        match activity(value, OURS)?.meaning {
            Meaning::Written(note) => Ok(note),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_or_many_embedded_or_named_it_is_the_same_note() {
        let plain = read(&create(|_| {})).unwrap();
        assert!(plain.public && plain.addressed.contains(&OURS.to_owned()));
        assert_eq!(plain.language, None);
        let other = read(&create(|value| {
            value["actor"] = json!({ "id": ALICE, "type": "Person" });
            value["object"]["attributedTo"] = json!([{ "id": ALICE }]);
            value["object"]["to"] = json!(["as:Public", OURS]);
            value["object"]["contentMap"] = json!({ "en": "<p>snow</p>", "ko": "<p>눈</p>" });
            value["object"]["attachment"] = json!({
                "mediaType": "image/png", "url": [{ "type": "Link", "href": "https://a.example/1" }],
            });
        }))
        .unwrap();
        assert_eq!(other.language.as_deref(), Some("ko"));
        assert_eq!(other.files[0].url, "https://a.example/1");
        let private = read(&create(|value| value["object"]["to"] = json!([OURS])));
        assert!(!private.unwrap().public);
    }

    #[test]
    fn nobody_speaks_for_another_house() {
        let foreign: [fn(&mut Value); 4] = [
            |value| value["object"]["id"] = json!("https://b.example/notes/1"),
            |value| value["object"]["attributedTo"] = json!("https://a.example/users/bob"),
            |value| value["id"] = json!("https://b.example/activities/1"),
            |value| value["object"]["id"] = json!("http://a.example/notes/1"),
        ];
        for change in foreign {
            let value = create(change);
            assert_eq!(activity(&value, OURS), Err(Unreadable::Foreign), "{value}");
        }
        let delete = json!({
            "type": "Delete", "actor": ALICE, "object": "https://b.example/notes/1",
        });
        assert_eq!(activity(&delete, OURS), Err(Unreadable::Foreign));
    }

    #[test]
    fn what_is_no_activity_is_said_to_be_none() {
        for value in [
            json!({}),
            json!({ "type": "Create" }),
            json!([1]),
            json!("x"),
        ] {
            assert_eq!(activity(&value, OURS), Err(Unreadable::Activity), "{value}");
        }
        let like = json!({ "type": "Like", "actor": ALICE, "object": OURS });
        assert_eq!(activity(&like, OURS).unwrap().meaning, Meaning::Other);
        let deep = format!("{}1{}", "[".repeat(17), "]".repeat(17));
        assert_eq!(json(deep.as_bytes()), Err(Unreadable::Json));
        assert_eq!(json(b"{"), Err(Unreadable::Json));
    }
}
