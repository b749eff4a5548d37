//! What ssh can do and a link does not carry, by the flag that asked for it.

use std::ffi::OsString;

/// Asked for on the command line (by flag or `-o`), not carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotYet {
    /// `-w` or `-o Tunnel`.
    TunDevice(OsString),
}

impl NotYet {
    /// The flag, as ssh's manual names it.
    pub fn flag(&self) -> &'static str {
        match self {
            NotYet::TunDevice(_) => "-w",
        }
    }

    /// Whether `ClearAllForwardings` takes it back.
    pub(super) fn cleared_by_option(&self) -> bool {
        matches!(self, NotYet::TunDevice(_))
    }
}
