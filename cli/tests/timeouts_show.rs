//! `abide timeouts show` against a real ssh and a real sshd: what is read, from where, and what is
//! said of what cannot be read. The words themselves are in the snapshots beside the command.

mod far;

use std::time::Duration;

use abide_host::clock;
use far::{Far, Setup};
use serde_json::Value;

/// `show --local` answers within this.
const LOCAL_LIMIT: Duration = Duration::from_millis(300);

fn shown(far: &Far, words: &[&str]) -> Value {
    let mut all = vec!["timeouts", "show", "--json"];
    all.extend(words);
    let output = far.local(&all).output().expect("abide runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// ssh's configuration with some lines for the host before the others.
fn configure(far: &Far, lines: &str) -> String {
    let path = far.path("config");
    let old = std::fs::read_to_string(&path).expect("a configuration");
    std::fs::write(&path, format!("Host far\n{lines}\n{old}")).expect("a write");
    path.display().to_string()
}

fn codes(shown: &Value) -> Vec<&str> {
    let findings = shown["findings"].as_array().expect("findings");
    findings.iter().filter_map(|it| it["code"].as_str()).collect()
}

fn situation<'a>(shown: &'a Value, name: &str) -> &'a Value {
    let all = shown["situations"].as_array().expect("situations");
    all.iter().find(|it| it["situation"] == name).expect("one of that name")
}

#[test]
fn a_server_is_read_over_the_users_own_ssh() {
    let config = "ClientAliveInterval 600\nClientAliveCountMax 2\nClientAliveInterval 30\n\
                  ChannelTimeout session=5m";
    let far = Far::start_with(&Setup { config, ..Setup::default() });
    let flags = configure(&far, " ServerAliveInterval 15\n ServerAliveCountMax 3\n");
    let shown = shown(&far, &["-F", &flags, "far"]);
    assert_eq!(shown["schema"], 1);
    let server = &shown["server"];
    let sshd_config = far.path("sshd_config").display().to_string();
    assert_eq!(server["ClientAliveInterval"]["number"], 600, "{server:#}");
    assert_eq!(server["ClientAliveInterval"]["origin"], format!("{sshd_config}:1"));
    assert_eq!(server["ClientAliveCountMax"]["origin"], format!("{sshd_config}:2"));
    assert_eq!(server["LoginGraceTime"]["number"], 120);
    assert_eq!(server["release"]["origin"], "banner");
    assert_eq!(shown["server_kernel"]["tcp_retries2"]["origin"], "kernel");
    let client = &shown["client"];
    assert_eq!(client["ServerAliveInterval"]["origin"], format!("{flags}:2"));
    let found = codes(&shown);
    for code in [
        "line-has-no-effect",
        "channel-pattern-matches-nothing",
        "alive-is-not-idle",
        "login-too-short",
    ] {
        assert!(found.contains(&code), "{code} in {found:?}");
    }
    assert!(!found.contains(&"resolver-differs"), "{:#}", shown["findings"]);
    let dead = situation(&shown, "dead-path-idle");
    assert_eq!(dead["first_at_client"], "server-alive");
    assert_eq!(dead["not_checked"], Value::Array(vec![]), "{dead:#}");
    // 60 min by the fault of 9.2 to 9.4, else 30.
    let release = server["release"]["value"].as_str().expect("a release");
    let doubled = ["OpenSSH 9.2", "OpenSSH 9.3", "OpenSSH 9.4"].contains(&release);
    let timers = dead["timers"].as_array().expect("timers");
    let alive = timers.iter().find(|it| it["timer"] == "client-alive").expect("sshd's");
    assert_eq!(alive["likely_seconds"], if doubled { 3_600.0 } else { 1_800.0 });
    assert_eq!(found.contains(&"doubled-interval"), doubled);
}

#[test]
fn a_server_that_lets_nobody_in_is_not_checked_but_for_its_banner() {
    let far = Far::start();
    let (stranger, port) = (far.path("stranger").display().to_string(), far.port.to_string());
    let known = format!("UserKnownHostsFile={}", far.path("known_hosts").display());
    let shown = shown(
        &far,
        &[
            "-F",
            "none",
            "-p",
            &port,
            "-i",
            &stranger,
            "-o",
            &known,
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "IdentityAgent=none",
            "-o",
            "BatchMode=yes",
            "root@127.0.0.1",
        ],
    );
    let server = &shown["server"];
    assert_eq!(server["release"]["origin"], "banner", "{server:#}");
    assert_eq!(server["ClientAliveInterval"]["value"], Value::Null);
    let why = server["ClientAliveInterval"]["not_checked"].as_str().expect("a reason");
    assert!(why.contains("Permission denied"), "{why}");
    assert_eq!(situation(&shown, "dead-path-idle")["first_at_server"], Value::Null);
}

#[test]
fn this_machine_alone_is_looked_at_quickly_and_without_the_network() {
    let far = Far::start();
    let flags = configure(&far, " ServerAliveInterval 30\n ServerAliveCountMax 20\n");
    // Nothing listens at port 1: a connection would fail.
    let words = ["-F", &flags, "-p", "1", "far", "--local"];
    let quickest = (0..5).map(|_| {
        let began = clock::now();
        let shown = shown(&far, &words);
        assert_eq!(shown["server"], Value::Null);
        assert_eq!(codes(&shown), Vec::<&str>::new(), "{:#}", shown["findings"]);
        clock::now().since(began)
    });
    let quickest = quickest.min().expect("five runs");
    assert!(quickest < LOCAL_LIMIT, "the quickest of five took {quickest:?}");
}

#[test]
fn this_machines_sshd_is_read_without_a_host() {
    let config = "LoginGraceTime 45\nMatch User root\n ClientAliveInterval 77";
    // What follows a Match line belongs to it: only what may stand there.
    let far = Far::start();
    let path = far.path("sshd_config");
    let old = std::fs::read_to_string(&path).expect("a configuration");
    std::fs::write(&path, format!("{}\n{old}\n{}\n", &config[..17], &config[18..]))
        .expect("a write");
    let path = path.display().to_string();
    let shown = shown(&far, &["--server", "--sshd-config", &path]);
    let server = &shown["server"];
    assert_eq!(server["LoginGraceTime"]["number"], 45, "{server:#}");
    assert_eq!(server["ClientAliveInterval"]["number"], 77, "{server:#}");
    assert_eq!(shown["client"], Value::Null);
}

#[test]
fn what_sshd_refuses_is_wrong_and_shown_as_such() {
    let far = Far::start();
    let path = far.path("sshd_config");
    let old = std::fs::read_to_string(&path).expect("a configuration");
    std::fs::write(&path, format!("ClientAliveInterval 77\nNonsense 1\n{old}")).expect("a write");
    let path = path.display().to_string();
    let shown = shown(&far, &["--server", "--sshd-config", &path]);
    let finding = &shown["findings"][0];
    assert_eq!(finding["code"], "configuration-refused", "{:#}", shown["findings"]);
    assert_eq!(finding["severity"], "wrong");
    let text = finding["text"].as_str().expect("words");
    assert!(text.contains("line 2") && text.contains("Nonsense"), "{text}");
    let page = far.says(&["timeouts", "show", "--server", "--sshd-config", &path]);
    assert!(page.contains("read off files that sshd refuses"), "{page}");
    let missing = self::shown(&far, &["--server", "--sshd-config", "/nonexistent"]);
    let why = missing["server"]["ClientAliveInterval"]["not_checked"].as_str().expect("a reason");
    assert!(why.contains("/nonexistent") && why.contains("No such file"), "{why}");
}

#[test]
fn what_ssh_refuses_is_refused_in_its_words() {
    let far = Far::start();
    let flags = configure(&far, " ServerAliveInterval soon\n");
    let said = far.says(&["timeouts", "show", "-F", &flags, "far"]);
    assert!(said.contains("error: ssh does not accept these settings\nbecause: "), "{said}");
    assert!(said.contains("DIR/config") || said.contains("line 2"), "{said}");
}

#[test]
fn pages_are_plain_and_narrow_where_no_terminal_is() {
    let far = Far::start();
    let flags = far.path("config").display().to_string();
    let said = far.says(&["timeouts", "show", "-F", &flags, "--local", "far"]);
    assert!(said.contains("WHICH TIMER FIRES FIRST"), "{said}");
    assert!(!said.contains('\x1b'), "{said}");
    let long: Vec<&str> = said.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:?}");
}
