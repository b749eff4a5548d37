//! For whom a configuration is read: the connection that Host and Match lines are compared with.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::{Dialect, Release};

/// For whom a configuration is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Context {
    /// `ssh` to one host.
    Client(ClientContext),
    /// `sshd`, for one connection or for none.
    Server(ServerContext),
}

impl Context {
    /// The language that is read.
    pub fn dialect(&self) -> Dialect {
        match self {
            Context::Client(_) => Dialect::Client,
            Context::Server(_) => Dialect::Server,
        }
    }

    /// The release whose rules apply.
    pub fn release(&self) -> Release {
        match self {
            Context::Client(client) => client.release,
            Context::Server(server) => server.release,
        }
    }
}

/// What `ssh` knows when it reads its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientContext {
    /// The host as typed, without user and port.
    pub host: String,
    /// The user given with `-l` or `user@`.
    pub user: Option<String>,
    /// The port given with `-p`.
    pub port: Option<u16>,
    /// Who runs `ssh`.
    pub local_user: String,
    /// Their home folder: `~` and relative includes of a user's file.
    pub home: PathBuf,
    /// This machine's name, for `%l` and `%L`; without it a command that needs it is not checked.
    pub local_host: Option<String>,
    /// Their number, for `%i`; without it a command that needs it is not checked.
    pub uid: Option<u32>,
    /// Arguments of `-o`, in order: they win over every file.
    pub options: Vec<String>,
    /// The release that reads the files.
    pub release: Release,
}

impl ClientContext {
    /// A plain `ssh HOST` by `local_user` with that home folder.
    pub fn new(
        host: impl Into<String>,
        local_user: impl Into<String>,
        home: impl Into<PathBuf>,
    ) -> Self {
        Self {
            host: host.into(),
            user: None,
            port: None,
            local_user: local_user.into(),
            home: home.into(),
            local_host: None,
            uid: None,
            options: Vec::new(),
            release: Release::default(),
        }
    }
}

/// A connection to `sshd`, as far as it is known: the fields of `sshd -T -C`. A Match block that asks
/// for a field that is not known does not apply, as with `sshd -T`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerContext {
    /// Who logs in.
    pub user: Option<String>,
    /// Their groups. Unknown leaves `Match group` not checked.
    pub groups: Option<Vec<String>>,
    /// The client's host name (its address as text where `UseDNS` is off, the default).
    pub host: Option<String>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The server's own address.
    pub local_address: Option<IpAddr>,
    /// The server's own port.
    pub local_port: Option<u16>,
    /// The routing domain.
    pub rdomain: Option<String>,
    /// Arguments of `-o` on sshd's command line, in order: they win over every file.
    pub options: Vec<String>,
    /// The release that reads the files.
    pub release: Release,
}

/// A file that the program itself opens, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Where it is.
    pub path: PathBuf,
    /// What it may contain, and where its relative includes lead.
    pub kind: RootKind,
}

/// How a root file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKind {
    /// `~/.ssh/config`, or one given with `-F`: relative includes are in `~/.ssh`, `~` is allowed.
    User,
    /// `/etc/ssh/ssh_config`: relative includes are in `/etc/ssh`, `~` is refused.
    System,
    /// `/etc/ssh/sshd_config`: relative includes are in `/etc/ssh`.
    Server,
}

impl Root {
    /// A user's own client file, or one given with `-F`. It may be missing.
    pub fn user(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), kind: RootKind::User }
    }

    /// The system's client file. It may be missing.
    pub fn system(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), kind: RootKind::System }
    }

    /// The server's file. It must be there.
    pub fn server(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), kind: RootKind::Server }
    }
}
