//! Makes a new file like an old one: owner, mode, extended attributes (SELinux label, ACL, flags of
//! programs). Not its bytes, not its times.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

use rustix::fs::{fgetxattr, flistxattr, fsetxattr};
use rustix::io::Errno;

/// More names of attributes than this are refused: no file of ours has a tenth of it.
const MAX_NAMES: usize = 64 * 1024;
/// Linux' own limit for the value of an attribute.
const MAX_VALUE: usize = 64 * 1024;

/// Something about the old file that the new one cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum LikenessError {
    /// It belongs to another.
    #[error("its owner {user}:{group} cannot be kept: {source}")]
    Owner {
        /// The old file's user.
        user: u32,
        /// Its group.
        group: u32,
        /// What the system said.
        source: io::Error,
    },
    /// Its permissions.
    #[error("its mode {mode:04o} cannot be kept: {source}")]
    Mode {
        /// The old file's.
        mode: u32,
        /// What the system said.
        source: io::Error,
    },
    /// One of its attributes.
    #[error("its attribute {name} cannot be kept: {source}")]
    Attribute {
        /// Which.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Gives `fresh` what `old` has. The owner comes first, since a change of owner clears mode bits and
/// attributes; attributes come last, since an ACL is finer than a mode.
pub(crate) fn make_like(fresh: &File, old: &File) -> Result<(), LikenessError> {
    let unread = |source| LikenessError::Mode { mode: 0, source };
    let (theirs, ours) = (old.metadata().map_err(unread)?, fresh.metadata().map_err(unread)?);
    let (user, group) = (theirs.uid(), theirs.gid());
    if (ours.uid(), ours.gid()) != (user, group) {
        let failed = |source| LikenessError::Owner { user, group, source };
        fchown(fresh, Some(user), Some(group)).map_err(failed)?;
    }
    let mode = theirs.mode() & 0o7777;
    let failed = |source| LikenessError::Mode { mode, source };
    fresh.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    copy_attributes(fresh, old)
}

fn copy_attributes(fresh: &File, old: &File) -> Result<(), LikenessError> {
    for name in names(old)? {
        let failed = |errno: Errno| LikenessError::Attribute {
            name: String::from_utf8_lossy(&name).into_owned(),
            source: errno.into(),
        };
        let theirs = value(old, &name).map_err(failed)?;
        // What the folder or the policy gave it already need not be asked for.
        if value(fresh, &name).is_ok_and(|ours| ours == theirs) {
            continue;
        }
        let flags = rustix::fs::XattrFlags::empty();
        fsetxattr(fresh, &name[..], &theirs, flags).map_err(failed)?;
    }
    Ok(())
}

fn names(file: &File) -> Result<Vec<Vec<u8>>, LikenessError> {
    let mut list = vec![0; MAX_NAMES];
    let length = match flistxattr(file, &mut list[..]) {
        Ok(length) => length,
        Err(Errno::NOTSUP | Errno::NOSYS) => 0,
        Err(errno) => {
            return Err(LikenessError::Attribute { name: "list".into(), source: errno.into() });
        }
    };
    let names = list[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(<[u8]>::to_vec).collect())
}

fn value(file: &File, name: &[u8]) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0; MAX_VALUE];
    let length = fgetxattr(file, name, &mut value[..])?;
    value.truncate(length);
    Ok(value)
}
