//! Requests on a keeper's unix socket, one on each connection.

use crate::opening::Attach;

/// What is asked of a keeper.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Request {
    /// Exactly one.
    #[prost(oneof = "asks::Ask", tags = "1, 2, 3, 4, 5, 6")]
    pub ask: Option<asks::Ask>,
}

/// The kinds of request.
pub mod asks {
    /// Exactly one. The first two carry two file descriptors: where to read and where to write.
    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum Ask {
        /// A new link: an `Opening` follows on the descriptors.
        #[prost(message, tag = "1")]
        Attach(super::Attach),
        /// A new carrier of a link: a handshake follows on the descriptors.
        #[prost(message, tag = "2")]
        Resume(super::Resume),
        /// What session is this?
        #[prost(message, tag = "3")]
        Describe(super::Describe),
        /// End it.
        #[prost(message, tag = "4")]
        End(super::End),
        /// Detach its clients.
        #[prost(message, tag = "5")]
        Detach(super::Detach),
        /// What did it print?
        #[prost(message, tag = "6")]
        Log(super::Log),
    }
}

/// A new carrier of a link.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Resume {}

/// What session is this?
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Describe {
    /// Answer only once clients have been asked whether they are there. Keepers of earlier releases answer
    /// at once.
    #[prost(bool, tag = "1")]
    pub asks_clients: bool,
}

/// End the session: hang up on the program, and kill it if that does not help.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct End {
    /// Who asks.
    #[prost(string, tag = "1")]
    pub by: String,
}

/// Detach all clients of the session.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Detach {
    /// Who asks.
    #[prost(string, tag = "1")]
    pub by: String,
}

/// What a session printed, as far as it is kept: answered by any number of [`LogPart`]s.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Log {
    /// At most so many of the last lines; all if 0.
    #[prost(uint64, tag = "1")]
    pub lines: u64,
    /// Characters alone, without colours and attributes.
    #[prost(bool, tag = "2")]
    pub plain: bool,
    /// Which session, where that is still open: id or name; empty for the only one.
    #[prost(string, tag = "3")]
    pub session: String,
}

/// A piece of what a session printed.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct LogPart {
    /// Lines, each ended by a line feed; a piece may end anywhere.
    #[prost(bytes = "vec", tag = "1")]
    pub text: Vec<u8>,
}

/// Longest [`LogPart::text`], in bytes.
pub const LOG_PART_MAX: usize = 128 * 1024;

/// A keeper's answer to requests without descriptors.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Reply {
    /// Exactly one.
    #[prost(oneof = "reply::Answer", tags = "1, 2, 3, 6")]
    pub answer: Option<reply::Answer>,
}

/// The kinds of answer.
pub mod reply {
    /// Exactly one.
    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum Answer {
        /// The session.
        #[prost(message, tag = "1")]
        Description(super::Description),
        /// It is done.
        #[prost(message, tag = "2")]
        Done(super::Done),
        /// It is not.
        #[prost(message, tag = "3")]
        Failed(super::Failed),
        /// Some of what the session printed.
        #[prost(message, tag = "6")]
        LogPart(super::LogPart),
    }
}

/// A session, for listings.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Description {
    /// Id.
    #[prost(string, tag = "1")]
    pub session: String,
    /// Name; may be empty.
    #[prost(string, tag = "2")]
    pub name: String,
    /// What it runs, for people.
    #[prost(string, tag = "3")]
    pub program: String,
    /// Seconds since it began.
    #[prost(uint64, tag = "4")]
    pub age: u64,
    /// The clients that are attached.
    #[prost(message, repeated, tag = "5")]
    pub clients: Vec<AttachedClient>,
    /// It has a terminal.
    #[prost(bool, tag = "6")]
    pub terminal: bool,
    /// The terminal's title; may be empty.
    #[prost(string, tag = "7")]
    pub title: String,
    /// The program exited, and a client has not yet taken the rest.
    #[prost(bool, tag = "8")]
    pub finished: bool,
    /// The keeper's release.
    #[prost(string, tag = "9")]
    pub release: String,
    /// The keeper's process id.
    #[prost(uint32, tag = "10")]
    pub pid: u32,
    /// The keeper does not answer; what else is here was found without it.
    #[prost(bool, tag = "11")]
    pub unanswered: bool,
}

/// One client of a session.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct AttachedClient {
    /// user@machine.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Carriers in use, best first: quic, ssh, local.
    #[prost(string, repeated, tag = "2")]
    pub carriers: Vec<String>,
    /// Seconds since anything was heard of it, once it is silent.
    #[prost(uint64, optional, tag = "3")]
    pub silent: Option<u64>,
}

/// It is done.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Done {}

/// It is not done.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Failed {
    /// What is wrong.
    #[prost(string, tag = "1")]
    pub evidence: String,
    /// What was seen; may be empty.
    #[prost(string, tag = "2")]
    pub because: String,
    /// A command that helps on the keeper's machine; may be empty.
    #[prost(string, tag = "3")]
    pub remedy: String,
}
