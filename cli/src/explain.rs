//! Words for everything that can go wrong between this machine and a session.

use abide_client::ConnectError;
use abide_openssh::{EffectiveError, FailReason, NotYet, Silence, SshEnding};
use abide_session::{RefusalCode, Refused};

use crate::complaint::Complaint;
use crate::exit::Exit;

/// A flag of ssh's that abide does not carry yet.
pub(crate) fn not_yet(flag: &NotYet) -> Complaint {
    let name = flag.flag();
    let complaint = Complaint::new(format!("{name} is not there yet"));
    match flag {
        NotYet::NoCommand | NotYet::Background => complaint
            .because("in this release a session of abide's runs something, in the foreground")
            .try_this(format!("ssh {name} ...")),
        _ => complaint
            .because("abide does not carry forwards over its links in this release")
            .try_this(format!("ssh {name} ... for the forward, beside the abide session")),
    }
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
    match error {
        ConnectError::NoSsh { .. } => no_ssh(&error.to_string()),
        ConnectError::Ssh(ending) => ssh(ending, host),
        ConnectError::Silent(silence) => silent(silence, host),
        ConnectError::OtherArchitecture { here, there } => {
            Complaint::new(format!("no keeper for {host}"))
                .because(format!("the server is {there}, this program is for {here}"))
                .try_this(format!("ssh -t {host} tmux new -A, which needs no keeper"))
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
        ConnectError::Refused(refused) => refusal(refused, host),
        ConnectError::Line(error) => Complaint::new("the command is too long for ssh")
            .because(error.to_string())
            .try_this("put it into a script on the server"),
        ConnectError::Bootstrap(error) => Complaint::new(format!("{host} answered with noise"))
            .because(error.to_string())
            .try_this(format!("ssh {host} true, which should print nothing")),
        ConnectError::Codec(error) => {
            Complaint::new(format!("the keeper on {host} is not understood"))
                .because(error.to_string())
        }
        ConnectError::Io(error) => {
            Complaint::new(format!("the connection to {host} broke while it was made"))
                .because(error.to_string())
                .try_this(format!("ssh {host} true"))
        }
    }
}

/// Why ssh ended, for the host that was asked for.
pub(crate) fn ssh(ending: &SshEnding, asked: &str) -> Complaint {
    match ending {
        SshEnding::UnknownHost { host, temporary: false } => Complaint::new(format!("{host} is not a known host name"))
            .because("the resolver says that there is no such name")
            .try_this(format!("getent hosts {host}")),
        SshEnding::UnknownHost { host, temporary: true } => Complaint::new(format!("the name {host} could not be looked up"))
            .because("the resolver cannot be reached: there may be no network")
            .try_this(format!("getent hosts {host}")),
        SshEnding::Refused { host, port } => Complaint::new(format!("{host} refuses connections at port {port}"))
            .because("the machine answers, and nothing listens there")
            .try_this(format!("abide -p PORT {asked}, if its sshd listens elsewhere")),
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
            .try_this(format!("ssh {asked}, and compare the fingerprint")),
        SshEnding::PermissionDenied { methods } => Complaint::new(format!("{asked} does not let you in"))
            .because(format!("it takes {}, and was offered nothing that it accepts", methods.join(", ")))
            .try_this(format!("ssh -v {asked}, to see which keys were offered")),
        SshEnding::ConnectionClosed => Complaint::new(format!("{asked} closed the connection"))
            .because("it hung up before the login was through")
            .try_this(format!("ssh -v {asked}")),
        SshEnding::ConnectionReset => Complaint::new(format!("the connection to {asked} was cut off"))
            .because("a reset arrived: from the server, or a firewall on the way")
            .try_this(format!("ssh -v {asked}")),
        SshEnding::KexFailed { reason } => Complaint::new(format!("{asked} and ssh have no algorithms in common"))
            .because(reason.clone())
            .try_this(format!("ssh -vv {asked}")),
        SshEnding::BannerTimeout => Complaint::new(format!("no ssh server speaks at {asked}"))
            .because("the connection was made, and no banner came in time")
            .try_this(format!("abide -p PORT {asked}, if its sshd listens elsewhere")),
        SshEnding::ProxyFailed { reason } => Complaint::new(format!("the way to {asked} through its proxy failed"))
            .because(reason.clone())
            .try_this(format!("ssh -v {asked}")),
        SshEnding::BadSettings { reason } => Complaint::new("ssh does not accept these settings").because(reason.clone())
            .try_this(format!("ssh -G {asked}")),
        SshEnding::Killed(signal) => Complaint::new("ssh was ended by a signal").because(format!("signal {signal}")),
        SshEnding::RemoteExit(status) => Complaint::new(format!("{asked} ended the login"))
            .because(format!("exit status {status}"))
            .try_this(format!("ssh {asked}")),
        SshEnding::Other { text } => Complaint::new(format!("ssh could not reach {asked}")).because(text.clone())
            .try_this(format!("ssh -v {asked}")),
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

fn silent(silence: &Silence, host: &str) -> Complaint {
    let complaint = Complaint::new(format!("no keeper could be started on {host}"));
    let ssh = format!("ssh {host}");
    match silence {
        Silence::NoShell => complaint
            .because("the account has no shell that runs commands")
            .try_this("chsh on the server, or another account"),
        Silence::NoSh => {
            complaint.because("the login shell does not find or allow `sh`").try_this(ssh)
        }
        Silence::OnlySftp => complaint
            .because("the account may only transfer files")
            .try_this(format!("sftp {host}")),
        Silence::Other { said } if said.is_empty() => {
            complaint.because("the login ended without a word").try_this(ssh)
        }
        Silence::Other { said } => complaint
            .because(format!("the server ran something else than asked for; it said: {said}"))
            .try_this(ssh),
    }
}

fn refusal(refused: &Refused, host: &str) -> Complaint {
    let evidence = refused.evidence.clone();
    let on = if host.is_empty() { String::new() } else { format!(" on {host}") };
    match refused.code() {
        RefusalCode::NoShell => Complaint::new(format!("your shell{on} cannot be run"))
            .because(evidence)
            .try_this("chsh on the server"),
        RefusalCode::NoTerminal => Complaint::new(format!("no terminal is to be had{on}"))
            .because(evidence)
            .try_this(format!("abide -T {host} COMMAND, which needs none")),
        RefusalCode::NoSession if evidence.is_empty() => {
            Complaint::new(format!("there are no sessions{on}"))
                .because("nothing is running there to attach to")
                .try_this(format!("abide {host}, to begin one"))
                .exit(Exit::NO)
        }
        RefusalCode::NoSession => Complaint::new(format!("there is no session `{evidence}`{on}"))
            .try_this(format!("abide ls {host}").trim_end().to_owned())
            .exit(Exit::NO),
        RefusalCode::SeveralSessions => Complaint::new(format!("there are several sessions{on}"))
            .because(evidence)
            .try_this(format!("abide attach {host} SESSION"))
            .exit(Exit::NO),
        RefusalCode::NoSubsystem => {
            Complaint::new(format!("there is no subsystem `{evidence}`{on}"))
                .because("the server's sshd and abide know none of that name")
                .try_this(format!("ssh -s {host} {evidence}"))
        }
        RefusalCode::NameTaken => {
            Complaint::new(format!("a session named `{evidence}` is there already{on}"))
                .because("a name leads to one session")
                .try_this(format!("abide attach {host} {evidence}"))
        }
        RefusalCode::NoKeeper => Complaint::new(format!("no keeper could be started{on}"))
            .because(evidence)
            .try_this(format!("ssh {host} df -h /tmp '$HOME'")),
        RefusalCode::NotShareable => Complaint::new("this session cannot be attached to")
            .because(evidence)
            .try_this(format!("abide end {host} SESSION, if it is not wanted any more")),
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
