//! Names of what a lab makes. Each holds its owner's process number, so that what dead owners
//! left behind can be told from what is in use.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where `ip netns` keeps its names.
pub(crate) const NAMESPACES: &str = "/run/netns";
/// The roles of a lab's namespaces: client, both gateways, server.
pub(crate) const ROLES: [&str; 4] = ["client", "gw1", "gw2", "server"];

const PREFIX: &str = "abl";

/// One lab on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LabName {
    owner: u32,
    number: u32,
}

impl LabName {
    /// A name that no other lab has.
    pub(crate) fn fresh() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        LabName { owner: std::process::id(), number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// The lab to which a namespace or directory of this name belongs.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        if parts.next()? != PREFIX {
            return None;
        }
        Some(LabName { owner: parts.next()?.parse().ok()?, number: parts.next()?.parse().ok()? })
    }

    /// The namespace of a role.
    pub(crate) fn namespace(self, role: &str) -> String {
        format!("{self}-{role}")
    }

    /// The lab's directory of keys, configuration and sockets.
    pub(crate) fn directory(self) -> PathBuf {
        std::env::temp_dir().join(self.to_string())
    }

    /// Whether the process that made it still runs.
    pub(crate) fn owner_lives(self) -> bool {
        Path::new("/proc").join(self.owner.to_string()).exists()
    }
}

impl fmt::Display for LabName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}-{}-{}", self.owner, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_tell_their_owner() {
        let (first, second) = (LabName::fresh(), LabName::fresh());
        assert_ne!(first, second);
        assert_eq!(LabName::of(&first.namespace("gw1")), Some(first));
        assert!(first.owner_lives());
        for other in ["docker0", "abl", "abl-x-1-client", "abl-17"] {
            assert_eq!(LabName::of(other), None, "{other}");
        }
    }
}
