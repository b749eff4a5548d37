//! One direction of the link as arithmetic: a bottleneck with a bounded queue, then a delay.
//! Time is an argument; no sockets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use abide_terms::Moment;

use super::emulator::Side;
use super::profile::PathSettings;
use super::random::Random;

/// Bytes under way in one direction, whatever the settings; more are dropped as by a full queue.
pub(crate) const IN_FLIGHT_MAX: usize = 64 << 20;

/// What became of a packet at the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    UnderWay,
    Lost,
    QueueFull,
}

/// A packet under way. Ordered by release time, then by arrival.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct UnderWay {
    release: Moment,
    serial: u64,
    target: Side,
    bytes: Vec<u8>,
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Path {
    settings: PathSettings,
    random: Random,
    /// When the bottleneck has sent all that it accepted.
    idle_at: Moment,
    /// Release of the latest packet, for keeping the order.
    latest: Moment,
    under_way: BinaryHeap<Reverse<UnderWay>>,
    held: usize,
    serial: u64,
}

impl Path {
    pub(crate) fn new(settings: PathSettings, seed: u64) -> Self {
        Path {
            settings,
            random: Random::new(seed),
            idle_at: Moment::ZERO,
            latest: Moment::ZERO,
            under_way: BinaryHeap::new(),
            held: 0,
            serial: 0,
        }
    }

    /// New behaviour for packets that come from now on; those under way keep their times.
    pub(crate) fn set(&mut self, settings: PathSettings) {
        self.settings = settings;
        self.idle_at = Moment::ZERO;
    }

    pub(crate) fn settings(&self) -> &PathSettings {
        &self.settings
    }

    /// Forgets all that is under way, and says how many packets and bytes that was.
    pub(crate) fn clear(&mut self) -> (usize, usize) {
        let dropped = (self.under_way.len(), self.held);
        self.under_way.clear();
        self.held = 0;
        self.idle_at = Moment::ZERO;
        self.latest = Moment::ZERO;
        dropped
    }

    /// A packet enters.
    pub(crate) fn enter(&mut self, bytes: &[u8], target: Side, now: Moment) -> Fate {
        if self.random.hits(self.settings.loss) {
            return Fate::Lost;
        }
        let Some(sent) = self.pass_bottleneck(bytes.len(), now) else { return Fate::QueueFull };
        let mut release = sent + self.draw_delay();
        if self.settings.keep_order {
            release = release.max(self.latest);
        }
        self.latest = self.latest.max(release);
        self.held += bytes.len();
        self.serial += 1;
        let packet = UnderWay { release, serial: self.serial, target, bytes: bytes.to_vec() };
        self.under_way.push(Reverse(packet));
        Fate::UnderWay
    }

    /// How long a packet that comes now waits for the bottleneck.
    pub(crate) fn waiting(&self, now: Moment) -> Duration {
        self.idle_at.since(now)
    }

    /// When the bottleneck has sent this packet; `None` when its queue has no room for it.
    fn pass_bottleneck(&mut self, length: usize, now: Moment) -> Option<Moment> {
        if self.held + length > IN_FLIGHT_MAX {
            return None;
        }
        let Some(rate) = self.settings.rate else { return Some(now) };
        let nanos_for =
            |bytes: usize| (bytes as u128 * 8 * 1_000_000_000 / u128::from(rate)) as u64;
        let waiting = self.waiting(now);
        let empty = waiting.is_zero();
        if !empty
            && waiting + Duration::from_nanos(nanos_for(length))
                > Duration::from_nanos(nanos_for(self.settings.queue))
        {
            return None;
        }
        self.idle_at = self.idle_at.max(now) + Duration::from_nanos(nanos_for(length));
        Some(self.idle_at)
    }

    fn draw_delay(&mut self) -> Duration {
        if self.settings.jitter.is_zero() {
            return self.settings.delay;
        }
        let swing = self.settings.jitter.mul_f64(2.0 * self.random.share());
        (self.settings.delay + swing).saturating_sub(self.settings.jitter)
    }

    /// The next packet whose time has come.
    pub(crate) fn leave(&mut self, now: Moment) -> Option<(Side, Vec<u8>)> {
        if self.next_release()? > now {
            return None;
        }
        let Reverse(packet) = self.under_way.pop()?;
        self.held -= packet.bytes.len();
        Some((packet.target, packet.bytes))
    }

    /// When [`Path::leave`] has something next.
    pub(crate) fn next_release(&self) -> Option<Moment> {
        self.under_way.peek().map(|Reverse(packet)| packet.release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(1_000 + millis)
    }

    fn path(change: impl FnOnce(&mut PathSettings)) -> Path {
        let mut settings = PathSettings::new(Duration::from_millis(50), None, 10_000);
        change(&mut settings);
        Path::new(settings, 7)
    }

    #[test]
    fn delay_is_exact() {
        let mut path = path(|_| {});
        assert_eq!(path.enter(b"x", Side::Server, at(0)), Fate::UnderWay);
        assert_eq!(path.next_release(), Some(at(50)));
        assert!(path.leave(at(49)).is_none());
        assert_eq!(path.leave(at(50)), Some((Side::Server, b"x".to_vec())));
        assert!(path.next_release().is_none());
    }

    #[test]
    fn rate_spaces_packets_and_the_queue_is_bounded() {
        // 1000 bytes at 8 Mbit/s take 1 ms; ten of them fill the queue.
        let mut path = path(|settings| settings.rate = Some(8_000_000));
        let fates: Vec<_> = (0..12).map(|_| path.enter(&[0; 1_000], Side::Server, at(0))).collect();
        assert_eq!(fates.iter().filter(|fate| **fate == Fate::UnderWay).count(), 10);
        assert_eq!(fates[11], Fate::QueueFull);
        for step in 1..=10 {
            assert_eq!(path.next_release(), Some(at(50 + step)));
            assert!(path.leave(at(50 + step)).is_some());
        }
        assert_eq!(path.enter(&[0; 1_000], Side::Server, at(100)), Fate::UnderWay);
    }

    #[test]
    fn a_packet_larger_than_the_queue_passes_an_idle_bottleneck() {
        let mut path = path(|settings| (settings.rate, settings.queue) = (Some(8_000), 10));
        assert_eq!(path.enter(&[0; 1_000], Side::Server, at(0)), Fate::UnderWay);
        assert_eq!(path.enter(&[0; 1_000], Side::Server, at(0)), Fate::QueueFull);
    }

    #[test]
    fn jitter_keeps_order_unless_told_otherwise() {
        let order = |keep_order| {
            let mut path = path(|settings| {
                settings.jitter = Duration::from_millis(30);
                settings.keep_order = keep_order;
            });
            for number in 0..100 {
                path.enter(&[number], Side::Server, at(u64::from(number)));
            }
            let mut seen = Vec::new();
            while let Some((_, bytes)) = path.leave(at(10_000)) {
                seen.push(bytes[0]);
            }
            seen
        };
        assert!(order(true).is_sorted());
        assert!(!order(false).is_sorted());
        assert_eq!(order(false).len(), 100);
    }

    #[test]
    fn loss_follows_the_seed() {
        let lost = || {
            let mut path = path(|settings| settings.loss = 0.15);
            (0..10_000)
                .map(|_| path.enter(b"x", Side::Server, at(0)) == Fate::Lost)
                .collect::<Vec<_>>()
        };
        let first = lost();
        let share = first.iter().filter(|lost| **lost).count() as f64 / 10_000.0;
        assert!((0.14..0.16).contains(&share), "{share}");
        assert_eq!(first, lost());
    }
}
