//! Files of our own: written whole or not at all, in directories that nobody else can enter.
//! Not what is in them.

use crate::random;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The name of our own directory below each base directory.
const OURS: &str = "abide";

/// The environment's part in where files go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// HOME, or better the home of [`crate::users::current`].
    pub home: PathBuf,
    /// XDG_CACHE_HOME.
    pub xdg_cache_home: Option<OsString>,
    /// XDG_STATE_HOME.
    pub xdg_state_home: Option<OsString>,
}

impl Environment {
    /// This process's, with `home` from the caller.
    pub fn read(home: PathBuf) -> Self {
        Self {
            home,
            xdg_cache_home: std::env::var_os("XDG_CACHE_HOME"),
            xdg_state_home: std::env::var_os("XDG_STATE_HOME"),
        }
    }
}

/// For what can be had again: keepers fetched, measurements. Not created here.
pub fn cache_dir(environment: &Environment) -> PathBuf {
    below(environment.xdg_cache_home.as_deref(), environment.home.join(".cache"))
}

/// For what must last: history, settings changed. Not created here.
pub fn state_dir(environment: &Environment) -> PathBuf {
    below(environment.xdg_state_home.as_deref(), environment.home.join(".local/state"))
}

/// The XDG rules: a relative or empty value counts as unset.
fn below(value: Option<&OsStr>, default: PathBuf) -> PathBuf {
    let base = value.map(PathBuf::from).filter(|path| path.is_absolute());
    base.unwrap_or(default).join(OURS)
}

/// Why a directory cannot be trusted with what is private.
#[derive(Debug, thiserror::Error)]
pub enum PrivateDirError {
    /// Something else is there: a link, which could be turned, or a file.
    #[error("{} is a {kind} and not a directory", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
        /// "symbolic link" or "file".
        kind: &'static str,
    },
    /// It belongs to somebody else.
    #[error("{} belongs to user {owner} and not to {expected}", path.display())]
    Owner {
        /// The path.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Whose it should be.
        expected: u32,
    },
    /// Others may enter it.
    #[error("{} has mode {mode:04o}, which lets others in (should be 0700)", path.display())]
    Mode {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It cannot be made or looked at.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl From<PrivateDirError> for io::Error {
    /// Keeps the typed error inside; `get_ref` has it.
    fn from(error: PrivateDirError) -> Self {
        let kind = match &error {
            PrivateDirError::Io { source, .. } => source.kind(),
            _ => io::ErrorKind::PermissionDenied,
        };
        Self::new(kind, error)
    }
}

/// Makes `path` (0700, and what is missing above it) or checks what is there: a directory and no
/// link, ours, closed to others. Says what is wrong instead of putting it right: who found a way
/// to make it so may have put files in.
pub fn private_dir(path: &Path) -> Result<(), PrivateDirError> {
    let failed = |source| PrivateDirError::Io { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => check(path),
    }
}

fn check(path: &Path) -> Result<(), PrivateDirError> {
    let failed = |errno: Errno| PrivateDirError::Io { path: path.to_owned(), source: errno.into() };
    // A trailing slash would follow a link after all.
    let plain: PathBuf = path.components().collect();
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = rustix::fs::open(&plain, flags, Mode::empty()).map_err(failed)?;
    let stat = rustix::fs::fstat(&found).map_err(failed)?;
    let path = path.to_owned();
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => {}
        FileType::Symlink => {
            return Err(PrivateDirError::NotADirectory { path, kind: "symbolic link" });
        }
        _ => return Err(PrivateDirError::NotADirectory { path, kind: "file" }),
    }
    let expected = rustix::process::geteuid().as_raw();
    let mode = stat.st_mode & 0o7777;
    if stat.st_uid != expected {
        return Err(PrivateDirError::Owner { path, owner: stat.st_uid, expected });
    }
    if mode & 0o077 != 0 {
        return Err(PrivateDirError::Mode { path, mode });
    }
    Ok(())
}

/// Replaces the file at `path` by `bytes` with exactly `mode`: after a crash at any moment either
/// the old or the new one is there, whole. A link at `path` is replaced, not followed.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        let why = format!("{} is no file's name", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let mut fresh = OsString::from(".");
    fresh.push(name);
    fresh.push(format!(".{:016x}", u64::from_ne_bytes(random::bytes())));
    let fresh = parent.join(fresh);
    let written = write_new(&fresh, bytes, mode).and_then(|()| std::fs::rename(&fresh, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&fresh);
    }
    written?;
    File::open(parent)?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::symlink;

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_private_directory_is_made_and_then_accepted() {
        let scratch = Scratch::new();
        let path = scratch.path().join("one/two");
        private_dir(&path).unwrap();
        private_dir(&path).unwrap();
        assert_eq!((mode(&path), mode(&scratch.path().join("one"))), (0o700, 0o700));
    }

    #[test]
    fn what_is_not_private_is_refused() {
        let scratch = Scratch::new();
        let open = scratch.path().join("open");
        private_dir(&open).unwrap();
        std::fs::set_permissions(&open, Permissions::from_mode(0o710)).unwrap();
        let error = private_dir(&open).unwrap_err();
        assert!(matches!(&error, PrivateDirError::Mode { mode: 0o710, .. }), "{error}");
        assert!(error.to_string().contains("0710"));

        let link = scratch.path().join("link");
        symlink(scratch.path(), &link).unwrap();
        for path in [link.clone(), PathBuf::from(format!("{}/", link.display()))] {
            let error = private_dir(&path).unwrap_err();
            let PrivateDirError::NotADirectory { kind, .. } = error else { panic!("{error}") };
            assert_eq!(kind, "symbolic link");
        }

        let file = scratch.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(matches!(private_dir(&file), Err(PrivateDirError::NotADirectory { .. })));
        let below = private_dir(&file.join("below"));
        assert!(matches!(below, Err(PrivateDirError::Io { .. })), "{below:?}");
    }

    #[test]
    fn another_users_directory_is_refused() {
        // As root: one of somebody else's; as a user: root's.
        let scratch = Scratch::new();
        let path = if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(scratch.path(), Some(12_345), None).unwrap();
            scratch.path()
        } else {
            Path::new("/usr")
        };
        let error = private_dir(path).unwrap_err();
        let PrivateDirError::Owner { owner, expected, .. } = error else { panic!("{error}") };
        assert_ne!(owner, expected);
    }

    #[test]
    fn a_file_is_replaced_whole_with_its_mode_and_no_remains() {
        let scratch = Scratch::new();
        let (path, elsewhere) = (scratch.path().join("file"), scratch.path().join("elsewhere"));
        std::fs::write(&elsewhere, "kept").unwrap();
        symlink(&elsewhere, &path).unwrap();
        write_atomic(&path, b"new", 0o640).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o640);
        assert_eq!(std::fs::read(&elsewhere).unwrap(), b"kept");
        let directory = scratch.path().join("directory");
        std::fs::create_dir(&directory).unwrap();
        assert!(write_atomic(&directory, b"", 0o600).is_err());
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 3);
        assert!(write_atomic(Path::new("/"), b"", 0o600).is_err());
    }

    #[test]
    fn directories_follow_xdg() {
        let home = PathBuf::from("/home/ann");
        let mut environment = Environment { home, ..Environment::default() };
        assert_eq!(cache_dir(&environment), Path::new("/home/ann/.cache/abide"));
        assert_eq!(state_dir(&environment), Path::new("/home/ann/.local/state/abide"));
        environment.xdg_cache_home = Some("/var/fast".into());
        environment.xdg_state_home = Some("relative".into());
        assert_eq!(cache_dir(&environment), Path::new("/var/fast/abide"));
        assert_eq!(state_dir(&environment), Path::new("/home/ann/.local/state/abide"));
    }
}
