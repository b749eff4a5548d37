//! The flag parser against the real ssh: `ssh -G` with a command line as given, and with what the
//! parser made of it, must print the same settings.

use abide_openssh::{CommandLine, Effective, Escape, Proxy, TtyRequest, parse, query};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;

/// What abide decides itself and therefore does not pass on.
const OURS: [&str; 4] = ["requesttty", "stdinnull", "sessiontype", "escapechar"];

fn settings(args: &[OsString]) -> Option<BTreeSet<String>> {
    let mut ssh = Command::new("ssh");
    let answer = ssh.args(["-F", "/dev/null", "-G"]).args(args).output().expect("ssh -G");
    let lines = String::from_utf8_lossy(&answer.stdout).into_owned();
    let ours = |line: &&str| OURS.iter().any(|key| line.starts_with(key));
    let kept = lines.lines().filter(|line| !ours(line)).map(str::to_owned).collect();
    answer.status.success().then_some(kept)
}

fn words(pieces: &[&[&str]]) -> Vec<OsString> {
    pieces.concat().into_iter().map(OsString::from).collect()
}

/// Flags in the spellings that getopt allows, some of them contradicting each other.
const FLAGS: &[&[&str]] = &[
    &["-C"],
    &["-vq4"],
    &["-6x"],
    &["-aT"],
    &["-tt"],
    &["-n"],
    &["-p", "2201"],
    &["-p2202"],
    &["-vCp", "2203"],
    &["-tp2204"],
    &["-l", "ann"],
    &["-lbob"],
    &["-oUser=carl"],
    &["-o", "User dora"],
    &["-oPort=2205"],
    &["-o", "Port = 2206"],
    &["-o", "ConnectTimeout 5"],
    &["-qoConnectTimeout=6"],
    &["-J", "jump"],
    &["-S", "/a/path"],
    &["-Snone"],
    &["-e", "none"],
    &["-e^]"],
    &["-caes128-ctr"],
    &["-b", "127.0.0.1"],
    &["-i", "--"],
    &["-i", "/key"],
    &["-M"],
    &["--"],
];
const HOSTS: &[&str] = &["h", "eve@h", "ssh://fred@h:2207", "ssh://h:2208/", "a@b@h", "ssh://h"];
const COMMANDS: &[&[&str]] = &[&[], &["ls"], &["ls", "-p", "1"], &["--", "-v"], &["-"]];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]
    #[test]
    fn ssh_understands_the_same(
        before in prop::collection::vec(prop::sample::select(FLAGS), 0..5),
        host in prop::sample::select(HOSTS),
        after in prop::collection::vec(prop::sample::select(FLAGS), 0..4),
        command in prop::sample::select(COMMANDS),
    ) {
        let args = words(&[&before.concat(), &[host], &after.concat(), command]);
        let parsed = parse(&args);
        match settings(&args) {
            Some(expected) => {
                let Ok(CommandLine::Session(got)) = parsed else { panic!("{args:?}: {parsed:?}") };
                let ours = [&got.passed[..], &["--".into(), got.destination.host.clone()]].concat();
                prop_assert_eq!(settings(&ours), Some(expected), "{:?}", args);
            }
            // ssh looks at values too, which the parser leaves to it: then both must refuse.
            None => if let Ok(CommandLine::Session(got)) = parsed {
                let ours = [&got.passed[..], &["--".into(), got.destination.host.clone()]].concat();
                prop_assert_eq!(settings(&ours), None, "{:?}", args);
            }
        }
    }
}

fn effective(line: &[&str]) -> Effective {
    let line = [&["-F", "/dev/null"], line].concat();
    let args: Vec<OsString> = line.iter().map(OsString::from).collect();
    let Ok(CommandLine::Session(flags)) = parse(&args) else { panic!("{line:?}") };
    query("ssh".as_ref(), &flags).expect("settings")
}

#[test]
fn settings_are_read_from_the_real_ssh() {
    let plain = effective(&["u@h.example"]);
    let bare = Effective {
        hostname: "h.example".into(),
        user: "u".into(),
        port: 22,
        // What distributions build in differently.
        send_env: plain.send_env.clone(),
        forward_x11_trusted: plain.forward_x11_trusted,
        xauth_location: plain.xauth_location.clone(),
        // ssh_config(5): twenty minutes.
        forward_x11_timeout: 1200,
        ..Effective::default()
    };
    assert_eq!(plain, bare);

    let full = effective(&[
        "-4tt",
        "-oHostName=127.0.0.1",
        "-oPort=2222",
        "-oRequestTTY=force",
        "-oRemoteCommand=echo  hi",
        "-oEscapeChar=^]",
        "-oForwardAgent=yes",
        "-oForwardX11=yes",
        "-oForwardX11Trusted=no",
        "-oForwardX11Timeout=5m",
        "-oLocalForward=8080 localhost:80",
        "-oDynamicForward=1080",
        "-oSetEnv=A=b \"C=x y=z\"",
        "-oSendEnv=LANG LC_*",
        "-oProxyCommand=nc %h %p",
        "-oControlMaster=auto",
        "-oControlPath=/c/x",
        "-oBatchMode=yes",
        "-oConnectTimeout=9",
        "-oStdinNull=yes",
        "h",
    ]);
    assert_eq!((full.hostname.as_str(), full.port), ("127.0.0.1", 2222));
    assert_eq!(full.address_family, abide_openssh::AddressFamily::V4);
    assert_eq!(full.tty, TtyRequest::Forced);
    assert_eq!(full.remote_command.as_deref(), Some("echo  hi"));
    assert_eq!(full.escape, Some(Escape::Byte(0x1d)));
    assert!(
        full.forward_agent
            && full.forward_x11
            && !full.forward_x11_trusted
            && full.forward_x11_timeout == 300
            && full.control_master
            && full.batch_mode
    );
    assert_eq!(full.forwards.len(), 2, "{:?}", full.forwards);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(full.set_env, [pair("A", "b"), pair("C", "x y=z")]);
    assert!(full.send_env.iter().any(|it| it == "LC_*"));
    assert_eq!(full.proxy, Some(Proxy::Command("nc %h %p".into())));
    assert_eq!(full.control_path.as_deref(), Some("/c/x"));
    assert!(full.stdin_null && full.connect_timeout == Some(9));

    let cleared = effective(&["-oLocalForward=1 a:2", "-oClearAllForwardings=yes", "-Jj", "h"]);
    assert!(cleared.forwards.is_empty());
    assert_eq!(cleared.proxy, Some(Proxy::Jump("j".into())));
    for (printed, byte) in [(" ", b' '), ("\\\\", b'\\'), ("#", b'#')] {
        let escape = effective(&["-o", &format!("EscapeChar=\"{printed}\""), "h"]).escape;
        assert_eq!(escape, Some(Escape::Byte(byte)), "{printed:?}");
    }
    assert_eq!(effective(&["-oEscapeChar=none", "h"]).escape, Some(Escape::None));
}
