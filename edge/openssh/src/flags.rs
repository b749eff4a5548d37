//! An ssh command line, read exactly as ssh reads it. Says what was asked; does not judge values
//! that ssh itself will judge (ports, ciphers, option names), and reads no configuration.

mod destination;
mod escape;
mod gather;
mod getopt;
mod not_yet;
mod option;

use std::ffi::OsString;

pub use destination::Destination;
pub use escape::Escape;
pub use not_yet::NotYet;

use crate::Target;
use gather::Gathered;
use getopt::Getopt;

/// What an ssh command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// A session, a command or forwards.
    Session(Box<Invocation>),
    /// Something only ssh does: run ssh with the very same arguments.
    Plain(PlainReason),
}

/// Things that are ssh's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainReason {
    /// `-G`: print the configuration.
    ShowConfig,
    /// `-V`: print the version.
    ShowVersion,
    /// `-Q`: list algorithms.
    ListAlgorithms,
    /// `-O`: command a multiplexing master.
    ControlMaster,
}

/// A terminal for the remote side, as `-t` and `-T` ask for it (`-o RequestTTY` is in `ssh -G`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TtyRequest {
    /// No flag: a terminal for a shell, none for a command.
    #[default]
    Auto,
    /// `-t`: also for a command, if our own stdin is one.
    Wanted,
    /// `-tt`: always.
    Forced,
    /// `-T`: never.
    No,
}

/// An ssh command line that opens a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Whom to connect to.
    pub destination: Destination,
    /// The command's words as given; ssh joins them with spaces, see [`Invocation::command_text`].
    pub command: Vec<OsString>,
    /// `-t`, `-tt`, `-T`.
    pub tty: TtyRequest,
    /// `-n` (or `-f`, which implies it).
    pub stdin_null: bool,
    /// `-N`: run nothing.
    pub no_command: bool,
    /// `-f`: to the background once logged in.
    pub background: bool,
    /// `-s`: the command is a subsystem's name.
    pub subsystem: bool,
    /// `-e`.
    pub escape: Option<Escape>,
    /// `-q`.
    pub quiet: bool,
    /// How many `-v`.
    pub verbose: u8,
    /// Everything that is ssh's own business, in ssh's order of precedence, as arguments to stand
    /// before `-- host`. A user or port in the destination is here too, as `-l` and `-p`.
    pub passed: Vec<OsString>,
    /// Forwards and what belongs to them, as arguments: for `ssh -G` to read, and not for an ssh that only
    /// carries a link.
    pub forwarding: Vec<OsString>,
    /// `-W`: stdin and stdout are a connection to there, from the server; nothing runs.
    pub stdio: Option<Target>,
    /// What was asked for and is not carried over a link yet.
    pub not_yet: Vec<NotYet>,
}

impl Invocation {
    /// The command as one text, as ssh sends it; `None` when a shell is wanted.
    pub fn command_text(&self) -> Option<OsString> {
        (!self.command.is_empty()).then(|| self.command.join(" ".as_ref()))
    }
}

/// A command line that ssh would refuse as well.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// No destination.
    #[error("no host given")]
    MissingHost,
    /// Not one of ssh's flags.
    #[error("unknown flag -{0}")]
    UnknownFlag(char),
    /// A flag at the end, without its argument.
    #[error("flag -{0} needs an argument")]
    MissingArgument(char),
    /// `-s` without a command.
    #[error("flag -s needs the name of a subsystem after the host")]
    MissingSubsystem,
    /// Neither a character, nor `^` and a character, nor `none`.
    #[error("`{0}` is not an escape character")]
    BadEscape(String),
    /// Neither `host:port` nor the path of a socket.
    #[error("`{0}` is not HOST:PORT, for -W")]
    BadStdio(String),
    /// Standard input leads to one place only.
    #[error("-W stands there twice")]
    TwoStdio,
    /// An empty user, a broken `ssh://` address.
    #[error("`{0}` is not a destination")]
    BadDestination(String),
}

/// Reads the arguments that follow the program's name.
///
/// `-P` takes an argument, as in OpenSSH 9.4 and later (before, it was an ignored flag).
///
/// # Errors
/// See [`FlagError`].
pub fn parse(args: &[OsString]) -> Result<CommandLine, FlagError> {
    let mut gathered = Gathered::default();
    let mut before = Getopt::new(args);
    while let Some(flag) = before.next_flag()? {
        if let Some(reason) = gathered.take(flag)? {
            return Ok(CommandLine::Plain(reason));
        }
    }
    let (host, mut rest) = before.rest().split_first().ok_or(FlagError::MissingHost)?;
    let destination = gathered.take_destination(host)?;
    // ssh reads flags once more after the host, unless `--` ended them before it.
    if !before.terminated() {
        let mut after = Getopt::new(rest);
        while let Some(flag) = after.next_flag()? {
            if let Some(reason) = gathered.take(flag)? {
                return Ok(CommandLine::Plain(reason));
            }
        }
        rest = after.rest();
    }
    gathered.finish(destination, rest).map(|it| CommandLine::Session(Box::new(it)))
}

#[cfg(test)]
mod tests;
