//! The demo's own corner of the machine: one private directory for everything that server, keepers
//! and clients write, and the end of every process that was started in it. Not the server, not the
//! relay.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;

use crate::server::ServerError;
use crate::server::keys::private_dir;
use crate::sweep::sweep;

/// Where keepers listen; as its value is unique, it also tells the demo's processes from others.
const MARK: &str = "ABIDE_RUNTIME_DIR";

/// Bytes of a place's path; a socket's own path, some 50 bytes longer, may have 107.
const MAX_PLACE: usize = 55;

/// A private directory and what belongs to it. Dropping it, last of all, ends the processes that
/// have its [`Playground::environment`] and removes the directory.
#[derive(Debug)]
pub struct Playground {
    dir: PathBuf,
}

impl Playground {
    /// Makes the directory below the first of `places` that lets programs run and has a short path,
    /// for keepers and their sockets; below the first of all if none does.
    pub fn new(places: &[PathBuf]) -> Result<Self, ServerError> {
        let first = places.first().map_or(Path::new("/tmp"), PathBuf::as_path);
        let place = places.iter().find(|place| is_fit(place));
        Ok(Self { dir: private_dir(place.map_or(first, PathBuf::as_path))? })
    }

    /// The directory; below it the throw-away files of a server may go.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What sessions and clients must have in their environment, so that sockets, caches and logs
    /// stay in here.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            (MARK, self.dir.join("run")),
            ("ABIDE_KEEPER", self.dir.join("keeper")),
            ("XDG_CACHE_HOME", self.dir.join("cache")),
            ("XDG_STATE_HOME", self.dir.join("state")),
        ]
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        sweep(MARK, &self.dir.join("run"));
        // What cannot be removed now (a full disk, a dead mount) is 0700 in a temporary directory.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn is_fit(place: &Path) -> bool {
    let unfit = StatVfsMountFlags::NOEXEC | StatVfsMountFlags::RDONLY;
    let fits = place.as_os_str().len() <= MAX_PLACE;
    fits && rustix::fs::statvfs(place).is_ok_and(|mount| !mount.f_flag.intersects(unfit))
}
