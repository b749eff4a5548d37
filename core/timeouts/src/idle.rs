//! What ends a session that is healthy and that nobody uses. Keepalives are not among it, but for
//! a count of 0; nor is anything that a keepalive could hold off, but the path's memory.

use std::time::Duration;

use crate::alive::{Alive, value};
use crate::path::gap;
use crate::predict::Prediction;
use crate::{ChannelTimeouts, Effect, Fact, IdleAs, Limit, Quirk, Setup, Side, Timer, When};

/// Adds everything that an idle and healthy session meets.
pub(crate) fn idle(setup: &Setup, doing: IdleAs, found: &mut Prediction) {
    if doing != IdleAs::BusyProgram {
        unasked(setup, Side::Client, found);
        unasked(setup, Side::Server, found);
        forgotten(setup, found);
    }
    channels(&setup.client.channel_timeout, Side::Client, doing, found);
    channels(&setup.server.channel_timeout, Side::Server, doing, found);
    if doing == IdleAs::NoSession {
        unused(setup, found);
    }
    if doing == IdleAs::Prompt {
        limit(&setup.server.shell_timeout, Timer::ShellTimeout, Effect::EndsShell, found);
    }
    // logind looks at the terminal's input alone: a program that prints all night is idle to it,
    // and a session without a terminal never is.
    if matches!(doing, IdleAs::Prompt | IdleAs::QuietProgram | IdleAs::BusyProgram) {
        limit(&setup.server.stop_idle, Timer::StopIdle, Effect::EndsConnection, found);
    }
    new_keys(setup, doing, found);
}

/// A count of 0 where it means "end after one interval": unless the other side's own questions
/// come more often and reset the clock.
fn unasked(setup: &Setup, side: Side, found: &mut Prediction) {
    let (other, timer) = match side {
        Side::Client => (Side::Server, Timer::ServerAlive),
        Side::Server => (Side::Client, Timer::ClientAlive),
    };
    let alive = match Alive::of(setup, side) {
        Ok(alive) => alive,
        Err(reason) => return found.not_known(timer, side, reason),
    };
    let quirks = [Quirk::CountZeroEndsUnasked, Quirk::ClientCountZeroEndsUnasked];
    let Some(quirk) = quirks.into_iter().find(|quirk| alive.has(*quirk)) else { return };
    let Limit::After(interval) = alive.interval else { return };
    match Alive::of(setup, other).map(|other| other.period()) {
        Err(reason) => found.not_known(timer, side, reason),
        Ok(Limit::After(period)) if period < interval => {}
        Ok(_) => {
            found.fires(timer, side, When::by_whole_seconds(interval), Effect::EndsConnection);
            if let Some(last) = found.firings.last_mut() {
                last.quirks.push(quirk);
            }
        }
    }
}

/// What the path, and the trackers of the two machines, keep.
fn forgotten(setup: &Setup, found: &mut Prediction) {
    let kept = [
        (&setup.path, Side::Client),
        (&setup.client_kernel.conntrack, Side::Client),
        (&setup.server_kernel.conntrack, Side::Server),
    ];
    let gap = gap(setup);
    for (kept, side) in kept {
        let kept = match value(kept) {
            Ok(Limit::Off) => continue,
            Ok(Limit::After(kept)) => *kept,
            Err(reason) => {
                found.not_known(Timer::Path, side, reason);
                continue;
            }
        };
        match &gap.longest {
            Fact::Known(Limit::After(gap), _) if *gap < kept => {}
            Fact::Known(..) => {
                found.fires(Timer::Path, side, When::exactly(kept), Effect::Forgotten);
            }
            Fact::NotChecked(reason) => found.not_known(Timer::Path, side, reason.clone()),
        }
    }
}

/// ChannelTimeout: bytes through the channel reset it, keepalives do not.
fn channels(timeouts: &Fact<ChannelTimeouts>, side: Side, doing: IdleAs, found: &mut Prediction) {
    let name = match doing {
        IdleAs::Prompt | IdleAs::QuietProgram => "session:shell",
        IdleAs::QuietCommand => "session:command",
        IdleAs::BusyProgram | IdleAs::NoSession => return,
    };
    match value(timeouts) {
        Err(reason) => found.not_known(Timer::ChannelTimeout, side, reason),
        Ok(timeouts) => {
            let limits = [timeouts.limit_of(name), timeouts.global()];
            if let Some(after) = limits.iter().filter_map(|limit| limit.duration()).min() {
                let after = When::by_whole_seconds(after);
                found.fires(Timer::ChannelTimeout, side, after, Effect::EndsSession);
            }
        }
    }
}

/// A connection without a channel; listening forwards are none.
pub(crate) fn unused(setup: &Setup, found: &mut Prediction) {
    let unused = &setup.server.unused_connection;
    limit(unused, Timer::UnusedConnection, Effect::EndsConnection, found);
}

/// A plain limit at the server.
fn limit(fact: &Fact<Limit>, timer: Timer, effect: Effect, found: &mut Prediction) {
    match value(fact) {
        Ok(Limit::Off) => {}
        Ok(Limit::After(after)) => {
            found.fires(timer, Side::Server, When::by_whole_seconds(*after), effect);
        }
        Err(reason) => found.not_known(timer, Side::Server, reason),
    }
}

/// New keys by time come only if a packet went meanwhile.
fn new_keys(setup: &Setup, doing: IdleAs, found: &mut Prediction) {
    let busy = doing == IdleAs::BusyProgram;
    let gap = gap(setup);
    let sides = [(&setup.client.rekey, Side::Client), (&setup.server.rekey, Side::Server)];
    for (rekey, side) in sides {
        let time = match value(rekey).map(|rekey| rekey.time) {
            Ok(Limit::After(time)) => time,
            Ok(Limit::Off) => continue,
            Err(reason) => {
                found.not_known(Timer::Rekey, side, reason);
                continue;
            }
        };
        if busy || sends_within(&gap.longest, time) {
            found.fires(Timer::Rekey, side, When::by_whole_seconds(time), Effect::NewKeys);
        }
    }
}

fn sends_within(gap: &Fact<Limit>, time: Duration) -> bool {
    matches!(gap, Fact::Known(Limit::After(gap), _) if *gap <= time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Persist, Probing, Reason, RekeyLimit, Situation, Version, predict};

    fn stock() -> Setup {
        let mut setup = Setup::stock(Version::new(9, 2), Version::new(9, 2));
        setup.path = Fact::stated(Limit::Off);
        setup
    }

    fn ends(setup: &Setup, doing: IdleAs) -> Vec<(Timer, u64)> {
        let found = predict(setup, Situation::Idle(doing));
        assert_eq!(found.unknown, vec![]);
        found.firings.iter().map(|it| (it.timer, it.after.likely.as_secs())).collect()
    }

    #[test]
    fn nothing_ends_a_stock_session_and_keepalives_do_not_either() {
        let mut setup = stock();
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![]);
        setup.server.alive = Probing::stated(600, 2);
        setup.client.alive = Probing::stated(300, 5);
        setup.client.persist = Fact::stated(Persist::Forever);
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![]);
    }

    #[test]
    fn a_client_count_of_zero_kills_what_is_idle() {
        let mut setup = stock();
        setup.client.alive = Probing::stated(60, 0);
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![(Timer::ServerAlive, 60)]);
        assert_eq!(ends(&setup, IdleAs::BusyProgram), vec![]);
        // The server's questions reset the clock, if they come in time: 9.2 asks every 2 x 29 s.
        setup.server.alive = Probing::stated(29, 3);
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![]);
        setup.server.alive = Probing::stated(30, 3);
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![(Timer::ServerAlive, 60)]);
    }

    #[test]
    fn a_server_count_of_zero_did_so_before_8_2() {
        for (version, expected) in [((8, 1), vec![(Timer::ClientAlive, 300)]), ((8, 2), vec![])] {
            let mut setup = stock();
            setup.server.version = Fact::stated(Version::new(version.0, version.1));
            setup.server.alive = Probing::stated(300, 0);
            assert_eq!(ends(&setup, IdleAs::Prompt), expected, "{version:?}");
        }
    }

    /// Measured: keepalives of either side do not hold ChannelTimeout off, output does.
    #[test]
    fn channels_close_whatever_keepalives_say() {
        let mut setup = stock();
        setup.client.alive = Probing::stated(1, 3);
        setup.server.channel_timeout = Fact::stated(ChannelTimeouts::parse("session:*=4").unwrap());
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![(Timer::ChannelTimeout, 4)]);
        assert_eq!(ends(&setup, IdleAs::QuietCommand), vec![(Timer::ChannelTimeout, 4)]);
        assert_eq!(ends(&setup, IdleAs::BusyProgram), vec![]);
        assert_eq!(ends(&setup, IdleAs::NoSession), vec![]);
        setup.server.channel_timeout = Fact::stated(ChannelTimeouts::parse("session=4").unwrap());
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![]);
    }

    #[test]
    fn logind_sees_keystrokes_alone_and_tmout_prompts_alone() {
        let mut setup = stock();
        setup.server.stop_idle = Fact::stated(Limit::from_secs(900));
        setup.server.shell_timeout = Fact::stated(Limit::from_secs(600));
        let both = vec![(Timer::ShellTimeout, 600), (Timer::StopIdle, 900)];
        assert_eq!(ends(&setup, IdleAs::Prompt), both);
        assert_eq!(ends(&setup, IdleAs::BusyProgram), vec![(Timer::StopIdle, 900)]);
        assert_eq!(ends(&setup, IdleAs::QuietCommand), vec![]);
    }

    #[test]
    fn unused_connections_and_new_keys() {
        let mut setup = stock();
        setup.server.unused_connection = Fact::stated(Limit::from_secs(60));
        setup.server.rekey = Fact::stated(RekeyLimit::parse("default 1h").unwrap());
        assert_eq!(ends(&setup, IdleAs::NoSession), vec![(Timer::UnusedConnection, 60)]);
        // TCP's keepalive is no packet of ssh's: 2 h are more than 1 h anyway.
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![]);
        setup.client.alive = Probing::stated(30, 3);
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![(Timer::Rekey, 3_600)]);
    }

    #[test]
    fn a_path_forgets_what_is_silent_too_long() {
        let mut setup = stock();
        setup.path = Fact::stated(Limit::from_secs(350));
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![(Timer::Path, 350)]);
        setup.client.alive = Probing::stated(360, 3);
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![(Timer::Path, 350)]);
        setup.client.alive = Probing::stated(30, 3);
        assert_eq!(ends(&setup, IdleAs::Prompt), vec![]);
    }

    #[test]
    fn what_is_not_checked_is_not_concluded() {
        let mut setup = stock();
        setup.server.stop_idle = Fact::NotChecked(Reason::NotAsked);
        let found = predict(&setup, Situation::Idle(IdleAs::Prompt));
        assert_eq!((found.firings.len(), found.is_whole(Side::Server)), (0, false));
        assert!(found.is_whole(Side::Client));
    }
}
