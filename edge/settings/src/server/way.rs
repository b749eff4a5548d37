//! The ways to a shell beside an sshd: here or over ssh, and the kinds of login. Only command lines.

use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::time::Duration;

use abide_openssh::Invocation;

use super::piece::ServerPlace;

/// For TCP and banner of a fresh login that proves something.
const FRESH_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the sshd is.
#[derive(Clone, Debug)]
pub enum Way {
    /// On this machine.
    Here,
    /// Where this ssh command line leads.
    There {
        /// The ssh to run.
        ssh: OsString,
        /// Flags and host.
        invocation: Box<Invocation>,
    },
}

/// What kind of login a shell is started by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// As the person's ssh does it: it may ask, and may share a connection.
    Usual,
    /// A connection of its own that asks nobody.
    Fresh,
    /// A connection of its own that may ask.
    FreshAsking,
}

/// What is run.
pub(super) fn command(way: &Way, place: &ServerPlace, login: Login) -> Command {
    let line = first_line(place);
    match way {
        Way::Here => {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").arg(line);
            command.env_remove("SSH_CONNECTION");
            command
        }
        Way::There { ssh, invocation } => {
            let mut command = Command::new(ssh);
            command.args(arguments(invocation, login, &remote(&line)));
            command
        }
    }
}

/// Becomes root where that is needed and nobody need be asked, and tells the script who came from
/// where, which sudo would hide. No single quote may stand in it: see [`remote`].
fn first_line(place: &ServerPlace) -> String {
    let config = place.config.as_deref().and_then(|path| path.to_str());
    let plain =
        |path: &&str| path.chars().all(|c| c.is_ascii_alphanumeric() || "/._+-".contains(c));
    let config = config.filter(plain).unwrap_or("/etc/ssh/sshd_config");
    format!(
        "c=$SSH_CONNECTION; u=$(id -un); \
         test $(id -u) = 0 || test -w {config} || if sudo -n true 2>/dev/null; \
         then exec sudo -n sh -s -- \"$c\" \"$u\"; fi; exec sh -s -- \"$c\" \"$u\""
    )
}

/// The login shell may be any; what stands between single quotes is the same to all of them.
fn remote(line: &str) -> String {
    format!("sh -c '{line}'")
}

fn arguments(invocation: &Invocation, login: Login, line: &str) -> Vec<OsString> {
    let mut all: Vec<OsString> = vec!["-T".into()];
    let mut option = |text: &str| all.extend(["-o".into(), OsString::from(text)]);
    let plain =
        ["ClearAllForwardings=yes", "RemoteCommand=none", "ForwardAgent=no", "ForwardX11=no"];
    plain.into_iter().for_each(&mut option);
    if login != Login::Usual {
        option("ControlMaster=no");
        option("ControlPath=none");
        option(&format!("ConnectTimeout={}", FRESH_CONNECT_TIMEOUT.as_secs()));
    }
    if login == Login::Fresh {
        option("BatchMode=yes");
    }
    all.extend(invocation.passed.iter().cloned());
    if login != Login::Usual {
        // Of -S the last one wins, unlike of options.
        all.extend(["-S".into(), "none".into()]);
    }
    all.extend(["--".into(), invocation.destination.host.clone(), OsStr::new(line).to_owned()]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_openssh::{CommandLine, parse};

    fn words(line: &[&str], login: Login) -> Vec<String> {
        let args: Vec<OsString> = line.iter().map(OsString::from).collect();
        let Ok(CommandLine::Session(invocation)) = parse(&args) else { panic!("{line:?}") };
        let all = arguments(&invocation, login, "true");
        all.into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    #[test]
    fn a_fresh_login_shares_nothing_and_asks_nobody() {
        let fresh = words(&["-S", "/x", "-o", "ControlMaster=yes", "-p", "7", "h"], Login::Fresh);
        let at = |text: &str| fresh.iter().position(|word| word == text).expect(text);
        assert!(at("ControlMaster=no") < at("ControlMaster=yes"));
        assert!(at("/x") < fresh.iter().rposition(|word| word == "none").unwrap());
        assert!(fresh.contains(&"BatchMode=yes".to_owned()));
        assert!(!words(&["h"], Login::FreshAsking).contains(&"BatchMode=yes".to_owned()));
        assert!(!words(&["h"], Login::Usual).iter().any(|word| word.starts_with("Control")));
    }

    #[test]
    fn the_first_line_can_stand_between_single_quotes() {
        for path in ["/etc/ssh/sshd_config", "/a'b", "/a b; rm"] {
            let place = ServerPlace { config: Some(path.into()), ..ServerPlace::default() };
            assert!(!first_line(&place).contains('\''), "{path}");
        }
    }
}
