//! Chance, repeatable: SplitMix64 and the few distributions that the simulation needs.

use std::time::Duration;

/// Numbers that depend on the seed alone.
#[derive(Debug)]
pub(crate) struct Rng(u64);

/// SplitMix64's output function: a good mix of all bits.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Rng(mix(seed ^ 0x6162_6964_6500_0001))
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From 0 to `limit - 1`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit.max(1)
    }

    /// Both ends included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True once in `of` times.
    pub(crate) fn once_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    /// True with a probability in parts per million.
    pub(crate) fn ppm(&mut self, parts: u64) -> bool {
        parts > 0 && self.below(1_000_000) < parts
    }

    /// From 0 to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.below(1 << 32) as f64 / (1u64 << 32) as f64
    }

    /// Every order of magnitude as likely as another.
    pub(crate) fn scale(&mut self, least: u64, most: u64) -> u64 {
        let (low, high) = ((least as f64).ln(), (most as f64).ln());
        (low + (high - low) * self.fraction()).exp() as u64
    }

    /// A time of any order of magnitude.
    pub(crate) fn span(&mut self, least: Duration, most: Duration) -> Duration {
        Duration::from_micros(self.scale(least.as_micros() as u64, most.as_micros() as u64))
    }

    /// A time from zero to `most`.
    pub(crate) fn upto(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.fraction())
    }
}
