//! Evaluates a list of questions and answers without the rest of the house. Never part of a test.

use search::Ranking;
use search::evaluate::{self, Variant};

fn main() {
    let mut variant = Variant::default();
    let mut ranking = Ranking::default();
    let mut file = None;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--title" => variant.title = true,
            "--no-spaces" => variant.no_spaces = true,
            "--drop-syllable" => variant.drop_syllable = true,
            "--wrong-syllable" => variant.wrong_syllable = true,
            "--without" => {
                let step = words.next().unwrap_or_default();
                ranking = ranking.without(&step).expect("a step of the ranking");
            }
            "--set" => {
                let pair = words.next().unwrap_or_default();
                let (name, value) = pair.split_once('=').expect("name=value");
                set(&mut ranking, name, value.parse().expect("a number"));
            }
            _ => file = Some(word),
        }
    }
    let text = std::fs::read_to_string(file.expect("a file")).expect("the file can be read");
    let list = evaluate::read(&text).expect("a list of pairs");
    let figures = evaluate::run(&list.pairs, variant, ranking, []).expect("the index can be built");
    for figures in figures {
        if std::env::var("SHORT").is_ok() {
            println!(
                "{} {:.4} {:?} {:?} {:?}",
                figures.language, figures.mrr_at_10, figures.hit_at, figures.p50, figures.p99
            );
            continue;
        }
        figures.lines().iter().for_each(|line| println!("{line}"));
    }
}

fn set(ranking: &mut Ranking, name: &str, value: f32) {
    match name {
        "joined" => ranking.joined = value,
        "single" => ranking.single = value,
        "exact" => ranking.exact = value,
        "prefix" => ranking.prefix = value,
        "saturation" => ranking.saturation = value,
        "body_length" => ranking.lengths[2] = value,
        "title_length" => ranking.lengths[0] = value,
        "title_field" => ranking.fields[0] = value,
        "coverage" => ranking.coverage = value,
        "title" => ranking.title = value,
        "rough_terms" => ranking.rough_terms = value as usize,
        "rough_texts" => ranking.rough_texts = value as usize,
        "candidates" => ranking.candidates = value as usize,
        _ => panic!("no such weight: {name}"),
    }
}
