//! autossh 1.4g's flags, variables, log and rules over plain `ssh`, as Debian ships it (`-M` beats
//! AUTOSSH_PORT; a free port is drawn when neither is given). docs/autossh.md lists what differs.

mod arguments;
mod background;
mod environment;
mod log;
mod monitor;
mod notes;
mod number;
mod pid_file;
mod port;
mod rules;
mod run;

pub use arguments::UsageError;
pub use environment::EnvironmentError;
pub use log::Speak;
pub use port::PortError;
pub use rules::Outcome;

use std::ffi::OsString;
use std::path::PathBuf;

use arguments::Asked;
use environment::{Level, Settings};
use log::Log;
use notes::Note;
use port::Monitor;

/// How autossh was called.
pub struct Call {
    /// The words after its name.
    pub words: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it was called, for a log named by a relative path.
    pub directory: PathBuf,
    /// Reaches stderr.
    pub speak: Speak,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// `-V`: print the version.
    Version,
    /// It ended; or, with `-f`, it goes on in the background.
    Ended(Outcome),
}

/// Why it did not even begin. All of these are exit status 1.
#[derive(Debug, thiserror::Error)]
pub enum AutosshError {
    /// Not a command line of autossh's: print the usage.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A variable's value.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The monitor port.
    #[error(transparent)]
    Port(#[from] PortError),
    /// No two neighbouring ports are free.
    #[error("unable to find a suitable tunnel port")]
    NoPort,
    /// AUTOSSH_LOGFILE.
    #[error("{}: {source}", path.display())]
    Log {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The port on which tests come back.
    #[error("bind on 127.0.0.1:{port}: {source}")]
    Listen {
        /// Which port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// AUTOSSH_PIDFILE.
    #[error("cannot open pid file \"{}\": {source}", path.display())]
    PidFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something else that the system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Runs autossh, until it ends or, with `-f`, until it is in the background. The caller is a
/// process of its own: signals are caught, and its number goes into AUTOSSH_PIDFILE.
///
/// # Errors
/// See [`AutosshError`]; they have been logged.
pub fn run(call: Call) -> Result<Ran, AutosshError> {
    let variable = |name: &str| {
        let found = call.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let settings = Settings::read(&variable)?;
    let Call { words, environment, directory, speak } = call;
    let open = |source| {
        let path = settings.log.file.clone().unwrap_or_default();
        AutosshError::Log { path, source }
    };
    let mut log = Log::open(&settings.log, speak).map_err(open)?;
    let arguments = match arguments::read(&words)? {
        Asked::Version => return Ok(Ran::Version),
        Asked::Run(arguments) => arguments,
    };
    let ran = monitor(&arguments, &settings).and_then(|monitor| {
        if arguments.background && !background::is_daemon(&environment) {
            return background::start(&words, environment, &directory).map(|()| Outcome::Done);
        }
        let plan = run::Plan {
            argv: arguments.with_forwards(monitor.forwards()),
            monitor,
            daemon: arguments.background,
            settings,
        };
        run::run(plan, &mut log)
    });
    if let Err(error) = &ran {
        log.write(Level::Error, Note::Fatal(error.to_string()));
    }
    ran.map(Ran::Ended)
}

/// The port that is named, or one that is free.
fn monitor(arguments: &arguments::Arguments, settings: &Settings) -> Result<Monitor, AutosshError> {
    let named = arguments.port.as_ref().or(settings.port.as_ref());
    if let Some(port) = named {
        return Ok(Monitor::parse(port)?);
    }
    let random = || u16::from_ne_bytes(abide_host::random::bytes());
    let is_free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    Monitor::draw(random, is_free).ok_or(AutosshError::NoPort)
}
