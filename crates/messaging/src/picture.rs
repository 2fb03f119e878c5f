//! Pictures and short videos of citizens: what they really are, a copy that tells nothing but the
//! picture, and the place apart. Keeps no file and shows none; never trusts a declared type.

mod location;
mod movie;
mod still;

pub use location::Location;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits as Bounds};
use serde::{Deserialize, Serialize};
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// What a file really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
    /// HEIC or AVIF, as new telephones photograph.
    Heic,
    /// MP4, also of Apple (QuickTime).
    Mp4,
    /// 3GP, as old telephones film.
    ThreeGp,
    /// WebM.
    Webm,
}

impl Kind {
    /// Media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Webp => "image/webp",
            Kind::Gif => "image/gif",
            Kind::Heic => "image/heic",
            Kind::Mp4 => "video/mp4",
            Kind::ThreeGp => "video/3gpp",
            Kind::Webm => "video/webm",
        }
    }

    /// What the first octets say.
    pub fn of(bytes: &[u8]) -> Option<Kind> {
        if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            return Some(Kind::Jpeg);
        }
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Kind::Png);
        }
        if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            return Some(Kind::Gif);
        }
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Some(Kind::Webp);
        }
        if bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
            let head = &bytes[..bytes.len().min(64)];
            return has(head, b"webm").then_some(Kind::Webm);
        }
        let brand = bytes.get(4..12)?.strip_prefix(b"ftyp")?;
        match brand {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" | b"avif" => {
                Some(Kind::Heic)
            }
            b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1"
            | b"M4V " | b"M4VH" | b"qt  " | b"MSNV" | b"dash" => Some(Kind::Mp4),
            [b'3', b'g', ..] => Some(Kind::ThreeGp),
            _ => None,
        }
    }
}

/// Why a file is not taken as a picture. The words are keys and stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More octets than allowed.
    #[error("file-too-large")]
    TooLarge,
    /// Not a picture or video that is taken: also SVG and HTML, whatever they are called.
    #[error("file-type-unknown")]
    Unknown,
    /// A picture that is at the same time something a browser or an archiver would run or open.
    #[error("file-has-two-faces")]
    TwoFaces,
    /// More pixels than allowed, or more memory to show it.
    #[error("picture-too-large")]
    TooManyPixels,
    /// It says to be a picture and is none.
    #[error("picture-broken")]
    Broken,
    /// It took too long, or too many wait.
    #[error("picture-too-slow")]
    Late,
}

/// Bounds of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Octets.
    pub bytes_max: usize,
    /// Pixels of a side.
    pub side_max: u32,
    /// Pixels of all.
    pub pixels_max: u64,
    /// Octets of memory while it is read.
    pub memory_max: u64,
    /// Milliseconds until it must be done.
    pub time_ms: u64,
    /// Pictures read at the same time.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bytes_max: 10 * 1024 * 1024,
            side_max: 8_192,
            pixels_max: 40_000_000,
            memory_max: 256 * 1024 * 1024,
            time_ms: 10_000,
            at_once: 2,
        }
    }
}

/// A copy that may be shown to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Media type.
    pub media_type: &'static str,
    /// Content.
    pub bytes: Vec<u8>,
    /// Pixels across; 0 for what was cleaned without being decoded.
    pub width: u32,
    /// Pixels down; likewise.
    pub height: u32,
}

/// What was found out about a file. The original is kept by whoever asked, apart from the copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it really is.
    pub kind: Kind,
    /// A copy without a word about place, time, device or owner.
    pub shared: Option<Copy>,
    /// Why there is no copy: the original must not be shown to others. A stable key.
    pub withheld: Option<&'static str>,
    /// A small JPEG.
    pub thumbnail: Option<Vec<u8>>,
    /// Where it was taken, as it says; to be kept only with its sender's consent.
    pub location: Option<Location>,
}

impl Seen {
    /// Takes a copy that was cleaned without being decoded, or why there is none.
    fn share(&mut self, bytes: Option<Vec<u8>>, why_not: &'static str) {
        let copy = |bytes| Copy {
            media_type: self.kind.media_type(),
            bytes,
            width: 0,
            height: 0,
        };
        self.shared = bytes.map(copy);
        if self.shared.is_none() {
            self.withheld = Some(why_not);
        }
    }
}

/// Where pictures are looked at: off the runtime's threads, few at once, with a time limit.
#[derive(Clone, Debug)]
pub struct Darkroom {
    limits: Limits,
    seats: Arc<Semaphore>,
}

impl Darkroom {
    /// An empty darkroom.
    pub fn new(limits: Limits) -> Darkroom {
        let seats = Arc::new(Semaphore::new(limits.at_once.max(1)));
        Darkroom { limits, seats }
    }

    /// Looks at a file.
    pub async fn look(&self, bytes: Vec<u8>) -> Result<Seen, Refused> {
        let limits = self.limits;
        self.develop(move || see(&bytes, &limits)).await
    }

    /// A JPEG of a picture that fits within a width, a height and a number of octets, as
    /// aggregators want them.
    pub async fn within(
        &self,
        bytes: Vec<u8>,
        width: u32,
        height: u32,
        bytes_max: usize,
    ) -> Result<Vec<u8>, Refused> {
        let limits = self.limits;
        self.develop(move || fitted(&bytes, &limits, width, height, bytes_max))
            .await
    }

    /// Runs work on a seat. A thread cannot be stopped: one that is late keeps its seat until it
    /// is done, so that no more than the seats are ever busy.
    async fn develop<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let seats = Arc::clone(&self.seats);
        let developed = async move {
            let seat = seats.acquire_owned().await.map_err(|_| Refused::Late)?;
            let done = tokio::task::spawn_blocking(move || {
                let done = work();
                drop(seat);
                done
            });
            // A decoder that panics read a broken picture.
            done.await.unwrap_or(Err(Refused::Broken))
        };
        let limit = Duration::from_millis(self.limits.time_ms);
        let timed = tokio::time::timeout(limit, developed).await;
        timed.unwrap_or(Err(Refused::Late))
    }
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    bytes
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

/// Whether a file is also a page, a document or an archive. A film behind a photograph, as
/// telephones append it, is none of them.
fn two_faced(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(1_024)];
    let tail = &bytes[bytes.len().saturating_sub(66_000)..];
    let words: [&[u8]; 5] = [b"<script", b"<html", b"<svg", b"<?php", b"<!doctype"];
    words.iter().any(|word| has(bytes, word)) || has(head, b"%PDF-") || has(tail, b"PK\x05\x06")
}

/// Looks at a file where blocking is allowed, without a time limit; `Darkroom::look` has one.
pub fn see(bytes: &[u8], limits: &Limits) -> Result<Seen, Refused> {
    if bytes.len() > limits.bytes_max {
        return Err(Refused::TooLarge);
    }
    let kind = Kind::of(bytes).ok_or(Refused::Unknown)?;
    if two_faced(bytes) {
        return Err(Refused::TwoFaces);
    }
    let mut seen = Seen {
        kind,
        shared: None,
        withheld: None,
        thumbnail: None,
        location: None,
    };
    match kind {
        Kind::Jpeg | Kind::Png | Kind::Webp => {
            let (picture, location) = decode(bytes, kind, limits)?;
            seen.thumbnail = Some(jpeg(&picture.thumbnail(320, 320), 75)?);
            seen.shared = Some(copy(picture, kind)?);
            seen.location = location;
        }
        Kind::Heic => {
            let cleaned = still::clean(bytes).unwrap_or_else(|| still::Cleaned {
                bytes: None,
                location: location::in_heic(bytes),
            });
            seen.location = cleaned.location;
            seen.share(cleaned.bytes, "not-cleaned");
        }
        Kind::Mp4 | Kind::ThreeGp => {
            let cleaned = movie::clean(bytes).ok_or(Refused::Broken)?;
            seen.location = cleaned.location;
            seen.share(cleaned.bytes, "track-of-data");
        }
        Kind::Gif | Kind::Webm => seen.withheld = Some("not-cleaned"),
    }
    Ok(seen)
}

/// The picture the right way up, and where it was taken.
fn decode(
    bytes: &[u8],
    kind: Kind,
    limits: &Limits,
) -> Result<(DynamicImage, Option<Location>), Refused> {
    let format = match kind {
        Kind::Png => ImageFormat::Png,
        Kind::Webp => ImageFormat::WebP,
        _ => ImageFormat::Jpeg,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut bounds = Bounds::default();
    bounds.max_image_width = Some(limits.side_max);
    bounds.max_image_height = Some(limits.side_max);
    bounds.max_alloc = Some(limits.memory_max);
    reader.limits(bounds);
    let why = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => Refused::TooManyPixels,
        _ => Refused::Broken,
    };
    let mut decoder = reader.into_decoder().map_err(why)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let most = limits.side_max;
    if width > most || height > most || pixels > limits.pixels_max {
        return Err(Refused::TooManyPixels);
    }
    if decoder.total_bytes() > limits.memory_max {
        return Err(Refused::TooManyPixels);
    }
    let exif = decoder.exif_metadata().ok().flatten();
    let location = exif.as_deref().and_then(location::in_exif);
    let turned = decoder.orientation().map_err(why)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(why)?;
    picture.apply_orientation(turned);
    Ok((picture, location))
}

/// A copy written anew from the pixels alone: no EXIF, XMP, ICC, comment or appended film.
fn copy(picture: DynamicImage, kind: Kind) -> Result<Copy, Refused> {
    let (width, height) = (picture.width(), picture.height());
    let lossless = kind == Kind::Png || picture.color().has_alpha();
    let (media_type, bytes) = if lossless {
        let plain = if picture.color().has_alpha() {
            DynamicImage::ImageRgba8(picture.into_rgba8())
        } else {
            DynamicImage::ImageRgb8(picture.into_rgb8())
        };
        let mut bytes = Cursor::new(Vec::new());
        let written = plain.write_to(&mut bytes, ImageFormat::Png);
        written.map_err(|_| Refused::Broken)?;
        ("image/png", bytes.into_inner())
    } else {
        ("image/jpeg", jpeg(&picture, 85)?)
    };
    Ok(Copy {
        media_type,
        bytes,
        width,
        height,
    })
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    let plain = picture.to_rgb8();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    let written = plain.write_with_encoder(encoder);
    written.map_err(|_| Refused::Broken)?;
    Ok(bytes)
}

/// First worse, then smaller, until it fits.
fn fitted(
    bytes: &[u8],
    limits: &Limits,
    width: u32,
    height: u32,
    bytes_max: usize,
) -> Result<Vec<u8>, Refused> {
    if bytes.len() > limits.bytes_max {
        return Err(Refused::TooLarge);
    }
    let kind = Kind::of(bytes).ok_or(Refused::Unknown)?;
    if !matches!(kind, Kind::Jpeg | Kind::Png | Kind::Webp) {
        return Err(Refused::Unknown);
    }
    let (picture, _) = decode(bytes, kind, limits)?;
    let (mut width, mut height) = (width.min(picture.width()), height.min(picture.height()));
    while width > 0 && height > 0 {
        let smaller = picture.thumbnail(width, height);
        for quality in [85, 70, 55, 40] {
            let written = jpeg(&smaller, quality)?;
            if written.len() <= bytes_max {
                return Ok(written);
            }
        }
        (width, height) = (width * 3 / 4, height * 3 / 4);
    }
    Err(Refused::TooLarge)
}

#[cfg(test)]
mod tests;
