//! Lists the prompts and the sample articles under `assets` so that the binary carries them. Never
//! reads what they say.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let folder = Path::new(&root).join("assets/prompts");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut list = String::from("&[\n");
    for language in names(&folder) {
        for file in names(&folder.join(&language)) {
            let Some(name) = file.strip_suffix(".wav") else {
                continue;
            };
            let path = folder.join(&language).join(&file);
            let path = path.to_string_lossy();
            writeln!(list, "({language:?}, {name:?}, include_bytes!({path:?})),")
                .expect("a string takes what is written");
        }
    }
    list.push_str("]\n");
    fs::write(Path::new(&out).join("prompts.rs"), list).expect("OUT_DIR can be written");
    articles(&root, &out);
}

/// The files of sample articles, where there are any.
fn articles(root: &str, out: &str) {
    let folder = Path::new(root).join("assets/articles");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut list = String::from("&[\n");
    for file in names(&folder) {
        let path = folder.join(&file);
        let path = path.to_string_lossy();
        writeln!(list, "({file:?}, include_str!({path:?})),")
            .expect("a string takes what is written");
    }
    list.push_str("]\n");
    fs::write(Path::new(out).join("articles.rs"), list).expect("OUT_DIR can be written");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folders under assets are part of the source");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
