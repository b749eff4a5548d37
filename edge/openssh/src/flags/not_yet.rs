//! What ssh can do and a link cannot carry yet, by the flag that asked for it.

use std::ffi::OsString;

/// Asked for on the command line (by flag or `-o`), not carried yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotYet {
    /// `-L` or `-o LocalForward`, with its argument.
    LocalForward(OsString),
    /// `-R` or `-o RemoteForward`.
    RemoteForward(OsString),
    /// `-D` or `-o DynamicForward`.
    DynamicForward(OsString),
    /// `-W`.
    StdioForward(OsString),
    /// `-w` or `-o Tunnel`.
    TunDevice(OsString),
    /// `-A` or `-o ForwardAgent`.
    ForwardAgent,
    /// `-X` or `-o ForwardX11`.
    ForwardX11,
    /// `-Y`.
    ForwardX11Trusted,
    /// `-g` or `-o GatewayPorts`.
    GatewayPorts,
    /// `-N` or `-o SessionType=none`.
    NoCommand,
    /// `-f` or `-o ForkAfterAuthentication`.
    Background,
}

impl NotYet {
    /// The flag, as ssh's manual names it.
    pub fn flag(&self) -> &'static str {
        match self {
            NotYet::LocalForward(_) => "-L",
            NotYet::RemoteForward(_) => "-R",
            NotYet::DynamicForward(_) => "-D",
            NotYet::StdioForward(_) => "-W",
            NotYet::TunDevice(_) => "-w",
            NotYet::ForwardAgent => "-A",
            NotYet::ForwardX11 => "-X",
            NotYet::ForwardX11Trusted => "-Y",
            NotYet::GatewayPorts => "-g",
            NotYet::NoCommand => "-N",
            NotYet::Background => "-f",
        }
    }

    /// Whether `ClearAllForwardings` takes it back.
    pub(super) fn cleared_by_option(&self) -> bool {
        matches!(
            self,
            NotYet::LocalForward(_)
                | NotYet::RemoteForward(_)
                | NotYet::DynamicForward(_)
                | NotYet::TunDevice(_)
        )
    }
}
