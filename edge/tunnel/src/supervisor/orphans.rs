//! What an abide that was killed has left behind: its ssh processes, which hold the ports that are
//! wanted again, are told to end through their control sockets. What carried a link ends by itself, and is
//! waited for. Those of a living abide are not touched.

use crate::status::is_left_behind;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// How long an ssh may take to hear that it is to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a lock is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// So many are told; there are no more of one process.
const MAX_ORPHANS: usize = super::MAX_TUNNELS;

/// Ends them.
pub(super) async fn end_all(ssh: &OsStr, directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let paths = entries.flatten().map(|entry| entry.path());
    let is_orphan =
        |path: &PathBuf| path.extension().is_some_and(|end| end == "ctl") && is_left_behind(path);
    let (orphans, rest): (Vec<PathBuf>, Vec<PathBuf>) = paths.partition(is_orphan);
    for path in orphans.into_iter().take(MAX_ORPHANS) {
        let mut command = Command::new(ssh);
        command.args(["-F", "/dev/null", "-o"]).arg(format!("ControlPath={}", path.display()));
        command.args(["-O", "exit", "tunnel"]).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // One that is gone, or does not hear, is left alone: its ports will say so.
        let _ = tokio::time::timeout(PATIENCE, command.status()).await;
        let _ = std::fs::remove_file(&path);
    }
    let links = rest.into_iter().filter(|path| is_link(path) && is_left_behind(path));
    for path in links.take(2 * MAX_ORPHANS) {
        // One that hangs is not waited for longer: the port says who has it.
        let _ = tokio::time::timeout(PATIENCE, until_unlocked(&path)).await;
        let _ = std::fs::remove_file(&path);
    }
}

/// A lock of what carries a link, or its socket for probes.
fn is_link(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "link" || end == "socks")
}

/// Whoever locked it has ended.
async fn until_unlocked(path: &Path) {
    let Ok(file) = std::fs::File::open(path) else { return };
    while flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::AGAIN) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
