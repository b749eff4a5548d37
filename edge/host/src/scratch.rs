//! A directory for one test, gone when the test ends. Not for anything outside tests.

use std::path::{Path, PathBuf};

/// A fresh 0700 directory under the system's temporary directory; removed on drop.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let name = format!("abide-host-{:032x}", u128::from_ne_bytes(crate::random::bytes()));
        let path = std::env::temp_dir().join(name);
        crate::files::private_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
