//! The ssh that is watched: the user's own, with the user's own settings, an idle command, and the
//! relay as the last step of its way. Builds the command line; running it is `watch`'s.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process;

use abide_openssh::{Invocation, Proxy, SessionType};
use abide_relay::{KeepAlive, Pass};

use super::configured::{Configured, Quick};
use super::door::PASS_VARIABLE;
use crate::complaint::Complaint;

/// What the idle session prints when it is there.
pub(super) const MARKER: &str = "abide: the session is idle now";
/// What runs in it: it says that it is there, and then waits for an input that never comes. It ends
/// by itself when the connection does.
const IDLE: &str = "echo 'abide: the session is idle now'; exec cat";
/// Settings that would make the session something else than one idle connection of its own. ssh
/// takes the first value of each.
const OURS: [&str; 8] = [
    "ProxyUseFdpass=yes",
    "ControlMaster=no",
    "ControlPath=none",
    "ClearAllForwardings=yes",
    "RemoteCommand=none",
    "ForwardAgent=no",
    "ForwardX11=no",
    "Tunnel=no",
];
/// ssh's flags that take an argument, which follows as a word of its own.
const WITH_ARGUMENT: &[u8] = b"bceilmopBDEFIJLOPQRSWw";

/// All but where the relay is.
#[derive(Debug)]
pub(super) struct Command {
    ssh: OsString,
    program: OsString,
    /// `direct HOST PORT` or `through COMMAND`, for a shell, with ssh's tokens.
    way: OsString,
    keepalive: KeepAlive,
    options: Vec<OsString>,
    passed: Vec<OsString>,
    host: OsString,
    pub(super) family: abide_openssh::AddressFamily,
}

impl Command {
    pub(super) fn new(
        ssh: OsString,
        invocation: &Invocation,
        configured: &Configured,
        quick: Option<Quick>,
    ) -> Result<Self, Complaint> {
        let settings = &configured.effective;
        let way = match &settings.proxy {
            Some(_) if configured.passes_descriptors => {
                return Err(Complaint::new("this host cannot be watched through a relay")
                    .because("its ProxyCommand hands ssh a socket (ProxyUseFdpass)")
                    .try_this(
                        "ssh -vvv HOST, which shows each keepalive as `send packet: type 80`",
                    ));
            }
            None => "direct '%h' '%p'".into(),
            Some(Proxy::Command(command)) => joined("through ", &quoted(command.as_ref())),
            Some(Proxy::Jump(hops)) => {
                joined("through ", &quoted(jump(&ssh, hops, invocation).as_ref()))
            }
        };
        let undo = [
            (settings.session_type != SessionType::Default, "SessionType=default"),
            (settings.stdin_null, "StdinNull=no"),
            (settings.background, "ForkAfterAuthentication=no"),
        ];
        let undone = undo.into_iter().filter_map(|(set, undo)| set.then_some(undo));
        let mut options: Vec<OsString> = OURS.into_iter().chain(undone).map(Into::into).collect();
        if let Some(quick) = quick {
            options.push(format!("ServerAliveInterval={}", quick.interval.as_secs()).into());
        }
        Ok(Command {
            ssh,
            program: abide_host::process::exe_path()?.into_os_string(),
            way,
            keepalive: configured.keepalive(),
            options,
            passed: without_jump(&invocation.passed),
            host: invocation.destination.host.clone(),
            family: settings.address_family,
        })
    }

    /// `TCPKeepAlive`, for the relay's connections too.
    pub(super) fn keepalive(&self) -> KeepAlive {
        self.keepalive
    }

    /// ssh, led to this relay.
    pub(super) fn to(&self, relay: SocketAddr, pass: &Pass) -> process::Command {
        let mut proxy = OsString::from("ProxyCommand=");
        // A percent sign in our own path is no token.
        proxy.push(escaped(&quoted(&self.program)));
        let keepalive = if self.keepalive == KeepAlive::On { "on" } else { "off" };
        proxy.push(format!(" timeouts verify --door {relay} {keepalive} "));
        proxy.push(&self.way);
        let mut ssh = process::Command::new(&self.ssh);
        ssh.env(PASS_VARIABLE, pass.to_string()).arg("-T").arg("-o").arg(proxy);
        for option in &self.options {
            ssh.arg("-o").arg(option);
        }
        // Of -S the last one wins, unlike of options.
        ssh.args(&self.passed).args(["-S", "none", "--"]).arg(&self.host).arg(IDLE);
        ssh
    }
}

/// The ProxyCommand that ssh makes of a ProxyJump: the last hop forwards, the others lead to it.
fn jump(ssh: &OsStr, hops: &str, invocation: &Invocation) -> String {
    let (before, last) = hops.rsplit_once(',').map_or((None, hops), |(a, b)| (Some(a), b));
    let quote = |text: &OsStr| quoted(text).to_string_lossy().into_owned();
    let mut line = quote(ssh);
    if let Some(file) = argument(&invocation.passed, "-F") {
        line.push_str(&format!(" -F {}", quote(&escaped(file))));
    }
    if let Some(before) = before {
        line.push_str(&format!(" -J {}", quote(before.as_ref())));
    }
    // `user@host:port` is a destination only as an address with a scheme.
    let last =
        if last.contains("://") { last.to_owned() } else { format!("ssh://{}", last.trim()) };
    line.push_str(&format!(" -W '[%h]:%p' -- {}", quote(last.as_ref())));
    line
}

/// The argument of the last such flag.
fn argument<'a>(passed: &'a [OsString], flag: &str) -> Option<&'a OsStr> {
    let at = passed.iter().rposition(|word| word == flag)?;
    passed.get(at + 1).map(OsString::as_os_str)
}

/// `-J` is refused beside a ProxyCommand; its hops are in ours.
fn without_jump(passed: &[OsString]) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = passed.iter();
    while let Some(word) = words.next() {
        let takes = matches!(word.as_bytes(), [b'-', letter] if WITH_ARGUMENT.contains(letter));
        let value = if takes { words.next() } else { None };
        if word != "-J" {
            kept.extend([Some(word), value].into_iter().flatten().cloned());
        }
    }
    kept
}

/// For a POSIX shell.
fn quoted(text: &OsStr) -> OsString {
    let mut quoted = vec![b'\''];
    for byte in text.as_bytes() {
        match byte {
            b'\'' => quoted.extend(b"'\\''"),
            other => quoted.push(*other),
        }
    }
    quoted.push(b'\'');
    OsString::from_vec(quoted)
}

/// For ssh's tokens.
fn escaped(text: &OsStr) -> OsString {
    let bytes = text.as_bytes().iter();
    OsString::from_vec(
        bytes.flat_map(|byte| std::iter::repeat_n(*byte, 1 + usize::from(*byte == b'%'))).collect(),
    )
}

fn joined(before: &str, text: &OsStr) -> OsString {
    let mut whole = OsString::from(before);
    whole.push(text);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_openssh::{CommandLine, parse};

    fn invocation(words: &[&str]) -> Invocation {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let Ok(CommandLine::Session(invocation)) = parse(&words) else { panic!("{words:?}") };
        *invocation
    }

    #[test]
    fn the_marker_is_what_the_command_prints() {
        assert!(IDLE.contains(MARKER));
    }

    #[test]
    fn a_jump_becomes_the_command_that_ssh_makes_of_it() {
        let flags = invocation(&["-F", "/a b", "h"]);
        assert_eq!(
            jump("ssh".as_ref(), "one,me@two:2222", &flags),
            "'ssh' -F '/a b' -J 'one' -W '[%h]:%p' -- 'ssh://me@two:2222'"
        );
        assert_eq!(
            jump("ssh".as_ref(), "ssh://two", &invocation(&["h"])),
            "'ssh' -W '[%h]:%p' -- 'ssh://two'"
        );
    }

    #[test]
    fn of_the_flags_only_the_jump_is_left_out() {
        let flags = invocation(&["-o", "-J", "-Jx,y", "-p", "22", "-4", "h"]);
        assert_eq!(without_jump(&flags.passed), ["-o", "-J", "-p", "22", "-4"]);
    }

    #[test]
    fn quotes_and_percent_signs_stay_themselves() {
        assert_eq!(quoted("it's".as_ref()), "'it'\\''s'");
        assert_eq!(escaped("/50%/x".as_ref()), "/50%%/x");
    }
}
