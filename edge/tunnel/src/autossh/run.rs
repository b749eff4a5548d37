//! Drives the rules: starts and ends ssh, hears signals, tests the port, keeps the log. Decides
//! nothing.

use super::environment::Settings;
use super::log::Log;
use super::monitor::{Fault, Tester};
use super::notes::Note;
use super::pid_file::PidFile;
use super::port::Monitor;
use super::rules::{Action, End, Outcome, Rules, Signal};
use super::{AutosshError, background};
use crate::alarm::Alarm;
use abide_host::clock;
use std::ffi::OsString;
use std::future::Future;
use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Each step of a test may take so long, or half a poll if that is less.
const PATIENCE: Duration = Duration::from_secs(15);
/// Signals that wait to be acted on; more of them at once say nothing new.
const MAX_SIGNALS: usize = 16;

/// What is to be run.
pub(super) struct Plan {
    pub(super) argv: Vec<OsString>,
    pub(super) monitor: Monitor,
    pub(super) daemon: bool,
    pub(super) settings: Settings,
}

/// Runs it to its end.
pub(super) fn run(plan: Plan, log: &mut Log) -> Result<Outcome, AutosshError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(supervise(plan, log))
}

async fn supervise(mut plan: Plan, log: &mut Log) -> Result<Outcome, AutosshError> {
    if plan.daemon {
        background::restore_umask();
        // Whoever runs it in the background wants it to wait for a network that is not up yet.
        plan.settings.limits.gate = None;
    }
    let tester = tester(&plan, log).await?;
    let signals = signals()?;
    let pid_file = plan.settings.pid_file.as_deref();
    let pid_file = pid_file.map(|path| {
        let failed = |source| AutosshError::PidFile { path: path.to_owned(), source };
        PidFile::write(path).map_err(failed)
    });
    let _pid_file = pid_file.transpose()?;
    background::announce()?;
    let monitored = plan.monitor != Monitor::Off;
    let rules = Rules::new(plan.settings.limits.clone(), monitored, clock::now());
    let driver = Driver { plan, log, rules, ssh: None, test_due: false };
    Ok(driver.run(&tester, signals).await?)
}

async fn tester(plan: &Plan, log: &mut Log) -> Result<Tester, AutosshError> {
    let half = plan.settings.limits.poll / 2;
    let patience = half.min(PATIENCE);
    if half < PATIENCE {
        say(log, &Note::ShortPoll(patience.as_millis()));
    }
    let listener = match plan.monitor {
        Monitor::Loop(port) => {
            let port = port + 1;
            let listener = TcpListener::bind(("127.0.0.1", port)).await;
            Some(listener.map_err(|source| AutosshError::Listen { port, source })?)
        }
        Monitor::Echo(..) => None,
        Monitor::Off => {
            say(log, &Note::MonitorOff);
            None
        }
    };
    Ok(Tester::new(plan.monitor, listener, patience, &plan.settings.message))
}

fn say(log: &mut Log, note: &Note) {
    log.write(note.level(), note);
}

type Test<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + 'a>>;

struct Driver<'a> {
    plan: Plan,
    log: &'a mut Log,
    rules: Rules,
    ssh: Option<Child>,
    /// A test is to begin.
    test_due: bool,
}

impl Driver<'_> {
    async fn run(
        mut self,
        tester: &Tester,
        mut signals: mpsc::Receiver<Signal>,
    ) -> std::io::Result<Outcome> {
        let mut alarm = Alarm::new()?;
        let mut test: Test<'_> = Box::pin(std::future::pending());
        loop {
            if let Some(outcome) = self.act() {
                return Ok(outcome);
            }
            if std::mem::take(&mut self.test_due) {
                test = Box::pin(tester.test());
            } else if !self.rules.is_testing() {
                test = Box::pin(std::future::pending());
            }
            let due = self.rules.poll_timeout();
            tokio::select! {
                status = ended(&mut self.ssh) => {
                    self.ssh = None;
                    self.rules.handle_end(clock::now(), end(status?));
                }
                Some(signal) = signals.recv() => self.rules.handle_signal(clock::now(), signal),
                answer = &mut test => self.tested(answer),
                rung = alarm.until(due) => {
                    rung?;
                    self.rules.handle_time(clock::now());
                }
            }
        }
    }

    fn act(&mut self) -> Option<Outcome> {
        while let Some(action) = self.rules.poll_action() {
            match action {
                Action::Log(note) => say(self.log, &note),
                Action::Start => self.start(),
                Action::Test => self.test_due = true,
                Action::Stop => self.signal(rustix::process::Signal::TERM),
                Action::Kill => self.signal(rustix::process::Signal::KILL),
                Action::Finish(outcome) => return Some(outcome),
            }
        }
        None
    }

    fn start(&mut self) {
        let mut command = Command::new(&self.plan.settings.ssh);
        command.args(&self.plan.argv);
        for name in background::own_variables() {
            command.env_remove(name);
        }
        match command.spawn() {
            Ok(child) => {
                if let Some(pid) = child.id() {
                    say(self.log, &Note::Child(pid));
                }
                self.ssh = Some(child);
            }
            Err(error) => {
                let path = self.plan.settings.ssh.to_string_lossy().into_owned();
                self.rules.handle_no_program(path, error.to_string());
            }
        }
    }

    /// To ssh alone: what it started is its own to end.
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.ssh.as_ref().and_then(Child::id);
        let pid = pid.and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            // It may be gone by now, which is as good: its end is still to be heard of.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    fn tested(&mut self, answer: Result<(), Fault>) {
        let note = match &answer {
            Ok(()) => Note::PortUp,
            Err(fault) => Note::PortFault(fault.to_string()),
        };
        say(self.log, &note);
        self.rules.handle_tested(clock::now(), answer.is_ok());
    }
}

/// ssh's end; never, while there is none.
async fn ended(ssh: &mut Option<Child>) -> std::io::Result<ExitStatus> {
    match ssh {
        Some(ssh) => ssh.wait().await,
        None => std::future::pending().await,
    }
}

fn end(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        // The kernel keeps the low byte only.
        (Some(code), _) => End::Status(code as u8),
        (None, signal) => End::Signal(signal.unwrap_or_default()),
    }
}

/// All signals that mean something, in the order in which they come.
fn signals() -> std::io::Result<mpsc::Receiver<Signal>> {
    let (sender, receiver) = mpsc::channel(MAX_SIGNALS);
    for (kind, meaning) in [
        (SignalKind::terminate(), Signal::Exit(15)),
        (SignalKind::interrupt(), Signal::Exit(2)),
        (SignalKind::quit(), Signal::Exit(3)),
        (SignalKind::user_defined1(), Signal::Restart),
        (SignalKind::user_defined2(), Signal::Prod),
        (SignalKind::hangup(), Signal::Prod),
    ] {
        let mut stream = signal(kind)?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                let _ = sender.try_send(meaning);
            }
        });
    }
    Ok(receiver)
}
