//! What the machine must have, checked before anything is made.

use std::path::{Path, PathBuf};

use crate::LabError;

/// Programs that every lab runs, and the Debian package of each.
const PROGRAMS: [(&str, &str); 4] = [
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("ssh-keygen", "openssh-client"),
];

/// Places beside PATH where system programs live.
const SYSTEM_PLACES: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// Checks everything that building a lab takes.
pub(crate) fn check() -> Result<(), LabError> {
    if !rustix::process::geteuid().is_root() {
        return Err(missing("root, to make network namespaces", "run it with sudo".to_owned()));
    }
    if !Path::new("/dev/net/tun").exists() {
        return Err(missing("/dev/net/tun", "modprobe tun".to_owned()));
    }
    for (program, package) in PROGRAMS {
        find(program, package)?;
    }
    Ok(())
}

/// Where a program is.
pub(crate) fn find(program: &str, package: &str) -> Result<PathBuf, LabError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(SYSTEM_PLACES.map(PathBuf::from));
    let found = places.map(|place| place.join(program)).find(|candidate| candidate.is_file());
    let remedy = format!("apt-get install {package}");
    found.ok_or_else(|| missing(&format!("the program `{program}`"), remedy))
}

fn missing(what: &str, remedy: String) -> LabError {
    LabError::Missing { what: what.to_owned(), remedy }
}
