//! What manual pages and popular guides say of these settings beside what happens. Data; the words
//! are the command line's.

use std::time::Duration;

use crate::{
    Alive, Fact, Firing, Flow, Limit, Route, Setup, Side, Situation, Switch, Timer, Traffic, login,
    predict,
};

/// What is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Belief {
    /// A dead peer is noticed after interval x count: sshd_config(5), ssh_config(5).
    IntervalTimesCount,
    /// ClientAlive ends idle sessions: most guides, several compliance checks.
    AliveEndsIdle,
    /// 600 x 2 "is precisely one hour".
    SixHundredTwiceIsAnHour,
    /// TCPKeepAlive keeps NAT mappings open.
    TcpKeepAliveKeepsPath,
    /// ConnectTimeout covers key exchange too: ssh_config(5).
    ConnectTimeoutCoversKeys,
    /// A larger count carries a session over any outage.
    CountCarriesOver,
}

/// One belief beside what happens here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Believed {
    /// What.
    pub belief: Belief,
    /// About whose setting.
    pub side: Side,
    /// The number believed.
    pub said: Duration,
    /// What happens; `None`: never. Of keepalives: to a peer that hangs while its kernel lives.
    pub real: Option<Duration>,
    /// Of keepalives: what happens when the path is dead, where TCP may be first.
    pub dead_path: Option<Duration>,
    /// Who says so, and where it is refuted.
    pub source: &'static str,
}

/// The shortest limit of a device that TCP's keepalive would have to beat.
const SHORTEST_DEVICE: Duration = crate::MIDDLEBOXES[0].idle;
/// "600 x 2": the example of the guides.
const SIX_HUNDRED_TWICE: (Duration, u32) = (Duration::from_secs(600), 2);

/// What would be said of this setup's settings, beside what they do. Of known values alone.
pub fn beliefs(setup: &Setup) -> Vec<Believed> {
    let mut found = Vec::new();
    for side in [Side::Server, Side::Client] {
        of_alive(setup, side, &mut found);
    }
    of_kernel(setup, &mut found);
    of_connecting(setup, &mut found);
    found
}

fn of_alive(setup: &Setup, side: Side, found: &mut Vec<Believed>) {
    let Ok(alive) = Alive::of(setup, side) else { return };
    let Some(interval) = alive.interval.duration() else { return };
    if alive.count == 0 {
        return;
    }
    let said = interval.saturating_mul(alive.count);
    let real = alive.gives_up(Flow::None);
    let dead = predict(setup, Situation::DeadPath(Traffic::IDLE));
    let dead_path = dead.first_of(side).map(|firing| firing.after.likely);
    found.push(Believed {
        belief: Belief::IntervalTimesCount,
        side,
        said,
        real,
        dead_path,
        source: "sshd_config(5) and ssh_config(5): \"approximately 45 seconds\" for 15 x 3; \
                 serverloop.c:118 and clientloop.c:497 give one interval more",
    });
    if side == Side::Server {
        found.push(Believed {
            belief: Belief::AliveEndsIdle,
            side,
            said,
            real: None,
            dead_path,
            source: "compliance checks of CIS, STIG and PCI read it so; an idle client answers \
                     every question",
        });
        if (interval, alive.count) == SIX_HUNDRED_TWICE {
            found.push(Believed {
                belief: Belief::SixHundredTwiceIsAnHour,
                side,
                said: Duration::from_secs(3_600),
                real,
                dead_path,
                source: "popular guides; 600 s x (2 + 1) is 30 min, and 60 min by the fault of \
                         9.2 to 9.4 alone",
            });
        }
    }
    if let (Some(promised), Some(first)) = (real, dead.first_of(side)) {
        of_count(side, promised, first, found);
    }
}

/// What a large count promises and TCP does not keep.
fn of_count(side: Side, promised: Duration, first: &Firing, found: &mut Vec<Believed>) {
    if matches!(first.timer, Timer::TcpRetransmission | Timer::TcpUserTimeout) {
        found.push(Believed {
            belief: Belief::CountCarriesOver,
            side,
            said: promised,
            real: Some(first.after.likely),
            dead_path: Some(first.after.likely),
            source: "the unanswered question itself is sent again until tcp_retries2 ends the \
                     connection (ip-sysctl.rst); measured: 943 s and 947 s",
        });
    }
}

fn of_kernel(setup: &Setup, found: &mut Vec<Believed>) {
    let (Fact::Known(Switch::On, _), Fact::Known(Limit::After(real), _), Fact::Known(route, _)) =
        (&setup.client.tcp_keep_alive, &setup.client_kernel.keepalive_time, &setup.client.route)
    else {
        return;
    };
    let asks = Alive::of(setup, Side::Client).is_ok_and(|alive| alive.period() != Limit::Off);
    if *route == Route::Direct && *real > SHORTEST_DEVICE && !asks {
        found.push(Believed {
            belief: Belief::TcpKeepAliveKeepsPath,
            side: Side::Client,
            said: SHORTEST_DEVICE,
            real: Some(*real),
            dead_path: None,
            source: "OpenSSH only turns it on (sshconnect.c:561); the kernel's first question \
                     comes after tcp_keepalive_time",
        });
    }
}

fn of_connecting(setup: &Setup, found: &mut Vec<Believed>) {
    let Fact::Known(Limit::After(said), _) = &setup.client.connect_timeout else { return };
    let Ok(real) = login::login_silence(setup) else { return };
    found.push(Believed {
        belief: Belief::ConnectTimeoutCoversKeys,
        side: Side::Client,
        said: *said,
        real,
        dead_path: None,
        source: "ssh_config(5) says so; sshconnect.c:533 and kex.c:1303 end it at the banner; \
                 measured: a stalled key exchange outlived ConnectTimeout=3",
    });
}

impl Belief {
    /// Its stable name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Belief::IntervalTimesCount => "interval-times-count",
            Belief::AliveEndsIdle => "alive-ends-idle",
            Belief::SixHundredTwiceIsAnHour => "six-hundred-twice-is-an-hour",
            Belief::TcpKeepAliveKeepsPath => "tcp-keepalive-keeps-path",
            Belief::ConnectTimeoutCoversKeys => "connect-timeout-covers-keys",
            Belief::CountCarriesOver => "count-carries-over",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Probing, Version};

    fn with(version: (u16, u16), interval: u64, count: u32) -> Vec<Believed> {
        let version = Version::new(version.0, version.1);
        let mut setup = Setup::stock(Version::new(9, 2), version);
        setup.server.alive = Probing::stated(interval, count);
        setup.client.alive = Probing::stated(30, 3);
        beliefs(&setup).into_iter().filter(|it| it.side == Side::Server).collect()
    }

    #[test]
    fn the_famous_hour_is_half_of_one_but_for_a_fault() {
        for (version, real) in [((9, 1), 1_800), ((9, 2), 3_600), ((9, 5), 1_800)] {
            let found = with(version, 600, 2);
            let hour = found.iter().find(|it| it.belief == Belief::SixHundredTwiceIsAnHour);
            assert_eq!(hour.unwrap().real, Some(Duration::from_secs(real)), "{version:?}");
            let idle = found.iter().find(|it| it.belief == Belief::AliveEndsIdle).unwrap();
            assert_eq!((idle.said.as_secs(), idle.real), (1_200, None));
            // The first question goes out after one interval (9.2: two); TCP gives up on it first.
            let first = if version == (9, 2) { 1_200 } else { 600 };
            let dead_path = hour.unwrap().dead_path;
            assert_eq!(dead_path.map(|it| it.as_secs()), Some(first + 945), "{version:?}");
        }
    }

    #[test]
    fn a_large_count_meets_tcp() {
        let found = with((10, 5), 60, 100);
        let count = found.iter().find(|it| it.belief == Belief::CountCarriesOver).unwrap();
        assert_eq!(count.said, Duration::from_secs(6_060));
        // 60 s until the first question, then what was measured for bytes sent again.
        assert_eq!(count.real.unwrap().as_secs(), 1_005);
        assert!(with((10, 5), 60, 10).iter().all(|it| it.belief != Belief::CountCarriesOver));
    }
}
