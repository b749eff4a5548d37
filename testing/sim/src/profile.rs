//! What stays the same in one run: the way between the two ends, and how they are set.

use std::time::Duration;

use crate::rng::Rng;

/// Which carriers there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Both on one machine.
    Local,
    /// Only ssh goes through.
    Ssh,
    /// ssh and UDP go through.
    SshAndUdp,
}

/// One way between two ends.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Which carriers there can be.
    pub reach: Reach,
    /// Round trip without queues.
    pub rtt: Duration,
    /// Added to each one-way delay, at most.
    pub jitter: Duration,
    /// Packets lost on a good day, parts per million.
    pub loss_ppm: u64,
    /// Packets repeated by the network, parts per million.
    pub repeat_ppm: u64,
    /// Bytes a second.
    pub bandwidth: u64,
    /// Bytes that a carrier's buffers take.
    pub buffer: usize,
    /// Largest datagram.
    pub datagram_max: usize,
    /// The ssh pipe stays when QUIC works.
    pub keep_pipe: bool,
    /// The ends send frames of a later release.
    pub skew: bool,
}

impl Profile {
    pub(crate) fn random(rng: &mut Rng) -> Self {
        let reach = match rng.below(20) {
            0 => Reach::Local,
            1..=4 => Reach::Ssh,
            _ => Reach::SshAndUdp,
        };
        let rtt = match reach {
            Reach::Local => Duration::from_micros(50),
            _ if rng.once_in(25) => {
                rng.span(Duration::from_millis(600), Duration::from_millis(2_500))
            }
            _ => rng.span(Duration::from_millis(1), Duration::from_millis(400)),
        };
        Profile {
            reach,
            rtt,
            jitter: rng.upto(rtt / 4),
            loss_ppm: if rng.once_in(3) { 0 } else { rng.scale(100, 40_000) },
            repeat_ppm: rng.scale(10, 10_000),
            bandwidth: rng.scale(60_000, 20_000_000),
            buffer: 128 * 1024 + rng.scale(16 * 1024, 2 << 20) as usize,
            datagram_max: rng.between(1_000, 1_400) as usize,
            keep_pipe: rng.once_in(2),
            skew: rng.once_in(4),
        }
    }

    /// A home line: 40 ms, 10 Mbit/s, no loss of its own, ssh and UDP.
    pub fn home() -> Self {
        Profile {
            reach: Reach::SshAndUdp,
            rtt: Duration::from_millis(40),
            jitter: Duration::from_millis(4),
            loss_ppm: 0,
            repeat_ppm: 0,
            bandwidth: 1_250_000,
            buffer: 384 * 1024,
            datagram_max: 1_200,
            keep_pipe: true,
            skew: false,
        }
    }
}
