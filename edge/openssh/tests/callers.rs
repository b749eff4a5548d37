//! What the programs that call ssh really pass, caught by a stand-in for ssh.

mod support;

use abide_openssh::{CommandLine, Invocation, PlainReason, TtyRequest, parse};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use support::{Scratch, installed};

struct Catcher {
    scratch: Scratch,
    ssh: PathBuf,
}

impl Catcher {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let text = format!(
            "#!/bin/sh\nn=$(ls {0} | wc -l)\nprintf '%s\\0' \"$@\" >{0}/caught.$n\nexit 0\n",
            scratch.text()
        );
        let ssh = scratch.write("abide", &text);
        std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        Catcher { scratch, ssh }
    }

    /// Runs a program; the command lines that it gave to ssh, in order.
    fn catch(&self, command: &mut Command) -> Vec<CommandLine> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // It fails, as the stand-in speaks no protocol.
        let _ = command.status().expect("the program to catch");
        let mut found: Vec<PathBuf> = std::fs::read_dir(self.scratch.path())
            .expect("scratch")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.to_string_lossy().contains("caught."))
            .collect();
        found.sort();
        assert!(!found.is_empty(), "ssh was not called by {command:?}");
        found.iter().map(|path| self.read(path)).collect()
    }

    fn read(&self, path: &PathBuf) -> CommandLine {
        let bytes = std::fs::read(path).expect("a caught line");
        let words = bytes.strip_suffix(b"\0").unwrap_or(&bytes).split(|b| *b == 0);
        let words: Vec<OsString> = words.map(|w| OsString::from_vec(w.to_vec())).collect();
        parse(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    fn session(&self, command: &mut Command) -> Invocation {
        match self.catch(command).pop() {
            Some(CommandLine::Session(it)) => *it,
            other => panic!("{other:?}"),
        }
    }
}

fn assert_carried(got: &Invocation) {
    assert_eq!(got.not_yet, [], "{got:?}");
    assert_eq!((got.destination.host.as_os_str(), got.tty), ("h".as_ref(), TtyRequest::Auto));
    let user = got.passed.windows(2).any(|pair| pair == ["-l", "u"]);
    assert!(user, "{got:?}");
}

fn needs(program: &str) {
    assert!(installed(program), "{program} must be installed for this test");
}

#[test]
fn rsync() {
    needs("rsync");
    let catcher = Catcher::new("rsync");
    let mut command = Command::new("rsync");
    let got = catcher.session(command.arg("-ae").arg(&catcher.ssh).args(["/etc/hosts", "u@h:x"]));
    assert_carried(&got);
    assert_eq!(got.command[..2], ["rsync", "--server"]);
    assert!(!got.subsystem);
}

#[test]
fn scp_by_sftp_and_by_its_old_protocol() {
    needs("scp");
    let catcher = Catcher::new("scp");
    let scp = || {
        let mut command = Command::new("scp");
        command.arg("-S").arg(&catcher.ssh).args(["-P", "2222", "-C"]);
        command
    };
    let new = catcher.session(scp().args(["/etc/hosts", "u@h:x"]));
    assert_carried(&new);
    assert!(new.subsystem && new.command == ["sftp"]);
    assert!(new.passed.windows(2).any(|pair| pair == ["-p", "2222"]));

    let old = Catcher::new("scp-old");
    let mut command = Command::new("scp");
    let got = old.session(command.arg("-OS").arg(&old.ssh).args(["/etc/hosts", "u@h:a b"]));
    assert_carried(&got);
    assert!(!got.subsystem);
    let text = got.command_text().expect("a command").into_string().expect("text");
    assert!(text.starts_with("scp -t "), "{text}");
}

#[test]
fn sftp() {
    needs("sftp");
    let catcher = Catcher::new("sftp");
    let mut command = Command::new("sftp");
    let got = catcher.session(command.arg("-S").arg(&catcher.ssh).args(["-P", "22", "u@h"]));
    assert_carried(&got);
    assert!(got.subsystem && got.command == ["sftp"]);
}

#[test]
fn git_asks_what_kind_of_ssh_we_are_and_then_connects() {
    needs("git");
    let catcher = Catcher::new("git");
    let mut command = Command::new("git");
    command.env("GIT_SSH_COMMAND", &catcher.ssh).args(["ls-remote", "ssh://u@h:2222/x y"]);
    let caught = catcher.catch(&mut command);
    assert_eq!(caught[0], CommandLine::Plain(PlainReason::ShowConfig));
    let Some(CommandLine::Session(got)) = caught.last() else { panic!("{caught:?}") };
    assert_carried(got);
    let got_command = got.command_text().expect("a command");
    assert_eq!(got_command, "git-upload-pack '/x y'");
    assert!(got.passed.windows(2).any(|pair| pair == ["-p", "2222"]), "{got:?}");
}
