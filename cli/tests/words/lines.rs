//! Command lines: wrong ones, help, commands and how they end.

use std::process::Command;

use crate::far::{Far, make_ready};
use crate::{expect, without_upload};

#[test]
fn command_lines_that_are_wrong() {
    let far = Far::start();
    let mut said = String::new();
    let lines = [
        "",
        "--wat far",
        "-z far",
        "--name a/b far",
        "--udp-ports 5 far",
        "--udp-ports x far",
        "-p",
        "ls far more words",
        "ls --wat",
        "ls -z far",
        "end",
        "detach",
        "demo --wat",
        "keeper",
    ];
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        said.push_str(&format!("$ abide {line}\n{}\n", without_upload(&far.says(&words))));
    }
    let forwards = ["-W h:1", "-w any"];
    for flag in forwards {
        let words: Vec<&str> = flag.split(' ').chain(["far"]).collect();
        said.push_str(&format!("$ abide {flag} far\n{}\n", far.says(&words)));
    }
    expect(said, include_str!("command_lines.txt"));
}

#[test]
fn help_is_one_screen() {
    let far = Far::start();
    let said = far.says_of(far.local(&["--help"]));
    assert_eq!(said, far.says_of(far.local(&["help"])));
    let (out, err) = said.split_once("--\n=0").expect("all on stdout, and well");
    assert!(err.is_empty());
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert!(out.lines().count() <= 40);
    for word in ["abide ls", "abide attach", "abide detach", "abide end", "abide demo", "~.", "255"]
    {
        assert!(out.contains(word), "{word} is missing in\n{out}");
    }
    let version = format!("abide {}\n--\n=0", env!("CARGO_PKG_VERSION"));
    expect(far.says_of(far.local(&["--version"])), &version);
}

#[test]
fn remote_commands_end_as_they_end() {
    let far = Far::start();
    let said = far.says(&["far", "echo out; echo err >&2; exit 3"]);
    expect(without_upload(&said), "out\n--\nerr\n=3");
    expect(far.says(&["far", "exit 255"]), "--\n=255");
    expect(
        far.says(&["far", "nosuchcommand"]),
        "--\nbash: line 1: nosuchcommand: command not found\n=127",
    );
    expect(
        far.says(&["far", "echo out; kill -TERM $$"]),
        "out\n--\nsession SESSION ended: its program was ended by SIGTERM\n=255",
    );
    expect(far.says(&["-q", "far", "kill -KILL $$"]), "--\n=255");
    expect(
        far.says(&["-s", "far", "nosuch"]),
        "--\n\
         error: there is no subsystem `nosuch` on far\n\
         because: the server's sshd and abide know none of that name\n\
         try: ssh -s -F DIR/config far nosuch\n\
         =255",
    );
}

#[test]
fn a_command_that_is_too_long() {
    let far = Far::start();
    let said = far.says(&["far", &"x".repeat(70_000)]);
    let most = said.split_once("at most ").expect("a limit").1.split(' ').next().expect("a number");
    let most: usize = most.parse().expect("a number");
    let longest = |length| far.says(&["far", &format!("true {}", "x".repeat(length - 5))]);
    assert!(longest(most + 1).contains("too long for abide"));
    assert!(without_upload(&longest(most)).ends_with("--\n=0"));
}

#[test]
fn the_words_come_when_stdout_is_closed() {
    let far = Far::start();
    let mut command = Command::new("sh");
    let abide = env!("CARGO_BIN_EXE_abide");
    let config = far.path("config").display().to_string();
    command.args([
        "-c",
        &format!("{abide} -F {config} far 'yes' | head -c 2; {abide} ls >&-; echo $?"),
    ]);
    command.env("ABIDE_RUNTIME_DIR", far.path("near"));
    let said = far.says_of(command);
    expect(without_upload(&said), "y\n0\n--\nno sessions here\n=0");
    let terminal = far.terminal(&["far"]);
    make_ready(&terminal);
}
