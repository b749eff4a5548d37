//! One forwarded connection: its socket, and how far each half of it is. What moves the bytes is in
//! `pump`.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;

use abide_link::{Link, Read, StreamId};
use abide_session::Messages;
use abide_socks::Wanted;
use abide_terms::Moment;
use abide_x11::Setup;
use bytes::{Buf, Bytes};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::AbortHandle;

use crate::limits::{GATHER_MAX, PIECES_MAX};
use crate::socket::Socket;

/// How far the opening is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The peer opened it, and has not said all of where it leads; or we are connecting.
    Asked,
    /// We opened it, and the peer has not answered.
    Asking,
    /// Both ends are connected.
    Open,
    /// One of them could not be: what still comes is dropped.
    Refused,
}

/// How far one direction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// Bytes flow.
    Open,
    /// Its end was passed on.
    Ended,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: Option<Arc<Socket>>,
    pub(crate) phase: Phase,
    pub(crate) inward: Half,
    pub(crate) outward: Half,
    /// Being written to the socket; none of them is empty.
    pub(crate) pieces: VecDeque<Bytes>,
    /// The message that opens the peer's half, until it is whole.
    pub(crate) messages: Messages,
    /// Looks at the first packet of an X program, which comes out of the link.
    pub(crate) setup: Option<Setup>,
    /// A SOCKS client that waits for its answer.
    pub(crate) wanted: Option<Wanted>,
    /// The link has no room: the socket is not read.
    pub(crate) starved: bool,
    pub(crate) waits_in: Option<AbortHandle>,
    pub(crate) waits_out: Option<AbortHandle>,
    /// Our number of the listener that accepted it, if one of ours did.
    pub(crate) listener: Option<u64>,
    /// For people: who connected, and where it leads.
    pub(crate) origin: String,
    pub(crate) target: String,
    /// Bytes passed: into the link, and to the socket.
    pub(crate) passed: (u64, u64),
    /// Frees its place among those that may be open at once.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    pub(crate) fn new(phase: Phase) -> Self {
        Connection {
            socket: None,
            phase,
            inward: Half::Open,
            outward: Half::Open,
            pieces: VecDeque::new(),
            messages: Messages::default(),
            setup: None,
            wanted: None,
            starved: false,
            waits_in: None,
            waits_out: None,
            listener: None,
            origin: String::new(),
            target: String::new(),
            passed: (0, 0),
            permit: None,
        }
    }

    /// Closes the socket; nothing more is read from it.
    pub(crate) fn close(&mut self) {
        self.waits_in.take().iter().for_each(AbortHandle::abort);
        self.waits_out.take().iter().for_each(AbortHandle::abort);
        self.socket = None;
        self.pieces = VecDeque::new();
        self.permit = None;
    }

    /// What is to be written before all that is in the link.
    pub(crate) fn put_first(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.pieces.push_back(bytes);
        }
    }

    /// Takes what follows the first piece out of the link, as far as one write may take it: many small
    /// writes would wake the reader of the socket for each.
    pub(crate) fn gather(&mut self, now: Moment, link: &mut Link, id: StreamId) {
        let mut held: usize = self.pieces.iter().map(Bytes::len).sum();
        while held < GATHER_MAX
            && self.pieces.len() < PIECES_MAX
            && let Read::Bytes(bytes) = link.read(now, id)
        {
            held += bytes.len();
            self.pieces.push_back(bytes);
        }
    }

    /// Writes what the socket takes of the pieces.
    pub(crate) fn write(&mut self, socket: &Socket) -> io::Result<usize> {
        let slices: Vec<IoSlice<'_>> =
            self.pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let count = socket.write_pieces(&slices)?;
        let mut left = count;
        while left > 0
            && let Some(front) = self.pieces.front_mut()
        {
            if left < front.len() {
                front.advance(left);
                break;
            }
            left -= front.len();
            self.pieces.pop_front();
        }
        self.passed.1 += count as u64;
        Ok(count)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}
