//! abide's autossh beside the real one, with a stand-in for ssh that does what it is told: for every
//! combination of flags, environment, exit statuses, signals and times in `cases.rs` both start ssh
//! equally often, at the same times, with the same words, and end alike. `bugs.rs` has what differs.

#![allow(unreachable_pub)]

mod bugs;
mod cases;
mod place;
mod stage;

use std::sync::Mutex;
use std::time::Duration;

use cases::Case;
use stage::{Program, Seen, perform};

/// Starts and ends may be so far apart: the real one counts in whole seconds of the wall clock.
const TOLERANCE: Duration = Duration::from_millis(1_400);
/// So many cases run at once; most of them only wait.
const AT_ONCE: usize = 24;

/// Runs every case with both programs; gives the names and differences of those that differ.
fn compare(cases: Vec<Case>) -> Vec<String> {
    let queue = Mutex::new(cases);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no panic").pop();
                    let Some(case) = next else { break };
                    // On a busy machine the real one once took another way than it takes: what both
                    // do differently shows a second time.
                    let told = compare_one(&case).and_then(|_| compare_one(&case));
                    wrong.lock().expect("no panic").extend(told);
                }
            });
        }
    });
    wrong.into_inner().expect("no panic")
}

fn compare_one(case: &Case) -> Option<String> {
    let theirs = perform(case, Program::Real);
    let ours = perform(case, Program::Ours);
    let difference = difference(&theirs, &ours)?;
    Some(format!("{case:?}\n  {difference}\n  autossh {theirs:?}\n  abide   {ours:?}"))
}

fn difference(theirs: &Seen, ours: &Seen) -> Option<String> {
    let words = |seen: &Seen| seen.starts.iter().map(|it| it.words.clone()).collect::<Vec<_>>();
    if theirs.ending != ours.ending {
        return Some("another ending".into());
    }
    if theirs.starts.len() != ours.starts.len() {
        return Some("another number of starts".into());
    }
    if words(theirs) != words(ours) {
        return Some("other words for ssh".into());
    }
    if theirs.said_version != ours.said_version || theirs.files != ours.files {
        return Some("other words or files".into());
    }
    let times = |seen: &Seen| -> Vec<Duration> {
        seen.starts.iter().map(|it| it.at).chain([seen.ended_at]).collect()
    };
    let late = times(theirs).into_iter().zip(times(ours)).find(|(a, b)| a.abs_diff(*b) > TOLERANCE);
    late.map(|(theirs, ours)| format!("another time: {theirs:?} and {ours:?}"))
}

#[test]
fn autossh_and_abide_do_the_same() {
    place::need_autossh();
    let cases = cases::all();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let began = abide_host::clock::now();
    let count = cases.len();
    let wrong = compare(cases);
    let took = abide_host::clock::now().since(began);
    println!("{count} cases in {took:?}");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(took < Duration::from_secs(60), "{took:?} is too long");
}
