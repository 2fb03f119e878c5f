//! `dasan evaluate`: asks real questions and counts which find their answers. Never part of a test.

use crate::config;
use anyhow::{Context, Result, bail};
use center::knowledge::Entry;
use search::evaluate::{Variant, read, run};
use search::{Ranking, STEPS};
use std::path::Path;
use std::process::ExitCode;
use web::articles::read_synonyms;

/// Prints one `name=value` pair for each figure.
pub fn search(evaluate: &config::EvaluateSearch) -> Result<ExitCode> {
    let name = evaluate.file.display();
    let bytes = std::fs::read(&evaluate.file).with_context(|| format!("cannot read {name}"))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))?;
    let list = read(&text).with_context(|| format!("cannot use {name}"))?;
    let variant = Variant {
        title: evaluate.fields == config::Indexed::TitleAndBody,
        no_spaces: evaluate.no_spaces,
        drop_syllable: evaluate.drop_syllable,
        wrong_syllable: evaluate.wrong_syllable,
    };
    let mut ranking = Ranking::default();
    for step in &evaluate.without {
        let Some(left) = ranking.clone().without(step) else {
            bail!(
                "no step of the ranking is called {step}: {}",
                STEPS.join(", ")
            );
        };
        ranking = left;
    }
    println!("search_pairs={}", list.pairs.len());
    println!("search_rows_skipped={}", list.skipped.len());
    if let Some(line) = list.skipped.first() {
        eprintln!("dasan: rows without question or answer, the first in line {line}");
    }
    let table = match &evaluate.synonyms {
        None => Vec::new(),
        Some(file) => synonyms(file)?,
    };
    let entries = table.iter().map(|one| (&*one.word, &*one.meant));
    for figures in run(&list.pairs, variant, ranking, entries)? {
        figures.lines().iter().for_each(|line| println!("{line}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn synonyms(file: &Path) -> Result<Vec<Entry>> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let (entries, flaws) = read_synonyms(&text);
    if let Some(flaw) = flaws.first() {
        bail!("{name}: {}: {}", flaw.place, flaw.what);
    }
    println!("search_synonyms={}", entries.len());
    Ok(entries)
}
