//! The program under test: which file it is, and a copy of it that no build meanwhile changes. Does
//! not run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::LabError;

/// A copy of the program, and a cache for its keeper that labs may share, so that one upload serves
/// them all. Removed when dropped.
#[derive(Debug)]
pub struct Program {
    directory: PathBuf,
}

impl Program {
    /// Copies the program that `ABIDE_PROGRAM` names, or `abide` of this test's profile.
    ///
    /// # Errors
    /// [`LabError::Missing`] when there is none, with what makes it.
    pub fn copy() -> Result<Program, LabError> {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let given = find()?;
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let name = format!("abide-under-test-{}-{number}", std::process::id());
        let program = Program { directory: std::env::temp_dir().join(name) };
        let doing = || format!("copying {} to {}", given.display(), program.path().display());
        fs::create_dir(&program.directory).map_err(LabError::system(doing()))?;
        fs::copy(&given, program.path()).map_err(LabError::system(doing()))?;
        Ok(program)
    }

    /// The copy.
    pub fn path(&self) -> PathBuf {
        self.directory.join("abide")
    }

    /// A directory for `XDG_CACHE_HOME` of servers.
    pub fn cache(&self) -> PathBuf {
        self.directory.join("cache")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _left_in_temp_at_worst = fs::remove_dir_all(&self.directory);
    }
}

fn find() -> Result<PathBuf, LabError> {
    let missing = |path: &Path, remedy: &str| LabError::Missing {
        what: path.display().to_string(),
        remedy: remedy.to_owned(),
    };
    if let Some(given) = std::env::var_os("ABIDE_PROGRAM").map(PathBuf::from) {
        let remedy = "unset ABIDE_PROGRAM";
        return if given.is_file() { Ok(given) } else { Err(missing(&given, remedy)) };
    }
    // target/<profile>/deps/<test>-<hash>
    let own = std::env::current_exe().map_err(LabError::system("looking for this test"))?;
    let profile = own.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let program = profile.join("abide");
    if program.is_file() { Ok(program) } else { Err(missing(&program, "cargo build -p abide")) }
}
