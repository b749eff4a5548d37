//! The life of one tunnel as a state machine: no clock, process or socket. What happened comes in
//! through `handle_*`; the driver does what [`Machine::poll_action`] says until it says nothing, and
//! waits until [`Machine::poll_timeout`]. Events change the state; doing an action does not.

use super::backoff::Backoff;
use super::limits::{Limits, Outcome};
use super::phase::{Action, Next, Phase};
use crate::cause::{Cause, Class};
use crate::way::Way;
use abide_terms::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// From ssh's start to all its forwards. One that takes longer is stopped and named.
pub(crate) const START_WITHIN: Duration = Duration::from_secs(28);
/// An ssh that does not end when told to is killed.
const KILL_AFTER: Duration = Duration::from_secs(3);
/// A tunnel that was up for so long starts anew without a wait.
const STEADY: Duration = Duration::from_secs(30);
/// After a probe that failed, the next one.
const PROBE_AGAIN: Duration = Duration::from_secs(5);
/// So many failed probes in a row call for another ssh.
const FAILED_PROBES: u32 = 2;
/// Between two starts, however often the network changes.
const MIN_GAP: Duration = Duration::from_secs(1);

/// The machine.
#[derive(Debug)]
pub(crate) struct Machine {
    limits: Limits,
    /// The way that is wanted, and the one that is taken: plain ssh where no keeper can run.
    wanted: Way,
    way: Way,
    born: Moment,
    starts: u32,
    last_start: Option<Moment>,
    was_up: bool,
    finished: bool,
    failed_probes: u32,
    backoff: Backoff,
    /// What is wrong now.
    cause: Option<Cause>,
    phase: Phase,
    actions: VecDeque<Action>,
}

impl Machine {
    /// The machine, about to start ssh. `seed` makes the jitter.
    pub(crate) fn new(limits: Limits, wanted: Way, now: Moment, seed: u64) -> Self {
        let mut machine = Machine {
            limits,
            wanted,
            way: wanted,
            born: now,
            starts: 0,
            last_start: None,
            was_up: false,
            finished: false,
            failed_probes: 0,
            backoff: Backoff::new(seed),
            cause: None,
            phase: Phase::Over,
            actions: VecDeque::new(),
        };
        machine.on_start(now);
        machine
    }

    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`Machine::handle_time`].
    pub(crate) fn poll_timeout(&self) -> Option<Moment> {
        let due = match &self.phase {
            Phase::Waiting { until } => Some(*until),
            Phase::Starting { since } => Some(*since + START_WITHIN),
            Phase::Up { quiet: Some(quiet), .. } => quiet.poll_timeout(),
            Phase::Up { probe_at, probing: false, .. } => *probe_at,
            Phase::Stopping { until, killed: false, .. } => return Some(*until),
            Phase::Up { .. } | Phase::Asking { .. } => None,
            Phase::Stopping { .. } | Phase::Over => return None,
        };
        match (due, self.end_of_life()) {
            (Some(due), Some(end)) => Some(due.min(end)),
            (due, end) => due.or(end),
        }
    }

    /// The way that is taken.
    pub(crate) fn way(&self) -> Way {
        self.way
    }

    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    pub(crate) fn starts(&self) -> u32 {
        self.starts
    }

    pub(crate) fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    /// Time has passed. `slow` says what a login that takes too long hangs at.
    pub(crate) fn handle_time(&mut self, now: Moment, slow: impl FnOnce() -> Cause) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        if let Phase::Stopping { killed, .. } = &mut self.phase {
            *killed = true;
            return self.actions.push_back(Action::Kill);
        }
        if self.end_of_life().is_some_and(|end| now >= end) {
            return self.on_finish(now, Outcome::Lifetime);
        }
        match &mut self.phase {
            Phase::Waiting { .. } => self.on_start(now),
            Phase::Starting { .. } => {
                let cause = slow();
                self.on_stop(now, Next::Retry { cause, lived: Duration::ZERO });
            }
            Phase::Up { quiet: Some(quiet), .. } => {
                if quiet.tell_at.is_some_and(|at| now >= at) {
                    quiet.tell_at = None;
                }
                if quiet.prod_at.is_some_and(|at| now >= at) {
                    quiet.prod_at = None;
                    self.actions.push_back(Action::Prod);
                }
            }
            Phase::Up { probing, .. } => {
                *probing = true;
                self.actions.push_back(Action::Probe);
            }
            Phase::Asking { .. } | Phase::Stopping { .. } | Phase::Over => {}
        }
    }

    /// ssh has all its forwards.
    pub(crate) fn handle_up(&mut self, now: Moment) {
        if !matches!(self.phase, Phase::Starting { .. }) {
            return;
        }
        self.was_up = true;
        self.failed_probes = 0;
        self.cause = None;
        let probe_at = self.limits.probe_every.map(|_| now);
        self.phase = Phase::Up { since: now, probe_at, probing: false, quiet: None };
    }

    /// ssh has ended, because of this.
    pub(crate) fn handle_ended(&mut self, now: Moment, cause: Cause) {
        let lived = self.lived(now);
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Starting { .. } | Phase::Up { .. } => match cause {
                // Why, the server must be asked: who holds the port decides what clears it.
                Cause::RemoteForwardRefused { listen } => self.on_ask(listen, lived),
                cause => self.on_trouble(now, cause, lived),
            },
            Phase::Stopping { next: Next::Retry { cause, lived }, .. } => match cause {
                Cause::RemoteForwardRefused { listen } => self.on_ask(listen, lived),
                cause => self.on_trouble(now, cause, lived),
            },
            Phase::Stopping { next: Next::Restart, .. } => self.on_start(now),
            Phase::Stopping { next: Next::Finish(outcome), .. } => self.on_over(outcome),
            other => self.phase = other,
        }
    }

    /// ssh lives, and says that it is of no use.
    pub(crate) fn handle_useless(&mut self, now: Moment, cause: Cause) {
        if matches!(self.phase, Phase::Starting { .. } | Phase::Up { .. }) {
            let lived = self.lived(now);
            self.on_stop(now, Next::Retry { cause, lived });
        }
    }

    /// The server was asked what holds a port.
    pub(crate) fn handle_asked(&mut self, now: Moment, cause: Cause) {
        if let Phase::Asking { lived } = self.phase {
            self.on_trouble(now, cause, lived);
        }
    }

    /// Every forward was probed; the gravest that is wrong.
    pub(crate) fn handle_probed(&mut self, now: Moment, worst: Option<Cause>) {
        let lived = self.lived(now);
        let Phase::Up { probe_at, probing, quiet: None, .. } = &mut self.phase else { return };
        *probing = false;
        let Some(cause) = worst else {
            *probe_at = self.limits.probe_every.map(|every| now + every);
            self.failed_probes = 0;
            self.cause = None;
            return;
        };
        *probe_at = Some(now + PROBE_AGAIN);
        // Another ssh would not help; and what passes through a link is never ended for a probe's sake.
        if cause.class() == Class::Target || self.way == Way::Link {
            *probe_at = self.limits.probe_every.map(|every| now + every.min(PROBE_AGAIN * 2));
            self.cause = Some(cause);
            return;
        }
        self.failed_probes += 1;
        self.cause = Some(cause.clone());
        if self.failed_probes >= FAILED_PROBES {
            self.on_stop(now, Next::Retry { cause, lived });
        }
    }

    /// Addresses or routes have changed.
    pub(crate) fn handle_network(&mut self, now: Moment) {
        let soonest = self.last_start.map_or(now, |start| now.max(start + MIN_GAP));
        match &mut self.phase {
            Phase::Waiting { until } => {
                self.backoff.reset();
                *until = soonest.min(*until);
            }
            Phase::Up { quiet: Some(_), .. } => self.actions.push_back(Action::Prod),
            Phase::Up { probe_at, .. } => *probe_at = self.limits.probe_every.map(|_| now),
            _ => {}
        }
    }

    /// Somebody wants another try, or another ssh.
    pub(crate) fn handle_restart(&mut self, now: Moment) {
        self.way = self.wanted;
        match &mut self.phase {
            Phase::Waiting { until } => *until = now,
            Phase::Starting { .. } | Phase::Up { .. } => self.on_stop(now, Next::Restart),
            _ => {}
        }
    }

    /// Somebody wants it to end.
    pub(crate) fn handle_stop(&mut self, now: Moment) {
        self.on_finish(now, Outcome::Stopped);
    }

    fn end_of_life(&self) -> Option<Moment> {
        self.limits.max_lifetime.map(|lifetime| self.born + lifetime)
    }

    fn lived(&self, now: Moment) -> Duration {
        match self.phase {
            Phase::Up { since, .. } => now.since(since),
            _ => Duration::ZERO,
        }
    }

    fn on_start(&mut self, now: Moment) {
        if self.limits.max_starts.is_some_and(|most| self.starts >= most) {
            let last = self.cause.clone();
            return self.on_finish(now, Outcome::Starts { last });
        }
        self.starts = self.starts.saturating_add(1);
        self.last_start = Some(now);
        self.phase = Phase::Starting { since: now };
        self.actions.push_back(Action::Start);
    }

    fn on_ask(&mut self, listen: String, lived: Duration) {
        self.phase = Phase::Asking { lived };
        self.actions.push_back(Action::Ask { listen });
    }

    /// No ssh, because of this: when is the next one?
    fn on_trouble(&mut self, now: Moment, cause: Cause, lived: Duration) {
        let class = cause.class();
        if lived.is_zero() {
            // Plain ssh has not been up either: next time the server is asked again.
            self.way = self.wanted;
        }
        let fails_at_once = match class {
            Class::Person | Class::Hopeless => true,
            Class::Port => matches!(cause, Cause::LocalPortTaken { .. }),
            Class::Network | Class::Target => false,
        };
        self.cause = Some(cause.clone());
        if fails_at_once && !self.was_up && !self.limits.keep_trying {
            return self.on_finish(now, Outcome::GaveUp(cause));
        }
        if lived >= STEADY {
            self.backoff.reset();
        }
        self.phase = Phase::Waiting { until: now + self.backoff.next(class) };
    }

    fn on_stop(&mut self, now: Moment, next: Next) {
        match &next {
            // Why is still to be asked.
            Next::Retry { cause: Cause::RemoteForwardRefused { .. }, .. } => {}
            Next::Retry { cause, .. } => self.cause = Some(cause.clone()),
            Next::Restart | Next::Finish(_) => {}
        }
        self.phase = Phase::Stopping { next, until: now + KILL_AFTER, killed: false };
        self.actions.push_back(Action::Stop);
    }

    fn on_finish(&mut self, now: Moment, outcome: Outcome) {
        match &mut self.phase {
            _ if self.finished => {}
            Phase::Starting { .. } | Phase::Up { .. } => {
                self.on_stop(now, Next::Finish(outcome));
            }
            Phase::Stopping { next, .. } => *next = Next::Finish(outcome),
            Phase::Waiting { .. } | Phase::Asking { .. } | Phase::Over => self.on_over(outcome),
        }
    }

    fn on_over(&mut self, outcome: Outcome) {
        self.finished = true;
        self.phase = Phase::Over;
        self.actions.push_back(Action::Finish(outcome));
    }
}

mod link;
#[cfg(test)]
mod tests;
