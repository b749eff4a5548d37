//! Why settings were not changed, in words.

use abide_settings::server::{ApplyError, LookError, Refusal, ShellError};
use abide_settings::{ClientError, PlanError};
use abide_sshconf::EditRefusal;
use abide_store::{JournalError, OriginalError, ReplaceError};
use abide_terms::print_span;

use super::shown::printable;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::{explain, print};

/// What it takes to change an sshd.
const NEEDS_ROOT: &str = "it takes root there, and `sudo -n` gives nothing without a password";

/// Why there is nothing to do, or nothing that can be done.
/// `show`: what shows the present settings.
pub(crate) fn not_planned(error: &PlanError, show: &str) -> Result<Exit, Complaint> {
    match error {
        PlanError::Nothing => {
            print::note("abide: all of that is so already; nothing was changed");
            Ok(Exit::OK)
        }
        PlanError::Refused(refusal) if matches!(**refusal, EditRefusal::Undecided(_)) => {
            Err(Complaint::new("what would be in effect afterwards is not known")
                .because(format!("{refusal}; nothing was changed"))
                .try_this("the same with a HOST and without --all, --for, --file: its block goes before everything"))
        }
        PlanError::Refused(refusal) => Err(Complaint::new("that cannot be set there")
            .because(refusal.to_string())
            .try_this(format!("{show}, to see what wins"))),
        PlanError::SeveralFiles(files) => {
            let names: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
            Err(Complaint::new(error.to_string())
                .because(names.join(", "))
                .try_this("the settings one by one, or with --file FILE"))
        }
    }
}

/// Files that cannot be read, and so not be changed.
pub(crate) fn not_readable(error: &ClientError) -> Complaint {
    let nothing = |what: String| Complaint::new(what);
    let instead = "the same with -F FILE, a file that ssh reads and that can be changed";
    match error {
        ClientError::Original(OriginalError::NotAFile(path)) => {
            nothing(format!("{} is not a regular file", path.display()))
                .because("it is a folder, a pipe or a device; nothing was changed")
                .try_this(instead)
        }
        ClientError::Original(error @ OriginalError::TooLarge { .. }) => nothing(error.to_string())
            .because("no configuration of that size is read or changed; nothing was changed")
            .try_this(instead),
        ClientError::Original(OriginalError::LinkLoop(path)) => {
            nothing(format!("{} is a link that leads to itself", path.display()))
                .because("there is no file at its end; nothing was changed")
                .try_this(format!(
                    "rm {0}, which is only the link; then the same again",
                    path.display()
                ))
        }
        ClientError::Original(OriginalError::Io { path, source }) => {
            nothing(format!("{} cannot be read", path.display()))
                .because(format!("{source}; nothing was changed"))
                .try_this(instead)
        }
        other => not_changed(other),
    }
}

/// A failed change in words.
pub(crate) fn not_changed(error: &ClientError) -> Complaint {
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
                .try_this("the same again, once that file is put right")
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
/// `host`: of the server; none for this machine.
pub(super) fn shell_failed(error: &ShellError, host: Option<&str>) -> Complaint {
    match error {
        ShellError::Ended(ending) => explain::ssh(ending, host.unwrap_or("this machine")),
        other => Complaint::new(other.to_string()).try_this(run_there(host, "true")),
    }
}

/// Nothing could be seen of the sshd.
pub(super) fn not_seen(error: &LookError, host: Option<&str>) -> Complaint {
    match error {
        LookError::Shell(error) => shell_failed(error, host),
        LookError::NotPermitted { .. } => not_permitted(error.to_string(), host),
        LookError::NoSshd => Complaint::new("no sshd was found there")
            .because("it is in none of the usual places")
            .try_this("abide timeouts set ... --sshd-program FILE"),
        LookError::Broken { said } => Complaint::new("sshd refuses the present configuration")
            .because(printable(said))
            .try_this("sshd -t, on the server"),
        LookError::Missing(what) => Complaint::new("the shell there gave no answer")
            .because(format!("it did not say its {what}"))
            .try_this(run_there(host, "id")),
    }
}

/// The login may look and not change.
pub(super) fn not_permitted(what: String, host: Option<&str>) -> Complaint {
    Complaint::new(what).because(NEEDS_ROOT).try_this(match host {
        Some(host) => format!("abide timeouts set --on-server -l root {host} ..."),
        None => "the same as root".to_owned(),
    })
}

/// A command where the server is.
fn run_there(host: Option<&str>, command: &str) -> String {
    match host {
        Some(host) => format!("ssh {host} {command}"),
        None => format!("sh -c {command}"),
    }
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
