//! What came of the guesses: confirmed, wrong, or still open; and where typing goes on when its place
//! was lost.

use std::collections::VecDeque;
use std::time::Duration;

use abide_screen::Screen;
use abide_terms::Moment;

use super::{Adrift, Hole, Predictor, Waiting};
use crate::guess::{Effect, Guess, Manner};
use crate::keys::Key;
use crate::trust::{Tty, is_editor};

/// Output has come to rest when none came for this long.
pub(super) const QUIET: Duration = Duration::from_millis(25);
/// A program has reacted to a key that it was given this long ago, as a rule.
pub(super) const SETTLED: Duration = Duration::from_millis(40);
/// An echo that is not there this long after the server had the key will not come; nobody saw it.
pub(super) const GRACE_UNSEEN: Duration = Duration::from_millis(70);
/// The same for one that is shown: taking it back too early is worse than late.
const GRACE_SHOWN: Duration = Duration::from_millis(250);
/// Whatever the output does: after this time it is decided.
const GIVE_UP: Duration = Duration::from_millis(600);
/// On long paths both are longer by this part of a round trip: an echo that was lost is repeated.
const GRACE_PART: u32 = 2;
/// But by no more than this.
const GRACE_MORE_MAX: Duration = Duration::from_millis(1_250);
/// Characters that programs show in place of secret ones: seeing one of them back proves nothing.
const MASKS: &str = "*•●·.-#xX?+_oO○◦∗⁎";

impl Predictor {
    /// Draws the conclusions from the screen as it is now.
    pub(super) fn settle(&mut self, now: Moment, screen: &Screen) {
        self.looked_at = now;
        self.land(screen);
        if !screen.is_ground() {
            return;
        }
        self.confirm(now, screen);
        if let Some(first) = self.guesses.front() {
            self.trigger.handle_open(now.since(first.typed));
            if self.is_wrong(now, first, screen) {
                self.take_back(now, screen);
            }
        }
        if self.guesses.is_empty() {
            self.go_on(now, screen);
        }
    }

    fn confirm(&mut self, now: Moment, screen: &Screen) {
        let Some(last) = (0..self.guesses.len()).rev().find(|at| self.came_true(*at, screen))
        else {
            return;
        };
        let done: Vec<Guess> = self.guesses.drain(..=last).collect();
        self.rest = Some(screen.cursor());
        for (at, guess) in done.iter().enumerate() {
            self.trigger.handle_right(now.since(guess.typed));
            let untouched = done[at + 1..].iter().all(|later| guess.is_untouched_by(later));
            match guess.effect {
                Effect::Write { ch, .. } if untouched => self.came_back(ch, guess),
                Effect::Move if guess.before != guess.after && guess.acked.is_some() => {
                    self.moves_trusted = self.moves_trusted.max(guess.epoch);
                }
                _ => {}
            }
        }
        self.learn_manner(&done, screen);
        self.take_proof();
    }

    /// A character came back as it was typed. Those that may be a mask prove something once another
    /// came back: a mask is the same for all. (A blank is no news, but moves the cursor.)
    fn came_back(&mut self, ch: char, guess: &Guess) {
        let (end, epoch) = (guess.end, guess.epoch);
        if guess.is_news() && !MASKS.contains(ch) {
            self.echoed = self.echoed.saturating_add(u32::from(epoch == self.epoch));
            self.proof.get_or_insert((end, epoch));
        } else if guess.is_news() || ch == ' ' {
            let before = self.mask.replace((ch, epoch));
            if before.is_some_and(|(other, of)| of == epoch && other != ch) {
                self.proof.get_or_insert((end, epoch));
            }
        }
    }

    /// An echo proves something once the server is known to have had the key: before, it was none.
    pub(super) fn take_proof(&mut self) {
        if let Some((_, epoch)) = self.proof.take_if(|(end, _)| *end <= self.acked) {
            self.credit_text(epoch);
        }
    }

    fn credit_text(&mut self, epoch: u32) {
        if self.tty.is_some_and(Tty::hides) {
            return;
        }
        self.text_trusted = self.text_trusted.max(epoch);
        if epoch == self.epoch {
            self.unaccounted = false;
            if let Some(prompt) = self.prompt.take() {
                self.prompts.learn(prompt);
            }
        }
    }

    /// Whether the screen shows all guesses up to this one come true, and no further.
    fn came_true(&self, at: usize, screen: &Screen) -> bool {
        let guess = &self.guesses[at];
        if !guess.is_cursor(screen.cursor()) {
            return false;
        }
        let shows = |guess: &Guess| {
            let Some(((row, col), ch)) = guess.expects() else { return true };
            screen.glyph(row, col).is_some_and(|glyph| glyph.ch == ch)
        };
        let untouched = |early: usize| {
            self.guesses.range(early + 1..=at).all(|it| self.guesses[early].is_untouched_by(it))
        };
        let seen = (0..at).filter(|early| untouched(*early)).all(|it| shows(&self.guesses[it]));
        // What was there before proves something only when the key had arrived.
        seen && shows(guess) && (guess.is_news() || guess.acked.is_some())
    }

    fn is_wrong(&self, now: Moment, guess: &Guess, screen: &Screen) -> bool {
        let Some(acked) = guess.acked else { return false };
        let age = now.since(acked);
        let quiet = self.output_at.is_none_or(|at| now.since(at) >= QUIET);
        let stirred = self.output_at.is_some_and(|at| at >= acked);
        let grace = if self.is_shown(guess) { self.grace_shown() } else { GRACE_UNSEEN };
        let elsewhere = screen.cursor() != guess.before && stirred && age >= QUIET;
        age >= self.give_up() || (quiet && (elsewhere || age >= grace))
    }

    /// How long an echo that is shown may be missing.
    pub(super) fn grace_shown(&self) -> Duration {
        GRACE_SHOWN + (self.rtt / GRACE_PART).min(GRACE_MORE_MAX)
    }

    /// After how long it is decided, whatever comes.
    pub(super) fn give_up(&self) -> Duration {
        GIVE_UP + (self.rtt / GRACE_PART).min(GRACE_MORE_MAX)
    }

    /// A guess was wrong: all are taken back. Those that the server cannot have seen yet are made
    /// again once the place is known.
    fn take_back(&mut self, now: Moment, screen: &Screen) {
        if self.guesses.front().is_some_and(|first| self.is_shown(first)) {
            self.trigger.handle_wrong();
        }
        let guesses = std::mem::take(&mut self.guesses);
        let line_end = |guess: &Guess| matches!(guess.effect, Effect::NextRow { .. });
        if guesses.front().is_some_and(line_end) {
            match is_editor(screen) {
                true => self.editor_misled = true,
                false => self.misled = true,
            }
        }
        let later = self.adrift.take();
        self.distrust();
        if let Some(adrift) = later {
            self.adrift = Some(adrift);
            return;
        }
        let lost = guesses.iter().take_while(|guess| is_settled(now, guess.acked)).last();
        let end = lost.map_or(self.acked, |guess| guess.end);
        let waiting = guesses.iter().filter(|guess| guess.end > end);
        let waiting = waiting.map(|it| Waiting {
            key: it.key,
            end: it.end,
            typed: it.typed,
            acked: it.acked,
        });
        self.adrift = Some(Adrift {
            hole: Hole::Other,
            end,
            acked: lost.and_then(|guess| guess.acked).or(Some(now)),
            feeds: screen.line_feeds(),
            waiting: waiting.collect(),
        });
        self.parted = Hole::Edit;
    }

    /// Where the place was lost: finds it again once everything up to there has had its effect.
    fn go_on(&mut self, now: Moment, screen: &Screen) {
        let Some(adrift) = &self.adrift else { return };
        let Some(acked) = adrift.acked else { return };
        let age = now.since(acked);
        let quiet = self.output_at.is_none_or(|at| now.since(at) >= QUIET);
        let turned = adrift.hole != Hole::Enter || screen.line_feeds() > adrift.feeds;
        let underway = |it: &Waiting| it.acked.is_some() && !is_settled(now, it.acked);
        let ready = is_settled(now, Some(acked)) && quiet && turned;
        if !(ready || age >= self.give_up())
            || adrift.waiting.iter().any(underway)
            || !screen.takes_sketch()
        {
            return;
        }
        let waiting: VecDeque<Waiting> =
            self.adrift.take().map(|adrift| adrift.waiting).unwrap_or_default();
        self.unaccounted |= !turned;
        let (had, new): (Vec<Waiting>, Vec<Waiting>) =
            waiting.into_iter().partition(|it| it.acked.is_some());
        self.unaccounted |= had.iter().any(|it| matches!(it.key, Key::Char(_)));
        if new.is_empty() {
            return;
        }
        self.begin(screen);
        self.believe_editor(screen);
        // Nobody is greeted here: what was typed ahead may be meant for somebody else.
        self.rest = Some(screen.cursor());
        for it in new {
            match &self.adrift {
                Some(_) => self.on_key(it.typed, it.key, it.end, screen),
                None => self.guess(it.typed, it.key, it.end, screen),
            }
        }
    }

    /// Looks where an Enter that is watched has led.
    fn land(&mut self, screen: &Screen) {
        let Some(landing) = self.landing.filter(|landing| self.acked >= landing.end) else {
            return;
        };
        let fed = screen.line_feeds() - landing.feeds.min(screen.line_feeds());
        if fed > 0 {
            let landed = fed == 1 && screen.cursor() == landing.place;
            self.landings = if landed { self.landings.saturating_add(1) } else { 0 };
            self.misled &= !landed;
            self.landing = None;
        }
    }

    /// Learns whether text right of the cursor moves or is written over.
    fn learn_manner(&mut self, done: &[Guess], screen: &Screen) {
        let [guess] = done else { return };
        let Effect::Write { at: (row, col), end, .. } = guess.effect else { return };
        let next = screen.glyph(row, guess.after.col).map_or(' ', |glyph| glyph.ch);
        if guess.after.row != row || guess.was == ' ' || guess.after.col <= col {
            return;
        }
        match end {
            // It was to move right, and is gone.
            Some(_) if next != guess.was => self.line.manner = Manner::Overwrite,
            None if next == guess.was => self.line.manner = Manner::Insert,
            _ => {}
        }
    }
}

fn is_settled(now: Moment, acked: Option<Moment>) -> bool {
    acked.is_some_and(|at| now.since(at) >= SETTLED)
}
