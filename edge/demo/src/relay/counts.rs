//! How much passed a relay and what became of it. Totals since its start; no rates.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A reading of a relay's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// TCP connections accepted.
    pub tcp_flows: u64,
    /// TCP bytes forwarded, both ways.
    pub tcp_bytes: u64,
    /// TCP connections that became black holes.
    pub tcp_dead: u64,
    /// TCP connections that were reset.
    pub tcp_resets: u64,
    /// Datagrams forwarded, both ways.
    pub udp_datagrams: u64,
    /// Datagrams dropped for whatever reason.
    pub udp_dropped: u64,
    /// Source addresses that the server has seen datagrams come from.
    pub udp_mappings: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) tcp_flows: AtomicU64,
    pub(super) tcp_bytes: AtomicU64,
    pub(super) tcp_dead: AtomicU64,
    pub(super) tcp_resets: AtomicU64,
    pub(super) udp_datagrams: AtomicU64,
    pub(super) udp_dropped: AtomicU64,
    pub(super) udp_mappings: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> Counts {
        Counts {
            tcp_flows: self.tcp_flows.load(Relaxed),
            tcp_bytes: self.tcp_bytes.load(Relaxed),
            tcp_dead: self.tcp_dead.load(Relaxed),
            tcp_resets: self.tcp_resets.load(Relaxed),
            udp_datagrams: self.udp_datagrams.load(Relaxed),
            udp_dropped: self.udp_dropped.load(Relaxed),
            udp_mappings: self.udp_mappings.load(Relaxed),
        }
    }
}

/// Adds `amount` to one counter.
pub(super) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Relaxed);
}
