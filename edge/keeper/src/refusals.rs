//! Refused carriers and clients in the log: who came, by what way, and why it was not let in. In a
//! flood only some are told one by one, as the log is finite; the others are counted.

use std::time::Duration;

use abide_carrier::GreetingError;
use abide_terms::Moment;

/// Refusals told one by one in each [`WINDOW`].
const TOLD_MAX: u32 = 100;
/// How long such a window is.
const WINDOW: Duration = Duration::from_secs(60);

/// A carrier that was not let in.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// `quic`, or `socket` for this machine's own.
    pub(crate) kind: &'static str,
    /// An address, or a process and its user.
    pub(crate) from: String,
    pub(crate) why: GreetingError,
}

/// Keeps count.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    window: Option<Moment>,
    told: u32,
    untold: u64,
}

impl Refusals {
    /// Logs a refusal, or counts it.
    pub(crate) fn tell(&mut self, now: Moment, refusal: &Refusal) {
        let Refusal { kind, from, why } = refusal;
        if let Some(untold) = self.enter_window(now) {
            tracing::warn!(untold, "more carriers were refused");
        }
        if self.told < TOLD_MAX {
            self.told += 1;
            tracing::warn!(kind, from, %why, "carrier refused");
        } else {
            self.untold += 1;
        }
    }

    /// How many were not told in the window that is over, if any were.
    fn enter_window(&mut self, now: Moment) -> Option<u64> {
        if self.window.is_some_and(|began| now.since(began) < WINDOW) {
            return None;
        }
        self.window = Some(now);
        self.told = 0;
        Some(std::mem::take(&mut self.untold)).filter(|untold| *untold > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_the_next_window_says_so() {
        let mut refusals = Refusals::default();
        let refusal = Refusal { kind: "quic", from: "h".into(), why: GreetingError::Closed };
        for second in 0..300 {
            refusals.tell(Moment::ZERO + Duration::from_millis(second * 100), &refusal);
        }
        assert_eq!((refusals.told, refusals.untold), (TOLD_MAX, 200));
        assert_eq!(refusals.enter_window(Moment::ZERO + WINDOW), Some(200));
        assert_eq!((refusals.told, refusals.untold), (0, 0));
    }
}
