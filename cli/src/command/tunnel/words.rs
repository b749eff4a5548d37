//! What is wrong with a tunnel, in words: the error, the evidence, one thing to try.

use abide_tunnel::{Answer, Cause, Step, Unknown};

use crate::complaint::Complaint;

/// The whole of it.
pub(super) fn of(cause: &Cause, host: &str) -> Complaint {
    let new = |text: String| Complaint::new(text);
    match cause {
        Cause::NameUnknown { host, temporary: false } => {
            new(format!("{host} is not a known host name"))
                .because("the resolver says that there is no such name")
                .try_this(format!("getent hosts {host}"))
        }
        Cause::NameUnknown { host, temporary: true } => {
            new(format!("the name {host} could not be looked up"))
                .because("the resolver cannot be reached: there may be no network")
                .try_this(format!("getent hosts {host}"))
        }
        Cause::Unreachable { host, reason } => new(format!("there is no way to {host}"))
            .because(reason.clone())
            .try_this(format!("ping {host}")),
        Cause::TimedOut { host } => new(format!("{host} does not answer"))
            .because("packets are dropped on the way, or the machine is off")
            .try_this(format!("ping {host}")),
        Cause::Refused { host, port } => new(format!("{host} refuses connections at port {port}"))
            .because("the machine answers, and no ssh server listens there")
            .try_this(format!("ssh -v {host}")),
        Cause::ConnectionLost { reason } => new(format!("the connection to {host} was lost"))
            .because(reason.clone())
            .try_this(format!("ssh -v {host}, if it does not come back")),
        Cause::Proxy { reason } => new(format!("the way to {host} through its proxy failed"))
            .because(reason.clone())
            .try_this(format!("ssh -v {host}")),
        Cause::HostKeyChanged { name, known_at } => {
            let evidence = known_at.as_ref().map_or_else(
                || "this may be a new machine, or somebody in between".to_owned(),
                |line| format!("another key is known at {line}; this may be a new machine, or somebody in between"),
            );
            let name = name.as_deref().unwrap_or(host);
            let file = known_at.as_deref().and_then(|place| place.rsplit_once(':'));
            let file = file.map_or_else(String::new, |(file, _)| format!(" -f '{file}'"));
            new(format!("the host key of {host} has changed")).because(evidence).try_this(format!(
                "ssh-keygen -R '{name}'{file}, once you know that the change is right"
            ))
        }
        Cause::HostKeyUnknown => new(format!("the host key of {host} is not known"))
            .because("nobody has accepted it yet, and a tunnel asks nobody")
            .try_this(format!("ssh {host}, and compare the fingerprint")),
        Cause::Authentication { methods } => {
            let methods = methods.join(", ");
            let takes =
                if methods.is_empty() { String::new() } else { format!("it takes {methods}; ") };
            new(format!("{host} does not let you in"))
                .because(format!(
                    "{takes}no key that a tunnel can offer without asking is accepted"
                ))
                .try_this(format!("ssh -v -o BatchMode=yes {host}, to see which keys are offered"))
        }
        Cause::CommandLine { reason } => new("ssh does not accept this command line".into())
            .because(reason.clone())
            .try_this("abide tunnel --help"),
        Cause::Settings { reason } => new("ssh does not accept these settings".into())
            .because(reason.clone())
            .try_this(format!("ssh -G {host}")),
        Cause::NoAlgorithm { reason } => new(format!("{host} and ssh have no algorithm in common"))
            .because(reason.clone())
            .try_this(format!("ssh -vv {host}")),
        Cause::NoSsh { reason } => new("there is no ssh to run".into())
            .because(reason.clone())
            .try_this("apt install openssh-client"),
        Cause::Stuck { step } => new(format!("the login at {host} does not come to its end"))
            .because(match step {
                Step::Connecting => "no server spoke in time",
                Step::SigningIn => "the server spoke, and did not let anybody in in time",
                Step::Forwarding => "signed in, and the forwards were not confirmed in time",
            })
            .try_this(format!("ssh -v {host}")),
        Cause::KeeperGone => new(format!("the keeper on {host} is gone"))
            .because("its machine was started anew, or somebody stopped it; the connections inside are lost")
            .try_this(format!("abide ls {host}")),
        Cause::SshKilled { signal } => new("ssh was ended by a signal".into())
            .because(format!("signal {signal}, from outside of abide")),
        Cause::LinkKilled { signal } => {
            new("the process that carried the link was ended by a signal".into())
                .because(format!("signal {signal}, from outside of abide"))
        }
        Cause::Silent { forward } => new(format!("nothing comes back from {host}"))
            .because(format!("{forward}: two probes had no answer, and ssh has not noticed yet"))
            .try_this(format!("ping {host}")),
        Cause::Other { reason } => new(format!("ssh could not keep the tunnel to {host}"))
            .because(reason.clone())
            .try_this(format!("ssh -v {host}")),
        _ => port(cause, host),
    }
}

fn port(cause: &Cause, host: &str) -> Complaint {
    match cause {
        Cause::LocalPortTaken { listen, reason } => {
            let number = listen.rsplit(':').next().unwrap_or(listen);
            Complaint::new(format!("{listen} cannot be listened at on this machine"))
                .because(match reason.as_str() {
                    "Address already in use" => format!("{reason}: another program has it"),
                    "Permission denied" => format!("{reason}: ports below 1024 are root's"),
                    _ => reason.clone(),
                })
                .try_this(format!("ss -tlnp 'sport = :{number}', to see which"))
        }
        Cause::RemotePortTaken { listen, says } => Complaint::new(format!(
            "another program has port {listen} on {host}"
        ))
        .because(says.as_ref().map_or_else(
            || "something answers there that is not this tunnel".to_owned(),
            |line| format!("whoever connects there hears: {line}"),
        ))
        .try_this(format!("ssh {host} ss -tlnp 'sport = :{listen}', or another port for -R")),
        Cause::RemoteListenerStale { listen } => Complaint::new(format!(
            "a stale listener holds port {listen} on {host}"
        ))
        .because(
            "it takes connections and answers none: as a rule the sshd of an earlier connection that \
             does not know yet that its client is gone. `ClientAliveInterval 15` in the server's \
             sshd_config ends such by itself after 45 s",
        )
        .try_this(format!(
            "ssh {host} \"sudo ss -tlnp 'sport = :{listen}'\", then kill that sshd; a free port is taken at the next try"
        )),
        Cause::RemoteForwardRefused { listen } => {
            Complaint::new(format!("{host} will not listen at {listen}"))
                .because("nothing holds that port: AllowTcpForwarding, PermitListen, a key's options or a port below 1024 forbid it")
                .try_this(format!("ssh {host} \"sudo sshd -T | grep -iE 'forward|permitlisten|gatewayports'\""))
        }
        Cause::ForwardForbidden { forward } => {
            Complaint::new(format!("{host} forbids where {forward} leads"))
                .because("AllowTcpForwarding, PermitOpen or a key's options")
                .try_this(format!("ssh {host} \"sudo sshd -T | grep -iE 'forward|permitopen'\""))
        }
        Cause::TargetRefused { forward, reason } => {
            Complaint::new(format!("nothing answers where {forward} leads"))
                .because(format!("the tunnel is up; {reason}"))
                .try_this("starting the service there; the tunnel needs nothing")
        }
        Cause::ListenerGone { forward } => {
            Complaint::new(format!("nothing listens any more where {forward} begins"))
                .because("connections to it are refused")
        }
        other => Complaint::new(format!("the tunnel to {host} does not work"))
            .because(format!("{other:?}")),
    }
}

/// What a probe found, in a few words.
pub(super) fn answer(answer: &Answer, host: &str) -> String {
    match answer {
        Answer::Yes => "passes bytes".into(),
        Answer::No { cause } => {
            let words = of(cause, host).to_string();
            let first = words.lines().next().unwrap_or_default();
            first.strip_prefix("error: ").unwrap_or(first).to_owned()
        }
        Answer::NotKnown { why } => match why {
            Unknown::NotYet => "not probed yet",
            Unknown::Off => "not probed",
            Unknown::TargetQuiet => "open; the target takes connections and says nothing by itself",
            Unknown::NotAllowed => "not probed: the server allows no connection to its own port",
            Unknown::UnixSocketThere => "not probed: a unix socket on the server",
            Unknown::NoPort => "not probed: the server has not said which port it chose",
            Unknown::NoControl => "not probed: ssh's own ControlPath leaves no way to",
        }
        .into(),
    }
}
