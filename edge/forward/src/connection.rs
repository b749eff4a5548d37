//! One forwarded connection: its socket, and how far each half of it is. What moves the bytes is in
//! `pump`.

use std::sync::Arc;

use abide_session::Messages;
use abide_socks::Wanted;
use abide_x11::Setup;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::AbortHandle;

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
    /// Being written to the socket.
    pub(crate) piece: Bytes,
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
            piece: Bytes::new(),
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
        self.piece = Bytes::new();
        self.permit = None;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}
