//! `abide timeouts verify` with the real ssh against a real sshd: what is seen, what is measured after
//! the cut, and what is said where nothing can be seen.

mod far;

use std::process::{Command, Output};

use far::{Far, Setup};
use serde_json::Value;

fn run(mut command: Command) -> (String, String, Option<i32>) {
    let Output { stdout, stderr, status } = command.output().expect("abide runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(stdout), text(stderr), status.code())
}

fn far_with(config: &str) -> Far {
    Far::start_with(&Setup { config, ..Setup::default() })
}

fn verify(far: &Far, words: &[&str]) -> (String, String, Option<i32>) {
    run(far.command(&[&["timeouts", "verify"][..], words].concat()))
}

/// The JSON of a run that ended with this status.
#[track_caller]
fn json(far: &Far, words: &[&str], status: i32) -> Value {
    let (out, err, code) = verify(far, &[&["--json"][..], words].concat());
    assert_eq!(code, Some(status), "{out}\n{err}");
    serde_json::from_str(&out).expect("JSON")
}

fn seconds(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

#[track_caller]
fn about(value: &Value, expected: f64) {
    assert!((seconds(value) - expected).abs() <= 1.05, "{value} is not about {expected}");
}

const ONE: [&str; 4] = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2"];

#[test]
fn ssh_asks_on_time_and_gives_up_when_predicted() {
    let far = Far::start();
    // Without it `sshd -T` cannot tell what the server has; connections do not need it.
    std::fs::remove_file(far.path("sshd_config")).expect("a configuration");
    let words = [&ONE[..], &["far", "--cut", "--for", "4s"]].concat();
    let answer = json(&far, &words, 0);
    let client = &answer["keepalives"][0];
    assert_eq!(client["verdict"], "as-configured", "{answer:#}");
    let seen = client["seen"].as_array().expect("a list");
    assert!(seen.len() >= 3, "{answer:#}");
    for probe in seen {
        about(&probe["silence"], 1.0);
        assert_eq!(probe["known_by"], "size");
    }
    let cut = &answer["cut"][0];
    about(&cut["measured"], 3.0);
    assert_eq!((&cut["predicted"], &cut["manual_page"]), (&3.0.into(), &2.0.into()));
    // Nothing tells what the server has: no verdict about it.
    assert_eq!(answer["keepalives"][1]["verdict"], "not-checked");
    assert_eq!(answer["cut"][1]["verdict"], "not-checked");
    assert_eq!(answer["cut"][1]["measured"], Value::Null, "its ClientAlive is off");
}

#[test]
fn the_server_asks_and_gives_up_by_its_release() {
    let far = far_with("ClientAliveInterval 1\nClientAliveCountMax 1");
    // Its settings are read from the server itself.
    let answer = json(&far, &["far", "--for", "5s", "--cut"], 0);
    let server = &answer["keepalives"][1];
    assert_eq!(server["verdict"], "as-configured", "{answer:#}");
    let period = seconds(&server["period"]);
    about(&server["seen"][0]["silence"], period);
    assert_eq!(seconds(&answer["cut"][1]["predicted"]), 2.0 * period);
    about(&answer["cut"][1]["measured"], 2.0 * period);
    assert_eq!(answer["keepalives"][0]["verdict"], "as-configured", "off, and none came");
    assert_eq!(answer["cut"][0]["measured"], Value::Null, "ssh never gives up by itself");
}

#[test]
fn nothing_to_test_is_not_all_well() {
    let far = Far::start();
    let off = ["-o", "ServerAliveInterval=0"];
    let (out, err, code) =
        verify(&far, &[&off[..], &["far", "--client-alive", "0x3", "--for", "1s"]].concat());
    assert_eq!(code, Some(0), "{out}\n{err}");
    assert!(out.contains("Not checked: no keepalives are known to be configured"), "{out}");
    assert!(!out.contains("as configured"), "{out}");
}

#[test]
fn what_differs_is_told_by_words_and_status() {
    let far = far_with("ClientAliveInterval 1\nClientAliveCountMax 3");
    let (out, err, code) = verify(&far, &["far", "--client-alive", "5x3", "--for", "5s"]);
    assert_eq!(code, Some(1), "{out}\n{err}");
    assert!(out.contains("\n  DIFFERS: one came after "), "{out}");
    assert!(out.ends_with("It differs from what is configured.\n"), "{out}");
    assert!(err.contains("watching an idle session on far for 5s"), "{err}");
}

#[test]
fn quick_scales_the_interval_and_says_so() {
    let far = Far::start();
    let long = ["-o", "ServerAliveInterval=300", "-o", "ServerAliveCountMax=1"];
    let (out, err, code) = verify(&far, &[&long[..], &["far", "--quick", "--cut"]].concat());
    assert_eq!(code, Some(0), "{out}\n{err}");
    assert!(out.contains("ServerAliveInterval is 2s for this test instead of 5m"), "{out}");
    assert!(
        out.contains("gives up after 4s (the manual page says 2s); without --quick 10m"),
        "{out}"
    );
    assert!(out.ends_with("All is as configured.\n"), "{out}");
}

#[test]
fn without_quick_a_long_interval_is_not_checked() {
    let far = Far::start();
    let words = ["-o", "ServerAliveInterval=300", "far", "--for", "1s"];
    let (out, err, code) = verify(&far, &words);
    assert_eq!(code, Some(0), "{out}\n{err}");
    assert!(out.contains("not checked: the first is due after 5m"), "{out}");
}

#[test]
fn a_count_of_zero_ends_a_healthy_session() {
    let far = Far::start();
    let zero = ["-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=0"];
    let answer = json(&far, &[&zero[..], &["far", "--for", "9s"]].concat(), 0);
    assert_eq!(answer["ended"]["by"], "client", "{answer:#}");
    assert_eq!(answer["ended"]["verdict"], "as-configured");
    assert_eq!(answer["ended"]["timer"], "server-alive");
    about(&answer["ended"]["after"], 2.0);
}

#[test]
fn other_ciphers_and_compression_do_not_hide_keepalives() {
    let far = Far::start();
    for (flags, known_by) in [
        (&["-c", "aes256-gcm@openssh.com"][..], "size"),
        (&["-c", "aes128-ctr", "-m", "hmac-sha2-256"], "size"),
        (&["-C"], "rhythm"),
    ] {
        let answer = json(&far, &[&ONE[..], flags, &["far", "--for", "4s"]].concat(), 0);
        let seen = &answer["keepalives"][0]["seen"];
        assert!(seen.as_array().is_some_and(|it| it.len() >= 3), "{flags:?}: {answer:#}");
        assert_eq!(seen[0]["known_by"], known_by, "{flags:?}");
    }
}

#[test]
fn an_idle_limit_of_the_server_is_known_by_its_name() {
    let limit = "ChannelTimeout session:*=3";
    let far = Far::start_with(&Setup { config: limit, ..Setup::default() });
    // Keepalives do not hold it off.
    let words = [&ONE[..], &["far", "--for", "9s"]].concat();
    let answer = json(&far, &words, 0);
    assert_eq!(answer["ended"]["timer"], "channel-timeout", "{answer:#}");
    about(&answer["ended"]["after"], 3.0);
}

#[test]
fn jumps_and_proxy_commands_lead_to_the_relay_too() {
    let far = Far::start();
    let config = std::fs::read_to_string(far.path("config")).expect("a configuration");
    let jumping = config.replace("Host far\n", "Host far hop\n") + "Host far\n ProxyJump hop\n";
    std::fs::write(far.path("jumping"), jumping).expect("written");
    let jumping = far.path("jumping");
    let jumping = jumping.to_str().expect("text");
    let command = format!("ProxyCommand=ssh -F '{jumping}' -W '[%h]:%p' hop");
    for way in [&[][..], &["-o", &command]] {
        let words =
            [&["timeouts", "verify", "-F", jumping][..], &ONE, way, &["--for=3s", "far", "--json"]];
        let (out, err, code) = run(far.local(&words.concat()));
        assert_eq!(code, Some(0), "{out}\n{err}");
        let answer: Value = serde_json::from_str(&out).expect("JSON");
        assert!(
            answer["keepalives"][0]["seen"].as_array().is_some_and(|it| it.len() >= 2),
            "{out}"
        );
    }
}

#[test]
fn what_cannot_be_watched_is_said() {
    let far = Far::start();
    let says = |words: &[&str]| {
        let (out, err, code) = verify(&far, words);
        assert_eq!(out, "", "{err}");
        (err, code)
    };
    let (err, code) = says(&["-o", "ProxyUseFdpass=yes", "-o", "ProxyCommand=x", "far"]);
    assert_eq!(code, Some(255));
    assert!(err.starts_with("error: this host cannot be watched through a relay\n"), "{err}");
    let (err, code) = says(&["-p", "1", "far"]);
    assert_eq!(code, Some(255));
    assert!(err.contains("error: the relay cannot reach far\n"), "{err}");
    assert!(err.contains("because: 127.0.0.1 port 1: Connection refused"), "{err}");
    let (err, code) = says(&["-o", "PubkeyAuthentication=no", "far"]);
    assert_eq!(code, Some(255));
    assert!(err.contains("error: far does not let you in"), "{err}");
    for wrong in [&[][..], &["far", "ls"], &["far", "--sideways"], &["far", "--for", "soon"]] {
        let (err, code) = says(wrong);
        assert_eq!(code, Some(2), "{err}");
    }
}
