//! Names builds and architectures, so that both ends run the very same program. Does not find,
//! fetch or send binaries.

use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How much of the binary is in memory while it is hashed, bytes.
const HASH_CHUNK: usize = 64 * 1024;
/// How many hex digits of the hash are in a build's name.
const HASH_DIGITS: usize = 16;

/// `<version>-<16 hex digits>`: the directory a keeper is kept in. The digits are of the linker's
/// build id, or where it made none, of the file's sha256.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BuildId(String);

impl BuildId {
    /// The id of a binary of this version with this hash. Characters that a remote command line
    /// must not carry become `_`.
    pub fn new(version: &str, hash: &[u8]) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
        let version: String = version.chars().map(plain).collect();
        let hash: String = hash.iter().take(HASH_DIGITS / 2).map(|b| format!("{b:02x}")).collect();
        BuildId(format!("{version}-{hash}"))
    }

    /// The id as text: `[A-Za-z0-9._-]` only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The binary could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the program at {path}: {source}")]
pub struct BinaryError {
    /// Which file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// The build id of the binary at `exe`, which is of this very version. Reads the whole file only
/// where the linker left no id: hashing megabytes would be felt at every start.
///
/// # Errors
/// When the file cannot be opened or read.
pub fn own_build(exe: &Path) -> Result<BuildId, BinaryError> {
    let unreadable = |source| BinaryError { path: exe.to_owned(), source };
    let linked = linkers_id(exe).map_err(unreadable)?;
    let id = match linked {
        Some(id) => id,
        None => hash(exe).map_err(unreadable)?.to_vec(),
    };
    Ok(BuildId::new(env!("CARGO_PKG_VERSION"), &id))
}

/// What the linker made of the program's contents, when it did.
fn linkers_id(exe: &Path) -> io::Result<Option<Vec<u8>>> {
    let cache = object::ReadCache::new(File::open(exe)?);
    let file = object::File::parse(&cache).ok();
    let id = file.as_ref().and_then(|file| object::Object::build_id(file).ok().flatten());
    Ok(id.filter(|id| id.len() >= HASH_DIGITS / 2).map(<[u8]>::to_vec))
}

fn hash(path: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
    let mut chunk = vec![0; HASH_CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(n) => hasher.update(&chunk[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// An operating system and a machine, in Rust's words (`linux`, `x86_64`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Architecture {
    /// `linux`, `macos`, `freebsd`, ...
    pub system: String,
    /// `x86_64`, `aarch64`, `x86`, ...
    pub machine: String,
}

impl Architecture {
    /// What this program was built for.
    pub fn own() -> Self {
        Architecture { system: std::env::consts::OS.into(), machine: std::env::consts::ARCH.into() }
    }

    /// From `uname -s` and `uname -m`.
    pub fn from_uname(system: &str, machine: &str) -> Self {
        let system = match system.to_ascii_lowercase().as_str() {
            "darwin" => "macos".into(),
            "sunos" => "solaris".into(),
            other => other.to_owned(),
        };
        let machine = match machine.to_ascii_lowercase().as_str() {
            "amd64" | "x64" => "x86_64".into(),
            "arm64" | "armv8l" => "aarch64".into(),
            "i386" | "i486" | "i586" | "i686" | "i86pc" => "x86".into(),
            "ppc64" | "ppc64le" => "powerpc64".into(),
            arm if arm.starts_with("armv") => "arm".into(),
            other => other.to_owned(),
        };
        Architecture { system, machine }
    }

    /// Whether a program of this architecture can run there.
    pub fn runs_on(&self, there: &Architecture) -> bool {
        self == there
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.system, self.machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_named_by_content() {
        let path = std::env::temp_dir().join(format!("abide-build-{}", std::process::id()));
        std::fs::write(&path, "abc").unwrap();
        let id = own_build(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(id.as_str(), concat!(env!("CARGO_PKG_VERSION"), "-ba7816bf8f01cfea"));
        assert_eq!(BuildId::new("1.0+x !", &[0; 32]).as_str(), "1.0_x__-0000000000000000");
        let missing = own_build(Path::new("/nonexistent/abide")).unwrap_err();
        assert!(missing.to_string().contains("/nonexistent/abide"));
    }

    #[test]
    fn uname_words_are_understood() {
        let here = Architecture { system: "linux".into(), machine: "x86_64".into() };
        assert!(here.runs_on(&Architecture::from_uname("Linux", "amd64")));
        assert!(here.runs_on(&Architecture::from_uname("Linux", "x86_64")));
        assert!(!here.runs_on(&Architecture::from_uname("Linux", "aarch64")));
        assert!(!here.runs_on(&Architecture::from_uname("FreeBSD", "amd64")));
        let mac = Architecture::from_uname("Darwin", "arm64");
        assert_eq!(mac.to_string(), "macos aarch64");
    }
}
