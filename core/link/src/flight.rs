//! How much may be in flight on a pipe: about one bandwidth-delay product, measured, with a floor,
//! so that a keystroke never waits behind megabytes that already sit in a socket buffer.

use std::time::Duration;

use abide_terms::Moment;

use crate::limits::{
    IN_FLIGHT_ALLOWANCE, IN_FLIGHT_FLOOR, IN_FLIGHT_GAIN, IN_FLIGHT_GAIN_FIRST, IN_FLIGHT_MAX,
    PAYLOAD_LONG_FROM, PAYLOAD_MAX, PAYLOAD_USUAL,
};

/// Rounds over which the best rate counts.
const ROUNDS: usize = 8;

/// While rounds bring this much more than the best before, the rate is still to be found.
const GROWTH: f64 = 1.25;
/// After so many that do not, it is known.
const FLAT_ROUNDS: u32 = 3;

/// Bytes sent and acknowledged on one pipe, and the bound that follows.
#[derive(Debug)]
pub(crate) struct Flight {
    sent: u64,
    delivered: u64,
    round: Option<Round>,
    /// Rounds that brought little more than the best before, since the carrier joined.
    flat: u32,
    rates: [u64; ROUNDS],
    next_rate: usize,
    bound: u64,
}

#[derive(Debug)]
struct Round {
    began: Moment,
    delivered: u64,
    ends_at: u64,
}

impl Flight {
    pub(crate) fn new() -> Self {
        Flight {
            sent: 0,
            delivered: 0,
            round: None,
            flat: 0,
            rates: [0; ROUNDS],
            next_rate: 0,
            bound: IN_FLIGHT_FLOOR,
        }
    }

    /// Bytes that may still be sent.
    pub(crate) fn room(&self) -> u64 {
        self.bound.saturating_sub(self.sent - self.delivered)
    }

    pub(crate) fn handle_sent(&mut self, now: Moment, bytes: u64) {
        self.sent += bytes;
        let (delivered, ends_at) = (self.delivered, self.sent);
        self.round.get_or_insert(Round { began: now, delivered, ends_at });
    }

    /// Bytes in flight became fewer by `bytes`, whichever carrier brought the news.
    pub(crate) fn handle_delivered(
        &mut self,
        now: Moment,
        bytes: u64,
        least_rtt: Option<Duration>,
    ) {
        self.delivered = (self.delivered + bytes).min(self.sent);
        let Some(round) = self.round.as_ref().filter(|round| self.delivered >= round.ends_at)
        else {
            return;
        };
        let took = now.since(round.began).max(Duration::from_micros(50));
        // News that was held up comes in bursts: what it tells of was under way for longer. Half, since
        // the last of it was sent before the round began.
        let crossed = took.max(least_rtt.unwrap_or_default() / 2);
        let rate = (self.delivered - round.delivered) as f64 / crossed.as_secs_f64();
        self.flat += u32::from(rate < self.rate() as f64 * GROWTH);
        self.rates[self.next_rate] = rate as u64;
        self.next_rate = (self.next_rate + 1) % ROUNDS;
        self.bound = self.bound_for(least_rtt.unwrap_or(took).min(took));
        self.round = (self.delivered < self.sent).then_some(Round {
            began: now,
            delivered: self.delivered,
            ends_at: self.sent,
        });
    }

    /// Bytes in flight count no more: their stream was abandoned.
    pub(crate) fn forget(&mut self, bytes: u64) {
        self.delivered = (self.delivered + bytes).min(self.sent);
        self.round = None;
    }

    /// The best rate of late, in bytes a second.
    fn rate(&self) -> u64 {
        self.rates.iter().copied().max().unwrap_or(0)
    }

    /// Longest payload of a frame: on a quick path each frame costs more than the time that others wait
    /// for their turn behind it.
    pub(crate) fn payload_max(&self) -> usize {
        if self.rate() >= PAYLOAD_LONG_FROM { PAYLOAD_MAX } else { PAYLOAD_USUAL }
    }

    fn bound_for(&self, least_rtt: Duration) -> u64 {
        let gain = if self.flat < FLAT_ROUNDS { IN_FLIGHT_GAIN_FIRST } else { IN_FLIGHT_GAIN };
        let held = least_rtt.mul_f64(gain) + IN_FLIGHT_ALLOWANCE;
        ((self.rate() as f64 * held.as_secs_f64()) as u64).clamp(IN_FLIGHT_FLOOR, IN_FLIGHT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a path of `rate` bytes a second and `rtt` for four seconds; returns the bound.
    fn settle(rate: f64, rtt: Duration) -> u64 {
        let mut flight = Flight::new();
        let (mut now, mut queue) = (Moment::ZERO, std::collections::VecDeque::new());
        let mut free_at = Moment::ZERO;
        while now < Moment::ZERO + Duration::from_secs(4) {
            let bytes = flight.room().min(16_384);
            if bytes >= 1_024 {
                flight.handle_sent(now, bytes);
                free_at = free_at.max(now) + Duration::from_secs_f64(bytes as f64 / rate);
                queue.push_back((free_at + rtt, bytes));
            } else if let Some((at, bytes)) = queue.pop_front() {
                now = now.max(at);
                flight.handle_delivered(now, bytes, Some(rtt));
            }
        }
        flight.bound
    }

    #[test]
    fn forgotten_bytes_leave_their_room() {
        let mut flight = Flight::new();
        flight.handle_sent(Moment::ZERO, IN_FLIGHT_FLOOR);
        assert_eq!(flight.room(), 0);
        flight.forget(IN_FLIGHT_FLOOR);
        assert_eq!(flight.room(), IN_FLIGHT_FLOOR);
    }

    #[test]
    fn a_burst_of_late_news_is_no_rate() {
        let (mut flight, rtt) = (Flight::new(), Duration::from_millis(500));
        let at = |millis| Moment::ZERO + Duration::from_millis(millis);
        let mut now = 0;
        for _ in 0..20 {
            let bytes = flight.room();
            flight.handle_sent(at(now), bytes / 2);
            flight.handle_sent(at(now + 1), bytes - bytes / 2);
            // All of it at once after most of a second, in two pieces.
            flight.handle_delivered(at(now + 800), bytes / 2, Some(rtt));
            flight.handle_delivered(at(now + 805), bytes - bytes / 2, Some(rtt));
            now += 805;
            assert!(flight.bound <= 2 * IN_FLIGHT_FLOOR + 16_384, "{}", flight.bound);
        }
    }

    #[test]
    fn the_bound_follows_the_path() {
        let slow = settle(125_000.0, Duration::from_millis(200));
        assert!((IN_FLIGHT_FLOOR..=80_000).contains(&slow), "1 Mbit/s, 200 ms: {slow}");
        let wan = settle(12_500_000.0, Duration::from_millis(100));
        assert!((1_250_000..=2_000_000).contains(&wan), "100 Mbit/s, 100 ms: {wan}");
    }
}
