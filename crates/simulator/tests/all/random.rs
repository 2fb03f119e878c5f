//! Random commands at random times: nothing panics, nothing is lost, replay equals live.

use center::city::{Channel, City, ContactId, CounselorId};
use center::command::{Command, Destination, Ending, Reply, RestReason, Written};
use center::event::{Fortune, Marks};
use center::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use proptest::prelude::*;
use simulator::town;
use simulator::world::House;

/// A step: wait so long, then do this.
#[derive(Clone, Debug)]
struct Step {
    after_ms: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Do(Command),
    Stop,
}

/// Numbers that exist, may exist later and never exist.
fn contact() -> impl Strategy<Value = ContactId> {
    (0_u64..14).prop_map(ContactId)
}

fn counselor() -> impl Strategy<Value = CounselorId> {
    (0_u32..6).prop_map(CounselorId)
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        Just(Ending::Citizen),
        Just(Ending::LineLost),
        Just(Ending::Center)
    ]
}

fn of_citizens() -> impl Strategy<Value = Command> {
    let arrived =
        (0_u32..400, 0_u8..6, any::<bool>(), 0_u8..10).prop_map(|(key, who, video, live)| {
            Command::Arrived {
                key: format!("k{key}"),
                channel: if video {
                    Channel::Video
                } else {
                    Channel::Voice
                },
                caller: if who == 0 {
                    String::new()
                } else {
                    format!("n{who}")
                },
                via: "random".to_owned(),
                live: live > 0,
            }
        });
    let key = prop::sample::select(vec!['0', '1', '2', '9', '*', '#', 'x']);
    prop_oneof![
        4 => arrived,
        4 => (contact(), key).prop_map(|(contact, key)| Command::Key { contact, key }),
        2 => (contact(), 0_u32..12).prop_map(|(contact, play)| Command::Played { contact, play }),
        2 => (contact(), ending()).prop_map(|(contact, ending)| Command::Left { contact, ending }),
        1 => contact().prop_map(|contact| Command::DialAnswered { contact }),
        1 => contact().prop_map(|contact| Command::DialFailed { contact, status: 486 }),
        1 => contact().prop_map(|contact| Command::TransferAnswered { contact }),
    ]
}

fn of_desks() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => counselor().prop_map(|counselor| Command::SignIn { counselor }),
        1 => counselor().prop_map(|counselor| Command::SignOut { counselor }),
        1 => counselor().prop_map(|counselor| Command::DeskLost { counselor }),
        1 => counselor().prop_map(|counselor| Command::DeskBack { counselor }),
        4 => counselor().prop_map(|counselor| Command::Ready { counselor }),
        1 => counselor().prop_map(|counselor| Command::Rest {
            counselor,
            reason: RestReason::Meal,
        }),
    ]
}

fn of_talks() -> impl Strategy<Value = Command> {
    let to = prop_oneof![
        prop::sample::select(vec!["general", "english", "texts", "nowhere"])
            .prop_map(|queue| Destination::Queue(queue.to_owned())),
        Just(Destination::Number {
            token: "officer".to_owned()
        }),
    ];
    let category = prop::option::of(prop::sample::select(vec!["ETC", "TRF", "XX"]));
    let outcome = prop::option::of(prop::sample::select(vec!["AN", "XX"]));
    let both = || (counselor(), contact());
    prop_oneof![
        6 => both().prop_map(|(counselor, contact)| Command::Accept { counselor, contact }),
        1 => both().prop_map(|(counselor, contact)| Command::Decline { counselor, contact }),
        1 => both().prop_map(|(counselor, contact)| Command::Hold { counselor, contact }),
        1 => both().prop_map(|(counselor, contact)| Command::Resume { counselor, contact }),
        2 => both().prop_map(|(counselor, contact)| Command::HangUp { counselor, contact }),
        2 => (both(), to).prop_map(|((counselor, contact), to)| Command::Transfer {
            counselor,
            contact,
            to,
        }),
        1 => (both(), 0_u32..20_000).prop_map(|((counselor, contact), letters)| Command::Note {
            counselor,
            contact,
            digest: "d".to_owned(),
            letters,
        }),
        4 => (both(), category, outcome).prop_map(|((counselor, contact), category, outcome)| {
            Command::Classify {
                counselor,
                contact,
                category: category.map(str::to_owned),
                outcome: outcome.map(str::to_owned),
            }
        }),
        4 => (both(), any::<bool>()).prop_map(|((counselor, contact), ready)| Command::Finish {
            counselor,
            contact,
            ready,
        }),
        1 => both().prop_map(|(counselor, contact)| Command::TakeTask { counselor, contact }),
        1 => both().prop_map(|(counselor, contact)| Command::DropTask { counselor, contact }),
        2 => both().prop_map(|(counselor, contact)| Command::TakeOver { counselor, contact }),
    ]
}

fn channel() -> impl Strategy<Value = Channel> {
    prop::sample::select(vec![
        Channel::Chat,
        Channel::Text,
        Channel::Social,
        Channel::Mail,
    ])
}

/// Letters of citizens, of whom some write on several channels, some twice the same.
fn of_writers() -> impl Strategy<Value = Command> {
    let marks = prop_oneof![
        8 => Just(Marks::default()),
        1 => Just(Marks { urgent: true, ..Marks::default() }),
        1 => Just(Marks { over: true, ..Marks::default() }),
        1 => Just(Marks { automatic: true, ..Marks::default() }),
    ];
    let consent = prop_oneof![12 => Just(None), 1 => Just(Some(false)), 1 => Just(Some(true))];
    let written = (0_u32..400, 0_u8..5, channel(), marks, consent).prop_map(
        |(key, who, channel, marks, consent)| {
            Command::Written(Box::new(Written {
                key: format!("m{key}"),
                channel,
                via: "random".to_owned(),
                thread: format!("{who}-{channel}"),
                caller: format!("n{who}"),
                language: (who == 4).then_some(center::city::Language::En),
                digest: "d".to_owned(),
                letters: 20,
                files: 0,
                marks,
                consent,
            }))
        },
    );
    let fortune = prop::sample::select(vec![
        Fortune::Submitted,
        Fortune::Delivered,
        Fortune::Failed,
        Fortune::Unknown,
    ]);
    prop_oneof![
        6 => written,
        1 => (contact(), 0_u32..8).prop_map(|(contact, message)| {
            Command::Withdrawn { contact, message }
        }),
        1 => (contact(), 0_u32..8).prop_map(|(contact, message)| Command::Changed {
            contact,
            message,
            digest: "e".to_owned(),
            letters: 3,
        }),
        3 => contact().prop_map(|contact| Command::Present { contact }),
        2 => (contact(), 0_u8..5).prop_map(|(contact, who)| Command::Transcript {
            contact,
            digest: format!("address {who}"),
        }),
        2 => (contact(), 0_u32..8, fortune).prop_map(|(contact, message, fortune)| {
            Command::Fared { contact, message, fortune, reference: "r".to_owned() }
        }),
    ]
}

fn of_letters() -> impl Strategy<Value = Command> {
    let both = || (counselor(), contact());
    let until = 1_795_478_400_000_i64..1_795_578_400_000;
    prop_oneof![
        6 => (both(), 0_u32..4).prop_map(|((counselor, contact), answers)| {
            Command::Reply(Box::new(Reply {
                counselor,
                contact,
                answers,
                text: None,
                digest: "d".to_owned(),
                letters: 10,
                files: 0,
                private: false,
            }))
        }),
        1 => (both(), until).prop_map(|((counselor, contact), until)| Command::Snooze {
            counselor,
            contact,
            until: Time(until),
        }),
        1 => (both(), counselor()).prop_map(|((counselor, contact), to)| Command::Assign {
            counselor,
            contact,
            to,
        }),
        2 => (both(), contact()).prop_map(|((counselor, contact), into)| Command::Merge {
            counselor,
            contact,
            into,
        }),
        1 => both().prop_map(|(counselor, contact)| Command::Unmerge { counselor, contact }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop_oneof![
        10 => 0..3 * SECOND_MS,
        4 => 0..2 * MINUTE_MS,
        1 => 0..5 * HOUR_MS,
    ];
    let what = prop_oneof![
        20 => of_citizens().prop_map(What::Do),
        12 => of_writers().prop_map(What::Do),
        10 => of_letters().prop_map(What::Do),
        8 => of_desks().prop_map(What::Do),
        24 => of_talks().prop_map(What::Do),
        1 => Just(What::Do(Command::Tick)),
        1 => Just(What::Stop),
    ];
    (after, what).prop_map(|(after_ms, what)| Step { after_ms, what })
}

fn city() -> City {
    use center::city::Language;
    let further = [
        None,
        None,
        Some((Language::En, 5)),
        Some((Language::En, 2)),
        None,
    ];
    let people = (1..)
        .zip(further)
        .map(|(id, further)| town::counselor(id, further));
    let mut city = town::whole(people.collect());
    for (channel, code) in [
        (Channel::Text, "texts"),
        (Channel::Chat, "chats"),
        (Channel::Social, "posts"),
        (Channel::Mail, "mails"),
    ] {
        let own = town::written_queue(channel, None, code);
        city.queues.push(own);
    }
    let english = town::written_queue(Channel::Text, Some(Language::En), "english-texts");
    city.queues.push(english);
    for index in [1, 3] {
        city.counselors[index].supervisor = true;
    }
    city.queues[0].waiting_max = 3;
    city.queues[0].callback_from_ms = SECOND_MS;
    city.limits.calls_max = 8;
    city.reserves.push(town::reserve("en", 1, 30 * SECOND_MS));
    city
}

/// Plays the steps with every deadline on time; the checkers of the house watch each of them.
fn play(steps: &[Step]) -> House {
    let mut house = House::new(city());
    let mut now = Time(1_795_478_400_000);
    for step in steps {
        let until = now + step.after_ms;
        while let Some(due) = house.center.deadline().filter(|due| *due <= until) {
            assert!(
                due > now || house.journal.is_empty(),
                "deadlines move forward"
            );
            now = due;
            let _ = house.hand(now, &Command::Tick);
        }
        now = until;
        match &step.what {
            What::Do(command) => {
                let _ = house.hand(now, command);
            }
            What::Stop => {
                house.replay(now);
                house.lose_memory(now);
                let _ = house.hand(now, &Command::Restarted);
            }
        }
        house.look(now);
    }
    house.replay(now);
    house
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_at_any_time_keep_every_promise(
        steps in prop::collection::vec(step(), 1..250)
    ) {
        let house = play(&steps);
        let found: Vec<String> = house.watch.found.iter().map(ToString::to_string).collect();
        prop_assert!(found.is_empty(), "{:#?}", found);
    }
}
