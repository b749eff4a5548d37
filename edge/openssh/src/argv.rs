//! The arguments of the one ssh process that brings a keeper up. ssh takes the *first* value of
//! an option, so what the bootstrap needs stands first; the user's flags follow.

use crate::{Effective, Invocation, RemoteLine, SessionType};
use std::ffi::OsString;
use std::path::Path;

/// Why ssh is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bring {
    /// The first connection: ssh may ask the user whatever it likes.
    First,
    /// A link lost its carriers: nobody may be asked, and no multiplexing master is used, as
    /// that one may sit on the very connection that died.
    Again {
        /// For TCP and banner, seconds.
        connect_timeout: u32,
    },
}

/// What must not act in a connection that only carries a link: forwards would be made twice or die
/// with the connection.
const OURS: &[&str] =
    &["ClearAllForwardings=yes", "RemoteCommand=none", "ForwardX11=no", "Tunnel=no"];

/// What else the connection is for, beside the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside<'a> {
    /// Serve questions about forwards on this socket (ControlMaster): of this ssh alone, whatever the
    /// user's own settings say of sharing connections.
    pub questions: Option<&'a Path>,
    /// Let the login have the user's agent, if the server permits it.
    pub agent: bool,
}

/// Arguments for `ssh` (without the program's name): no terminal, no forwards, the user's flags,
/// the host and the remote line.
pub fn bootstrap_argv(
    flags: &Invocation,
    settings: &Effective,
    bring: Bring,
    beside: Beside<'_>,
    line: &RemoteLine,
) -> Vec<OsString> {
    let mut argv: Vec<OsString> = vec!["-T".into()];
    let mut option = |text: &str| argv.extend(["-o".into(), OsString::from(text)]);
    OURS.iter().copied().chain(undone(settings)).for_each(&mut option);
    if !beside.agent {
        option("ForwardAgent=no");
    }
    if beside.questions.is_some() {
        option("ControlMaster=yes");
        option("ControlPersist=no");
    }
    if let Bring::Again { connect_timeout } = bring {
        option("BatchMode=yes");
        option(&format!("ConnectTimeout={connect_timeout}"));
    }
    // A second word for being a master would make ssh ask before each question.
    let is_dropped = |flag: &OsString| beside.questions.is_some() && flag == "-M";
    argv.extend(flags.passed.iter().filter(|flag| !is_dropped(flag)).cloned());
    if beside.agent {
        argv.extend(flags.forwarding.iter().filter(|flag| *flag == "-A" || *flag == "-a").cloned());
    }
    // Of -S the last one wins, unlike of options.
    match (beside.questions, bring) {
        (Some(path), _) => argv.extend(["-S".into(), path.as_os_str().to_owned()]),
        (None, Bring::Again { .. }) => argv.extend(["-S".into(), "none".into()]),
        (None, Bring::First) => {}
    }
    argv.extend(["--".into(), flags.destination.host.clone(), line.as_str().into()]);
    argv
}

/// Settings that would take away the pipe or the command. Undone only where they are set: before
/// OpenSSH 8.7 they are unknown, and an unknown option is fatal.
fn undone(settings: &Effective) -> impl Iterator<Item = &'static str> {
    let special = settings.session_type != SessionType::Default;
    [
        (special, "SessionType=default"),
        (settings.stdin_null, "StdinNull=no"),
        (settings.background, "ForkAfterAuthentication=no"),
    ]
    .into_iter()
    .filter_map(|(set, undo)| set.then_some(undo))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BootstrapPlan, BuildId, CommandLine, Token, parse};

    fn argv(line: &[&str], settings: &Effective, bring: Bring) -> Vec<String> {
        let args: Vec<OsString> = line.iter().map(OsString::from).collect();
        let Ok(CommandLine::Session(flags)) = parse(&args) else { panic!("{line:?}") };
        let build = BuildId::new("1", &[7; 32]);
        let plan = BootstrapPlan::new(Token::new([1; 16]), build, vec![]).unwrap();
        let argv = bootstrap_argv(
            &flags,
            settings,
            bring,
            Beside::default(),
            &RemoteLine::new(&plan).unwrap(),
        );
        argv.into_iter().map(|it| it.into_string().unwrap()).collect()
    }

    #[test]
    fn session_flags_stay_behind_and_the_rest_goes_along() {
        let argv = argv(
            &["-tt", "-nsNf", "-e^]", "-Lx:y:z", "-A", "-p22", "u@h", "-oFoo=bar", "sftp"],
            &Effective::default(),
            Bring::First,
        );
        let ours = 1 + 2 * (OURS.len() + 1);
        let (tail, line) = argv[ours..].split_at(argv.len() - ours - 1);
        assert_eq!(tail, ["-p", "22", "-l", "u", "-o", "Foo=bar", "--", "h"]);
        assert!(line[0].starts_with("sh -c '"));
        assert!(!argv.iter().any(|it| it.starts_with("BatchMode") || it.starts_with("Stdin")));
    }

    #[test]
    fn reconnecting_asks_nobody_and_trusts_no_master() {
        let settings = Effective { stdin_null: true, ..Effective::default() };
        let argv = argv(&["-S", "/x", "h"], &settings, Bring::Again { connect_timeout: 7 });
        let at = |text: &str| argv.iter().position(|it| it == text).unwrap();
        assert!(at("BatchMode=yes") < at("/x") && at("ConnectTimeout=7") < at("/x"));
        assert!(at("/x") < at("none") && at("StdinNull=no") < at("/x"));
    }
}
