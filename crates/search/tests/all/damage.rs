//! Damaged, foreign and missing indexes; nothing is lost by any of them.

use super::{first, text};
use search::{Document, Failure, Index};
use std::fs;
use std::path::Path;
use std::time::Instant;

fn documents() -> Vec<Document> {
    (0..200)
        .map(|number| {
            let title = format!("안내 {number} 번");
            text(&format!("a{number}"), "ko", &title, "구청에서 처리합니다.")
        })
        .collect()
}

fn built(folder: &Path) {
    let index = Index::fresh(folder).unwrap();
    index.replace(documents(), 7).unwrap();
}

/// What a caller does at every start.
fn opened(folder: &Path) -> Index {
    match Index::open(folder) {
        Ok(index) => index,
        Err(failure) => {
            assert!(failure.asks_for_rebuild(), "{failure}");
            let index = Index::fresh(folder).unwrap();
            index.replace(documents(), 7).unwrap();
            index
        }
    }
}

#[test]
fn an_index_is_opened_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search");
    assert!(matches!(Index::open(&path), Err(Failure::Missing(_))));
    built(&path);
    let index = Index::open(&path).unwrap();
    assert_eq!((index.position(), index.texts()), (7, 200));
    assert_eq!(first(&index, "안내 77 번"), "a77");
}

#[test]
fn any_file_cut_in_half_or_gone_is_noticed_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search");
    built(&path);
    let names: Vec<_> = fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.contains("lock"))
        .collect();
    assert!(names.len() > 5, "{names:?}");
    let json = std::ffi::OsStr::new("json");
    for (index, name) in names.iter().enumerate() {
        built(&path);
        // Names of segments are new each time.
        let extension = Path::new(name).extension();
        let file = fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| {
                let same_name = path.ends_with(name);
                same_name || path.extension() == extension && extension != Some(json)
            })
            .unwrap();
        let bytes = fs::read(&file).unwrap();
        if index % 2 == 0 {
            fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        } else {
            fs::remove_file(&file).unwrap();
        }
        if !name.starts_with(".managed") {
            let failure = Index::open(&path)
                .err()
                .unwrap_or_else(|| panic!("{name} is not missed"));
            assert!(
                matches!(failure, Failure::Damaged { .. }),
                "{name}: {failure}"
            );
        }
        let index = opened(&path);
        assert_eq!(index.texts(), 200, "{name}");
        assert_eq!(first(&index, "안내 123 번"), "a123", "{name}");
    }
}

#[test]
fn a_byte_changed_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path());
    let largest = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap();
    let mut bytes = fs::read(&largest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&largest, bytes).unwrap();
    let failure = Index::open(folder.path()).err().unwrap();
    assert!(matches!(failure, Failure::Damaged { .. }), "{failure}");
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note.txt");
    fs::write(&note, "mine").unwrap();
    assert!(matches!(
        Index::open(folder.path()),
        Err(Failure::Foreign(_))
    ));
    assert!(matches!(
        Index::fresh(folder.path()),
        Err(Failure::Foreign(_))
    ));
    assert_eq!(fs::read_to_string(&note).unwrap(), "mine");
}

#[test]
fn two_writers_are_one_too_many() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path());
    let first = Index::open(folder.path()).unwrap();
    let second = Index::open(folder.path()).err().unwrap();
    assert!(matches!(second, Failure::Taken(_)), "{second}");
    assert!(!second.asks_for_rebuild());
    let third = Index::fresh(folder.path()).err().unwrap();
    assert!(matches!(third, Failure::Taken(_)), "{third}");
    assert_eq!(first.texts(), 200);
}

#[test]
fn what_is_published_is_found_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path());
    let index = Index::open(folder.path()).unwrap();
    let began = Instant::now();
    index
        .put(&[text("new", "ko", "새로운 축제", "토요일")], &[], 8)
        .unwrap();
    assert_eq!(first(&index, "새로운 축제"), "new");
    assert!(began.elapsed().as_millis() < 1_000, "{:?}", began.elapsed());
    index
        .put(&[text("new", "ko", "바뀐 제목", "토요일")], &[], 9)
        .unwrap();
    assert_eq!(first(&index, "바뀐 제목"), "new");
    assert_ne!(first(&index, "새로운 축제"), "new");
    index.put(&[], &["new".to_owned()], 10).unwrap();
    assert_ne!(first(&index, "바뀐 제목"), "new");
    assert_eq!((index.position(), index.texts()), (10, 200));
}
