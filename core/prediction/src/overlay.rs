//! Predictions on the person's terminal: shown and taken off, exactly.

use abide_screen::{Screen, Seam};
use abide_terms::Moment;

use crate::predictor::{Mark, Predictor};

/// What is on the terminal in place of the screen.
#[derive(Debug, Default)]
pub struct Overlay {
    shown: Option<(Mark, Screen)>,
}

impl Overlay {
    /// Whether anything is shown.
    pub fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// Bytes that bring the terminal back to `screen`, which must be what it was when [`Overlay::show`]
    /// was called: before anything else is written to the terminal.
    pub fn lift(&mut self, screen: &Screen) -> Vec<u8> {
        match self.shown.take() {
            Some((_, shown)) => screen.difference_from(&shown, Seam::InPlace),
            None => Vec::new(),
        }
    }

    /// Bytes that show what is predicted on a terminal which shows `screen`, or this overlay of it.
    /// Empty where that is shown already.
    pub fn show(&mut self, now: Moment, predictor: &Predictor, screen: &Screen) -> Vec<u8> {
        let mark = predictor.mark(now, screen);
        if mark == self.shown.as_ref().map(|(mark, _)| *mark) {
            return Vec::new();
        }
        let Some((mark, view)) = mark.zip(predictor.view(now, screen)) else {
            return self.lift(screen);
        };
        let before = self.shown.as_ref().map_or(screen, |(_, shown)| shown);
        let bytes = view.difference_from(before, Seam::InPlace);
        self.shown = Some((mark, view));
        bytes
    }

    /// The terminal was cleared, or will be: nothing is to be taken off. True if something was shown.
    pub fn forget(&mut self) -> bool {
        self.shown.take().is_some()
    }
}
