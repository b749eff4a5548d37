//! When predictions are worth showing: on slow paths and slow servers, and while they come true.
//! Thresholds are mosh's (terminaloverlay.h).

use std::time::Duration;

use abide_terms::Moment;

use crate::wish::Wish;

/// From this round trip on predictions are shown.
const SLOW: Duration = Duration::from_millis(30);
/// Down to this one they stay.
const QUICK: Duration = Duration::from_millis(20);
/// From this round trip on they are underlined until they are confirmed.
const MARKED: Duration = Duration::from_millis(80);
/// Down to this one they stay so.
const PLAIN: Duration = Duration::from_millis(50);
/// A prediction that is open this long shows that the path is slow now, whatever it was.
pub(crate) const GLITCH: Duration = Duration::from_millis(250);
/// Confirmations in time that end a glitch.
const REPAIRS: u32 = 10;
/// Shown predictions that are looked back at.
const LOOKED_BACK: u32 = 16;
/// This many wrong ones of those are too many.
const WRONG_MAX: u32 = 4;
/// Right ones in a row, unseen, that make up for it.
const MADE_UP: u32 = 8;

/// Decides by round trip, glitches and success.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    wish: Wish,
    slow: bool,
    marked: bool,
    repairs_left: u32,
    /// The latest outcomes, a bit each; set where wrong.
    wrong: u32,
    /// Right ones wanted before anything is shown again.
    owed: u32,
}

impl Trigger {
    pub(crate) fn new(wish: Wish) -> Self {
        Self { wish, slow: false, marked: false, repairs_left: 0, wrong: 0, owed: 0 }
    }

    /// A round trip was measured. While something is shown, that is not ended in the middle.
    pub(crate) fn handle_rtt(&mut self, rtt: Duration, is_idle: bool) {
        self.slow = rtt > SLOW || (self.slow && (rtt > QUICK || !is_idle));
        self.marked = rtt > MARKED || (self.marked && rtt > PLAIN);
    }

    /// The oldest open prediction is this old.
    pub(crate) fn handle_open(&mut self, age: Duration) {
        if age >= GLITCH {
            self.repairs_left = REPAIRS;
        }
    }

    /// One came true, this long after it was made.
    pub(crate) fn handle_right(&mut self, age: Duration) {
        self.wrong <<= 1;
        self.owed = self.owed.saturating_sub(1);
        if age < GLITCH {
            self.repairs_left = self.repairs_left.saturating_sub(1);
        }
    }

    /// One that was shown did not come true.
    pub(crate) fn handle_wrong(&mut self) {
        self.wrong = self.wrong << 1 | 1;
        let looked_back = (1 << LOOKED_BACK) - 1;
        if (self.wrong & looked_back).count_ones() >= WRONG_MAX {
            self.wrong = 0;
            self.owed = MADE_UP;
        }
    }

    /// Whether to show any.
    pub(crate) fn shows(&self) -> bool {
        match self.wish {
            Wish::Never => false,
            Wish::Always => self.owed == 0,
            Wish::Adaptive => self.owed == 0 && (self.slow || self.repairs_left > 0),
        }
    }

    /// Whether one of this age is underlined.
    pub(crate) fn underlines(&self, now: Moment, typed: Moment) -> bool {
        self.marked || now.since(typed) >= GLITCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn slow_paths_start_it_and_quick_ones_end_it() {
        let mut trigger = Trigger::new(Wish::Adaptive);
        let mut after = |rtt, idle| {
            trigger.handle_rtt(MS * rtt, idle);
            trigger.shows()
        };
        assert!(!after(1, true) && !after(29, true) && after(31, true));
        assert!(after(25, true), "hysteresis");
        assert!(after(5, false), "not while something is shown");
        assert!(!after(5, true));
    }

    #[test]
    fn a_glitch_starts_it_and_quick_answers_end_it() {
        let mut trigger = Trigger::new(Wish::Adaptive);
        trigger.handle_open(MS * 249);
        assert!(!trigger.shows());
        trigger.handle_open(MS * 250);
        for _ in 0..REPAIRS {
            assert!(trigger.shows());
            trigger.handle_right(MS);
        }
        assert!(!trigger.shows());
    }

    #[test]
    fn too_many_wrong_ones_stop_it_until_made_up_for() {
        let mut trigger = Trigger::new(Wish::Always);
        for _ in 0..WRONG_MAX {
            assert!(trigger.shows());
            trigger.handle_right(MS);
            trigger.handle_wrong();
        }
        for _ in 0..MADE_UP {
            assert!(!trigger.shows());
            trigger.handle_right(MS);
        }
        assert!(trigger.shows());
    }

    #[test]
    fn underlines_by_round_trip_or_age() {
        let mut trigger = Trigger::new(Wish::Always);
        let then = Moment::ZERO;
        assert!(!trigger.underlines(then + MS, then));
        assert!(trigger.underlines(then + GLITCH, then));
        trigger.handle_rtt(MS * 81, true);
        assert!(trigger.underlines(then + MS, then));
    }
}
