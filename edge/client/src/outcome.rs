//! How a client's work ended.

use abide_session::Exited;
use abide_terms::Ending;

/// Why the client stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The program ended.
    Exited(Exited),
    /// The person detached (`~d`, or the terminal went away); the session goes on.
    Detached,
    /// The person left (`~.`). `told`: the keeper knows, and ends the session.
    Left {
        /// Whether the keeper could be told.
        told: bool,
    },
    /// The other side closed the link.
    Closed(Ending),
    /// A signal stopped the client.
    Signalled {
        /// Its number.
        number: i32,
        /// Whether the keeper could be told.
        told: bool,
    },
    /// Nobody reads our output any more.
    OutputClosed,
    /// A forward failed, and ExitOnForwardFailure is set.
    ForwardFailed,
    /// There is no way back to the session.
    Lost(LinkLost),
}

/// Why there is no way back.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkLost {
    /// The session is not there any more: the keeper or its machine stopped.
    SessionGone,
}
