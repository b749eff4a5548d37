//! One ssh of a tunnel: its process, what it says, how far it came, why it ended. Decides nothing.

use crate::cause::{Cause, Step};
use crate::heard::{Heard, hear};
use abide_openssh::classify;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::{OsStr, OsString};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

/// Of a line of ssh's this much is read; the rest is another line.
const MAX_LINE: u64 = 4096;
/// Of what ssh said this much, its end, is kept to judge its ending by.
const MAX_SAID: usize = 16 * 1024;
/// What ssh said last may be read for so long after its end.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A running ssh.
pub(super) struct Login {
    child: Child,
    reader: Option<Reader>,
    progress: Progress,
}

/// ssh's messages, and the one that is not whole yet.
struct Reader {
    stderr: BufReader<ChildStderr>,
    line: Vec<u8>,
}

/// How far it came, as it said.
#[derive(Default)]
struct Progress {
    said: String,
    step: Option<Step>,
    in_session: bool,
    remotes_bound: usize,
    taken: Option<Cause>,
}

/// Something that happened to an ssh.
pub(super) enum Event {
    /// It said something.
    Heard(Heard, String),
    /// It ended; [`Login::why`] says why.
    Ended(std::io::Result<ExitStatus>),
}

impl Login {
    /// Starts ssh in a process group of its own: a Ctrl-C at our terminal is ours to act on.
    pub(super) fn start(ssh: &OsStr, argv: &[OsString]) -> std::io::Result<Self> {
        let mut command = Command::new(ssh);
        command.args(argv).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let reader = |stderr| Reader { stderr: BufReader::new(stderr), line: Vec::new() };
        let reader = child.stderr.take().map(reader);
        Ok(Login { child, reader, progress: Progress::default() })
    }

    /// Its process number, until it has ended.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(super) fn signal(&self, signal: Signal) {
        let pid = self.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may be gone by now, which is as good: its end is still to be heard of.
            let _ = kill_process(pid, signal);
        }
    }

    pub(super) fn step(&self) -> Step {
        self.progress.step.unwrap_or(Step::Connecting)
    }

    /// Whether the session began and the server listens for `remotes` forwards.
    pub(super) fn is_up(&self, remotes: usize) -> bool {
        self.progress.in_session && self.progress.remotes_bound >= remotes
    }

    /// A forward that it could not have, although it goes on: where one of two addresses was free, or
    /// the user wants it so. Its users would reach another program, or none.
    pub(super) fn useless(&self) -> Option<&Cause> {
        self.progress.taken.as_ref().filter(|_| self.progress.in_session)
    }

    /// The next thing that happens. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            tokio::select! {
                read = next_line(&mut self.reader) => {
                    if let Some(line) = self.whole_line(read) {
                        return Event::Heard(self.progress.take(&line), line);
                    }
                }
                status = self.child.wait() => return Event::Ended(status),
            }
        }
    }

    fn whole_line(&mut self, read: std::io::Result<usize>) -> Option<String> {
        if !matches!(read, Ok(1..)) {
            self.reader = None;
        }
        let bytes = std::mem::take(&mut self.reader.as_mut()?.line);
        Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// Why it ended, with this status.
    pub(super) async fn why(mut self, status: std::io::Result<ExitStatus>) -> Cause {
        // What it said last is the reason.
        if let Some(Reader { stderr, mut line }) = self.reader.take() {
            let mut stderr = stderr.take(u64::try_from(MAX_SAID).unwrap_or(MAX_LINE));
            let _ = tokio::time::timeout(LAST_WORDS, stderr.read_to_end(&mut line)).await;
            for line in String::from_utf8_lossy(&line).lines() {
                self.progress.take(line.trim_end());
            }
        }
        let said = &self.progress.said;
        match (self.progress.taken.take(), status) {
            (Some(taken), _) => taken,
            (None, Ok(status)) => {
                Cause::of_ending(classify(said, status), said.lines().last().unwrap_or_default())
            }
            (None, Err(error)) => Cause::Other { reason: error.to_string() },
        }
    }
}

impl Progress {
    /// Takes note of a line.
    fn take(&mut self, line: &str) -> Heard {
        let heard = hear(line);
        if heard != Heard::Thought {
            self.keep(line);
        }
        match &heard {
            Heard::Connected => self.step = self.step.max(Some(Step::SigningIn)),
            Heard::Authenticated => self.step = Some(Step::Forwarding),
            Heard::Session => self.in_session = true,
            Heard::RemoteBound => self.remotes_bound += 1,
            Heard::LocalTaken { listen, reason } => {
                let (listen, reason) = (listen.clone(), reason.clone());
                self.taken = Some(Cause::LocalPortTaken { listen, reason });
            }
            Heard::RemoteFailed { listen } => {
                self.taken = Some(Cause::RemoteForwardRefused { listen: listen.clone() });
            }
            _ => {}
        }
        heard
    }

    /// Keeps the end of what ssh said.
    fn keep(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
        while self.said.len() > MAX_SAID {
            let end = self.said.find('\n').map_or(self.said.len(), |end| end + 1);
            self.said.drain(..end);
        }
    }
}

/// Reads a line into the reader's; never, while there is none to read from.
async fn next_line(reader: &mut Option<Reader>) -> std::io::Result<usize> {
    match reader {
        Some(Reader { stderr, line }) => {
            let room = MAX_LINE.saturating_sub(u64::try_from(line.len()).unwrap_or(MAX_LINE));
            stderr.take(room.max(1)).read_until(b'\n', line).await
        }
        None => std::future::pending().await,
    }
}
