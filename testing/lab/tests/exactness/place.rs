//! A lab with its sshd, and how programs are run in it as the client.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use abide_lab::{Lab, LinkSettings, Program};
pub(crate) use abide_lab::{Trouble, wait_until};

/// Bytes of each log that a failure shows, from its end.
const LOG_SHOWN: usize = 8_000;

/// A lab in which everything of the program's is below the lab's own directory, but for its cache.
pub(crate) struct Place {
    pub(crate) lab: Lab,
    program: PathBuf,
}

impl Place {
    pub(crate) fn new(link: impl Into<LinkSettings>, program: &Program) -> Result<Place, Trouble> {
        let lab = Lab::up(link)?;
        lab.start_sshd_for(program)?;
        Ok(Place { lab, program: program.path() })
    }

    /// A path in the lab's directory, which both ends see.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.lab.directory().join(name)
    }

    /// A program on the client's side, with the client's environment.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = self.lab.client().command(program);
        command.env("ABIDE_LOG", self.path("client.log"));
        command.env("ABIDE_RUNTIME_DIR", self.path("client-run"));
        command.env("HOME", self.lab.directory());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The program itself, or ssh, with the lab's configuration and these words.
    pub(crate) fn shell(&self, program: &str, words: &[&str]) -> Command {
        let mut command = self.command(program);
        command.arg("-F").arg(self.lab.ssh_config_path()).args(words);
        command
    }

    /// Where the program is.
    pub(crate) fn abide(&self) -> &str {
        self.program.to_str().expect("a path of the test's own")
    }

    /// The program and its configuration as one command line.
    pub(crate) fn abide_line(&self) -> String {
        format!("{} -F {}", self.abide(), self.lab.ssh_config_path().display())
    }

    /// Processes on the client's side that have this name.
    pub(crate) fn client_processes(&self, name: &str) -> Vec<String> {
        let is_named = |pid: &u32| {
            let comm = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            comm.trim_end() == name
        };
        let pids = self.lab.client().processes().into_iter().filter(is_named);
        pids.map(|pid| pid.to_string()).collect()
    }

    /// The logs of client, keepers and sshd.
    pub(crate) fn logs(&self) -> String {
        let mut logs = vec![("client".to_owned(), self.path("client.log"))];
        for entry in fs::read_dir(self.path("state/abide/keepers")).into_iter().flatten().flatten()
        {
            logs.push((format!("keeper {}", entry.file_name().display()), entry.path()));
        }
        logs.push(("sshd".to_owned(), self.path("sshd.log")));
        let shown = logs.iter().map(|(name, path)| {
            let log = fs::read(path).unwrap_or_default();
            let end = &log[log.len().saturating_sub(LOG_SHOWN)..];
            format!("==== {name}\n{}\n", String::from_utf8_lossy(end).trim_end())
        });
        shown.collect()
    }
}

/// Waits for a program's end; kills one that takes longer.
pub(crate) fn wait_exit(child: &mut Child, limit: Duration) -> Result<ExitStatus, Trouble> {
    let waited = wait_until("the end", limit, || Ok(child.try_wait()?.is_some()));
    if waited.is_err() {
        child.kill()?;
    }
    let status = child.wait()?;
    waited.map(|()| status)
}

/// Runs a program with this input and takes all that it prints.
pub(crate) fn run(
    mut command: Command,
    input: Option<Vec<u8>>,
    limit: Duration,
) -> Result<Output, Trouble> {
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn()?;
    let feeding = child.stdin.take().zip(input).map(|(mut pipe, input)| {
        // A program that stops reading is none of the feeder's business.
        std::thread::spawn(move || drop(std::io::Write::write_all(&mut pipe, &input)))
    });
    let (stdout, stderr) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
    let status = wait_exit(&mut child, limit)?;
    let panicked = |_| "a reader panicked";
    if let Some(feeding) = feeding {
        feeding.join().map_err(panicked)?;
    }
    let stdout = stdout.join().map_err(panicked)?;
    Ok(Output { status, stdout, stderr: stderr.join().map_err(panicked)? })
}

fn read_all(from: Option<impl std::io::Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        if let Some(mut from) = from {
            let _what_came_counts = from.read_to_end(&mut all);
        }
        all
    })
}
