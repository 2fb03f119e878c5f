//! From terms to texts in order: a rough order by the engine, then the best of them looked at
//! again. Never a stored text.

use crate::columns::{Columns, Wish};
use crate::compile::Wanted;
use crate::ranking::Ranking;
use crate::schema::{Fields, SCORED};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use tantivy::postings::{Postings as _, TermInfo};
use tantivy::query::{BooleanQuery, BoostQuery, EnableScoring, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet as _, InvertedIndexReader, Searcher, TERMINATED, Term};

/// Words of a query that are told apart.
const WORDS_MAX: u32 = 63;

/// A text that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub segment: u32,
    pub doc: DocId,
    pub score: f32,
    pub article: u64,
    /// Part of the query that it has, 0 to 1.
    pub covered: f32,
    /// A bit for each word of the query of which it has every term.
    pub words: u64,
}

/// Terms with what the index knows of them.
pub(crate) struct Rank<'a> {
    searcher: &'a Searcher,
    fields: &'a Fields,
    ranking: &'a Ranking,
    wanted: &'a [Wanted],
    /// For each segment and term, where its lists begin.
    infos: Vec<Vec<[Option<TermInfo>; SCORED]>>,
    /// For each term, in how many texts it is.
    texts: Vec<[u64; SCORED]>,
    /// For each term, what finding it says.
    rarity: Vec<f32>,
    /// Mean length of each text.
    mean: [f32; SCORED],
}

/// A text under way.
struct Look {
    at: Found,
    lengths: [u32; SCORED],
    /// For each term and field, how often.
    often: Vec<[u32; SCORED]>,
}

impl<'a> Rank<'a> {
    pub(crate) fn new(
        searcher: &'a Searcher,
        fields: &'a Fields,
        ranking: &'a Ranking,
        wanted: &'a [Wanted],
    ) -> tantivy::Result<Rank<'a>> {
        let mut infos = Vec::new();
        let mut texts = vec![[0; SCORED]; wanted.len()];
        let mut lengths = [0; SCORED];
        for segment in searcher.segment_readers() {
            let mut of_segment = vec![[const { None }; SCORED]; wanted.len()];
            for (field, length) in lengths.iter_mut().enumerate() {
                let index = segment.inverted_index(fields.scored[field])?;
                *length += index.total_num_tokens();
                for (term, wish) in wanted.iter().enumerate() {
                    let info = index.terms().get(&wish.text)?;
                    texts[term][field] += info.as_ref().map_or(0, |info| u64::from(info.doc_freq));
                    of_segment[term][field] = info;
                }
            }
            infos.push(of_segment);
        }
        let all = searcher.num_docs().max(1);
        let rarity = |texts: &[u64; SCORED]| {
            let texts = texts.iter().max().copied().unwrap_or(0).min(all) as f32;
            ((all as f32 - texts + 0.5) / (texts + 0.5)).ln_1p()
        };
        Ok(Rank {
            searcher,
            fields,
            ranking,
            wanted,
            infos,
            rarity: texts.iter().map(rarity).collect(),
            texts,
            mean: lengths.map(|length| (length as f32 / all as f32).max(1.0)),
        })
    }

    /// Whether any text has the term.
    pub(crate) fn has(&self, term: usize) -> bool {
        self.texts[term].iter().any(|texts| *texts > 0)
    }

    /// What finding a term says: the natural logarithm of how rare it is.
    pub(crate) fn rarity(&self, term: usize) -> f32 {
        self.rarity[term]
    }

    /// The best texts by another query than the terms.
    pub(crate) fn by(&self, query: &dyn Query, wish: &Wish) -> tantivy::Result<Vec<Found>> {
        let mut looks = self.candidates(query, wish)?;
        self.gain(&mut looks, wish)?;
        Ok(looks.into_iter().map(|look| look.at).collect())
    }

    /// The best texts.
    pub(crate) fn best(&self, wish: &Wish) -> tantivy::Result<Vec<Found>> {
        let Some(query) = self.rough() else {
            return Ok(Vec::new());
        };
        let mut looks = self.candidates(query.as_ref(), wish)?;
        if self.ranking.rerank {
            self.count(&mut looks)?;
            for look in &mut looks {
                self.weigh(look);
            }
        }
        self.gain(&mut looks, wish)?;
        Ok(looks.into_iter().map(|look| look.at).collect())
    }

    /// What language, district, season, age and use are worth, and the order after it.
    fn gain(&self, looks: &mut [Look], wish: &Wish) -> tantivy::Result<()> {
        for (segment, reader) in self.searcher.segment_readers().iter().enumerate() {
            let columns = Columns::open(reader)?;
            for look in looks.iter_mut() {
                if look.at.segment as usize == segment {
                    look.at.article = columns.article(look.at.doc);
                    look.at.score *= wish.gain(&columns, look.at.doc, self.ranking);
                }
            }
        }
        looks.sort_by(order);
        Ok(())
    }

    /// The rarest typed terms, in heads and in texts; of those that heads have, only the first few
    /// in texts, too. What a word may become is looked for in heads when anything else is there.
    fn rough(&self) -> Option<Box<dyn Query>> {
        let known = |index: &usize| self.has(*index);
        let (mut typed, others): (Vec<usize>, Vec<usize>) = (0..self.wanted.len())
            .filter(known)
            // Pairs over a space and words as written add to what stands beside them.
            .filter(|index| {
                self.wanted[*index].position.is_none() || self.wanted[*index].word.is_some()
            })
            .partition(|index| self.wanted[*index].position.is_some());
        typed.sort_by(|one, other| self.rarity[*other].total_cmp(&self.rarity[*one]));
        typed.truncate(self.ranking.rough_terms.max(1));
        let in_heads = |index: usize| self.texts[index][..SCORED - 1].iter().any(|n| *n > 0);
        let heads = !typed.is_empty() || others.iter().any(|index| in_heads(*index));
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for (place, index) in typed.iter().chain(&others).copied().enumerate() {
            let wanted = &self.wanted[index];
            let becomes = wanted.position.is_none() && wanted.word.is_some();
            let rare = place < self.ranking.rough_texts || !in_heads(index);
            let fields = if becomes && heads || !rare {
                SCORED - 1
            } else {
                SCORED
            };
            for field in (0..fields).filter(|field| self.texts[index][*field] > 0) {
                let term = Term::from_field_text(self.fields.scored[field], &wanted.text);
                let query = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
                let weight = wanted.weight * self.ranking.fields[field].sqrt();
                clauses.push((Occur::Should, Box::new(BoostQuery::new(query, weight))));
            }
        }
        (!clauses.is_empty()).then(|| Box::new(BooleanQuery::new(clauses)) as Box<dyn Query>)
    }

    /// The best by the engine's own score among those that may be seen.
    fn candidates(&self, query: &dyn Query, wish: &Wish) -> tantivy::Result<Vec<Look>> {
        let scoring = EnableScoring::enabled_from_searcher(self.searcher);
        let weight = query.weight(scoring)?;
        let mut best = Best::new(self.ranking.candidates.max(1));
        for (segment, reader) in self.searcher.segment_readers().iter().enumerate() {
            let columns = Columns::open(reader)?;
            let alive = reader.alive_bitset();
            let narrows = wish.narrows();
            let least = best.least();
            weight.for_each_pruning(least, reader, &mut |doc, score| {
                let seen = alive.is_none_or(|alive| alive.is_alive(doc));
                if seen && (!narrows || wish.allows(&columns, doc)) {
                    best.push(score, segment as u32, doc);
                }
                best.least()
            })?;
        }
        Ok(best
            .into_iter()
            .map(|(score, segment, doc)| Look {
                at: Found {
                    segment,
                    doc,
                    score,
                    article: 0,
                    covered: 0.0,
                    words: 0,
                },
                lengths: [0; SCORED],
                often: vec![[0; SCORED]; self.wanted.len()],
            })
            .collect())
    }

    /// Counts every term in every candidate.
    fn count(&self, looks: &mut [Look]) -> tantivy::Result<()> {
        looks.sort_by_key(|look| (look.at.segment, look.at.doc));
        for (segment, reader) in self.searcher.segment_readers().iter().enumerate() {
            let here = within(looks, segment as u32);
            if here.is_empty() {
                continue;
            }
            for field in 0..SCORED {
                let norms = reader.get_fieldnorms_reader(self.fields.scored[field])?;
                for look in &mut *here {
                    look.lengths[field] = norms.fieldnorm(look.at.doc);
                }
                let index = reader.inverted_index(self.fields.scored[field])?;
                for term in 0..self.wanted.len() {
                    let Some(info) = &self.infos[segment][term][field] else {
                        continue;
                    };
                    visit(&index, info, here, |look, list| {
                        look.often[term][field] = list.term_freq();
                    })?;
                }
            }
        }
        Ok(())
    }

    /// BM25 over all fields together, then what covering the query and being the title is worth.
    fn weigh(&self, look: &mut Look) {
        let ranking = self.ranking;
        let groups = self.wanted.iter().map(|wanted| wanted.group + 1).max();
        let mut of_group = vec![0.0_f32; groups.unwrap_or(0)];
        let (mut had, mut all) = (0.0, 0.0);
        let (mut in_title, mut typed) = (0_u32, 0_u32);
        let mut words = u64::MAX;
        for (term, wanted) in self.wanted.iter().enumerate() {
            let mut often = 0.0;
            for field in 0..SCORED {
                let part = ranking.lengths[field];
                let length = 1.0 - part + part * look.lengths[field] as f32 / self.mean[field];
                often += ranking.fields[field] * look.often[term][field] as f32 / length;
            }
            let score = wanted.weight * self.rarity[term] * often * (ranking.saturation + 1.0)
                / (often + ranking.saturation);
            of_group[wanted.group] = of_group[wanted.group].max(score);
            if wanted.position.is_some() {
                typed += 1;
                in_title += u32::from(look.often[term][0] > 0);
            }
            if let Some(word) = wanted.word.filter(|_| wanted.position.is_some()) {
                let group = self.wanted.iter().zip(&look.often);
                let found = group
                    .filter(|(other, _)| other.group == wanted.group)
                    .any(|(_, often)| often.iter().any(|often| *often > 0));
                let worth = wanted.weight * self.rarity[term];
                all += worth;
                if found {
                    had += worth;
                } else {
                    words &= !(1 << word.min(WORDS_MAX));
                }
            }
        }
        let covered = if all > 0.0 { had / all } else { 0.0 };
        let title = in_title as f32 / typed.max(look.lengths[0]).max(1) as f32;
        look.at.covered = covered;
        look.at.words = words;
        look.at.score = of_group.iter().sum::<f32>()
            * (1.0 + ranking.coverage * covered)
            * (1.0 + ranking.title * title);
    }
}

/// Calls back for each of the texts, in order, that a list names.
fn visit(
    index: &InvertedIndexReader,
    info: &TermInfo,
    looks: &mut [Look],
    mut each: impl FnMut(&mut Look, &mut tantivy::postings::SegmentPostings),
) -> tantivy::Result<()> {
    let mut list = index.read_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
    for look in looks {
        if list.doc() < look.at.doc {
            list.seek(look.at.doc);
        }
        if list.doc() == TERMINATED {
            break;
        }
        if list.doc() == look.at.doc {
            each(look, &mut list);
        }
    }
    Ok(())
}

/// The texts of one segment, of a list in the order of segments.
fn within(looks: &mut [Look], segment: u32) -> &mut [Look] {
    let first = looks.partition_point(|look| look.at.segment < segment);
    let end = looks.partition_point(|look| look.at.segment <= segment);
    &mut looks[first..end]
}

/// Best first; among equals the one that was put in first.
fn order(one: &Look, other: &Look) -> Ordering {
    let by_score = other.at.score.total_cmp(&one.at.score);
    by_score.then_with(|| (one.at.segment, one.at.doc).cmp(&(other.at.segment, other.at.doc)))
}

/// The best so far.
struct Best {
    limit: usize,
    heap: BinaryHeap<Entry>,
}

/// The worst is on top of the heap.
struct Entry(f32, u32, DocId);

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        let by_score = other.0.total_cmp(&self.0);
        by_score.then_with(|| (self.1, self.2).cmp(&(other.1, other.2)))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl Best {
    fn new(limit: usize) -> Best {
        Best {
            limit,
            heap: BinaryHeap::with_capacity(limit + 1),
        }
    }

    /// The score that another text must exceed.
    fn least(&self) -> f32 {
        if self.heap.len() < self.limit {
            return f32::MIN;
        }
        self.heap.peek().map_or(f32::MIN, |entry| entry.0)
    }

    fn push(&mut self, score: f32, segment: u32, doc: DocId) {
        if self.heap.len() < self.limit || score > self.least() {
            self.heap.push(Entry(score, segment, doc));
            if self.heap.len() > self.limit {
                self.heap.pop();
            }
        }
    }

    fn into_iter(self) -> impl Iterator<Item = (f32, u32, DocId)> {
        let entries = self.heap.into_iter();
        entries.map(|Entry(score, segment, doc)| (score, segment, doc))
    }
}
