//! A congestion window that follows what the path delivers and how long that takes at best, in place of
//! one that grows until a queue overflows: our own bulk must not fill queues that keystrokes wait in,
//! and packets lost by chance must not make a path look slow. One window is a little more than the
//! delivery rate times the least round trip; every so often it shrinks, to see that round trip again.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::congestion::{Controller, ControllerFactory, ControllerMetrics};

/// Bytes in flight before anything was measured, and the least ever allowed (RFC 9002, 7.2).
const WINDOW_FLOOR: u64 = 14_720;
/// Most bytes in flight.
const WINDOW_MAX: u64 = 32 << 20;
/// The window in round trips at the measured rate: what is more than one waits in queues, and is what
/// makes the rate grow when there is more to have.
const GAIN: f64 = 1.35;
/// The same while more than [`LOSSY`] is lost: beyond a short queue more would be lost.
const GAIN_LOSSY: f64 = 1.2;
/// A share of bytes lost in one round.
const LOSSY: f64 = 0.02;
/// The window while a queue of our own drains.
const GAIN_DRAIN: f64 = 0.75;
/// Added to the round trip: acknowledgements wait for timers and for the scheduler.
const ALLOWANCE: Duration = Duration::from_millis(5);
/// Rounds over which the best rate counts.
const ROUNDS: usize = 8;
/// A round is no shorter, so that a burst is not taken for a rate.
const ROUND_MIN: Duration = Duration::from_millis(1);
/// At first the window doubles, until the rate grew by less than this...
const GROWTH: f64 = 1.25;
/// ...in so many rounds, or until a queue shows: a round trip longer than the least by a quarter and this.
const QUEUE_SHOWS: Duration = Duration::from_millis(8);
const FLAT_ROUNDS: u32 = 2;
/// A packet whose round trip is longer than the least by this, and half of the above, waited in a queue
/// (as RFC 9406 has it): it does not make the window grow.
const WAITED: f64 = 1.125;
/// How long a least round trip is believed before it is looked for again.
const BELIEVED: Duration = Duration::from_secs(10);

/// Makes the controllers of connections.
#[derive(Debug)]
pub(super) struct BoundedConfig;

impl ControllerFactory for BoundedConfig {
    fn build(self: Arc<Self>, _now: Instant, _current_mtu: u16) -> Box<dyn Controller> {
        Box::new(Bounded::new())
    }
}

/// What the controller is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The window doubles each round; so many rounds brought no more.
    Startup { flat: u32 },
    /// The window follows what was measured.
    Cruise,
    /// The window is small for so many more rounds.
    Drain { rounds: u32 },
}

/// What happened since one packet was sent, until it was acknowledged.
#[derive(Clone, Copy, Debug)]
struct Round {
    began: Instant,
    delivered: u64,
    lost: u64,
    last_packet: u64,
    least_rtt: Option<Duration>,
    app_limited: bool,
}

/// The controller.
#[derive(Clone, Debug)]
pub(super) struct Bounded {
    mode: Mode,
    window: u64,
    delivered: u64,
    lost: u64,
    last_packet: u64,
    round: Option<Round>,
    /// Bytes a second.
    rates: [f64; ROUNDS],
    next_rate: usize,
    lossy: bool,
    /// Smoothed round trip, and how much round trips differ from it: on a path that varies most are
    /// longer than the least, without any queue of ours.
    smoothed: Option<(Duration, Duration)>,
    /// Least round trip, and when it was last seen.
    least_rtt: Option<(Duration, Instant)>,
}

impl Bounded {
    pub(super) fn new() -> Self {
        Bounded {
            mode: Mode::Startup { flat: 0 },
            window: WINDOW_FLOOR,
            delivered: 0,
            lost: 0,
            last_packet: 0,
            round: None,
            rates: [0.0; ROUNDS],
            next_rate: 0,
            lossy: false,
            smoothed: None,
            least_rtt: None,
        }
    }

    fn rate(&self) -> f64 {
        self.rates.iter().copied().fold(0.0, f64::max)
    }

    fn target(&self) -> u64 {
        let Some((least, _)) = self.least_rtt else { return WINDOW_FLOOR };
        let deviation = self.smoothed.map_or(Duration::ZERO, |(_, deviation)| deviation);
        let allowance = ALLOWANCE + (deviation * 2).min(least / 4);
        let held = match self.mode {
            Mode::Drain { .. } => least.mul_f64(GAIN_DRAIN),
            _ if self.lossy => least.mul_f64(GAIN_LOSSY) + allowance,
            _ => least.mul_f64(GAIN) + allowance,
        };
        ((self.rate() * held.as_secs_f64()) as u64).clamp(WINDOW_FLOOR, WINDOW_MAX)
    }

    fn handle_ack(&mut self, now: Instant, sent: Instant, bytes: u64, app_limited: bool) {
        self.delivered += bytes;
        let rtt = now.saturating_duration_since(sent);
        if let Some(round) = &mut self.round {
            round.least_rtt = Some(round.least_rtt.map_or(rtt, |least| least.min(rtt)));
        }
        self.smoothed = Some(match self.smoothed {
            None => (rtt, Duration::ZERO),
            Some((smoothed, deviation)) => {
                ((smoothed * 31 + rtt) / 32, (deviation * 31 + smoothed.abs_diff(rtt)) / 32)
            }
        });
        // Never more than two packets for one: a leap would wait in a queue.
        let most = match self.mode {
            // The round that made the queue ends a round trip from now.
            Mode::Startup { .. } if self.waited(rtt) => return,
            Mode::Startup { .. } => WINDOW_MAX,
            _ => self.target(),
        };
        if !app_limited {
            self.window = (self.window + bytes).min(most);
        }
    }

    /// A packet that took so long waited in a queue, most likely ours.
    fn waited(&self, rtt: Duration) -> bool {
        let Some((least, _)) = self.least_rtt else { return false };
        rtt > least.mul_f64(WAITED) + QUEUE_SHOWS / 2
    }

    /// A round is over: what it taught.
    fn handle_round(&mut self, now: Instant, round: &Round) {
        // Acknowledgements that were held up come in bursts: what they tell of was under way for longer.
        let least = self.least_rtt.map_or(ROUND_MIN, |(least, _)| least.max(ROUND_MIN));
        let took = now.saturating_duration_since(round.began).max(least);
        let delivered = self.delivered - round.delivered;
        let rate = delivered as f64 / took.as_secs_f64();
        let best = self.rate();
        // A program that had little to send says nothing about the path, unless it got more than ever.
        if !round.app_limited || rate > best {
            self.rates[self.next_rate] = rate;
            self.next_rate = (self.next_rate + 1) % ROUNDS;
        }
        let lost = (self.lost - round.lost) as f64;
        self.lossy = lost > LOSSY * (lost + delivered as f64);
        self.handle_least_rtt(now, round);
        self.mode = match self.mode {
            Mode::Startup { .. } if self.queue_shows(round) => Mode::Cruise,
            Mode::Startup { flat } if !round.app_limited && rate < best * GROWTH => {
                if flat + 1 >= FLAT_ROUNDS {
                    Mode::Cruise
                } else {
                    Mode::Startup { flat: flat + 1 }
                }
            }
            Mode::Drain { rounds: 0 } => Mode::Cruise,
            Mode::Drain { rounds } => Mode::Drain { rounds: rounds - 1 },
            mode => mode,
        };
    }

    fn queue_shows(&self, round: &Round) -> bool {
        let (Some((least, _)), Some(seen)) = (self.least_rtt, round.least_rtt) else {
            return false;
        };
        !round.app_limited && seen > least.mul_f64(GROWTH) + QUEUE_SHOWS
    }

    fn handle_least_rtt(&mut self, now: Instant, round: &Round) {
        let Some(seen) = round.least_rtt else { return };
        let old = |at: Instant| now.saturating_duration_since(at) > BELIEVED;
        match self.least_rtt {
            Some((least, at)) if seen > least && !old(at) => {}
            // Long enough under way without a queue of our own.
            Some((least, _)) if seen > least && self.mode == Mode::Cruise && !round.app_limited => {
                self.mode = Mode::Drain { rounds: 3 };
            }
            Some((least, _))
                if seen > least && matches!(self.mode, Mode::Drain { rounds } if rounds > 0) => {}
            _ => self.least_rtt = Some((seen, now)),
        }
    }
}

impl Controller for Bounded {
    fn on_sent(&mut self, now: Instant, _bytes: u64, last_packet_number: u64) {
        self.last_packet = last_packet_number;
        let (delivered, lost) = (self.delivered, self.lost);
        self.round.get_or_insert(Round {
            began: now,
            delivered,
            lost,
            last_packet: last_packet_number,
            least_rtt: None,
            app_limited: false,
        });
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        _rtt: &quinn_proto::RttEstimator,
    ) {
        self.handle_ack(now, sent, bytes, app_limited);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        let Some(round) = &mut self.round else { return };
        round.app_limited |= app_limited;
        let round = *round;
        let over = largest_packet_num_acked.is_some_and(|acked| acked >= round.last_packet)
            && now.saturating_duration_since(round.began) >= ROUND_MIN;
        if over {
            self.handle_round(now, &round);
            self.round = (in_flight > 0).then_some(Round {
                began: now,
                delivered: self.delivered,
                lost: self.lost,
                last_packet: self.last_packet,
                least_rtt: None,
                app_limited: false,
            });
        }
    }

    fn on_congestion_event(
        &mut self,
        _now: Instant,
        _sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        self.lost += lost_bytes;
        if is_persistent_congestion {
            // Nothing passed for long: what was learned is of another time.
            let (delivered, lost, last_packet) = (self.delivered, self.lost, self.last_packet);
            *self = Bounded { delivered, lost, last_packet, ..Bounded::new() };
        }
    }

    fn on_mtu_update(&mut self, _new_mtu: u16) {}

    fn window(&self) -> u64 {
        self.window
    }

    fn metrics(&self) -> ControllerMetrics {
        let mut metrics = ControllerMetrics::default();
        metrics.congestion_window = self.window;
        metrics
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        WINDOW_FLOOR
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // the library wants its own kind of time; tests make up theirs
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// A path, and what became of bulk on it.
    struct Path {
        /// Bytes a second.
        rate: f64,
        delay: Duration,
        /// Bytes that its queue takes.
        queue: f64,
        /// One packet of so many is lost.
        loses: Option<u64>,
    }

    const PACKET: u64 = 1_200;

    impl Path {
        /// Sends as much as the window allows; returns what arrived of what the path could carry in the
        /// last half of the time, and the longest wait in its queue in either half.
        fn run(&self, length: Duration) -> (f64, [Duration; 2]) {
            let start = Instant::now();
            let (mut now, mut free_at, mut number) = (start, start, 0);
            let mut flight: VecDeque<(Instant, Instant, u64, bool)> = VecDeque::new();
            let (mut bounded, mut in_flight) = (Bounded::new(), 0);
            let (mut arrived, mut waited) = (0, [Duration::ZERO; 2]);
            while now < start + length {
                while in_flight + PACKET < bounded.window() {
                    number += 1;
                    bounded.on_sent(now, PACKET, number);
                    in_flight += PACKET;
                    let queued = free_at.saturating_duration_since(now);
                    let full = queued.as_secs_f64() * self.rate > self.queue;
                    let lost = full || self.loses.is_some_and(|each| number % each == 0);
                    if !full {
                        free_at =
                            free_at.max(now) + Duration::from_secs_f64(PACKET as f64 / self.rate);
                    }
                    let back = free_at.max(now) + self.delay;
                    flight.push_back((back, now, number, lost));
                    let half = &mut waited[usize::from(now > start + length / 2)];
                    *half = queued.max(*half);
                }
                let Some((back, sent, number, lost)) = flight.pop_front() else { break };
                now = now.max(back);
                in_flight -= PACKET;
                if lost {
                    bounded.on_congestion_event(now, sent, false, PACKET);
                    continue;
                }
                if now > start + length / 2 {
                    arrived += PACKET;
                }
                bounded.handle_ack(now, sent, PACKET, false);
                bounded.on_end_acks(now, in_flight, false, Some(number));
            }
            (arrived as f64 / (self.rate * length.as_secs_f64() / 2.0), waited)
        }
    }

    const MBIT: f64 = 125_000.0;

    fn wan() -> Path {
        let delay = Duration::from_millis(100);
        Path { rate: 100.0 * MBIT, delay, queue: 4e6, loses: None }
    }

    #[test]
    fn a_path_is_filled_and_its_queue_is_not() {
        for (path, name) in [
            (wan(), "wan"),
            (Path { rate: MBIT, delay: Duration::from_millis(500), ..wan() }, "3g"),
            (Path { rate: 1000.0 * MBIT, delay: Duration::from_micros(500), ..wan() }, "lan"),
        ] {
            let (share, waited) = path.run(Duration::from_secs(30));
            assert!(share > 0.9, "{name}: {share}");
            // At first as later: keystrokes are typed while the window doubles too.
            let most = path.delay.mul_f64(0.7) + ALLOWANCE * 2;
            assert!(waited.iter().all(|it| *it < most), "{name}: {waited:?} of {:?}", path.delay);
        }
    }

    #[test]
    fn chance_losses_do_not_make_a_path_look_slow() {
        let (share, _) = Path { loses: Some(7), ..wan() }.run(Duration::from_secs(30));
        assert!(share > 0.75, "{share} with one of seven lost");
    }

    #[test]
    fn a_short_queue_overflows_little() {
        let (share, _) = Path { queue: 50_000.0, ..wan() }.run(Duration::from_secs(30));
        assert!(share > 0.85, "{share}");
    }

    #[test]
    fn a_little_now_and_then_opens_no_window() {
        let (mut bounded, start) = (Bounded::new(), Instant::now());
        for number in 0..1_000 {
            let sent = start + Duration::from_millis(200) * number;
            bounded.on_sent(sent, 100, u64::from(number));
            let now = sent + Duration::from_millis(100);
            bounded.handle_ack(now, sent, 100, true);
            bounded.on_end_acks(now, 0, true, Some(u64::from(number)));
        }
        assert_eq!(bounded.window(), WINDOW_FLOOR);
    }
}
