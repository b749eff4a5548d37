//! Prediction on the person's terminal: what is typed and shown goes to the predictor, and what it
//! guesses over the output, taken off before the next real byte and in the same write.

use std::time::Duration;

use abide_prediction::{Overlay, Predictor, Tty, Wish};
use abide_screen::Screen;
use abide_terms::Moment;
use bytes::Bytes;

/// Output that is gathered to be one write, at most; more is written in several.
const HELD_MAX: usize = 128 * 1024;

/// Predictions for one terminal.
pub(crate) struct Prediction {
    predictor: Predictor,
    overlay: Overlay,
    /// Bytes for the terminal that are to be one write.
    held: Vec<u8>,
}

impl Prediction {
    /// None where nothing is wished for.
    pub(crate) fn wanted(wish: Wish) -> Option<Self> {
        (wish != Wish::Never).then(|| Prediction {
            predictor: Predictor::new(wish),
            overlay: Overlay::default(),
            held: Vec::new(),
        })
    }

    /// These bytes go to the server.
    pub(crate) fn handle_typed(&mut self, now: Moment, bytes: &[u8], screen: &Screen) {
        self.predictor.handle_typed(now, bytes, screen);
    }

    /// What the keeper says of the terminal.
    pub(crate) fn handle_tty(&mut self, tty: Tty) {
        self.predictor.handle_tty(tty);
    }

    /// Something is about to be written to the terminal, and fed to the screen: first what was drawn
    /// over it goes. Returns what to write now; nothing while more is gathered.
    pub(crate) fn put(&mut self, bytes: Bytes, screen: &Screen) -> Bytes {
        if !self.overlay.is_shown() && self.held.is_empty() {
            return bytes;
        }
        self.held.extend(self.overlay.lift(screen));
        self.held.extend_from_slice(&bytes);
        if self.held.len() < HELD_MAX { Bytes::new() } else { self.take() }
    }

    /// Output was fed to the screen.
    pub(crate) fn handle_output(&mut self, now: Moment, screen: &Screen) {
        self.predictor.handle_output(now, screen);
    }

    /// The screen is another one: nothing holds that was guessed for it. True if something of that is
    /// on the terminal still.
    pub(crate) fn forget(&mut self, screen: &Screen) -> bool {
        self.predictor.forget(screen);
        self.overlay.forget()
    }

    /// How much the server has not acknowledged, how far away it is, and what time it is.
    pub(crate) fn handle_link(
        &mut self,
        now: Moment,
        unacknowledged: usize,
        rtt: Option<Duration>,
        screen: &Screen,
    ) {
        rtt.iter().for_each(|rtt| self.predictor.handle_rtt(*rtt));
        self.predictor.handle_unacknowledged(now, unacknowledged, screen);
        if self.predictor.poll_timeout().is_some_and(|at| at <= now) {
            self.predictor.handle_timeout(now, screen);
        }
    }

    /// Bytes that show what is guessed now, with those gathered before them. Empty if nothing changes.
    pub(crate) fn show(&mut self, now: Moment, screen: &Screen) -> Bytes {
        self.held.extend(self.overlay.show(now, &self.predictor, screen));
        self.take()
    }

    /// Takes it off the terminal.
    pub(crate) fn lift(&mut self, screen: &Screen) -> Bytes {
        self.held.extend(self.overlay.lift(screen));
        self.take()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Moment> {
        self.predictor.poll_timeout()
    }

    fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.held))
    }
}
