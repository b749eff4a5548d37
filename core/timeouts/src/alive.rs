//! ServerAlive and ClientAlive: when a side that hears nothing gives up. The one place that knows
//! how OpenSSH's two keepalive loops count; `quirk` says which release counts how.

use std::time::Duration;

use crate::predict::Prediction;
use crate::{Effect, Fact, Flow, Limit, Quirk, Reason, Setup, Side, Timer, Traffic, Version, When};

/// Bytes that a side sends before it waits for the other to take some: CHAN_SES_WINDOW_DEFAULT,
/// CHAN_TCP_WINDOW_DEFAULT (channels.h). Then its loop is as quiet as an idle one.
pub const SSHD_WINDOW: u64 = 2 * 1024 * 1024;

/// One side's keepalive with plain values, for a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alive {
    /// Whose: [`Side::Client`] is ServerAlive*, [`Side::Server`] ClientAlive*.
    pub side: Side,
    /// The release there.
    pub version: Version,
    /// The interval.
    pub interval: Limit,
    /// How many may go unanswered.
    pub count: u32,
}

/// What comes of a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It gives up then.
    At(Duration),
    /// Never by itself.
    Never,
    /// The releases before 7.6 were neither read nor measured with traffic.
    Untold,
}

impl Alive {
    /// A side's settings, if all are known; else the reason of the first that is not. Where the
    /// interval is off, neither count nor release matters.
    ///
    /// # Errors
    /// The reason why a value was not checked.
    pub fn of(setup: &Setup, side: Side) -> Result<Self, Reason> {
        let (alive, version) = match side {
            Side::Client => (&setup.client.alive, &setup.client.version),
            Side::Server => (&setup.server.alive, &setup.server.version),
        };
        let interval = *value(&alive.interval)?;
        if interval == Limit::Off {
            let version = version.known().copied().unwrap_or(Version::new(0, 0));
            return Ok(Alive { side, version, interval, count: 0 });
        }
        Ok(Alive { side, version: *value(version)?, interval, count: *value(&alive.count)? })
    }

    /// This release has the quirk, at this side, and these values let it act.
    pub fn has(&self, quirk: Quirk) -> bool {
        let zero = matches!(
            quirk,
            Quirk::CountZeroNeverEnds
                | Quirk::CountZeroEndsUnasked
                | Quirk::ClientCountZeroEndsUnasked
        );
        let sides = quirk.row().is_some_and(|row| row.side == self.side);
        sides && quirk.is_in(self.version) && (!zero || self.count == 0)
    }

    /// How often it asks a peer that is idle. It asks nothing where a count of 0 ends the
    /// connection unasked.
    pub fn period(&self) -> Limit {
        let unasked = Quirk::CountZeroEndsUnasked;
        if self.has(unasked) || self.has(Quirk::ClientCountZeroEndsUnasked) {
            return Limit::Off;
        }
        self.wake()
    }

    /// Between two looks at the clock that count.
    fn wake(&self) -> Limit {
        match self.interval {
            Limit::After(interval) if self.has(Quirk::DoubledInterval) => {
                Limit::After(interval.saturating_mul(2))
            }
            interval => interval,
        }
    }

    /// Traffic of its own keeps it from asking.
    pub fn is_silenced(&self, own: Flow) -> bool {
        own == Flow::Trickle
            && (self.has(Quirk::SilencedByOutput) || self.has(Quirk::SilencedByInput))
    }

    /// When it gives up on a peer that says nothing, counted from the last byte received;
    /// `None`: never.
    pub fn gives_up(&self, own: Flow) -> Option<Duration> {
        match self.verdict(own) {
            Verdict::At(after) => Some(after),
            Verdict::Never | Verdict::Untold => None,
        }
    }

    pub(crate) fn verdict(&self, own: Flow) -> Verdict {
        let Limit::After(wake) = self.wake() else { return Verdict::Never };
        if own == Flow::Trickle && self.side == Side::Server && self.version < Version::new(7, 6) {
            return Verdict::Untold;
        }
        if self.is_silenced(own) || self.has(Quirk::CountZeroNeverEnds) {
            return Verdict::Never;
        }
        // The verdict falls one interval after the last probe: inc_alive_timeouts > count_max.
        Verdict::At(wake.saturating_mul(self.count.saturating_add(1)))
    }

    /// When its first unanswered question went out, counted from the last byte received.
    pub(crate) fn first_probe(&self, own: Flow) -> Option<Duration> {
        if self.is_silenced(own) {
            return None;
        }
        self.period().duration()
    }

    /// The quirks that shape its verdict.
    pub(crate) fn quirks(&self, own: Flow) -> Vec<Quirk> {
        let silenced = [Quirk::SilencedByOutput, Quirk::SilencedByInput];
        let shaping = [
            Quirk::DoubledInterval,
            Quirk::CountZeroNeverEnds,
            Quirk::CountZeroEndsUnasked,
            Quirk::ClientCountZeroEndsUnasked,
        ];
        let mut found: Vec<Quirk> = shaping.into_iter().filter(|it| self.has(*it)).collect();
        if own == Flow::Trickle {
            found.extend(silenced.into_iter().filter(|it| self.has(*it)));
        }
        found
    }

    /// Whose timer it is.
    pub const fn timer(&self) -> Timer {
        match self.side {
            Side::Client => Timer::ServerAlive,
            Side::Server => Timer::ClientAlive,
        }
    }
}

/// The value of a fact, or why there is none.
pub(crate) fn value<T>(fact: &Fact<T>) -> Result<&T, Reason> {
    match fact {
        Fact::Known(value, _) => Ok(value),
        Fact::NotChecked(reason) => Err(reason.clone()),
    }
}

/// Adds what a side's keepalive does about a silence.
pub(crate) fn silence(setup: &Setup, side: Side, traffic: Traffic, found: &mut Prediction) {
    let timer = match side {
        Side::Client => Timer::ServerAlive,
        Side::Server => Timer::ClientAlive,
    };
    let own = traffic.from(side);
    match Alive::of(setup, side) {
        Err(reason) => found.not_known(timer, side, reason),
        Ok(alive) => match alive.verdict(own) {
            Verdict::Never => {}
            Verdict::Untold => {
                found.not_known(timer, side, Reason::NotTold("a test of that release".to_owned()));
            }
            Verdict::At(after) => {
                let after = When::by_whole_seconds(after);
                found.fires(timer, side, after, Effect::EndsConnection);
                if let Some(last) = found.firings.last_mut() {
                    last.quirks = alive.quirks(own);
                }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(version: (u16, u16), interval: u64, count: u32) -> Alive {
        let version = Version::new(version.0, version.1);
        Alive { side: Side::Server, version, interval: Limit::from_secs(interval), count }
    }

    fn client(version: (u16, u16), interval: u64, count: u32) -> Alive {
        Alive { side: Side::Client, ..server(version, interval, count) }
    }

    fn secs(after: Option<Duration>) -> Option<u64> {
        after.map(|it| it.as_secs())
    }

    /// Measured on real sshd and ssh: facts of 9.1p1, 9.2p1 (Debian) and 10.5p1.
    #[test]
    fn verdicts_are_those_measured() {
        for (alive, own, expected) in [
            (server((9, 1), 5, 1), Flow::None, Some(10)),
            (server((9, 2), 5, 1), Flow::None, Some(20)),
            (server((10, 5), 5, 1), Flow::None, Some(10)),
            (server((9, 1), 5, 3), Flow::None, Some(20)),
            (server((10, 5), 5, 3), Flow::None, Some(20)),
            (server((9, 2), 10, 1), Flow::None, Some(40)),
            (server((9, 1), 10, 3), Flow::None, Some(40)),
            (server((9, 2), 10, 3), Flow::None, Some(80)),
            (server((10, 5), 10, 3), Flow::None, Some(40)),
            (server((9, 2), 15, 3), Flow::None, Some(120)),
            (server((9, 1), 2, 3), Flow::Trickle, Some(8)),
            (server((9, 2), 2, 3), Flow::Trickle, None),
            (server((10, 5), 2, 3), Flow::Trickle, None),
            (server((9, 2), 5, 0), Flow::None, None),
            (server((10, 5), 2, 0), Flow::None, None),
            (client((9, 2), 5, 1), Flow::None, Some(10)),
            (client((9, 2), 3, 3), Flow::None, Some(12)),
            (client((9, 2), 5, 3), Flow::None, Some(20)),
            (client((9, 2), 5, 3), Flow::Trickle, Some(20)),
            (client((10, 5), 5, 3), Flow::Trickle, Some(20)),
        ] {
            assert_eq!(secs(alive.gives_up(own)), expected, "{alive:?} {own:?}");
        }
    }

    #[test]
    fn what_only_sources_tell() {
        // 9d7193a83 is in 9.5: 9.4 doubles, 9.5 does not.
        assert_eq!(secs(server((9, 4), 600, 2).gives_up(Flow::None)), Some(3_600));
        assert_eq!(secs(server((9, 5), 600, 2).gives_up(Flow::None)), Some(1_800));
        // 69334996a is in 8.2.
        assert_eq!(secs(server((8, 1), 300, 0).gives_up(Flow::None)), Some(300));
        assert_eq!(server((8, 1), 300, 0).period(), Limit::Off);
        assert_eq!(server((8, 2), 300, 0).period(), Limit::from_secs(300));
        // f11b23346 is in 8.4.
        assert_eq!(client((8, 3), 15, 3).gives_up(Flow::Trickle), None);
        assert_eq!(secs(client((8, 4), 15, 3).gives_up(Flow::Trickle)), Some(60));
        // clientloop.c:497: unasked after one interval.
        assert_eq!(secs(client((10, 5), 60, 0).gives_up(Flow::None)), Some(60));
        assert_eq!(client((10, 5), 60, 0).period(), Limit::Off);
    }

    #[test]
    fn a_full_window_lets_the_server_ask_again() {
        assert!(server((9, 2), 5, 3).is_silenced(Flow::Trickle));
        assert!(!server((9, 2), 5, 3).is_silenced(Flow::Flood));
        assert_eq!(server((7, 4), 5, 3).verdict(Flow::Trickle), Verdict::Untold);
    }

    #[test]
    fn off_needs_neither_count_nor_release() {
        let mut setup = Setup::stock(Version::new(9, 2), Version::new(9, 2));
        setup.server.version = Fact::NotChecked(Reason::NotAsked);
        setup.server.alive.count = Fact::NotChecked(Reason::NotAsked);
        assert_eq!(Alive::of(&setup, Side::Server).map(|it| it.period()), Ok(Limit::Off));
        setup.server.alive.interval = Fact::stated(Limit::from_secs(5));
        assert_eq!(Alive::of(&setup, Side::Server), Err(Reason::NotAsked));
    }

    #[test]
    fn huge_values_saturate() {
        let alive = server((9, 2), u64::MAX, u32::MAX);
        assert_eq!(alive.gives_up(Flow::None), Some(Duration::MAX));
    }
}
