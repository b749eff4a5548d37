//! Which of the two configuration languages, and which release of OpenSSH reads it.

/// One of OpenSSH's two configuration languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `ssh_config`, read by `ssh`.
    Client,
    /// `sshd_config`, read by `sshd`.
    Server,
}

/// A release of OpenSSH, as in `9.2`. Rules that changed ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The number before the dot.
    pub major: u16,
    /// The number after the dot.
    pub minor: u16,
}

impl Release {
    /// The release whose rules were compared with the real programs.
    pub const CHECKED: Release = Release { major: 9, minor: 2 };
}

impl Default for Release {
    fn default() -> Self {
        Self::CHECKED
    }
}
