//! Forwarded connections: sockets on one side, streams of a link on the other. The same for client and
//! keeper, either of which may accept a connection or make one. Knows nothing of ssh, and nothing of what
//! the server permits: whoever owns a [`Forwards`] decides what is opened.
//!
//! The end that accepted a connection opens a stream for it and says where it leads; the other end
//! connects, and answers. Bytes flow at once: those that come before the answer wait in the stream. Either
//! half may end before the other, and a connection that is cut off at one end is cut off at the other.

mod connection;
mod dial;
mod forwards;
mod greeting;
mod limits;
mod listener;
mod pump;
mod socket;

pub use dial::{Dial, words};
pub use forwards::{Accepted, Forwards, Happened, Listed, Report, Told};
pub use limits::{CONNECTIONS_MAX, DIAL_WITHIN, IN_LINK_MAX, LISTENERS_MAX};
pub use listener::{Accepting, Bind, Kind, Listener, UnixPlace, Wished};
pub use socket::Socket;
