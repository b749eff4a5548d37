//! The file with autossh's process number, there while it runs.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Removes the file when dropped.
#[derive(Debug)]
pub(super) struct PidFile(PathBuf);

impl PidFile {
    /// Writes it, over whatever was there.
    pub(super) fn write(path: &Path) -> io::Result<Self> {
        let mut file = File::create(path)?;
        let written = Self(path.to_owned());
        file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
        Ok(written)
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = std::fs::remove_file(&self.0);
    }
}
