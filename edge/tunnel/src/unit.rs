//! A systemd unit that keeps a tunnel: as text. Nothing is written here, and no systemd is asked.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Whose service manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The user's own; it runs while the user is signed in, or lingers.
    User,
    /// The machine's; the tunnel runs as this user.
    System {
        /// Login name.
        user: String,
    },
}

/// A unit to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The tunnel's name, as [`crate::is_name`] has it.
    pub name: String,
    /// Whose.
    pub scope: Scope,
    /// abide's own path.
    pub program: PathBuf,
    /// What stands behind `abide tunnel`.
    pub words: Vec<OsString>,
    /// The user's home.
    pub home: PathBuf,
    /// SSH_AUTH_SOCK and the like, for a user's unit.
    pub variables: Vec<(String, OsString)>,
}

/// Holds in both scopes. Sandboxes that need mounts are left to the machine's own manager, since a
/// user's cannot make them everywhere.
const HARDENED: &str = "\
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077
";

/// For the machine's manager. Root keeps its ports below 1024; ssh may write to known_hosts.
const HARDENED_SYSTEM: &str = "\
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
";

impl Unit {
    /// The unit's file name.
    pub fn file_name(&self) -> String {
        format!("abide-tunnel-{}.service", self.name)
    }

    /// Where the file goes.
    pub fn path(&self) -> PathBuf {
        let directory = match self.scope {
            Scope::User => self.home.join(".config/systemd/user"),
            Scope::System { .. } => PathBuf::from("/etc/systemd/system"),
        };
        directory.join(self.file_name())
    }

    /// The commands that start it now and at every boot.
    pub fn start_commands(&self) -> [String; 2] {
        let user = if self.scope == Scope::User { " --user" } else { "" };
        let name = self.file_name();
        [format!("systemctl{user} daemon-reload"), format!("systemctl{user} enable --now {name}")]
    }

    /// The unit.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "# Written by `abide tunnel install`.\n[Unit]")?;
        writeln!(text, "Description=SSH tunnel {}", self.name)?;
        writeln!(text, "Documentation=man:abide(1)")?;
        if self.scope != Scope::User {
            writeln!(text, "Wants=network-online.target\nAfter=network-online.target")?;
        }
        // abide waits between its tries itself: a limit on starts would leave the tunnel dead.
        writeln!(text, "StartLimitIntervalSec=0\n\n[Service]\nType=notify\nNotifyAccess=main")?;
        let words = self.words.iter().map(|word| argument(word)).collect::<Vec<_>>().join(" ");
        let program = quoted(self.program.as_os_str());
        writeln!(text, "ExecStart={program} tunnel --keep-trying {words}")?;
        self.write_place(text)?;
        // Up may take as long as the network does; 2 says that the command line is wrong.
        writeln!(text, "TimeoutStartSec=infinity\nTimeoutStopSec=15\nWatchdogSec=60")?;
        writeln!(text, "Restart=always\nRestartSec=5\nRestartPreventExitStatus=2")?;
        text.push_str(HARDENED);
        if let Scope::System { .. } = self.scope {
            text.push_str(HARDENED_SYSTEM);
            let ssh = self.home.join(".ssh");
            writeln!(text, "ReadWritePaths=-{}", escaped(ssh.as_os_str()))?;
        }
        let target = match self.scope {
            Scope::User => "default.target",
            Scope::System { .. } => "multi-user.target",
        };
        writeln!(text, "\n[Install]\nWantedBy={target}")
    }

    /// Who runs it, and where its sockets are.
    fn write_place(&self, text: &mut String) -> std::fmt::Result {
        for (name, value) in &self.variables {
            let pair = OsString::from_iter([OsStr::new(name), OsStr::new("="), value]);
            writeln!(text, "Environment={}", quoted(&pair))?;
        }
        if let Scope::System { user } = &self.scope {
            let directory = runtime_directory(&self.name);
            writeln!(text, "User={user}\nRuntimeDirectory={directory}\nRuntimeDirectoryMode=0700")?;
            writeln!(text, "Environment=ABIDE_RUNTIME_DIR=/run/{directory}")?;
        }
        Ok(())
    }
}

/// Below /run, for a tunnel of the machine's manager.
fn runtime_directory(name: &str) -> String {
    format!("abide-tunnel-{name}")
}

/// Where tunnels of the machine's manager have their sockets, those that the user may enter.
pub(crate) fn runtime_directories() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/run") else { return Vec::new() };
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str);
        name.is_some_and(|name| name.starts_with("abide-tunnel-"))
    };
    let paths = entries.flatten().map(|entry| entry.path()).filter(ours);
    paths.map(|path| path.join(crate::status::DIRECTORY)).collect()
}

/// One argument of ExecStart, where systemd expands `$` too.
fn argument(word: &OsStr) -> String {
    quoted(OsStr::new(&word.to_string_lossy().replace('$', "$$")))
}

/// One word of a setting: systemd expands `%`, and splits at spaces.
fn quoted(word: &OsStr) -> String {
    let text = escaped(word);
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_./:@=+,%$[]".contains(it);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn escaped(word: &OsStr) -> String {
    Path::new(word).to_string_lossy().replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(scope: Scope) -> Unit {
        Unit {
            name: "db".into(),
            scope,
            program: "/usr/bin/abide".into(),
            words: ["-L", "5432:localhost:5432", "-o", "Tag=a b", "$h%"]
                .map(OsString::from)
                .to_vec(),
            home: "/home/ann".into(),
            variables: vec![("SSH_AUTH_SOCK".into(), "/run/user/1000/agent".into())],
        }
    }

    #[test]
    fn a_users_unit() {
        let unit = unit(Scope::User);
        let text = unit.text();
        let path = "/home/ann/.config/systemd/user/abide-tunnel-db.service";
        assert_eq!(unit.path(), Path::new(path));
        let start = "ExecStart=/usr/bin/abide tunnel --keep-trying -L 5432:localhost:5432 -o \"Tag=a b\" $$h%%\n";
        assert!(text.contains(start), "{text}");
        assert!(text.contains("Environment=SSH_AUTH_SOCK=/run/user/1000/agent\n"));
        assert!(text.contains("WantedBy=default.target") && !text.contains("ProtectSystem"));
    }

    #[test]
    fn the_machines_unit() {
        let text = unit(Scope::System { user: "ann".into() }).text();
        for line in [
            "User=ann",
            "Type=notify",
            "WatchdogSec=60",
            "StartLimitIntervalSec=0",
            "ProtectSystem=strict",
            "ReadWritePaths=-/home/ann/.ssh",
            "Environment=ABIDE_RUNTIME_DIR=/run/abide-tunnel-db",
            "WantedBy=multi-user.target",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in {text}");
        }
    }
}
