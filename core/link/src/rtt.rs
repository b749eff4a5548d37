//! Round-trip times of one carrier, smoothed as in RFC 6298, and the waits derived from them.

use std::time::Duration;

use crate::limits::{DOUBT_MAX, DOUBT_MIN, RETRANSMIT_MAX, RETRANSMIT_MIN};

/// Smoothed round trip. Nothing is known before the first sample.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rtt {
    smoothed: Option<Duration>,
    deviation: Duration,
    least: Option<Duration>,
}

impl Rtt {
    /// Takes a sample. A round trip that an outage or a sleep stretched would spoil every wait that follows
    /// from it, so no sample counts as more than twice the time after which there is doubt.
    pub(crate) fn sample(&mut self, sample: Duration) {
        let sample = sample.min(self.doubt_after() * 2);
        self.least = Some(self.least.map_or(sample, |least| least.min(sample)));
        match self.smoothed {
            None => {
                self.smoothed = Some(sample);
                self.deviation = sample / 2;
            }
            Some(smoothed) => {
                self.deviation = (self.deviation * 3 + smoothed.abs_diff(sample)) / 4;
                self.smoothed = Some((smoothed * 7 + sample) / 8);
            }
        }
    }

    /// The smoothed round trip, once there was a sample.
    pub fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// The shortest round trip seen.
    pub fn least(&self) -> Option<Duration> {
        self.least
    }

    /// How long an answer may take before the carrier is in doubt: about two round trips.
    pub(crate) fn doubt_after(&self) -> Duration {
        let usual = self.smoothed.map(|smoothed| smoothed * 2 + self.deviation * 2);
        usual.unwrap_or(DOUBT_MAX).clamp(DOUBT_MIN, DOUBT_MAX)
    }

    /// How long to wait before the `tries`th repeat of something unanswered.
    pub(crate) fn retransmit_after(&self, tries: u32) -> Duration {
        let first = self.smoothed.map_or(DOUBT_MIN, |smoothed| smoothed + self.deviation * 4);
        let first = first.max(RETRANSMIT_MIN);
        first.saturating_mul(1 << tries.min(16)).min(RETRANSMIT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_stays_between_its_bounds() {
        let mut rtt = Rtt::default();
        assert_eq!(rtt.doubt_after(), DOUBT_MAX, "nothing measured: patience");
        rtt.sample(Duration::from_millis(1));
        assert_eq!(rtt.doubt_after(), DOUBT_MIN);
        (0..50).for_each(|_| rtt.sample(Duration::from_millis(200)));
        assert!(rtt.doubt_after() >= Duration::from_millis(400));
        (0..50).for_each(|_| rtt.sample(Duration::from_secs(20)));
        assert_eq!(rtt.doubt_after(), DOUBT_MAX);
        assert_eq!(rtt.retransmit_after(99), RETRANSMIT_MAX);
    }

    #[test]
    fn one_answer_after_a_night_spoils_nothing() {
        let mut rtt = Rtt::default();
        (0..50).for_each(|_| rtt.sample(Duration::from_millis(40)));
        rtt.sample(Duration::from_secs(40_000));
        assert!(rtt.retransmit_after(0) < Duration::from_millis(500), "{rtt:?}");
    }
}
