//! A throw-away sshd on a loopback port, with keys of its own, for the user who runs the test.

#![allow(unreachable_pub)]

use crate::support::{PATIENCE, Running, Scratch};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

pub struct Sshd {
    pub scratch: Scratch,
    pub port: u16,
    process: Running,
}

impl Sshd {
    /// Starts it; returns once it listens.
    pub fn start(name: &str, extra: &str) -> Self {
        let scratch = Scratch::new(name);
        for key in ["host_key", "other_key", "user_key", "stranger_key"] {
            keygen(&scratch.path().join(key));
        }
        let key = std::fs::read_to_string(scratch.path().join("user_key.pub")).expect("a key");
        scratch.write("authorized_keys", &key);
        // Needed by an sshd that runs as root; made by the system where sshd is a service.
        let _ = std::fs::create_dir_all("/run/sshd");
        let port = free_port();
        let dir = scratch.text();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {dir}/host_key\nPidFile none\n\
             AuthorizedKeysFile {dir}/authorized_keys\nStrictModes no\nUsePAM no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nSetEnv XDG_CACHE_HOME={dir}/cache\n\
             {extra}\n"
        );
        let file = scratch.write("sshd_config", &config);
        let mut command = Command::new("/usr/sbin/sshd");
        let process = Running::start(command.args(["-D", "-e", "-f"]).arg(file));
        let mut said = String::new();
        while !said.contains("Server listening on") {
            let chunk = process.stderr.recv_timeout(PATIENCE);
            let chunk = chunk.unwrap_or_else(|_| panic!("sshd did not start: {said}"));
            said.push_str(&String::from_utf8_lossy(&chunk));
        }
        let sshd = Sshd { scratch, port, process };
        sshd.know("host_key");
        sshd
    }

    /// Makes `key` the host's key as the client knows it.
    pub fn know(&self, key: &str) {
        let public = std::fs::read_to_string(self.scratch.path().join(format!("{key}.pub")));
        let line = format!("[127.0.0.1]:{} {}", self.port, public.expect("a key"));
        self.scratch.write("known_hosts", &line);
    }

    /// The flags that make ssh read nothing of this machine's user.
    pub fn flags(&self, key: &str) -> Vec<String> {
        let dir = self.scratch.text();
        let port = self.port;
        let words = format!(
            "-F /dev/null -p {port} -i {dir}/{key} -o IdentitiesOnly=yes -o IdentityAgent=none \
             -o UserKnownHostsFile={dir}/known_hosts -o GlobalKnownHostsFile=/dev/null \
             -o BatchMode=yes"
        );
        words.split_whitespace().map(str::to_owned).collect()
    }

    /// Ends the listener.
    pub fn stop(self) -> Scratch {
        let Sshd { scratch, process, .. } = self;
        drop(process);
        scratch
    }
}

/// A port that nothing listens at now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    listener.local_addr().expect("an address").port()
}

fn keygen(path: &Path) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).stdin(Stdio::null());
    assert!(command.status().expect("ssh-keygen").success());
}
