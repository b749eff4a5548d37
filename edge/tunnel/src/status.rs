//! Where running tunnels answer how they are: one unix socket for each process, in a directory that
//! only its user can enter. Whoever connects gets the report as JSON and the end of the stream.

use crate::supervisor::{SCHEMA, StatusReport};
use abide_host::local;
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;

/// The directory of tunnels' sockets, in the directory of the user's sockets.
pub const DIRECTORY: &str = "tunnels";
/// How long a process may take to answer, or a reader to listen.
const PATIENCE: Duration = Duration::from_secs(2);
/// A report longer than this is cut off, and so not read, bytes.
const MAX_REPORT: u64 = 1024 * 1024;
/// So many processes are asked; further ones are left out.
const MAX_PROCESSES: usize = 256;

/// A report as another process gave it: a tunnel of a later release may say more than is known here.
#[derive(Clone, Debug, Deserialize)]
pub struct Heard {
    /// Version of the JSON.
    pub schema: u32,
    /// Whose tunnels these are.
    pub pid: u32,
    /// The tunnels, each as [`crate::TunnelReport`] is written.
    pub tunnels: Vec<serde_json::Value>,
}

impl Heard {
    /// The tunnels' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tunnels.iter().filter_map(|tunnel| tunnel["name"].as_str())
    }
}

/// The socket, there while this value is.
pub(crate) struct Door {
    listener: UnixListener,
    path: PathBuf,
}

impl Door {
    pub(crate) fn open(directory: &Path) -> std::io::Result<Self> {
        let path = directory.join(format!("{}.sock", std::process::id()));
        let listener = UnixListener::from_std(local::listen(&path)?)?;
        Ok(Door { listener, path })
    }

    /// Answers whoever connects, one after the other.
    pub(crate) async fn serve(self, source: Arc<impl Source>) {
        loop {
            let Ok((mut stream, _)) = self.listener.accept().await else { return };
            let Ok(text) = serde_json::to_vec(&source.report()) else { continue };
            // A reader that does not read is not waited for.
            let _ = tokio::time::timeout(PATIENCE, stream.write_all(&text)).await;
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Has a report.
pub(crate) trait Source: Send + Sync {
    fn report(&self) -> StatusReport;
}

impl Source for crate::supervisor::Shared {
    fn report(&self) -> StatusReport {
        self.report()
    }
}

/// Asks every process that keeps tunnels and has its socket in one of `directories`. One that does
/// not answer in time, or answers what cannot be read, is left out; a dead one's socket is removed.
pub fn all(directories: &[PathBuf]) -> Vec<Heard> {
    let mut found: Vec<Heard> = Vec::new();
    for directory in directories {
        let Ok(entries) = std::fs::read_dir(directory) else { continue };
        let paths = entries.flatten().map(|entry| entry.path());
        let sockets = paths.filter(|path| path.extension().is_some_and(|end| end == "sock"));
        found.extend(sockets.take(MAX_PROCESSES).filter_map(|path| ask(&path)));
    }
    found.sort_by_key(|report| report.pid);
    found
}

/// As [`all`], for the directory of this user's sockets and those of the machine's services.
pub fn everywhere(own: &Path) -> Vec<Heard> {
    let mut directories = vec![own.to_owned()];
    directories.extend(crate::unit::runtime_directories());
    all(&directories)
}

fn ask(path: &Path) -> Option<Heard> {
    let stream = match std::os::unix::net::UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(error) => {
            // A socket that is not listened at yet refuses as well.
            if error.kind() == std::io::ErrorKind::ConnectionRefused && is_left_behind(path) {
                let _ = std::fs::remove_file(path);
            }
            return None;
        }
    };
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut text = Vec::new();
    stream.take(MAX_REPORT).read_to_end(&mut text).ok()?;
    let heard: Heard = serde_json::from_slice(&text).ok()?;
    (heard.schema == SCHEMA).then_some(heard)
}

/// Whether the process whose number the socket's name begins with is gone.
pub(crate) fn is_left_behind(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let pid = stem.and_then(|stem| stem.split('-').next()?.parse::<u32>().ok());
    pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_left_behind_is_removed() {
        let directory = std::env::temp_dir().join(format!("abide-status-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let own = directory.join(format!("{}.sock", std::process::id()));
        // No process has a number above the kernel's limit of 2^22.
        let dead = directory.join("4194305.sock");
        for path in [&own, &dead] {
            drop(std::os::unix::net::UnixListener::bind(path).unwrap());
        }
        assert!(all(std::slice::from_ref(&directory)).is_empty());
        let left = (own.exists(), dead.exists());
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(left, (true, false));
    }
}
