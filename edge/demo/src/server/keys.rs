//! The throw-away directory: host key, user key, and the files that make both sides trust them.
//! Nothing in it outlives [`Den`], and nothing outside it is written.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use abide_host::random;
use tokio::process::Command;

use super::ServerError;

/// Characters that ssh's configuration files would read as something other than themselves.
pub(super) const UNQUOTABLE: &[char] = &['"', '\\', '%', '$', '\n', '\r'];

/// A private directory (mode 0700) with a host key and a user key, removed when dropped.
#[derive(Debug)]
pub(super) struct Den {
    dir: PathBuf,
}

impl Den {
    /// Makes the directory below `under` and both keys by `ssh-keygen`.
    pub(super) async fn dig(under: &Path) -> Result<Self, ServerError> {
        let den = Self { dir: private_dir(under)? };
        keygen(&den.host_key()).await?;
        keygen(&den.user_key()).await?;
        let public = den.read(&public(&den.user_key()))?;
        den.write("authorized_keys", &public)?;
        Ok(den)
    }

    pub(super) fn host_key(&self) -> PathBuf {
        self.dir.join("host_key")
    }

    pub(super) fn user_key(&self) -> PathBuf {
        self.dir.join("user_key")
    }

    pub(super) fn authorized_keys(&self) -> PathBuf {
        self.dir.join("authorized_keys")
    }

    pub(super) fn client_config(&self) -> PathBuf {
        self.dir.join("ssh_config")
    }

    /// Writes (or replaces) one file, mode 0600.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, ServerError> {
        let path = self.dir.join(name);
        let file = |source| ServerError::File { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&path).and_then(|mut out| out.write_all(text.as_bytes())).map_err(file)?;
        Ok(path)
    }

    /// Points `ssh -F` at 127.0.0.1:`port` under the name `demo`, with the host key already known.
    pub(super) fn write_client_config(&self, user: &str, port: u16) -> Result<(), ServerError> {
        let key = self.read(&public(&self.host_key()))?;
        let known =
            self.write("known_hosts", &format!("[127.0.0.1]:{port} {}\n", key.trim_end()))?;
        let text = format!(
            "Host {host}\n\
             \x20   HostName 127.0.0.1\n\
             \x20   Port {port}\n\
             \x20   User {user}\n\
             \x20   IdentityFile \"{identity}\"\n\
             \x20   IdentitiesOnly yes\n\
             \x20   IdentityAgent none\n\
             \x20   UserKnownHostsFile \"{known}\"\n\
             \x20   GlobalKnownHostsFile /dev/null\n\
             \x20   StrictHostKeyChecking yes\n\
             \x20   UpdateHostKeys no\n\
             \x20   BatchMode yes\n\
             \x20   ControlMaster no\n\
             \x20   ControlPath none\n",
            host = super::HOST,
            identity = self.user_key().display(),
            known = known.display(),
        );
        self.write("ssh_config", &text).map(drop)
    }

    fn read(&self, path: &Path) -> Result<String, ServerError> {
        fs::read_to_string(path).map_err(|source| ServerError::File { path: path.into(), source })
    }
}

impl Drop for Den {
    fn drop(&mut self) {
        // What cannot be removed now (a full disk, a dead mount) is 0700 in the system's temporary
        // directory.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn public(private: &Path) -> PathBuf {
    private.with_extension("pub")
}

/// Makes a new directory below `under` that only this user can enter (mode 0700), with a path that
/// ssh's configuration files can hold.
pub(crate) fn private_dir(under: &Path) -> Result<PathBuf, ServerError> {
    let file = |source| ServerError::File { path: under.into(), source };
    let under = fs::canonicalize(under).map_err(file)?;
    if under.to_str().is_none_or(|text| text.contains(UNQUOTABLE)) {
        return Err(ServerError::Unquotable { path: under });
    }
    let name = format!("abide-demo-{:016x}", u64::from_ne_bytes(random::bytes()));
    let dir = under.join(name);
    // Created here and now with its mode, or not used at all: nobody can have prepared it.
    let made = DirBuilder::new().mode(0o700).create(&dir);
    made.map_err(|source| ServerError::File { path: dir.clone(), source })?;
    Ok(dir)
}

async fn keygen(path: &Path) -> Result<(), ServerError> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "abide-demo", "-f"]).arg(path);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|source| ServerError::NoTool { tool: "ssh-keygen", source })?;
    if output.status.success() {
        return Ok(());
    }
    Err(ServerError::Keygen { said: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}
