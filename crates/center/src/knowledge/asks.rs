//! Which units are asked by mail to assure what they own: one mail for all that is new on a day.
//! Never a mail itself.

use super::{ArticleId, LibraryEvent};
use crate::city::City;
use crate::time::Day;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An article that its unit shall assure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owed {
    /// Article.
    pub article: ArticleId,
    /// The last day the unit has or had for it: tells one asking from the next.
    pub due: Day,
    /// That day is over.
    pub overdue: bool,
}

/// The mails that leave: `owed` by unit is what no mail told of yet, `asked` are units that got
/// one today already, `next` is the number of the next mail. Who has no address, or a city that
/// sends no mail, is asked by the list alone.
pub fn decide_asks(
    city: &City,
    today: Day,
    owed: &BTreeMap<String, Vec<Owed>>,
    asked: &BTreeSet<String>,
    next: u32,
) -> Vec<LibraryEvent> {
    let library = &city.library;
    let units = owed.iter().filter(|(unit, articles)| {
        !articles.is_empty() && !asked.contains(*unit) && library.mailbox(unit).is_some()
    });
    let event =
        |(letter, (unit, articles)): (u32, (&String, &Vec<Owed>))| LibraryEvent::UnitAsked {
            unit: unit.clone(),
            letter,
            on: today,
            articles: articles.clone(),
        };
    if library.mails {
        (next..).zip(units).map(event).collect()
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::super::life::city;
    use super::*;

    fn owed(article: u64, overdue: bool) -> Owed {
        Owed {
            article: ArticleId(article),
            due: Day(20_500),
            overdue,
        }
    }

    #[test]
    fn a_unit_gets_one_mail_a_day_for_all_that_is_new() {
        let mut city = city();
        let today = Day(20_501);
        let all = BTreeMap::from([
            ("TAX".to_owned(), vec![owed(3, false)]),
            ("WTR".to_owned(), vec![owed(1, false), owed(2, true)]),
        ]);
        let none = BTreeSet::new();
        city.library.units[0].email = "water@city.example".into();
        let asks = decide_asks(&city, today, &all, &none, 7);
        assert_eq!(asks, [], "a city that sends no mail");
        city.library.mails = true;
        let expected = LibraryEvent::UnitAsked {
            unit: "WTR".into(),
            letter: 7,
            on: today,
            articles: vec![owed(1, false), owed(2, true)],
        };
        let asks = decide_asks(&city, today, &all, &none, 7);
        assert_eq!(asks, [expected], "the tax office has no address");
        let asked = BTreeSet::from(["WTR".to_owned()]);
        assert_eq!(decide_asks(&city, today, &all, &asked, 8), []);
        let nothing = BTreeMap::from([("WTR".to_owned(), Vec::new())]);
        assert_eq!(decide_asks(&city, today, &nothing, &none, 8), []);
    }
}
