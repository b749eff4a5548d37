//! Whether this machine's sshd may refuse somebody a terminal: what its files show, without asking it.
//! A suspicion at most, and quick to find; whether it is so for this login is for sshd itself to say.

use std::path::{Path, PathBuf};

/// The system's settings of sshd.
const SSHD_CONFIG: &str = "/etc/ssh/sshd_config";
/// The folder of those that distributions have it include.
const SSHD_CONFIG_MORE: &str = "/etc/ssh/sshd_config.d";
/// Where keys stand below the user's home unless sshd is told otherwise.
const KEY_FILES: [&str; 2] = [".ssh/authorized_keys", ".ssh/authorized_keys2"];
/// Settings of sshd that can take terminals away, or say who may log in by what these files do not show.
const SETTINGS: [&str; 3] = ["permittty", "authorizedkeyscommand", "trustedusercakeys"];
/// Options of a key that take its terminal away.
const OPTIONS: [&str; 2] = ["restrict", "no-pty"];
/// Longest file that is read. A longer one is suspicious.
const FILE_MAX: u64 = 1024 * 1024;

/// Whether there is reason to ask sshd whether it permits this login a terminal.
pub fn terminal_is_doubtful() -> bool {
    let home = abide_host::users::current().home;
    let more = std::fs::read_dir(SSHD_CONFIG_MORE).into_iter().flatten().flatten();
    let settings: Vec<PathBuf> =
        more.map(|entry| entry.path()).chain([PathBuf::from(SSHD_CONFIG)]).collect();
    KEY_FILES.iter().any(|file| file_says(&home.join(file), key_is_restricted))
        || settings.iter().any(|file| file_says(file, setting_is_one))
}

/// Files that are not there, or that the user may not read, say nothing.
fn file_says(path: &Path, line_does: impl Fn(&str) -> bool) -> bool {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > FILE_MAX) {
        return true;
    }
    let text = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().any(|line| line_does(line.trim()))
}

fn key_is_restricted(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    !line.starts_with('#') && OPTIONS.iter().any(|option| line.contains(option))
}

fn setting_is_one(line: &str) -> bool {
    let mut words = line.split(|byte: char| byte.is_whitespace() || byte == '=');
    let keyword = words.next().unwrap_or_default().to_ascii_lowercase();
    let value = words.find(|word| !word.is_empty()).unwrap_or_default().to_ascii_lowercase();
    let is_default = matches!((&*keyword, &*value), ("permittty", "yes") | (_, "none"));
    SETTINGS.contains(&&*keyword) && !is_default
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_take_terminals_away_are_suspicious() {
        for line in
            ["restrict ssh-ed25519 AAAA", "command=\"x\",no-pty ssh-rsa AAAA", "Restrict,pty x"]
        {
            assert!(key_is_restricted(line), "{line}");
        }
        for line in ["# restrict", "", "ssh-ed25519 AAAA ann@host", "port-forwarding ssh-rsa A"] {
            assert!(!key_is_restricted(line), "{line}");
        }
        for line in ["PermitTTY no", "permittty=no", "TrustedUserCAKeys /etc/ssh/ca.pub"] {
            assert!(setting_is_one(line), "{line}");
        }
        for line in ["#PermitTTY no", "PermitTTY yes", "AuthorizedKeysCommand none", "", "Port 22"]
        {
            assert!(!setting_is_one(line), "{line}");
        }
    }
}
