//! What a relay saw, as values. No counting and no judgement.

use abide_terms::Moment;

/// One of the two programs that talk through the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// The user's `ssh`.
    Client,
    /// The server's sshd, or whatever stands before it.
    Server,
}

impl End {
    /// The one it talks to.
    pub const fn other(self) -> End {
        match self {
            End::Client => End::Server,
            End::Server => End::Client,
        }
    }
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From client to server.
    ToServer,
    /// From server to client.
    ToClient,
}

impl Direction {
    /// Who sends in this direction.
    pub const fn sender(self) -> End {
        match self {
            Direction::ToServer => End::Client,
            Direction::ToClient => End::Server,
        }
    }
}

/// What became of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// They go on at once.
    Passed,
    /// The relay is cut: they are held until it is healed.
    Held,
}

/// How a side ended its half of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closing {
    /// In order: end of file.
    Ended,
    /// By a reset, or another error of its socket.
    Broken,
}

/// Something that happened at the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Client and server are connected.
    Opened,
    /// There is no way to the server: what was said. The client has been hung up on.
    NoWay(String),
    /// The first line of a side, which every SSH program sends in clear.
    Banner {
        /// Whose.
        by: End,
        /// Without its line end.
        line: String,
    },
    /// Bytes as one read gave them. On a quiet connection that is one packet of SSH's, as both
    /// ends write each with one call.
    Bytes {
        /// Which way.
        direction: Direction,
        /// How many.
        count: usize,
        /// What became of them.
        fate: Fate,
    },
    /// A side will send nothing more.
    Closed {
        /// Which.
        by: End,
        /// How.
        how: Closing,
    },
}

/// Something that happened at the relay, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When the relay learnt of it, by [`abide_host::clock::now`].
    pub at: Moment,
    /// What.
    pub what: What,
}
