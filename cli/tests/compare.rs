//! `abide compare` with the real ssh against a real sshd: that the figures come from what happened,
//! what a cut does to whom, and that nothing is left afterwards.

mod far;

use std::process::{Command, Output};

use far::Far;
use serde_json::Value;

fn run(mut command: Command) -> (String, String, Option<i32>) {
    let Output { stdout, stderr, status } = command.output().expect("abide runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(stdout), text(stderr), status.code())
}

const SMALL: [&str; 10] =
    ["compare", "--quick", "--keys", "8", "--idle", "5", "--cut", "2", "--patience", "8"];

#[test]
fn ssh_is_lost_in_a_cut_and_abide_is_not() {
    let far = Far::start();
    let picture = far.path("compared.svg");
    let name = picture.to_str().expect("a path");
    let more = ["--only", "ssh,abide-no-udp", "--json", "far", "-o", name];
    let (out, err, code) = run(far.command(&[&SMALL[..], &more].concat()));
    assert_eq!(code, Some(0), "{out}\n{err}");
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    let (ssh, abide) = (&answer["tools"][0], &answer["tools"][1]);
    assert_eq!((&ssh["name"], &abide["name"]), (&"ssh".into(), &"abide --no-udp".into()));
    for tool in [ssh, abide] {
        assert!(tool["prompt_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{answer:#}");
        assert_eq!(tool["echo"]["never_shown"], 0, "{answer:#}");
        assert_eq!(tool["echo"]["wrong_at_end"], 0, "{answer:#}");
        assert_eq!(tool["idle"]["seconds"], 5.0, "{answer:#}");
    }
    assert_eq!(ssh["recovery"]["back_ms"], Value::Null, "{answer:#}");
    assert!(abide["recovery"]["back_ms"].is_f64(), "{answer:#}");
    assert_eq!(abide["recovery"]["same_shell"], true, "{answer:#}");
    assert_eq!(abide["recovery"]["typed_arrived"], true, "{answer:#}");
    let drawn = std::fs::read_to_string(&picture).expect("a picture");
    assert!(drawn.starts_with("<svg") && drawn.contains("abide --no-udp"), "{drawn}");
    let (sessions, ..) = run(far.command(&["ls", "--json", "far"]));
    let sessions: Value = serde_json::from_str(&sessions).expect("JSON");
    assert_eq!(sessions["sessions"], serde_json::json!([]), "nothing is left");
}

#[test]
fn a_host_that_asks_is_a_reason_and_not_a_wait() {
    let far = Far::start();
    far.know("stranger");
    let (out, err, code) = run(far.command(&[&SMALL[..], &["--only", "ssh", "far"]].concat()));
    assert_eq!(code, Some(1), "{out}\n{err}");
    assert!(out.contains("ssh, prompt: it ended"), "{out}");
}

#[test]
fn wrong_lines_are_refused_before_anything_is_done() {
    let far = Far::start();
    for (words, said) in [
        (&["compare", "far", "ls"][..], "`ls` is one word too many"),
        (&["compare", "--output", "x.pdf", "far"], "`x.pdf` is neither .svg nor .png"),
    ] {
        let (_, err, code) = run(far.command(words));
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains(said), "{err}");
    }
}
