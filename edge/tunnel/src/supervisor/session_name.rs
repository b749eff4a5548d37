//! What a tunnel's session is called on the server: the same whenever this very tunnel is started, here and
//! nowhere else. By it a tunnel finds what an earlier one of its own, killed or cut off, has left there.

use sha2::{Digest, Sha256};
use std::path::Path;

/// Of a tunnel's name, so many characters are in the session's.
const MAX_NAME: usize = 40;
/// Bytes of the digest: enough that nobody else's is the same by chance.
const DIGEST: usize = 6;

/// Which machine, user and directory of tunnels this is.
#[derive(Debug)]
pub(super) struct Place(String);

impl Place {
    pub(super) fn here(directory: &Path) -> Self {
        // Copies of one system share it; the host's name tells containers apart.
        let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let uid = rustix::process::getuid().as_raw();
        Place(format!("{}\n{host}\n{uid}\n{}", machine.trim(), directory.display()))
    }

    /// A name that `abide ls` on the server shows.
    pub(super) fn session_name(&self, tunnel: &str) -> String {
        let digest = Sha256::digest(format!("{}\n{tunnel}", self.0));
        let hex: String = digest.iter().take(DIGEST).map(|byte| format!("{byte:02x}")).collect();
        let short: String = tunnel.chars().take(MAX_NAME).collect();
        format!("tunnel-{short}-{hex}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_for_the_same_tunnel_of_the_same_place_only() {
        let place = Place::here(Path::new("/run/a"));
        let name = place.session_name("db");
        assert_eq!(name, Place::here(Path::new("/run/a")).session_name("db"));
        assert_ne!(name, Place::here(Path::new("/run/b")).session_name("db"));
        assert!(name.starts_with("tunnel-db-") && name.len() == 10 + 2 * DIGEST);
        let long = place.session_name(&"x".repeat(64));
        assert!(
            long.parse::<abide_terms::SessionName>().is_ok()
                && long != place.session_name(&"x".repeat(63))
        );
    }
}
