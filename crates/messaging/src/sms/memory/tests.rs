//! Parts out of order, twice, over a crash and too late; messages again and not again; receipts in
//! other spellings.

use super::*;
use center::city::{City, Language, Weights};
use center::menu::Menu;
use center::time::Zone;
use proptest::prelude::*;
use store::Place;

const T: i64 = 1_800_000_000_000;

/// A folder with its paper.
struct Room {
    folder: tempfile::TempDir,
    blobs: Blobs,
}

impl Room {
    fn new() -> Room {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let opened = async {
            let city = Arc::new(city());
            store::open(&place, &city).await.unwrap().1.blobs().clone()
        };
        let runtime = tokio::runtime::Builder::new_current_thread();
        let blobs = { runtime }.enable_all().build().unwrap().block_on(opened);
        Room { folder, blobs }
    }

    /// What a restarted house remembers. Nothing is closed before: that is the crash.
    fn open(&self, now: i64) -> Memory {
        let folder = self.folder.path().join("messaging");
        Memory::open(&folder, self.blobs.clone(), Time(now)).unwrap()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("messaging/texts.log")
    }

    /// Files of texts that are still there.
    fn texts(&self) -> usize {
        let folder = self.folder.path().join("blobs/texts");
        folder.read_dir().unwrap().count() - 1
    }
}

/// A city of which the paper only needs the clock.
fn city() -> City {
    City {
        names: BTreeMap::from([("en".into(), "Town".into())]),
        zone: Zone::fixed(0),
        language: Language::Ko,
        queues: Vec::new(),
        menu: Menu::default(),
        reserves: Vec::new(),
        counselors: Vec::new(),
        categories: Vec::new(),
        outcomes: Vec::new(),
        texts: BTreeMap::new(),
        weights: Weights::standard(),
        limits: center::limit::Limits::default(),
        callbacks: true,
        texting: true,
        library: center::knowledge::Library::default(),
    }
}

fn part(reference: u16, number: u8, total: u8, octets: &[u8]) -> Part {
    Part {
        via: "kt".into(),
        from: "01012345678".into(),
        to: "120".into(),
        reference,
        total,
        number,
        encoding: Encoding::Ucs2,
        octets: octets.to_vec(),
    }
}

fn joined(whole: &Whole) -> Vec<u8> {
    let octets = whole.parts.iter().flat_map(|part| part.octets.clone());
    octets.collect()
}

fn whole(kept: Kept) -> Whole {
    match kept {
        Kept::Whole(whole) => *whole,
        Kept::Waiting => panic!("waits"),
        Kept::Again => panic!("again"),
    }
}

#[test]
fn a_crash_between_two_parts_loses_neither() {
    let room = Room::new();
    let memory = room.open(T);
    let keep = |memory: &Memory, at, number, octets: &[u8]| {
        memory.part(Time(at), &part(7, number, 3, octets)).unwrap()
    };
    assert!(keep(&memory, T, 3, b"c") == Kept::Waiting);
    let memory = room.open(T + 1);
    assert!(keep(&memory, T + 2, 1, b"a") == Kept::Waiting);
    // A torn line of the crash.
    let mut log = OpenOptions::new().append(true).open(room.log()).unwrap();
    log.write_all(b"{\"is\":\"part\",\"set\":").unwrap();
    let memory = room.open(T + 3);
    assert_eq!(
        memory.waiting(),
        [Waiting {
            via: "kt".into(),
            since: Time(T),
            total: 3,
            missing: vec![2],
        }]
    );
    let message = whole(keep(&memory, T + 4, 2, b"b"));
    assert_eq!(
        (joined(&message), message.missing()),
        (b"abc".to_vec(), vec![])
    );
    // Handed in, but the crash came before that was noted: the same key again.
    let memory = room.open(T + 5);
    let due = memory.due(Time(T + 5));
    assert!(due.len() == 1 && due[0].key == message.key);
    memory.handed_in(&due[0]).unwrap();
    assert!(memory.due(Time(T + 6)).is_empty() && memory.waiting().is_empty());
    assert_eq!(room.texts(), 0, "the texts are erased");
    // The gateway did not hear the answer and sends the last part again.
    let memory = room.open(T + 7);
    assert!(keep(&memory, T + 8, 2, b"b") == Kept::Again);
}

#[test]
fn the_log_holds_neither_number_nor_text() {
    let room = Room::new();
    let memory = room.open(T);
    memory.part(Time(T), &part(7, 1, 2, b"pothole")).unwrap();
    memory
        .came(Time(T), 1, &[b"01012345678", b"pothole"])
        .unwrap();
    let log = fs::read_to_string(room.log()).unwrap();
    assert_eq!(log.lines().count(), 2);
    assert!(!log.contains("01012345678") && !log.contains("pothole"));
    assert_eq!(room.texts(), 1);
}

#[test]
fn a_part_whose_text_was_cut_short_is_asked_for_again() {
    let room = Room::new();
    let memory = room.open(T);
    memory.part(Time(T), &part(7, 1, 2, b"a")).unwrap();
    let folder = room.folder.path().join("blobs/texts");
    for file in folder.read_dir().unwrap().flatten() {
        if file.file_name() != "salt" {
            let bytes = fs::read(file.path()).unwrap();
            fs::write(file.path(), &bytes[..bytes.len() - 1]).unwrap();
        }
    }
    let memory = room.open(T + 1);
    assert!(memory.waiting().is_empty());
    let two = memory.part(Time(T + 2), &part(7, 2, 2, b"b")).unwrap();
    assert!(two == Kept::Waiting);
    let one = memory.part(Time(T + 3), &part(7, 1, 2, b"a")).unwrap();
    assert_eq!(joined(&whole(one)), b"ab");
}

#[test]
fn a_reference_that_is_used_again_is_another_message() {
    let room = Room::new();
    let memory = room.open(T);
    let keep =
        |at, number, octets: &[u8]| memory.part(Time(at), &part(7, number, 2, octets)).unwrap();
    keep(T, 1, b"a");
    let first = whole(keep(T, 2, b"b"));
    memory.handed_in(&first).unwrap();
    keep(T, 1, b"c");
    let second = whole(keep(T, 2, b"d"));
    assert_eq!(joined(&second), b"cd");
    assert_ne!(first.key, second.key);
    memory.handed_in(&second).unwrap();
    // An old message that never became whole does not swallow the new one's parts.
    keep(T, 1, b"old");
    keep(T + 1, 1, b"new");
    assert_eq!(joined(&whole(keep(T + 2, 2, b"er"))), b"newer");
    let other = Part {
        from: "01099999999".into(),
        ..part(7, 1, 2, b"a")
    };
    assert!(memory.part(Time(T), &other).unwrap() == Kept::Waiting);
}

#[test]
fn after_a_day_what_came_is_handed_in_and_says_what_is_missing() {
    let room = Room::new();
    let memory = room.open(T);
    memory.part(Time(T), &part(7, 1, 3, b"a")).unwrap();
    memory.part(Time(T + 60_000), &part(7, 3, 3, b"c")).unwrap();
    assert!(memory.due(Time(T + PARTS_MS - 1)).is_empty());
    let memory = room.open(T + PARTS_MS);
    let due = memory.due(Time(T + PARTS_MS));
    assert_eq!(due.len(), 1);
    assert_eq!(
        (joined(&due[0]), due[0].missing()),
        (b"ac".to_vec(), vec![2])
    );
    memory.handed_in(&due[0]).unwrap();
    assert!(memory.due(Time(T + 2 * PARTS_MS)).is_empty());
}

#[test]
fn the_same_words_are_one_message_only_where_the_answer_may_be_lost() {
    let room = Room::new();
    let memory = room.open(T);
    let words: [&[u8]; 2] = [b"01012345678", "네".as_bytes()];
    let key = |memory: &Memory, at, session| memory.came(Time(at), session, &words).unwrap();
    let first = key(&memory, T, 1);
    // Twice in a hurry on the same line: two messages.
    let second = key(&memory, T, 1);
    assert_ne!(first.key(), second.key());
    memory.settled(&second).unwrap();
    // The line broke: the first may have been sent again.
    memory.over(1);
    assert_eq!(key(&memory, T + 5, 2), first);
    assert_ne!(key(&memory, T + 5, 2), first);
    // So it is after a crash.
    let memory = room.open(T + 6);
    assert_eq!(key(&memory, T + 7, 1), first);
    memory.settled(&first).unwrap();
    let again = key(&room.open(T + 8), T + 9, 1);
    assert_ne!(again, first);
    // A slow answer on a line that holds.
    let slow = memory.came(Time(T + 100), 1, &[b"slow"]).unwrap();
    let again = memory.came(Time(T + 101 + SLOW_MS), 1, &[b"slow"]).unwrap();
    assert_eq!(slow, again);
    // Long ago is another message.
    let memory = room.open(T + 2 * PARTS_MS);
    assert_ne!(key(&memory, T + 2 * PARTS_MS, 1), first);
}

#[test]
fn a_receipt_finds_its_message_in_every_spelling() {
    let room = Room::new();
    let memory = room.open(T);
    let now = Time(T);
    for (sent, told) in [
        ("0000ABCD", "43981"),
        ("abce", "0000ABCE"),
        ("305419896", "12345678"),
        ("0042", "42"),
        ("q-7", "Q-7"),
    ] {
        memory.sent(now, "kt", sent, sent, 1).unwrap();
        let told = memory.told("kt", told, Fortune::Delivered).unwrap();
        assert_eq!(told, Some((sent.to_owned(), Fortune::Delivered)));
    }
    let unknown = memory.told("skt", "0042", Fortune::Failed).unwrap();
    assert_eq!(
        unknown,
        Some(("0042".into(), Fortune::Failed)),
        "another gateway"
    );
}

#[test]
fn a_message_is_delivered_when_all_its_parts_are() {
    let room = Room::new();
    let memory = room.open(T);
    let now = Time(T);
    for (reference, ids) in [("10", ["10", "11", "12"]), ("20", ["20", "21", "22"])] {
        for id in ids {
            memory.sent(now, "kt", reference, id, 3).unwrap();
        }
    }
    let told = |memory: &Memory, id, fortune| memory.told("kt", id, fortune).unwrap();
    assert_eq!(told(&memory, "12", Fortune::Delivered), None);
    assert_eq!(
        told(&memory, "12", Fortune::Delivered),
        None,
        "twice the same"
    );
    assert_eq!(told(&memory, "10", Fortune::Delivered), None);
    let memory = room.open(T + 1);
    let all = told(&memory, "11", Fortune::Delivered);
    assert_eq!(all, Some(("10".into(), Fortune::Delivered)));
    // The house may not have taken it: it is said again.
    assert_eq!(told(&memory, "11", Fortune::Delivered), all);
    let lost = told(&memory, "21", Fortune::Expired);
    assert_eq!(lost, Some(("20".into(), Fortune::Expired)));
    assert_eq!(told(&memory, "20", Fortune::Delivered), lost);
    // After three days nobody waits for it.
    let memory = room.open(T + RECEIPTS_MS + 1);
    let late = told(&memory, "22", Fortune::Delivered);
    assert_eq!(late, Some(("22".into(), Fortune::Delivered)));
}

#[test]
fn the_file_does_not_grow_with_what_is_over() {
    let room = Room::new();
    let memory = room.open(T);
    for number in 0..LINES_MAX as i64 {
        let came = memory.came(Time(T + number), 1, &[b"x"]).unwrap();
        memory.settled(&came).unwrap();
    }
    memory.tidy(Time(T)).unwrap();
    assert_eq!(fs::read(room.log()).unwrap().len(), 0);
    memory.came(Time(T), 1, &[b"y"]).unwrap();
    assert_eq!(fs::read_to_string(room.log()).unwrap().lines().count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_order_with_any_repeats_and_crashes_is_one_message(
        total in 2_u8..6,
        order in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..20),
    ) {
        let room = Room::new();
        let mut memory = room.open(T);
        let mut numbers: Vec<(u8, bool)> = order
            .iter()
            .map(|(index, crash)| (index.index(usize::from(total)) as u8 + 1, *crash))
            .collect();
        numbers.extend((1..=total).map(|number| (number, false)));
        let mut messages: Vec<Whole> = Vec::new();
        for (at, (number, crash)) in numbers.into_iter().enumerate() {
            let now = T + at as i64;
            match memory.part(Time(now), &part(7, number, total, &[number])).unwrap() {
                Kept::Whole(message) => {
                    memory.handed_in(&message).unwrap();
                    messages.push(*message);
                }
                Kept::Waiting => prop_assert!(messages.is_empty()),
                Kept::Again => prop_assert_eq!(messages.len(), 1),
            }
            if crash {
                memory = room.open(now);
            }
        }
        prop_assert_eq!(messages.len(), 1);
        prop_assert_eq!(joined(&messages[0]), (1..=total).collect::<Vec<u8>>());
    }
}

#[test]
fn a_message_without_an_id_is_on_the_disk_and_many_share_one_sync() {
    let room = Room::new();
    let memory = room.open(T);
    memory.came(Time(T), 1, &[b"first"]).unwrap();
    assert_eq!(memory.synced.so_far(), (1, 1));
    let slow = memory.synced.slow();
    std::thread::scope(|scope| {
        for number in 0..20_u8 {
            let memory = &memory;
            scope.spawn(move || memory.came(Time(T), 1, &[&[number]]).unwrap());
        }
        while memory.inner().written < 21 {
            std::thread::yield_now();
        }
        drop(slow);
    });
    assert_eq!(memory.synced.so_far(), (21, 2));
    // What comes again waits for the same line, which is there.
    memory.came(Time(T), 2, &[b"first"]).unwrap();
    memory.over(1);
    memory.came(Time(T), 2, &[&[7]]).unwrap();
    let (line, syncs) = memory.synced.so_far();
    assert_eq!((line, syncs), (22, 3));
}
