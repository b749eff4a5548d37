//! The two clocks: one for every time-out and ceiling, one for logs and certificates.
//! Not a timer: nothing here waits.

use abide_terms::Moment;
use rustix::time::{ClockId, clock_gettime};
use std::time::SystemTime;

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// The present on CLOCK_BOOTTIME, which never steps and counts the time asleep.
pub fn now() -> Moment {
    let time = clock_gettime(ClockId::Boottime);
    // Neither part is negative on this clock, and 64 bits of nanoseconds last 584 years of uptime.
    Moment::from_nanos(time.tv_sec.unsigned_abs() * SECOND + time.tv_nsec.unsigned_abs())
}

/// Wall time, which people and certificates mean and which may step. Never for time-outs.
#[allow(clippy::disallowed_methods)]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_time_agrees_with_the_kernel_and_does_not_run_back() {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let (first, second) = (now(), now());
        assert!(second.as_nanos() >= first.as_nanos());
        assert!((first.as_nanos() as f64 / SECOND as f64 - seconds).abs() < 5.0);
    }

    #[test]
    fn wall_time_is_after_this_was_written() {
        assert!(wall().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() > 1_700_000_000);
    }
}
