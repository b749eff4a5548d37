//! A congestion window that can be told that its path is dead, so that the next one begins afresh, as
//! RFC 9000 (9.4) wants it and the library has it for a server's side only. What was in flight will
//! never be acknowledged, and what it taught about the window was the outage: both would keep the
//! next path from being used until a probe is due, and probes are minutes apart by then.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use quinn::congestion::{Controller, ControllerFactory, ControllerMetrics};

use super::bounded::Bounded;

/// Tells the controllers of one connection; clones tell the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeadPath(Arc<Account>);

#[derive(Debug, Default)]
struct Account {
    /// Bytes sent and neither acknowledged nor lost.
    in_flight: AtomicU64,
    /// Of these, bytes that are not held against the window.
    forgiven: AtomicU64,
    /// Nothing was sent since.
    fresh: AtomicBool,
}

impl DeadPath {
    /// What is in flight now counts no more, nor what was learned.
    pub(crate) fn forgive(&self) {
        self.0.fresh.store(true, Ordering::Relaxed);
        self.0.forgiven.store(self.0.in_flight.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl ControllerFactory for DeadPath {
    fn build(self: Arc<Self>, _now: Instant, _current_mtu: u16) -> Box<dyn Controller> {
        let account = self.0.clone();
        Box::new(Forgiving { inner: usual(), since: None, account })
    }
}

fn usual() -> Box<dyn Controller> {
    Box::new(Bounded::new())
}

/// A usual controller with that exception.
struct Forgiving {
    inner: Box<dyn Controller>,
    /// When the present path was first sent on, if it is not the first one.
    since: Option<Instant>,
    account: Arc<Account>,
}

impl Controller for Forgiving {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        if self.account.fresh.swap(false, Ordering::Relaxed) {
            self.inner = usual();
            self.since = Some(now);
        }
        self.account.in_flight.fetch_add(bytes, Ordering::Relaxed);
        self.inner.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        rtt: &quinn_proto::RttEstimator,
    ) {
        self.inner.on_ack(now, sent, bytes, app_limited, rtt);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        self.account.in_flight.store(in_flight, Ordering::Relaxed);
        self.account.forgiven.store(0, Ordering::Relaxed);
        self.inner.on_end_acks(now, in_flight, app_limited, largest_packet_num_acked);
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        let left = self.account.in_flight.load(Ordering::Relaxed).saturating_sub(lost_bytes);
        self.account.in_flight.store(left, Ordering::Relaxed);
        if self.since.is_some_and(|since| sent < since) {
            return;
        }
        self.inner.on_congestion_event(now, sent, is_persistent_congestion, lost_bytes);
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.inner.on_mtu_update(new_mtu);
    }

    fn window(&self) -> u64 {
        let fresh = self.account.fresh.load(Ordering::Relaxed);
        let least = if fresh { self.inner.initial_window() } else { 0 };
        self.inner.window().max(least) + self.account.forgiven.load(Ordering::Relaxed)
    }

    fn metrics(&self) -> ControllerMetrics {
        self.inner.metrics()
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        let (inner, account) = (self.inner.clone_box(), self.account.clone());
        Box::new(Forgiving { inner, since: self.since, account })
    }

    fn initial_window(&self) -> u64 {
        self.inner.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods)] // the library wants its own kind of time; none passes here
    fn a_dead_path_leaves_room_for_the_next() {
        let now = Instant::now();
        let path = DeadPath::default();
        let mut controller = Arc::new(path.clone()).build(now, 1200);
        let usual = controller.window();
        let later = now + std::time::Duration::from_secs(60);
        // Probes go out beyond the window.
        (0..40).for_each(|number| controller.on_sent(now, 1200, number));
        controller.on_congestion_event(now, now, true, 0);
        assert!(controller.window() <= usual, "full");
        path.forgive();
        assert_eq!(controller.window(), usual + 40 * 1200, "as if nothing had been sent");
        controller.on_sent(later, 1200, 40);
        assert_eq!(controller.window(), usual + 40 * 1200);
        controller.on_end_acks(later, 40 * 1200, false, Some(40));
        controller.on_congestion_event(later, now, true, 40 * 1200);
        assert_eq!(controller.window(), usual, "the old path's losses are not the new one's");
        assert_eq!(controller.clone_box().window(), controller.window());
    }
}
