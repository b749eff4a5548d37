//! From what a terminal shows, at whatever byte it was left, to a state that arrived as a replay.

use crate::difference::Seam;
use crate::model::Model;
use crate::parser::Parser;
use crate::{MAX_SCROLLBACK_LINES, Screen};

/// Breaks off what is half received: CAN ends sequences and, in most terminals, strings; ST ends
/// strings in the others, and means nothing outside of them.
const BREAK_OFF: &[u8] = b"\x18\x1b\\";

impl Screen {
    /// Takes over the state that `replay` brings a fresh terminal of this size to, and returns the bytes
    /// that bring a terminal there which was fed what this was fed, up to any byte.
    ///
    /// The scrollback of `replay` is what `seam` speaks of; with [`Seam::Gap`] all of it is printed.
    pub fn jump(&mut self, replay: &[u8], seam: Seam<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.is_ground() {
            out.extend_from_slice(BREAK_OFF);
            self.feed(BREAK_OFF);
        }
        let mut target = Screen {
            parser: Parser::default(),
            model: Model::new(self.size(), MAX_SCROLLBACK_LINES),
        };
        target.feed(replay);
        let difference = target.difference_from(self, seam);
        self.feed(&difference);
        out.extend(difference);
        out
    }
}
