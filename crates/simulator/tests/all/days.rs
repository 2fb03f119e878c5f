//! Whole days with all checkers.

use simulator::day::day;
use simulator::options::Options;

#[test]
fn a_plain_day_keeps_every_promise() {
    let mut options = Options::base(1, 1);
    options.attempts = 2_000.0;
    let report = day(&options);
    for finding in &report.found {
        println!("{finding}");
    }
    println!("{report:?}");
    assert!(report.found.is_empty());
}

#[test]
#[ignore = "probe"]
fn probe() {
    let seeds: Vec<u64> = std::env::var("SEEDS")
        .unwrap_or("1".into())
        .split(',')
        .map(|s| s.parse().unwrap())
        .collect();
    for seed in seeds {
        let base = std::env::var("BASE").is_ok();
        let options = if base {
            Options::base(seed, 1)
        } else {
            Options::drawn(seed, 1)
        };
        let mut options = options;
        if std::env::var("CALM").is_ok() {
            options.quarter_noise = 0.0;
            options.day_noise = 0.0;
        }
        if let Ok(p) = std::env::var("STAFF") {
            options.staff_percent = p.parse().unwrap();
        }
        let t = std::time::Instant::now();
        let report = day(&options);
        println!(
            "seed {seed} {options} in {:?}: contacts {} events {} answered/queued {:?} attempts {:?} sl20 {:?} wait {:?} occ {:.1} seat_h {:.0} staff {} waitmost {} cov {:?} hash {:016x} refused {:?}",
            t.elapsed(),
            report.contacts,
            report.events,
            report.summary.answer_rate_queued(),
            report.summary.answer_rate_attempts(),
            report.summary.service_level(20_000),
            report.summary.mean_wait_ms(),
            report.occupancy,
            report.seat_hours,
            report.staff_most,
            report.waiting_most,
            report.coverage,
            report.hash,
            report.refused
        );
        println!("   {:?}", report.summary);
        for l in &report.layers {
            println!("   layer {l:?}");
        }
        if std::env::var("HOURS").is_ok() {
            let (_, journal) = simulator::day::day_with_journal(&options);
            let mut rows: std::collections::BTreeMap<u64, center::record::Row> = Default::default();
            let mut hours = vec![(0, 0, 0i64, 0); 30];
            let t0 = journal[0].0.0;
            for (at, event) in &journal {
                let Some(c) = event.contact() else { continue };
                let row = rows.entry(c.0).or_default();
                row.apply(*at, event);
                if row.closed.is_some() && row.queued.is_some() {
                    let h = ((row.arrived.0 - t0) / 3_600_000) as usize;
                    hours[h].0 += 1;
                    if row.answered.is_some() {
                        hours[h].1 += 1;
                        hours[h].2 += row.wait_ms;
                        if row.wait_ms <= 20_000 {
                            hours[h].3 += 1;
                        }
                    }
                    rows.remove(&c.0);
                }
            }
            for (h, (q, a, w, sl)) in hours.iter().enumerate() {
                if *q > 0 {
                    println!(
                        "   {h:02} queued {q} answered {a} sl {:.2} wait {:.1}",
                        f64::from(*sl) / f64::from(*q),
                        *w as f64 / f64::from(*a) / 1000.0
                    );
                }
            }
        }
        let mut seen = std::collections::BTreeMap::new();
        for finding in &report.found {
            let n = seen.entry(finding.checker).or_insert(0);
            *n += 1;
            if *n <= 3 {
                println!("   {finding}");
            }
        }
        println!("   {seen:?}");
    }
}

#[test]
#[ignore = "probe"]
fn probe_rest() {
    use center::event::Event;
    let mut options = Options::base(1, 1);
    options.quarter_noise = 0.0;
    let (_, journal) = simulator::day::day_with_journal(&options);
    let end = journal[0].0 + 86_400_000;
    let mut state: std::collections::BTreeMap<u32, (center::time::Time, &str)> = Default::default();
    let mut sums: std::collections::BTreeMap<&str, i64> = Default::default();
    let mut n: std::collections::BTreeMap<&str, i64> = Default::default();
    for (at, event) in &journal {
        let Some(c) = event.counselor() else { continue };
        let next = match event {
            Event::SignedIn { .. } => "in",
            Event::SignedOut { .. } => "out",
            Event::Readied { .. } => "idle",
            Event::Rested { .. } => "rest",
            Event::Offered { .. } => "ring",
            Event::OfferReturned { .. } => "rest",
            Event::Answered { .. } | Event::Resumed { .. } => "talk",
            Event::Held { .. } => "hold",
            Event::TalkEnded { .. } => "wrap",
            Event::Closed { .. } => "idle",
            _ => continue,
        };
        let e = state.entry(c.0).or_insert((*at, "out"));
        if *at <= end {
            *sums.entry(e.1).or_default() += *at - e.0;
            *n.entry(next).or_default() += 1;
        }
        *e = (*at, next);
    }
    println!(
        "{:?} {n:?}",
        sums.iter()
            .map(|(k, v)| (*k, *v as f64 / 3.6e6))
            .collect::<Vec<_>>()
    );
}

#[test]
#[ignore = "probe"]
fn probe_hours() {
    use center::event::Event;
    let mut sums = vec![(0.0f64, 0.0f64, 0, 0.0, 0.0); 26];
    let mut mins = vec![(0.0f64, 0.0f64, 0); 60];
    for seed in 1..7 {
        let options = Options::base(seed, 1);
        let (_, journal) = simulator::day::day_with_journal(&options);
        let t0 = journal[0].0.0;
        let mut told = std::collections::BTreeMap::new();
        for (at, event) in &journal {
            match event {
                Event::WaitTold {
                    contact, told: t, ..
                } => {
                    told.entry(*contact).or_insert((*at, *t));
                }
                Event::Offered { contact, .. } => {
                    if let Some((since, t)) = told.remove(contact) {
                        let w = (*at - since) as f64;
                        let p = t.p50_ms.unwrap_or(1) as f64;
                        let h = ((since.0 - t0) / 3_600_000) as usize;
                        let m = ((since.0 - t0) / 60_000 % 60) as usize;
                        for s in [&mut sums[h]] {
                            s.0 += w;
                            s.1 += p;
                            s.2 += 1;
                            s.3 += f64::from(u8::from(w <= p));
                            s.4 += f64::from(t.staff);
                        }
                        mins[m].0 += w;
                        mins[m].1 += p;
                        mins[m].2 += 1;
                    }
                }
                Event::Closed { contact, .. } => {
                    told.remove(contact);
                }
                _ => {}
            }
        }
    }
    for (h, s) in sums.iter().enumerate() {
        let n = f64::from(s.2);
        println!(
            "{h} n {} wait {:.1} told {:.1} ratio {:.2} cover {:.2} staff {:.1}",
            s.2,
            s.0 / n / 1e3,
            s.1 / n / 1e3,
            s.0 / s.1,
            s.3 / n,
            s.4 / n
        );
    }
    for (m, s) in mins.chunks(5).enumerate() {
        let w: f64 = s.iter().map(|x| x.0).sum();
        let p: f64 = s.iter().map(|x| x.1).sum();
        println!(
            "min {} ratio {:.2} n {}",
            m * 5,
            w / p,
            s.iter().map(|x| x.2).sum::<i32>()
        );
    }
}
