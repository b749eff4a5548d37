//! How long to look: long enough to see three keepalives of each side, if nothing else was asked for.

use std::time::Duration;

use abide_timeouts::{Fact, Limit, Probing, Setup};

use super::Wish;

/// Keepalives that make a rhythm.
const ENOUGH: u32 = 3;
/// Added for the login's last packets and whole seconds.
const MARGIN: Duration = Duration::from_secs(3);
/// Longest watch that nobody asked for.
const LONGEST: Duration = Duration::from_secs(300);
/// Shortest watch that nobody asked for, unless it is to be quick.
const SHORTEST: Duration = Duration::from_secs(20);
/// The watch where nothing is known to come.
const BLIND: Duration = Duration::from_secs(60);
/// The same when it is to be quick.
const BLIND_QUICK: Duration = Duration::from_secs(10);

/// How long to look at what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spans {
    /// The idle session.
    pub(super) watch: Duration,
    /// After a cut, at a side of which nothing is known.
    pub(super) blind: Duration,
}

/// Chooses.
pub(super) fn choose(setup: &Setup, wish: &Wish) -> Spans {
    // The release is not known yet; 9.2 to 9.4 double the server's interval.
    let server = interval(&setup.server.alive).map(|interval| interval.saturating_mul(2));
    let slowest = interval(&setup.client.alive).max(server);
    let shortest = if wish.quick { MARGIN } else { SHORTEST };
    let blind = if wish.quick { BLIND_QUICK } else { BLIND };
    let own = slowest.map_or(blind, |slowest| {
        slowest.saturating_mul(ENOUGH).saturating_add(MARGIN).clamp(shortest, LONGEST)
    });
    Spans { watch: wish.span.unwrap_or(own), blind: wish.span.unwrap_or(blind.max(own)) }
}

fn interval(alive: &Probing) -> Option<Duration> {
    match &alive.interval {
        Fact::Known(Limit::After(interval), _) => Some(*interval),
        Fact::Known(Limit::Off, _) | Fact::NotChecked(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_timeouts::Version;

    #[test]
    fn the_watch_fits_the_slowest_keepalive() {
        let mut setup = Setup::stock(Version::new(9, 2), Version::new(9, 2));
        let mut wish = Wish { span: None, quick: false, cut: false, json: false, server: None };
        let watch = |setup: &Setup, wish: &Wish| choose(setup, wish).watch.as_secs();
        assert_eq!(watch(&setup, &wish), 60, "nothing is set");
        setup.client.alive = Probing::stated(15, 3);
        assert_eq!(watch(&setup, &wish), 48);
        setup.server.alive = Probing::stated(600, 2);
        assert_eq!(watch(&setup, &wish), 300);
        wish.span = Some(Duration::from_secs(7));
        assert_eq!(watch(&setup, &wish), 7);
    }
}
