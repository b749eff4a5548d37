//! autossh's rules of starting, testing, restarting and giving up, as a state machine without
//! clock, process or socket. What happened comes in through `handle_*`; the driver then does what
//! [`Rules::poll_action`] says until it says nothing, and waits until [`Rules::poll_timeout`].
//! Events change the state; doing an action does not.

use super::environment::Limits;
use super::notes::Note;
use abide_terms::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// So many quick starts in a row are not delayed.
const FAST_TRIES: u32 = 5;
/// An ssh that lived this long, or a tenth of the poll time, was no quick start.
const MIN_UPTIME: Duration = Duration::from_secs(10);
/// An ssh that has not ended on SIGTERM by then is killed.
const KILL_AFTER: Duration = Duration::from_secs(10);

/// How an ssh ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Status(u8),
    Signal(i32),
}

/// A signal that autossh acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// TERM, INT or QUIT, by its number: end.
    Exit(i32),
    /// USR1: another ssh, now.
    Restart,
    /// HUP and USR2: wait no longer.
    Prod,
}

/// How autossh ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit status 0.
    Done,
    /// Exit status 1.
    Failed,
}

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Log(Note),
    Start,
    Test,
    /// SIGTERM to ssh.
    Stop,
    /// SIGKILL to ssh.
    Kill,
    Finish(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Restart,
    Finish(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No ssh: waiting before the next start.
    Grace {
        until: Moment,
    },
    /// ssh runs; at `alarm` the connection is tested, or all ends.
    Running {
        alarm: Moment,
    },
    /// ssh runs, and a test does.
    Testing,
    /// ssh was told to end.
    Stopping {
        next: Next,
        until: Moment,
        killed: bool,
    },
    Over,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Rules {
    limits: Limits,
    /// Whether there is a port to test.
    monitored: bool,
    born: Moment,
    starts: u32,
    tries: u32,
    last_start: Option<Moment>,
    state: State,
    actions: VecDeque<Action>,
}

impl Rules {
    /// The machine, about to start ssh for the first time.
    pub(super) fn new(limits: Limits, monitored: bool, now: Moment) -> Self {
        let state = State::Over;
        let actions = VecDeque::new();
        let mut rules = Rules {
            limits,
            monitored,
            born: now,
            starts: 0,
            tries: 0,
            last_start: None,
            state,
            actions,
        };
        rules.on_restart(now);
        rules
    }

    /// The next thing to do.
    pub(super) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`Rules::handle_time`].
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        match self.state {
            State::Grace { until } => Some(self.end_of_life().map_or(until, |end| end.min(until))),
            State::Running { alarm } => Some(alarm),
            State::Stopping { until, killed: false, .. } => Some(until),
            State::Testing | State::Stopping { .. } | State::Over => None,
        }
    }

    /// Whether the answer of a test is still wanted.
    pub(super) fn is_testing(&self) -> bool {
        self.state == State::Testing
    }

    /// Time has passed.
    pub(super) fn handle_time(&mut self, now: Moment) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        match self.state {
            State::Grace { .. } if self.is_past_life(now) => self.on_end(Outcome::Done),
            State::Grace { .. } => self.on_start(now),
            State::Running { .. } if self.is_past_life(now) => {
                self.log(Note::Lifetime);
                self.on_stop(now, Next::Finish(Outcome::Done));
            }
            State::Running { .. } if self.monitored => {
                self.state = State::Testing;
                self.actions.push_back(Action::Test);
            }
            State::Running { .. } => self.on_arm(now, now + self.limits.poll),
            State::Stopping { next, until, .. } => {
                self.state = State::Stopping { next, until, killed: true };
                self.log(Note::Stuck);
                self.actions.push_back(Action::Kill);
            }
            State::Testing | State::Over => {}
        }
    }

    /// ssh has ended.
    pub(super) fn handle_end(&mut self, now: Moment, end: End) {
        match self.state {
            State::Running { .. } | State::Testing => self.on_unbidden_end(now, end),
            State::Stopping { next: Next::Restart, .. } => self.on_restart(now),
            State::Stopping { next: Next::Finish(outcome), .. } => self.on_end(outcome),
            State::Grace { .. } | State::Over => {}
        }
    }

    /// ssh could not be started: that would fail for ever.
    pub(super) fn handle_no_program(&mut self, path: String, reason: String) {
        self.log(Note::NoProgram { path, reason });
        self.on_end(Outcome::Failed);
    }

    /// A test has an answer.
    pub(super) fn handle_tested(&mut self, now: Moment, passed: bool) {
        if self.state != State::Testing {
            return;
        }
        if passed {
            self.on_arm(now, now + self.limits.poll);
        } else {
            self.log(Note::PortDown);
            self.on_stop(now, Next::Restart);
        }
    }

    /// A signal has come.
    pub(super) fn handle_signal(&mut self, now: Moment, signal: Signal) {
        match (signal, self.state) {
            (_, State::Over) => {}
            (Signal::Exit(_), State::Grace { .. }) => {
                self.log(Note::SignalledToExit);
                self.on_end(Outcome::Failed);
            }
            (_, State::Grace { .. }) => self.on_start(now),
            (Signal::Exit(number), State::Running { .. } | State::Testing) => {
                self.log(Note::ExitSignal(number));
                self.on_stop(now, Next::Finish(Outcome::Failed));
            }
            (Signal::Exit(_), State::Stopping { next: Next::Restart, until, killed }) => {
                let next = Next::Finish(Outcome::Failed);
                self.state = State::Stopping { next, until, killed };
            }
            (Signal::Restart, State::Running { .. } | State::Testing) => {
                self.log(Note::RestartSignal);
                self.on_stop(now, Next::Restart);
            }
            (Signal::Prod, State::Running { alarm }) => self.on_arm(now, alarm),
            (_, State::Testing | State::Stopping { .. }) => {}
        }
    }

    fn log(&mut self, note: Note) {
        self.actions.push_back(Action::Log(note));
    }

    fn end_of_life(&self) -> Option<Moment> {
        self.limits.lifetime.map(|lifetime| self.born + lifetime)
    }

    fn is_past_life(&self, now: Moment) -> bool {
        self.end_of_life().is_some_and(|end| now >= end)
    }

    fn on_end(&mut self, outcome: Outcome) {
        self.state = State::Over;
        self.actions.push_back(Action::Finish(outcome));
    }

    /// Before each start: may there be another, and when?
    fn on_restart(&mut self, now: Moment) {
        if self.limits.max_start.is_some_and(|most| self.starts >= most) {
            self.log(Note::MaxStarts);
            return self.on_end(Outcome::Done);
        }
        if self.is_past_life(now) {
            self.log(Note::Lifetime);
            return self.on_end(Outcome::Done);
        }
        self.starts = self.starts.saturating_add(1);
        let enough = MIN_UPTIME.max(Duration::from_secs(self.limits.poll.as_secs() / 10));
        let quick = self.last_start.is_some_and(|last| now.since(last) < enough);
        self.tries = if quick { self.tries.saturating_add(1) } else { 0 };
        self.log(Note::Tries(self.tries));
        match grace(self.tries, self.limits.poll) {
            Duration::ZERO => self.on_start(now),
            wait => {
                self.log(Note::Grace(wait.as_secs()));
                self.state = State::Grace { until: now + wait };
            }
        }
    }

    fn on_start(&mut self, now: Moment) {
        self.log(match self.limits.max_start {
            Some(most) => Note::StartingOf(self.starts, most),
            None => Note::Starting(self.starts),
        });
        self.last_start = Some(now);
        self.actions.push_back(Action::Start);
        self.on_arm(now, now + self.limits.first_poll);
    }

    /// Waits for the next test, or, when less than a poll is left of its life, for the end.
    fn on_arm(&mut self, now: Moment, alarm: Moment) {
        let end = self.end_of_life().filter(|end| end.since(now) < self.limits.poll);
        self.state = State::Running { alarm: end.unwrap_or(alarm) };
    }

    fn on_stop(&mut self, now: Moment, next: Next) {
        self.state = State::Stopping { next, until: now + KILL_AFTER, killed: false };
        self.actions.push_back(Action::Stop);
    }

    /// ssh ended, and nobody here had told it to.
    fn on_unbidden_end(&mut self, now: Moment, end: End) {
        let status = match end {
            End::Signal(number) => {
                self.log(Note::KilledBy(number));
                return self.on_restart(now);
            }
            End::Status(status) => status,
        };
        let first = self.starts == 1;
        let lived = self.last_start.map_or(Duration::ZERO, |start| now.since(start));
        // In whole seconds, as autossh counts.
        let within = |gate: Duration| lived.as_secs() <= gate.as_secs();
        if first && self.limits.gate.is_some_and(within) {
            self.log(Note::Premature(status));
            return self.on_end(Outcome::Failed);
        }
        let may_fail = !first || self.limits.gate.is_none();
        match status {
            255 => self.on_error(now, status),
            1 | 2 if may_fail => self.on_error(now, status),
            _ => {
                self.log(Note::Status(status));
                self.on_end(if status == 0 { Outcome::Done } else { Outcome::Failed });
            }
        }
    }

    fn on_error(&mut self, now: Moment, status: u8) {
        self.log(Note::ErrorStatus(status));
        self.on_restart(now);
    }
}

/// How long to wait before a start after `tries` quick ones: autossh's curve, in whole seconds.
fn grace(tries: u32, poll: Duration) -> Duration {
    let Some(slow) = tries.checked_sub(FAST_TRIES) else { return Duration::ZERO };
    let slow = f64::from(slow);
    let seconds = (poll.as_secs_f64() / 100.0 * (slow * slow / 3.0)) as u64;
    Duration::from_secs(seconds).min(poll)
}

#[cfg(test)]
mod tests;
