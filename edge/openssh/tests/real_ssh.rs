//! A real ssh against a real sshd on loopback: the whole bootstrap in one connection, and each
//! ending as ssh itself words it.

#[path = "support/sshd.rs"]
mod sshd;
mod support;

use abide_openssh::{
    Beside, Bring, CommandLine, Invocation, Silence, SshEnding, bootstrap_argv, classify,
    explain_silence, parse, query,
};
use sshd::{Sshd, free_port};
use std::ffi::OsString;
use std::process::Command;
use support::{Running, drive, fake_keeper, remote_line, unique_build};

fn invocation(flags: &[String], tail: &[&str]) -> Invocation {
    let words = flags.iter().map(String::as_str).chain(tail.iter().copied());
    match parse(&words.map(OsString::from).collect::<Vec<_>>()) {
        Ok(CommandLine::Session(invocation)) => *invocation,
        other => panic!("{other:?}"),
    }
}

/// The bootstrap's ssh for a user's flags.
fn bring(flags: &[String], tail: &[&str], build: &str) -> Running {
    let invocation = invocation(flags, tail);
    let settings = query("ssh".as_ref(), &invocation).expect("settings");
    let line = remote_line(&unique_build(build));
    let argv = bootstrap_argv(&invocation, &settings, Bring::First, Beside::default(), &line);
    Running::start(Command::new("ssh").args(argv))
}

/// How a bootstrap that cannot succeed ends.
fn ending(flags: &[String], tail: &[&str]) -> SshEnding {
    let (_, stderr, status) = bring(flags, tail, "ending").finish();
    classify(&stderr, status)
}

#[test]
fn one_connection_uploads_and_opens_whatever_flags_the_user_gave() {
    let sshd = Sshd::start("bring", "");
    let flags = sshd.flags("user_key");
    let odd = ["-tt", "-n", "-oStdinNull=yes", "-oSessionType=none", "-oRemoteCommand=false"];
    let port = free_port().to_string();
    let forward = format!("-oLocalForward={port} 127.0.0.1:1");
    let tail = [&odd[..], &[&forward, "127.0.0.1", "ls", "-l"]].concat();
    let outcome = drive(bring(&flags, &tail, "bring"), |_| Some(fake_keeper(3_000_000)));
    let place = format!("{}/cache/abide", sshd.scratch.text());
    assert_eq!(outcome.needs, [place.as_str()], "{outcome:?}");
    let said = outcome.opened.expect("an open keeper");
    assert!(said.contains(" size=3000000 ") && said.ends_with("ping"), "{said}");
    let again = drive(bring(&flags, &["127.0.0.1"], "bring"), |_| None);
    assert!(again.needs.is_empty() && again.opened.is_some(), "{again:?}");
    sshd.stop();
}

#[test]
fn endings_of_a_connection_that_was_never_made() {
    let flags: Vec<String> = ["-F", "/dev/null", "-oBatchMode=yes"].map(str::to_owned).into();
    let host = ending(&flags, &["nosuch.invalid"]);
    assert!(
        matches!(&host, SshEnding::UnknownHost { host, .. } if host == "nosuch.invalid"),
        "{host:?}"
    );
    let port = free_port();
    let refused = ending(&flags, &["-p", &port.to_string(), "127.0.0.1"]);
    assert_eq!(refused, SshEnding::Refused { host: "127.0.0.1".into(), port });
    let verbose = ending(&flags, &["-vvvp", &port.to_string(), "127.0.0.1"]);
    assert_eq!(verbose, refused);
    let proxy = ending(&flags, &["-oProxyCommand=echo no way >&2; exit 1", "anywhere"]);
    // Whether the command's own words still come through is a race inside ssh.
    assert!(matches!(proxy, SshEnding::ProxyFailed { .. }), "{proxy:?}");
    let jump = ending(&flags, &["-J", &format!("127.0.0.1:{port}"), "anywhere"]);
    assert_eq!(jump, SshEnding::Refused { host: "127.0.0.1".into(), port });
}

#[test]
fn endings_of_a_server_that_does_not_answer_as_it_should() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let flags: Vec<String> =
        ["-F", "/dev/null", "-p", &port, "-oConnectTimeout=1"].map(str::to_owned).into();
    assert_eq!(ending(&flags, &["127.0.0.1"]), SshEnding::BannerTimeout);
    let closer = std::thread::spawn(move || {
        // The first connection is the one that was left waiting.
        let waited = listener.accept();
        let next = listener.accept();
        drop((waited, next));
    });
    let closed = ending(&flags, &["127.0.0.1"]);
    closer.join().expect("a closer");
    // With ssh's banner unread in the socket, closing resets the connection.
    let expected = [SshEnding::ConnectionClosed, SshEnding::ConnectionReset];
    assert!(expected.contains(&closed), "{closed:?}");
}

#[test]
fn endings_of_keys() {
    let sshd = Sshd::start("keys", "");
    let denied = ending(&sshd.flags("stranger_key"), &["127.0.0.1"]);
    assert_eq!(denied, SshEnding::PermissionDenied { methods: vec!["publickey".into()] });

    let good = sshd.flags("user_key");
    let kex = ending(&good, &["-oKexAlgorithms=diffie-hellman-group1-sha1", "127.0.0.1"]);
    assert!(matches!(kex, SshEnding::KexFailed { .. }), "{kex:?}");

    sshd.know("other_key");
    let known_at = format!("{}/known_hosts:1", sshd.scratch.text());
    let name = format!("[127.0.0.1]:{}", sshd.port);
    let changed = ending(&good, &["127.0.0.1"]);
    assert_eq!(changed, SshEnding::HostKeyChanged { name: Some(name), known_at: Some(known_at) });

    sshd.scratch.write("known_hosts", "");
    assert_eq!(ending(&good, &["127.0.0.1"]), SshEnding::HostKeyUnknown);
    sshd.stop();
}

#[test]
fn settings_that_ssh_refuses_are_told_in_its_words() {
    let flags: Vec<String> = ["-F", "/dev/null"].map(str::to_owned).into();
    let bad = invocation(&flags, &["-oNoSuchThing=1", "h"]);
    let error = query("ssh".as_ref(), &bad).expect_err("a refusal").to_string();
    assert!(error.to_lowercase().contains("bad configuration option: nosuchthing"), "{error}");
    let (_, stderr, status) =
        Running::start(Command::new("ssh").args(["-oNoSuchThing=1", "h"])).finish();
    let ending = classify(&stderr, status);
    assert!(matches!(ending, SshEnding::BadSettings { .. }), "{ending:?}");
    let missing = query("/nonexistent/ssh".as_ref(), &invocation(&flags, &["h"]));
    assert!(missing.expect_err("no ssh").to_string().contains("/nonexistent/ssh"));
}

#[test]
fn an_account_without_a_shell_is_named() {
    let sshd = Sshd::start("noshell", "ForceCommand /usr/sbin/nologin");
    let (said, stderr, status) = bring(&sshd.flags("user_key"), &["127.0.0.1"], "noshell").finish();
    assert_eq!(classify(&stderr, status), SshEnding::RemoteExit(1));
    let said = String::from_utf8_lossy(&said).into_owned();
    assert_eq!(explain_silence(&said, &stderr, status.code()), Silence::NoShell);
    sshd.stop();
}

#[test]
fn a_server_that_dies_closes_the_connection() {
    let sshd = Sshd::start("dies", "");
    let invocation = invocation(&sshd.flags("user_key"), &["127.0.0.1"]);
    let argv = [&invocation.passed[..], &["127.0.0.1".into()]].concat();
    // The far end kills its own sshd child, as a reboot or an admin would.
    let killer = "kill -9 $PPID; :";
    let (_, stderr, status) = Running::start(Command::new("ssh").args(argv).arg(killer)).finish();
    let ending = classify(&stderr, status);
    let expected = [SshEnding::ConnectionClosed, SshEnding::ConnectionReset];
    assert!(expected.contains(&ending), "{ending:?} {stderr}");
    sshd.stop();
}
