//! Sockets of questions whose ssh and client were killed: whoever comes next removes them. Never one that
//! somebody listens at, nor one that is just being made. Never fails: what cannot be removed stays.

use std::fs::Metadata;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

use abide_host::clock;
use abide_host::local::is_abandoned;

/// What the names of these sockets begin with; sixteen hex digits follow.
pub(crate) const PREFIX: &str = "ssh-";
const DIGITS: usize = 16;
/// ssh binds a socket before it listens at it, under this name and something behind it. None that is
/// older than this is still being made.
const MADE_WITHIN: Duration = Duration::from_secs(60);
/// Entries of the folder that are looked at; the next who comes looks at the rest.
const ENTRIES_MAX: usize = 1000;

/// Clears the folder of this user's sockets.
pub fn clear_leftovers() {
    if let Ok(folder) = abide_host::local::runtime_dir() {
        clear(&folder);
    }
}

pub(crate) fn clear(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().take(ENTRIES_MAX) {
        let is_ours = entry.file_name().to_str().is_some_and(is_name);
        let is_old = |about: Metadata| about.file_type().is_socket() && is_made(&about);
        let path = entry.path();
        if is_ours && entry.metadata().is_ok_and(is_old) && is_abandoned(&path).unwrap_or(false) {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn is_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    let digits = rest.split('.').next().unwrap_or_default();
    digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// A wall that was set back makes a file look as if it were still to come: it waits.
fn is_made(about: &Metadata) -> bool {
    let age = about.modified().ok().and_then(|at| clock::wall().duration_since(at).ok());
    age.is_some_and(|age| age > MADE_WITHIN)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_what_nobody_listens_at_any_more_goes() {
        let unique = u64::from_ne_bytes(abide_host::random::bytes());
        let folder = std::env::temp_dir().join(format!("abide-leftovers-{unique:x}"));
        std::fs::create_dir(&folder).expect("a folder");
        let path = |name: &str| folder.join(name);
        let old = ["ssh-0000000000000001", "ssh-0000000000000002.abcdefgh", "ssh-000000000000000f"];
        let kept = ["ssh-agent", "0123456789.sock", "ssh-00000000000000"];
        let live = UnixListener::bind(path(old[2])).expect("a socket");
        for name in old[..2].iter().chain(&kept) {
            drop(UnixListener::bind(path(name)).expect("a socket"));
        }
        std::fs::write(path("ssh-0000000000000003"), "").expect("a file");
        let all: Vec<_> = std::fs::read_dir(&folder).expect("there").flatten().collect();
        for entry in all {
            let mut touch = Command::new("touch");
            touch.args(["-d", "1 hour ago"]).arg(entry.path());
            assert!(touch.status().expect("touch").success());
        }
        // Bound a moment ago, and not listened at yet.
        drop(UnixListener::bind(path("ssh-0000000000000004")).expect("a socket"));
        clear(&folder);
        let left = |name: &str| path(name).exists();
        assert!(!left(old[0]) && !left(old[1]), "nobody listens there");
        assert!(left(old[2]) && left("ssh-0000000000000004"), "live, and just being made");
        assert!(kept.iter().all(|name| left(name)) && left("ssh-0000000000000003"), "not ours");
        drop(live);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
