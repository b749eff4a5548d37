//! Why settings were not changed, in words.

use abide_settings::server::{ApplyError, LookError, Refusal, ShellError};
use abide_settings::{ClientError, PlanError};
use abide_store::{JournalError, ReplaceError};
use abide_terms::print_span;

use super::shown::printable;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::{explain, print};

/// What it takes to change an sshd.
const NEEDS_ROOT: &str = "it takes root there, and `sudo -n` gives nothing without a password";
const BECOME_ROOT: &str = "abide timeouts set --on-server -l root HOST ...";

/// Why there is nothing to do, or nothing that can be done.
pub(super) fn not_planned(error: &PlanError) -> Result<Exit, Complaint> {
    match error {
        PlanError::Nothing => {
            print::note("abide: all of that is so already; nothing was changed");
            Ok(Exit::OK)
        }
        PlanError::Refused(refusal) => Err(Complaint::new("that cannot be set there")
            .because(refusal.to_string())
            .try_this("abide timeouts show HOST, to see what wins")),
        PlanError::SeveralFiles(files) => {
            let names: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
            Err(Complaint::new(error.to_string())
                .because(names.join(", "))
                .try_this("the settings one by one, or with --file FILE"))
        }
    }
}

/// A failed change in words.
pub(in super::super) fn not_changed(error: &ClientError) -> Complaint {
    let unchanged = |what: String| Complaint::new(what);
    match error {
        ClientError::Replace(ReplaceError::NotSynced { .. }) => unchanged(error.to_string()),
        ClientError::Changed(path) | ClientError::Replace(ReplaceError::Changed(path)) => {
            unchanged(format!("{} was changed by somebody else meanwhile", path.display()))
                .because("it is not what was shown; nothing was changed")
                .try_this("the same again, which shows the new difference")
        }
        ClientError::Replace(ReplaceError::ReadOnly { path, mode }) => {
            unchanged(format!("{} is read-only", path.display()))
                .because(format!(
                    "its mode is {mode:04o}, or its file system is; nothing was changed"
                ))
                .try_this(format!("chmod u+w {}", path.display()))
        }
        ClientError::Replace(ReplaceError::Full(path)) => {
            unchanged(format!("no space is left for a new {}", path.display()))
                .because("the disk or the quota is full; nothing was changed")
                .try_this(format!("df {}", path.parent().unwrap_or(path).display()))
        }
        ClientError::Journal(JournalError::Io { path, source }) => {
            unchanged("the journal of changes cannot be written".to_owned())
                .because(format!("{}: {source}; nothing was changed", path.display()))
                .try_this(format!("df {}", path.parent().unwrap_or(path).display()))
        }
        ClientError::Invalid { said } => unchanged("ssh refuses the result".to_owned())
            .because(format!("{said}; nothing was changed"))
            .try_this("man ssh_config, for the values it takes"),
        ClientError::NoEffect { host, line } => {
            unchanged(format!("`{line}` would not take effect"))
                .because(format!("`ssh -G {host}` did not print it; the old file is back"))
                .try_this(format!("abide timeouts show {host}"))
        }
        ClientError::Broken { said } => {
            unchanged("ssh refuses the present configuration".to_owned())
                .because(said.clone())
                .try_this("ssh -G HOST")
        }
        ClientError::Stuck { .. } => {
            Complaint::new("the change was refused, and the old file could not be put back")
                .because(error.to_string())
                .try_this("abide timeouts log")
        }
        other => unchanged("nothing was changed".to_owned()).because(other.to_string()),
    }
}

/// The way there failed.
pub(super) fn shell_failed(error: &ShellError) -> Complaint {
    match error {
        ShellError::Ended(ending) => explain::ssh(ending, "the server"),
        other => Complaint::new(other.to_string()).try_this("ssh HOST true"),
    }
}

/// Nothing could be seen of the sshd.
pub(super) fn not_seen(error: &LookError) -> Complaint {
    match error {
        LookError::Shell(error) => shell_failed(error),
        LookError::NotPermitted { .. } => not_permitted(error.to_string()),
        LookError::NoSshd => Complaint::new("no sshd was found there")
            .because("it is in none of the usual places")
            .try_this("abide timeouts set ... --sshd-program FILE"),
        LookError::Broken { said } => Complaint::new("sshd refuses the present configuration")
            .because(printable(said))
            .try_this("sshd -t, on the server"),
        LookError::Missing(what) => Complaint::new("the shell there gave no answer")
            .because(format!("it did not say its {what}"))
            .try_this("ssh HOST sh -c id"),
    }
}

/// The login may look and not change.
pub(super) fn not_permitted(what: String) -> Complaint {
    Complaint::new(what).because(NEEDS_ROOT).try_this(BECOME_ROOT)
}

/// A server's change that came to nothing, or to nobody knows what.
pub(super) fn not_applied(error: &ApplyError) -> Complaint {
    let nothing = "nothing was changed";
    match error {
        ApplyError::Refused(refusal) => {
            let complaint = Complaint::new(printable(&refusal.to_string()));
            match refusal {
                Refusal::Changed => complaint
                    .because(format!("it is not what was shown; {nothing}"))
                    .try_this("the same again, which shows the new difference"),
                Refusal::ReadOnly => complaint
                    .because(format!("no mode bit lets anybody write it; {nothing}"))
                    .try_this("chmod u+w, if that is meant to change"),
                Refusal::Full => complaint.because(nothing).try_this("df /etc/ssh"),
                _ => complaint.because(nothing).try_this("abide timeouts log"),
            }
        }
        ApplyError::Lost(error) => Complaint::new("the connection went while the change was made")
            .because(format!("{error}; what was changed puts itself back"))
            .try_this("abide timeouts log"),
        ApplyError::Unseen { within } => {
            Complaint::new("the connection went before the outcome was known")
                .because(format!(
                    "the server puts the old settings back within {}",
                    print_span(*within)
                ))
                .try_this("abide timeouts log")
        }
    }
}
