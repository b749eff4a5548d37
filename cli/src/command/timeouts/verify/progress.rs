//! How far a watch is: a bar on a terminal, a line now and then elsewhere.

use std::io::Write;
use std::time::Duration;

use abide_host::clock;
use abide_terms::{Moment, print_span};

use crate::print;

/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// Between two looks of the bar.
const BAR_EVERY: Duration = Duration::from_secs(1);
/// Cells of the bar.
const CELLS: u128 = 20;

/// Speaks on stderr.
pub(super) struct Progress {
    on_terminal: bool,
    told: Option<Moment>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Progress { on_terminal: print::stderr_is_terminal(), told: None }
    }

    /// How long one may wait before the next [`Progress::show`].
    pub(super) fn every(&self) -> Duration {
        if self.on_terminal { BAR_EVERY } else { LINE_EVERY }
    }

    /// Begins something; said once where lines stay.
    pub(super) fn begin(&mut self, what: &str) {
        self.told = Some(clock::now());
        if !self.on_terminal {
            print::note(format_args!("abide: {what}"));
        }
    }

    /// Shows how far it is, if it is time to.
    pub(super) fn show(&mut self, done: Duration, whole: Duration, what: &str) {
        let now = clock::now();
        let fresh = self.told.is_some_and(|told| now.since(told) < self.every());
        if fresh && !self.on_terminal {
            return;
        }
        self.told = Some(now);
        let (past, all) = (print_span(done), print_span(whole));
        if !self.on_terminal {
            return print::note(format_args!("abide: {past} of {all}: {what}"));
        }
        let filled = (done.as_millis() * CELLS / whole.as_millis().max(1)).min(CELLS) as usize;
        let bar = format!("{}{}", "#".repeat(filled), ".".repeat(CELLS as usize - filled));
        let width = abide_host::tty::size(std::io::stderr()).map_or(80, |size| size.cols.max(2));
        let line = format!("[{bar}] {past} of {all}: {what}");
        // A line that wraps would leave one behind at each redraw.
        let line: String = line.chars().take(usize::from(width) - 1).collect();
        draw(&format!("\r\x1b[K{line}"));
    }

    /// Takes the bar away.
    pub(super) fn clear(&mut self) {
        if self.on_terminal && self.told.take().is_some() {
            draw("\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn draw(text: &str) {
    // Progress that cannot be shown is not worth an error.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
