//! What a client is to do, decided before anything is touched; and the voice that tells people.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use abide_openssh::{BuildId, Effective, Escape, Invocation};
use abide_prediction::Wish;
use abide_session::Pacing;

use crate::display::NearDisplay;
use crate::news::News;
use crate::outage::Outage;

/// How ssh leads to the host.
#[derive(Clone, Debug)]
pub struct Way {
    /// The ssh program.
    pub ssh: OsString,
    /// The command line as ssh would read it.
    pub invocation: Invocation,
    /// What `ssh -G` says of it.
    pub effective: Effective,
    /// This binary, for upload.
    pub exe: PathBuf,
    /// Its build.
    pub build: BuildId,
    /// Variables that ssh gets beside our own environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Forwards are wanted: ssh is to answer questions about what the server permits.
    pub asks: bool,
    /// The session is a connection, which the server is to permit before it is made. Needs `asks`.
    pub asks_first: Option<FirstQuestion>,
    /// The login is to have the user's agent.
    pub lends_agent: bool,
    /// The session is to have a display, which the server is to permit before it begins. Needs `asks`.
    pub asks_display: bool,
    /// The session is to have a terminal: where the far end doubts that the server permits it, the server is
    /// asked.
    pub asks_terminal: bool,
}

/// How sshd is asked whether it permits the connection that a session is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstQuestion {
    /// By making that connection, and closing it again: for targets that bear it, such as sshd.
    ThisOne,
    /// By asking about any connection, and about this one only if not every one is permitted: whatever
    /// listens there may be made for one connection. An ssh of OpenSSH 9.9 or before ends with whoever
    /// asked so; a client that is killed then looks like a network that failed.
    AnyOne,
}

/// Everything the client needs to know, from flags, settings and environment.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How to get there; nothing for a session of this machine.
    pub way: Option<Way>,
    /// The escape character at the start of a line.
    pub escape: Escape,
    /// Do not read stdin (-n).
    pub stdin_null: bool,
    /// Send all UDP there instead of to the keeper's addresses: for relays in tests and demos.
    pub udp_via: Option<SocketAddr>,
    /// Use no UDP.
    pub no_udp: bool,
    /// Say nothing that is no error (-q).
    pub quiet: bool,
    /// When to show what keys will do before the server answers.
    pub predict: Wish,
    /// What becomes of output that cannot be kept up with.
    pub pacing: Pacing,
    /// The command line of a program that shows text page by page; none if there is none.
    pub pager: Option<OsString>,
    /// Where somebody waits until we can go to the background.
    pub background: Option<PathBuf>,
    /// Nobody is there to be asked: what would need a person is tried again whenever this process is
    /// continued (SIGCONT), or the network changes.
    pub unattended: bool,
    /// The socket of the ssh-agent that the session may use.
    pub agent: Option<PathBuf>,
    /// Nobody waits for us when a signal stops us: an end that cannot be told then is told when the
    /// network is back.
    pub lingers: bool,
    /// The display that programs of the session may use.
    pub display: Option<NearDisplay>,
}

/// Something that people should hear of before the session is there.
#[derive(Debug)]
pub enum Notice<'a> {
    /// ssh said this on its stderr.
    Ssh(&'a str),
    /// The keeper is being sent.
    Upload {
        /// Bytes sent.
        sent: u64,
        /// Bytes in all.
        total: u64,
        /// Where to.
        place: &'a str,
    },
    /// A place could not take the keeper.
    PlaceFailed {
        /// Which.
        place: &'a str,
        /// Why.
        reason: abide_openssh::FailReason,
    },
    /// Something about a forward, as ssh prints it.
    Remark(&'a str),
    /// A word of the keeper's, such as a warning about logout.
    Keeper(&'a str),
    /// Something for programs that watch over the link.
    News(News<'a>),
}

/// Speaks to people; given by `cli`. Who has no terminal draws nothing on it.
pub trait Voice: Send {
    /// Tells a notice.
    fn tell(&mut self, notice: Notice<'_>);
    /// The one line shown during an outage.
    fn outage(&self, _: &Outage) -> String {
        String::new()
    }
    /// The line that stands where so many lines were skipped, or nobody knows how many; `escape` leads to
    /// them.
    fn skipped(&self, _lines: Option<u64>, _escape: char) -> String {
        String::new()
    }
    /// What `~?` shows.
    fn help(&self, _escape: char) -> String {
        String::new()
    }
}
