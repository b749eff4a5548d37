//! Timers of a connection that is being made, and of a shared one that nobody uses any more.

use std::time::Duration;

use crate::alive::{Alive, value};
use crate::predict::Prediction;
use crate::{Effect, Limit, Persist, Quirk, Reason, Setup, Side, Switch, Timer, When, idle, tcp};

/// ssh waits this long between two rounds of attempts (sshconnect.c:491-494).
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);
/// sshd 9.9 adds a random part of this to LoginGraceTime (sshd-session.c:1212-1219).
const GRACE_JITTER: Duration = Duration::from_secs(4);

/// A server that does not answer at all, at one address.
pub(crate) fn connecting(setup: &Setup, found: &mut Prediction) {
    let rounds = match value(&setup.client.connection_attempts) {
        Ok(rounds) => (*rounds).max(1),
        Err(reason) => return found.not_known(Timer::ConnectTimeout, Side::Client, reason),
    };
    let whole = |one: Duration| {
        let pauses = BETWEEN_ATTEMPTS.saturating_mul(rounds - 1);
        When::exactly(one.saturating_mul(rounds).saturating_add(pauses))
    };
    match value(&setup.client.connect_timeout) {
        Ok(Limit::After(one)) => {
            found.fires(Timer::ConnectTimeout, Side::Client, whole(*one), Effect::EndsLogin);
        }
        Ok(Limit::Off) => {}
        Err(reason) => found.not_known(Timer::ConnectTimeout, Side::Client, reason),
    }
    match kernel_gives_up(setup) {
        Ok(one) => found.fires(Timer::TcpConnect, Side::Client, whole(one), Effect::EndsLogin),
        Err(reason) => found.not_known(Timer::TcpConnect, Side::Client, reason),
    }
}

fn kernel_gives_up(setup: &Setup) -> Result<Duration, Reason> {
    if let Some(reason) = tcp::is_proxied(setup, Side::Client) {
        return Err(reason);
    }
    let kernel = &setup.client_kernel;
    Ok(tcp::connecting(*value(&kernel.syn_retries)?, *value(&kernel.syn_linear)?))
}

/// A server that is connected and says no word: what is left of ConnectTimeout counts on
/// (kex.c:1303-1316), interval times count does not yet; without it only TCP's keepalive is left.
pub(crate) fn no_banner(setup: &Setup, found: &mut Prediction) {
    match value(&setup.client.connect_timeout) {
        Ok(Limit::After(after)) => {
            let after = When::exactly(*after);
            found.fires(Timer::ConnectTimeout, Side::Client, after, Effect::EndsLogin);
        }
        Ok(Limit::Off) => {}
        Err(reason) => found.not_known(Timer::ConnectTimeout, Side::Client, reason),
    }
    grace(setup, found);
}

/// Key exchange and authentication: ConnectTimeout is over (whatever ssh_config(5) says).
pub(crate) fn login(setup: &Setup, found: &mut Prediction) {
    match login_silence(setup) {
        Ok(Some(after)) => {
            let after = When::exactly(after);
            found.fires(Timer::LoginSilence, Side::Client, after, Effect::EndsLogin);
            if let Some(last) = found.firings.last_mut() {
                last.quirks.push(Quirk::LoginSilence);
            }
        }
        Ok(None) => {}
        Err(reason) => found.not_known(Timer::LoginSilence, Side::Client, reason),
    }
    grace(setup, found);
}

/// How long the server may say nothing until the login is through: interval times count, without
/// the one interval more; `None`: as long as it likes (packet.c:338-350).
///
/// # Errors
/// The reason why a value was not checked.
pub(crate) fn login_silence(setup: &Setup) -> Result<Option<Duration>, Reason> {
    let alive = Alive::of(setup, Side::Client)?;
    let Limit::After(interval) = alive.interval else { return Ok(None) };
    let acts = alive.has(Quirk::LoginSilence) && alive.count > 0;
    Ok(acts.then(|| interval.saturating_mul(alive.count)))
}

fn grace(setup: &Setup, found: &mut Prediction) {
    let after = match value(&setup.server.login_grace) {
        Ok(Limit::Off) => return,
        Ok(Limit::After(after)) => *after,
        Err(reason) => return found.not_known(Timer::LoginGrace, Side::Server, reason),
    };
    let version = match value(&setup.server.version) {
        Ok(version) => *version,
        Err(reason) => return found.not_known(Timer::LoginGrace, Side::Server, reason),
    };
    let jitters = Quirk::GraceJitter.is_in(version);
    let latest = if jitters { after.saturating_add(GRACE_JITTER) } else { after };
    let when = When { earliest: after, likely: after, latest };
    found.fires(Timer::LoginGrace, Side::Server, when, Effect::EndsLogin);
    if let Some(last) = found.firings.last_mut().filter(|_| jitters) {
        last.quirks.push(Quirk::GraceJitter);
    }
}

/// A shared connection after its last session.
pub(crate) fn master_unused(setup: &Setup, found: &mut Prediction) {
    if matches!(value(&setup.client.shared), Ok(Switch::Off)) {
        return;
    }
    match value(&setup.client.persist) {
        Ok(Persist::No | Persist::Forever) => {}
        Ok(Persist::For(after)) => {
            let after = When::by_whole_seconds(*after);
            found.fires(Timer::ControlPersist, Side::Client, after, Effect::EndsMaster);
        }
        Err(reason) => found.not_known(Timer::ControlPersist, Side::Client, reason),
    }
    idle::unused(setup, found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fact, Probing, Route, Situation, Version, predict};

    fn stock() -> Setup {
        Setup::stock(Version::new(9, 2), Version::new(9, 2))
    }

    fn seconds(setup: &Setup, situation: Situation) -> Vec<(Timer, u64)> {
        let found = predict(setup, situation);
        found.firings.iter().map(|it| (it.timer, it.after.likely.as_secs())).collect()
    }

    #[test]
    fn attempts_multiply_and_wait_a_second() {
        let mut setup = stock();
        assert_eq!(seconds(&setup, Situation::Connecting), vec![(Timer::TcpConnect, 131)]);
        setup.client.connect_timeout = Fact::stated(Limit::from_secs(2));
        setup.client.connection_attempts = Fact::stated(3);
        // Measured: 3 x 2 s + 2 = 8 s.
        assert_eq!(seconds(&setup, Situation::Connecting)[0], (Timer::ConnectTimeout, 8));
    }

    #[test]
    fn logins_have_interval_times_count_without_the_one_more() {
        let mut setup = stock();
        setup.client.connect_timeout = Fact::stated(Limit::from_secs(3));
        setup.client.alive = Probing::stated(2, 2);
        let grace = (Timer::LoginGrace, 120);
        // Measured: 2/2 gave 4.0 s; ConnectTimeout=3 did not end a stalled key exchange.
        assert_eq!(seconds(&setup, Situation::Login), vec![(Timer::LoginSilence, 4), grace]);
        assert_eq!(seconds(&setup, Situation::NoBanner), vec![(Timer::ConnectTimeout, 3), grace]);
        setup.client.alive = Probing::stated(2, 0);
        assert_eq!(seconds(&setup, Situation::Login), vec![grace]);
        setup.client.alive = Probing::stated(2, 2);
        setup.client.version = Fact::stated(Version::new(6, 4));
        assert_eq!(seconds(&setup, Situation::Login), vec![grace]);
    }

    #[test]
    fn grace_has_a_random_part_since_9_9() {
        for (version, latest) in [((9, 8), 120), ((9, 9), 124)] {
            let mut setup = stock();
            setup.server.version = Fact::stated(Version::new(version.0, version.1));
            let found = predict(&setup, Situation::Login);
            let grace = found.first_of(Side::Server).unwrap();
            assert_eq!(grace.after.earliest, Duration::from_secs(120));
            assert_eq!(grace.after.latest, Duration::from_secs(latest), "{version:?}");
        }
    }

    #[test]
    fn a_proxys_socket_is_not_known() {
        let mut setup = stock();
        setup.client.route = Fact::stated(Route::Proxied("jump".into()));
        let found = predict(&setup, Situation::Connecting);
        assert!(found.firings.is_empty());
        assert!(!found.is_whole(Side::Client));
    }

    #[test]
    fn shared_connections_end_when_nobody_uses_them() {
        let mut setup = stock();
        setup.client.shared = Fact::stated(Switch::On);
        setup.client.persist = Fact::stated(Persist::For(Duration::from_secs(600)));
        let expected = vec![(Timer::ControlPersist, 600)];
        assert_eq!(seconds(&setup, Situation::MasterUnused), expected);
        setup.client.persist = Fact::stated(Persist::Forever);
        assert_eq!(seconds(&setup, Situation::MasterUnused), vec![]);
    }
}
