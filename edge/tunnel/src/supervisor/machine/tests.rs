//! Each way that a tunnel can go, in virtual time.

use super::*;

const fn at(seconds: u64) -> Moment {
    Moment::from_nanos((1_000 + seconds) * 1_000_000_000)
}

fn machine(limits: Limits) -> Machine {
    going(Way::Plain, limits)
}

fn going(way: Way, limits: Limits) -> Machine {
    let mut machine = Machine::new(limits, way, at(0), 42);
    assert_eq!(done(&mut machine), [Action::Start]);
    machine
}

fn done(machine: &mut Machine) -> Vec<Action> {
    std::iter::from_fn(|| machine.poll_action()).collect()
}

fn lost() -> Cause {
    Cause::ConnectionLost { reason: "Broken pipe".into() }
}

fn refused() -> Cause {
    Cause::Authentication { methods: vec!["publickey".into()] }
}

fn silent() -> Cause {
    Cause::Silent { forward: "-L 1:h:2".into() }
}

fn never() -> Cause {
    unreachable!("no login is slow here")
}

fn finished(outcome: Outcome) -> [Action; 1] {
    [Action::Finish(outcome)]
}

#[test]
fn a_lost_connection_is_tried_again_soon_and_a_network_change_at_once() {
    let mut machine = machine(Limits::default());
    machine.handle_up(at(1));
    machine.handle_ended(at(100), lost());
    let due = machine.poll_timeout().unwrap();
    assert!(due > at(100) && due <= at(101));
    machine.handle_time(due, never);
    assert_eq!(done(&mut machine), [Action::Start]);
    for _ in 0..6 {
        machine.handle_ended(at(101), lost());
        machine.handle_time(machine.poll_timeout().unwrap(), never);
    }
    done(&mut machine);
    machine.handle_ended(at(500), lost());
    assert!(machine.poll_timeout().unwrap() > at(515));
    machine.handle_network(at(502));
    assert_eq!(machine.poll_timeout(), Some(at(502)));
    assert_eq!(machine.cause(), Some(&lost()));
}

#[test]
fn what_only_a_person_can_mend_ends_a_tunnel_that_was_never_up() {
    let mut one = machine(Limits::default());
    one.handle_ended(at(1), refused());
    assert_eq!(done(&mut one), finished(Outcome::GaveUp(refused())));

    let mut kept = machine(Limits { keep_trying: true, ..Limits::default() });
    kept.handle_ended(at(1), refused());
    assert!(done(&mut kept).is_empty());
    assert!(kept.poll_timeout().unwrap() >= at(31), "no hammering with refused keys");

    let mut worked = machine(Limits::default());
    worked.handle_up(at(1));
    worked.handle_ended(at(2), refused());
    assert!(done(&mut worked).is_empty(), "it worked before");
}

#[test]
fn a_refused_remote_port_is_asked_after() {
    let mut machine = machine(Limits::default());
    let refused = Cause::RemoteForwardRefused { listen: "8022".into() };
    machine.handle_useless(at(1), refused.clone());
    machine.handle_ended(at(1), refused);
    assert_eq!(done(&mut machine), [Action::Stop, Action::Ask { listen: "8022".into() }]);
    assert_eq!(machine.cause(), None, "nothing is claimed before the answer");
    let stale = Cause::RemoteListenerStale { listen: "8022".into() };
    machine.handle_asked(at(5), stale.clone());
    assert_eq!(machine.cause(), Some(&stale));
    assert!(matches!(machine.phase(), Phase::Waiting { .. }));
}

#[test]
fn forwards_are_probed_at_once_and_then_at_times() {
    let mut machine = machine(Limits::default());
    machine.handle_up(at(1));
    assert_eq!(machine.poll_timeout(), Some(at(1)));
    machine.handle_time(at(1), never);
    assert_eq!(done(&mut machine), [Action::Probe]);
    assert_eq!(machine.poll_timeout(), None);
    machine.handle_probed(at(3), None);
    assert_eq!(machine.poll_timeout(), Some(at(63)));
    machine.handle_network(at(10));
    assert_eq!(machine.poll_timeout(), Some(at(10)));
}

#[test]
fn two_silent_probes_call_for_another_ssh_and_a_refusing_target_does_not() {
    let mut deaf = machine(Limits::default());
    deaf.handle_up(at(1));
    deaf.handle_time(at(1), never);
    deaf.handle_probed(at(6), Some(silent()));
    assert_eq!(deaf.poll_timeout(), Some(at(11)));
    deaf.handle_time(at(11), never);
    deaf.handle_probed(at(16), Some(silent()));
    assert_eq!(done(&mut deaf), [Action::Probe, Action::Probe, Action::Stop]);
    deaf.handle_ended(at(16), lost());
    assert_eq!(deaf.cause(), Some(&silent()), "the reason stays the first one");

    let refuses = Cause::TargetRefused { forward: "-L 1:h:2".into(), reason: "no".into() };
    let mut machine = machine(Limits::default());
    machine.handle_up(at(1));
    for second in 2..9 {
        machine.handle_time(at(second * 20), never);
        machine.handle_probed(at(second * 20), Some(refuses.clone()));
    }
    assert!(!done(&mut machine).contains(&Action::Stop));
    assert_eq!(machine.cause(), Some(&refuses));
}

#[test]
fn a_slow_login_is_named_stopped_and_tried_again() {
    let mut machine = machine(Limits::default());
    let due = machine.poll_timeout().unwrap();
    assert!(due <= at(30));
    machine.handle_time(due, lost);
    assert_eq!(done(&mut machine), [Action::Stop]);
    let deaf = machine.poll_timeout().unwrap();
    machine.handle_time(deaf, never);
    assert_eq!(done(&mut machine), [Action::Kill]);
    machine.handle_ended(deaf, Cause::SshKilled { signal: 9 });
    assert_eq!(machine.cause(), Some(&lost()));
}

#[test]
fn starts_and_life_are_limited() {
    let mut few = machine(Limits { max_starts: Some(1), ..Limits::default() });
    few.handle_ended(at(1), lost());
    few.handle_time(few.poll_timeout().unwrap(), never);
    assert_eq!(done(&mut few), finished(Outcome::Starts { last: Some(lost()) }));

    let short = Limits { max_lifetime: Some(Duration::from_secs(10)), ..Limits::default() };
    let mut up = machine(short.clone());
    up.handle_up(at(1));
    up.handle_time(at(1), never);
    assert_eq!(up.poll_timeout(), Some(at(10)), "even during a probe");
    up.handle_time(at(10), never);
    assert_eq!(done(&mut up), [Action::Probe, Action::Stop]);
    up.handle_ended(at(10), Cause::SshKilled { signal: 15 });
    assert_eq!(done(&mut up), finished(Outcome::Lifetime));

    let mut waiting = machine(short);
    for _ in 0..5 {
        waiting.handle_ended(at(4), lost());
        waiting.handle_time(at(9), never);
    }
    done(&mut waiting);
    waiting.handle_ended(at(9), lost());
    assert_eq!(waiting.poll_timeout(), Some(at(10)), "even between two tries");
    waiting.handle_time(at(10), never);
    assert_eq!(done(&mut waiting), finished(Outcome::Lifetime));
}

#[test]
fn a_stop_is_a_stop_everywhere() {
    let stopped = finished(Outcome::Stopped);
    let mut up = machine(Limits::default());
    up.handle_up(at(1));
    up.handle_restart(at(2));
    up.handle_stop(at(2));
    assert_eq!(done(&mut up), [Action::Stop]);
    up.handle_ended(at(3), lost());
    assert_eq!(done(&mut up), stopped);
    let mut waiting = machine(Limits::default());
    waiting.handle_ended(at(1), lost());
    waiting.handle_stop(at(1));
    assert_eq!(done(&mut waiting), stopped);
    waiting.handle_stop(at(2));
    waiting.handle_restart(at(2));
    waiting.handle_network(at(2));
    assert_eq!(waiting.poll_timeout(), None);
}

#[test]
fn a_link_in_an_outage_is_not_probed_nor_ended_and_is_looked_at_when_it_is_back() {
    let mut machine = going(Way::Link, Limits::default());
    machine.handle_up(at(1));
    machine.handle_time(at(1), never);
    assert_eq!(done(&mut machine), [Action::Probe]);
    machine.handle_silent(at(2));
    // The answers of a probe that was under way mean nothing.
    machine.handle_probed(at(3), Some(silent()));
    assert_eq!((machine.quiet_since(), machine.cause()), (None, None));
    machine.handle_time(machine.poll_timeout().unwrap(), never);
    assert_eq!((machine.quiet_since(), machine.poll_timeout()), (Some(at(2)), None));
    machine.handle_ssh_failed(at(9), refused());
    let prod = machine.poll_timeout().unwrap();
    assert!(prod >= at(9 + 30) && prod <= at(9 + 600), "no sooner than a person could help");
    machine.handle_time(prod, never);
    machine.handle_network(at(2_000));
    assert_eq!(done(&mut machine), [Action::Prod, Action::Prod]);
    machine.handle_heard(at(9_000));
    assert_eq!((machine.cause(), machine.poll_timeout()), (None, Some(at(9_000))));
    assert_eq!(machine.starts(), 1);
}

#[test]
fn no_probe_ends_a_link() {
    let mut machine = going(Way::Link, Limits::default());
    machine.handle_up(at(1));
    for second in 2..9 {
        machine.handle_time(machine.poll_timeout().unwrap(), never);
        machine.handle_probed(at(100 * second), Some(silent()));
        assert_eq!(done(&mut machine), [Action::Probe]);
    }
    assert_eq!(machine.cause(), Some(&silent()));
}

#[test]
fn where_no_link_can_be_plain_ssh_has_the_same_start_until_it_fails_too() {
    let mut machine =
        going(Way::Link, Limits { max_starts: Some(2), keep_trying: true, ..Limits::default() });
    machine.handle_unfit(at(1));
    assert_eq!(done(&mut machine), [Action::Start]);
    assert_eq!((machine.way(), machine.starts()), (Way::Plain, 1));
    machine.handle_up(at(2));
    machine.handle_ended(at(100), lost());
    assert_eq!(machine.way(), Way::Plain, "it was up: the same way again");
    machine.handle_time(machine.poll_timeout().unwrap(), never);
    machine.handle_ended(at(200), refused());
    assert_eq!(machine.way(), Way::Link, "neither way: the server may have changed");
}
