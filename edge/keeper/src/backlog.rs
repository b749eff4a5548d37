//! When the output that waits for a client is worth skipping, and when to go on. Arithmetic on what
//! was written and acknowledged: no link and no screen here, and time is an argument.

use std::time::Duration;

use abide_session::Pacing;
use abide_terms::Moment;

use crate::drain::Drain;
use crate::flow::Flow;

/// Output that drains within this is never skipped.
const DRAINS_WITHIN: Duration = Duration::from_secs(2);
/// How much of the path's time the lines that open the next stream may take.
const LINES_WITHIN: Duration = Duration::from_millis(700);
/// The same while the program prints on faster than the path carries: more would only be on its way when
/// the person interrupts it.
const LINES_OF_A_FLOOD: Duration = Duration::from_millis(120);
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
    /// The path is too slow for what waits.
    Slow,
    /// The stream opened in a flood, and nothing but its opening is written to it.
    Flood,
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
    /// Write output to the stream again: nothing was printed since it opened.
    GoOn,
}

/// The output of one client that waits.
#[derive(Debug)]
pub(crate) struct Backlog {
    pacing: Pacing,
    drain: Drain,
    flow: Flow,
    /// Bytes of the stream that open it: until they arrived, another jump would show nothing.
    opening: u64,
    skip: Option<Skip>,
    abandoned: bool,
    /// Bytes that were printed and skipped since the stream opened.
    unseen: u64,
}

impl Backlog {
    pub(crate) fn new(pacing: Pacing) -> Self {
        let drain = Drain::default();
        let flow = Flow::default();
        Backlog { pacing, drain, flow, opening: 0, skip: None, abandoned: false, unseen: 0 }
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

    /// The program printed something, which is skipped while [`Backlog::is_skipping`].
    pub(crate) fn handle_printed(&mut self, now: Moment, bytes: u64) {
        self.flow.handle_printed(now, bytes);
        if self.skip.is_some() {
            self.unseen += bytes;
        }
        if let Some(Skip::Interrupted { printed, .. }) = &mut self.skip {
            *printed = now;
        }
    }

    /// A stream was opened by so many bytes of state. In a flood that is all that is written to it:
    /// the next one follows when it has arrived. What follows an interrupt is most likely a prompt.
    pub(crate) fn handle_opened(&mut self, now: Moment, opening: u64) {
        let interrupted = matches!(self.skip, Some(Skip::Interrupted { .. }));
        self.skip = (self.is_flood(now) && !interrupted).then_some(Skip::Flood);
        self.abandoned = false;
        self.unseen = 0;
        self.opening = if self.drain.rate().is_some() { opening } else { 0 };
        self.drain.handle_new_stream();
    }

    /// What is to be done; `acked` bytes of the stream arrived, `heard`: the client is in reach.
    pub(crate) fn poll_step(&mut self, now: Moment, acked: u64, heard: bool) -> Option<Step> {
        let skip = self.skip?;
        if matches!(skip, Skip::Interrupted { .. } | Skip::Absent)
            && !std::mem::replace(&mut self.abandoned, true)
        {
            return Some(Step::Abandon);
        }
        if skip == Skip::Flood && self.unseen == 0 && acked >= self.opening {
            self.skip = None;
            return Some(Step::GoOn);
        }
        let due = match skip {
            Skip::Slow | Skip::Flood => acked >= self.opening,
            Skip::Interrupted { .. } => self.quiet_at().is_some_and(|at| at <= now),
            Skip::Absent => true,
        };
        (due && heard).then(|| Step::Open { lines_bytes: self.lines_bytes(now, skip) })
    }

    /// The program prints faster than the path carries.
    fn is_flood(&self, now: Moment) -> bool {
        !self.is_exact() && self.drain.rate().is_some_and(|rate| self.flow.rate(now) > rate)
    }

    fn lines_bytes(&self, now: Moment, skip: Skip) -> usize {
        let (within, unknown) = match (self.pacing, skip) {
            (Pacing::Latest, _) => return 0,
            (_, Skip::Interrupted { .. }) => (LINES_AFTER_INTERRUPT, LINES_UNKNOWN_INTERRUPT),
            _ if self.is_flood(now) => (LINES_OF_A_FLOOD, LINES_UNKNOWN),
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
