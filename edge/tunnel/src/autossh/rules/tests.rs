//! autossh's table of rules, and what it gets wrong and this machine must not.

use super::*;

const fn at(seconds: u64) -> Moment {
    Moment::from_nanos((1_000 + seconds) * 1_000_000_000)
}

fn limits() -> Limits {
    Limits {
        poll: Duration::from_secs(600),
        first_poll: Duration::from_secs(600),
        gate: Some(Duration::from_secs(30)),
        max_start: None,
        lifetime: None,
    }
}

fn forgiving() -> Limits {
    Limits { gate: None, ..limits() }
}

/// All that is to be done now, but for the words.
fn done(rules: &mut Rules) -> Vec<Action> {
    std::iter::from_fn(|| rules.poll_action())
        .filter(|action| !matches!(action, Action::Log(_)))
        .collect()
}

fn started(limits: Limits) -> Rules {
    let mut rules = Rules::new(limits, true, at(0));
    assert_eq!(done(&mut rules), [Action::Start]);
    rules
}

const RESTART: [Action; 1] = [Action::Start];
const DONE: [Action; 1] = [Action::Finish(Outcome::Done)];
const FAILED: [Action; 1] = [Action::Finish(Outcome::Failed)];

#[test]
fn the_table_of_exits() {
    for (status, in_gate, after_gate, without_gate) in [
        (0, FAILED, DONE, DONE),
        (1, FAILED, FAILED, RESTART),
        (2, FAILED, FAILED, RESTART),
        (255, FAILED, RESTART, RESTART),
        (3, FAILED, FAILED, FAILED),
        (127, FAILED, FAILED, FAILED),
    ] {
        for (limits, second, wanted) in
            [(limits(), 30, &in_gate), (limits(), 31, &after_gate), (forgiving(), 0, &without_gate)]
        {
            let mut rules = started(limits);
            rules.handle_end(at(second), End::Status(status));
            assert_eq!(done(&mut rules), wanted[..], "status {status} after {second} s");
        }
    }
    let mut rules = started(limits());
    rules.handle_end(at(0), End::Signal(9));
    assert_eq!(done(&mut rules), RESTART);
    rules.handle_end(at(0), End::Status(1));
    assert_eq!(done(&mut rules), RESTART, "the second start has no gate");
}

#[test]
fn grace_grows_after_five_quick_tries_and_a_long_life_ends_it() {
    let mut rules = started(forgiving());
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..30 {
        rules.handle_end(now, End::Status(255));
        if done(&mut rules).is_empty() {
            let due = rules.poll_timeout().unwrap();
            waits.push(due.since(now).as_secs());
            now = due;
            rules.handle_time(now);
            assert_eq!(done(&mut rules), RESTART);
        }
    }
    assert_eq!(waits[..5], [2, 8, 18, 32, 50]);
    assert_eq!(waits.last(), Some(&600));
    rules.handle_end(now + Duration::from_secs(60), End::Status(255));
    assert_eq!(done(&mut rules), RESTART);
}

#[test]
fn starts_are_counted() {
    let mut rules = Rules::new(Limits { max_start: Some(0), ..limits() }, false, at(0));
    assert_eq!(done(&mut rules), DONE);
    let mut rules = started(Limits { max_start: Some(2), ..forgiving() });
    rules.handle_end(at(1), End::Status(255));
    assert_eq!(done(&mut rules), RESTART);
    rules.handle_end(at(2), End::Status(255));
    assert_eq!(done(&mut rules), DONE);
}

#[test]
fn a_failed_test_restarts_and_a_passed_one_waits_a_poll() {
    let mut rules = started(Limits { first_poll: Duration::from_secs(5), ..limits() });
    assert_eq!(rules.poll_timeout(), Some(at(5)));
    rules.handle_time(at(5));
    assert_eq!(done(&mut rules), [Action::Test]);
    rules.handle_tested(at(6), true);
    assert_eq!(rules.poll_timeout(), Some(at(606)));
    rules.handle_time(at(606));
    rules.handle_tested(at(607), false);
    assert_eq!(done(&mut rules), [Action::Test, Action::Stop]);
    rules.handle_end(at(608), End::Status(255));
    assert_eq!(done(&mut rules), RESTART);
}

#[test]
fn signals_end_restart_or_prod() {
    let mut rules = started(limits());
    rules.handle_signal(at(1), Signal::Prod);
    assert_eq!((done(&mut rules), rules.poll_timeout()), (vec![], Some(at(600))));
    rules.handle_signal(at(2), Signal::Restart);
    assert_eq!(done(&mut rules), [Action::Stop]);
    rules.handle_signal(at(2), Signal::Exit(15));
    rules.handle_end(at(3), End::Signal(15));
    assert_eq!(done(&mut rules), FAILED);
}

#[test]
fn an_ssh_that_does_not_end_is_killed() {
    let mut rules = started(limits());
    rules.handle_signal(at(1), Signal::Exit(15));
    assert_eq!(rules.poll_timeout(), Some(at(11)));
    rules.handle_time(at(11));
    assert_eq!(done(&mut rules), [Action::Stop, Action::Kill]);
    assert_eq!(rules.poll_timeout(), None);
}

/// Brings a machine into its first grace, which begins at second 1 and lasts 2 s.
fn in_grace(limits: Limits) -> Rules {
    let mut rules = started(limits);
    for _ in 0..6 {
        rules.handle_end(at(1), End::Status(255));
    }
    done(&mut rules);
    assert!(matches!(rules.state, State::Grace { .. }));
    rules
}

#[test]
fn a_life_that_ends_while_waiting_ends() {
    let lifetime = Some(Duration::from_secs(2));
    let mut rules = in_grace(Limits { lifetime, ..forgiving() });
    assert_eq!(rules.poll_timeout(), Some(at(2)));
    rules.handle_time(at(2));
    assert_eq!(done(&mut rules), DONE);
}

#[test]
fn signals_while_waiting_prod_or_end_and_never_kill() {
    for signal in [Signal::Prod, Signal::Restart] {
        let mut rules = in_grace(forgiving());
        rules.handle_signal(at(1), signal);
        assert_eq!(done(&mut rules), RESTART);
    }
    let mut rules = in_grace(forgiving());
    rules.handle_signal(at(1), Signal::Exit(2));
    assert_eq!(done(&mut rules), FAILED);
}

#[test]
fn less_than_a_poll_before_the_end_nothing_is_tested() {
    let poll = Duration::from_secs(7);
    let limits = Limits {
        poll,
        first_poll: Duration::from_secs(2),
        lifetime: Some(Duration::from_secs(10)),
        ..limits()
    };
    let mut rules = started(limits);
    rules.handle_time(at(2));
    rules.handle_tested(at(2), true);
    assert_eq!(rules.poll_timeout(), Some(at(9)));
    rules.handle_time(at(9));
    rules.handle_tested(at(9), true);
    assert_eq!(rules.poll_timeout(), Some(at(10)));
    rules.handle_time(at(10));
    assert_eq!(done(&mut rules), [Action::Test, Action::Test, Action::Stop]);
    rules.handle_end(at(10), End::Signal(15));
    assert_eq!(done(&mut rules), DONE);
}

#[test]
fn a_signal_during_a_test_is_no_failure_of_it() {
    let mut rules = started(limits());
    rules.handle_time(at(600));
    rules.handle_signal(at(600), Signal::Prod);
    assert_eq!(done(&mut rules), [Action::Test]);
    rules.handle_tested(at(601), true);
    assert_eq!(rules.poll_timeout(), Some(at(1_201)));
}
