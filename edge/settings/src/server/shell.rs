//! A shell at the far end, or here, that runs one piece of script after another over one login. Not
//! what the pieces say.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use abide_host::{clock, random};
use abide_openssh::{SshEnding, classify};
use abide_terms::Moment;

use super::piece::{PERSON, SCRIPT, ServerPlace, preamble};
use super::said::{Reader, Said};
use super::way::{Login, Way, command};

/// A line longer than this is cut: configuration lines are far shorter.
const MAX_LINE: u64 = 64 * 1024;
/// Things said that wait to be looked at; the far shell waits when there are more.
const MAX_WAITING: usize = 1024;
/// Pieces that wait to be written; one more is dropped. A whole change takes five.
const MAX_PIECES: usize = 16;
/// How much of what ssh wrote to stderr is kept.
const MAX_ERRORS: u64 = 16 * 1024;
/// How long the program may take to end after its input did.
const END_LIMIT: Duration = Duration::from_secs(3);
/// Between two looks whether it has, once its output is closed.
const END_STEP: Duration = Duration::from_millis(5);

/// Why nothing, or no more, came from the shell.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// The program could not be started.
    #[error("cannot run {program}: {source}")]
    Start {
        /// ssh or sh.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ended: why, as far as ssh says.
    #[error("ssh ended")]
    Ended(SshEnding),
    /// It said nothing for this long.
    #[error("no answer within {0:?}")]
    Late(Duration),
}

/// A shell that waits for pieces of script. Dropping it ends its input and, soon, the program.
#[derive(Debug)]
pub struct Shell {
    child: Child,
    stdin: Option<SyncSender<Vec<u8>>>,
    said: Receiver<Said>,
    errors: Option<Receiver<String>>,
    /// Marks lines and folders of this run.
    pub(super) token: String,
    pub(super) place: ServerPlace,
}

impl Shell {
    /// Starts it. With a `token`, it speaks of the change that has it.
    ///
    /// # Errors
    /// [`ShellError::Start`].
    pub fn start(
        way: &Way,
        place: &ServerPlace,
        login: Login,
        token: Option<&str>,
    ) -> Result<Self, ShellError> {
        let mut command = command(way, place, login);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let failed = |source| ShellError::Start { program: program.clone(), source };
        let token = token.map_or_else(fresh_token, str::to_owned);
        let mut child = command.spawn().map_err(failed)?;
        let (hear, said) = sync_channel(MAX_WAITING);
        if let Some(stdout) = child.stdout.take() {
            let reader = Reader::new(&token);
            std::thread::spawn(move || listen(stdout, reader, &hear));
        }
        let errors = child.stderr.take().map(|stderr| {
            let (tell, errors) = sync_channel(1);
            // Nobody may be there any more to be told.
            std::thread::spawn(move || tell.send(keep(stderr)));
            errors
        });
        let stdin = child.stdin.take().map(|stdin| {
            let (give, pieces) = sync_channel(MAX_PIECES);
            std::thread::spawn(move || write(stdin, &pieces));
            give
        });
        let mut shell = Shell { child, stdin, said, errors, token, place: place.clone() };
        let first = format!("{SCRIPT}{}{PERSON}", preamble(&shell.token, place));
        shell.send(first.as_bytes());
        Ok(shell)
    }

    /// The mark of this run's lines and folders.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Which sshd it is about.
    pub fn place(&self) -> &ServerPlace {
        &self.place
    }

    /// Sends a piece, without waiting for a connection that hangs. One that cannot be sent is noticed
    /// by the answer that does not come.
    pub(super) fn send(&mut self, piece: &[u8]) {
        if let Some(stdin) = &self.stdin {
            let _ = stdin.try_send(piece.to_vec());
        }
    }

    /// The next thing said.
    ///
    /// # Errors
    /// [`ShellError::Late`] after `limit`, [`ShellError::Ended`] when there will be no more.
    pub(super) fn hear(&mut self, limit: Duration) -> Result<Said, ShellError> {
        match self.said.recv_timeout(limit) {
            Ok(said) => Ok(said),
            Err(RecvTimeoutError::Timeout) => Err(ShellError::Late(limit)),
            Err(RecvTimeoutError::Disconnected) => Err(ShellError::Ended(self.ending())),
        }
    }

    /// Everything said up to the end of a verb, or of the time.
    ///
    /// # Errors
    /// See [`Shell::hear`].
    pub(super) fn hear_all(&mut self, limit: Duration) -> Result<Vec<Said>, ShellError> {
        let started = clock::now();
        let mut all = Vec::new();
        loop {
            let said = self.hear(limit.saturating_sub(elapsed(started)))?;
            let done = matches!(said, Said::Done { .. });
            all.push(said);
            if done {
                return Ok(all);
            }
        }
    }

    /// Why it ended. A shared connection's master may hold stderr open: it is not waited for.
    fn ending(&mut self) -> SshEnding {
        let status = self.end();
        let errors = self.errors.take().and_then(|errors| errors.recv_timeout(END_LIMIT).ok());
        match status {
            Ok(status) => classify(&errors.unwrap_or_default(), status),
            Err(error) => SshEnding::Other { text: error.to_string() },
        }
    }

    /// Ends its input, waits for it, and kills it if it stays.
    fn end(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        let began = clock::now();
        while elapsed(began) < END_LIMIT {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            // Until the program closes its output, which is when it ends.
            if let Err(RecvTimeoutError::Disconnected) = self.said.recv_timeout(END_LIMIT) {
                std::thread::sleep(END_STEP);
            }
        }
        self.child.kill()?;
        self.child.wait()
    }
}

fn elapsed(began: Moment) -> Duration {
    Duration::from_nanos(clock::now().as_nanos().saturating_sub(began.as_nanos()))
}

impl Drop for Shell {
    fn drop(&mut self) {
        // What it still says, or how it ends, nobody asks for.
        let _ = self.end();
    }
}

/// A name that no other run has, short enough for a unit's name: lower-case hexadecimal.
fn fresh_token() -> String {
    format!("{:016x}", u64::from_ne_bytes(random::bytes()))
}

/// Writes until there are no more pieces or nobody reads them; then the input ends.
fn write(mut stdin: ChildStdin, pieces: &Receiver<Vec<u8>>) {
    for piece in pieces {
        if stdin.write_all(&piece).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn listen(stdout: impl Read, mut reader: Reader, hear: &SyncSender<Said>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stdout).take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if let Some(said) = reader.take(&line)
            && hear.send(said).is_err()
        {
            return;
        }
    }
}

/// The beginning of what a program wrote; the rest is read and dropped, so that it never waits.
fn keep(stderr: impl Read) -> String {
    let mut stderr = stderr;
    let mut kept = Vec::new();
    let _ = (&mut stderr).take(MAX_ERRORS).read_to_end(&mut kept);
    let _ = io::copy(&mut stderr, &mut io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}
