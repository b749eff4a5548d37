//! How long an idle, healthy connection stays without a single packet, and which devices on a path
//! would forget it in that time.

use std::time::Duration;

use crate::{Alive, Fact, Limit, MIDDLEBOXES, Middlebox, Reason, Setup, Side, Switch, Timer, tcp};

/// Who keeps an idle connection from being silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GapMaker {
    /// Which timer sends.
    pub timer: Timer,
    /// From which end.
    pub side: Side,
}

/// The longest time without a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// `Off`: nobody ever sends anything. A value that was not checked makes the gap shorter at
    /// most: it is not checked only where nothing at all bounds it.
    pub longest: Fact<Limit>,
    /// Who ends it.
    pub maker: Option<GapMaker>,
}

/// What becomes of an idle connection in a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The device forgets it.
    Forgotten,
    /// Packets come often enough.
    Kept,
    /// Cannot be said.
    NotChecked(Reason),
}

/// How long an idle connection between these two is silent at most.
pub fn gap(setup: &Setup) -> Gap {
    let mut shortest: Option<(Duration, GapMaker)> = None;
    let mut missing = None;
    for (timer, side, every) in senders(setup) {
        match every {
            Ok(Limit::Off) => {}
            Ok(Limit::After(every)) => {
                if shortest.is_none_or(|(known, _)| every < known) {
                    shortest = Some((every, GapMaker { timer, side }));
                }
            }
            Err(reason) => missing = missing.or(Some(reason)),
        }
    }
    match (shortest, missing) {
        (Some((every, maker)), _) => {
            Gap { longest: Fact::stated(Limit::After(every)), maker: Some(maker) }
        }
        (None, Some(reason)) => Gap { longest: Fact::NotChecked(reason), maker: None },
        (None, None) => Gap { longest: Fact::stated(Limit::Off), maker: None },
    }
}

/// What each device of the table would do with the idle connection, were it on the path.
pub fn path(setup: &Setup) -> Vec<(&'static Middlebox, Fate)> {
    let gap = gap(setup);
    MIDDLEBOXES.iter().map(|device| (device, fate(setup, &gap, device.idle))).collect()
}

/// What a device that keeps idle connections for `idle` would do. A gap equal to its limit loses:
/// the probe comes too late as often as not.
fn fate(setup: &Setup, gap: &Gap, idle: Duration) -> Fate {
    let at_most = match &gap.longest {
        Fact::NotChecked(reason) => return Fate::NotChecked(reason.clone()),
        Fact::Known(Limit::Off, _) => return Fate::Forgotten,
        Fact::Known(Limit::After(at_most), _) => *at_most,
    };
    if at_most < idle {
        return Fate::Kept;
    }
    // Another sender, not checked, may send more often.
    let unchecked = senders(setup).into_iter().find_map(|(_, _, every)| every.err());
    unchecked.map_or(Fate::Forgotten, Fate::NotChecked)
}

type Sender = (Timer, Side, Result<Limit, Reason>);

/// Everyone who sends on an idle connection, and how often.
fn senders(setup: &Setup) -> [Sender; 4] {
    [
        (Timer::ServerAlive, Side::Client, Alive::of(setup, Side::Client).map(|it| it.period())),
        (Timer::ClientAlive, Side::Server, Alive::of(setup, Side::Server).map(|it| it.period())),
        (Timer::TcpKeepAlive, Side::Client, kernel_period(setup, Side::Client)),
        (Timer::TcpKeepAlive, Side::Server, kernel_period(setup, Side::Server)),
    ]
}

fn kernel_period(setup: &Setup, side: Side) -> Result<Limit, Reason> {
    let (switch, kernel) = match side {
        Side::Client => (&setup.client.tcp_keep_alive, &setup.client_kernel),
        Side::Server => (&setup.server.tcp_keep_alive, &setup.server_kernel),
    };
    if let Some(reason) = tcp::is_proxied(setup, side) {
        return Err(reason);
    }
    match (switch, &kernel.keepalive_time) {
        (Fact::Known(Switch::Off, _), _) => Ok(Limit::Off),
        (Fact::NotChecked(reason), _) | (_, Fact::NotChecked(reason)) => Err(reason.clone()),
        (Fact::Known(Switch::On, _), Fact::Known(time, _)) => Ok(*time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Probing, Route, ServerSettings, Version};

    fn stock() -> Setup {
        Setup::stock(Version::new(9, 2), Version::new(9, 2))
    }

    fn seconds(setup: &Setup) -> (Option<u64>, Option<Timer>) {
        let gap = gap(setup);
        let longest = gap.longest.known().and_then(|it| it.duration());
        (longest.map(|it| it.as_secs()), gap.maker.map(|it| it.timer))
    }

    fn fate_in(setup: &Setup, name: &str) -> Fate {
        let all = path(setup);
        all.into_iter().find(|(device, _)| device.name == name).unwrap().1
    }

    #[test]
    fn whoever_sends_most_often_ends_the_silence() {
        let mut setup = stock();
        assert_eq!(seconds(&setup), (Some(7_200), Some(Timer::TcpKeepAlive)));
        setup.server.alive = Probing::stated(60, 3);
        // 9.2 asks every other interval only.
        assert_eq!(seconds(&setup), (Some(120), Some(Timer::ClientAlive)));
        setup.client.alive = Probing::stated(90, 3);
        assert_eq!(seconds(&setup), (Some(90), Some(Timer::ServerAlive)));
        // With a count of 0 ssh asks nothing.
        setup.client.alive = Probing::stated(90, 0);
        assert_eq!(seconds(&setup), (Some(120), Some(Timer::ClientAlive)));
    }

    #[test]
    fn a_probe_at_the_very_limit_comes_too_late() {
        let mut setup = stock();
        setup.client.alive = Probing::stated(240, 3);
        assert_eq!(fate_in(&setup, "Azure Load Balancer"), Fate::Forgotten);
        assert_eq!(fate_in(&setup, "AWS NAT gateway"), Fate::Kept);
        setup.client.alive = Probing::stated(239, 3);
        assert_eq!(fate_in(&setup, "Azure Load Balancer"), Fate::Kept);
    }

    #[test]
    fn a_server_that_was_not_read_may_send_more_often() {
        let mut setup = stock();
        setup.server = ServerSettings::not_checked(&Reason::NotAsked);
        let unsure = Fate::NotChecked(Reason::NotAsked);
        assert_eq!(fate_in(&setup, "Azure Load Balancer"), unsure);
        assert_eq!(fate_in(&setup, "Linux connection tracking"), Fate::Kept);
    }

    #[test]
    fn what_a_proxys_socket_sends_is_not_known() {
        let mut setup = stock();
        setup.client.route = Fact::stated(Route::Proxied("jump".into()));
        setup.server.tcp_keep_alive = Fact::stated(Switch::Off);
        assert_eq!(seconds(&setup), (None, None));
        assert!(matches!(fate_in(&setup, "OpenWrt"), Fate::NotChecked(_)));
    }
}
