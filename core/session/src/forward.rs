//! Forwards: what opens a forwarded connection on its stream, and what the two ends say about
//! listeners. A connection's stream begins with one message each way; raw bytes follow.

/// The first message of a forwarded connection, from the end that accepted it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Connect {
    /// Exactly one; one of a later release is `None` and refused.
    #[prost(oneof = "connect::To", tags = "1, 2, 3")]
    pub to: Option<connect::To>,
    /// Who connected, for people: an address and port; may be empty.
    #[prost(string, tag = "4")]
    pub origin: String,
}

/// Where a forwarded connection leads.
pub mod connect {
    /// Exactly one.
    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum To {
        /// A host and port, as seen from the end that connects.
        #[prost(message, tag = "1")]
        Host(super::Host),
        /// A unix socket there.
        #[prost(string, tag = "2")]
        Path(String),
        /// Wherever the listener of that number leads; the end that asked for it knows.
        #[prost(uint64, tag = "3")]
        Listener(u64),
    }
}

/// A host and a port.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Host {
    /// Name or address.
    #[prost(string, tag = "1")]
    pub host: String,
    /// TCP port.
    #[prost(uint32, tag = "2")]
    pub port: u32,
}

/// The first message back.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Connected {
    /// Why there is no connection; none when there is one.
    #[prost(string, optional, tag = "1")]
    pub refused: Option<String>,
}

/// Client to keeper: listen, or look who listens.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Listen {
    /// The client's number for it; each is used once in a link.
    #[prost(uint64, tag = "1")]
    pub listener: u64,
    /// Exactly one; one of a later release is `None` and refused.
    #[prost(oneof = "listen::At", tags = "2, 3, 4")]
    pub at: Option<listen::At>,
    /// Connections say by SOCKS where they lead.
    #[prost(bool, tag = "6")]
    pub socks: bool,
}

/// Where a keeper listens.
pub mod listen {
    /// Exactly one.
    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum At {
        /// Nowhere: say at which addresses this user has a listener of that port.
        #[prost(uint32, tag = "2")]
        Look(u32),
        /// These addresses.
        #[prost(message, tag = "3")]
        Addresses(super::Addresses),
        /// A unix socket.
        #[prost(message, tag = "4")]
        Path(super::SocketPath),
    }
}

/// Addresses with ports, such as `127.0.0.1:80` and `[::1]:80`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Addresses {
    /// Each as Rust and RFC 5952 write them.
    #[prost(string, repeated, tag = "1")]
    pub addresses: Vec<String>,
}

/// A unix socket to be made.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SocketPath {
    /// Where.
    #[prost(string, tag = "1")]
    pub path: String,
    /// StreamLocalBindMask.
    #[prost(uint32, tag = "3")]
    pub mask: u32,
}

/// Keeper to client: what came of `Listen`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Listening {
    /// Which.
    #[prost(uint64, tag = "1")]
    pub listener: u64,
    /// Why it does not listen; none when it does.
    #[prost(string, optional, tag = "2")]
    pub failed: Option<String>,
    /// Where it listens; for `Look`, what was seen: empty when that cannot be told.
    #[prost(string, repeated, tag = "3")]
    pub addresses: Vec<String>,
}

/// Either way: a forwarded connection was cut off, not finished.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Cut {
    /// The stream's number.
    #[prost(uint64, tag = "1")]
    pub stream: u64,
}
