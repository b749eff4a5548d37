//! Many runs in which all is left to chance. A failing seed is printed with the command that replays it.

use std::time::Duration;

use abide_sim::{Report, Scenario, percentile, run};

const DAY: Duration = Duration::from_secs(86_400);
const FAULTS_EVERY: Duration = Duration::from_secs(300);

/// Runs seeds of three days each; returns the sum.
fn hold(seeds: std::ops::Range<u64>) -> Report {
    let mut sum = Report::default();
    for seed in seeds {
        match run(&Scenario::random(seed, DAY * 3, FAULTS_EVERY)) {
            Ok(report) => sum.add(report),
            Err(failure) => panic!(
                "{failure}\nreplay: cargo run -p abide-sim --release -- --seed {seed} --days 3"
            ),
        }
    }
    sum
}

fn check_that_it_was_a_test(sum: &Report) {
    let totals = &sum.totals;
    assert!(totals.virtual_time >= DAY * 3 * totals.runs as u32);
    assert!(totals.faults > 300 * totals.runs, "{totals:?}");
    assert!(totals.bytes > 1_000_000 * totals.runs, "{totals:?}");
    assert!(totals.keys > 500 * totals.runs, "{totals:?}");
    assert!(totals.streams > 5 * totals.runs, "{totals:?}");
    assert!(totals.carriers > 50 * totals.runs, "{totals:?}");
    assert!(totals.quiet_quarters > totals.runs, "{totals:?}");
    assert!(totals.most_idle_packets <= 260, "{totals:?}");
    assert!(sum.recoveries.len() > 1_000);
    assert!(percentile(&sum.recoveries, 50.0) < Duration::from_millis(500));
}

#[test]
fn first_hundred_seeds_hold() {
    check_that_it_was_a_test(&hold(0..100));
}

#[test]
fn second_hundred_seeds_hold() {
    check_that_it_was_a_test(&hold(100..200));
}

#[test]
fn third_hundred_seeds_hold() {
    check_that_it_was_a_test(&hold(200..300));
}

#[test]
fn fourth_hundred_seeds_hold() {
    check_that_it_was_a_test(&hold(300..400));
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    let once = || run(&Scenario::random(42, DAY, FAULTS_EVERY)).map(|report| report.totals).ok();
    let first = once();
    assert!(first.is_some());
    assert_eq!(first, once());
}
