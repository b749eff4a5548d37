//! Names of streams. Not their state.

/// How a stream's bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Goes out at once, in datagrams while little is unacknowledged.
    Interactive,
    /// Goes in order on the best carrier.
    Bulk,
}

/// Which end opened a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The near end.
    Client,
    /// The far end.
    Keeper,
}

/// A stream's number: bit 0 tells who opened it (0 client), bit 1 its class (0 interactive).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u64);

impl StreamId {
    /// The stream of messages between the two ends; there from the first moment.
    pub const CONTROL: StreamId = StreamId(0);

    /// The `index`th stream of a class that `opener` opens.
    pub const fn new(opener: Role, class: Class, index: u64) -> Self {
        let opener = match opener {
            Role::Client => 0,
            Role::Keeper => 1,
        };
        let class = match class {
            Class::Interactive => 0,
            Class::Bulk => 2,
        };
        StreamId(index << 2 | class | opener)
    }

    /// Streams of this index and above are *growing*: they begin with a small window, of which there
    /// can be thousands, and get a larger one as they use it (forwarded connections).
    pub const GROWING_FROM: u64 = 1024;

    /// From its number on the wire.
    pub const fn from_number(number: u64) -> Self {
        StreamId(number)
    }

    /// Its number on the wire.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Which end opens it.
    pub const fn opener(self) -> Role {
        if self.0 & 1 == 0 { Role::Client } else { Role::Keeper }
    }

    /// Which one it is of its class and opener.
    pub const fn index(self) -> u64 {
        self.0 >> 2
    }

    /// Its window begins small.
    pub const fn grows(self) -> bool {
        self.index() >= Self::GROWING_FROM
    }

    /// Its class.
    pub const fn class(self) -> Class {
        if self.0 & 2 == 0 { Class::Interactive } else { Class::Bulk }
    }
}

impl std::fmt::Debug for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stream {}", self.0)
    }
}
