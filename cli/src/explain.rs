//! Words for everything that can go wrong between this machine and a session.

use abide_client::{ConnectError, Unprepared};
use abide_host::files::PrivateDirError;
use abide_keeper::{ANSWER_WITHIN, Found, RequestError};
use abide_openssh::{EffectiveError, FailReason, MAX_REMOTE_LINE, NotYet, Silence, SshEnding};
use abide_session::{RefusalCode, Refused};
use abide_terms::print_span;

use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::road::quoted;

/// The evidence when an id or a name leads nowhere.
pub(crate) const NO_SUCH: &str = "no session there has that id or name";

/// A flag of ssh's that no link carries; `to` is the host with the flags that lead there.
pub(crate) fn not_yet(flag: &NotYet, to: &str) -> Complaint {
    let NotYet::TunDevice(devices) = flag;
    let wanted = format!("{} {}", flag.flag(), quoted(devices));
    Complaint::new(format!("{wanted}: tun devices are not carried over a link"))
        .because(
            "a link carries streams, and a tun device has packets, which ssh carries by itself",
        )
        .try_this(format!("ssh -N {wanted} {to}, beside the abide session"))
}

/// A forward whose port or socket at this end cannot be opened.
pub(crate) fn not_listening(failed: &Unprepared) -> Complaint {
    let place = failed.forward.listen.to_string();
    Complaint::new(format!("cannot listen at {place} for the forward to {}", failed.forward.target))
        .because(failed.why.clone())
        .try_this("ss -lntp, to see who listens there")
}

/// `ssh -G` failed.
pub(crate) fn settings(error: &EffectiveError) -> Complaint {
    match error {
        EffectiveError::NoSsh { .. } => no_ssh(&error.to_string()),
        EffectiveError::Refused { stderr } => Complaint::new("ssh does not accept these settings")
            .because(stderr.clone())
            .try_this("ssh -G HOST, to see what it makes of them"),
        EffectiveError::Incomplete(_) => Complaint::new("ssh's settings cannot be read")
            .because(error.to_string())
            .try_this("ssh -G HOST, to see what it makes of them"),
    }
}

fn no_ssh(evidence: &str) -> Complaint {
    Complaint::new("there is no ssh to run")
        .because(evidence)
        .try_this("apt install openssh-client")
}

/// No session came of it.
pub(crate) fn connect(error: &ConnectError, host: &str) -> Complaint {
    connect_by(error, host, host)
}

/// The same; `to` is the host with the flags that lead there, for commands to try.
pub(crate) fn connect_by(error: &ConnectError, host: &str, to: &str) -> Complaint {
    match error {
        ConnectError::NoSsh { .. } => no_ssh(&error.to_string()),
        ConnectError::Ssh(ending) => ssh_by(ending, host, to),
        ConnectError::Silent(silence) => silent(silence, host, to),
        ConnectError::OtherArchitecture { here, there } => {
            Complaint::new(format!("no keeper for {host}"))
                .because(format!("the server is {there}, this program is for {here}"))
                .try_this(format!("ssh -t {to} tmux new -A, which needs no keeper"))
        }
        ConnectError::Nowhere(places) => Complaint::new(format!(
            "{host} has no place for the keeper"
        ))
        .because(
            places
                .iter()
                .map(|(place, why)| format!("{place}: {}", place_failed(*why)))
                .collect::<Vec<_>>()
                .join("\n"),
        )
        .try_this(format!(
            "free some space, or ABIDE_KEEPER=/some/folder in the login environment on {host}"
        )),
        ConnectError::Refused(refused) => refusal(refused, host, to),
        ConnectError::Line(error) => Complaint::new("the command is too long for abide")
            .because(error.to_string())
            .try_this(format!("abide {to} sh <FILE, with the command in FILE")),
        ConnectError::Bootstrap(error) => Complaint::new(format!("{host} answered with noise"))
            .because(error.to_string())
            .try_this(format!("ssh {to} true, which should print nothing")),
        ConnectError::Codec(error) => {
            Complaint::new(format!("the keeper on {host} is not understood"))
                .because(error.to_string())
        }
        ConnectError::NotPermitted { to: target, said } => {
            Complaint::new(format!("{host} does not permit a connection to {target}"))
                .because(said.clone())
                .try_this(
                    "the server's AllowTcpForwarding and PermitOpen; plain ssh to it needs neither",
                )
        }
        ConnectError::Io(error) => {
            Complaint::new(format!("the connection to {host} broke while it was made"))
                .because(error.to_string())
                .try_this(format!("ssh {to} true"))
        }
    }
}

/// A command that does not fit; `line` is the whole remote line with it, both in bytes.
pub(crate) fn too_long(command: usize, line: usize, to: &str) -> Complaint {
    // It travels as hex: each of its bytes counts twice.
    let excess = line.saturating_sub(MAX_REMOTE_LINE).div_ceil(2);
    let most = command.saturating_sub(excess);
    Complaint::new(format!("the command is {command} bytes long, too long for abide"))
        .because(format!(
            "abide carries a command of at most {most} bytes here; ssh itself takes more"
        ))
        .try_this(format!("abide {to} sh <FILE, with the command in FILE"))
}

/// A session whose keeper does not answer.
pub(crate) fn not_answering(found: &Found) -> Complaint {
    let complaint =
        Complaint::new(format!("session {} does not answer", found.description.session))
            .because(silence_of(found));
    match help_for(found) {
        Some(help) => complaint.try_this(help),
        None => complaint.try_this("abide ls"),
    }
}

/// What is seen of a keeper that does not answer.
pub(crate) fn silence_of(found: &Found) -> String {
    let limit = print_span(ANSWER_WITHIN);
    match (found.description.pid, found.stopped) {
        (0, _) => {
            format!("its keeper, whose process is not to be seen, has been silent for {limit}")
        }
        (pid, false) => format!("its keeper (pid {pid}) has been silent for {limit}"),
        (pid, true) => {
            format!("its keeper (pid {pid}) is stopped, and has been silent for {limit}")
        }
    }
}

/// The command that wakes such a keeper, or else ends it.
pub(crate) fn help_for(found: &Found) -> Option<String> {
    match (found.description.pid, found.stopped) {
        (0, _) => None,
        (pid, true) => Some(format!("kill -CONT {pid}")),
        (pid, false) => Some(format!("kill {pid}")),
    }
}

/// Sessions of this machine cannot be looked up.
pub(crate) fn unlisted(error: &RequestError) -> Complaint {
    let complaint =
        Complaint::new("this machine's sessions cannot be listed").because(error.to_string());
    match error {
        RequestError::Directory(directory) => complaint.try_this(
            directory_help(directory)
                .unwrap_or_else(|| "ABIDE_RUNTIME_DIR=/some/folder abide ls".to_owned()),
        ),
        _ => complaint.try_this("abide ls"),
    }
}

/// The command that puts the folder of the keepers' sockets right, if there is one.
pub(crate) fn directory_help(error: &PrivateDirError) -> Option<String> {
    match error {
        PrivateDirError::Mode { path, .. } => Some(format!("chmod 700 {}", quoted(path))),
        _ => None,
    }
}

/// Why ssh ended, for the host that was asked for.
pub(crate) fn ssh(ending: &SshEnding, asked: &str) -> Complaint {
    ssh_by(ending, asked, asked)
}

/// The same; `to` is the host with the flags that lead there.
fn ssh_by(ending: &SshEnding, asked: &str, to: &str) -> Complaint {
    match ending {
        SshEnding::UnknownHost { host, temporary: false } => Complaint::new(format!("{host} is not a known host name"))
            .because("the resolver says that there is no such name")
            .try_this(if crate::args::is_command(host) {
                format!("abide {host} ..., the command before all flags")
            } else {
                format!("getent hosts {host}")
            }),
        SshEnding::UnknownHost { host, temporary: true } => Complaint::new(format!("the name {host} could not be looked up"))
            .because("the resolver cannot be reached: there may be no network")
            .try_this(format!("getent hosts {host}")),
        SshEnding::Refused { host, port } => Complaint::new(format!("{host} refuses connections at port {port}"))
            .because("the machine answers, and nothing listens there")
            .try_this(format!(
                "abide -p PORT {}, if its sshd listens elsewhere",
                to.replacen(&format!("-p {port} "), "", 1)
            )),
        SshEnding::Unreachable { host, reason } => Complaint::new(format!("there is no way to {host}"))
            .because(reason.clone())
            .try_this(format!("ping {host}")),
        SshEnding::TimedOut { host } => Complaint::new(format!("{host} does not answer"))
            .because("ssh's connection timed out: packets are dropped on the way, or the machine is off")
            .try_this(format!("ping {host}")),
        SshEnding::HostKeyChanged { name, known_at } => Complaint::new(format!("the host key of {asked} has changed"))
            .because(known_at.as_ref().map_or_else(
                || "this may be a new machine, or somebody in between".to_owned(),
                |line| format!("another key is known at {line}; this may be a new machine, or somebody in between"),
            ))
            .try_this(format!("{}, once you know that the change is right", forget(name.as_deref().unwrap_or(asked), known_at.as_deref()))),
        SshEnding::HostKeyUnknown => Complaint::new(format!("the host key of {asked} is not known"))
            .because("nobody accepted it")
            .try_this(format!("ssh {to}, and compare the fingerprint")),
        SshEnding::PermissionDenied { methods } => Complaint::new(format!("{asked} does not let you in"))
            .because(format!("it takes {}, and was offered nothing that it accepts", methods.join(", ")))
            .try_this(format!("ssh -v {to}, to see which keys were offered")),
        SshEnding::ConnectionClosed => Complaint::new(format!("{asked} closed the connection"))
            .because("it hung up before the login was through")
            .try_this(format!("ssh -v {to}")),
        SshEnding::ConnectionReset => Complaint::new(format!("the connection to {asked} was cut off"))
            .because("a reset arrived: from the server, or a firewall on the way")
            .try_this(format!("ssh -v {to}")),
        SshEnding::KexFailed { reason } => Complaint::new(format!("{asked} and ssh have no algorithms in common"))
            .because(reason.clone())
            .try_this(format!("ssh -vv {asked}")),
        SshEnding::BannerTimeout => Complaint::new(format!("no ssh server speaks at {asked}"))
            .because("the connection was made, and no banner came in time")
            .try_this(format!("abide -p PORT {to}, if its sshd listens elsewhere")),
        SshEnding::ProxyFailed { reason } => Complaint::new(format!("the way to {asked} through its proxy failed"))
            .because(reason.clone())
            .try_this(format!("ssh -v {to}")),
        SshEnding::BadSettings { reason } => Complaint::new("ssh does not accept these settings").because(reason.clone())
            .try_this(format!("ssh -G {to}")),
        SshEnding::Killed(signal) => Complaint::new("ssh was ended by a signal").because(format!("signal {signal}")),
        SshEnding::RemoteExit(status) => Complaint::new(format!("{asked} ended the login"))
            .because(format!("exit status {status}"))
            .try_this(format!("ssh {to}")),
        SshEnding::Other { text } => Complaint::new(format!("ssh could not reach {asked}")).because(text.clone())
            .try_this(format!("ssh -v {to}")),
    }
}

/// The command that takes a host's key out of the file that has it.
fn forget(name: &str, known_at: Option<&str>) -> String {
    let file = known_at.and_then(|place| place.rsplit_once(':')).map(|(file, _)| file);
    file.map_or_else(
        || format!("ssh-keygen -R '{name}'"),
        |file| format!("ssh-keygen -R '{name}' -f '{file}'"),
    )
}

fn silent(silence: &Silence, host: &str, to: &str) -> Complaint {
    let complaint = Complaint::new(format!("no keeper could be started on {host}"));
    let ssh = format!("ssh {to}");
    match silence {
        Silence::NoShell => complaint
            .because("the account has no shell that runs commands")
            .try_this("chsh on the server, or another account"),
        Silence::NoSh => {
            complaint.because("the login shell does not find or allow `sh`").try_this(ssh)
        }
        Silence::OnlySftp => {
            complaint.because("the account may only transfer files").try_this(format!("sftp {to}"))
        }
        Silence::Other { said } if said.is_empty() => {
            complaint.because("the login ended without a word").try_this(ssh)
        }
        Silence::Other { said } => complaint
            .because(format!("the server ran something else than asked for; it said: {said}"))
            .try_this(ssh),
    }
}

fn refusal(refused: &Refused, host: &str, to: &str) -> Complaint {
    let evidence = refused.evidence.clone();
    let on = if host.is_empty() { String::new() } else { format!(" on {host}") };
    match refused.code() {
        RefusalCode::NoShell => Complaint::new(format!("your shell{on} cannot be run"))
            .because(evidence)
            .try_this("chsh on the server"),
        RefusalCode::NoTerminal => Complaint::new(format!("no terminal is to be had{on}"))
            .because(evidence)
            .try_this(format!("abide -T {to} COMMAND, which needs none")),
        RefusalCode::NoSession if evidence.is_empty() => {
            Complaint::new(format!("there are no sessions{on}"))
                .because("nothing is running there to attach to")
                .try_this(format!("abide {to}, to begin one"))
                .exit(Exit::NO)
        }
        RefusalCode::NoSession => Complaint::new(format!("there is no session `{evidence}`{on}"))
            .because(NO_SUCH)
            .try_this(format!("abide ls {to}").trim_end().to_owned())
            .exit(Exit::NO),
        RefusalCode::SeveralSessions => Complaint::new(format!("there are several sessions{on}"))
            .because(evidence)
            .try_this(format!("abide attach {to} SESSION"))
            .exit(Exit::NO),
        RefusalCode::NoSubsystem => {
            Complaint::new(format!("there is no subsystem `{evidence}`{on}"))
                .because("the server's sshd and abide know none of that name")
                .try_this(format!("ssh -s {to} {evidence}"))
        }
        RefusalCode::NameTaken => {
            Complaint::new(format!("a session named `{evidence}` is there already{on}"))
                .because("a name leads to one session")
                .try_this(format!("abide attach {to} {evidence}"))
        }
        RefusalCode::NoKeeper => Complaint::new(format!("no keeper could be started{on}"))
            .because(evidence)
            .try_this(format!("ssh {to} df -h /tmp '$HOME'")),
        RefusalCode::NoDirectory => {
            let help = match refused.remedy.as_str() {
                "" => format!(
                    "ABIDE_RUNTIME_DIR=/some/folder (yours alone) in the login environment{on}"
                ),
                remedy => format!("ssh {to} {}", quoted(remedy)),
            };
            Complaint::new(format!("the folder of abide's sessions{on} cannot be used"))
                .because(evidence)
                .try_this(help)
        }
        RefusalCode::NotAnswering => Complaint::new(format!("the session{on} does not answer"))
            .because(evidence)
            .try_this(match refused.remedy.as_str() {
                "" => format!("abide ls {to}"),
                remedy => format!("ssh {to} {}", quoted(remedy)),
            }),
        RefusalCode::NotShareable => Complaint::new("this session cannot be attached to")
            .because(evidence)
            .try_this(format!("abide end {to} SESSION, if it is not wanted any more")),
        RefusalCode::NotConnected => {
            Complaint::new(format!("the connection was not made{on}")).because(evidence)
        }
        RefusalCode::Other => Complaint::new(format!("the keeper{on} refused")).because(evidence),
    }
}

/// Why a place cannot take the keeper.
pub(crate) fn place_failed(reason: FailReason) -> &'static str {
    match reason {
        FailReason::ReadOnly => "cannot be written to",
        FailReason::NoExec => "programs cannot be run from there (noexec)",
        FailReason::Full => "no space is left",
        FailReason::Foreign => "belongs to somebody else",
        FailReason::Missing => "does not exist",
        FailReason::WontRun => "the keeper does not run there (an older C library?)",
    }
}
