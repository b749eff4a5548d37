//! Why a tunnel does not work: one value for each thing that a person would do about it. Words for
//! people are made in `cli`.

use abide_openssh::SshEnding;
use serde::{Deserialize, Serialize};

/// What is wrong. Serialised, `code` names it for good; fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Cause {
    /// The name does not resolve.
    NameUnknown {
        /// The name.
        host: String,
        /// The resolver could not be asked, rather than said no.
        temporary: bool,
    },
    /// No way there.
    Unreachable {
        /// Host or address.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// Nothing answers.
    TimedOut {
        /// Host or address.
        host: String,
    },
    /// Nothing listens at the ssh port.
    Refused {
        /// Host or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// ssh's connection was closed, reset, or fell silent.
    ConnectionLost {
        /// ssh's line.
        reason: String,
    },
    /// A jump host or proxy command did not come through.
    Proxy {
        /// ssh's line.
        reason: String,
    },
    /// The host shows another key than the known one.
    HostKeyChanged {
        /// The host as known keys name it, when ssh said so.
        name: Option<String>,
        /// File and line of the known key, when ssh said so.
        known_at: Option<String>,
    },
    /// Nobody has accepted the host's key yet.
    HostKeyUnknown,
    /// No key, code or password was accepted.
    Authentication {
        /// What the server would take.
        methods: Vec<String>,
    },
    /// ssh refuses words of the tunnel's own command line, or of its file.
    CommandLine {
        /// ssh's line.
        reason: String,
    },
    /// ssh's configuration is wrong.
    Settings {
        /// ssh's line.
        reason: String,
    },
    /// Client and server have no algorithm in common.
    NoAlgorithm {
        /// ssh's line.
        reason: String,
    },
    /// ssh was not through with the login in time.
    Stuck {
        /// How far it came.
        step: Step,
    },
    /// Another program here has the port.
    LocalPortTaken {
        /// Address and port, or path.
        listen: String,
        /// What the system said.
        reason: String,
    },
    /// A program on the server has the port, and answers there.
    RemotePortTaken {
        /// The port.
        listen: String,
        /// The first line it says to whoever connects, if it does.
        says: Option<String>,
    },
    /// Something on the server holds the port and does nothing: as a rule an sshd whose client is gone.
    RemoteListenerStale {
        /// The port.
        listen: String,
    },
    /// The server will not listen there, and nothing holds the port: its settings forbid it.
    RemoteForwardRefused {
        /// The port.
        listen: String,
    },
    /// The server's settings forbid connections to the target.
    ForwardForbidden {
        /// The forward.
        forward: String,
    },
    /// The forward works, and nothing listens at its target.
    TargetRefused {
        /// The forward.
        forward: String,
        /// What ssh or the system said.
        reason: String,
    },
    /// Nothing listens any more where the forward should begin.
    ListenerGone {
        /// The forward.
        forward: String,
    },
    /// No answer came through the forward, nor past it.
    Silent {
        /// The forward.
        forward: String,
    },
    /// The keeper that had the link is not there any more: its machine was started anew, or somebody
    /// stopped it.
    KeeperGone,
    /// A signal ended ssh.
    SshKilled {
        /// Which.
        signal: i32,
    },
    /// A signal ended the process that carried the link.
    LinkKilled {
        /// Which.
        signal: i32,
    },
    /// There is no ssh to run.
    NoSsh {
        /// What the system said.
        reason: String,
    },
    /// Something else.
    Other {
        /// ssh's last line.
        reason: String,
    },
}

/// How far a login came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Nothing yet.
    Connecting,
    /// The server answers; not signed in yet.
    SigningIn,
    /// Signed in; not all forwards are there yet.
    Forwarding,
}

/// Who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Time, or another network.
    Network,
    /// Time, or whoever holds the port.
    Port,
    /// A person.
    Person,
    /// Nobody: it is wrong for good.
    Hopeless,
    /// Not ssh's matter: another ssh would not help.
    Target,
}

impl Cause {
    /// Who can do something about it.
    pub fn class(&self) -> Class {
        match self {
            Cause::LocalPortTaken { .. }
            | Cause::RemotePortTaken { .. }
            | Cause::RemoteListenerStale { .. }
            | Cause::RemoteForwardRefused { .. } => Class::Port,
            Cause::HostKeyChanged { .. } | Cause::HostKeyUnknown | Cause::Authentication { .. } => {
                Class::Person
            }
            Cause::CommandLine { .. }
            | Cause::Settings { .. }
            | Cause::NoAlgorithm { .. }
            | Cause::NoSsh { .. } => Class::Hopeless,
            Cause::ForwardForbidden { .. } | Cause::TargetRefused { .. } => Class::Target,
            _ => Class::Network,
        }
    }

    /// What ssh's ending means for a tunnel. `last` is the last line that ssh said.
    pub fn of_ending(ending: SshEnding, last: &str) -> Self {
        let lost = || Cause::ConnectionLost { reason: last.to_owned() };
        match ending {
            SshEnding::UnknownHost { host, temporary } => Cause::NameUnknown { host, temporary },
            SshEnding::Refused { host, port } => Cause::Refused { host, port },
            SshEnding::Unreachable { host, reason } => Cause::Unreachable { host, reason },
            SshEnding::TimedOut { host } => Cause::TimedOut { host },
            SshEnding::HostKeyChanged { name, known_at } => {
                Cause::HostKeyChanged { name, known_at }
            }
            SshEnding::HostKeyUnknown => Cause::HostKeyUnknown,
            SshEnding::PermissionDenied { methods } => Cause::Authentication { methods },
            SshEnding::ConnectionClosed | SshEnding::ConnectionReset | SshEnding::BannerTimeout => {
                lost()
            }
            SshEnding::KexFailed { reason } => Cause::NoAlgorithm { reason },
            SshEnding::ProxyFailed { reason } => Cause::Proxy { reason },
            SshEnding::BadSettings { reason } => Cause::Settings { reason },
            SshEnding::Killed(signal) => Cause::SshKilled { signal },
            SshEnding::RemoteExit(_) => lost(),
            SshEnding::Other { text } => Cause::Other { reason: text },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_has_its_code_in_json() {
        let json = serde_json::to_string(&Cause::HostKeyUnknown).unwrap();
        assert_eq!(json, r#"{"code":"host-key-unknown"}"#);
        let cause = Cause::RemoteListenerStale { listen: "8022".into() };
        let json = serde_json::to_string(&cause).unwrap();
        assert_eq!(json, r#"{"code":"remote-listener-stale","listen":"8022"}"#);
    }
}
