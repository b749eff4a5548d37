//! A real sshd in the server's namespace, with throw-away keys, and the client's configuration
//! that trusts it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::addresses::{SERVER_V4, SERVER_V6};
use crate::namespace::feed;
use crate::{LabError, Namespace, needs};

/// How long sshd may take to listen.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long a process may take to end after a polite signal.
const END_LIMIT: Duration = Duration::from_secs(3);

const HOST_KEY: &str = "host_key";
const CLIENT_KEY: &str = "client_key";

/// Makes keys and the client's configuration; returns the latter's path.
pub(crate) fn prepare(directory: &Path) -> Result<PathBuf, LabError> {
    for key in [HOST_KEY, CLIENT_KEY] {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f"]).arg(directory.join(key));
        feed(command, "")?;
    }
    let public = |key: &str| {
        let path = directory.join(key).with_extension("pub");
        fs::read_to_string(&path).map_err(LabError::system(format!("reading {}", path.display())))
    };
    write(&directory.join("authorized_keys"), &public(CLIENT_KEY)?)?;
    let known = format!("{SERVER_V4},{SERVER_V6} {}", public(HOST_KEY)?);
    write(&directory.join("known_hosts"), &known)?;
    let config = directory.join("ssh_config");
    write(&config, &client_config(directory))?;
    Ok(config)
}

fn client_config(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        "Host lab\n  HostName {SERVER_V4}\nHost lab6\n  HostName {SERVER_V6}\nHost lab lab6\n  \
         Port 22\n  User root\n  IdentityFile {directory}/{CLIENT_KEY}\n  IdentitiesOnly yes\n  \
         IdentityAgent none\n  UserKnownHostsFile {directory}/known_hosts\n  \
         GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  UpdateHostKeys no\n"
    )
}

/// A running sshd.
#[derive(Debug)]
pub(crate) struct Sshd {
    child: Child,
}

impl Sshd {
    /// Starts sshd and returns when it listens. `extra` comes first in its configuration, so it
    /// wins over the rest. What sshd says goes to `sshd.log`.
    pub(crate) fn start(
        server: &Namespace,
        directory: &Path,
        extra: &str,
    ) -> Result<Self, LabError> {
        let program = needs::find("sshd", "openssh-server")?;
        fs::create_dir_all("/run/sshd").map_err(LabError::system("making /run/sshd"))?;
        let config = directory.join("sshd_config");
        write(&config, &server_config(directory, extra))?;
        let mut command = server.command(program);
        command.args(["-D", "-e", "-f"]).arg(&config);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(LabError::system("starting sshd"))?;
        let said = child.stderr.take().map(|stderr| listen(stderr, directory.join("sshd.log")));
        let mut sshd = Sshd { child };
        let said = said.ok_or_else(|| failed("no output".to_owned()))?;
        match said.recv_timeout(START_LIMIT) {
            Ok(Ok(())) => Ok(sshd),
            Ok(Err(log)) => {
                sshd.stop();
                Err(failed(log))
            }
            Err(_) => {
                sshd.stop();
                Err(LabError::TooSlow { what: "sshd listening".to_owned(), limit: START_LIMIT })
            }
        }
    }

    /// Ends the processes of its connections, not the listener. What they had started keeps
    /// running unless the loss of its terminal ends it.
    pub(crate) fn kill_sessions(&self, server: &Namespace) {
        let listener = self.child.id();
        end(sshd_processes(server).into_iter().filter(|pid| *pid != listener));
    }

    /// Ends the listener alone.
    pub(crate) fn stop(&mut self) {
        end([self.child.id()]);
        let _ended_either_way = self.child.wait();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn server_config(directory: &Path, extra: &str) -> String {
    let directory = directory.display();
    // A Match block would swallow what follows it.
    let blocks = if extra.starts_with("Match ") { Some(0) } else { extra.find("\nMatch ") };
    let (extra, blocks) = extra.split_at(blocks.unwrap_or(extra.len()));
    format!(
        "{extra}\nPort 22\nListenAddress 0.0.0.0\nListenAddress ::\nHostKey {directory}/{HOST_KEY}\n\
         AuthorizedKeysFile {directory}/authorized_keys\nStrictModes no\nUsePAM no\n\
         PermitRootLogin prohibit-password\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nPidFile none\nPrintMotd no\nPrintLastLog no\n\
         AcceptEnv LANG LC_* COLORTERM\nMaxStartups 100\nUseDNS no\nLogLevel VERBOSE\n\
         Subsystem sftp internal-sftp\n{blocks}\n"
    )
}

/// Copies what sshd says to a file, and tells once when it listens or what it said instead.
fn listen(stderr: impl Read + Send + 'static, log: PathBuf) -> mpsc::Receiver<Result<(), String>> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut file = fs::File::options().create(true).append(true).open(log).ok();
        let mut early = String::new();
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(file) = &mut file {
                let _log_is_a_courtesy = writeln!(file, "{}", line.trim_end());
            }
            if line.contains("Server listening on") {
                let _nobody_waits_any_more = tell.send(Ok(()));
            }
            if early.len() < 4_096 {
                early.push_str(&line);
                early.push('\n');
            }
        }
        let _was_listening = tell.send(Err(early));
    });
    told
}

/// Every sshd process in the namespace, whatever its release calls them.
fn sshd_processes(server: &Namespace) -> Vec<u32> {
    let is_sshd = |pid: &u32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.starts_with("sshd")
    };
    server.processes().into_iter().filter(is_sshd).collect()
}

/// Asks processes to end, waits, and kills those that do not.
fn end(pids: impl IntoIterator<Item = u32>) {
    let held: Vec<_> = pids
        .into_iter()
        .filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
        .filter_map(|pid| Some((pid, pidfd_open(pid, PidfdFlags::empty()).ok()?)))
        .collect();
    for (pid, _) in &held {
        let _gone_already = kill_process(*pid, Signal::TERM);
    }
    for (pid, watch) in &held {
        let mut entry = [PollFd::new(watch, PollFlags::IN)];
        let limit = Timespec { tv_sec: END_LIMIT.as_secs() as i64, tv_nsec: 0 };
        if poll(&mut entry, Some(&limit)) != Ok(1) {
            let _gone_already = kill_process(*pid, Signal::KILL);
        }
    }
}

fn failed(output: String) -> LabError {
    LabError::Failed { command: "sshd".to_owned(), output }
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), LabError> {
    fs::write(path, text).map_err(LabError::system(format!("writing {}", path.display())))
}
