//! One network namespace: programs and closures inside it. Neither makes nor removes it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::LabError;
use crate::names::NAMESPACES;

/// A network namespace of a lab.
#[derive(Clone, Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    pub(crate) fn new(name: String) -> Self {
        Namespace { name }
    }

    /// The name that `ip netns exec` takes.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(NAMESPACES).join(&self.name)
    }

    /// A command that will run inside. The process started is the program itself, not a wrapper.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.path().display())).arg("--").arg(program);
        command
    }

    /// Runs a closure on a thread inside. Sockets made there stay inside wherever they are used.
    ///
    /// # Errors
    /// The namespace is gone, or the system refuses the move.
    ///
    /// # Panics
    /// When the closure does.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, LabError> {
        let door = fs::File::open(self.path())
            .map_err(LabError::system(format!("opening namespace {}", self.name)))?;
        let inside = || {
            move_into_link_name_space(door.as_fd(), Some(LinkNameSpaceType::Network))
                .map_err(LabError::system(format!("entering namespace {}", self.name)))?;
            Ok(work())
        };
        std::thread::scope(|scope| match scope.spawn(inside).join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    /// Runs `ip` inside with one subcommand a line.
    pub(crate) fn ip(&self, lines: &str) -> Result<(), LabError> {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name, "-batch", "-"]);
        feed(command, lines)
    }

    /// Sets sysctls inside, by their paths below /proc/sys.
    pub(crate) fn sysctl(&self, values: &[(&str, String)]) -> Result<(), LabError> {
        self.enter(|| {
            for (name, value) in values {
                let path = format!("/proc/sys/{name}");
                fs::write(&path, value)
                    .map_err(LabError::system(format!("writing {value} to {path}")))?;
            }
            Ok(())
        })?
    }

    /// Processes inside, this one excepted.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let output = Command::new("ip").args(["netns", "pids", &self.name]).output();
        let text = output.map(|output| output.stdout).unwrap_or_default();
        let pids = String::from_utf8_lossy(&text);
        let numbers = pids.split_whitespace().filter_map(|word| word.parse().ok());
        numbers.filter(|pid| *pid != std::process::id()).collect()
    }
}

/// Runs a program on a text as its input, and fails with what it printed.
pub(crate) fn feed(mut command: Command, input: &str) -> Result<(), LabError> {
    let name = format!("{command:?}");
    let failed = |output: String| LabError::Failed { command: name.clone(), output };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    if let Some(mut pipe) = child.stdin.take() {
        // A program that stops reading says why in its output.
        let _told_below = pipe.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(failed(format!("{} ({printed})", output.status)))
}
