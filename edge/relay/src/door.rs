//! The other side of `ssh`'s `ProxyCommand`: connects to a relay, tells it the way, and hands the
//! connected socket to `ssh` (`ProxyUseFdpass`). A moment's work; it carries no traffic.

use std::io::{self, IoSlice, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt::set_socket_keepalive;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::far::KeepAlive;
use crate::pass::{PASS_BYTES, Pass};
use crate::way::{MAX_WAY, Way, WayError};

/// How long reaching a relay on this very machine may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Why nothing could be handed over.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The relay is gone, or was never there.
    #[error("no relay at {relay}: {source}")]
    NoRelay {
        /// Where it was looked for.
        relay: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The way cannot be told.
    #[error(transparent)]
    Way(#[from] WayError),
    /// Whoever started this does not take descriptors: it was not `ssh` with `ProxyUseFdpass`.
    #[error("the socket cannot be handed over: {0}")]
    NotTaken(io::Error),
}

/// Connects to `relay` and hands the socket over through `to`, which is the standard output that
/// `ssh` gave to its `ProxyCommand`. `keepalive` is what `TCPKeepAlive` asks for: with a
/// `ProxyCommand` `ssh` would not set it itself.
///
/// # Errors
/// See [`DoorError`].
pub fn hand_over(
    relay: SocketAddr,
    pass: &Pass,
    way: &Way,
    keepalive: KeepAlive,
    to: impl AsFd,
) -> Result<(), DoorError> {
    let no_relay = |source| DoorError::NoRelay { relay, source };
    let greeting = greeting(pass, way)?;
    let mut stream = TcpStream::connect_timeout(&relay, CONNECT_LIMIT).map_err(no_relay)?;
    stream.write_all(&greeting).map_err(no_relay)?;
    set_socket_keepalive(&stream, keepalive == KeepAlive::On)
        .map_err(|error| no_relay(error.into()))?;
    pass_descriptor(&stream, to).map_err(DoorError::NotTaken)
}

/// The pass, the length of the way in two bytes, the way.
fn greeting(pass: &Pass, way: &Way) -> Result<Vec<u8>, WayError> {
    let way = way.encode()?;
    let length = u16::try_from(way.len()).map_err(|_| WayError::TooLong { length: way.len() })?;
    Ok([&pass.bytes()[..], &length.to_be_bytes(), &way].concat())
}

/// How many bytes of a greeting come before the way.
pub(crate) const GREETING_HEAD: usize = PASS_BYTES + 2;

/// Whether the head of a greeting is for this relay, and how long its way is.
pub(crate) fn admitted(pass: &Pass, head: &[u8; GREETING_HEAD]) -> Option<usize> {
    let (word, length) = head.split_at(PASS_BYTES);
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    (pass.admits(word) && length <= MAX_WAY).then_some(length)
}

/// One byte and the descriptor, as ssh's mm_receive_fd takes them.
fn pass_descriptor(stream: &TcpStream, to: impl AsFd) -> io::Result<()> {
    let fds = [stream.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(io::Error::other("no room for one descriptor"));
    }
    let sent = rustix::io::retry_on_intr(|| {
        sendmsg(to.as_fd(), &[IoSlice::new(&[0])], &mut control, SendFlags::empty())
    })?;
    if sent == 1 { Ok(()) } else { Err(io::Error::from(io::ErrorKind::WriteZero)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_greeting_is_checked() {
        let (pass, other) = (Pass::fresh(), Pass::fresh());
        let way = Way::Direct { host: "h".into(), port: 22 };
        let greeting = greeting(&pass, &way).unwrap();
        let mut head = [0; GREETING_HEAD];
        head.copy_from_slice(&greeting[..GREETING_HEAD]);
        assert_eq!(admitted(&pass, &head), Some(greeting.len() - GREETING_HEAD));
        assert_eq!(admitted(&other, &head), None);
        head[PASS_BYTES] = 0xff;
        assert_eq!(admitted(&pass, &head), None, "longer than a way may be");
    }
}
