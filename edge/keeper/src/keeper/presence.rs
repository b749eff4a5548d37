//! Clients that are gone without a word: their terminals' sessions go on, and what only they were to hear
//! of ends, as it does with a client that says that it goes.

use abide_terms::{Blame, Ending, EndingCode, Moment};

use super::Keeper;

/// What becomes of a command whose client is gone.
const GONE: &str = "its client is gone";

impl Keeper {
    pub(super) fn give_up_absent(&mut self, now: Moment) {
        for index in (0..self.attachments.len()).rev() {
            let client = &self.attachments[index].1;
            if client.given_up_at().is_none_or(|at| at > now) {
                continue;
            }
            tracing::info!(client = client.name(), "given up: its process is gone");
            self.dismiss(now, index, Ending::new(EndingCode::Detached, Blame::You, GONE));
            if self.canvas.is_none() {
                self.hang_up(now, GONE);
            }
        }
    }
}
