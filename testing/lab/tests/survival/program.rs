//! The program under test: a copy of its own, so that a build meanwhile changes nothing, and a
//! cache for its keeper that all trials share, so that one upload serves them.

use std::fs;
use std::path::{Path, PathBuf};

use abide_lab::{Lab, Profile};

use crate::session::{Session, Trouble};

/// Files that all trials share. Removed when dropped.
pub(crate) struct Program {
    directory: PathBuf,
}

impl Program {
    /// Copies the program and has its keeper uploaded once.
    pub(crate) fn install() -> Result<Program, Trouble> {
        let given = find()?;
        let directory = std::env::temp_dir().join(format!("abide-survival-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        let program = Program { directory };
        fs::copy(&given, program.path())?;
        let lab = Lab::up(Profile::Lan)?;
        Session::open(lab, &program)?;
        Ok(program)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join("abide")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.directory.join("cache")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _left_in_temp_at_worst = fs::remove_dir_all(&self.directory);
    }
}

/// `ABIDE_PROGRAM`, or `abide` in the directory of this test's profile.
fn find() -> Result<PathBuf, Trouble> {
    if let Some(given) = std::env::var_os("ABIDE_PROGRAM") {
        let given = PathBuf::from(given);
        let missing = || format!("ABIDE_PROGRAM is {}: there is no such file", given.display());
        return if given.is_file() { Ok(given) } else { Err(missing().into()) };
    }
    let own = std::env::current_exe()?;
    // target/<profile>/deps/survival-<hash>
    let profile =
        own.parent().and_then(Path::parent).ok_or("this test is in no target directory")?;
    let program = profile.join("abide");
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("no {}; try: cargo build -p abide", program.display()).into())
}
