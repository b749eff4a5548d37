//! One contestant of a trial: the tool on a terminal of its own, tokens typed into it, its output
//! counted.

use std::time::Duration;

use abide_host::clock;
use abide_terms::Moment;
use rustix::process::Signal;
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::count::Tally;
use super::page;
use super::script;
use super::{Contestant, Event, Part, Phase, State, TrialError};
use crate::report::Row;
use crate::terminal::Terminal;

/// Between two typed tokens, and between two events.
const BEAT: Duration = Duration::from_millis(250);
/// No output for this long counts as silence; the counter prints ten lines a second.
const SILENCE: Duration = Duration::from_secs(1);
/// How long a tool may take to end after its remote side has.
const FAREWELL: Duration = Duration::from_secs(3);
/// Bytes taken from the terminal at once; it gives no more.
const MAX_READ: usize = 4096;

/// How far a session has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No word from the remote side yet.
    Connecting,
    /// The remote shell runs.
    Up,
    /// A token typed after the fault was answered.
    Recovered,
    /// The tool's process has ended.
    Ended {
        /// The end of what it printed.
        said: String,
    },
}

impl Stage {
    /// Nothing more is to be waited for.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self, Self::Recovered | Self::Ended { .. })
    }
}

/// A running contestant.
pub(super) struct Driver {
    tool: String,
    began: Moment,
    terminal: Terminal,
    tally: Tally,
    heard: Moment,
    /// The longest time between two outputs since the fault began.
    pause: Duration,
    /// When the fault was over, and the first token typed after that.
    over: Option<(Moment, u64)>,
    first_echo: Option<Duration>,
    ended: bool,
    phase: watch::Receiver<Phase>,
    stage: watch::Sender<Stage>,
    events: mpsc::Sender<Event>,
}

impl Driver {
    /// Starts the tool.
    pub(super) fn start(
        contestant: &Contestant,
        began: Moment,
        phase: watch::Receiver<Phase>,
        stage: watch::Sender<Stage>,
        events: mpsc::Sender<Event>,
    ) -> Result<Self, TrialError> {
        let mut command = contestant.command.clone();
        command.args.push(script::COMMAND.into());
        let tool = contestant.tool.clone();
        let terminal = Terminal::start(&command, page::SIZE)
            .map_err(|source| TrialError::Start { tool: tool.clone(), source })?;
        Ok(Self {
            tool,
            began,
            terminal,
            tally: Tally::default(),
            heard: clock::now(),
            pause: Duration::ZERO,
            over: None,
            first_echo: None,
            ended: false,
            phase,
            stage,
            events,
        })
    }

    /// Drives the session until the trial closes, then ends it and tells what it lived through.
    pub(super) async fn run(mut self, fault: &'static str, settle: Duration) -> Row {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.drive(&mut beat).await;
        // Answers under way count; what takes longer is lost.
        let _ = tokio::time::timeout(settle, self.collect(&mut beat)).await;
        let ended = self.ended;
        let longest_pause = self.pause.max(clock::now().since(self.heard));
        let losses = self.tally.losses();
        self.say_good_bye().await;
        Row {
            tool: self.tool,
            fault,
            survived: self.first_echo.is_some() && !ended,
            first_echo: self.first_echo,
            ended,
            longest_pause,
            lines_lost: losses.lines_lost,
            lines_doubled: losses.lines_doubled,
            keys_lost: losses.keys_lost,
            keys_doubled: losses.keys_doubled,
        }
    }

    /// Types and counts until the trial closes. A session that has ended still types: what goes
    /// nowhere is lost.
    async fn drive(&mut self, beat: &mut Interval) {
        let mut buffer = vec![0; MAX_READ];
        loop {
            tokio::select! {
                biased;
                changed = self.phase.changed() => {
                    let phase = *self.phase.borrow_and_update();
                    match phase.part {
                        Part::Closing => return,
                        Part::After => self.fault_over(phase.since),
                        Part::Before | Part::Fault => {}
                    }
                    if changed.is_err() {
                        return;
                    }
                }
                count = output(&self.terminal, self.ended, &mut buffer) => self.hear(&buffer[..count]),
                _ = beat.tick() => {
                    if self.tally.is_up() {
                        self.type_token();
                    }
                    self.show();
                }
            }
        }
    }

    /// Waits until everything typed is answered.
    async fn collect(&mut self, beat: &mut Interval) {
        let mut buffer = vec![0; MAX_READ];
        while !self.ended && !self.tally.is_answered() {
            tokio::select! {
                biased;
                count = output(&self.terminal, self.ended, &mut buffer) => self.hear(&buffer[..count]),
                _ = beat.tick() => self.show(),
            }
        }
    }

    /// Ends the remote side, then the tool; a tool that cannot reach the one is made to end by
    /// signals.
    async fn say_good_bye(&mut self) {
        self.terminal.type_now(script::GOOD_BYE.as_bytes());
        let mut buffer = vec![0; MAX_READ];
        let until_end = async {
            while !self.ended {
                let count = output(&self.terminal, self.ended, &mut buffer).await;
                self.hear(&buffer[..count]);
            }
        };
        if tokio::time::timeout(FAREWELL, until_end).await.is_err() {
            self.terminal.program().signal(Signal::TERM);
            let _ = tokio::time::timeout(FAREWELL, self.terminal.program().wait()).await;
        }
        self.show();
    }

    fn fault_over(&mut self, moment: Moment) {
        if self.over.is_none() {
            self.over = Some((moment, self.type_token()));
        }
    }

    fn type_token(&mut self) -> u64 {
        let token = self.tally.next_token();
        if !self.ended {
            self.terminal.type_now(script::typed(token).as_bytes());
        }
        token
    }

    /// Takes output; none at all means that the tool has ended.
    fn hear(&mut self, output: &[u8]) {
        if output.is_empty() {
            self.ended = true;
            self.stage.send_replace(Stage::Ended { said: self.tally.said() });
            return;
        }
        let heard = self.tally.take(output);
        if !heard.script {
            return;
        }
        let now = clock::now();
        if self.phase.borrow().part != Part::Before {
            self.pause = self.pause.max(now.since(self.heard));
        }
        self.heard = now;
        if *self.stage.borrow() == Stage::Connecting && self.tally.is_up() {
            self.stage.send_replace(Stage::Up);
        }
        let Some((over, first)) = self.over else { return };
        if self.first_echo.is_none() && heard.answered.iter().any(|token| *token >= first) {
            self.first_echo = Some(self.heard.since(over));
            self.stage.send_replace(Stage::Recovered);
        }
    }

    /// Shows the session's state to whoever watches; a slow watcher misses some.
    fn show(&self) {
        let now = clock::now();
        let quiet = now.since(self.heard);
        let phase = *self.phase.borrow();
        let state = match (self.ended, self.tally.is_up()) {
            (true, _) => State::Ended,
            (false, false) => State::Connecting,
            (false, true) if quiet >= SILENCE => State::Silent,
            (false, true) => State::Live,
        };
        let event = Event {
            tool: self.tool.clone(),
            elapsed: now.since(self.began),
            part: phase.part,
            part_for: now.since(phase.since),
            state,
            quiet,
            lines: self.tally.lines(),
            answers: self.tally.answers(),
        };
        let _ = self.events.try_send(event);
    }
}

/// The next output; 0 at its end, and nothing ever again after that.
async fn output(terminal: &Terminal, ended: bool, buffer: &mut [u8]) -> usize {
    if ended {
        std::future::pending::<()>().await;
    }
    // A terminal that cannot be read has ended as well.
    terminal.read(buffer).await.unwrap_or(0)
}
