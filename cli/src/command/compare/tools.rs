//! The contenders and how each is called: over the user's path as it is, and over a detour. Builds
//! command lines; runs `ssh -G` and looks into PATH.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::PathBuf;

use abide_host::command::ShellCommand;
use abide_openssh::{Effective, Invocation};

use super::usage;
use crate::complaint::Complaint;
use crate::planning;

/// A contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// The system's ssh, with the user's settings.
    Ssh,
    /// mosh, as it comes.
    Mosh,
    /// autossh with ServerAliveInterval 15 and ServerAliveCountMax 3.
    Autossh,
    /// abide, over QUIC where that works.
    Abide,
    /// abide over ssh's own connection.
    AbideNoUdp,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Ssh, Kind::Mosh, Kind::Autossh, Kind::Abide, Kind::AbideNoUdp];

    /// As tables have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Ssh => "ssh",
            Kind::Mosh => "mosh",
            Kind::Autossh => "autossh",
            Kind::Abide => "abide",
            Kind::AbideNoUdp => "abide --no-udp",
        }
    }

    fn program(self) -> Option<&'static str> {
        match self {
            Kind::Mosh => Some("mosh"),
            Kind::Autossh => Some("autossh"),
            Kind::Ssh | Kind::Abide | Kind::AbideNoUdp => None,
        }
    }
}

/// Settings that keep a measured connection one of its own which asks nobody anything.
const ALONE: [&str; 4] =
    ["BatchMode=yes", "ControlMaster=no", "ControlPath=none", "ClearAllForwardings=yes"];

/// Everything that is needed to call any of them.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) host: String,
    pub(super) kinds: Vec<Kind>,
    /// Asked for or usual, and not here.
    pub(super) missing: Vec<Kind>,
    ssh: OsString,
    abide: PathBuf,
    passed: Vec<OsString>,
    settings: Effective,
    environment: Vec<(OsString, OsString)>,
}

impl Call {
    /// Looks what there is. With `only`, no others.
    pub(super) fn new(invocation: &Invocation, only: &[Kind]) -> Result<Call, Complaint> {
        let ssh = planning::ssh();
        let settings =
            abide_openssh::query(&ssh, invocation).map_err(|error| usage(error.to_string()))?;
        let wanted = Kind::ALL.into_iter().filter(|kind| only.is_empty() || only.contains(kind));
        let (kinds, missing) =
            wanted.partition(|kind| kind.program().is_none_or(|program| find(program).is_some()));
        Ok(Call {
            host: invocation.destination.given.to_string_lossy().into_owned(),
            kinds,
            missing,
            ssh,
            abide: abide_host::process::exe_path()?,
            passed: invocation.passed.clone(),
            settings,
            environment: environment(),
        })
    }

    /// Over the user's path as it is.
    pub(super) fn direct(&self, kind: Kind) -> ShellCommand {
        self.command(kind, &[])
    }

    /// Over a detour for TCP. Not for mosh, which sends datagrams.
    pub(super) fn over(&self, kind: Kind, detour: SocketAddr) -> ShellCommand {
        let alias = self.known_as();
        let lead = [
            "HostName=127.0.0.1".to_owned(),
            format!("Port={}", detour.port()),
            format!("HostKeyAlias={alias}"),
            "CheckHostIP=no".to_owned(),
        ];
        self.command(kind, &lead)
    }

    /// The name under which known_hosts has the host.
    fn known_as(&self) -> String {
        match self.settings.port {
            22 => self.settings.hostname.clone(),
            port => format!("[{}]:{port}", self.settings.hostname),
        }
    }

    /// Why no detour can lead there, if so.
    pub(super) fn no_detour(&self) -> Option<String> {
        self.settings.proxy.as_ref().map(|_| {
            "it is reached through a ProxyJump or ProxyCommand, where no detour can be laid"
                .to_owned()
        })
    }

    /// Where ssh connects to.
    pub(super) fn server(&self) -> (&str, u16) {
        (&self.settings.hostname, self.settings.port)
    }

    /// ssh with a line to run, for starting a mosh server by hand.
    pub(super) fn ssh_line(&self, line: &str) -> std::process::Command {
        let mut command = std::process::Command::new(&self.ssh);
        command.args(self.ssh_words(&[])).arg("--").arg(&self.host).arg(line);
        command
    }

    /// mosh's own client at a detour.
    pub(super) fn mosh_client(&self, detour: SocketAddr, key: &str) -> ShellCommand {
        let mut command = ShellCommand::new("mosh-client");
        command.args = vec![detour.ip().to_string().into(), detour.port().to_string().into()];
        command.env = self.environment.clone();
        command.env.push(("MOSH_KEY".into(), key.into()));
        command
    }

    fn command(&self, kind: Kind, lead: &[String]) -> ShellCommand {
        let ssh_words = self.ssh_words(lead);
        let words = |start: &[&str]| start.iter().map(OsString::from).collect::<Vec<_>>();
        let (program, mut args) = match kind {
            Kind::Ssh => (PathBuf::from(&self.ssh), ssh_words),
            Kind::Autossh => {
                let own = words(&[
                    "-M",
                    "0",
                    "-o",
                    "ServerAliveInterval=15",
                    "-o",
                    "ServerAliveCountMax=3",
                ]);
                ("autossh".into(), [own, ssh_words].concat())
            }
            Kind::Abide => (self.abide.clone(), ssh_words),
            Kind::AbideNoUdp => (self.abide.clone(), [words(&["--no-udp"]), ssh_words].concat()),
            Kind::Mosh => {
                let line: Vec<OsString> = [vec![self.ssh.clone()], ssh_words].concat();
                let line: Vec<String> = line.iter().map(|word| quoted(word)).collect();
                let server = "env MOSH_SERVER_NETWORK_TMOUT=600 mosh-server";
                let own = [format!("--ssh={}", line.join(" ")), format!("--server={server}")];
                ("mosh".into(), own.into_iter().map(OsString::from).collect())
            }
        };
        if kind != Kind::Mosh {
            args.push("--".into());
        }
        args.push(self.host.clone().into());
        let mut command = ShellCommand::new(program);
        command.args = args;
        command.env = self.environment.clone();
        command.cwd = std::env::current_dir().unwrap_or_else(|_| "/".into());
        command
    }

    /// Of equal options ssh takes the first: ours win.
    fn ssh_words(&self, lead: &[String]) -> Vec<OsString> {
        let own = lead.iter().map(String::as_str).chain(ALONE);
        let own = own.flat_map(|option| [OsString::from("-o"), OsString::from(option)]);
        own.chain(self.passed.iter().cloned()).collect()
    }

    /// How a person would call it.
    pub(super) fn shown(&self, kind: Kind) -> String {
        let host = &self.host;
        match kind {
            Kind::Autossh => {
                format!("autossh -M 0 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 {host}")
            }
            other => format!("{} {host}", other.name()),
        }
    }
}

/// The environment of every tool: the user's, with a terminal that all know and a locale that mosh
/// takes.
fn environment() -> Vec<(OsString, OsString)> {
    let own = ["TERM", "LC_ALL", "AUTOSSH_GATETIME"];
    let mut environment: Vec<(OsString, OsString)> =
        std::env::vars_os().filter(|(name, _)| own.iter().all(|it| name != it)).collect();
    let is_utf8 = |value: &OsString| value.to_string_lossy().to_ascii_lowercase().contains("utf");
    let locale = std::env::var_os("LC_ALL").filter(is_utf8).unwrap_or_else(|| "C.UTF-8".into());
    environment.push(("TERM".into(), "xterm-256color".into()));
    environment.push(("LC_ALL".into(), locale));
    // autossh takes an early end for a wrong command line otherwise.
    environment.push(("AUTOSSH_GATETIME".into(), "0".into()));
    environment
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// For a POSIX shell, which mosh has read its `--ssh`.
fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"))
}
