//! The shape of `city.toml` and `categories.toml` as written. Never checked here: that is `city`'s
//! work.

use super::library::{LibraryFile, RoleFile};
use super::limits::LimitsFile;
use serde::Deserialize;
use std::collections::BTreeMap;

pub type Names = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityFile {
    pub language: String,
    pub time_zone: String,
    pub names: Names,
    pub skills: Vec<String>,
    #[serde(default)]
    pub holidays: Vec<String>,
    #[serde(default)]
    pub limits: LimitsFile,
    #[serde(default)]
    pub hours: BTreeMap<String, HoursFile>,
    pub queue: Vec<QueueFile>,
    #[serde(default)]
    pub reserve: Vec<ReserveFile>,
    pub menu: MenuFile,
    pub counselor: Vec<CounselorFile>,
    pub outcome: Vec<CodeFile>,
    /// Hundredths of a counselor that one contact of a channel takes.
    #[serde(default)]
    pub weights: BTreeMap<String, u16>,
    /// Rules of the counseling information database.
    #[serde(default)]
    pub library: LibraryFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoriesFile {
    pub category: Vec<CodeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeFile {
    pub code: String,
    pub names: Names,
}

/// Days without their own key follow `weekdays`; a `holiday` without one is closed.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct HoursFile {
    #[serde(default)]
    pub weekdays: Vec<String>,
    pub monday: Option<Vec<String>>,
    pub tuesday: Option<Vec<String>>,
    pub wednesday: Option<Vec<String>>,
    pub thursday: Option<Vec<String>>,
    pub friday: Option<Vec<String>>,
    #[serde(default)]
    pub saturday: Vec<String>,
    #[serde(default)]
    pub sunday: Vec<String>,
    #[serde(default)]
    pub holiday: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueFile {
    pub code: String,
    pub names: Names,
    #[serde(default = "voice")]
    pub channel: String,
    /// Of a written queue: one more for each of these languages.
    #[serde(default)]
    pub languages: Vec<String>,
    #[serde(default = "always")]
    pub hours: String,
    #[serde(default)]
    pub closures: Vec<ClosureFile>,
    pub rings: Vec<RingFile>,
    #[serde(default)]
    pub head_start_s: i64,
    #[serde(default = "hundred")]
    pub ageing_percent: i64,
    #[serde(default = "hundred_places")]
    pub waiting_max: usize,
    #[serde(default = "target_s")]
    pub target_s: i64,
    #[serde(default = "callback_from_s")]
    pub callback_from_s: i64,
    #[serde(default = "handling_s")]
    pub handling_s: i64,
    #[serde(default = "patience_s")]
    pub patience_s: i64,
}

/// A one-off closure in city time, `2027-03-02 14:00`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosureFile {
    pub from: String,
    pub to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RingFile {
    #[serde(default)]
    pub after_s: i64,
    pub needs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReserveFile {
    pub skill: String,
    pub keep: usize,
    pub until_wait_s: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuFile {
    pub entry: String,
    pub nodes: BTreeMap<String, NodeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFile {
    pub play: Vec<String>,
    #[serde(default = "yes")]
    pub barge_in: bool,
    pub keys: BTreeMap<String, String>,
    pub timeout_s: i64,
    pub on_timeout: String,
    #[serde(default = "two")]
    pub invalid_max: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounselorFile {
    pub id: u32,
    pub login: String,
    pub name: String,
    /// The name citizens who write see; without one it is "a counselor".
    pub public_name: Option<String>,
    pub skills: BTreeMap<String, u8>,
    #[serde(default)]
    pub supervisor: bool,
    pub password_hash: Option<String>,
    /// `"editor"`, or the units whose articles they write and assure.
    #[serde(default)]
    pub library: RoleFile,
}

fn voice() -> String {
    "voice".into()
}

fn always() -> String {
    "always".into()
}

fn hundred() -> i64 {
    100
}

fn hundred_places() -> usize {
    100
}

fn target_s() -> i64 {
    20
}

fn callback_from_s() -> i64 {
    180
}

fn handling_s() -> i64 {
    200
}

fn patience_s() -> i64 {
    400
}

fn yes() -> bool {
    true
}

fn two() -> u8 {
    2
}
