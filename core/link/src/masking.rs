//! Loss masking: on a path that loses packets, a tail is sent again before its answer could be there, so
//! that a keystroke and its echo wait for no timer. How often follows from the measured loss; on a path
//! that has shown that it loses nothing, nothing is repeated.

use std::time::Duration;

use abide_terms::Moment;

use crate::limits::{
    COPIES_MAX, COPY_GAP_MAX, COPY_GAP_MIN, LOSS_COUNTED_MAX, LOSS_PRIOR, LOSS_PRIOR_LOST,
    MASK_BURST, MASK_FROM, MASK_RATE, MASK_RESIDUE,
};

/// Packets that a carrier sent, and those of them that were lost, the last ones counting most; and the
/// bytes that repeats may still cost.
#[derive(Debug)]
pub(crate) struct Masking {
    /// Totals as the transport counts them.
    seen: (u64, u64),
    sent: f64,
    lost: f64,
    /// Bytes that repeats may cost, and when that was so.
    budget: (f64, Moment),
    /// Bytes that repeats have cost.
    repeated: u64,
}

/// Repeats of one tail that are still to come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Copies {
    left: u32,
    gap: Duration,
    next: Option<Moment>,
}

impl Masking {
    pub(crate) fn new(now: Moment) -> Self {
        Masking {
            seen: (0, 0),
            sent: 0.0,
            lost: 0.0,
            budget: (MASK_BURST as f64, now),
            repeated: 0,
        }
    }

    /// The transport has sent and lost this many packets since the carrier joined.
    pub(crate) fn handle_counts(&mut self, sent: u64, lost: u64) {
        self.sent += sent.saturating_sub(self.seen.0) as f64;
        self.lost += lost.saturating_sub(self.seen.1) as f64;
        self.seen = (sent, lost);
        if self.sent > LOSS_COUNTED_MAX {
            let keep = LOSS_COUNTED_MAX / 2.0 / self.sent;
            (self.sent, self.lost) = (self.sent * keep, self.lost * keep);
        }
    }

    /// The share of packets that are lost, as if [`LOSS_PRIOR`] had been sent before the first.
    pub(crate) fn loss(&self) -> f64 {
        ((self.lost + LOSS_PRIOR_LOST) / (self.sent + LOSS_PRIOR)).min(0.9)
    }

    /// How often a tail is repeated: until less than [`MASK_RESIDUE`] of them is lost.
    fn copies(&self) -> u32 {
        let loss = self.loss();
        if loss < MASK_FROM {
            return 0;
        }
        let wanted = (MASK_RESIDUE.ln() / loss.ln()).ceil() - 1.0;
        (wanted.max(1.0) as u32).min(COPIES_MAX)
    }

    /// A tail went out: what follows it.
    pub(crate) fn plan(&self, now: Moment, rtt: Option<Duration>) -> Copies {
        let gap = (rtt.unwrap_or_default() / 10).clamp(COPY_GAP_MIN, COPY_GAP_MAX);
        let left = self.copies();
        Copies { left, gap, next: (left > 0).then_some(now + gap) }
    }

    /// Takes the bytes of a repeat from the budget. Without them it is left out.
    pub(crate) fn afford(&mut self, now: Moment, bytes: usize) -> bool {
        let (left, since) = self.budget;
        let earned = now.since(since).as_secs_f64() * MASK_RATE as f64;
        let left = (left + earned).min(MASK_BURST as f64);
        let affordable = left >= bytes as f64;
        self.budget = (if affordable { left - bytes as f64 } else { left }, now);
        self.repeated += if affordable { bytes as u64 } else { 0 };
        affordable
    }

    pub(crate) fn repeated(&self) -> u64 {
        self.repeated
    }
}

impl Copies {
    /// When the next one goes.
    pub(crate) fn due_at(&self) -> Option<Moment> {
        self.next
    }

    /// One went, or was left out: each gap is twice the last, since losses come in bursts.
    pub(crate) fn handle_sent(&mut self, now: Moment) {
        self.left = self.left.saturating_sub(1);
        self.gap *= 2;
        self.next = (self.left > 0).then_some(now + self.gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(sent: u64, lost: u64) -> Masking {
        let mut masking = Masking::new(Moment::ZERO);
        for packet in 1..=sent {
            masking.handle_counts(packet, packet * lost / sent);
        }
        masking
    }

    #[test]
    fn repeats_follow_the_loss() {
        assert_eq!(after(10_000, 0).copies(), 0, "a clean path");
        assert_eq!(after(10_000, 50).copies(), 0, "half a percent");
        assert_eq!(after(10_000, 200).copies(), 1);
        assert_eq!(after(10_000, 1_500).copies(), 3);
        assert_eq!(after(10_000, 6_000).copies(), COPIES_MAX);
    }

    #[test]
    fn a_new_path_has_to_show_that_it_loses_nothing() {
        assert_eq!(Masking::new(Moment::ZERO).copies(), 2);
        assert_eq!(after(20, 0).copies(), 1);
        assert_eq!(after(40, 0).copies(), 1);
        assert_eq!(after(41, 0).copies(), 0);
    }

    #[test]
    fn it_learns_within_seconds_of_typing_and_forgets_within_a_minute() {
        let mut masking = after(20, 3);
        assert!(masking.copies() >= 2, "{}", masking.loss());
        masking = after(1_000, 150);
        let (mut packets, lost) = masking.seen;
        while masking.copies() > 0 {
            packets += 1;
            masking.handle_counts(packets, lost);
        }
        assert!((200..1_500).contains(&(packets - 1_000)), "{packets}");
    }

    #[test]
    fn repeats_cost_no_more_than_their_budget() {
        let mut masking = after(100, 30);
        let mut spent = 0;
        for millisecond in 0..10_000 {
            let now = Moment::from_nanos(millisecond * 1_000_000);
            spent += if masking.afford(now, 500) { 500 } else { 0 };
        }
        assert_eq!(spent, masking.repeated());
        assert!((9 * MASK_RATE..=10 * MASK_RATE + MASK_BURST).contains(&spent), "{spent}");
    }
}
