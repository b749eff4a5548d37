//! A connected socket, TCP or unix, without waiting: what can be read or written now.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use abide_host::descriptors::read_more;
use bytes::BytesMut;
use rustix::net::sockopt::set_socket_linger;
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the socket into the link.
    In,
    /// From the link to the socket.
    Out,
}

/// A connected socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// Unix.
    Unix(UnixStream),
}

impl Socket {
    /// A TCP connection; small messages are to go at once.
    pub(crate) fn tcp(stream: TcpStream) -> Self {
        // A connection that is gone already shows when reading.
        let _ = stream.set_nodelay(true);
        Socket::Tcp(stream)
    }

    /// Waits until it is worth trying. An error shows when trying.
    pub(crate) async fn ready(&self, direction: Direction) {
        let interest = match direction {
            Direction::In => Interest::READABLE,
            Direction::Out => Interest::WRITABLE,
        };
        let _ = match self {
            Socket::Tcp(stream) => stream.ready(interest).await,
            Socket::Unix(stream) => stream.ready(interest).await,
        };
    }

    /// Reads what is there onto the end of `buffer`, at most `most` bytes; 0 at the end.
    pub(crate) fn read(&self, buffer: &mut BytesMut, most: usize) -> io::Result<usize> {
        let read = || read_more(self.fd(), buffer, most);
        match self {
            Socket::Tcp(stream) => stream.try_io(Interest::READABLE, read),
            Socket::Unix(stream) => stream.try_io(Interest::READABLE, read),
        }
    }

    /// Writes what it takes.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.try_write(bytes),
            Socket::Unix(stream) => stream.try_write(bytes),
        }
    }

    /// Writes what it takes of all of them.
    pub(crate) fn write_pieces(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.try_write_vectored(pieces),
            Socket::Unix(stream) => stream.try_write_vectored(pieces),
        }
    }

    /// Nothing more will be written.
    pub(crate) fn finish(&self) {
        // A connection that is gone needs no end.
        let _ = rustix::net::shutdown(self.fd(), rustix::net::Shutdown::Write);
    }

    /// Closing it will tell the other side that the connection was cut off (RST), not finished.
    pub(crate) fn cut(&self) {
        if matches!(self, Socket::Tcp(_)) {
            let _ = set_socket_linger(self.fd(), Some(Duration::ZERO));
        }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Unix(stream) => stream.as_fd(),
        }
    }
}
