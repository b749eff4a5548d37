//! One ssh process that leads to a keeper: bootstrap, upload if need be, and then its stdio is a pipe.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use abide_openssh::{
    Beside, Bootstrap, BootstrapError, BootstrapEvent, BootstrapPlan, Bring, FailReason, LineError,
    RemoteLine, SessionPart, Silence, SshEnding, Token, bootstrap_argv, classify, explain_silence,
};
use abide_session::{
    CodecError, Message, Messages, Opening, OpeningAnswer, Refused, Target, Welcome, Word,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::mpsc;

use crate::leftovers;
use crate::permission;
use crate::plan::{Notice, Voice, Way};
use crate::upload::upload;

/// Lines of ssh's stderr kept to explain an ending. Oldest go first.
const LINES_MAX: usize = 64;
/// Longest line of it that is looked at, in bytes.
const LINE_MAX: u64 = 4096;

/// Why there is no keeper at the other end.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// ssh could not be started.
    #[error("{ssh}: {error}", ssh = .ssh.to_string_lossy())]
    NoSsh {
        /// What was tried.
        ssh: OsString,
        /// The system's words.
        error: std::io::Error,
    },
    /// ssh ended before the bootstrap was through.
    #[error("{0:?}")]
    Ssh(SshEnding),
    /// ssh logged in, and something else than our script answered.
    #[error("{0:?}")]
    Silent(Silence),
    /// The remote command cannot be written.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Noise without end, or a broken marker.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// The server is another kind of machine.
    #[error("the server is {there}, this program is for {here}")]
    OtherArchitecture {
        /// This machine.
        here: String,
        /// That machine.
        there: String,
    },
    /// No place there takes the keeper.
    #[error("no place on the server takes the keeper")]
    Nowhere(Vec<(String, FailReason)>),
    /// The keeper refused.
    #[error("{}", .0.evidence)]
    Refused(Refused),
    /// The keeper said what is no message.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The server's sshd does not permit the connection that the session is to be.
    #[error("{to}: {said}")]
    NotPermitted {
        /// To where.
        to: String,
        /// sshd's words.
        said: String,
    },
    /// Reading or writing failed on this side.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// A way to a keeper, before a link is on it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) child: Child,
    pub(crate) read: OwnedFd,
    pub(crate) write: OwnedFd,
    pub(crate) rest: Vec<u8>,
    pub(crate) questions: Option<Questions>,
}

/// A new link's beginning.
#[derive(Debug)]
pub struct Connected {
    pub(crate) welcome: Welcome,
    pub(crate) child: Option<Child>,
    pub(crate) read: OwnedFd,
    pub(crate) write: OwnedFd,
    pub(crate) rest: Vec<u8>,
    pub(crate) questions: Option<Questions>,
}

impl Connected {
    /// Runs ssh, brings a keeper up with `args`, and reads its welcome. ssh may ask the person.
    pub async fn through_ssh(
        way: &Way,
        args: Vec<String>,
        voice: &mut dyn Voice,
    ) -> Result<Self, ConnectError> {
        let sharing = sharing(way);
        let asking =
            Way { asks: way.asks || way.asks_terminal && sharing.is_none(), ..way.clone() };
        let Opened { child, read, write, mut rest, questions } =
            open(&asking, args, Bring::First, voice).await?;
        let answers_at = questions.as_ref().map(|own| own.path().to_owned()).or(sharing);
        let answers_at = answers_at.as_deref();
        let read = abide_carrier::watch(nonblocking(read)?)?;
        if let Some(question) = way.asks_first {
            let (target, more) = read_message::<Target>(&read, rest).await?;
            permission::obtain(questions.as_ref(), &target, question).await?;
            rustix::io::write(&write, &[Word::All.byte()]).map_err(std::io::Error::from)?;
            rest = more;
        }
        let mut lent = None;
        if way.asks_display {
            // The login has looked which ports are open, and looks again once sshd opened one more.
            let (_, more) = read_message::<Target>(&read, rest).await?;
            rest = more;
            let word = match permission::obtain_part(answers_at, SessionPart::Display).await {
                Ok(given) => {
                    lent = Some(given);
                    Word::All
                }
                Err(why) => {
                    tracing::info!(why, "no display");
                    voice.tell(Notice::Remark("X11 forwarding request failed on channel 0"));
                    Word::NoDisplay
                }
            };
            rustix::io::write(&write, &[word.byte()]).map_err(std::io::Error::from)?;
        }
        let (opening, more) = read_message::<Opening>(&read, rest).await?;
        let (welcome, rest) = match opening.answer {
            Some(OpeningAnswer::MayHaveTerminal(_)) => {
                let word = terminal_word(answers_at, voice).await;
                rustix::io::write(&write, &[word.byte()]).map_err(std::io::Error::from)?;
                read_welcome(&read, more).await?
            }
            _ => welcome_of(opening, more)?,
        };
        if let Some(lent) = lent {
            lent.give_back().await;
        }
        for notice in &welcome.notices {
            voice.tell(Notice::Keeper(notice));
        }
        let (child, read) = (Some(child), read.into_inner());
        Ok(Connected { welcome, child, read, write, rest, questions })
    }

    /// The session's id.
    pub fn session(&self) -> &str {
        &self.welcome.session
    }

    /// Whether the session has a terminal.
    pub fn has_terminal(&self) -> bool {
        self.welcome.terminal
    }
}

fn nonblocking(fd: OwnedFd) -> std::io::Result<OwnedFd> {
    abide_host::descriptors::set_nonblocking(&fd, true)?;
    Ok(fd)
}

/// Reads the keeper's first message; what follows it belongs to the link.
pub(crate) async fn read_welcome(
    read: &tokio::io::unix::AsyncFd<OwnedFd>,
    rest: Vec<u8>,
) -> Result<(Welcome, Vec<u8>), ConnectError> {
    let (opening, rest) = read_message::<Opening>(read, rest).await?;
    welcome_of(opening, rest)
}

/// The socket on which the user's own sharing of connections (ControlMaster) answers, if that is in use.
fn sharing(way: &Way) -> Option<PathBuf> {
    let path = way.effective.control_path.as_ref().map(PathBuf::from)?;
    (way.effective.control_master || path.exists()).then_some(path)
}

/// Whether sshd permits a terminal; said as ssh says it.
async fn terminal_word(answers_at: Option<&Path>, voice: &mut dyn Voice) -> Word {
    match permission::obtain_part(answers_at, SessionPart::Terminal).await {
        Ok(lent) => {
            lent.give_back().await;
            Word::All
        }
        Err(why) => {
            tracing::info!(why, "no terminal");
            voice.tell(Notice::Remark("PTY allocation request failed on channel 0"));
            Word::NoTerminal
        }
    }
}

fn welcome_of(opening: Opening, rest: Vec<u8>) -> Result<(Welcome, Vec<u8>), ConnectError> {
    match opening.answer {
        Some(OpeningAnswer::Welcome(welcome)) => Ok((welcome, rest)),
        Some(OpeningAnswer::Refused(refused)) => Err(ConnectError::Refused(refused)),
        Some(OpeningAnswer::MayHaveTerminal(_)) | None => {
            Err(ConnectError::Refused(Refused::default()))
        }
    }
}

/// Reads one message, of which `rest` may be the beginning; and what follows it.
async fn read_message<M: Message + Default>(
    read: &tokio::io::unix::AsyncFd<OwnedFd>,
    rest: Vec<u8>,
) -> Result<(M, Vec<u8>), ConnectError> {
    let mut messages = Messages::default();
    messages.push(&rest);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        if let Some(message) = messages.next_message::<M>()? {
            return Ok((message, messages.into_rest().to_vec()));
        }
        let mut ready = read.readable().await?;
        match ready.try_io(|fd| Ok(rustix::io::read(fd, &mut buffer[..])?)) {
            Ok(Ok(0)) => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
            Ok(Ok(count)) => messages.push(&buffer[..count]),
            Ok(Err(error)) => return Err(error.into()),
            Err(_would_block) => {}
        }
    }
}

/// Runs ssh until our keeper answers at its other end.
pub(crate) async fn open(
    way: &Way,
    args: Vec<String>,
    bring: Bring,
    voice: &mut dyn Voice,
) -> Result<Opened, ConnectError> {
    let token = Token::new(abide_host::random::bytes());
    let bootstrap = Bootstrap::new(token);
    let line = RemoteLine::new(&BootstrapPlan::new(token, way.build.clone(), args)?)?;
    let questions = if way.asks { Questions::new() } else { None };
    let beside =
        Beside { questions: questions.as_ref().map(Questions::path), agent: way.lends_agent };
    let argv = bootstrap_argv(&way.invocation, &way.effective, bring, beside, &line);
    // Not a pipe: ssh takes 16 KiB at a time, and a full pipe would wake us for each of them; a socket
    // does when most of it is free.
    let (stdin, theirs) = UnixStream::pair()?;
    let mut command = Command::new(&way.ssh);
    command
        .args(argv)
        .envs(way.environment.iter().map(|(name, value)| (name, value)))
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let child =
        command.spawn().map_err(|error| ConnectError::NoSsh { ssh: way.ssh.clone(), error })?;
    // Its copy of ssh's end would keep that open.
    drop(command);
    Ok(Opened { questions, ..Attempt::new(child, stdin, bootstrap)?.run(way, voice).await? })
}

/// Longest path of the socket on which ssh answers questions: it appends 17 characters to it while it
/// makes the socket, and a socket's path has at most 107.
const QUESTIONS_PATH_MAX: usize = 90;

/// The socket on which one ssh answers questions; removed with it, should ssh not have done so.
#[derive(Debug)]
pub(crate) struct Questions(PathBuf);

impl Questions {
    /// A path of our own. None where there is no place for one: forwards are refused then.
    fn new() -> Option<Self> {
        let folder = abide_host::local::runtime_dir().ok()?;
        let random = u64::from_be_bytes(abide_host::random::bytes());
        leftovers::clear(&folder);
        let path = folder.join(format!("{}{random:016x}", leftovers::PREFIX));
        (path.as_os_str().len() <= QUESTIONS_PATH_MAX).then_some(Questions(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Questions {
    fn drop(&mut self) {
        // Mostly ssh has removed it.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// One running ssh before its keeper answered.
struct Attempt {
    child: Child,
    stdin: tokio::net::UnixStream,
    stdout: ChildStdout,
    lines: mpsc::Receiver<String>,
    kept: std::collections::VecDeque<String>,
    noise: Vec<u8>,
    failed: Vec<(String, FailReason)>,
    bootstrap: Bootstrap,
}

impl Attempt {
    fn new(
        mut child: Child,
        stdin: UnixStream,
        bootstrap: Bootstrap,
    ) -> Result<Self, ConnectError> {
        let missing = || std::io::Error::other("ssh has no stdio");
        stdin.set_nonblocking(true)?;
        let stdin = tokio::net::UnixStream::from_std(stdin)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let (sender, lines) = mpsc::channel(LINES_MAX);
        tokio::spawn(read_lines(stderr, sender));
        let (kept, noise, failed) = Default::default();
        Ok(Attempt { child, stdin, stdout, lines, kept, noise, failed, bootstrap })
    }

    async fn run(mut self, way: &Way, voice: &mut dyn Voice) -> Result<Opened, ConnectError> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            while let Some(event) = self.bootstrap.poll_event() {
                if let BootstrapEvent::Open { rest } = event {
                    return self.opened(rest, voice);
                }
                self.handle(event, way, voice).await?;
            }
            tokio::select! {
                Some(line) = self.lines.recv() => self.hear(line, voice),
                count = self.stdout.read(&mut buffer) => match count? {
                    0 => return Err(self.explain(voice).await),
                    count => self.bootstrap.handle_bytes(&buffer[..count])?,
                },
            }
        }
    }

    async fn handle(
        &mut self,
        event: BootstrapEvent,
        way: &Way,
        voice: &mut dyn Voice,
    ) -> Result<(), ConnectError> {
        match event {
            BootstrapEvent::Noise(bytes) => self.noise.extend(bytes.iter().take(4096)),
            BootstrapEvent::Need { architecture, place } => {
                self.send_keeper(architecture, &place, way, voice).await?
            }
            BootstrapEvent::PlaceFailed { place, reason } => {
                voice.tell(Notice::PlaceFailed { place: &place, reason });
                self.failed.push((place, reason));
            }
            BootstrapEvent::Nowhere => {
                return Err(ConnectError::Nowhere(std::mem::take(&mut self.failed)));
            }
            BootstrapEvent::Open { .. } => {}
        }
        Ok(())
    }

    async fn send_keeper(
        &mut self,
        there: abide_openssh::Architecture,
        place: &str,
        way: &Way,
        voice: &mut dyn Voice,
    ) -> Result<(), ConnectError> {
        use tokio::io::AsyncWriteExt;
        let here = abide_openssh::Architecture::own();
        if !here.runs_on(&there) {
            // The script's exit is not waited for.
            let _ = self.stdin.write_all(&abide_openssh::answer_none()).await;
            return Err(ConnectError::OtherArchitecture {
                here: here.to_string(),
                there: there.to_string(),
            });
        }
        upload(&way.exe, &mut self.stdin, |sent, total| {
            voice.tell(Notice::Upload { sent, total, place })
        })
        .await?;
        Ok(())
    }

    /// Lines that explain an ending wait for it; all others are told at once.
    fn hear(&mut self, line: String, voice: &mut dyn Voice) {
        if self.kept.len() == LINES_MAX {
            self.kept.pop_front();
        }
        if matches!(classify(&line, failure()), SshEnding::Other { .. } | SshEnding::RemoteExit(_))
        {
            voice.tell(Notice::Ssh(&line));
        }
        self.kept.push_back(line);
    }

    fn opened(self, rest: Vec<u8>, _: &mut dyn Voice) -> Result<Opened, ConnectError> {
        let Attempt { child, stdin, stdout, lines, .. } = self;
        // What ssh says later is read and dropped, so that it never blocks.
        tokio::spawn(drain(lines));
        Ok(Opened {
            child,
            read: stdout.into_owned_fd()?,
            write: stdin.into_std()?.into(),
            rest,
            questions: None,
        })
    }

    async fn explain(mut self, voice: &mut dyn Voice) -> ConnectError {
        let status = match self.child.wait().await {
            Ok(status) => status,
            Err(error) => return error.into(),
        };
        while let Some(line) = self.lines.recv().await {
            self.hear(line, voice);
        }
        let stderr = self.kept.into_iter().collect::<Vec<_>>().join("\n");
        match classify(&stderr, status) {
            SshEnding::Other { .. } | SshEnding::RemoteExit(_) => {
                let noise = String::from_utf8_lossy(&self.noise).into_owned();
                ConnectError::Silent(explain_silence(&noise, &stderr, status.code()))
            }
            ending => ConnectError::Ssh(ending),
        }
    }
}

/// The status of an ssh that failed by itself.
fn failure() -> ExitStatus {
    std::os::unix::process::ExitStatusExt::from_raw(255 << 8)
}

async fn read_lines(stderr: ChildStderr, lines: mpsc::Sender<String>) {
    let mut reader = BufReader::with_capacity(4096, stderr);
    loop {
        let mut line = Vec::new();
        match (&mut reader).take(LINE_MAX).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if lines.send(line).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn drain(mut lines: mpsc::Receiver<String>) {
    while lines.recv().await.is_some() {}
}
