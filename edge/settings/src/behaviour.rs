//! What a change of settings changes in what happens, as `abide-timeouts` predicts it. Values that
//! nobody looked at are taken as OpenSSH and Linux have them by default, which is why this speaks of
//! the changed side alone.

use abide_sshconf::Release;
use abide_timeouts::{
    ChannelTimeouts, Fact, Firing, IdleAs, Limit, Setup, Side, Situation, Switch, Traffic, Version,
    predict,
};

/// Names and values, as `ssh -G` and `sshd -T` print them.
pub type Values = [(String, String)];

/// What happens in a situation, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// The situation.
    pub situation: Situation,
    /// The first timer to end something now; `None` when nothing ever does.
    pub was: Option<Firing>,
    /// And afterwards.
    pub will_be: Option<Firing>,
}

/// The situations that a person asks about, on one side.
const CLIENT: [Situation; 3] = [
    Situation::DeadPath(Traffic::IDLE),
    Situation::FrozenPeer(Traffic::IDLE),
    Situation::Idle(IdleAs::Prompt),
];
const SERVER: [Situation; 5] = [
    Situation::DeadPath(Traffic::IDLE),
    Situation::DeadPath(Traffic::OUTPUT),
    Situation::FrozenPeer(Traffic::IDLE),
    Situation::Idle(IdleAs::Prompt),
    Situation::Login,
];

/// What will be different at that side; situations in which nothing changes are left out, save the
/// dead path, which is what keepalives are about.
pub fn behaviour(
    side: Side,
    release: Option<Release>,
    before: &Values,
    after: &Values,
) -> Vec<Behaviour> {
    let (now, then) = (setup(side, release, before), setup(side, release, after));
    let situations = match side {
        Side::Client => &CLIENT[..],
        Side::Server => &SERVER[..],
    };
    let compare = |situation: &Situation| {
        let first = |setup: &Setup| predict(setup, *situation).first_of(side).cloned();
        Behaviour { situation: *situation, was: first(&now), will_be: first(&then) }
    };
    let all = situations.iter().map(compare);
    let told =
        |it: &Behaviour| it.was != it.will_be || it.situation == Situation::DeadPath(Traffic::IDLE);
    all.filter(told).collect()
}

/// What ends a session that is well and idle, by these values of that side.
pub fn ends_idle(side: Side, release: Option<Release>, values: &Values) -> Option<Firing> {
    let idle = Situation::Idle(IdleAs::Prompt);
    predict(&setup(side, release, values), idle).first_of(side).cloned()
}

/// The values after a change: those before, with some replaced.
pub fn changed(before: &Values, expect: &[String]) -> Vec<(String, String)> {
    let mut values = before.to_vec();
    for line in expect {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        values.retain(|(known, _)| known != name);
        values.push((name.to_owned(), value.to_owned()));
    }
    values
}

/// The stock setup with the values of one side in it.
fn setup(side: Side, release: Option<Release>, values: &Values) -> Setup {
    let release = release.unwrap_or_default();
    let version = Version::new(release.major, release.minor);
    let mut setup = Setup::stock(version, version);
    let get = |name: &str| {
        let found = values.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let limit = |name: &str| match get(name) {
        Some("none") => Some(Limit::Off),
        value => value.and_then(|value| value.parse().ok()).map(Limit::from_secs),
    };
    let count = |name: &str| get(name).and_then(|value| value.parse().ok());
    let switch = get("tcpkeepalive").map(|value| match value {
        "no" => Switch::Off,
        _ => Switch::On,
    });
    match side {
        Side::Client => {
            let client = &mut setup.client;
            put(&mut client.alive.interval, limit("serveraliveinterval"));
            put(&mut client.alive.count, count("serveralivecountmax"));
            put(&mut client.tcp_keep_alive, switch);
        }
        Side::Server => {
            let server = &mut setup.server;
            put(&mut server.alive.interval, limit("clientaliveinterval"));
            put(&mut server.alive.count, count("clientalivecountmax"));
            put(&mut server.tcp_keep_alive, switch);
            put(&mut server.login_grace, limit("logingracetime"));
            put(&mut server.unused_connection, limit("unusedconnectiontimeout"));
            let channels = get("channeltimeout").and_then(|it| ChannelTimeouts::parse(it).ok());
            put(&mut server.channel_timeout, channels);
        }
    }
    setup
}

fn put<T>(fact: &mut Fact<T>, value: Option<T>) {
    if let Some(value) = value {
        *fact = Fact::stated(value);
    }
}

/// A number among the values.
pub fn number(values: &Values, name: &str) -> Option<u64> {
    let found = values.iter().find(|(known, _)| known == name);
    found.and_then(|(_, value)| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn values(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_ends_an_idle_session_is_named() {
        let release = Some(Release { major: 9, minor: 2 });
        let values = values(&[("channeltimeout", "session:*=300"), ("clientaliveinterval", "60")]);
        let ending = ends_idle(Side::Server, release, &values).expect("it ends");
        assert_eq!(ending.timer, abide_timeouts::Timer::ChannelTimeout);
        assert_eq!(ends_idle(Side::Server, release, &[]), None);
    }

    #[test]
    fn the_famous_hour_is_told_truly() {
        let before = values(&[("clientaliveinterval", "0"), ("clientalivecountmax", "3")]);
        let expect = ["clientaliveinterval 600".to_owned(), "clientalivecountmax 2".to_owned()];
        let after = changed(&before, &expect);
        let release = Some(Release { major: 9, minor: 6 });
        let all = behaviour(Side::Server, release, &before, &after);
        let frozen = Situation::FrozenPeer(Traffic::IDLE);
        let frozen = all.iter().find(|it| it.situation == frozen).expect("it changes");
        let half_an_hour = Duration::from_secs(1800);
        assert_eq!(frozen.will_be.as_ref().map(|it| it.after.likely), Some(half_an_hour));
        assert_eq!(frozen.was, None);
        assert!(!all.iter().any(|it| matches!(it.situation, Situation::Idle(_))), "not idleness");
    }
}
