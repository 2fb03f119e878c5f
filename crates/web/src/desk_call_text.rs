//! An article's answer as a text to the caller of a call: to which number, in how many letters, and
//! what became of it. Never a text of the counselor's own, never a decision of the center.

use crate::article_texts;
use crate::commands::{failed, refusal_text, said};
use crate::desk_articles::{Wanted, at_hand, read, state};
use crate::desk_replies::{ID_MAX, known};
use crate::session::random_hex;
use crate::site::{Site, Staffer};
use crate::texts::{Staff, fill};
use crate::writing::{self, Composed};
use crate::{figures, inbox_texts, links, words};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use center::board::ContactView;
use center::city::{Channel, CounselorId, Language};
use center::command::{Answer, CallText, Command, Refusal};
use center::knowledge::Audience;
use serde_json::json;
use store::library::Whole;
use store::number::{normalize, takes_texts};
use store::{Failure, Letter, Message, Personal, note_digest};
use unicode_segmentation::UnicodeSegmentation as _;

/// Why a text does not leave: a stable key and a sentence.
struct Kept(StatusCode, &'static str, &'static str);

impl Kept {
    fn refused(w: &Staff, refusal: Refusal) -> Kept {
        Kept(
            StatusCode::CONFLICT,
            refusal.key(),
            refusal_text(w, refusal),
        )
    }

    fn wrong(key: &'static str, why: &'static str) -> Kept {
        Kept(StatusCode::UNPROCESSABLE_ENTITY, key, why)
    }

    fn trouble(w: &Staff, failure: &Failure) -> Kept {
        tracing::error!(%failure, "a text to a caller was not prepared");
        Kept(StatusCode::SERVICE_UNAVAILABLE, "trouble", w.trouble)
    }
}

impl IntoResponse for Kept {
    fn into_response(self) -> Response {
        said(self.0, self.1, self.2)
    }
}

/// `POST /desk/articles/text`: the answer of an article to the caller. Sent twice under one name it
/// is one text.
pub(crate) async fn send(
    site: &Site,
    staffer: &Staffer,
    headers: &HeaderMap,
    wanted: &Wanted,
) -> Response {
    let w = staffer.words;
    let Some(view) = at_hand(site, staffer, wanted.contact) else {
        return Kept::refused(w, Refusal::NotYours).into_response();
    };
    if wanted.id.is_empty() || wanted.id.len() > ID_MAX {
        return said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request);
    }
    let name = format!("desk {}", wanted.id);
    let Some(_on_its_way) = site.sending.begin(name.clone()) else {
        return said(StatusCode::TOO_MANY_REQUESTS, "under_way", w.r_wrong_state);
    };
    let messages = match site.archive.messages(view.contact).await {
        Ok(messages) => messages,
        Err(failure) => return Kept::trouble(w, &failure).into_response(),
    };
    if let Some(message) = known(&messages, view.contact, &name) {
        return Json(json!({ "message": message })).into_response();
    }
    let origin = links::origin(site, headers);
    let (text, parts, cut) = match prepare(site, staffer, &view, &origin, wanted).await {
        Ok((text, fitted)) => (
            order(staffer.id(), &view, text, &fitted, name),
            fitted.parts,
            fitted.cut,
        ),
        Err(kept) => return kept.into_response(),
    };
    let (command, row) = text;
    match site.hub.send_with(command, vec![row]).await {
        Ok(Answer::Message { message, .. }) => {
            Json(json!({ "message": message, "parts": parts, "cut": cut })).into_response()
        }
        Ok(_) => said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request),
        Err(error) => failed(w, &error),
    }
}

/// Where a text goes: a number, and its digest when it is another than the caller's.
struct Where {
    number: String,
    to: Option<String>,
}

async fn prepare(
    site: &Site,
    staffer: &Staffer,
    view: &ContactView,
    origin: &str,
    wanted: &Wanted,
) -> Result<(Where, Fitted), Kept> {
    let w = staffer.words;
    let trouble = |failure: Failure| Kept::trouble(w, &failure);
    if view.channel.written() {
        return Err(Kept::refused(w, Refusal::WrongChannel));
    }
    if !site.city().texting {
        return Err(Kept::refused(w, Refusal::NoTexts));
    }
    let whole = read(site, &wanted.article).await.map_err(trouble)?;
    let answer = whole.and_then(|whole| answer(site, &whole, origin, wanted));
    let a = article_texts::in_language(w.tag);
    let answer = answer.ok_or_else(|| Kept::wrong("not_public", a.not_public))?;
    let personal = site.archive.personal(view.contact).await.map_err(trouble)?;
    let to = number(site, w, &personal.number, &wanted.number)?;
    Ok((to, fit(site, w, &answer)?))
}

/// What the article says in the language and district, and its page.
struct Told {
    title: String,
    answer: String,
    link: String,
}

fn answer(site: &Site, whole: &Whole, origin: &str, wanted: &Wanted) -> Option<Told> {
    let version = whole.version()?;
    let public =
        version.facts.audience == Audience::Citizen && state(site, &whole.article).citizens_see();
    let language = Language::parse(&wanted.language).filter(|_| public)?;
    let text = whole.texts.get(&language)?.in_district(&wanted.district);
    Some(Told {
        title: text.title.clone(),
        answer: text.answer.clone(),
        link: format!(
            "{origin}/articles/{}?lang={}",
            whole.article.code,
            language.code()
        ),
    })
}

/// The number the text goes to: the one that was typed, else the caller's.
fn number(site: &Site, w: &Staff, own: &str, typed: &str) -> Result<Where, Kept> {
    let a = article_texts::in_language(w.tag);
    if typed.trim().is_empty() {
        return match own {
            "" => Err(Kept::refused(w, Refusal::NumberUnknown)),
            own if takes_texts(own) => Ok(Where {
                number: own.to_owned(),
                to: None,
            }),
            _ => Err(Kept::wrong("landline", a.r_text_landline)),
        };
    }
    let number = normalize(typed, &site.settings.country);
    if takes_texts(&number) {
        let to = (number != own).then(|| site.archive.token(&number));
        Ok(Where { number, to })
    } else {
        Err(Kept::wrong("number", a.r_text_number))
    }
}

/// A text that its way takes.
struct Fitted {
    text: String,
    parts: usize,
    cut: bool,
}

/// The whole answer with the address of its page; where that is longer than a text may be, as much
/// of the answer as fits.
fn fit(site: &Site, w: &Staff, told: &Told) -> Result<Fitted, Kept> {
    let i = inbox_texts::in_language(w.tag);
    let writing = &site.settings.writing;
    let via = writing.texter.as_deref().unwrap_or_default();
    let compose = |text: &str| (writing.composer)(Channel::Text, via, text);
    let (text, composed, cut) = shorten(told, site.city().limits.text_letters_max, compose)
        .ok_or_else(|| Kept::wrong("too_long", i.r_too_long))?;
    if !composed.lost.is_empty() {
        return Err(Kept::wrong("lost", i.r_lost));
    }
    Ok(Fitted {
        text,
        parts: composed.parts,
        cut,
    })
}

/// The text in at most so many letters, and whether something was left out; none when not even
/// title and address fit.
fn shorten(
    told: &Told,
    letters_max: usize,
    compose: impl Fn(&str) -> Composed,
) -> Option<(String, Composed, bool)> {
    let Told {
        title,
        answer,
        link,
    } = told;
    let whole = format!("{title}\n{answer}\n{link}");
    let over = |text: &str, composed: &Composed| {
        let most = composed.limit.min(letters_max);
        writing::letters(text)
            .max(composed.letters)
            .saturating_sub(most)
    };
    let composed = compose(&whole);
    let much = over(&whole, &composed);
    if much == 0 {
        return Some((whole, composed, false));
    }
    // The sign that something is missing takes the place of a letter.
    let keep = writing::letters(answer).checked_sub(much + 1)?;
    let part: String = answer.graphemes(true).take(keep).collect();
    let text = format!("{title}\n{}…\n{link}", part.trim_end());
    let composed = compose(&text);
    (over(&text, &composed) == 0).then_some((text, composed, true))
}

fn order(
    counselor: CounselorId,
    view: &ContactView,
    to: Where,
    fitted: &Fitted,
    name: String,
) -> (Command, Personal) {
    let text = fitted.text.clone();
    let nonce = random_hex(16);
    let command = CallText {
        counselor,
        contact: view.contact,
        to: to.to,
        digest: note_digest(&nonce, &text),
        letters: u32::try_from(writing::letters(&text)).unwrap_or(u32::MAX),
    };
    let letter = Letter {
        nonce,
        text,
        address_kind: "phone".to_owned(),
        address: to.number,
        reference: name,
        ..Letter::default()
    };
    let row = Personal::Letter {
        contact: view.contact,
        message: 0,
        letter: Box::new(letter),
    };
    (Command::TextCaller(Box::new(command)), row)
}

/// `POST /desk/articles/texts`: what was sent to the caller of a call so far, each in a sentence.
pub(crate) async fn sent(site: &Site, staffer: &Staffer, wanted: &Wanted) -> Response {
    let w = staffer.words;
    let Some(view) = at_hand(site, staffer, wanted.contact) else {
        return Kept::refused(w, Refusal::NotYours).into_response();
    };
    match site.archive.messages(view.contact).await {
        Ok(messages) => {
            let own = messages.iter();
            let own = own.filter(|one| one.contact == view.contact && !one.incoming);
            let told: Vec<_> = own.map(|one| line(site, w, one)).collect();
            Json(json!({ "texts": told })).into_response()
        }
        Err(failure) => Kept::trouble(w, &failure).into_response(),
    }
}

fn line(site: &Site, w: &'static Staff, message: &Message) -> serde_json::Value {
    let a = article_texts::in_language(w.tag);
    let number = figures::number(&message.letter.address, &site.settings.country);
    let values = [
        ("at", &figures::clock(&site.city().zone, message.at)),
        ("number", &number),
        ("letters", &message.letters.to_string()),
        (
            "fortune",
            &words::fortune_of(w, &message.fortune).to_owned(),
        ),
    ];
    let values = values.map(|(name, value)| (name, value.as_str()));
    let failed = matches!(message.fortune.as_str(), "failed" | "expired");
    json!({
        "says": fill(a.text_line, &values),
        "title": message.letter.text.lines().next().unwrap_or_default(),
        "failed": failed,
        "open": matches!(message.fortune.as_str(), "queued" | "submitted"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(letters: usize) -> Told {
        Told {
            title: "여권".to_owned(),
            answer: "가".repeat(letters),
            link: "https://120.city.example/articles/passport?lang=ko".to_owned(),
        }
    }

    fn counted(text: &str) -> Composed {
        Composed {
            letters: writing::letters(text),
            limit: 1_000,
            ..Composed::default()
        }
    }

    #[test]
    fn a_long_answer_is_cut_where_it_must_and_its_page_stays() {
        let (text, _, cut) = shorten(&told(100), 1_000, counted).expect("it fits");
        assert!(!cut && text.contains(&"가".repeat(100)));
        let (text, composed, cut) = shorten(&told(2_000), 1_000, counted).expect("it is cut");
        assert!(cut && composed.letters == 1_000);
        assert!(text.ends_with("…\nhttps://120.city.example/articles/passport?lang=ko"));
        let (text, ..) = shorten(&told(2_000), 70, counted).expect("a city's own limit");
        assert!(writing::letters(&text) <= 70);
        assert!(shorten(&told(2_000), 30, counted).is_none());
    }
}
