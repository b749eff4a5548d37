//! Why an ssh process ended, from what it wrote and how it exited. Values, not words for people.
//! ssh writes English in every locale (it sets LC_CTYPE alone).

mod lines;

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// ssh's own failures; one value for each thing that a person or a reconnecter would do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SshEnding {
    /// The name does not resolve.
    UnknownHost {
        /// The name.
        host: String,
        /// The resolver could not be asked (no network), rather than said no.
        temporary: bool,
    },
    /// Nothing listens at the port.
    Refused {
        /// Host or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// No way there.
    Unreachable {
        /// Host or address.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// No answer, while connecting or later.
    TimedOut {
        /// Host or address.
        host: String,
    },
    /// The host showed another key than the known one.
    HostKeyChanged {
        /// The host as files of known keys name it, when ssh said so.
        name: Option<String>,
        /// File and line of the known key, when ssh said so.
        known_at: Option<String>,
    },
    /// The host's key is not known, and nobody accepted it.
    HostKeyUnknown,
    /// No key, code or password was accepted.
    PermissionDenied {
        /// What the server would take.
        methods: Vec<String>,
    },
    /// The other side hung up.
    ConnectionClosed,
    /// The connection was cut off.
    ConnectionReset,
    /// No common algorithm, or the exchange broke.
    KexFailed {
        /// ssh's line.
        reason: String,
    },
    /// Connected, and no ssh server spoke in time.
    BannerTimeout,
    /// The proxy command or jump host did not come through.
    ProxyFailed {
        /// ssh's line.
        reason: String,
    },
    /// ssh's command line or configuration is wrong.
    BadSettings {
        /// ssh's line.
        reason: String,
    },
    /// A signal ended ssh here.
    Killed(i32),
    /// Not ssh's failure: the far end's own exit status.
    RemoteExit(i32),
    /// Something else; ssh's last line, or empty.
    Other {
        /// ssh's last line.
        text: String,
    },
}

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAdvice {
    /// Later, by itself.
    Later,
    /// Only once a person has done something.
    NeedsUser,
    /// Not at all.
    Never,
}

impl SshEnding {
    /// What to do next. `worked_before` says that this destination was reached in this session:
    /// then a name that is gone means a network that is not whole yet.
    pub fn retry(&self, worked_before: bool) -> RetryAdvice {
        match self {
            SshEnding::UnknownHost { temporary: false, .. } if !worked_before => RetryAdvice::Never,
            SshEnding::UnknownHost { .. }
            | SshEnding::Refused { .. }
            | SshEnding::Unreachable { .. }
            | SshEnding::TimedOut { .. }
            | SshEnding::ConnectionClosed
            | SshEnding::ConnectionReset
            | SshEnding::BannerTimeout
            | SshEnding::ProxyFailed { .. }
            | SshEnding::Killed(_)
            | SshEnding::Other { .. } => RetryAdvice::Later,
            SshEnding::HostKeyChanged { .. }
            | SshEnding::HostKeyUnknown
            | SshEnding::PermissionDenied { .. } => RetryAdvice::NeedsUser,
            SshEnding::KexFailed { .. } if worked_before => RetryAdvice::Later,
            SshEnding::KexFailed { .. }
            | SshEnding::BadSettings { .. }
            | SshEnding::RemoteExit(_) => RetryAdvice::Never,
        }
    }
}

/// Names the ending of an ssh that has exited. `stderr` may hold other programs' lines too (rc
/// files, jump hosts); the deepest cause that ssh itself names is taken.
pub fn classify(stderr: &str, status: ExitStatus) -> SshEnding {
    if let Some(signal) = status.signal() {
        return SshEnding::Killed(signal);
    }
    match status.code() {
        Some(255) | None => {}
        Some(own) => return SshEnding::RemoteExit(own),
    }
    // With -v ssh thinks aloud; what it concludes it says without a prefix.
    let said = |it: &&str| !it.is_empty() && !it.starts_with("debug");
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(said).collect();
    lines::deepest_cause(&lines).unwrap_or_else(|| SshEnding::Other {
        text: lines.last().copied().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests;
