//! Every scene plays as it is written; `UPDATE_EXPECT=1` writes it anew.

use simulator::scene::{play, set};
use simulator::world::House;
use std::path::{Path, PathBuf};

fn scenes() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

#[test]
fn every_scene_plays_as_written() {
    let mend = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for path in scenes() {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let city = set(&text).unwrap_or_else(|why| panic!("{name} {why}"));
        let mut house = House::new(city.clone());
        let played = play(&text, &mut house, &city).unwrap_or_else(|why| panic!("{name} {why}"));
        if played != text && mend {
            std::fs::write(&path, &played).unwrap();
        } else if played != text {
            let differs = text.lines().zip(played.lines()).find(|(is, was)| is != was);
            wrong.push(format!("{name}: written and played: {differs:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "UPDATE_EXPECT=1 writes them anew:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_scene_breaks_a_promise() {
    for path in scenes() {
        let text = std::fs::read_to_string(&path).unwrap();
        let broken: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("BROKEN"))
            .collect();
        assert!(broken.is_empty(), "{}: {broken:?}", path.display());
    }
}
