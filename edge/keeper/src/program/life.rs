//! What a session's program is to the system: a child process, or a connection. Not its bytes.

use std::os::fd::OwnedFd;

use abide_host::child::{Child, Exit};
use rustix::net::{Shutdown, shutdown};
use tokio::io::unix::AsyncFd;

/// What lives, and ends.
pub(super) enum Life {
    /// A program.
    Process {
        /// Its process.
        child: Child,
        /// Readable once it exited.
        exited: AsyncFd<OwnedFd>,
    },
    /// A connection to somewhere, kept to be cut when the session is to end.
    Connection(OwnedFd),
}

/// What a signal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signalled {
    /// It is the program's to heed.
    Sent,
    /// The connection is over.
    Cut,
}

impl Life {
    /// No more input will come. A pipe says so by being closed; of a connection only this half is.
    pub(super) fn end_input(&self, input: &OwnedFd) {
        if let Life::Connection(_) = self {
            // One that is gone already needs no end.
            let _ = shutdown(input, Shutdown::Write);
        }
    }

    /// How it ended, once it has. `spent`: nothing goes in or comes out any more.
    pub(super) fn exit(&mut self, spent: bool) -> Option<Exit> {
        match self {
            Life::Process { child, .. } => child.try_wait().ok().flatten(),
            Life::Connection(_) => spent.then_some(Exit::Code(0)),
        }
    }

    /// Sends a signal to a program and its children. One that is gone already needs none. Any signal
    /// that would end a program cuts a connection.
    pub(super) fn signal(&self, number: i32) -> Signalled {
        const ENDING: [i32; 5] = [1, 2, 3, 9, 15];
        match self {
            Life::Process { child, .. } => {
                let _ = child.signal_group(number);
                Signalled::Sent
            }
            Life::Connection(socket) if ENDING.contains(&number) => {
                // One that is gone already is cut.
                let _ = shutdown(socket, Shutdown::Both);
                Signalled::Cut
            }
            Life::Connection(_) => Signalled::Sent,
        }
    }

    /// Whether it is a connection.
    pub(super) fn is_connection(&self) -> bool {
        matches!(self, Life::Connection(_))
    }
}
