//! Intervals and counts of keepalives: which pair acts after a given time. Pure.

use std::time::Duration;

use abide_sshconf::{Keyword, Release};
use abide_timeouts::{Quirk, Side, Version};

use crate::wanted::{Present, Wanted, WantedError};

/// The longest interval that is chosen by itself: a fourth of the shortest limit of idle connections
/// in the table of middleboxes that keep TCP connections (Azure's 240 s).
pub(crate) const LONGEST_STEP: u64 = 60;
/// How many unanswered keepalives are chosen where the time allows it: OpenSSH's own default.
pub(crate) const USUAL_COUNT: u64 = 3;
/// More steps than this are not tried to divide a time evenly.
const MAX_TRIES: u64 = 60;

/// The settings for an interval and, where it is to be set, a count.
pub(crate) fn probing(side: Side, interval: u64, count: Option<u64>) -> Vec<Wanted> {
    let (every, times) = match side {
        Side::Client => (Keyword::SERVER_ALIVE_INTERVAL, Keyword::SERVER_ALIVE_COUNT_MAX),
        Side::Server => (Keyword::CLIENT_ALIVE_INTERVAL, Keyword::CLIENT_ALIVE_COUNT_MAX),
    };
    let set = |keyword, value: u64| Wanted { keyword, value: Some(value.to_string()) };
    std::iter::once(set(every, interval)).chain(count.map(|count| set(times, count))).collect()
}

/// How often this release's sshd lets an interval pass before it counts.
pub(crate) fn stretch(side: Side, release: Option<Release>) -> u64 {
    let doubles = |it: Release| Quirk::DoubledInterval.is_in(Version::new(it.major, it.minor));
    if side == Side::Server && release.is_some_and(doubles) { 2 } else { 1 }
}

/// Interval and count for a peer that is noticed to be dead after `asked`: (count + 1) intervals,
/// not count. Where no interval divides the time, the time gets a little longer.
pub(crate) fn split(
    side: Side,
    asked: Duration,
    step: Option<u64>,
    present: &Present,
) -> Result<(u64, u64), WantedError> {
    let stretch = stretch(side, present.release);
    let whole = asked.as_secs().div_ceil(stretch);
    let least = 2 * step.unwrap_or(1);
    if whole < least {
        return Err(WantedError::TooShort { asked, least: least * stretch });
    }
    if let Some(step) = step {
        return Ok((step, whole.div_ceil(step) - 1));
    }
    let parts = whole.div_ceil(LONGEST_STEP).max((USUAL_COUNT + 1).min(whole));
    let even = (parts..parts + MAX_TRIES).find(|parts| whole.is_multiple_of(*parts));
    let parts = even.unwrap_or(parts);
    Ok((whole.div_ceil(parts), parts - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const R92: Option<Release> = Some(Release { major: 9, minor: 2 });

    fn dead_after(side: Side, seconds: u64, release: Option<Release>) -> (u64, u64) {
        let present = Present { release, count: 3, ..Present::default() };
        split(side, Duration::from_secs(seconds), None, &present).unwrap()
    }

    #[test]
    fn the_time_asked_for_is_the_time_that_acts() {
        for seconds in [2, 3, 7, 20, 60, 61, 90, 97, 120, 300, 899, 1500, 1501, 86_400] {
            for (side, release, stretch) in
                [(Side::Client, R92, 1), (Side::Server, R92, 2), (Side::Server, None, 1)]
            {
                if seconds < 2 * stretch {
                    continue;
                }
                let (interval, count) = dead_after(side, seconds, release);
                let acts = stretch * interval * (count + 1);
                assert!(acts >= seconds, "{seconds}: {interval} x {count} on {side:?}");
                assert!(acts * 10 <= seconds * 11 + 20, "{seconds}: {acts}");
                assert!(interval <= LONGEST_STEP && count >= 1, "{seconds}: {interval} x {count}");
            }
        }
        assert_eq!(dead_after(Side::Client, 1500, None), (60, 24));
        assert_eq!(dead_after(Side::Client, 60, None), (15, 3));
    }
}
