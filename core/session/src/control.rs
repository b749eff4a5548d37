//! Messages on a link's control stream.

use crate::opening::Terminal;

/// Client to keeper.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ToKeeper {
    /// Exactly one; one of a later release is `None` and ignored.
    #[prost(oneof = "to_keeper::Message", tags = "1, 2, 3, 4, 6, 7, 8")]
    pub message: Option<to_keeper::Message>,
}

/// The kinds of message to a keeper.
pub mod to_keeper {
    /// Exactly one.
    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum Message {
        /// The client's terminal has this size now.
        #[prost(message, tag = "1")]
        Resize(super::Resize),
        /// A signal for the program, by name without SIG.
        #[prost(string, tag = "2")]
        Signal(String),
        /// End the session: hang up on the program.
        #[prost(bool, tag = "3")]
        HangUp(bool),
        /// A forward: listen there.
        #[prost(message, tag = "6")]
        Listen(crate::forward::Listen),
        /// Stop listening; connections that were made go on.
        #[prost(uint64, tag = "7")]
        Unlisten(u64),
        /// A forwarded connection was cut off.
        #[prost(message, tag = "8")]
        Cut(crate::forward::Cut),
        /// Send what the session printed, as text.
        #[prost(message, tag = "4")]
        ShowLog(super::ShowLog),
    }
}

/// A terminal's new size.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Resize {
    /// The terminal.
    #[prost(message, optional, tag = "1")]
    pub terminal: Option<Terminal>,
}

/// Keeper to client.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ToClient {
    /// Exactly one; one of a later release is `None` and ignored.
    #[prost(oneof = "to_client::Message", tags = "1, 2, 3, 4, 5, 6, 7, 10")]
    pub message: Option<to_client::Message>,
}

/// The kinds of message to a client.
pub mod to_client {
    /// Exactly one.
    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum Message {
        /// The program exited; its output is finished separately.
        #[prost(message, tag = "1")]
        Exited(super::Exited),
        /// Output goes on in another stream.
        #[prost(message, tag = "2")]
        OutputRestarts(super::OutputRestarts),
        /// Another client's typing gave the session this size.
        #[prost(message, tag = "3")]
        Resized(super::Resize),
        /// What came of `Listen`.
        #[prost(message, tag = "6")]
        Listening(crate::forward::Listening),
        /// A forwarded connection was cut off.
        #[prost(message, tag = "7")]
        Cut(crate::forward::Cut),
        /// How the terminal takes input changed.
        #[prost(message, tag = "10")]
        Reading(super::Reading),
        /// What was asked for by `ShowLog` follows on a stream of its own.
        #[prost(message, tag = "4")]
        LogFollows(super::LogFollows),
        /// How the first output stream of a client begins that came to a session under way.
        #[prost(message, tag = "5")]
        OutputBegins(super::OutputBegins),
    }
}

/// How a terminal takes input: neither is set in line editors and full-screen programs, both in
/// between, and lines without echo are passwords.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Reading {
    /// The kernel shows what is typed.
    #[prost(bool, tag = "1")]
    pub echo: bool,
    /// Input is taken by lines.
    #[prost(bool, tag = "2")]
    pub lines: bool,
}

/// How a program ended.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Exited {
    /// Its exit status, unless a signal ended it.
    #[prost(uint32, optional, tag = "1")]
    pub status: Option<u32>,
    /// The signal's name without SIG, if one did.
    #[prost(string, tag = "2")]
    pub signal: String,
    /// It dumped core.
    #[prost(bool, tag = "3")]
    pub core: bool,
}

/// The present output stream is abandoned. The next opens with the present state, as bytes that bring
/// a fresh terminal there.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct OutputRestarts {
    /// The new stream's number.
    #[prost(uint64, tag = "1")]
    pub stream: u64,
    /// Bytes of output that were skipped.
    #[prost(uint64, tag = "2")]
    pub skipped: u64,
    /// Bytes of the new stream that are the state; what follows is output as it is.
    #[prost(uint64, tag = "3")]
    pub state: u64,
    /// Lines of scrollback in the state: the last ones.
    #[prost(uint64, tag = "4")]
    pub lines: u64,
    /// Lines that ever scrolled off the session's screen, up to the state.
    #[prost(uint64, tag = "5")]
    pub scrolled: u64,
}

/// The output stream opens with the state of the session, scrollback and all.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct OutputBegins {
    /// Lines of scrollback in the state: the last ones.
    #[prost(uint64, tag = "1")]
    pub lines: u64,
    /// Lines that ever scrolled off the session's screen, up to the state.
    #[prost(uint64, tag = "2")]
    pub scrolled: u64,
}

/// A wish to read what the session printed, as far as it is kept.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ShowLog {}

/// Where it can be read.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct LogFollows {
    /// The stream; it ends with the text.
    #[prost(uint64, tag = "1")]
    pub stream: u64,
}
