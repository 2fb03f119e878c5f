//! The house rules as tests: file heads, lengths, arrows, dead files, names. Never a matter of
//! taste.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;
/// Lines of a function that is one table: a `match` over every kind, or data of a test.
const TABLE_LINES_MAX: usize = 130;
const LINE_COLUMNS_MAX: usize = 100;
const README_LINES_MAX: usize = 120;

/// The rooms and the rooms they may know. A new arrow needs a page in `docs/decisions`.
const ARROWS: [(&str, &[&str]); 9] = [
    ("center", &[]),
    ("search", &[]),
    ("store", &["center"]),
    ("hub", &["center", "store"]),
    ("messaging", &["center", "hub", "store"]),
    ("telephony", &["center", "hub", "store"]),
    ("web", &["center", "hub", "search", "store"]),
    ("simulator", &["center", "hub"]),
    (
        "dasan",
        &[
            "center",
            "hub",
            "messaging",
            "search",
            "simulator",
            "store",
            "telephony",
            "web",
        ],
    ),
];
/// What stands outside the house and looks in.
const FUZZ: (&str, &[&str]) = (
    "fuzz",
    &["center", "messaging", "search", "store", "telephony", "web"],
);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the source, without what is built, stored or vendored.
fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let skipped = [
                "target",
                ".git",
                "data",
                "vendor",
                "artifacts",
                "corpus",
                "coverage",
            ];
            let skipped = skipped.iter().any(|skip| name == *skip);
            match path.is_dir() {
                true if !skipped => open.push(path),
                true => {}
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

fn with_extension(extension: &str) -> Vec<(PathBuf, String)> {
    files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn every_file_says_what_lives_in_it() {
    let mut wrong = Vec::new();
    for (path, text) in with_extension("rs") {
        let head = text.lines().next().unwrap_or("");
        if !head.starts_with("//! ") || head.len() < 30 {
            wrong.push(shown(&path));
        }
    }
    assert_none("files without a head sentence", &wrong);
}

/// Columns of a line, sentences in quotes left out: what is said to people is not cut in two.
fn width(line: &str) -> usize {
    let (mut columns, mut quoted, mut escaped) = (0, false, false);
    for letter in line.chars() {
        let quote = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        quoted ^= quote;
        columns += usize::from(!quoted || quote);
    }
    // The middle of a sentence that goes over several lines.
    let within = line.trim_end().ends_with('\\') && !line.contains("//");
    if within { 0 } else { columns }
}

#[test]
fn files_functions_and_lines_fit_a_screen() {
    let mut wrong = Vec::new();
    for (path, text) in with_extension("rs") {
        let lines: Vec<&str> = text.lines().collect();
        if lines.len() > FILE_LINES_MAX {
            wrong.push(format!("{}: {} lines", shown(&path), lines.len()));
        }
        for (index, line) in lines.iter().enumerate() {
            if width(line) > LINE_COLUMNS_MAX {
                wrong.push(format!("{}:{}: too wide", shown(&path), index + 1));
            }
            let length = function_length(&lines[index..]);
            let table = index > 0 && lines[index - 1].trim().starts_with("// A table:");
            let most = if table {
                TABLE_LINES_MAX
            } else {
                FUNCTION_LINES_MAX
            };
            if length > most {
                let at = format!("{}:{}", shown(&path), index + 1);
                wrong.push(format!("{at}: a function of {length} lines"));
            }
        }
    }
    assert_none("too long", &wrong);
}

/// Lines of the function that begins at the first line, 0 when none does. Relies on `rustfmt`: the
/// closing brace stands in the column of the function.
fn function_length(lines: &[&str]) -> usize {
    let first = lines[0];
    let words = first.trim_start();
    let indent = &first[..first.len() - words.len()];
    let mut rest = words;
    for word in [
        "pub ",
        "pub(crate) ",
        "pub(super) ",
        "const ",
        "async ",
        "extern \"C\" ",
    ] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    if !rest.starts_with("fn ") || first.ends_with(['}', ';']) {
        return 0;
    }
    let end = format!("{indent}}}");
    lines
        .iter()
        .position(|line| *line == end)
        .map_or(0, |last| last + 1)
}

#[test]
fn a_long_function_would_be_found() {
    let body = vec!["    x();"; 75];
    let lines: Vec<&str> = ["pub fn long() {"]
        .into_iter()
        .chain(body)
        .chain(["}"])
        .collect();
    assert_eq!(function_length(&lines), 77);
    assert_eq!(function_length(&["fn short() {}", "}"]), 0);
}

#[test]
fn rooms_know_only_the_rooms_they_may() {
    let mut wrong = Vec::new();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().chain([FUZZ]).collect();
    for (path, text) in with_extension("toml") {
        if path.file_name().is_none_or(|name| name != "Cargo.toml") {
            continue;
        }
        let manifest: toml::Table = text.parse().unwrap();
        let name = manifest["package"]["name"].as_str().unwrap();
        let Some(may) = allowed.get(name) else {
            wrong.push(format!("{name}: not a room of the plan"));
            continue;
        };
        let tables = ["dependencies", "build-dependencies", "dev-dependencies"];
        for table in tables
            .iter()
            .filter_map(|table| manifest.get(*table)?.as_table())
        {
            for known in table
                .keys()
                .filter(|key| allowed.contains_key(key.as_str()))
            {
                if !may.contains(&known.as_str()) {
                    wrong.push(format!("{name} -> {known}"));
                }
            }
        }
    }
    assert_none("arrows that the plan does not have", &wrong);
}

#[test]
fn the_center_knows_nothing_but_serde() {
    let text = fs::read_to_string(root().join("crates/center/Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let known: Vec<&String> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(known, ["serde"]);
    let rules = fs::read_to_string(root().join("crates/center/clippy.toml")).unwrap();
    let rules: toml::Table = rules.parse().unwrap();
    let banned = |list: &str| -> BTreeSet<String> {
        let entries = rules[list].as_array().unwrap().iter();
        entries
            .map(|entry| entry["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let types = banned("disallowed-types");
    for path in [
        "std::collections::HashMap",
        "std::time::Instant",
        "std::fs::File",
    ] {
        assert!(types.contains(path), "{path}");
    }
    let methods = banned("disallowed-methods");
    for path in [
        "std::time::SystemTime::now",
        "std::env::var",
        "std::thread::spawn",
    ] {
        assert!(methods.contains(path), "{path}");
    }
}

#[test]
fn no_file_is_dead() {
    let mut wrong = Vec::new();
    for (path, _) in with_extension("rs") {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let folder = path.parent().unwrap();
        let is_root = ["main", "lib", "build", "mod"].contains(&stem.as_str())
            || folder.ends_with("tests")
            || folder.ends_with("benches")
            || folder.ends_with("examples")
            || folder.ends_with("fuzz_targets");
        if !is_root && !declared(folder, &stem) {
            wrong.push(shown(&path));
        }
    }
    assert_none("files that no `mod` names", &wrong);
}

/// Every fuzz target is built, and begins with something that its reader knows.
#[test]
fn every_fuzz_target_is_named_and_has_a_seed() {
    let folder = root().join("fuzz");
    let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let bins = manifest["bin"].as_array().unwrap().iter();
    let named: BTreeSet<String> = bins
        .map(|bin| bin["name"].as_str().unwrap().to_owned())
        .collect();
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root().join("fuzz").join(folder)).unwrap();
        entries
            .flatten()
            .map(|entry| {
                let path = entry.path();
                path.file_stem().unwrap().to_str().unwrap().to_owned()
            })
            .collect()
    };
    assert_eq!(names("fuzz_targets"), named);
    assert_eq!(names("seeds"), named);
}

/// Whether a parent module of the folder has a line `mod stem;`.
fn declared(folder: &Path, stem: &str) -> bool {
    let own_parent = folder.with_extension("rs");
    let parents = ["lib.rs", "main.rs", "mod.rs"].map(|name| folder.join(name));
    let line = format!("mod {stem};");
    parents.iter().chain([&own_parent]).any(|parent| {
        let text = fs::read_to_string(parent).unwrap_or_default();
        text.lines().any(|found| found.trim_end().ends_with(&line))
    })
}

#[test]
fn no_room_is_a_lumber_room() {
    let banned = [
        "common", "core", "helper", "helpers", "manager", "service", "util", "utils",
    ];
    let named = |path: &PathBuf| {
        let inside = path.strip_prefix(root()).unwrap_or(path);
        let parts = inside
            .iter()
            .filter_map(|part| Path::new(part).file_stem()?.to_str());
        parts.into_iter().any(|part| banned.contains(&part))
    };
    let wrong: Vec<String> = files()
        .iter()
        .filter(|path| named(path))
        .map(|p| shown(p))
        .collect();
    assert_none("names that say nothing", &wrong);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    // Put together here, so that this file does not name them either.
    let banned = [["/", "work", "/"], ["/", "root", "/"], ["/", "home", "/"]].map(|s| s.concat());
    let mut wrong = Vec::new();
    for path in files() {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            if banned.iter().any(|word| line.contains(word.as_str())) {
                wrong.push(format!("{}:{}", shown(&path), index + 1));
            }
        }
    }
    assert_none("paths of a machine", &wrong);
}

#[test]
fn the_papers_are_there() {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let readme = read("README.md");
    assert!(
        readme.lines().count() < README_LINES_MAX,
        "the README is long"
    );
    assert!(
        readme.contains("cargo test --workspace"),
        "the README names the test command"
    );
    let ci = read(".ci/run");
    assert!(
        ci.contains("cargo test --workspace"),
        ".ci/run runs the README's test command"
    );
    let changes = read("CHANGELOG.md");
    for part in ["Added", "Changed", "Fixed"] {
        assert!(changes.contains(part), "the changelog has {part}");
    }
    let plan = read("ARCHITECTURE.md");
    for (room, _) in ARROWS.iter().filter(|(room, _)| *room != "dasan") {
        assert!(
            plan.contains(&format!("crates/{room}")),
            "ARCHITECTURE.md names {room}"
        );
    }
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        assert!(read(license).len() > 900, "{license}");
    }
    assert!(root().join("docs/decisions").read_dir().unwrap().count() > 0);
}

/// Links inside the papers lead somewhere.
#[test]
fn links_between_papers_hold() {
    let mut wrong = Vec::new();
    for (path, text) in with_extension("md") {
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next())
        {
            let outside = target.is_empty() || target.contains("://");
            if !outside && !path.parent().unwrap().join(target).exists() {
                wrong.push(format!("{}: {target}", shown(&path)));
            }
        }
    }
    assert_none("links that lead nowhere", &wrong);
}
