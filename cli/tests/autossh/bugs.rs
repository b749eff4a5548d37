//! What the real autossh gets wrong and abide's does not, each once with both: docs/autossh.md lists
//! them. A real one that does better one day fails here, and the list can be shortened.

use std::time::Duration;

use rustix::process::Signal;

use crate::cases::{Case, Line};
use crate::place;
use crate::stage::{Ending, Program, Seen, perform};

/// Both, at once.
fn both(case: &Case) -> (Seen, Seen) {
    place::need_autossh();
    std::thread::scope(|scope| {
        let theirs = scope.spawn(|| perform(case, Program::Real));
        let ours = perform(case, Program::Ours);
        (theirs.join().expect("no panic"), ours)
    })
}

fn words(seen: &Seen) -> String {
    seen.starts.first().map(|start| start.words.join(" ")).unwrap_or_default()
}

#[test]
fn words_of_ssh_and_of_the_command_stay_where_they_were() {
    for (line, theirs, ours) in [
        ("-M 0 -J jump -N host", "-J -N jump host", "-J jump -N host"),
        ("-M 0 host ls -la", "-la host ls", "host ls -la"),
        ("-M 0 host ls --color", "", "host ls --color"),
        ("-M 0 host -- tail -f /x", "host tail /x", "host tail -f /x"),
        ("-NM 0 host", "-NM 0 host", "-N host"),
        ("-M 0 -B lo host", "", "-B lo host"),
    ] {
        let (real, own) = both(&Case::new(line).no_gate());
        assert_eq!((words(&real), words(&own)), (theirs.to_owned(), ours.to_owned()), "{line}");
    }
}

/// Six quick failures, then a wait of 2 s and one of 8 s.
fn backing_off() -> Case {
    Case::new("-M 0 h").plan("0.05:255").no_gate().set("AUTOSSH_POLL", "600")
}

#[test]
fn a_lifetime_that_ends_while_waiting_ends_all() {
    // A life of 22 s makes the waits 1, 1, 2, 3, 4, 5 and 7 s: it ends during the last of them.
    let plan = "0.05:255 0.05:255 0.05:255 0.05:255 0.05:255 0.05:255 0.05:255 0.05:255 0.05:255 \
                0.05:255 0.05:255 0.05:255 0.05:255 0.05:255 0.05:255 60:0";
    let case = Case::new("-M 0 h").plan(plan).no_gate().set("AUTOSSH_MAXLIFETIME", "22").within(28);
    let (real, own) = both(&case);
    assert_eq!((own.ending, own.starts.len()), (Ending::Status(0), 15));
    assert!(own.ended_at.abs_diff(Duration::from_secs(22)) < Duration::from_secs(1));
    assert_eq!((real.ending, real.starts.len()), (Ending::Ran, 16), "it lives on");
}

#[test]
fn a_hang_up_while_waiting_prods_and_does_not_kill() {
    let case = backing_off().set("AUTOSSH_PIDFILE", "$dir/pid");
    for signal in [Signal::HUP, Signal::USR1, Signal::USR2] {
        let (real, own) = both(&case.clone().send(1.0, signal).within(2));
        assert_eq!(real.ending, Ending::Signal(signal.as_raw()));
        assert!(real.files[1], "it leaves its pid file behind");
        assert_eq!((own.ending, own.starts.len()), (Ending::Ran, 7), "{signal:?}");
        assert!(!own.files[1]);
    }
}

#[test]
fn a_hang_up_during_a_test_fails_no_test() {
    let case = Case::new("-M P h").plan("60:0").set("AUTOSSH_POLL", "4");
    // The test begins at 4 s and would wait 2 s for its answer.
    let case = case.line(Line::Mute).send(4.6, Signal::HUP).within(5);
    let own = perform(&case, Program::Ours);
    assert_eq!(own.starts.len(), 1, "{own:?}");
    let real = perform(&case, Program::Real);
    assert_eq!(real.starts.len(), 2, "{real:?}");
}

#[test]
fn an_ssh_that_does_not_hear_is_killed() {
    let case = Case::new("-M 0 h").plan("deaf").send(0.5, Signal::TERM).within(13);
    let own = perform(&case, Program::Ours);
    assert_eq!(own.ending, Ending::Status(1), "{own:?}");
    assert!(own.ended_at > Duration::from_secs(10) && own.ended_at < Duration::from_secs(12));
}

#[test]
fn a_quit_takes_ssh_along() {
    let case = Case::new("-M 0 h").plan("60:0").set("AUTOSSH_PIDFILE", "$dir/pid");
    let own = perform(&case.send(1.0, Signal::QUIT), Program::Ours);
    assert_eq!(own.ending, Ending::Status(1), "{own:?}");
    assert!(!own.files[1]);
}
