//! How long something may take or last, or that it is off. In OpenSSH's files off is `0` or `none`.

use std::time::Duration;

/// A time limit or interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// It does not act.
    Off,
    /// It acts after this long.
    After(Duration),
}

impl Limit {
    /// From seconds, where 0 means off.
    pub const fn from_secs(seconds: u64) -> Self {
        match seconds {
            0 => Limit::Off,
            seconds => Limit::After(Duration::from_secs(seconds)),
        }
    }

    /// The duration, if it acts.
    pub const fn duration(self) -> Option<Duration> {
        match self {
            Limit::Off => None,
            Limit::After(duration) => Some(duration),
        }
    }
}

/// When something happens, told as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// Not before.
    pub earliest: Duration,
    /// What a measurement here would most likely give.
    pub likely: Duration,
    /// Not after.
    pub latest: Duration,
}

impl When {
    /// OpenSSH counts whole seconds: a verdict may fall up to this much early. openssh.md 2.1.
    pub const CLOCK_STEP: Duration = Duration::from_secs(1);

    /// Exactly then, by a clock of the kernel.
    pub const fn exactly(after: Duration) -> Self {
        When { earliest: after, likely: after, latest: after }
    }

    /// Then by OpenSSH's clock of whole seconds: up to a second early, a little late.
    pub const fn by_whole_seconds(after: Duration) -> Self {
        let earliest = after.saturating_sub(When::CLOCK_STEP);
        When { earliest, likely: after, latest: after.saturating_add(When::CLOCK_STEP) }
    }

    /// The same, counted from an earlier start.
    pub const fn later_by(self, delay: Duration) -> Self {
        When {
            earliest: self.earliest.saturating_add(delay),
            likely: self.likely.saturating_add(delay),
            latest: self.latest.saturating_add(delay),
        }
    }
}
