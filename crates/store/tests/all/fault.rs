//! A write that fails leaves nothing behind, wherever it fails.

use crate::life::{self, MORNING, Served};
use crate::on_both;
use center::city::ContactId;
use center::time::HOUR_MS;
use store::{Failure, Fault, Landed};

on_both!(a_batch_that_fails_anywhere_leaves_nothing, paper, {
    let (mut journal, archive) = paper.open().await;
    let (first, second) = (Served::new(1), Served::new(2));
    journal.append(first.waits()).await.unwrap();
    journal.append(second.waits()).await.unwrap();
    let before = life::stored(&archive, 2).await;
    let faults = journal.faults();
    let mut failed = 0;
    for statement in 1.. {
        faults.next(Fault::Write(statement));
        let mut batch = first.talks();
        batch.entries.extend(first.ends().entries);
        batch.entries.extend(second.talks().entries);
        batch.personal.extend(second.talks().personal);
        match journal.append(batch).await {
            Err(Failure::Engine(_)) => failed += 1,
            Err(other) => panic!("{other}"),
            Ok(()) => break,
        }
        assert_eq!(
            life::stored(&archive, 2).await,
            before,
            "statement {statement}"
        );
    }
    assert!(
        failed >= 8,
        "journal, rows, notes, index, cubes, head: {failed}"
    );
    journal.append(second.ends()).await.unwrap();
    let mut all = first.whole().entries;
    all.extend(second.whole().entries);
    assert_eq!(life::stored(&archive, 2).await, life::fold(&all));
    let differences = paper.audit().await.differences;
    assert!(
        differences
            .iter()
            .all(|what| what.contains("telephony's log")),
        "{differences:?}"
    );
});

on_both!(a_full_disk_is_said_and_nothing_is_half_written, paper, {
    let (mut journal, archive) = paper.open().await;
    let served = Served::new(1);
    journal.faults().next(Fault::Full(2));
    assert!(matches!(
        journal.append(served.whole()).await,
        Err(Failure::Full)
    ));
    assert_eq!(archive.contact(ContactId(1)).await.unwrap(), None);
    assert!(archive.timeline(ContactId(1)).await.unwrap().is_empty());
    journal.append(served.whole()).await.unwrap();
    assert_eq!(
        life::stored(&archive, 1).await,
        life::fold(&served.whole().entries)
    );
});

on_both!(
    after_a_failed_commit_nothing_is_written_before_it_is_read_again,
    paper,
    {
        let (mut journal, archive) = paper.open().await;
        let served = Served::new(1);
        journal.append(served.waits()).await.unwrap();
        journal.faults().next(Fault::Commit);
        assert!(matches!(
            journal.append(served.talks()).await,
            Err(Failure::Engine(_))
        ));
        for _ in 0..2 {
            assert!(matches!(
                journal.append(served.talks()).await,
                Err(Failure::Poisoned)
            ));
        }
        let found = recovered(&mut journal).await;
        assert_eq!(found.entries.len(), 2);
        journal.append(served.talks()).await.unwrap();
        journal.append(served.ends()).await.unwrap();
        assert_eq!(
            life::stored(&archive, 1).await,
            life::fold(&served.whole().entries)
        );
    }
);

on_both!(what_did_not_become_durable_is_read_again, paper, {
    let (mut journal, archive) = paper.open().await;
    let served = Served::new(1);
    journal.append(served.waits()).await.unwrap();
    journal.faults().next(Fault::Sync);
    assert!(matches!(
        journal.append(served.talks()).await,
        Err(Failure::Engine(_))
    ));
    assert!(matches!(
        journal.append(served.talks()).await,
        Err(Failure::Poisoned)
    ));
    // It was written all the same, and the record is believed.
    let found = recovered(&mut journal).await;
    assert_eq!(
        found.entries.len(),
        served.whole().entries.len() - served.ends().entries.len()
    );
    journal.append(served.ends()).await.unwrap();
    let stored = life::stored(&archive, 1).await;
    assert_eq!(stored, life::fold(&served.whole().entries));
});

on_both!(
    a_batch_that_waits_is_written_right_after_the_one_before,
    paper,
    {
        let (mut journal, archive) = paper.open().await;
        for contact in [1, 2] {
            journal.add(Served::new(contact).whole()).await.unwrap();
            journal.launch().unwrap();
        }
        assert!(journal.launch().is_err(), "only one can wait");
        let mut outcomes = Vec::new();
        while journal.flies() {
            outcomes.push(journal.land().await.unwrap());
        }
        let each = [Landed::Written, Landed::Durable];
        assert_eq!(outcomes, [each, each].concat());
        let mut all = Served::new(1).whole().entries;
        all.extend(Served::new(2).whole().entries);
        assert_eq!(life::stored(&archive, 2).await, life::fold(&all));
    }
);

on_both!(
    what_waits_is_written_though_a_later_batch_is_refused,
    paper,
    {
        let (mut journal, archive) = paper.open().await;
        for contact in [1, 2] {
            journal.add(Served::new(contact).whole()).await.unwrap();
            journal.launch().unwrap();
            // The first is written before the second waits, and has not been asked for yet.
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        assert!(journal.add(Served::new(9).talks()).await.is_err());
        let mut outcomes = Vec::new();
        while journal.flies() {
            outcomes.push(journal.land().await.unwrap());
        }
        let each = [Landed::Written, Landed::Durable];
        assert_eq!(outcomes, [each, each].concat());
        let mut all = Served::new(1).whole().entries;
        all.extend(Served::new(2).whole().entries);
        assert_eq!(life::stored(&archive, 2).await, life::fold(&all));
    }
);

on_both!(what_waits_for_a_batch_that_fails_is_not_written, paper, {
    for fault in [Fault::Write(3), Fault::Full(1), Fault::Commit] {
        let (mut journal, archive) = paper.open().await;
        journal.faults().next(fault);
        for contact in [1, 2] {
            journal.add(Served::new(contact).waits()).await.unwrap();
            journal.launch().unwrap();
        }
        assert!(journal.land().await.is_err(), "{fault:?}");
        let found = recovered(&mut journal).await;
        assert_eq!(found.entries, [], "{fault:?}");
        for contact in [1, 2] {
            let contact = ContactId(contact);
            assert_eq!(archive.contact(contact).await.unwrap(), None, "{fault:?}");
        }
    }
    let (mut journal, _) = paper.open().await;
    journal.append(Served::new(1).whole()).await.unwrap();
});

/// PostgreSQL gives the lease of a lost connection back a moment later.
async fn recovered(journal: &mut store::Journal) -> store::Recovery {
    for _ in 0..200 {
        match journal.recover(MORNING + HOUR_MS).await {
            Ok(found) => return found,
            Err(Failure::Taken(_)) => {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the lease was never given back");
}

on_both!(
    an_append_that_is_given_up_half_way_comes_to_its_end,
    paper,
    {
        let (mut journal, archive) = paper.open().await;
        let served = Served::new(1);
        {
            let mut append = std::pin::pin!(journal.append(served.waits()));
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(append.as_mut().poll(context).is_ready())
            });
            assert!(!polled.await, "it is under way");
        }
        journal.append(served.talks()).await.unwrap();
        journal.append(served.ends()).await.unwrap();
        assert_eq!(
            life::stored(&archive, 1).await,
            life::fold(&served.whole().entries)
        );
    }
);
