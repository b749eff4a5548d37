//! One network namespace: programs and closures inside it. Neither makes nor removes it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use abide_host::clock;
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

    /// Waits until an interface passes packets: after its cable came back, the kernel takes up to a
    /// second to notice, and drops them until then.
    pub(crate) fn wait_for_cable(&self, interface: &str) -> Result<(), LabError> {
        const LIMIT: Duration = Duration::from_secs(5);
        let deadline = clock::now() + LIMIT;
        loop {
            let mut command = Command::new("ip");
            command.args(["-n", &self.name, "-o", "link", "show", "dev", interface]);
            let output = command.output().map_err(LabError::system("running ip"))?;
            if String::from_utf8_lossy(&output.stdout).contains(" state UP ") {
                return Ok(());
            }
            if clock::now() >= deadline {
                let what = format!("{interface} of {} passing packets", self.name);
                return Err(LabError::TooSlow { what, limit: LIMIT });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
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
    pub fn processes(&self) -> Vec<u32> {
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
