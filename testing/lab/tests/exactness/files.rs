//! Files to send, and whether what arrived is the same.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::place::Trouble;

/// Makes a file of so many random bytes.
pub(crate) fn random_file(path: &Path, length: u64) -> Result<(), Trouble> {
    let mut random = File::open("/dev/urandom")?.take(length);
    std::io::copy(&mut random, &mut File::create(path)?)?;
    Ok(())
}

/// Makes a directory of `length` bytes: a fifth of them in many small files, the rest in four.
pub(crate) fn mixed_directory(path: &Path, length: u64) -> Result<(), Trouble> {
    const SMALL: u64 = 6_000;
    const IN_ONE: u64 = 100;
    for number in 0..length / 5 / SMALL {
        let directory = path.join(format!("many/{}", number / IN_ONE));
        fs::create_dir_all(&directory)?;
        // Sizes differ, and some are empty.
        random_file(&directory.join(format!("{number}")), number % 7 * SMALL / 3)?;
    }
    for number in 0..4 {
        random_file(&path.join(format!("large{number}")), length / 5)?;
    }
    Ok(())
}

/// Bytes in a file, or in all files of a directory; what is not there counts nothing.
pub(crate) fn size(path: &Path) -> u64 {
    let Ok(data) = fs::symlink_metadata(path) else { return 0 };
    if !data.is_dir() {
        return data.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}

/// One checksum over names and contents of a file or directory, as `sha256sum` makes them.
pub(crate) fn checksum(path: &Path) -> Result<String, Trouble> {
    let line = "set -e; if [ -d \"$1\" ]; then cd \"$1\"; find . -type f -print0 | sort -z \
                | xargs -0 sha256sum | sha256sum; else sha256sum < \"$1\"; fi";
    let mut command = Command::new("sh");
    let output = command.args(["-c", line, "sh"]).arg(path).stdin(Stdio::null()).output()?;
    let text = String::from_utf8(output.stdout)?;
    match text.split_whitespace().next() {
        Some(sum) if output.status.success() => Ok(sum.to_owned()),
        _ => Err(format!("sha256sum: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// Fails unless both have the same checksum.
pub(crate) fn same(one: &Path, other: &Path) -> Result<(), Trouble> {
    let sums = (checksum(one)?, checksum(other)?);
    if sums.0 == sums.1 {
        return Ok(());
    }
    let sizes = (size(one), size(other));
    Err(format!(
        "not the same: {sums:?}, {sizes:?} bytes of {} and {}",
        one.display(),
        other.display()
    )
    .into())
}
