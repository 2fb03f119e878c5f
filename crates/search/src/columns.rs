//! What is known of a text beside its words: language, district, season, use; and who may see it.
//! Never a word.

use crate::document::number;
use crate::query::Query;
use crate::ranking::Ranking;
use crate::schema::{COLUMNS, REVISED};
use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

/// Days after which half of the gain of a new text is left.
const FRESH_DAYS: f32 = 365.0;
/// Uses that give the whole gain.
const USED_MANY: f32 = 1_000.0;

/// The columns of one segment.
pub(crate) struct Columns {
    numbers: [Column<u64>; COLUMNS.len()],
    revised: Column<i64>,
}

impl Columns {
    pub(crate) fn open(segment: &SegmentReader) -> tantivy::Result<Columns> {
        let fast = segment.fast_fields();
        let [
            article,
            language,
            district,
            lineage,
            owner,
            audience,
            season,
            used,
        ] = COLUMNS;
        let open = |name: &str| fast.u64(name);
        Ok(Columns {
            numbers: [
                open(article)?,
                open(language)?,
                open(district)?,
                open(lineage)?,
                open(owner)?,
                open(audience)?,
                open(season)?,
                open(used)?,
            ],
            revised: fast.i64(REVISED)?,
        })
    }

    fn number(&self, column: usize, doc: DocId) -> u64 {
        self.numbers[column].first(doc).unwrap_or(0)
    }

    /// The article that a text belongs to.
    pub(crate) fn article(&self, doc: DocId) -> u64 {
        self.number(0, doc)
    }
}

/// Codes of a query as the columns hold them.
pub(crate) struct Wish {
    languages: Vec<u64>,
    language: u64,
    district: u64,
    lineage: u64,
    owner: u64,
    audiences: Vec<u64>,
    season: u64,
    today: i64,
}

impl Wish {
    pub(crate) fn new(query: &Query) -> Wish {
        Wish {
            languages: query.languages.iter().map(|code| number(code)).collect(),
            language: number(&query.language),
            district: number(&query.district),
            lineage: number(&query.category),
            owner: number(&query.owner),
            audiences: query.audiences.iter().map(|code| number(code)).collect(),
            season: number(&query.season),
            today: query.today,
        }
    }

    /// Whether anything is left out.
    pub(crate) fn narrows(&self) -> bool {
        let narrow = [self.language, self.district, self.lineage, self.owner];
        narrow.iter().any(|code| *code != 0) || !self.audiences.is_empty()
    }

    /// Whether a text may be in the answer.
    pub(crate) fn allows(&self, columns: &Columns, doc: DocId) -> bool {
        let is = |wanted: u64, column| wanted == 0 || columns.number(column, doc) == wanted;
        let district = columns.number(2, doc);
        let audience = columns.number(5, doc);
        is(self.language, 1)
            && (self.district == 0 || district == 0 || district == self.district)
            && (self.lineage == 0
                || columns.numbers[3]
                    .values_for_doc(doc)
                    .any(|part| part == self.lineage))
            && is(self.owner, 4)
            && (self.audiences.is_empty() || self.audiences.contains(&audience))
    }

    /// What a text gains beside its words: 1 is nothing.
    pub(crate) fn gain(&self, columns: &Columns, doc: DocId, ranking: &Ranking) -> f32 {
        let language = columns.number(1, doc);
        let place = self.languages.iter().position(|code| *code == language);
        let language = place.map_or(0.0, |place| ranking.language * 0.5_f32.powi(place as i32));
        let district = columns.number(2, doc);
        let near = district != 0 && district == self.district;
        let season = columns.number(6, doc);
        let season = f32::from(u8::from(season != 0 && self.season != 0))
            * if season == self.season { 1.0 } else { -1.0 };
        let age = (self.today - columns.revised.first(doc).unwrap_or(0)).max(0);
        let fresh = 0.5_f32.powf(age as f32 / FRESH_DAYS);
        let used = (columns.number(7, doc) as f32).ln_1p() / USED_MANY.ln_1p();
        let district = if near { ranking.district } else { 0.0 };
        (1.0 + language)
            * (1.0 + district)
            * (1.0 + ranking.season * season)
            * (1.0 + ranking.freshness * fresh)
            * (1.0 + ranking.used * used.min(1.5))
    }
}
