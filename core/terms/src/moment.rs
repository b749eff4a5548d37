//! A point in time that counts suspended time. Not a wall clock, and it reads no clock itself:
//! `abide_host::clock::now` does.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// Nanoseconds on a clock that never goes back and runs on while the machine sleeps
/// (`CLOCK_BOOTTIME` on Linux). Comparable only within one boot of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// The earliest moment.
    pub const ZERO: Moment = Moment(0);

    /// From nanoseconds since the clock's origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Moment(nanos)
    }

    /// Nanoseconds since the clock's origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time from `earlier` to `self`, zero when `earlier` is later.
    pub const fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration's nanoseconds, at the type's end (584 years) where it does not fit.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Add<Duration> for Moment {
    type Output = Moment;
    fn add(self, after: Duration) -> Moment {
        Moment(self.0.saturating_add(nanos(after)))
    }
}

impl AddAssign<Duration> for Moment {
    fn add_assign(&mut self, after: Duration) {
        *self = *self + after;
    }
}

impl Sub<Duration> for Moment {
    type Output = Moment;
    fn sub(self, before: Duration) -> Moment {
        Moment(self.0.saturating_sub(nanos(before)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let near_end = Moment::from_nanos(u64::MAX - 1);
        assert_eq!(near_end + Duration::MAX, Moment::from_nanos(u64::MAX));
        assert_eq!(Moment::ZERO - Duration::from_secs(1), Moment::ZERO);
        assert_eq!(Moment::ZERO.since(near_end), Duration::ZERO);
    }
}
