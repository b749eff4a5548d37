//! The line shown while nothing can be trusted to answer: what it says, and how it is drawn over the
//! application and removed without a trace.

use std::time::Duration;

use abide_screen::Screen;
use abide_terms::Moment;

/// Silence before a line is shown: shorter ones pass unseen.
const SHOWN_AFTER: Duration = Duration::from_millis(2500);
/// How often the line is brought up to date.
const REFRESHED_EVERY: Duration = Duration::from_secs(1);

/// What is being done about an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Knocking by UDP.
    Knocking,
    /// Running ssh again.
    RunningSsh,
    /// ssh would have to ask: the person must say so.
    NeedsUser,
    /// Waiting until the next attempt.
    Waiting,
}

/// An outage as it is told to the person.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// How long nothing was heard.
    pub silent: Duration,
    /// What is being done.
    pub doing: Doing,
    /// The escape character, for "how to leave".
    pub escape: char,
}

/// The line's place and state on the terminal.
#[derive(Debug, Default)]
pub(crate) struct OutageLine {
    shown_at_row: Option<u16>,
    refresh_at: Option<Moment>,
}

impl OutageLine {
    /// When the line has to be drawn or drawn again.
    pub(crate) fn poll_timeout(&self, silent_since: Option<Moment>) -> Option<Moment> {
        let since = silent_since?;
        Some(self.refresh_at.unwrap_or(since + SHOWN_AFTER))
    }

    pub(crate) fn is_due(&self, now: Moment, silent_since: Option<Moment>) -> bool {
        self.poll_timeout(silent_since).is_some_and(|at| at <= now)
    }

    /// Bytes that draw the line on the last row, or the first if the cursor is on that. Nothing while a sequence is half received: those
    /// bytes would become part of it.
    pub(crate) fn draw(&mut self, now: Moment, screen: &Screen, text: &str) -> Vec<u8> {
        self.refresh_at = Some(now + REFRESHED_EVERY);
        if !screen.is_ground() {
            return Vec::new();
        }
        let size = screen.size();
        // Not where somebody is typing.
        let last = size.rows.saturating_sub(1);
        let row = if screen.cursor().row == last { 0 } else { last };
        let mut out = self.moved(screen, row);
        out.extend(screen.overlay_prelude());
        let text: String = text.chars().take(usize::from(size.cols.saturating_sub(1))).collect();
        out.extend(format!("\x1b[{};1H\x1b[7m{text}\x1b[0m\x1b[K", row + 1).bytes());
        out.extend(screen.settle());
        self.shown_at_row = Some(row);
        out
    }

    /// Removes the line from where it was if the terminal's size changed since.
    fn moved(&self, screen: &Screen, row: u16) -> Vec<u8> {
        match self.shown_at_row {
            Some(old) if old != row && old < screen.size().rows => screen.repaint_row(old),
            _ => Vec::new(),
        }
    }

    /// The screen is about to be drawn whole: true if the line was on it.
    pub(crate) fn forget(&mut self) -> bool {
        self.shown_at_row.take().is_some()
    }

    /// Bytes that bring back what the line covered.
    pub(crate) fn remove(&mut self, screen: &Screen) -> Vec<u8> {
        self.refresh_at = None;
        match self.shown_at_row.take() {
            Some(row) if row < screen.size().rows => {
                let mut out = screen.repaint_row(row);
                out.extend(screen.settle());
                out
            }
            _ => Vec::new(),
        }
    }
}
