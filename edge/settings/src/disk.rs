//! Configuration files on this machine, as `ssh` would be allowed to read them. Not their meaning.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use abide_sshconf::{Files, ReadError, expand_glob};
use abide_store::MAX_CONTENT;

/// More files than this from one pattern are not looked at; OpenSSH has no limit.
const MAX_GLOB: usize = 1024;

/// Where the system's own configuration lies.
const SYSTEM: &str = "/etc/ssh";

/// Files of this machine.
#[derive(Clone, Debug)]
pub struct Disk {
    /// Who runs ssh: files of others (but root) are refused, as ssh refuses them.
    pub user: u32,
    /// A file given with `-F`, whose owner ssh does not look at.
    pub trusted: Option<PathBuf>,
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => ReadError::Missing,
            _ => ReadError::Unreadable(error.to_string()),
        };
        // Looked at before it is opened: the opening of a pipe waits for somebody to write.
        let kind = std::fs::metadata(path).map_err(unreadable)?.file_type();
        if !kind.is_file() && !kind.is_dir() {
            return Err(ReadError::Unreadable("it is not a file".to_owned()));
        }
        let file = File::open(path).map_err(unreadable)?;
        let data = file.metadata().map_err(unreadable)?;
        if data.is_dir() {
            // A pattern may match one: ssh opens it, reads no line, and goes on.
            return Ok(Vec::new());
        }
        if !data.is_file() {
            return Err(ReadError::Unreadable("it is not a file".to_owned()));
        }
        let is_ours = data.uid() == self.user || data.uid() == 0;
        // ssh looks at the owner and mode of the user's own files alone (readconf.c, CHECKPERM).
        let is_checked = self.trusted.as_deref() != Some(path) && !path.starts_with(SYSTEM);
        if is_checked && (!is_ours || data.mode() & 0o022 != 0) {
            return Err(ReadError::Unsafe);
        }
        let mut bytes = Vec::new();
        file.take(MAX_CONTENT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_CONTENT {
            return Err(ReadError::Unreadable(format!("it has more than {MAX_CONTENT} bytes")));
        }
        Ok(bytes)
    }

    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
        let mut found = expand_glob(pattern, &mut names, &mut |path| path.exists());
        found.truncate(MAX_GLOB);
        Ok(found)
    }
}

/// The names in a folder; one that may not be read has none for ssh either.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_read_as_ssh_reads_them() {
        let name = format!("abide-disk-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        let file = folder.join("config");
        std::fs::write(&file, "Host a\n").unwrap();
        let read = |path: &Path, trusted: Option<&Path>| {
            let user = std::fs::metadata(&file).unwrap().uid();
            Disk { user, trusted: trusted.map(Path::to_owned) }.read(path)
        };
        let kept = read(&file, None);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
        let (loose, trusted) = (read(&file, None), read(&file, Some(&file)));
        let directory = read(&folder.join("sub"), None);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(kept.unwrap(), b"Host a\n");
        assert!(matches!(loose, Err(ReadError::Unsafe)));
        assert_eq!(trusted.unwrap(), b"Host a\n");
        assert_eq!(directory.unwrap(), b"", "a pattern may match a folder");
    }
}
