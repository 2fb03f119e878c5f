//! Erlang B, C and A come out of the real center inside the 99 % interval of batch means.

use center::staffing::{Load, erlang_b, impatient, patient};
use simulator::erlang::{Mean, Measured, Trial, run};

fn trial(erlangs: f64, seats: u32, patience_s: f64) -> Trial {
    Trial {
        seed: 3,
        load: Load {
            arrivals_per_s: erlangs / 180.0,
            handling_s: 180.0,
            patience_s,
        },
        seats,
        waiting_max: 10_000,
        contacts: 40_000,
        target_s: 20.0,
    }
}

#[track_caller]
fn agrees(found: Mean, formula: f64) {
    assert!(
        found.holds(formula),
        "{formula} is not {} ± {}",
        found.mean,
        found.half
    );
}

fn well_told(measured: &Measured) {
    assert!(measured.coverage.holds(), "{:?}", measured.coverage);
}

#[test]
fn nobody_may_wait_erlang_b() {
    for (erlangs, seats) in [(10.0, 10), (4.461, 10), (25.0, 20)] {
        let mut trial = trial(erlangs, seats, 400.0);
        trial.waiting_max = 0;
        let measured = run(&trial);
        agrees(measured.blocked, erlang_b(erlangs, seats));
        assert!(measured.abandoned.mean.abs() < f64::EPSILON);
    }
}

#[test]
fn nobody_gives_up_erlang_c() {
    for (erlangs, seats) in [(3.0, 5), (10.0, 14), (20.0, 25)] {
        let trial = trial(erlangs, seats, f64::INFINITY);
        let measured = run(&trial);
        let formula = patient(&trial.load, seats, trial.target_s).unwrap();
        agrees(measured.waiting, formula.waiting);
        agrees(measured.wait_s, formula.mean_wait_s);
        agrees(measured.within, formula.within_target);
    }
}

#[test]
fn people_give_up_erlang_a() {
    for (erlangs, seats, patience_s) in [(10.0, 12, 200.0), (48.0, 50, 400.0), (30.0, 24, 400.0)] {
        let trial = trial(erlangs, seats, patience_s);
        let measured = run(&trial);
        let formula = impatient(&trial.load, seats, trial.target_s);
        agrees(measured.waiting, formula.waiting);
        agrees(measured.abandoned, formula.abandoned);
        agrees(measured.wait_s, formula.mean_wait_s);
        agrees(measured.within, formula.within_target);
        well_told(&measured);
    }
}

#[test]
fn a_formula_for_one_seat_more_does_not_agree() {
    let trial = trial(30.0, 24, 400.0);
    let measured = run(&trial);
    let formula = impatient(&trial.load, 26, trial.target_s);
    assert!(!measured.wait_s.holds(formula.mean_wait_s), "{measured:?}");
}
