//! A folder for one test, gone when the test ends; and a small disk. Not for anything outside tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of one test's own.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        let random = u64::from_ne_bytes(abide_host::random::bytes());
        let path = std::env::temp_dir().join(format!("abide-store-{random:016x}"));
        abide_host::files::private_dir(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A disk of a few kilobytes, mounted in a scratch folder; root alone may make one.
pub struct SmallDisk {
    folder: Scratch,
}

impl SmallDisk {
    /// `None`, with the reason on stderr, where it may not be made.
    pub fn new(kilobytes: u32) -> Option<Self> {
        let folder = Scratch::new();
        let size = format!("size={kilobytes}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "abide-test"]).arg(folder.path());
        match mount.output() {
            Ok(output) if output.status.success() => Some(SmallDisk { folder }),
            failed => {
                eprintln!("NOT TESTED: a full disk, as none can be mounted here: {failed:?}");
                None
            }
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder.path()).status();
    }
}
