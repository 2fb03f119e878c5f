//! What a gateway brings and refuses moves exactly its own figures: a real gateway, a real record,
//! a counselor who answers.

use crate::peer::{Peer, npm};
use crate::wing::{KIM, city, fate_of, reply_of};
use center::city::ContactId;
use center::command::{Command, Ending};
use center::effect::Effect;
use center::statistics::{Cell, Letters};
use center::time::Day;
use hub::Hub;
use messaging::connections::{self, Open, Place as Room};
use messaging::judge::Judge;
use messaging::settings::Settings;
use messaging::wing::Start;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use store::{Archive, Place};
use tokio::sync::mpsc;

struct Center {
    smsc: Peer,
    hub: Hub,
    archive: Archive,
    effects: mpsc::UnboundedReceiver<hub::Outgoing>,
    open: Open,
    folder: tempfile::TempDir,
}

impl Center {
    async fn open() -> Option<Center> {
        let modules = npm("smpp", "0.5.1")?;
        let mut smsc = Peer::start("smsc.cjs", &modules);
        let port = smsc.event("listening").await["port"].clone();
        let settings: Settings = toml::from_str(&format!(
            "[[smpp]]\nname = 'kt'\naddress = '127.0.0.1:{port}'\nsystem_id = 'city120'\n\
             password = 'secret'\nnumber = '120'\n[smpp.carrier]\nencodings = ['ucs2']\n"
        ))
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let city = Arc::new(city());
        let (journal, archive) = store::open(&place, &city).await.unwrap();
        let (hub, wings) = hub::start(hub::Start { city, journal }).await.unwrap();
        let start = Start {
            hub: hub.clone(),
            archive: archive.clone(),
            judge: Judge::standard(),
            country: "82".to_owned(),
            sweep_every: Duration::from_secs(1),
        };
        let room = Room {
            folder: &folder.path().join("messaging"),
            secret: [7; 32],
            letters: wings.letters.unwrap(),
            transcriber: Arc::new(|_, _, _| Box::pin(async { None })),
            units: Arc::new(|_| Box::pin(async { Ok(None) })),
        };
        let open = connections::open(settings, start, room).await.unwrap();
        hub.send(Command::SignIn { counselor: KIM }).await.unwrap();
        hub.send(Command::Ready { counselor: KIM }).await.unwrap();
        smsc.event("bind").await;
        Some(Center {
            smsc,
            hub,
            archive,
            effects: wings.effects,
            open,
            folder,
        })
    }

    /// A text from a number; the contact that Kim takes because of it.
    async fn text(&mut self, from: &str, fields: Value) -> ContactId {
        let mut pdu = json!({
            "source_addr": from,
            "source_addr_ton": 1,
            "destination_addr": "120",
            "data_coding": 8,
        });
        for (field, value) in fields.as_object().unwrap() {
            pdu[field] = value.clone();
        }
        self.smsc.say(json!({"do": "deliver", "pdu": pdu})).await;
        loop {
            let next = self.effects.recv().await.unwrap();
            if let Effect::Ring { contact, .. } = next.effect {
                let accept = Command::Accept {
                    counselor: KIM,
                    contact,
                };
                self.hub.send(accept).await.unwrap();
                return contact;
            }
        }
    }

    /// Kim answers, waits until the fate is known, and closes the record.
    async fn answer_and_close(&self, contact: ContactId, fate: &str) {
        let (reply, row) = reply_of(contact, "네, 고치겠습니다", Vec::new());
        let sent = self.hub.send_with(reply, vec![row]).await.unwrap();
        let center::command::Answer::Message { message, .. } = sent else {
            panic!("{sent:?}")
        };
        fate_of(&self.archive, contact, message, fate).await;
        let (category, outcome) = (Some("ETC".to_owned()), Some("AN".to_owned()));
        for command in [
            Command::Classify {
                counselor: KIM,
                contact,
                category,
                outcome,
            },
            Command::Left {
                contact,
                ending: Ending::Center,
            },
            Command::Finish {
                counselor: KIM,
                contact,
                ready: true,
            },
        ] {
            self.hub.send(command).await.unwrap();
        }
    }

    /// The sums of all hour cells, and how many there are.
    async fn sums(&self) -> (i64, Letters) {
        let (from, to) = (Day::of_date(2020, 1, 1), Day::of_date(2100, 1, 1));
        let (mut contacts, mut sums) = (0, Letters::default());
        for (cell, measures) in self.archive.cells(from, to).await.unwrap() {
            if let Cell::Hour { .. } = cell {
                contacts += measures.n;
                sums.add(&measures.written, 1);
            }
        }
        (contacts, sums)
    }
}

/// What is not a time: those differ from run to run.
fn counts(sums: &Letters) -> [i64; 8] {
    [
        sums.messages_in,
        sums.messages_out,
        sums.replied,
        sums.on_time,
        sums.over,
        sums.unclear,
        sums.undelivered,
        sums.reopened,
    ]
}

#[tokio::test]
async fn each_text_moves_its_own_figures_and_no_other() {
    let Some(mut center) = Center::open().await else {
        return;
    };
    center
        .smsc
        .say(json!({"do": "receipts", "how": "text"}))
        .await;
    let plain = json!({"short_message": "가로등이 꺼졌어요"});
    let contact = center.text("821011111111", plain).await;
    center.answer_and_close(contact, "delivered").await;
    let (contacts, sums) = center.sums().await;
    // In, out, replied, on time; neither over, unclear, undelivered nor reopened.
    assert_eq!((contacts, counts(&sums)), (1, [1, 1, 1, 1, 0, 0, 0, 0]));
    assert!(sums.reply_ms > 0 && sums.resolution_ms >= sums.reply_ms);
    assert_eq!(sums.replies.iter().sum::<i64>(), 1);

    let long = json!({"message_payload": "가".repeat(1_001)});
    let contact = center.text("821022222222", long).await;
    center.answer_and_close(contact, "delivered").await;
    let (contacts, sums) = center.sums().await;
    assert_eq!((contacts, counts(&sums)), (2, [2, 2, 2, 2, 1, 0, 0, 0]));

    // Half of a letter: what is left is shown, and the citizen is asked what was meant.
    let half = json!({"octets": [0xc9, 0x00, 0xd8, 0x3d]});
    let contact = center.text("821033333333", half).await;
    center.answer_and_close(contact, "delivered").await;
    let (contacts, sums) = center.sums().await;
    assert_eq!((contacts, counts(&sums)), (3, [3, 3, 3, 3, 1, 1, 0, 0]));

    let refused = json!({"do": "submit", "how": "status", "left": 1, "status": 0x0b});
    center.smsc.say(refused).await;
    let gone = json!({"short_message": "버스가 안 와요"});
    let contact = center.text("821044444444", gone).await;
    center.answer_and_close(contact, "failed").await;
    let (contacts, sums) = center.sums().await;
    assert_eq!((contacts, counts(&sums)), (4, [4, 4, 4, 4, 1, 1, 1, 0]));
    assert_eq!(sums.replies.iter().sum::<i64>(), 4);

    let Center {
        hub,
        archive,
        effects,
        open,
        folder,
        ..
    } = center;
    open.wing.stop();
    drop((hub, archive, effects));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let place = Place::Folder(folder.path().to_owned());
    let report = store::audit(&place, &Arc::new(city())).await.unwrap();
    assert!(report.clean(), "{:?}", report.differences);
}
