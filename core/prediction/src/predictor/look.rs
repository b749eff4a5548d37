//! What to show, and when to look again.

use abide_screen::Screen;
use abide_terms::Moment;

use super::Predictor;
use super::judge::{GRACE_UNSEEN, QUIET, SETTLED};
use crate::guess::{Effect, Guess};
use crate::trigger::GLITCH;
use crate::trust::Tty;

/// Which guesses a view shows, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    first: u64,
    last: u64,
    underlined: usize,
}

impl Predictor {
    /// What to show in place of the screen; none where that is the screen itself.
    pub fn view(&self, now: Moment, screen: &Screen) -> Option<Screen> {
        self.mark(now, screen)?;
        let mut view = screen.clone();
        for guess in self.shown() {
            guess.sketch(&mut view, self.trigger.underlines(now, guess.typed));
        }
        Some(view)
    }

    /// Tells views of the same screen apart.
    pub(crate) fn mark(&self, now: Moment, screen: &Screen) -> Option<Mark> {
        let hidden = self.tty.is_some_and(Tty::hides) || !screen.takes_sketch();
        if hidden || !self.trigger.shows() {
            return None;
        }
        let underlined = |guess: &&Guess| self.trigger.underlines(now, guess.typed);
        Some(Mark {
            first: self.shown().next()?.end,
            last: self.shown().last()?.end,
            underlined: self.shown().filter(underlined).count(),
        })
    }

    fn shown(&self) -> impl Iterator<Item = &Guess> {
        self.guesses.iter().take_while(|guess| self.is_trusted(guess))
    }

    /// Whether somebody sees it.
    pub(super) fn is_shown(&self, guess: &Guess) -> bool {
        self.trigger.shows() && self.is_trusted(guess)
    }

    fn is_trusted(&self, guess: &Guess) -> bool {
        let moves = self.moves_trusted.max(self.text_trusted);
        match guess.effect {
            Effect::Move => guess.epoch <= moves,
            Effect::Write { .. } | Effect::Erase { .. } | Effect::NextRow { .. } => {
                guess.epoch <= self.text_trusted
            }
        }
    }

    /// When to call [`Predictor::handle_timeout`], if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Moment> {
        let acked = self.guesses.front().and_then(|guess| guess.acked);
        let give_up = self.give_up();
        let graces = [QUIET, GRACE_UNSEEN, self.grace_shown(), give_up];
        let judged = acked.into_iter().flat_map(|at| graces.map(|after| at + after));
        let adrift = self.adrift.as_ref().filter(|_| self.guesses.is_empty());
        let placed = adrift.into_iter().flat_map(|adrift| {
            let keys = adrift.waiting.iter().filter_map(|waiting| waiting.acked);
            let own = adrift.acked.into_iter();
            own.clone().map(|at| at + give_up).chain(keys.chain(own).map(|at| at + SETTLED))
        });
        let open = acked.is_some() || adrift.is_some_and(|adrift| adrift.acked.is_some());
        let quiet = self.output_at.filter(|_| open).map(|at| at + QUIET);
        let aged = self.guesses.iter().map(|guess| guess.typed + GLITCH);
        judged.chain(placed).chain(quiet).chain(aged).filter(|at| *at > self.looked_at).min()
    }
}
