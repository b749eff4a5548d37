//! Another terminal model, written by other people: alacritty_terminal, with the known differences
//! between it and xterm corrected around it, each by name where it is corrected. xterm's control
//! sequences document and its source (patch 379) are the judge.
//!
//! Corrected (the library does otherwise):
//!
//! - *the wait to wrap* is ended by every motion, line feed and erasing, and not by a tab; EL then
//!   erases the last column;
//! - *wide characters*: one that does not fit leaves the last column as it is; without autowrap it is
//!   dropped; halves are blanked, also those that insertion pushes out;
//! - *insert and delete*: IL and DL go to the first column, DCH never touches what is before the
//!   cursor, the mark of a soft wrap does not travel with its cell;
//! - *erasing*: ED 1 in the second row, ED 2 of an empty screen, ED 3 while the alternate screen is
//!   shown;
//! - *motion*: margins stop CUU and CUD only from within, CBT without stops goes to the first column,
//!   mode 6 homes the cursor also when it is reset;
//! - *saving*: DECSC saves origin mode and shift; 1049 saves, clears or restores also when it says
//!   what is so already; a parked screen keeps its own saved cursor;
//! - *looks*: 21 is a double underline, blinking is kept;
//! - *resets*: DECSTR, and what RIS forgets.
//!
//! Not corrected, and so left out of the streams that both models are fed with:
//!
//! - *repeat after a control function*: REP repeats only what was printed just before it in xterm;
//! - *IND in newline mode*: it is no line feed, and returns no carriage;
//! - *VPR within margins*: they do not stop it in xterm;
//! - *left and right margins, rectangles, DECFI, DECBI, LS2, LS3, SL, SR, overline*: unknown there;
//! - *broken UTF-8, characters beyond ASCII within a sequence, more numbers than are kept*: what
//!   breaks off where differs between all terminals;
//! - *resize*: terminals differ; the tests look at what must not be lost.

mod ground;
mod model;
mod tap;

use self::ground::Tracker;
use self::model::Model;
use super::view::State;
use crate::Size;
use crate::model::Buffer;

pub(crate) struct Reference {
    tracker: Tracker,
    model: Model,
}

impl Reference {
    pub(crate) fn new(size: Size, scrollback_max: usize) -> Self {
        Self { tracker: Tracker::default(), model: Model::new(size, scrollback_max) }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let model = &mut self.model;
        self.tracker.scan(bytes, &mut |piece| model.take(piece));
    }

    pub(crate) fn state(&self, buffer: Buffer) -> State {
        self.model.state(buffer)
    }
}
