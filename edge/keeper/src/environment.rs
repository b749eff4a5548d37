//! The environment of a session's program: the login's own, with what belongs to the session.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use abide_host::users::User;

/// Variables of the bootstrap shell and of abide's own processes, which a login would not have set.
const NOT_PASSED: [&str; 8] = [
    "_",
    "SHLVL",
    "OLDPWD",
    "PWD",
    "SSH_TTY",
    "TERM",
    abide_host::readiness::READY_VARIABLE,
    abide_host::readiness::UMASK_VARIABLE,
];

/// PATH where the login set none: sshd's default.
const PATH_DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin:/usr/games";

/// Names the display of X programs.
const DISPLAY: &str = "DISPLAY";

/// What of the client's machine the program may use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lent {
    /// The socket of its ssh-agent.
    pub(crate) agent: Option<PathBuf>,
    /// A display that leads to its own.
    pub(crate) display: Option<String>,
}

/// The environment for a program; `terminal` is TERM and the terminal's device, if it has one;
/// `lent` is what the client lends.
pub(crate) fn for_program(
    user: &User,
    terminal: Option<(&str, &Path)>,
    lent: &Lent,
) -> Vec<(OsString, OsString)> {
    let passed = std::env::vars_os().filter(|(name, _)| !NOT_PASSED.iter().any(|not| name == not));
    let mut variables: Vec<(OsString, OsString)> = passed.collect();
    let mut set_default = |name: &str, value: OsString| {
        if !variables.iter().any(|(known, _)| known == name) {
            variables.push((name.into(), value));
        }
    };
    set_default("PATH", PATH_DEFAULT.into());
    set_default("USER", user.name.clone().into());
    set_default("LOGNAME", user.name.clone().into());
    set_default("HOME", user.home.clone().into());
    set_default("SHELL", user.shell.clone().into());
    if let Some(display) = &lent.display {
        variables.retain(|(name, _)| name != DISPLAY);
        variables.push((DISPLAY.into(), display.into()));
    }
    if let Some(agent) = &lent.agent {
        // The login's own would end with its ssh.
        variables.retain(|(name, _)| name != abide_host::agent::VARIABLE);
        variables.push((abide_host::agent::VARIABLE.into(), agent.into()));
    }
    if let Some((kind, device)) = terminal {
        let kind = if kind.is_empty() { "dumb" } else { kind };
        variables.push(("TERM".into(), kind.into()));
        variables.push(("SSH_TTY".into(), device.into()));
    }
    variables
}
