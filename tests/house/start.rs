//! The first minute with the program: what it says, what it refuses. Never a call.

use crate::building::{self, Building};
use crate::peer::{self, Folder};

#[test]
fn it_says_what_to_do_next_and_lets_nobody_else_write_the_record() {
    let _alone = peer::alone();
    let folder = Folder::new("start");
    let building = Building::open(&folder, &[]);
    let said = &building.greeting;
    assert_eq!(said.lines().count(), 5, "{said}");
    for part in [
        "/desk",
        "/floor",
        "haneul-120",
        "sip:120@",
        "Call from this page",
    ] {
        assert!(said.contains(part), "{part} is missing:\n{said}");
    }
    let again = [
        "serve",
        "--data",
        "record",
        "--web",
        "127.0.0.1:0",
        "--sip",
        "127.0.0.1:0",
    ];
    let (ended_well, words) = building::said(&folder, &again);
    assert!(!ended_well && words.contains("another center"), "{words}");
    building.stop();

    let city = folder.join("record/city.toml");
    let text = std::fs::read_to_string(&city).unwrap();
    peer::write(
        &city,
        text.replace("code = \"water\"", "code = \"traffic\""),
    );
    let (ended_well, words) = building::said(&folder, &again);
    assert!(
        !ended_well && words.contains("traffic"),
        "a mistake is named: {words}"
    );
}

#[test]
fn a_simulated_day_holds_and_says_so_in_one_line() {
    let folder = Folder::new("simulate");
    let (holds, line) = building::said(&folder, &["simulate", "--seed", "3"]);
    assert!(holds, "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.contains("seed=3"), "{line}");
}
