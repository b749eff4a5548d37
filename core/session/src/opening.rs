//! How a session is opened or attached to: the client's wish, the keeper's answer.

/// A terminal at the client.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Terminal {
    /// TERM.
    #[prost(string, tag = "1")]
    pub kind: String,
    /// Rows, in characters.
    #[prost(uint32, tag = "2")]
    pub rows: u32,
    /// Columns, in characters.
    #[prost(uint32, tag = "3")]
    pub cols: u32,
    /// Width, in pixels; 0 if unknown.
    #[prost(uint32, tag = "4")]
    pub width: u32,
    /// Height, in pixels; 0 if unknown.
    #[prost(uint32, tag = "5")]
    pub height: u32,
    /// Its modes as RFC 4254 section 8 encodes them, for a program that is to start on it; may be
    /// empty.
    #[prost(bytes = "vec", tag = "6")]
    pub modes: Vec<u8>,
}

/// What a session runs.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Program {
    /// Exactly one of these; none is an error.
    #[prost(oneof = "program::What", tags = "1, 2, 3, 4, 5")]
    pub what: Option<program::What>,
}

/// Where a connection leads, seen from the keeper's machine.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Target {
    /// A name or an address; empty when `path` says where.
    #[prost(string, tag = "1")]
    pub host: String,
    /// TCP port.
    #[prost(uint32, tag = "2")]
    pub port: u32,
    /// A unix socket; empty when `host` says where.
    #[prost(string, tag = "3")]
    pub path: String,
}

/// The sshd that this very login came through.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct OwnSshd {
    /// Its port as the client sees it, for logins that do not say.
    #[prost(uint32, tag = "1")]
    pub port: u32,
}

/// The kinds of program.
pub mod program {
    /// Exactly one of these.
    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum What {
        /// The user's login shell.
        #[prost(bool, tag = "1")]
        LoginShell(bool),
        /// A command for the user's shell.
        #[prost(string, tag = "2")]
        Command(String),
        /// A subsystem of sshd, such as sftp.
        #[prost(string, tag = "3")]
        Subsystem(String),
        /// No program: a connection from the keeper's machine.
        #[prost(message, tag = "4")]
        Connection(super::Target),
        /// A connection to the sshd that this login came through.
        #[prost(message, tag = "5")]
        OwnSshd(super::OwnSshd),
    }
}

/// The wish for X11 forwarding. Holds no secret: it stands on a command line.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DisplayWish {
    /// The screen of the client's display that programs begin on.
    #[prost(uint32, tag = "1")]
    pub screen: u32,
    /// The first display number to try: what sshd chose. Known once sshd was asked.
    #[prost(uint32, tag = "2")]
    pub first: u32,
    /// The IP addresses at which sshd listened for it; empty where that could not be told.
    #[prost(string, repeated, tag = "3")]
    pub addresses: Vec<String>,
}

/// The display that a session has at the far end.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DisplayGiven {
    /// The cookie that programs there were given: 16 secret bytes, and not the display's own.
    #[prost(bytes = "vec", tag = "1")]
    pub cookie: Vec<u8>,
    /// DISPLAY there.
    #[prost(string, tag = "2")]
    pub name: String,
}

/// The wish for a new session. Holds no secret: it stands on a command line.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Start {
    /// What to run.
    #[prost(message, optional, tag = "1")]
    pub program: Option<Program>,
    /// The terminal it gets; none for pipes.
    #[prost(message, optional, tag = "2")]
    pub terminal: Option<Terminal>,
    /// What the person calls the session; may be empty.
    #[prost(string, tag = "3")]
    pub name: String,
    /// Who asks, for listings: user@machine.
    #[prost(string, tag = "4")]
    pub client: String,
    /// The client's Ed25519 public key, for QUIC; may be empty.
    #[prost(bytes = "vec", tag = "5")]
    pub public_key: Vec<u8>,
    /// First UDP port to try; 0 for no QUIC.
    #[prost(uint32, tag = "6")]
    pub udp_low: u32,
    /// Last UDP port to try.
    #[prost(uint32, tag = "7")]
    pub udp_high: u32,
    /// What becomes of a terminal's output that its first client cannot keep up with.
    #[prost(enumeration = "Pacing", tag = "8")]
    pub pacing: i32,
    /// Before anything is begun, tell the `Target` of the connection, and wait for one byte: the client
    /// asks sshd meanwhile whether it permits it.
    #[prost(bool, tag = "13")]
    pub waits: bool,
    /// Run nothing: the session is there for its forwards alone, and `program` is not looked at.
    #[prost(bool, tag = "9")]
    pub nothing: bool,
    /// The program gets the client's ssh-agent, if the login has it.
    #[prost(bool, tag = "10")]
    pub agent: bool,
    /// A session of this name that is there already is ended first. Older keepers ignore it, and refuse
    /// the name as taken.
    #[prost(bool, tag = "14")]
    pub replaces: bool,
    /// Programs get a display that leads to the client's, if sshd permits it. Before anything is begun the
    /// client is told, asks sshd, and answers with one byte; see [`Word`].
    #[prost(message, optional, tag = "16")]
    pub display: Option<DisplayWish>,
}

/// The byte with which a client answers a login that waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// sshd permits all that was asked about.
    All,
    /// It permits the session, and no display.
    NoDisplay,
    /// It permits the session, and no terminal.
    NoTerminal,
}

impl Word {
    /// The byte.
    pub fn byte(self) -> u8 {
        match self {
            Word::All => 1,
            Word::NoDisplay => 2,
            Word::NoTerminal => 3,
        }
    }

    /// The word that a byte is; none for any other.
    pub fn read(byte: u8) -> Option<Self> {
        [Word::All, Word::NoDisplay, Word::NoTerminal].into_iter().find(|word| word.byte() == byte)
    }
}

/// The wish to attach to a session that is there.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Attach {
    /// Which session: id or name; empty for the only one.
    #[prost(string, tag = "1")]
    pub session: String,
    /// The client's terminal.
    #[prost(message, optional, tag = "2")]
    pub terminal: Option<Terminal>,
    /// Who asks.
    #[prost(string, tag = "3")]
    pub client: String,
    /// The client's Ed25519 public key, for QUIC; may be empty.
    #[prost(bytes = "vec", tag = "4")]
    pub public_key: Vec<u8>,
    /// Detach all other clients.
    #[prost(bool, tag = "5")]
    pub displace: bool,
    /// What becomes of output that this client cannot keep up with.
    #[prost(enumeration = "Pacing", tag = "6")]
    pub pacing: i32,
    /// The session's display is to lead to this client from now on, if it has one. As in [`Start`].
    #[prost(message, optional, tag = "16")]
    pub display: Option<DisplayWish>,
}

/// What becomes of a terminal's output that a client cannot keep up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Pacing {
    /// Exact bytes while they drain soon; beyond that, a jump to the present.
    Smart = 0,
    /// Exact bytes always: the program waits.
    Exact = 1,
    /// The newest screen as soon as anything waits.
    Latest = 2,
}

impl Pacing {
    /// How people say it.
    pub const WORDS: [&'static str; 3] = ["smart", "exact", "latest"];
}

/// None of [`Pacing::WORDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is one of smart, exact, latest")]
pub struct NoPacing;

impl std::str::FromStr for Pacing {
    type Err = NoPacing;

    fn from_str(word: &str) -> Result<Self, NoPacing> {
        let all = [Self::Smart, Self::Exact, Self::Latest];
        let of = Self::WORDS.iter().zip(all).find(|(known, _)| **known == word);
        of.map(|(_, pacing)| pacing).ok_or(NoPacing)
    }
}

/// The keeper's first message on the pipe that a link begins with.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Opening {
    /// Welcome or refused.
    #[prost(oneof = "answer::Answer", tags = "1, 2, 3")]
    pub answer: Option<answer::Answer>,
}

/// The kinds of answer.
pub mod answer {
    /// Welcome or refused, at last.
    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum Answer {
        /// The link is open: frames follow.
        #[prost(message, tag = "1")]
        Welcome(super::Welcome),
        /// It is not.
        #[prost(message, tag = "2")]
        Refused(super::Refused),
        /// Not yet: may the login have a terminal? The client asks sshd, answers with one byte (see
        /// [`super::Word`]), and another `Opening` follows.
        #[prost(bool, tag = "3")]
        MayHaveTerminal(bool),
    }
}

/// All that the client needs. Travels inside ssh, or on a socket of the user's own.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Welcome {
    /// The session's id.
    #[prost(string, tag = "1")]
    pub session: String,
    /// Its name; may be empty.
    #[prost(string, tag = "2")]
    pub name: String,
    /// The link's id: 16 bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub link: Vec<u8>,
    /// The link's key: 32 secret bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub key: Vec<u8>,
    /// Where QUIC may reach the keeper.
    #[prost(message, optional, tag = "5")]
    pub quic: Option<Quic>,
    /// The keeper's release.
    #[prost(string, tag = "6")]
    pub release: String,
    /// Whether the session has a terminal.
    #[prost(bool, tag = "7")]
    pub terminal: bool,
    /// Words for the person, such as a warning that logout ends the session.
    #[prost(string, repeated, tag = "8")]
    pub notices: Vec<String>,
    /// What a session that is a connection is connected to, as text; else empty.
    #[prost(string, tag = "20")]
    pub connected: String,
    /// The session's display, where it leads to this client.
    #[prost(message, optional, boxed, tag = "21")]
    pub display: Option<Box<DisplayGiven>>,
}

/// Where QUIC may reach a keeper.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Quic {
    /// UDP port.
    #[prost(uint32, tag = "1")]
    pub port: u32,
    /// The keeper's Ed25519 public key.
    #[prost(bytes = "vec", tag = "2")]
    pub public_key: Vec<u8>,
    /// The machine's addresses, as text.
    #[prost(string, repeated, tag = "3")]
    pub addresses: Vec<String>,
}

/// Why a session was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum RefusalCode {
    /// Anything else.
    Other = 0,
    /// The user's shell cannot be run.
    NoShell = 1,
    /// No pseudo-terminal is to be had.
    NoTerminal = 2,
    /// No session of that name or id.
    NoSession = 3,
    /// More than one session, and none was named.
    SeveralSessions = 4,
    /// A subsystem that is not installed.
    NoSubsystem = 5,
    /// The name is taken.
    NameTaken = 6,
    /// The keeper could not start (full disk, no runtime directory).
    NoKeeper = 7,
    /// A command without a terminal has one client only.
    NotShareable = 8,
    /// The session's keeper does not answer.
    NotAnswering = 9,
    /// The folder of the keepers' sockets cannot be used.
    NoDirectory = 10,
    /// The connection that the session is to be was not made.
    NotConnected = 20,
}

/// Why a session was not opened, with what was seen.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Refused {
    /// Why.
    #[prost(enumeration = "RefusalCode", tag = "1")]
    pub code: i32,
    /// The value that is wrong, and the system's words.
    #[prost(string, tag = "2")]
    pub evidence: String,
    /// A command that helps on the keeper's machine; may be empty.
    #[prost(string, tag = "3")]
    pub remedy: String,
}
