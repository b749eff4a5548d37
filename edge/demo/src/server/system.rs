//! The system's sshd with a throw-away configuration, one process per connection (`sshd -i`): it
//! works without privileges, needs no port of its own, and none of it can outlive this program's
//! sockets.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::door::{Closing, Door};
use super::keys::{Den, UNQUOTABLE};
use super::{ServerError, Setup, text};

/// Where sshd lives; it must be run by its absolute path. `PATH` of ordinary users rarely has it.
pub(super) const PLACES: [&str; 5] = [
    "/usr/sbin/sshd",
    "/usr/local/sbin/sshd",
    "/usr/bin/sshd",
    "/sbin/sshd",
    "/run/current-system/sw/bin/sshd",
];
/// sshd started by root confines itself to this empty directory and refuses to start without.
const PRIVSEP_DIR: &str = "/run/sshd";
/// How long a connection's sshd may take to end when asked.
const GRACE: Duration = Duration::from_secs(2);

/// Checks configuration and program, then opens the port.
pub(super) async fn open(setup: &Setup, den: &Den) -> Result<Door, ServerError> {
    let sshd = PLACES.iter().map(PathBuf::from).find(|path| path.is_file());
    let sshd = sshd.ok_or(ServerError::NoSshd)?;
    if geteuid().is_root() {
        make_privsep_dir()?;
    }
    let text = config(&setup.user.name, den) + &set_env(&setup.environment)?;
    let config = den.write("sshd_config", &text)?;
    check(&sshd, &config).await?;
    let log = den.write("sshd.log", "")?;
    let shown_log = log.clone();
    Door::open(Some(shown_log), move |stream, closing| {
        let command = inetd(&sshd, &config);
        let log = log.clone();
        // A connection that cannot be served is closed; ssh says so to whoever asked.
        async move {
            if let Ok(child) = start(command, stream, &log) {
                watch_over(child, closing).await;
            }
        }
    })
}

fn config(user: &str, den: &Den) -> String {
    format!(
        "HostKey \"{host_key}\"\n\
         AuthorizedKeysFile \"{authorized}\"\n\
         AllowUsers {user}\n\
         AuthenticationMethods publickey\n\
         PubkeyAuthentication yes\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\n\
         StrictModes no\n\
         UsePAM no\n\
         UseDNS no\n\
         PidFile none\n\
         PrintMotd no\n\
         PrintLastLog no\n\
         X11Forwarding no\n\
         AcceptEnv LANG LC_*\n\
         Subsystem sftp internal-sftp\n\
         LogLevel INFO\n",
        host_key = text(&den.host_key()),
        authorized = text(&den.authorized_keys()),
    )
}

/// One line for all: sshd reads only the first of its kind.
fn set_env(variables: &[(&str, PathBuf)]) -> Result<String, ServerError> {
    let mut line = String::new();
    for (name, path) in variables {
        let value = path.to_str().filter(|value| !value.contains(UNQUOTABLE));
        let value = value.ok_or_else(|| ServerError::Unquotable { path: path.clone() })?;
        line.push_str(if line.is_empty() { "SetEnv" } else { "" });
        line.push_str(&format!(" \"{name}={value}\""));
    }
    Ok(if line.is_empty() { line } else { line + "\n" })
}

/// An empty directory in /run, which sshd's own start makes too. It stays: another server may use
/// it by now.
fn make_privsep_dir() -> Result<(), ServerError> {
    match fs::create_dir(PRIVSEP_DIR) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(ServerError::File { path: PRIVSEP_DIR.into(), source: error })
        }
        _ => Ok(()),
    }
}

async fn check(sshd: &Path, config: &Path) -> Result<(), ServerError> {
    let mut command = Command::new(sshd);
    command.arg("-t").arg("-f").arg(config).stdin(Stdio::null()).kill_on_drop(true);
    let refused = |said| ServerError::Config { sshd: sshd.into(), said };
    let output = command.output().await.map_err(|error| refused(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn inetd(sshd: &Path, config: &Path) -> Command {
    let mut command = Command::new(sshd);
    command.args(["-i", "-e", "-f"]).arg(config).kill_on_drop(true);
    command
}

fn start(mut command: Command, stream: TcpStream, log: &Path) -> io::Result<Child> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    let input = OwnedFd::from(stream);
    let output = input.try_clone()?;
    let log = File::options().append(true).open(log)?;
    command.stdin(input).stdout(output).stderr(log).spawn()
}

/// Until the connection ends, or is made to when the server stops.
async fn watch_over(mut child: Child, mut closing: Closing) {
    tokio::select! {
        _ = child.wait() => return,
        _ = closing.changed() => {}
    }
    // sshd passes the signal to its own child and hangs up the terminal.
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        let _ = kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}
