//! Releases of OpenSSH, as banners and `ssh -V` name them. Not of other implementations.

use std::fmt;

/// A release of OpenSSH: 9.2 is 9.2p1 as well as 9.2p1 Debian-2+deb12u10. Distributions backport
/// fixes of security, hardly ever those of timers; where they did, it is said beside the quirk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 9 of 9.2.
    pub major: u16,
    /// 2 of 9.2.
    pub minor: u16,
}

impl Version {
    /// `Version::new(9, 2)`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Version { major, minor }
    }

    /// Finds it in `SSH-2.0-OpenSSH_9.2p1 Debian-2`, `OpenSSH_9.2p1, OpenSSL ...` or
    /// `OpenSSH_for_Windows_9.5`; `None` for another implementation.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = &text[text.find("OpenSSH_")? + "OpenSSH_".len()..];
        let rest = rest.strip_prefix("for_Windows_").unwrap_or(rest);
        let (major, rest) = rest.split_once('.')?;
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        Some(Version { major: major.parse().ok()?, minor: rest[..digits].parse().ok()? })
    }
}

impl From<Version> for abide_sshconf::Release {
    fn from(version: Version) -> Self {
        abide_sshconf::Release { major: version.major, minor: version.minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_name_a_release() {
        for (text, expected) in [
            ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10", Some(Version::new(9, 2))),
            ("OpenSSH_10.5p1, OpenSSL 3.5.1 1 Jul 2025", Some(Version::new(10, 5))),
            ("OpenSSH_for_Windows_9.5p1, LibreSSL 3.8.2", Some(Version::new(9, 5))),
            ("OpenSSH_7.4", Some(Version::new(7, 4))),
            ("SSH-2.0-dropbear_2022.83", None),
            ("OpenSSH_", None),
            ("OpenSSH_9.", None),
            ("OpenSSH_99999999.1", None),
        ] {
            assert_eq!(Version::parse(text), expected, "{text}");
        }
    }
}
