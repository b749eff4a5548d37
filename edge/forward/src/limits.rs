//! Every maximum of forwarding, with what happens at it.

use std::time::Duration;

/// Connections that one end has accepted and that are open at once. At it, further ones wait in the
/// listeners' queues.
pub const CONNECTIONS_MAX: usize = 1536;
/// Listeners of one end at once. At it, a further one is refused.
pub const LISTENERS_MAX: usize = 256;
/// Bytes of one connection that are in the link and not acknowledged. At it, its socket is read no
/// further, so that whoever writes to it waits.
pub const IN_LINK_MAX: usize = 4 * 1024 * 1024;
/// Bytes read from a socket at once.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Bytes of memory that reads share.
pub(crate) const BLOCK: usize = 128 * 1024;
/// Reads up to this are copied, so that they hold no more memory than they are long: what a connection
/// that stalls has in the link is not more at once.
pub(crate) const COPY_UPTO: usize = 16 * 1024;
/// Bytes that one connection may move before the others have their turn.
pub(crate) const TURN_MAX: usize = 256 * 1024;
/// Bytes of one connection that are taken out of the link for one write, give or take one frame. What the
/// socket does not take of them stays in memory: no more than the stream's window was.
pub(crate) const GATHER_MAX: usize = 256 * 1024;
/// Frames that they may be.
pub(crate) const PIECES_MAX: usize = 64;
/// How long looking a name up and connecting may take.
pub const DIAL_WITHIN: Duration = Duration::from_secs(60);
/// How long a SOCKS client may take to say where it wants to go; then it is closed.
pub(crate) const GREETING_WITHIN: Duration = Duration::from_secs(30);
/// Connections that may wait to be accepted: the system's own limit is lower on most machines.
pub(crate) const BACKLOG: i32 = 4096;
/// How long to wait when the system has no descriptor left for a connection.
pub(crate) const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How long to wait until sshd has let go of a port that it was asked to open and to close again.
pub(crate) const FREE_WITHIN: Duration = Duration::from_secs(3);
/// How often that is tried.
pub(crate) const FREE_TRY_EVERY: Duration = Duration::from_millis(5);
