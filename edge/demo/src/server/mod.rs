//! A throw-away ssh server on loopback that admits one throw-away key and runs commands as the
//! current user. It is for the demo and for tests; it is no server for anything that matters.

mod door;
#[cfg(feature = "embedded-server")]
mod embedded;
pub(crate) mod keys;
mod probe;
mod system;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use abide_host::users::{self, User};
use thiserror::Error;

use door::Door;
use keys::Den;

/// The name of the server in its client configuration: `ssh -F config demo`.
pub const HOST: &str = "demo";

/// Which program speaks the server's side of ssh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The system's own sshd, with a throw-away configuration.
    System,
    /// The server inside this program.
    Embedded,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::System => "the system's sshd",
            Self::Embedded => "the embedded ssh server",
        })
    }
}

/// Who is served and where the throw-away files go.
#[derive(Clone, Debug)]
pub struct Setup {
    /// An existing directory for the throw-away directory, usually the system's temporary one.
    pub under: PathBuf,
    /// The current user; nobody else is admitted.
    pub user: User,
    /// The kind to use, or the first that works.
    pub kind: Option<Kind>,
    /// Variables in the environment of every session, on top of what a login sets.
    pub environment: Vec<(&'static str, PathBuf)>,
}

impl Setup {
    /// The current user, served from below `under` by the first kind that works.
    pub fn new(under: impl Into<PathBuf>) -> Self {
        Self { under: under.into(), user: users::current(), kind: None, environment: Vec::new() }
    }
}

/// Why there is no server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServerError {
    /// A file or directory could not be made or read.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// ssh's configuration syntax cannot hold this path.
    #[error("the path {path:?} has a character that ssh's configuration cannot hold")]
    Unquotable {
        /// The directory asked for.
        path: PathBuf,
    },
    /// A program of OpenSSH's client is missing.
    #[error("cannot run {tool}: {source}")]
    NoTool {
        /// Its name.
        tool: &'static str,
        /// What the system answered.
        source: io::Error,
    },
    /// `ssh-keygen` refused.
    #[error("ssh-keygen failed: {said}")]
    Keygen {
        /// Its words.
        said: String,
    },
    /// This machine has no sshd in the usual places.
    #[error("no sshd in {}", system::PLACES.join(", "))]
    NoSshd,
    /// sshd does not accept the throw-away configuration.
    #[error("{} refuses its configuration: {said}", sshd.display())]
    Config {
        /// The program.
        sshd: PathBuf,
        /// Its words.
        said: String,
    },
    /// Built without the embedded server.
    #[error("this build has no embedded ssh server")]
    NotBuilt,
    /// A throw-away key cannot be read back.
    #[error("cannot read the key {}: {said}", path.display())]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        said: String,
    },
    /// No port or no thread.
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(io::Error),
    /// It runs, but a trial login did not do what it must.
    #[error("a trial login at {kind} failed: {said}")]
    Unusable {
        /// The kind of server.
        kind: Kind,
        /// What ssh said, or what it did instead.
        said: String,
    },
}

/// A running server. Dropping it ends its connections and removes its files.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    user: String,
    // Before the files: connections end while their keys still exist.
    door: Door,
    den: Den,
}

impl Server {
    /// Starts a server and proves it by one login with a terminal. Without a wish for a kind, the
    /// embedded server is used where the system's is missing or does not work for this user. Needs
    /// a tokio runtime with I/O and time for the start only. Root gains an empty `/run/sshd` where
    /// sshd needs it; all else is cleaned up.
    pub async fn start(setup: &Setup) -> Result<Self, ServerError> {
        match setup.kind {
            Some(kind) => Self::start_kind(setup, kind).await,
            None => match Self::start_kind(setup, Kind::System).await {
                Ok(server) => Ok(server),
                Err(why) => match Self::start_kind(setup, Kind::Embedded).await {
                    Err(ServerError::NotBuilt) => Err(why),
                    other => other,
                },
            },
        }
    }

    async fn start_kind(setup: &Setup, kind: Kind) -> Result<Self, ServerError> {
        let den = Den::dig(&setup.under).await?;
        let door = match kind {
            Kind::System => system::open(setup, &den).await?,
            Kind::Embedded => open_embedded(setup, &den)?,
        };
        let server = Self { kind, user: setup.user.name.clone(), door, den };
        server.reach_through(server.port())?;
        probe::log_in(server.client_config()).await.map_err(|said| ServerError::Unusable {
            kind,
            said: server.door.log().map_or(said.clone(), |log| format!("{said}; {log}")),
        })?;
        Ok(server)
    }

    /// Which program serves.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The TCP port on 127.0.0.1 that the server itself listens on.
    pub fn port(&self) -> u16 {
        self.door.port()
    }

    /// The file for `ssh -F`; it knows one host, [`HOST`].
    pub fn client_config(&self) -> PathBuf {
        self.den.client_config()
    }

    /// Makes the client configuration lead to another port on 127.0.0.1 (a relay's) instead of the
    /// server's own.
    pub fn reach_through(&self, port: u16) -> Result<(), ServerError> {
        self.den.write_client_config(&self.user, port)
    }
}

#[cfg(feature = "embedded-server")]
fn open_embedded(setup: &Setup, den: &Den) -> Result<Door, ServerError> {
    embedded::open(setup, den)
}

#[cfg(not(feature = "embedded-server"))]
fn open_embedded(_: &Setup, _: &Den) -> Result<Door, ServerError> {
    Err(ServerError::NotBuilt)
}

/// `path` as text; the throw-away directory was checked to be text when it was made.
fn text(path: &Path) -> String {
    path.display().to_string()
}
