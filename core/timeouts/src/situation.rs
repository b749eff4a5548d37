//! What is going on between the two ends when time passes. Which timers that lets fire is
//! `predict`'s.

/// What one side wants to send on its own account, other than keepalives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Nothing.
    None,
    /// A little, more often than its keepalive interval, for as long as it lasts: a clock, a log,
    /// keystrokes.
    Trickle,
    /// As much as is taken: what is on the way soon fills the window (2 MiB), and then the side
    /// is as quiet as an idle one. Measured with sshd 9.2p1: 2 x 1 gave 8.0 s, as an idle one.
    Flood,
}

/// What both sides send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Traffic {
    /// Keystrokes, uploads, forwards that carry data to the server.
    pub from_client: Flow,
    /// Output, downloads, forwards that carry data to the client.
    pub from_server: Flow,
}

impl Traffic {
    /// Nobody sends anything.
    pub const IDLE: Traffic = Traffic { from_client: Flow::None, from_server: Flow::None };
    /// A program prints a little all the time.
    pub const OUTPUT: Traffic = Traffic { from_client: Flow::None, from_server: Flow::Trickle };
    /// A program prints as fast as it can.
    pub const FLOOD: Traffic = Traffic { from_client: Flow::None, from_server: Flow::Flood };
    /// The person types on, or a forward carries data to the server.
    pub const TYPING: Traffic = Traffic { from_client: Flow::Trickle, from_server: Flow::None };
    /// A forward is busy in both directions.
    pub const FORWARD: Traffic = Traffic { from_client: Flow::Trickle, from_server: Flow::Trickle };
    /// An upload as fast as it goes.
    pub const UPLOAD: Traffic = Traffic { from_client: Flow::Flood, from_server: Flow::None };

    /// What a side sends.
    pub const fn from(self, side: crate::Side) -> Flow {
        match side {
            crate::Side::Client => self.from_client,
            crate::Side::Server => self.from_server,
        }
    }
}

/// What a healthy session is doing while nobody types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdleAs {
    /// A shell waits at its prompt.
    Prompt,
    /// A program runs and prints nothing.
    QuietProgram,
    /// A program prints now and then, more often than any limit.
    BusyProgram,
    /// A command without a terminal runs and prints nothing.
    QuietCommand,
    /// `ssh -N`: no session, only listening forwards.
    NoSession,
}

/// A situation, from whose beginning time is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Situation {
    /// Nothing arrives any more in either direction. Counted from the last byte that the side in
    /// question received.
    DeadPath(Traffic),
    /// The peer's process says nothing any more, its kernel still acknowledges: stopped, or a
    /// relay in between that hangs. Counted as for a dead path.
    FrozenPeer(Traffic),
    /// All is well and nobody types. Counted from the last keystroke or output.
    Idle(IdleAs),
    /// ssh calls a server that does not answer at all. Counted from ssh's start.
    Connecting,
    /// TCP is connected and the server says no word more, not even its banner.
    NoBanner,
    /// The server has said its banner; the login goes on, and waits for a person or a device.
    /// Counted from the last byte of the server; LoginGraceTime from the connection's beginning,
    /// which is earlier.
    Login,
    /// The last session over a shared connection has ended.
    MasterUnused,
}
