//! Pictures of telephones, and files that only say they are pictures.

use super::location::tests::exif;
use super::movie::tests::film;
use super::*;
use image::{ImageEncoder as _, Rgb, RgbImage, RgbaImage};
use proptest::prelude::*;

/// A picture of which every corner has its own color.
fn corners(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let far = |at: u32, most: u32| if at * 2 < most { 0 } else { 255 };
        Rgb([far(x, width), far(y, height), 128])
    })
}

/// A JPEG as a telephone writes it: with a place, a turn, a comment and a film behind it.
fn photo() -> Vec<u8> {
    let mut plain = Vec::new();
    let picture = DynamicImage::ImageRgb8(corners(64, 32));
    let encoder = JpegEncoder::new_with_quality(&mut plain, 90);
    picture.write_with_encoder(encoder).unwrap();
    let block = [b"Exif\0\0".to_vec(), exif(true, "N", "E")].concat();
    let comment = b"shot by Kim";
    let segment = |mark: u8, body: &[u8]| {
        let length = (body.len() as u16 + 2).to_be_bytes();
        [&[0xff, mark], length.as_slice(), body].concat()
    };
    let mut photo = plain[..2].to_vec();
    photo.extend(segment(0xe1, &block));
    photo.extend(segment(0xfe, comment));
    photo.extend_from_slice(&plain[2..]);
    photo.extend(film(&[b"vide"]));
    photo
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

#[tokio::test]
async fn a_photos_copy_tells_nothing_but_the_picture_and_its_place_is_apart() {
    let photo = photo();
    assert!(holds(&photo, b"Exif") && holds(&photo, b"Kim") && holds(&photo, b"ftyp"));
    let seen = Darkroom::new(Limits::default()).look(photo).await.unwrap();
    let shared = seen.shared.unwrap();
    assert_eq!((seen.kind, shared.media_type), (Kind::Jpeg, "image/jpeg"));
    for word in [b"Exif".as_slice(), b"Kim", b"ftyp", b"ICC_PROFILE"] {
        assert!(!holds(&shared.bytes, word));
    }
    let place = seen.location.unwrap();
    assert_eq!(
        (place.north_micro, place.east_micro),
        (37_566_500, 126_977_999)
    );
    let read = image::load_from_memory(&shared.bytes).unwrap().into_rgb8();
    assert_eq!(read.dimensions(), (64, 32));
    assert!(read.get_pixel(60, 2)[0] > 200 && read.get_pixel(60, 2)[1] < 50);
    let small = image::load_from_memory(&seen.thumbnail.unwrap()).unwrap();
    assert!(small.width() <= 320 && seen.withheld.is_none());
}

#[tokio::test]
async fn a_picture_that_lies_on_its_side_stands_up_in_the_copy() {
    // One entry: orientation 6, the camera was turned to the right.
    let turn = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let mut plain = Vec::new();
    let picture = DynamicImage::ImageRgb8(corners(64, 32));
    picture
        .write_with_encoder(JpegEncoder::new(&mut plain))
        .unwrap();
    let length = (turn.len() as u16 + 2).to_be_bytes();
    let photo = [&plain[..2], &[0xff, 0xe1], &length, turn, &plain[2..]].concat();
    let seen = Darkroom::new(Limits::default()).look(photo).await.unwrap();
    let shared = seen.shared.unwrap();
    assert_eq!((shared.width, shared.height), (32, 64));
    assert!(seen.location.is_none());
}

#[tokio::test]
async fn drawings_stay_sharp_and_see_through() {
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(10, 10, image::Rgba([9, 8, 7, 6])));
    let mut webp = Vec::new();
    let encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut webp);
    let raw = clear.to_rgba8();
    encoder
        .write_image(&raw, 10, 10, image::ExtendedColorType::Rgba8)
        .unwrap();
    for (bytes, kind) in [(png(&clear), Kind::Png), (webp, Kind::Webp)] {
        let seen = Darkroom::new(Limits::default()).look(bytes).await.unwrap();
        let shared = seen.shared.unwrap();
        assert_eq!((seen.kind, shared.media_type), (kind, "image/png"));
        assert_eq!(
            image::load_from_memory(&shared.bytes).unwrap().into_rgba8(),
            raw
        );
    }
}

#[tokio::test]
async fn what_cannot_be_copied_is_taken_and_withheld() {
    let heic = [
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heicExif\0\0".to_vec(),
        exif(true, "N", "E"),
    ];
    let heic = heic.concat();
    let webm = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm....".to_vec();
    let track = film(&[b"vide", b"meta"]);
    for (bytes, kind, why) in [
        (heic, Kind::Heic, "not-cleaned"),
        (webm, Kind::Webm, "not-cleaned"),
        (b"GIF89a....".to_vec(), Kind::Gif, "not-cleaned"),
        (track, Kind::Mp4, "track-of-data"),
    ] {
        let seen = Darkroom::new(Limits::default()).look(bytes).await.unwrap();
        assert_eq!((seen.kind, seen.withheld), (kind, Some(why)));
        assert!(seen.shared.is_none());
        let placed = matches!(kind, Kind::Heic | Kind::Mp4);
        assert_eq!(seen.location.is_some(), placed, "{kind:?}");
    }
    let seen = Darkroom::new(Limits::default())
        .look(film(&[b"vide"]))
        .await
        .unwrap();
    assert_eq!(seen.shared.unwrap().media_type, "video/mp4");
    assert!(seen.location.is_some() && seen.withheld.is_none());
    let old = [b"\0\0\0\x0cftyp3gp5".to_vec(), film(&[b"vide"])].concat();
    let seen = Darkroom::new(Limits::default()).look(old).await.unwrap();
    assert_eq!(seen.kind, Kind::ThreeGp);
}

/// A PNG of a few hundred octets that says to be so many pixels.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(&DynamicImage::ImageRgb8(corners(8, 8)));
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = 0xffff_ffff_u32;
    for octet in &bytes[12..29] {
        sum ^= u32::from(*octet);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            };
        }
    }
    bytes[29..33].copy_from_slice(&(!sum).to_be_bytes());
    bytes
}

#[tokio::test]
async fn hostile_files_are_refused_by_name() {
    let behind = |tail: &[u8]| [photo(), tail.to_vec()].concat();
    let large = vec![0xff; Limits::default().bytes_max + 1];
    let cut = photo()[..300].to_vec();
    let cases = [
        (large, Refused::TooLarge),
        (
            b"<svg xmlns='x' onload='alert(1)'/>".to_vec(),
            Refused::Unknown,
        ),
        (b"<!DOCTYPE html><script>".to_vec(), Refused::Unknown),
        (b"MZ\x90\0".to_vec(), Refused::Unknown),
        (b"PK\x03\x04".to_vec(), Refused::Unknown),
        (Vec::new(), Refused::Unknown),
        (b"GIF89a/*<SCRIPT>alert(1)".to_vec(), Refused::TwoFaces),
        (behind(b"<?php system($_GET[0]); ?>"), Refused::TwoFaces),
        (
            behind(b"PK\x03\x04....PK\x05\x06........"),
            Refused::TwoFaces,
        ),
        (bomb(30_000, 30_000), Refused::TooManyPixels),
        (bomb(8_192, 8_192), Refused::TooManyPixels),
        (bomb(8_193, 1), Refused::TooManyPixels),
        (bomb(5_000, 5_000), Refused::Broken),
        (cut, Refused::Broken),
        (b"\xff\xd8\xffnothing".to_vec(), Refused::Broken),
        (b"\0\0\0\x18ftypisom........".to_vec(), Refused::Broken),
    ];
    let room = Darkroom::new(Limits::default());
    for (number, (bytes, refused)) in cases.into_iter().enumerate() {
        let told = room.look(bytes).await;
        assert_eq!(told.map(|seen| seen.kind), Err(refused), "case {number}");
    }
    assert_eq!(Refused::TooManyPixels.to_string(), "picture-too-large");
}

#[tokio::test]
async fn a_slow_picture_is_given_up_and_keeps_its_seat() {
    let room = Darkroom::new(Limits {
        time_ms: 50,
        at_once: 1,
        ..Limits::default()
    });
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let slow = room.develop(move || {
        let _ = wait.recv();
        Ok(())
    });
    assert_eq!(slow.await, Err(Refused::Late));
    let next = room.look(photo()).await;
    assert_eq!(
        next.map(|seen| seen.kind),
        Err(Refused::Late),
        "the seat is taken"
    );
    go.send(()).unwrap();
    let patient = Darkroom {
        limits: Limits::default(),
        seats: room.seats.clone(),
    };
    assert!(patient.look(photo()).await.is_ok());
    let panics: Result<(), Refused> = patient.develop(|| panic!("a decoder's bug")).await;
    assert_eq!(panics, Err(Refused::Broken));
    assert!(patient.look(photo()).await.is_ok(), "the seat came back");
}

#[tokio::test]
async fn a_picture_is_made_to_fit_an_aggregator() {
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(300, 250, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = state.to_be_bytes();
        Rgb([a, b, c])
    });
    let room = Darkroom::new(Limits::default());
    let noise = png(&DynamicImage::ImageRgb8(noise));
    let fitted = room.within(noise, 200, 180, 10_000).await.unwrap();
    let read = image::load_from_memory(&fitted).unwrap();
    assert!(fitted.len() <= 10_000 && read.width() <= 200 && read.height() <= 180);
    let film = room.within(film(&[b"vide"]), 1_500, 1_440, 1).await;
    assert_eq!(film, Err(Refused::Unknown));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_bent_photo_is_seen_or_refused(at in any::<prop::sample::Index>(), octet in any::<u8>()) {
        let mut bent = photo();
        let at = at.index(bent.len());
        bent[at] = octet;
        if let Ok(seen) = see(&bent, &Limits::default()) {
            let shared = seen.shared.unwrap();
            prop_assert!(!holds(&shared.bytes, b"Exif"));
        }
        let _ = see(&bent[..at], &Limits::default());
    }
}

/// Whether a program of libheif is here. On CI a missing one is a failure.
fn libheif() -> bool {
    let found = std::process::Command::new("heif-enc")
        .arg("--help")
        .output();
    if found.is_ok() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "heif-enc is missing");
    eprintln!("SKIPPED: heif-enc is missing, so no photograph of libheif was tried");
    false
}

/// Runs a program of libheif in a folder.
fn heif(folder: &std::path::Path, program: &str, arguments: &[&str]) {
    let mut command = std::process::Command::new(program);
    let ran = command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{program} {arguments:?}: {said}");
}

#[tokio::test]
async fn a_photograph_of_libheif_opens_as_before_without_its_place() {
    if !libheif() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("photo.jpg"), photo()).unwrap();
    heif(
        folder.path(),
        "heif-enc",
        &["photo.jpg", "-o", "photo.heic"],
    );
    let bytes = std::fs::read(path("photo.heic")).unwrap();
    let seen = Darkroom::new(Limits::default())
        .look(bytes.clone())
        .await
        .unwrap();
    let place = seen.location.expect("libheif carries the place over");
    assert_eq!((seen.kind, place.north_micro), (Kind::Heic, 37_566_500));
    let shared = seen.shared.expect("it can be cleaned");
    assert_eq!((shared.media_type, seen.withheld), ("image/heic", None));
    let block = exif(true, "N", "E");
    assert!(holds(&bytes, &block[40..]) && !holds(&shared.bytes, &block[40..]));
    std::fs::write(path("clean.heic"), &shared.bytes).unwrap();
    for (from, to) in [("photo.heic", "photo.png"), ("clean.heic", "clean.png")] {
        heif(folder.path(), "heif-convert", &[from, to]);
    }
    let pixels = |name| image::open(path(name)).unwrap().into_rgb8();
    assert!(pixels("photo.png") == pixels("clean.png"));
    let again = Darkroom::new(Limits::default()).look(shared.bytes).await;
    assert!(again.unwrap().location.is_none());
}
