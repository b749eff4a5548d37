//! Command lines and what ssh makes of them; `tests/` asks the real ssh.

use super::*;

fn line(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn session(words: &[&str]) -> Invocation {
    match parse(&line(words)) {
        Ok(CommandLine::Session(invocation)) => *invocation,
        other => panic!("{words:?}: {other:?}"),
    }
}

#[test]
fn clusters_attached_values_and_flags_after_the_host() {
    let got = session(&["-Cvvp22", "-oFoo=bar", "u@h", "-o", "Baz x", "-ttq", "ls", "-l", "a b"]);
    let passed = ["-C", "-v", "-v", "-p", "22", "-o", "Foo=bar", "-l", "u", "-o", "Baz x", "-q"];
    assert_eq!(got.passed, line(&passed));
    assert_eq!(got.command_text(), Some("ls -l a b".into()));
    assert_eq!((got.tty, got.verbose, got.quiet), (TtyRequest::Forced, 2, true));
    assert_eq!(got.destination.host, "h");
}

#[test]
fn two_dashes_end_the_flags() {
    let before = session(&["-s", "--", "h", "-v"]);
    assert_eq!((before.command, before.passed), (line(&["-v"]), line(&[])));
    let after = session(&["h", "-v", "--", "-q", "x"]);
    assert_eq!((after.command, after.passed), (line(&["-q", "x"]), line(&["-v"])));
}

#[test]
fn mistakes_are_named() {
    for (words, error) in [
        (&["-v"][..], FlagError::MissingHost),
        (&[], FlagError::MissingHost),
        (&["-Z", "h"], FlagError::UnknownFlag('Z')),
        (&["h", "-tZ"], FlagError::UnknownFlag('Z')),
        (&["--port", "h"], FlagError::UnknownFlag('-')),
        (&["h", "-p"], FlagError::MissingArgument('p')),
        (&["-s", "h"], FlagError::MissingSubsystem),
        (&["-e", "ab", "h"], FlagError::BadEscape("ab".into())),
        (&["@h"], FlagError::BadDestination("@h".into())),
        (&["ssh://h:0"], FlagError::BadDestination("ssh://h:0".into())),
        (&["ssh://h/path"], FlagError::BadDestination("ssh://h/path".into())),
    ] {
        assert_eq!(parse(&line(words)), Err(error), "{words:?}");
    }
}

#[test]
fn some_lines_are_only_for_ssh() {
    for (words, reason) in [
        (&["-V"][..], PlainReason::ShowVersion),
        (&["-Q", "key"], PlainReason::ListAlgorithms),
        (&["-G", "-o", "SendEnv=X", "h"], PlainReason::ShowConfig),
        (&["h", "-O", "check"], PlainReason::ControlMaster),
    ] {
        assert_eq!(parse(&line(words)), Ok(CommandLine::Plain(reason)));
    }
}

#[test]
fn what_is_not_carried_yet_is_named() {
    let got = session(&["-w", "0:1", "-fN", "h"]);
    let flags: Vec<_> = got.not_yet.iter().map(NotYet::flag).collect();
    assert_eq!(flags, ["-w"]);
    assert!(got.stdin_null && got.background && got.no_command);
    let target = Target::Host { host: "x".into(), port: 1 };
    assert_eq!(session(&["-Wx:1", "h"]).stdio, Some(target));
    assert_eq!(session(&["-Wx:1", "h"]).not_yet, []);
}

#[test]
fn forwards_are_for_ssh_to_read_and_not_to_make() {
    let got = session(&["-L", "1:a:2", "-AvR3:b:4", "-D5", "-o", "LocalForward 1 a:2", "-ag", "h"]);
    let forwarding = ["-L", "1:a:2", "-A", "-R", "3:b:4", "-D", "5", "-a", "-g"];
    assert_eq!(got.forwarding, line(&forwarding));
    assert_eq!(got.passed, line(&["-v", "-o", "LocalForward 1 a:2", "-a"]));
    assert_eq!(session(&["-X", "-Yx", "h"]).forwarding, line(&["-X", "-Y", "-x"]));
    assert_eq!(got.not_yet, []);
}

#[test]
fn what_is_switched_off_is_no_matter() {
    for words in [
        &["-oForwardAgent=no", "-oClearAllForwardings=yes", "-oForwardX11 no", "-xa", "h"][..],
        &["-L", "1:a:2", "-o", "clearallforwardings = yes", "h"],
        &["-oForwardAgent=no", "-oForwardAgent=yes", "h"],
        &["-oTunnel=no", "-oGatewayPorts=no", "-oSessionType=default", "h"],
    ] {
        assert_eq!(session(words).not_yet, [], "{words:?}");
    }
}

#[test]
fn terminal_flags_follow_each_other_as_in_ssh() {
    for (flags, tty) in [
        ("-t", TtyRequest::Wanted),
        ("-tTt", TtyRequest::Wanted),
        ("-tt", TtyRequest::Forced),
        ("-ttt", TtyRequest::Forced),
        ("-ttT", TtyRequest::No),
    ] {
        assert_eq!(session(&[flags, "h"]).tty, tty, "{flags}");
    }
}

#[test]
fn destinations() {
    let got = session(&["ssh://a%40b;x=y@[::1]:2222/"]);
    assert_eq!(got.destination.host, "::1");
    assert_eq!(got.passed, line(&["-l", "a@b", "-p", "2222"]));
    let two = session(&["a@b@c"]);
    assert_eq!((two.destination.user, two.destination.host), (Some("a@b".into()), "c".into()));
}

#[test]
fn escapes() {
    for (text, escape) in [
        ("none", Escape::None),
        ("^]", Escape::Byte(0x1d)),
        ("~", Escape::Byte(b'~')),
        ("^", Escape::Byte(b'^')),
    ] {
        assert_eq!(session(&["-e", text, "h"]).escape, Some(escape));
    }
}

#[test]
fn an_ansible_line() {
    let got = session(&[
        "-C",
        "-o",
        "ControlMaster=auto",
        "-o",
        "ControlPersist=60s",
        "-o",
        "KbdInteractiveAuthentication=no",
        "-o",
        "User=\"deploy\"",
        "-o",
        "ConnectTimeout=10",
        "-o",
        "ControlPath=\"/root/.ansible/cp/0123\"",
        "-tt",
        "web1",
        "/bin/sh -c 'echo ~deploy && sleep 0'",
    ]);
    assert_eq!(got.not_yet, []);
    assert_eq!(got.passed.len(), 13);
    assert_eq!(got.tty, TtyRequest::Forced);
    assert_eq!(got.command_text(), Some("/bin/sh -c 'echo ~deploy && sleep 0'".into()));
}
