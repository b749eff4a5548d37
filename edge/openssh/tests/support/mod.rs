//! What the tests of this folder share: scratch directories, processes that cannot outlive the
//! test, a stand-in for the keeper's binary, and a driver of the bootstrap. No tests.
#![allow(dead_code, unreachable_pub)]

use abide_openssh::{Bootstrap, BootstrapEvent, BootstrapPlan, BuildId, FailReason, RemoteLine};
use abide_openssh::{Token, answer_none, answer_size};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long any process may stay silent.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A directory of this test's own, removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{name}-{}-{number}", std::process::id());
        // Some tests cover the shared directories with mounts of their own: not there, then.
        let usual = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let covered = ["/tmp", "/var/tmp", "/dev/shm"].iter().any(|it| usual.starts_with(it));
        let path = if covered { Path::new("/run") } else { usual }.join(name);
        std::fs::create_dir_all(&path).expect("a scratch directory");
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn text(&self) -> &str {
        self.0.to_str().expect("a UTF-8 path")
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file in scratch");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether a program of this name is on the PATH.
pub fn installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(["/usr/sbin".into()]).any(|dir| dir.join(name).is_file())
}

/// Reads a pipe on a thread, so that the test can wait with a deadline.
pub fn pump(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut chunk = vec![0; 4096];
        while let Ok(n @ 1..) = pipe.read(&mut chunk) {
            if send.send(chunk[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    receive
}

/// A child with piped stdio, killed when dropped.
pub struct Running {
    child: Child,
    pub stdin: Option<ChildStdin>,
    pub stdout: Receiver<Vec<u8>>,
    pub stderr: Receiver<Vec<u8>>,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let stdout = pump(child.stdout.take().expect("piped"));
        let stderr = pump(child.stderr.take().expect("piped"));
        Running { stdin: child.stdin.take(), child, stdout, stderr }
    }

    /// Takes all remaining output; the process must end by itself.
    pub fn finish(mut self) -> (Vec<u8>, String, ExitStatus) {
        drop(self.stdin.take());
        let stdout = all(&self.stdout);
        let stderr = String::from_utf8_lossy(&all(&self.stderr)).into_owned();
        let status = self.child.wait().expect("a child to wait for");
        (stdout, stderr, status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn all(pipe: &Receiver<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        match pipe.recv_timeout(PATIENCE) {
            Ok(chunk) => bytes.extend(chunk),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return bytes,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("silent, not ended"),
        }
    }
}

/// A shell script that stands in for the keeper: `--version` succeeds; `keeper ...` opens, says
/// how it was started, then echoes stdin. `size` bytes long, the tail being binary.
pub fn fake_keeper(size: usize) -> Vec<u8> {
    let mut script = b"#!/bin/sh\ncase $1 in --version) exit 0;; esac\nfor t; do :; done\n\
        printf '\\nABIDE-%s OPEN\\n' \"$t\"\n\
        echo \"exe=$0 size=$(($(wc -c <\"$0\"))) umask=$(umask) path=$PATH args=$*\"\n\
        cat\nexit 0\n"
        .to_vec();
    let mut state = 1u32;
    while script.len() < size {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        script.push(state.to_be_bytes()[0]);
    }
    script
}

/// A build nobody else has, so that no installed keeper is found.
pub fn unique_build(name: &str) -> BuildId {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&std::process::id().to_be_bytes());
    BuildId::new(&format!("test-{name}"), &hash)
}

pub fn token() -> Token {
    Token::new([0x5a; 16])
}

pub fn remote_line(build: &BuildId) -> RemoteLine {
    let args = vec!["keeper".to_owned(), "--key=a_b-C.9/=".to_owned()];
    let plan = BootstrapPlan::new(token(), build.clone(), args).expect("plain words");
    RemoteLine::new(&plan).expect("a short line")
}

/// What a driven bootstrap came to.
#[derive(Debug)]
pub struct Outcome {
    pub noise: String,
    pub needs: Vec<String>,
    pub failed: Vec<(String, FailReason)>,
    pub nowhere: bool,
    /// What the keeper said after `OPEN`, `ping` echoed at its end.
    pub opened: Option<String>,
    pub stderr: String,
    pub status: ExitStatus,
}

/// Answers each `Need` with what `upload` gives for it, `None` being "no keeper".
pub fn drive(mut running: Running, mut upload: impl FnMut(usize) -> Option<Vec<u8>>) -> Outcome {
    let mut machine = Bootstrap::new(token());
    let (mut noise, mut needs, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut nowhere, mut opened) = (false, None);
    'reading: while let Ok(chunk) = running.stdout.recv_timeout(PATIENCE) {
        machine.handle_bytes(&chunk).expect("a sane far end");
        while let Some(event) = machine.poll_event() {
            match event {
                BootstrapEvent::Noise(bytes) => noise.extend(bytes),
                BootstrapEvent::PlaceFailed { place, reason } => failed.push((place, reason)),
                BootstrapEvent::Nowhere => nowhere = true,
                BootstrapEvent::Need { architecture, place } => {
                    assert!(abide_openssh::Architecture::own().runs_on(&architecture));
                    needs.push(place);
                    answer(&mut running, upload(needs.len()));
                }
                BootstrapEvent::Open { rest } => {
                    write(&mut running, b"ping");
                    opened = Some(rest);
                    break 'reading;
                }
            }
        }
    }
    let (rest, stderr, status) = running.finish();
    let opened = opened.map(|mut it: Vec<u8>| {
        it.extend(rest);
        String::from_utf8(it).expect("text from the keeper")
    });
    let noise = String::from_utf8_lossy(&noise).into_owned();
    Outcome { noise, needs, failed, nowhere, opened, stderr, status }
}

fn answer(running: &mut Running, binary: Option<Vec<u8>>) {
    match binary {
        None => write(running, &answer_none()),
        Some(binary) => {
            write(running, &answer_size(binary.len() as u64));
            write(running, &binary);
        }
    }
}

fn write(running: &mut Running, bytes: &[u8]) {
    running.stdin.as_mut().expect("an open stdin").write_all(bytes).expect("a far end that reads");
}
