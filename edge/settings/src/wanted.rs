//! What a person wants, as settings: intentions become keywords and values. Pure; not where the lines
//! go, nor what they will do.

use std::time::Duration;

use abide_sshconf::{Dialect, Keyword, Release};
use abide_timeouts::Side;

use crate::Profile;
use crate::keepalives::{LONGEST_STEP, USUAL_COUNT, probing, split};

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intention {
    /// Notice a dead peer after this long.
    DeadAfter(Duration),
    /// Ask this often whether the peer is there.
    Keepalive(Duration),
    /// A session that is idle for this long is still there.
    SurviveIdle(Duration),
    /// Several settings under a name.
    Profile(Profile),
    /// A setting by its name.
    Set {
        /// The keyword, in any case.
        keyword: String,
        /// Its value, as in a file; nothing takes its lines away.
        value: Option<String>,
    },
}

/// What is so already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// The interval in seconds; 0 when off.
    pub interval: u64,
    /// The count.
    pub count: u64,
    /// The release that reads the setting.
    pub release: Option<Release>,
    /// The system is of Debian's family.
    pub is_debian_like: bool,
}

/// One setting, as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which.
    pub keyword: Keyword,
    /// The value as in a file; nothing takes its lines away.
    pub value: Option<String>,
}

/// What cannot be wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WantedError {
    /// Less than keepalives can tell.
    #[error("{} s is too short: a dead peer is noticed after {least} s at the earliest", asked.as_secs())]
    TooShort {
        /// What was asked for.
        asked: Duration,
        /// The shortest time, seconds.
        least: u64,
    },
    /// A keepalive every 0 s.
    #[error("a keepalive every 0 s is none")]
    NoInterval,
    /// The profile is about servers.
    #[error("the profile {0} is about servers")]
    ServerOnly(Profile),
    /// Not a keyword of that side's language.
    #[error("`{keyword}` is not a keyword of {file}")]
    UnknownKeyword {
        /// The word.
        keyword: String,
        /// ssh_config or sshd_config.
        file: &'static str,
    },
    /// The same setting twice, differently.
    #[error("{keyword} is asked to be both {one} and {other}")]
    Twice {
        /// The keyword.
        keyword: Keyword,
        /// One value.
        one: String,
        /// The other.
        other: String,
    },
}

/// The settings that the intentions come to on that side, in order, each keyword once.
///
/// # Errors
/// See [`WantedError`].
pub fn wanted(
    side: Side,
    intentions: &[Intention],
    present: &Present,
) -> Result<Vec<Wanted>, WantedError> {
    let keepalive = intentions.iter().find_map(|intention| match intention {
        Intention::Keepalive(interval) => Some(*interval),
        _ => None,
    });
    if keepalive.is_some_and(|interval| interval.as_secs() == 0) {
        return Err(WantedError::NoInterval);
    }
    let is_dead_after = |intention: &Intention| matches!(intention, Intention::DeadAfter(_));
    let divided = intentions.iter().any(is_dead_after);
    let mut all = Vec::new();
    for intention in intentions {
        // A time until death sets an interval already: the given one, or one short enough.
        if divided && matches!(intention, Intention::Keepalive(_) | Intention::SurviveIdle(_)) {
            continue;
        }
        for one in settings(side, intention, keepalive, present)? {
            add(&mut all, one)?;
        }
    }
    Ok(all)
}

fn add(all: &mut Vec<Wanted>, one: Wanted) -> Result<(), WantedError> {
    let words = |wanted: &Wanted| wanted.value.clone().unwrap_or_else(|| "unset".to_owned());
    match all.iter().find(|known| known.keyword == one.keyword) {
        None => all.push(one),
        Some(known) if known.value == one.value => {}
        Some(known) => {
            let (keyword, one, other) = (one.keyword, words(known), words(&one));
            return Err(WantedError::Twice { keyword, one, other });
        }
    }
    Ok(())
}

fn settings(
    side: Side,
    intention: &Intention,
    keepalive: Option<Duration>,
    present: &Present,
) -> Result<Vec<Wanted>, WantedError> {
    match intention {
        Intention::DeadAfter(asked) => {
            let step = keepalive.map(|interval| interval.as_secs());
            let (interval, count) = split(side, *asked, step, present)?;
            Ok(probing(side, interval, Some(count)))
        }
        Intention::Keepalive(interval) => {
            // A count of 0 ends a healthy idle connection (ssh, and sshd before 8.2).
            Ok(probing(side, interval.as_secs(), missing_count(present)))
        }
        Intention::SurviveIdle(_) => {
            let often = keepalive.map_or(LONGEST_STEP, |interval| interval.as_secs());
            let enough = present.interval != 0 && present.interval <= often && present.count > 0;
            if enough { Ok(Vec::new()) } else { Ok(probing(side, often, missing_count(present))) }
        }
        Intention::Profile(profile) => {
            profile.settings(side, present).ok_or(WantedError::ServerOnly(*profile))
        }
        Intention::Set { keyword, value } => {
            let (dialect, file) = match side {
                Side::Client => (Dialect::Client, "ssh_config"),
                Side::Server => (Dialect::Server, "sshd_config"),
            };
            let unknown = || WantedError::UnknownKeyword { keyword: keyword.clone(), file };
            let known = Keyword::named(dialect, keyword).ok_or_else(unknown)?;
            Ok(vec![Wanted { keyword: known, value: value.clone() }])
        }
    }
}

/// The count to set where only the interval is wanted: none, unless the present one is 0.
fn missing_count(present: &Present) -> Option<u64> {
    (present.count == 0).then_some(USUAL_COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(side: Side, intentions: &[Intention], present: &Present) -> Vec<(String, String)> {
        let all = wanted(side, intentions, present).unwrap();
        let pair = |it: Wanted| (it.keyword.name().to_owned(), it.value.unwrap());
        all.into_iter().map(pair).collect()
    }

    #[test]
    fn an_interval_of_ones_own_is_kept() {
        let intentions = [
            Intention::DeadAfter(Duration::from_secs(90)),
            Intention::Keepalive(Duration::from_secs(30)),
        ];
        let present = Present { count: 3, ..Present::default() };
        let expected = [("serveraliveinterval", "30"), ("serveralivecountmax", "2")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(values(Side::Client, &intentions, &present), expected);
    }

    #[test]
    fn a_count_of_zero_does_not_stay_with_an_interval() {
        let thirty = [Intention::Keepalive(Duration::from_secs(30))];
        assert_eq!(values(Side::Client, &thirty, &Present::default()).len(), 2);
        let present = Present { count: 3, ..Present::default() };
        assert_eq!(values(Side::Client, &thirty, &present).len(), 1);
    }

    #[test]
    fn what_keeps_an_idle_session_already_stays() {
        let idle = [Intention::SurviveIdle(Duration::from_secs(28_800))];
        let good = Present { interval: 30, count: 3, ..Present::default() };
        assert_eq!(values(Side::Client, &idle, &good), []);
        let slow = Present { interval: 600, ..good };
        assert_eq!(
            values(Side::Client, &idle, &slow),
            [("serveraliveinterval".into(), "60".into())]
        );
    }

    #[test]
    fn nonsense_is_refused_with_its_value() {
        let error = |intentions: &[Intention]| {
            wanted(Side::Client, intentions, &Present::default()).unwrap_err().to_string()
        };
        let set = |keyword: &str, value: &str| Intention::Set {
            keyword: keyword.into(),
            value: Some(value.into()),
        };
        assert!(
            error(&[Intention::DeadAfter(Duration::from_secs(1))]).contains("1 s is too short")
        );
        assert!(error(&[Intention::Keepalive(Duration::ZERO)]).contains("0 s"));
        assert!(error(&[Intention::Profile(Profile::Cis)]).contains("cis"));
        assert!(error(&[set("ServerAliveIntervall", "3")]).contains("ServerAliveIntervall"));
        let twice = [set("serveraliveinterval", "3"), set("ServerAliveInterval", "4")];
        assert!(error(&twice).contains("both 3 and 4"));
    }
}
