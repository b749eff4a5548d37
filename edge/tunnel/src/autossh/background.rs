//! `-f`: autossh as a daemon. A process of many libraries does not fork itself: it starts itself
//! anew, with the same words, and waits until that one has its port and its file.

use super::AutosshError;
use abide_host::detach::{Daemon, DetachError, detach};
use abide_host::process;
use abide_host::readiness::{READY_VARIABLE, Readiness, original_umask};
use rustix::fs::Mode;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

/// How long a daemon may take for its port and its file.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// Whether the process with this environment is the daemon.
pub(super) fn is_daemon(environment: &[(OsString, OsString)]) -> bool {
    environment.iter().any(|(name, _)| name == READY_VARIABLE)
}

/// Starts the daemon. As autossh has it, the daemon's own failures are in its log alone, and what
/// started it reports success.
pub(super) fn start(
    words: &[OsString],
    mut env: Vec<(OsString, OsString)>,
    directory: &Path,
) -> Result<(), AutosshError> {
    for (name, value) in &mut env {
        // The daemon's directory is "/".
        if name == "AUTOSSH_LOGFILE" && !value.is_empty() {
            *value = directory.join(&*value).into_os_string();
        }
    }
    let argv = std::iter::once(OsString::from("autossh")).chain(words.iter().cloned()).collect();
    let daemon = Daemon {
        program: process::SELF.into(),
        argv,
        env,
        log: "/dev/null".into(),
        ready_within: READY_WITHIN,
    };
    match detach(&daemon) {
        Ok(_) | Err(DetachError::Ended { .. } | DetachError::Late { .. }) => Ok(()),
        Err(error) => Err(AutosshError::Io(std::io::Error::other(error))),
    }
}

/// The daemon's part, once it has what it needs: whoever called it may go on.
pub(super) fn announce() -> std::io::Result<()> {
    match Readiness::from_environment()? {
        // Whoever called it may have been killed meanwhile: that is no reason to end.
        Some(readiness) => readiness.announce("running").or(Ok(())),
        None => Ok(()),
    }
}

/// Files get the permissions that the caller's umask leaves them, as under autossh.
pub(super) fn restore_umask() {
    if let Some(mask) = original_umask() {
        rustix::process::umask(Mode::from_raw_mode(mask));
    }
}

/// Variables that are the daemon's own, not its ssh's.
pub(super) fn own_variables() -> [&'static OsStr; 2] {
    [READY_VARIABLE.as_ref(), abide_host::readiness::UMASK_VARIABLE.as_ref()]
}
