//! A listening sshd of one test's own on 127.0.0.1, with throw-away keys and files; `abide` run against
//! it with a state of its own. All of it is gone when the test ends.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use abide_terms::Moment;

/// Nothing here takes longer.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A folder of one test's own.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        let random = u64::from_ne_bytes(abide_host::random::bytes());
        let path = std::env::temp_dir().join(format!("abide-door-{random:016x}"));
        abide_host::files::private_dir(&path).unwrap();
        Scratch(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `abide` with a state of its own.
pub fn abide(scratch: &Scratch, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_abide"));
    command.args(words).env("XDG_STATE_HOME", scratch.join("state")).env_remove("ABIDE_SSH");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn run(scratch: &Scratch, words: &[&str]) -> Output {
    abide(scratch, words).output().unwrap()
}

pub fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// `abide` at a terminal, where these lines are typed; its end is waited for.
pub fn at_a_terminal(scratch: &Scratch, words: &[&str], typed: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let line = format!("{} {}", env!("CARGO_BIN_EXE_abide"), quoted.join(" "));
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("XDG_STATE_HOME", scratch.join("state"));
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = script.spawn().expect("script, of bsdutils");
    let mut stdin = child.stdin.take().unwrap();
    write!(stdin, "{typed}").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    said(&output)
}

/// The journal as `abide timeouts log --json` prints it.
pub fn journal(scratch: &Scratch) -> Vec<serde_json::Value> {
    let output = run(scratch, &["timeouts", "log", "--json"]);
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits for something to become so.
pub fn wait_until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let begun = abide_host::clock::now();
    while !is_so() {
        assert!(since(begun) < limit, "not within {limit:?}: {what}");
        std::thread::yield_now();
    }
}

pub fn since(begun: Moment) -> Duration {
    Duration::from_nanos(abide_host::clock::now().as_nanos() - begun.as_nanos())
}

/// An sshd, and how ssh gets in.
pub struct Door {
    pub scratch: Scratch,
    pub config: PathBuf,
    pub ssh_config: PathBuf,
    pub port: u16,
    sshd: Child,
}

impl Door {
    /// Starts it.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts it with these first lines of its configuration; `$dir` is ours.
    pub fn start_with(first: &str) -> Self {
        let scratch = Scratch::new();
        fs::create_dir_all("/run/sshd").unwrap();
        for key in ["host_key", "client_key"] {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(scratch.join(key));
            assert!(command.status().unwrap().success());
        }
        let public = fs::read_to_string(scratch.join("client_key.pub")).unwrap();
        fs::write(scratch.join("authorized_keys"), public).unwrap();
        let port = free_port();
        let here = scratch.0.display();
        let first = first.replace("$dir", &here.to_string());
        let config = scratch.join("etc/sshd_config");
        fs::create_dir(scratch.join("etc")).unwrap();
        let text = format!(
            "{first}# A comment that stays\nPort {port}\nListenAddress 127.0.0.1\nHostKey {here}/host_key\n\
             PidFile {here}/sshd.pid\nAuthorizedKeysFile {here}/authorized_keys\nStrictModes no\n\
             UsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        );
        fs::write(&config, text).unwrap();
        let ssh_config = scratch.join("ssh_config");
        let text = format!(
            "Host door\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {here}/client_key\n  \
             IdentitiesOnly yes\n  IdentityAgent none\n  StrictHostKeyChecking no\n  \
             UserKnownHostsFile {here}/known_hosts\n  LogLevel ERROR\n"
        );
        fs::write(&ssh_config, text).unwrap();
        let log = fs::File::create(scratch.join("sshd.log")).unwrap();
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f"]).arg(&config).stdin(Stdio::null()).stdout(Stdio::null());
        let sshd = command.stderr(log).spawn().unwrap();
        let door = Door { scratch, config, ssh_config, port, sshd };
        wait_until("sshd listens", LIMIT, || TcpStream::connect(("127.0.0.1", port)).is_ok());
        wait_until("sshd has a pid file", LIMIT, || door.scratch.join("sshd.pid").exists());
        door
    }

    /// `abide timeouts set --on-server` for this sshd.
    pub fn set(&self, words: &[&str]) -> Command {
        let mut all = vec!["timeouts", "set", "--on-server", "--yes", "--sshd-config"];
        all.push(self.config.to_str().unwrap());
        all.extend(["-F", self.ssh_config.to_str().unwrap(), "door"]);
        all.extend(words);
        abide(&self.scratch, &all)
    }

    /// A plain login that asks nobody.
    pub fn ssh(&self, command: &str) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args(["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-F"]).arg(&self.ssh_config);
        ssh.args(["door", command])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        ssh
    }

    pub fn opens(&self) -> bool {
        self.ssh("true").status().unwrap().success()
    }

    pub fn text(&self) -> String {
        fs::read_to_string(&self.config).unwrap()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.join("sshd.log")).unwrap()
    }

    /// A session that echoes lines, opened now.
    pub fn echo(&self) -> Echo {
        Echo::open(self.ssh("cat").stdin(Stdio::piped()).spawn().unwrap())
    }

    /// What is left beside the configuration; our own folder of work excepted.
    pub fn leftovers(&self) -> Vec<String> {
        let names = fs::read_dir(self.config.parent().unwrap()).unwrap();
        let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !["sshd_config", "conf.d", ".abide"].contains(&&name[..])).collect()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A session that was open before.
pub struct Echo {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    count: u32,
}

impl Echo {
    fn open(mut child: Child) -> Self {
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (hear, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = hear.send(line);
            }
        });
        let mut echo = Echo { stdin: child.stdin.take().unwrap(), child, lines, count: 0 };
        echo.echoes();
        echo
    }

    /// Sends a line and waits for it.
    pub fn echoes(&mut self) {
        self.count += 1;
        let line = format!("line {}", self.count);
        writeln!(self.stdin, "{line}").unwrap();
        assert_eq!(
            self.lines.recv_timeout(LIMIT).as_deref(),
            Ok(&line[..]),
            "the session is there"
        );
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An ssh that does something of the test's before it is ssh.
pub fn meddling_ssh(scratch: &Scratch, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = scratch.join("ssh");
    fs::write(&path, format!("#!/bin/sh\n{script}\nexec ssh \"$@\"\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Runs it while somebody else adds a line to a file, at the moment when ssh is called with this word.
#[track_caller]
pub fn refuses_what_changed_meanwhile(
    scratch: &Scratch,
    mut command: Command,
    when: &str,
    file: &Path,
) {
    let edit = format!("case \"$*\" in *{when}*) echo '# theirs' >>{}; esac", text(file));
    let output = command.env("ABIDE_SSH", meddling_ssh(scratch, &edit)).output().unwrap();
    let words = said(&output);
    assert!(!output.status.success(), "{words}");
    assert!(words.contains("changed by somebody else meanwhile"), "{words}");
    assert!(words.contains("nothing was changed"), "{words}");
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
