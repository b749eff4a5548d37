//! One prompt: against an sshd that asks for a code, a whole session asks once, its upload and its
//! way through faults included, and never asks by itself again.

mod far;

use std::time::Duration;

use abide_lab::Terminal;
use far::{Far, LIMIT, Setup, children, kill, make_ready, wait_until};
use rustix::process::Signal;

const CODE: &str = "424242";

/// PAM as sshd sees it: everybody gets in who knows the code, and each question is counted.
const INSIDE: &str = "\
printf '#!/bin/sh\\necho asked >>%s/asked\\n[ \"$(tr -d \"\\\\000\")\" = 424242 ]\\n' $dir >$dir/check; \
chmod 755 $dir/check; \
printf 'auth required pam_exec.so quiet expose_authtok %s/check\\nauth required pam_permit.so\\naccount required pam_permit.so\\n\
session required pam_permit.so\\n' $dir >$dir/pam; \
mount --bind $dir/pam /etc/pam.d/sshd";

const CONFIG: &str = "UsePAM yes\nKbdInteractiveAuthentication yes\n\
    AuthenticationMethods publickey,keyboard-interactive";

fn asking() -> Far {
    Far::start_with(&Setup { config: CONFIG, inside: INSIDE, ..Setup::default() })
}

/// How often a code was asked for and given.
fn asked(far: &Far) -> usize {
    std::fs::read_to_string(far.path("asked")).map_or(0, |text| text.lines().count())
}

fn sign_in(terminal: &Terminal, mark: usize) {
    terminal.wait_for_after(mark, "Password: ", LIMIT).expect("a question");
    terminal.send(format!("{CODE}\r")).expect("typed");
}

fn opened(far: &Far, words: &[&str]) -> Terminal {
    let terminal = far.terminal(words);
    sign_in(&terminal, 0);
    let mark = terminal.len();
    // What stands there until the prompt is no prompt: the upload's progress.
    terminal.wait_for_after(mark, "# ", LIMIT).expect("a prompt");
    make_ready(&terminal);
    terminal
}

fn ssh_of(terminal: &Terminal) -> Vec<u32> {
    let is_ssh = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "ssh")
    };
    children(terminal.pid()).into_iter().filter(is_ssh).collect()
}

#[test]
fn a_first_session_with_its_upload_asks_once() {
    let far = asking();
    let terminal = opened(&far, &["far"]);
    assert!(terminal.text().contains("sending the keeper to "), "{}", terminal.text());
    assert_eq!(terminal.text().matches("Password: ").count(), 1, "{}", terminal.text());
    assert_eq!(asked(&far), 1);
    terminal.send("exit\r").expect("typed");
    terminal.wait_exit(LIMIT).expect("an end");
    assert_eq!(asked(&far), 1);
}

#[test]
fn without_udp_a_lost_connection_asks_only_when_told_to() {
    let far = asking();
    let terminal = opened(&far, &["--no-udp", "far"]);
    for round in 2..4 {
        let mark = terminal.len();
        ssh_of(&terminal).into_iter().for_each(|pid| kill(pid, Signal::KILL));
        terminal.wait_for_after(mark, "press Enter to sign in again", LIMIT).expect("words");
        assert_eq!(asked(&far), round - 1, "nobody is asked by himself");
        let after = String::from_utf8_lossy(&terminal.bytes()[mark..]).into_owned();
        assert!(!after.contains("Password: "), "{after}");
        let mark = terminal.len();
        terminal.send("\r").expect("typed");
        sign_in(&terminal, mark);
        let mark = terminal.len();
        terminal.wait_for_after(mark, "ready", LIMIT).expect("the screen again");
        terminal.ask("\x15echo al''ive\r", "alive\r\n", LIMIT).expect("the same shell");
        assert_eq!(asked(&far), round);
    }
}

#[test]
fn a_wrong_code_can_be_given_again() {
    let far = asking();
    let terminal = opened(&far, &["--no-udp", "far"]);
    let mark = terminal.len();
    ssh_of(&terminal).into_iter().for_each(|pid| kill(pid, Signal::KILL));
    terminal.wait_for_after(mark, "press Enter to sign in again", LIMIT).expect("words");
    let mark = terminal.len();
    terminal.send("\r").expect("typed");
    let mark = terminal.wait_for_after(mark, "Password: ", LIMIT).expect("a question");
    terminal.send("wrong\r").expect("typed");
    sign_in(&terminal, mark);
    terminal.wait_for_after(mark, "ready", LIMIT).expect("the screen again");
    terminal.ask("\x15echo al''ive\r", "alive\r\n", LIMIT).expect("the same shell");
}

#[test]
fn with_udp_nobody_is_asked_again() {
    let far = asking();
    let terminal = opened(&far, &["far"]);
    let best = || far.sessions()[0]["clients"][0]["carriers"][0] == "quic";
    wait_until("QUIC", best);
    let mark = terminal.len();
    ssh_of(&terminal).into_iter().for_each(|pid| kill(pid, Signal::KILL));
    wait_until("ssh's end", || ssh_of(&terminal).is_empty());
    let echo = terminal.ask("echo al''ive\r", "alive\r\n", LIMIT).expect("the same shell");
    assert!(echo < Duration::from_secs(1), "{echo:?}");
    let after = String::from_utf8_lossy(&terminal.bytes()[mark..]).into_owned();
    assert!(!after.contains("no answer") && !after.contains("Password: "), "{after}");
    assert_eq!(asked(&far), 1);
}
