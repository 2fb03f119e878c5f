//! What a button of the library asks for, and what it answers. Never a page of its own but for a
//! refusal.

use super::texts::{self, Words};
use super::{article, author};
use crate::Site;
use crate::site::{Staffer, refuse};
use crate::texts::fill;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use center::city::ContactId;
use center::knowledge::{Order, Refusal, Season, Status};
use hub::LibraryError;
use store::library::ArticleSearch;

/// The fields of a form, in order; a name may come several times.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// A field's value, empty when it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The lines of a field.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        self.get(name).lines().map(str::to_owned).collect()
    }

    /// A field that is a number.
    pub(crate) fn number(&self, name: &str) -> u32 {
        self.get(name).trim().parse().unwrap_or(0)
    }
}

/// A form that proves that it came from a page of this session.
pub(crate) struct Proven {
    pub(crate) staffer: Staffer,
    pub(crate) fields: Fields,
}

impl FromRequest<Site> for Proven {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site) -> Result<Proven, Response> {
        use axum::extract::FromRequestParts as _;
        let (mut parts, body) = request.into_parts();
        let staffer = Staffer::from_request_parts(&mut parts, site).await?;
        let request = Request::from_parts(parts, body);
        let l = texts::in_language(staffer.words.tag);
        let read = Form::<Vec<(String, String)>>::from_request(request, site).await;
        let fields = match read {
            Ok(Form(fields)) => Fields(fields),
            Err(FormRejection::BytesRejection(_)) => {
                tracing::info!("a form of the library was too large");
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                return Err(refuse(staffer.words, status, l.too_big));
            }
            Err(_) => {
                let message = staffer.words.bad_request;
                return Err(refuse(staffer.words, StatusCode::BAD_REQUEST, message));
            }
        };
        let token = fields.get("token");
        if !site.sessions.token_fits(&staffer.session, token) {
            let message = staffer.words.forged;
            return Err(refuse(staffer.words, StatusCode::FORBIDDEN, message));
        }
        Ok(Proven { staffer, fields })
    }
}

/// What to say, and with which status, when something was not done.
pub(crate) fn said(l: &'static Words, error: &LibraryError) -> (StatusCode, &'static str) {
    match error {
        LibraryError::Refused(refusal) => {
            let status = match refusal {
                Refusal::NotAllowed => StatusCode::FORBIDDEN,
                Refusal::Unknown => StatusCode::NOT_FOUND,
                Refusal::Stale | Refusal::WrongState | Refusal::CodeTaken | Refusal::WordTaken => {
                    StatusCode::CONFLICT
                }
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, l.refusal(*refusal))
        }
        LibraryError::Unwritten | LibraryError::Stopped => {
            (StatusCode::SERVICE_UNAVAILABLE, l.r_unwritten)
        }
    }
}

/// What was just done, from the address: `saved`, or a verb with a number.
pub(crate) fn done(l: &'static Words, code: &str) -> String {
    let (verb, number) = code.split_once('-').unwrap_or((code, ""));
    let number: String = number.chars().filter(char::is_ascii_digit).collect();
    match verb {
        "" => String::new(),
        "asked" => fill(l.season_asked, &[("n", &number)]),
        "imported" => fill(l.import_done, &[("n", &number)]),
        _ => l.done.to_owned(),
    }
}

/// The order of a button.
fn order(verb: &str, fields: &Fields) -> Option<Order> {
    let base = fields.number("base");
    let reason = fields.get("reason").to_owned();
    Some(match verb {
        "review" => Order::AskReview { base, reason },
        "back" => Order::SendBack { base, reason },
        "publish" => Order::Publish {
            base,
            reason,
            assured: None,
        },
        "assure" => Order::Assure { reason },
        "check" => Order::AskCheck { reason },
        "retire" => Order::Retire { reason },
        "restore" => Order::Restore { reason },
        "roll-back" => Order::RollBack {
            base,
            to: fields.number("to"),
            reason,
        },
        "comment" => Order::Comment {
            words: fields.get("words").to_owned(),
            contact: fields.get("contact").trim().parse().ok().map(ContactId),
        },
        "settle" => Order::Settle {
            comment: fields.number("comment"),
            reason,
        },
        _ => return None,
    })
}

/// `POST /library/a/{code}/do/{verb}`
pub(crate) async fn ask(
    State(site): State<Site>,
    Path((code, verb)): Path<(String, String)>,
    Proven { staffer, fields }: Proven,
) -> Response {
    let Some(order) = order(&verb, &fields) else {
        return refuse(
            staffer.words,
            StatusCode::NOT_FOUND,
            staffer.words.not_found,
        );
    };
    let id = match site.archive.find_article(&code).await {
        Ok(Some(id)) => id,
        Ok(None) => {
            let message = staffer.words.not_found;
            return refuse(staffer.words, StatusCode::NOT_FOUND, message);
        }
        Err(failure) => return crate::site::trouble(staffer.words, &failure),
    };
    let asked = site.hub.librarian().ask(author(&staffer), id, order).await;
    match asked {
        Ok(_) => Redirect::to(&format!("/library/a/{code}?done={verb}")).into_response(),
        Err(error) => {
            let l = texts::in_language(staffer.words.tag);
            let (status, message) = said(l, &error);
            // What was typed is still there.
            let shown = article::Shown {
                problem: message.to_owned(),
                typed: fields.get("reason").to_owned() + fields.get("words"),
                verb,
                ..article::Shown::default()
            };
            (status, article::show(&site, &staffer, &code, shown).await).into_response()
        }
    }
}

/// `POST /library/season`: asks the owners of everything published in a pack.
pub(crate) async fn season(
    State(site): State<Site>,
    Proven { staffer, fields }: Proven,
) -> Response {
    let Some(season) = Season::parse(fields.get("season")) else {
        let message = staffer.words.bad_request;
        return refuse(staffer.words, StatusCode::BAD_REQUEST, message);
    };
    let search = ArticleSearch {
        statuses: vec![Status::Published, Status::Scheduled, Status::Expired],
        season: Some(season),
        limit: 10_000,
        ..ArticleSearch::default()
    };
    let rows = match site.archive.articles(&search).await {
        Ok(rows) => rows,
        Err(failure) => return crate::site::trouble(staffer.words, &failure),
    };
    let mut asked = 0;
    for row in rows {
        let order = Order::AskCheck {
            reason: fields.get("reason").to_owned(),
        };
        match site
            .hub
            .librarian()
            .ask(author(&staffer), row.id, order)
            .await
        {
            Ok(_) => asked += 1,
            // Another unit's, or asked already.
            Err(LibraryError::Refused(_)) => {}
            Err(error) => {
                let l = texts::in_language(staffer.words.tag);
                let (status, message) = said(l, &error);
                return refuse(staffer.words, status, message);
            }
        }
    }
    let season = season.code();
    Redirect::to(&format!("/library?season={season}&done=asked-{asked}")).into_response()
}
