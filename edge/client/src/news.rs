//! What happens to a link and its forwards, as values, for programs that watch over them. People hear
//! of the same things in words, where they are to hear of them.

use abide_openssh::{ListenPlace, SshEnding};

/// Which kind of carrier a link is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierNews {
    /// A socket of this machine.
    Local,
    /// The stdio of an ssh process.
    Ssh,
    /// A QUIC connection.
    Quic,
}

/// Something that happened to a link or its forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// All forwards that can be had are there.
    Ready,
    /// No carrier can be trusted any more.
    Silent,
    /// One answers again.
    Heard,
    /// The link is on this carrier now.
    On(CarrierNews),
    /// ssh was run again, and ended so.
    SshFailed(&'a SshEnding),
    /// A connection that was accepted here was not made there.
    NotOpened {
        /// The words of sshd, or of the keeper.
        why: &'a str,
    },
    /// Somebody connected to a port or socket of the server's.
    Incoming {
        /// Where it listens, as it was asked for.
        listen: &'a ListenPlace,
        /// The port that sshd chose.
        allocated: Option<u16>,
    },
    /// Such a connection was not made here.
    NotDialled {
        /// Where it was to lead.
        target: &'a str,
    },
    /// sshd chose this port.
    Allocated {
        /// The port.
        port: u16,
        /// Where it leads.
        target: &'a str,
    },
    /// The server does not listen there.
    RemoteFailed {
        /// The port, or the path.
        listen: &'a str,
    },
}
