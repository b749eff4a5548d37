//! Starting a session's program: which one, on a terminal, on pipes or as a connection, and why it
//! could not be.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use abide_carrier::watch;
use abide_host::child::Child;
use abide_host::command::ShellCommand;
use abide_host::descriptors::set_pipe_size;
use abide_host::{process, pty, users};
use abide_session::{ProgramKind, RefusalCode, Refused, Start, Terminal};
use bytes::BytesMut;
use tokio::io::unix::AsyncFd;

use super::life::Life;
use super::{Program, refused, size};
use crate::connection::Connection;
use crate::environment::{self, Lent};
use crate::subsystem;

/// Bytes that a program's pipes should hold, so that it need not wait for each of our turns.
const PIPE_SIZE: usize = 256 * 1024;

impl Program {
    /// Starts what `start` asks for. `lent`: what of the client's machine it may use.
    pub(crate) fn spawn(start: &Start, lent: &Lent) -> Result<Self, Refused> {
        let user = users::current();
        if !is_executable(&user.shell) {
            return Err(refused(RefusalCode::NoShell, user.shell.display().to_string()));
        }
        let command = command(start, &user)?;
        match &start.terminal {
            Some(terminal) => Self::on_terminal(command, terminal, &user, lent),
            None => Self::on_pipes(command, &user, lent),
        }
    }

    /// A connection that was made, in a program's place.
    pub(crate) fn connected(connection: &Connection) -> io::Result<Self> {
        let socket = || connection.socket.try_clone();
        Ok(Program {
            life: Life::Connection(socket()?),
            exit: None,
            input: Some(watch(socket()?)?),
            input_queue: VecDeque::new(),
            input_ends: false,
            output: Some(watch(socket()?)?),
            errors: None,
            on_terminal: false,
            taken: BytesMut::new(),
            nowhere: None,
        })
    }

    /// Nothing, in a program's place, until it is ended: a connection to nobody.
    pub(crate) fn nothing() -> io::Result<Self> {
        let (here, nowhere) = UnixStream::pair()?;
        here.set_nonblocking(true)?;
        let mut program = Self::connected(&Connection { socket: here.into(), to: String::new() })?;
        // Held open, as its end would be the session's.
        program.nowhere = Some(nowhere.into());
        Ok(program)
    }

    fn on_terminal(
        mut command: ShellCommand,
        terminal: &Terminal,
        user: &users::User,
        lent: &Lent,
    ) -> Result<Self, Refused> {
        let no_terminal = |error: io::Error| refused(RefusalCode::NoTerminal, error.to_string());
        let mut pty = pty::open(size(terminal)).map_err(no_terminal)?;
        // A terminal without the person's modes is still a terminal.
        let _ = abide_host::modes::apply(&pty.master, &terminal.modes);
        let device = rustix::pty::ptsname(&pty.master, Vec::new());
        let device = device.map_err(|error| no_terminal(error.into()))?;
        let device = PathBuf::from(device.to_string_lossy().into_owned());
        command.env = environment::for_program(user, Some((&terminal.kind, &device)), lent);
        let child = pty::spawn(&mut pty, &command).map_err(|error| no_shell(&command, &error))?;
        let input = pty.master.try_clone().and_then(watch).map_err(no_terminal)?;
        let output = watch(pty.master).map_err(no_terminal)?;
        Self::new(child, input, output, None).map_err(no_terminal)
    }

    fn on_pipes(
        mut command: ShellCommand,
        user: &users::User,
        lent: &Lent,
    ) -> Result<Self, Refused> {
        command.env = environment::for_program(user, None, lent);
        let piped = process::spawn(&command).map_err(|error| no_shell(&command, &error))?;
        for end in [&piped.stdin, &piped.stdout] {
            // Refused to a user with too many large ones: then it stays as it is.
            let _ = set_pipe_size(end, PIPE_SIZE);
        }
        let other = |error: io::Error| refused(RefusalCode::Other, error.to_string());
        let input = watch(piped.stdin).map_err(other)?;
        let output = watch(piped.stdout).map_err(other)?;
        let errors = watch(piped.stderr).map_err(other)?;
        Self::new(piped.child, input, output, Some(errors)).map_err(other)
    }

    fn new(
        child: Child,
        input: AsyncFd<OwnedFd>,
        output: AsyncFd<OwnedFd>,
        errors: Option<AsyncFd<OwnedFd>>,
    ) -> io::Result<Self> {
        let exited = watch(child.pidfd()?)?;
        let on_terminal = errors.is_none();
        Ok(Program {
            life: Life::Process { child, exited },
            exit: None,
            input: Some(input),
            input_queue: VecDeque::new(),
            input_ends: false,
            output: Some(output),
            errors,
            on_terminal,
            taken: BytesMut::new(),
            nowhere: None,
        })
    }
}

fn command(start: &Start, user: &users::User) -> Result<ShellCommand, Refused> {
    let what = start.program.as_ref().and_then(|program| program.what.as_ref());
    let mut command = match what {
        Some(ProgramKind::LoginShell(_)) | None => ShellCommand::login_shell(&user.shell),
        // Made before the session began; see `connection`.
        Some(ProgramKind::Connection(_) | ProgramKind::OwnSshd(_)) => {
            return Err(refused(RefusalCode::NotConnected, "the connection was not made"));
        }
        Some(ProgramKind::Command(line)) => ShellCommand::shell_line(&user.shell, line),
        Some(ProgramKind::Subsystem(name)) => {
            let line = subsystem::command(name);
            let line = line.ok_or_else(|| refused(RefusalCode::NoSubsystem, name.clone()))?;
            ShellCommand::shell_line(&user.shell, format!("exec {line}"))
        }
    };
    command.cwd = if user.home.is_dir() { user.home.clone() } else { PathBuf::from("/") };
    command.umask = abide_host::readiness::original_umask();
    Ok(command)
}

fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

fn no_shell(command: &ShellCommand, error: &io::Error) -> Refused {
    refused(RefusalCode::NoShell, format!("{}: {error}", command.program.display()))
}
