//! When the output that waits for a client is worth skipping, and when to go on. Arithmetic on what
//! was written and acknowledged: no link and no screen here, and time is an argument.

use std::time::Duration;

use abide_session::Pacing;
use abide_terms::Moment;

use crate::drain::Drain;

/// Output that drains within this is never skipped.
const DRAINS_WITHIN: Duration = Duration::from_secs(2);
/// How much of the path's time the lines that open the next stream may take.
const LINES_WITHIN: Duration = Duration::from_millis(700);
/// The same after an interrupt: the person waits for the prompt.
const LINES_AFTER_INTERRUPT: Duration = Duration::from_millis(60);
/// What drains within this is not worth a jump, even after an interrupt.
const WORTH_A_JUMP: Duration = Duration::from_millis(50);
/// Less than this waiting is what any path has under way.
const UNDER_WAY: usize = 16 * 1024;
/// Less than this is never skipped for being slow.
const BACKLOG_LEAST: usize = 64 * 1024;
/// After an interrupt the program may still print: quiet for so long means that it is over.
const QUIET_FOR: Duration = Duration::from_millis(4);
/// A program that prints on is not waited for.
const QUIET_WITHIN: Duration = Duration::from_millis(50);
/// Bytes of scrollback that open a stream on a path of which nothing is known: if it turns out to be
/// slow, another jump follows.
const LINES_UNKNOWN: usize = 1024 * 1024;
/// The same after an interrupt.
const LINES_UNKNOWN_INTERRUPT: usize = 16 * 1024;

/// Why output is being skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skip {
    /// The path is too slow for it.
    Slow,
    /// The person interrupted the program.
    Interrupted { at: Moment, printed: Moment },
    /// The client was out of reach until the buffer was full.
    Absent,
}

/// What to do with a client's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Drop what waits.
    Abandon,
    /// Open the next stream, with at most so many bytes of scrollback before the screen.
    Open { lines_bytes: usize },
}

/// The output of one client that waits.
#[derive(Debug)]
pub(crate) struct Backlog {
    pacing: Pacing,
    drain: Drain,
    /// Bytes of the stream that open it: until they arrived, another jump would show nothing.
    opening: u64,
    skip: Option<Skip>,
    abandoned: bool,
}

impl Backlog {
    pub(crate) fn new(pacing: Pacing) -> Self {
        let drain = Drain::default();
        Backlog { pacing, drain, opening: 0, skip: None, abandoned: false }
    }

    /// Output is not written to the stream now.
    pub(crate) fn is_skipping(&self) -> bool {
        self.skip.is_some()
    }

    /// The program must be held back rather than output be skipped, whoever is absent.
    pub(crate) fn is_exact(&self) -> bool {
        self.pacing == Pacing::Exact
    }

    /// The stream holds `waiting` bytes of `acked + waiting` that were written to it.
    pub(crate) fn handle_progress(
        &mut self,
        now: Moment,
        acked: u64,
        waiting: usize,
        rtt: Option<Duration>,
    ) {
        self.drain.handle(now, acked, waiting);
        if self.skip.is_none() && self.is_too_slow(now, waiting, rtt) {
            self.skip = Some(Skip::Slow);
        }
    }

    fn is_too_slow(&self, now: Moment, waiting: usize, rtt: Option<Duration>) -> bool {
        if self.pacing == Pacing::Exact || waiting < BACKLOG_LEAST {
            return false;
        }
        let Some(rate) = self.drain.settled(now, rtt.unwrap_or_default()) else { return false };
        let within = match self.pacing {
            Pacing::Latest => rtt.unwrap_or_default().min(DRAINS_WITHIN),
            Pacing::Smart | Pacing::Exact => DRAINS_WITHIN,
        };
        waiting > carried(rate, within).max(BACKLOG_LEAST)
    }

    /// The person typed a character that interrupts the program.
    pub(crate) fn handle_interrupt(&mut self, now: Moment, waiting: usize) {
        let worth = self.drain.rate().map_or(0, |rate| carried(rate, WORTH_A_JUMP));
        if !self.is_exact() && (self.skip.is_some() || waiting > worth.max(UNDER_WAY)) {
            self.skip = Some(Skip::Interrupted { at: now, printed: now });
        }
    }

    /// The buffer is full, and its client out of reach.
    pub(crate) fn handle_full(&mut self) {
        self.skip.get_or_insert(Skip::Absent);
    }

    /// The program printed something that is skipped.
    pub(crate) fn handle_skipped(&mut self, now: Moment) {
        if let Some(Skip::Interrupted { printed, .. }) = &mut self.skip {
            *printed = now;
        }
    }

    /// A stream was opened by so many bytes of state.
    pub(crate) fn handle_opened(&mut self, opening: u64) {
        self.skip = None;
        self.abandoned = false;
        self.opening = if self.drain.rate().is_some() { opening } else { 0 };
        self.drain.handle_new_stream();
    }

    /// What is to be done; `acked` bytes of the stream arrived, `heard`: the client is in reach.
    pub(crate) fn poll_step(&mut self, now: Moment, acked: u64, heard: bool) -> Option<Step> {
        let skip = self.skip?;
        if skip != Skip::Slow && !std::mem::replace(&mut self.abandoned, true) {
            return Some(Step::Abandon);
        }
        let due = match skip {
            Skip::Slow => acked >= self.opening,
            Skip::Interrupted { .. } => self.quiet_at().is_some_and(|at| at <= now),
            Skip::Absent => true,
        };
        (due && heard).then(|| Step::Open { lines_bytes: self.lines_bytes(skip) })
    }

    fn lines_bytes(&self, skip: Skip) -> usize {
        let (within, unknown) = match (self.pacing, skip) {
            (Pacing::Latest, _) => return 0,
            (_, Skip::Interrupted { .. }) => (LINES_AFTER_INTERRUPT, LINES_UNKNOWN_INTERRUPT),
            _ => (LINES_WITHIN, LINES_UNKNOWN),
        };
        self.drain.rate().map_or(unknown, |rate| carried(rate, within))
    }

    /// When an interrupted program counts as quiet, if it prints no more.
    fn quiet_at(&self) -> Option<Moment> {
        match self.skip {
            Some(Skip::Interrupted { at, printed }) => {
                Some((printed + QUIET_FOR).min(at + QUIET_WITHIN))
            }
            _ => None,
        }
    }

    /// When to ask again if nothing happens.
    pub(crate) fn poll_timeout(&self) -> Option<Moment> {
        self.quiet_at().filter(|_| self.abandoned)
    }
}

/// Bytes that a path carries in some time.
fn carried(rate: u64, within: Duration) -> usize {
    usize::try_from(u128::from(rate) * within.as_millis() / 1000).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
