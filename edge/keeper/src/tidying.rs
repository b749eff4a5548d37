//! Clears away what earlier keepers left on this machine: old logs, and binaries of releases that
//! nobody starts any more. Never fails: what cannot be removed stays.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Logs kept, newest first.
const LOGS_MAX: usize = 200;
/// Builds of the keeper kept, newest first. A running keeper needs its file no longer.
const BUILDS_MAX: usize = 5;

/// Keeps the newest logs.
pub(crate) fn tidy_logs(folder: &Path) {
    for old in oldest(folder, LOGS_MAX) {
        let _ = std::fs::remove_file(old);
    }
}

/// Keeps the newest builds beside the running one, which lies at `…/abide/BUILD/abide`.
pub(crate) fn tidy_builds(exe: &Path) {
    let Some(own) = exe.parent() else { return };
    let Some(place) = own.parent().filter(|_| exe.ends_with("abide") && is_build(own)) else {
        return;
    };
    for old in oldest(place, BUILDS_MAX) {
        if old != own && is_build(&old) {
            let _ = std::fs::remove_file(old.join("abide"));
            let _ = std::fs::remove_dir(old);
        }
    }
}

/// A folder that the bootstrap made: `VERSION-` and sixteen hex digits.
fn is_build(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let digits = name.rsplit_once('-').map_or("", |(_, digits)| digits);
    digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// All entries but the `keep` newest.
fn oldest(folder: &Path, keep: usize) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut dated: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    dated.sort();
    dated.truncate(dated.len().saturating_sub(keep));
    dated.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_builds_are_cleared_and_never_our_own() {
        let unique = u64::from_ne_bytes(abide_host::random::bytes());
        let place = std::env::temp_dir().join(format!("abide-tidying-{unique:x}"));
        let build = |number: u32| place.join(format!("0.1.0-{number:016x}"));
        for number in 0..8 {
            std::fs::create_dir_all(build(number)).expect("a folder");
            std::fs::write(build(number).join("abide"), "").expect("a file");
        }
        std::fs::create_dir_all(place.join("mine")).expect("a folder");
        tidy_builds(&build(0).join("abide"));
        let left = std::fs::read_dir(&place).expect("there").count();
        assert!(build(0).exists() && place.join("mine").exists());
        assert!((BUILDS_MAX..=BUILDS_MAX + 2).contains(&left), "{left} are left");
        std::fs::remove_dir_all(&place).expect("removed");
    }
}
