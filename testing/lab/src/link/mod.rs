//! The emulated link: delay, jitter, loss, rate, bounded queue, blackhole, blocked protocols,
//! all changeable while packets flow. Works on IP packets; it knows no namespace.

mod emulator;
mod flows;
mod handle;
mod packet;
mod path;
mod profile;
mod pump;
mod random;
mod reject;
mod stats;

pub use handle::LinkHandle;
pub use packet::Protocol;
pub use profile::{LinkSettings, PathSettings, Profile};
pub use stats::{Count, LinkStats, PathStats};

pub(crate) use handle::Ends;
pub(crate) use profile::span;
pub(crate) use pump::Pump;

/// One way through the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client's gateways to the server.
    Up,
    /// From the server to the client's gateways.
    Down,
}

/// What happens to packets of a protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blocking {
    /// They pass.
    #[default]
    Free,
    /// They vanish, as behind a silent firewall.
    Drop,
    /// They are answered: UDP by "port unreachable", TCP by a reset.
    Reject,
}
