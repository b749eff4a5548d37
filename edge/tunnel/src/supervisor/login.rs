//! One ssh of a tunnel, or one process that carries it over a link: what it says, how far it came, why it
//! ended. Decides nothing.

use crate::cause::{Cause, Step};
use crate::heard::{Heard, hear};
use crate::link_news::{LinkNews, MAX_LINE as MAX_NEWS};
use crate::way::Way;
use abide_openssh::classify;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// Of a line this much is read; the rest is another line.
const MAX_LINE: u64 = MAX_NEWS as u64;
/// Of what ssh said this much, its end, is kept to judge its ending by.
const MAX_SAID: usize = 16 * 1024;
/// What ssh said last may be read for so long after its end.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A running ssh, or one that carries a link. What carries a link ends with its stdin, which is held here:
/// should abide be killed, it does not stay behind.
pub(super) struct Login {
    child: Child,
    reader: Option<Reader>,
    progress: Progress,
    way: Way,
    /// Taken out of `child`, which would close it when it is waited for.
    _stdin: Option<ChildStdin>,
}

/// What it tells, and the line that is not whole yet: ssh on stderr, for people; a link on stdout, as news.
struct Reader {
    told: BufReader<Box<dyn AsyncRead + Send + Sync + Unpin>>,
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
    /// What a link's process said of its end.
    over: Option<Why>,
}

/// Why one ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// This is wrong.
    Cause(Cause),
    /// It does not go over a link, for this reason.
    Unfit(String),
}

/// Something that happened to an ssh.
pub(super) enum Event {
    /// It said something.
    Heard(Heard, String),
    /// A link told something that ssh has no word for.
    Told(LinkNews),
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
        let reader = child.stderr.take().map(|told| Reader::new(Box::new(told)));
        Ok(Login { child, reader, progress: Progress::default(), way: Way::Plain, _stdin: None })
    }

    /// Starts this very program, to carry a link.
    pub(super) fn start_link(argv: &[OsString]) -> std::io::Result<Self> {
        let mut command = Command::new(abide_host::process::SELF);
        command.arg0("abide").args(argv).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let reader = child.stdout.take().map(|told| Reader::new(Box::new(told)));
        let stdin = child.stdin.take();
        Ok(Login { child, reader, progress: Progress::default(), way: Way::Link, _stdin: stdin })
    }

    pub(super) fn way(&self) -> Way {
        self.way
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
        // A link's session has begun when all is there.
        let bound = self.way == Way::Link || self.progress.remotes_bound >= remotes;
        self.progress.in_session && bound
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
                    if let Some(event) = self.whole_line(read).and_then(|line| self.take(line)) {
                        return event;
                    }
                }
                status = self.child.wait() => return Event::Ended(status),
            }
        }
    }

    fn take(&mut self, line: String) -> Option<Event> {
        if self.way == Way::Plain {
            let heard = hear(&line);
            self.progress.take(&heard, &line);
            return Some(Event::Heard(heard, line));
        }
        let news: LinkNews = serde_json::from_str(&line).ok()?;
        match &news {
            LinkNews::Over { cause } => self.progress.over = Some(Why::Cause(cause.clone())),
            LinkNews::Unfit { why } => self.progress.over = Some(Why::Unfit(why.clone())),
            _ => {}
        }
        let Some(heard) = news.as_heard() else { return Some(Event::Told(news)) };
        let line = if let LinkNews::Said { line } = news { line } else { String::new() };
        self.progress.take(&heard, &line);
        Some(Event::Heard(heard, line))
    }

    fn whole_line(&mut self, read: std::io::Result<usize>) -> Option<String> {
        if !matches!(read, Ok(1..)) {
            self.reader = None;
        }
        let bytes = std::mem::take(&mut self.reader.as_mut()?.line);
        Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// Why it ended, with this status.
    pub(super) async fn why(mut self, status: std::io::Result<ExitStatus>) -> Why {
        // What it said last is the reason.
        if let Some(Reader { told, mut line }) = self.reader.take() {
            let mut told = told.take(u64::try_from(MAX_SAID).unwrap_or(MAX_LINE));
            let _ = tokio::time::timeout(LAST_WORDS, told.read_to_end(&mut line)).await;
            for line in String::from_utf8_lossy(&line).lines() {
                self.take(line.trim_end().to_owned());
            }
        }
        let said = &self.progress.said;
        if let Some(why) = self.progress.taken.take().map(Why::Cause).or(self.progress.over.take())
        {
            return why;
        }
        Why::Cause(match status {
            Ok(status) if self.way == Way::Link && status.signal().is_some() => {
                Cause::LinkKilled { signal: status.signal().unwrap_or_default() }
            }
            Ok(status) => {
                Cause::of_ending(classify(said, status), said.lines().last().unwrap_or_default())
            }
            Err(error) => Cause::Other { reason: error.to_string() },
        })
    }
}

impl Progress {
    /// Takes note of a line, and of what it means.
    fn take(&mut self, heard: &Heard, line: &str) {
        if *heard != Heard::Thought {
            self.keep(line);
        }
        match heard {
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

impl Reader {
    fn new(told: Box<dyn AsyncRead + Send + Sync + Unpin>) -> Self {
        Reader { told: BufReader::new(told), line: Vec::new() }
    }
}

/// Reads a line into the reader's; never, while there is none to read from.
async fn next_line(reader: &mut Option<Reader>) -> std::io::Result<usize> {
    match reader {
        Some(Reader { told, line }) => {
            let room = MAX_LINE.saturating_sub(u64::try_from(line.len()).unwrap_or(MAX_LINE));
            told.take(room.max(1)).read_until(b'\n', line).await
        }
        None => std::future::pending().await,
    }
}
