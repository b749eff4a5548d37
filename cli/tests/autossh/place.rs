//! Where the programs are, and directories that are gone afterwards.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub const REAL: &str = "/usr/bin/autossh";

/// Fails where there is nothing to compare with.
pub fn need_autossh() {
    assert!(
        Path::new(REAL).exists(),
        "{REAL} is missing: there is nothing to compare with. ./check installs it, or: apt install autossh"
    );
}

/// A directory of one run, removed with this value.
pub struct Place(PathBuf);

impl Place {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("abide-autossh-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a new directory");
        std::fs::write(path.join("log"), "").expect("a file");
        // Called by this name, abide is autossh.
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_abide"), path.join("autossh"))
            .expect("a link");
        Place(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
