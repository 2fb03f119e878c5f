//! Units, districts and the rules of the counseling information database from their written form.
//! Never an article.

use super::file::{CityFile, Names};
use super::{Check, hours};
use center::city::City;
use center::knowledge::{District, Library, Role, Unit};
use serde::Deserialize;
use std::collections::BTreeSet;

/// `units.toml`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct UnitsFile {
    #[serde(default)]
    unit: Vec<UnitFile>,
    #[serde(default)]
    district: Vec<DistrictFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitFile {
    code: String,
    names: Names,
    #[serde(default)]
    telephone: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    office: Names,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DistrictFile {
    code: String,
    names: Names,
}

/// `[library]` in `city.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_field_names, reason = "a unit comes last in a name")]
pub struct LibraryFile {
    check_days: i64,
    answer_days: i64,
    hide_days: i64,
}

impl Default for LibraryFile {
    fn default() -> LibraryFile {
        let standard = Library::default();
        LibraryFile {
            check_days: standard.check_days.into(),
            answer_days: standard.answer_days.into(),
            hide_days: standard.hide_days.into(),
        }
    }
}

/// `library` of a counselor: a word or units.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum RoleFile {
    Word(RoleWord),
    Units(BTreeSet<String>),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleWord {
    Editor,
    Reader,
}

impl Default for RoleFile {
    fn default() -> RoleFile {
        RoleFile::Word(RoleWord::Reader)
    }
}

impl RoleFile {
    pub fn role(&self) -> Role {
        match self {
            RoleFile::Word(RoleWord::Editor) => Role::Editor,
            RoleFile::Word(RoleWord::Reader) => Role::Reader,
            RoleFile::Units(units) => Role::Owner(units.clone()),
        }
    }
}

impl Check {
    pub fn library(&mut self, file: &CityFile, units: UnitsFile) -> Library {
        let flaw = |key: String| format!("units.toml: {key}");
        for (key, codes) in [
            (
                "unit code",
                units.unit.iter().map(|u| &u.code).collect::<Vec<_>>(),
            ),
            (
                "district code",
                units.district.iter().map(|d| &d.code).collect(),
            ),
        ] {
            self.unique(&flaw(key.to_owned()), codes.into_iter());
        }
        for unit in &units.unit {
            self.names(&flaw(format!("unit `{}`", unit.code)), &unit.names);
        }
        for one in &units.district {
            self.names(&flaw(format!("district `{}`", one.code)), &one.names);
        }
        let mut holidays = BTreeSet::new();
        for day in &file.holidays {
            match hours::parse_day(day) {
                Ok(day) => drop(holidays.insert(day)),
                Err(what) => self.flaw("holidays", what),
            }
        }
        let mut days = |name: &str, value: i64, most: i64| {
            self.number("library", name, value, 1..=most) as u16
        };
        Library {
            check_days: days("check_days", file.library.check_days, 3_650),
            answer_days: days("answer_days", file.library.answer_days, 90),
            hide_days: days("hide_days", file.library.hide_days, 3_650),
            mails: false,
            units: units.unit.into_iter().map(unit).collect(),
            districts: units.district.into_iter().map(district).collect(),
            holidays,
        }
    }

    /// Whoever writes for a unit writes for one that exists.
    pub fn roles(&mut self, city: &City) {
        for counselor in &city.counselors {
            let Role::Owner(units) = &counselor.library else {
                continue;
            };
            for code in units
                .iter()
                .filter(|code| city.library.unit(code).is_none())
            {
                let key = format!("counselor `{}`: library", counselor.login);
                self.flaw(&key, format!("there is no unit `{code}`"));
            }
        }
    }
}

fn unit(file: UnitFile) -> Unit {
    Unit {
        code: file.code,
        names: file.names,
        telephone: file.telephone,
        email: file.email,
        office: file.office,
    }
}

fn district(file: DistrictFile) -> District {
    District {
        code: file.code,
        names: file.names,
    }
}
