//! Real OpenSSH through the lab, and what each fault does to it.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod echo;

use std::process::Command;
use std::time::Duration;

use abide_host::child::Exit;
use abide_lab::{Lab, LabError, Profile, Terminal};
use echo::lab;

const LIMIT: Duration = Duration::from_secs(8);

fn lab_with_sshd() -> Lab {
    let lab = lab(Profile::Lan);
    lab.start_sshd("").unwrap();
    lab
}

fn ssh(lab: &Lab, host: &str, words: &[&str]) -> Command {
    let mut command = lab.client().command("ssh");
    command.arg("-F").arg(lab.ssh_config_path()).arg(host).args(words);
    command
}

/// An ssh on a terminal whose far end answers each line by `<line>`.
fn answering(lab: &Lab) -> Terminal {
    let far = "stty -echo; echo ready; while read x; do echo \"<$x>\"; done";
    let terminal = Terminal::start(&ssh(lab, "lab", &["-t", far])).unwrap();
    terminal.wait_for_after(0, "ready", LIMIT).unwrap();
    terminal.ask("hello\n", "<hello>", LIMIT).unwrap();
    terminal
}

#[test]
fn a_command_runs_over_both_families() {
    let lab = lab_with_sshd();
    for host in ["lab", "lab6"] {
        let output = ssh(&lab, host, &["echo hi; exit 3"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "hi\n", "{output:?}");
        assert_eq!(output.status.code(), Some(3));
    }
    assert!(lab.sshd_log().contains("Accepted publickey for root from 203.0.113.11"));
}

#[test]
fn a_forgotten_nat_mapping_hangs_ssh() {
    let lab = lab_with_sshd();
    let terminal = answering(&lab);
    lab.flush_nat().unwrap();
    let answer = terminal.ask("lost\n", "<lost>", Duration::from_secs(2));
    assert!(matches!(answer, Err(LabError::TooSlow { .. })), "{answer:?}");
    assert!(terminal.is_running());
}

#[test]
fn a_reset_ends_both_ends_of_ssh() {
    let lab = lab_with_sshd();
    let terminal = answering(&lab);
    assert_eq!(lab.reset_tcp(), 1);
    assert_eq!(terminal.wait_exit(LIMIT).unwrap(), Exit::Code(255));
    // Which of the two ssh says depends on whether it was reading or writing.
    let said = ["Connection reset", "Broken pipe"];
    let text = terminal.text();
    assert!(said.iter().any(|words| text.contains(words)), "{text}");
    wait_until(|| lab.sshd_log().contains("reset by peer"));
}

#[test]
fn a_restarted_sshd_drops_its_connections_and_takes_new_ones() {
    let lab = lab_with_sshd();
    let terminal = answering(&lab);
    lab.restart_sshd().unwrap();
    assert_eq!(terminal.wait_exit(LIMIT).unwrap(), Exit::Code(255));
    let again = answering(&lab);
    lab.kill_sshd_sessions();
    assert_eq!(again.wait_exit(LIMIT).unwrap(), Exit::Code(255));
    assert!(ssh(&lab, "lab", &["true"]).status().unwrap().success());
}

#[test]
fn extra_configuration_wins() {
    let lab = lab_with_sshd();
    lab.start_sshd("PermitRootLogin no\nMatch Address 10.0.0.0/8\n  X11Forwarding no").unwrap();
    let output = ssh(&lab, "lab", &["true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(255));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Permission denied"), "{output:?}");
    let wrong = lab.start_sshd("NoSuchOption yes").unwrap_err();
    assert!(wrong.to_string().contains("NoSuchOption"), "{wrong}");
}

/// Looks every few milliseconds, within the limit.
fn wait_until(mut seen: impl FnMut() -> bool) {
    let deadline = abide_host::clock::now() + LIMIT;
    while !seen() {
        assert!(abide_host::clock::now() < deadline, "not within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
