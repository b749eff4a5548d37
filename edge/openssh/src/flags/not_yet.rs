//! What ssh can do and a link cannot carry yet, by the flag that asked for it.

use std::ffi::OsString;

/// Asked for on the command line (by flag or `-o`), not carried yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotYet {
    /// `-w` or `-o Tunnel`.
    TunDevice(OsString),
    /// `-X` or `-o ForwardX11`.
    ForwardX11,
    /// `-Y`.
    ForwardX11Trusted,
}

impl NotYet {
    /// The flag, as ssh's manual names it.
    pub fn flag(&self) -> &'static str {
        match self {
            NotYet::TunDevice(_) => "-w",
            NotYet::ForwardX11 => "-X",
            NotYet::ForwardX11Trusted => "-Y",
        }
    }

    /// Whether `ClearAllForwardings` takes it back.
    pub(super) fn cleared_by_option(&self) -> bool {
        matches!(self, NotYet::TunDevice(_))
    }
}
