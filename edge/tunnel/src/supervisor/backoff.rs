//! How long to wait before the next try: longer each time, never twice the same, by who can help.

use crate::cause::Class;
use std::time::Duration;

/// The network may be back any moment.
const NETWORK: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// A port is set free by time or by a person.
const PORT: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));
/// Nobody but a person can help, and a server may count refused logins.
const PERSON: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(600));
/// Doublings after which every wait is at its longest.
const MAX_DOUBLINGS: u32 = 10;

/// Tries in a row that failed, and a source of jitter.
#[derive(Debug)]
pub(crate) struct Backoff {
    failed: u32,
    state: u64,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        // Zero is the one state that this generator never leaves.
        Backoff { failed: 0, state: seed | 1 }
    }

    /// The next failure is the first again.
    pub(crate) fn reset(&mut self) {
        self.failed = 0;
    }

    /// The wait after one more failure: between half of a span and all of it, the span doubling.
    pub(crate) fn next(&mut self, class: Class) -> Duration {
        let (first, longest) = match class {
            Class::Network | Class::Target => NETWORK,
            Class::Port => PORT,
            Class::Person | Class::Hopeless => PERSON,
        };
        let span = first.saturating_mul(1 << self.failed.min(MAX_DOUBLINGS)).min(longest);
        self.failed = self.failed.saturating_add(1);
        span.mul_f64(0.5 + self.fraction() / 2.0)
    }

    /// From 0 up to 1: xorshift, which is random enough to keep tunnels from trying in step.
    fn fraction(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_differ() {
        let mut one = Backoff::new(7);
        let mut other = Backoff::new(0x1234_5678_9abc);
        let mut same = 0;
        for round in 0..40 {
            let span = Duration::from_secs(1 << round.min(6)).min(Duration::from_secs(60));
            let (a, b) = (one.next(Class::Network), other.next(Class::Network));
            assert!(a >= span / 2 && a <= span, "{a:?} of {span:?}");
            same += u32::from(a == b);
        }
        assert!(same < 3);
        one.reset();
        assert!(one.next(Class::Network) <= Duration::from_secs(1));
        assert!(Backoff::new(0).next(Class::Person) >= Duration::from_secs(30));
    }
}
