//! The rule on paths of some rate and round trip, in virtual time.

use std::collections::VecDeque;

use super::*;

const BUFFER: usize = 4 * 1024 * 1024;
const STEP: Duration = Duration::from_millis(5);

/// A path with a bottleneck, fed by a stream that keeps at most `flight` bytes under way.
struct Path {
    now: Moment,
    rate: u64,
    rtt: Duration,
    flight: u64,
    free_at: Moment,
    under_way: VecDeque<(Moment, u64)>,
    written: u64,
    sent: u64,
    acked: u64,
}

impl Path {
    fn new(rate: u64, rtt: u64) -> Self {
        Path {
            now: Moment::ZERO + Duration::from_secs(1),
            rate,
            rtt: Duration::from_millis(rtt),
            flight: 64 * 1024,
            free_at: Moment::ZERO,
            under_way: VecDeque::new(),
            written: 0,
            sent: 0,
            acked: 0,
        }
    }

    fn waiting(&self) -> usize {
        (self.written - self.acked) as usize
    }

    /// Sends what may be sent and takes acknowledgements; the flight doubles with each round.
    fn step(&mut self) {
        self.now += STEP;
        while self.under_way.front().is_some_and(|(at, _)| *at <= self.now) {
            let (_, upto) = self.under_way.pop_front().expect("seen");
            self.flight = (self.flight + (upto - self.acked)).min(8 << 20);
            self.acked = upto;
        }
        while self.sent < self.written && self.sent - self.acked < self.flight {
            let bytes = (self.written - self.sent).min(4096);
            let spent = Duration::from_nanos(bytes * 1_000_000_000 / self.rate);
            self.free_at = self.free_at.max(self.now) + spent;
            self.sent += bytes;
            self.under_way.push_back((self.free_at + self.rtt, self.sent));
        }
    }

    fn tell(&self, backlog: &mut Backlog) {
        backlog.handle_progress(self.now, self.acked, self.waiting(), Some(self.rtt));
    }
}

/// Prints `length` bytes as fast as the buffer takes them; how long until they are skipped.
fn skipped_after(path: &mut Path, pacing: Pacing, length: u64) -> Option<Duration> {
    let began = path.now;
    let mut backlog = Backlog::new(pacing);
    while path.acked < length {
        let room = (BUFFER - path.waiting()) as u64;
        path.written += room.min(length - path.written);
        path.step();
        path.tell(&mut backlog);
        if backlog.is_skipping() {
            return Some(path.now.since(began));
        }
    }
    None
}

#[test]
fn a_long_text_on_a_slow_path_is_skipped_within_a_second() {
    let after = skipped_after(&mut Path::new(125_000, 500), Pacing::Smart, 2_400_000);
    let after = after.expect("it would take 19 s");
    assert!(after < Duration::from_millis(1000), "{after:?}");
}

#[test]
fn what_drains_within_two_seconds_is_exact() {
    for (rate, rtt, length) in [
        (125_000, 500, 200_000),
        (12_500_000, 100, 100_000_000),
        (12_500_000, 273, 100_000_000),
        (2_500_000, 600, 100_000_000),
        (100_000_000, 1, 300_000_000),
    ] {
        let after = skipped_after(&mut Path::new(rate, rtt), Pacing::Smart, length);
        assert_eq!(after, None, "{rate} bytes/s, {rtt} ms, {length} bytes");
    }
}

#[test]
fn exact_is_exact() {
    assert_eq!(skipped_after(&mut Path::new(125_000, 500), Pacing::Exact, 8_000_000), None);
    let mut backlog = Backlog::new(Pacing::Exact);
    backlog.handle_interrupt(Moment::ZERO, BUFFER);
    assert!(!backlog.is_skipping());
}

#[test]
fn latest_skips_what_exceeds_a_round_trip() {
    let after = skipped_after(&mut Path::new(12_500_000, 100), Pacing::Latest, 100_000_000);
    assert!(after.is_some_and(|after| after < Duration::from_secs(2)), "{after:?}");
}

#[test]
fn a_busy_client_on_a_fast_path_is_not_a_slow_path() {
    let mut backlog = Backlog::new(Pacing::Smart);
    let mut path = Path::new(30_000_000, 1);
    for stall in [false, true, false, true, false] {
        for _ in 0..100 {
            path.written += (BUFFER - path.waiting()) as u64;
            if stall {
                path.now += STEP;
            } else {
                path.step();
            }
            path.tell(&mut backlog);
            assert!(!backlog.is_skipping());
        }
    }
}

#[test]
fn a_flood_is_shown_in_jumps_and_its_end_with_its_last_lines() {
    let mut path = Path::new(125_000, 500);
    let mut backlog = Backlog::new(Pacing::Smart);
    let mut jumps: Vec<(Moment, usize)> = Vec::new();
    let began = path.now;
    let mut ended = None;
    for _ in 0..2000 {
        path.step();
        path.tell(&mut backlog);
        if let Some(Step::Open { lines_bytes }) = backlog.poll_step(path.now, path.acked, true) {
            jumps.push((path.now, lines_bytes));
            let opening = lines_bytes as u64 + 2_000;
            (path.written, path.sent, path.acked) = (opening, 0, 0);
            path.under_way.clear();
            backlog.handle_opened(path.now, opening);
        }
        if path.now.since(began) < Duration::from_secs(6) {
            let room = (BUFFER - path.waiting()).min(500_000) as u64;
            if !backlog.is_skipping() {
                path.written += room;
            }
            backlog.handle_printed(path.now, room);
            ended = Some(path.now);
        }
    }
    let ended = ended.expect("it printed");
    let (flood, rest): (Vec<_>, Vec<_>) = jumps.into_iter().partition(|(at, _)| *at <= ended);
    assert!((5..=12).contains(&flood.len()), "{} jumps in 6 s", flood.len());
    assert!(flood.windows(2).all(|pair| pair[1].0.since(pair[0].0) > Duration::from_millis(500)));
    let little = 8_000..30_000;
    // The first one comes while the full buffer still holds the program back.
    let mut known = flood.iter().skip(1);
    assert!(known.all(|(_, bytes)| little.contains(bytes)), "little under way: {flood:?}");
    let [(_, bytes)] = rest[..] else { panic!("one jump at the end: {rest:?}") };
    assert!((60_000..150_000).contains(&bytes), "about a second: {bytes}");
    assert!(!backlog.is_skipping(), "and exact from then on");
}

#[test]
fn what_follows_an_interrupt_is_exact() {
    let mut path = Path::new(125_000, 500);
    let mut backlog = Backlog::new(Pacing::Smart);
    path.written += 4_000_000;
    while !backlog.is_skipping() {
        path.step();
        path.tell(&mut backlog);
    }
    // The program prints on, faster than the path carries, until it is interrupted.
    for _ in 0..100 {
        path.now += STEP;
        backlog.handle_printed(path.now, 500_000);
    }
    backlog.handle_interrupt(path.now, path.waiting());
    assert_eq!(backlog.poll_step(path.now, path.acked, true), Some(Step::Abandon));
    path.now += QUIET_FOR;
    assert!(matches!(backlog.poll_step(path.now, path.acked, true), Some(Step::Open { .. })));
    backlog.handle_opened(path.now, 2_000);
    assert!(!backlog.is_skipping(), "the prompt does not wait for another round trip");
}

#[test]
fn an_interrupt_jumps_as_soon_as_the_program_is_quiet() {
    let at = |millis| Moment::ZERO + Duration::from_millis(millis);
    let mut backlog = Backlog::new(Pacing::Smart);
    backlog.handle_interrupt(at(0), 1_000);
    assert!(!backlog.is_skipping(), "next to nothing waits");
    backlog.handle_interrupt(at(0), 500_000);
    assert_eq!(backlog.poll_step(at(0), 0, true), Some(Step::Abandon));
    assert_eq!(backlog.poll_step(at(0), 0, true), None);
    backlog.handle_printed(at(2), 10);
    assert_eq!(backlog.poll_timeout(), Some(at(6)));
    assert_eq!(backlog.poll_step(at(5), 0, true), None);
    assert!(matches!(backlog.poll_step(at(6), 0, true), Some(Step::Open { .. })));
    for millis in 6..60 {
        backlog.handle_printed(at(millis), 10);
    }
    let step = backlog.poll_step(at(59), 0, true);
    assert!(matches!(step, Some(Step::Open { .. })), "a program that prints on is not waited for");
}

#[test]
fn an_absent_client_gets_its_state_when_it_is_back() {
    let mut backlog = Backlog::new(Pacing::Smart);
    backlog.handle_full();
    assert_eq!(backlog.poll_step(Moment::ZERO, 0, false), Some(Step::Abandon));
    assert_eq!(backlog.poll_step(Moment::ZERO, 0, false), None);
    let step = backlog.poll_step(Moment::ZERO, 0, true);
    assert_eq!(step, Some(Step::Open { lines_bytes: LINES_UNKNOWN }));
}
