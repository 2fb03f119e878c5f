//! Files that citizens and counselors send: judged by looking at them, stored encrypted, shown to
//! staff and to the citizen of a chat. Never believes a name or a declared type.

use crate::record::may_read;
use crate::session::random_hex;
use crate::site::{Site, Staffer, refuse, trouble};
use crate::writing::Cleaned;
use crate::{chat, links};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use center::city::ContactId;
use store::{Blobs, Failure, File};

/// Largest file.
pub(crate) const FILE_MAX: usize = 10 * 1024 * 1024;
/// Letters of a file's name that are kept.
const NAME_MAX: usize = 120;
/// A file is data, whatever is in it: nothing of it may act or load.
const POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox";

/// The media type of what can be taken, by its first bytes.
pub(crate) fn kind(bytes: &[u8]) -> Option<&'static str> {
    let starts = |mark: &[u8]| bytes.starts_with(mark);
    if starts(&[0xFF, 0xD8, 0xFF]) {
        Some("image/jpeg")
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP".as_slice()) {
        Some("image/webp")
    } else if starts(b"%PDF-") {
        Some("application/pdf")
    } else {
        None
    }
}

/// A name without anything that could act: letters, digits and a few signs.
pub(crate) fn plain_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = |letter: &char| letter.is_alphanumeric() || " ._-()".contains(*letter);
    last.chars().filter(kept).take(NAME_MAX).collect()
}

/// Stores a file of a known kind, a cleaned copy of it too where there is a cleaner.
pub(crate) async fn store(
    site: &Site,
    name: &str,
    kind: &'static str,
    bytes: Vec<u8>,
) -> Result<File, Failure> {
    let blobs = site.archive.blobs().clone();
    let cleaner = site.settings.writing.picture.clone();
    let name = plain_name(name);
    let work = move || {
        let cleaned = cleaner.filter(|_| kind.starts_with("image/"));
        let cleaned = cleaned.and_then(|clean| clean(&bytes));
        put_all(&blobs, name, kind, &bytes, cleaned.as_ref())
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|failure| Err(Failure::Engine(failure.to_string())))
}

fn put_all(
    blobs: &Blobs,
    name: String,
    kind: &str,
    bytes: &[u8],
    cleaned: Option<&Cleaned>,
) -> Result<File, Failure> {
    let came = put(blobs, bytes)?;
    let Some(cleaned) = cleaned else {
        return Ok(File {
            blob: came,
            name,
            media_type: kind.to_owned(),
            bytes: bytes.len() as u64,
            ..File::default()
        });
    };
    Ok(File {
        blob: put(blobs, &cleaned.bytes)?,
        small: put(blobs, &cleaned.small)?,
        original: came,
        name,
        media_type: cleaned.media_type.clone(),
        bytes: cleaned.bytes.len() as u64,
        ..File::default()
    })
}

fn put(blobs: &Blobs, bytes: &[u8]) -> Result<String, Failure> {
    let name = format!("letters/{}", random_hex(16));
    let mut writer = blobs.create(&name)?;
    writer.append(bytes)?;
    writer.finish()?;
    Ok(name)
}

/// Erases what was stored for a message that was not taken, or was known already.
pub(crate) async fn erase(site: &Site, files: &[File]) {
    let blobs = site.archive.blobs().clone();
    let names: Vec<String> = files
        .iter()
        .flat_map(File::blobs)
        .map(str::to_owned)
        .collect();
    let work = move || {
        for name in names {
            if let Err(failure) = blobs.erase(&name) {
                tracing::warn!(%failure, "a file that belongs to no message stays");
            }
        }
    };
    let _ = tokio::task::spawn_blocking(work).await;
}

/// `GET /contacts/{contact}/letters/{message}/{number}`: one file of a message.
pub(crate) async fn file(
    State(site): State<Site>,
    Path((contact, message, number)): Path<(u64, u32, usize)>,
    staffer: Staffer,
) -> Response {
    let w = staffer.words;
    let contact = ContactId(contact);
    let read = async {
        let row = site.archive.contact(contact).await?;
        let message = site.archive.message(contact, message).await?;
        Ok::<_, Failure>((row, message))
    };
    let (row, message) = match read.await {
        Ok(read) => read,
        Err(failure) => return trouble(w, &failure),
    };
    let file = message.and_then(|message| message.letter.files.into_iter().nth(number));
    let (Some(row), Some(file)) = (row, file) else {
        return refuse(w, StatusCode::NOT_FOUND, w.not_found);
    };
    if !may_read(&site, &staffer, &row) {
        return refuse(w, StatusCode::FORBIDDEN, w.forbidden);
    }
    if let Some((text, _)) = links::sealed_text(&site, &file).await {
        return ([(header::CONTENT_SECURITY_POLICY, POLICY)], text).into_response();
    }
    match serve(&site, &file).await {
        Ok(served) => {
            tracing::info!(
                counselor.id = staffer.id().0,
                contact.id = contact.0,
                "a file was opened"
            );
            served
        }
        Err(failure) => trouble(w, &failure),
    }
}

/// `GET /chat/files/{contact}/{message}/{number}`: a file of the city, for the citizen of the chat.
pub(crate) async fn chat_file(
    State(site): State<Site>,
    Path((contact, message, number)): Path<(u64, u32, usize)>,
    headers: HeaderMap,
) -> Response {
    let contact = ContactId(contact);
    let own = chat::session(&site, &headers).is_some_and(|session| session.contact == contact);
    if !own || contact == ContactId(0) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let read = async {
        let message = site.archive.message(contact, message).await?;
        let sent = message.filter(|message| !message.incoming);
        match sent.and_then(|message| message.letter.files.into_iter().nth(number)) {
            Some(file) => serve(&site, &file).await.map(Some),
            None => Ok(None),
        }
    };
    match read.await {
        Ok(Some(served)) => served,
        Ok(None) | Err(Failure::NoBlob(_)) => StatusCode::NOT_FOUND.into_response(),
        Err(failure) => {
            tracing::error!(%failure, "a file of a chat was not read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Whether a browser shows it as a picture; HEIC is one that it does not.
pub(crate) fn is_shown(media_type: &str) -> bool {
    media_type.starts_with("image/") && media_type != "image/heic"
}

/// The bytes of a file as an answer that cannot act.
pub(crate) async fn serve(site: &Site, file: &File) -> Result<Response, Failure> {
    let (archive, blob) = (site.archive.clone(), file.blob.clone());
    let read = tokio::task::spawn_blocking(move || archive.blobs().read(&blob)).await;
    let bytes = read.unwrap_or_else(|gone| Err(Failure::Engine(gone.to_string())))?;
    Ok(served(file, bytes))
}

fn served(file: &File, bytes: Vec<u8>) -> Response {
    let shown = kind(&bytes).filter(|kind| kind.starts_with("image/"));
    let ending = match kind(&bytes).unwrap_or(&file.media_type) {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        // What browsers do not show is for another program to open.
        "image/heic" => "heic",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        _ => "bin",
    };
    let way = if shown.is_some() {
        "inline"
    } else {
        "attachment"
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            kind(&bytes)
                .unwrap_or("application/octet-stream")
                .to_owned(),
        ),
        (
            header::CONTENT_DISPOSITION,
            format!(
                "{way}; filename=\"{}.{ending}\"",
                file.blob.replace('/', "-")
            ),
        ),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
    ];
    (headers, bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_begins_with() {
        assert_eq!(kind(&[0xFF, 0xD8, 0xFF, 0xE0]), Some("image/jpeg"));
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(kind(b"%PDF-1.7"), Some("application/pdf"));
        for other in [
            b"<svg onload=x>".as_slice(),
            b"<html>",
            b"",
            b"GIF89a",
            b"RIFF",
        ] {
            assert_eq!(kind(other), None);
        }
    }

    #[test]
    fn a_name_cannot_lead_anywhere() {
        assert_eq!(plain_name("../../etc/passwd"), "passwd");
        assert_eq!(plain_name("C:\\x\\사진 1.jpg"), "사진 1.jpg");
        assert_eq!(plain_name("a\"\r\nx: <b>.png"), "ax b.png");
        assert_eq!(plain_name(&"가".repeat(500)).chars().count(), NAME_MAX);
    }

    #[test]
    fn what_a_browser_does_not_show_is_offered_under_its_name() {
        let file = File {
            blob: "letters/ab/key-0".to_owned(),
            media_type: "image/heic".to_owned(),
            ..File::default()
        };
        let answer = served(&file, b"\0\0\0\x18ftypheic".to_vec());
        let shown = answer.headers()[header::CONTENT_DISPOSITION].to_str();
        let name = "attachment; filename=\"letters-ab-key-0.heic\"";
        assert_eq!(shown.expect("plain letters"), name);
        assert_eq!(
            answer.headers()[header::CONTENT_TYPE],
            "application/octet-stream"
        );
        assert!(is_shown("image/png") && !is_shown("image/heic") && !is_shown("video/mp4"));
    }
}
