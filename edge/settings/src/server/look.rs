//! What an sshd's settings are now: its files, what `sshd -T` says, and how it could be reloaded. Not
//! a judgement of any of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use abide_sshconf::{Release, Root, Tree};

use super::asker::Asker;
use super::said::Said;
use super::shell::{Shell, ShellError};

/// How long the first look may take; the person may have to sign in meanwhile.
const LOOK_LIMIT: Duration = Duration::from_secs(180);

/// How sshd is made to read its files again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The command that was asked for.
    Command(String),
    /// `systemctl reload` of this unit.
    Unit(String),
    /// Nothing runs: systemd starts it at the next connection.
    Socket(String),
    /// SIGHUP to the process in this file.
    PidFile(PathBuf),
    /// No way was found.
    Unknown {
        /// The pid file that names no living sshd, if one is configured.
        pid_file: Option<PathBuf>,
    },
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Look {
    /// Whether the script, perhaps as root by sudo, may change the main file.
    pub may_change: bool,
    /// Who logged in (before becoming root).
    pub login: String,
    /// SSH_CONNECTION: addresses and ports of the login; empty on this machine.
    pub connection: String,
    /// ID and ID_LIKE of os-release.
    pub system: Vec<String>,
    /// The program.
    pub program: PathBuf,
    /// Its release, when it says it.
    pub release: Option<Release>,
    /// Its main file.
    pub main: PathBuf,
    /// Its files.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// What `sshd -T -C ...` printed for the person who looked: lower-case names and values.
    pub effective: Vec<(String, String)>,
    /// How it is reloaded.
    pub reload: Reload,
}

/// Why nothing was seen.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The shell failed.
    #[error(transparent)]
    Shell(#[from] ShellError),
    /// There is no sshd there.
    #[error("no sshd was found there")]
    NoSshd,
    /// The files cannot be read or changed by this user.
    #[error("{login} may not read and change {}", path.display())]
    NotPermitted {
        /// Who tried.
        login: String,
        /// The file.
        path: PathBuf,
    },
    /// sshd refuses the present configuration.
    #[error("sshd refuses the present configuration: {said}")]
    Broken {
        /// What it said.
        said: String,
    },
    /// Something that the script should have said is missing.
    #[error("the shell there did not say its {0}")]
    Missing(&'static str),
}

/// Looks.
///
/// # Errors
/// See [`LookError`].
pub fn look(shell: &mut Shell) -> Result<Look, LookError> {
    shell.send(b"main look\n");
    Gathered::from(shell.hear_all(LOOK_LIMIT)?).finish()
}

impl Look {
    /// For whom the settings were read.
    pub fn asker(&self) -> Asker {
        Asker::new(&self.login, &self.connection)
    }

    /// Where sshd begins to read.
    pub fn roots(&self) -> Vec<Root> {
        vec![Root::server(&self.main)]
    }

    /// The files, for planning.
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        for (path, bytes) in &self.files {
            tree.insert(path, bytes.clone());
        }
        tree
    }

    /// A file's bytes, if it was seen.
    pub fn file(&self, path: &Path) -> Option<&[u8]> {
        let found = self.files.iter().find(|(known, _)| known == path);
        found.map(|(_, bytes)| &bytes[..])
    }

    /// Whether the system is of Debian's family, which other numbers are checked on.
    pub fn is_debian_like(&self) -> bool {
        self.system.iter().any(|id| id == "debian" || id == "ubuntu")
    }
}

#[derive(Default)]
struct Gathered {
    lines: Vec<(String, String)>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl From<Vec<Said>> for Gathered {
    fn from(said: Vec<Said>) -> Self {
        let mut gathered = Gathered::default();
        for said in said {
            match said {
                Said::Line { key, value } => gathered.lines.push((key, value)),
                Said::File { name, bytes } => {
                    if let Some(path) = name.strip_prefix("file ") {
                        gathered.files.push((PathBuf::from(path), bytes));
                    }
                }
                Said::Done { .. } => {}
            }
        }
        gathered
    }
}

impl Gathered {
    fn get(&self, key: &str) -> Option<&str> {
        self.lines.iter().find(|(name, _)| name == key).map(|(_, value)| &value[..])
    }

    fn finish(self) -> Result<Look, LookError> {
        let needed = |key: &'static str| self.get(key).ok_or(LookError::Missing(key));
        let login = needed("login")?.to_owned();
        if self.get("no-sshd").is_some() {
            return Err(LookError::NoSshd);
        }
        if let Some(path) = self.get("unreadable") {
            return Err(LookError::NotPermitted { login, path: path.into() });
        }
        if let Some(said) = self.get("broken") {
            // sshd -T needs the host keys, which only root may read.
            if let Some(path) = self.get("unwritable") {
                return Err(LookError::NotPermitted { login, path: path.into() });
            }
            return Err(LookError::Broken { said: said.to_owned() });
        }
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Ok(Look {
            may_change: self.get("unwritable").is_none(),
            login,
            connection: needed("connection")?.to_owned(),
            system: words(self.get("system").unwrap_or_default()),
            program: needed("sshd")?.into(),
            release: self.get("version").and_then(release),
            main: needed("main")?.into(),
            effective: self.effective(),
            reload: self.reload(),
            files: self.files,
        })
    }

    fn effective(&self) -> Vec<(String, String)> {
        let set = self.lines.iter().filter(|(key, _)| key == "set");
        let split = |line: &str| {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            (name.to_ascii_lowercase(), value.to_owned())
        };
        set.map(|(_, line)| split(line)).collect()
    }

    fn reload(&self) -> Reload {
        let said = self.get("reload").unwrap_or_default();
        let (kind, what) = said.split_once(' ').unwrap_or((said, ""));
        match kind {
            "command" => Reload::Command(what.to_owned()),
            "unit" => Reload::Unit(what.to_owned()),
            "socket" => Reload::Socket(what.to_owned()),
            "pid" => Reload::PidFile(what.into()),
            _ => Reload::Unknown {
                pid_file: Some(what).filter(|what| !what.is_empty()).map(PathBuf::from),
            },
        }
    }
}

fn release(text: &str) -> Option<Release> {
    let version = abide_timeouts::Version::parse(text)?;
    Some(Release { major: version.major, minor: version.minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Said {
        let (key, value) = text.split_once(' ').unwrap_or((text, ""));
        Said::Line { key: key.into(), value: value.into() }
    }

    #[test]
    fn a_look_is_read_off_the_lines() {
        let said = [
            "uid 0",
            "login bob",
            "connection 10.0.0.1 50000 10.0.0.2 2222",
            "system debian",
            "sshd /usr/sbin/sshd",
            "version OpenSSH_9.2p1",
            "main /etc/ssh/sshd_config",
            "set ClientAliveInterval 30",
            "reload pid /run/sshd.pid",
        ];
        let look = Gathered::from(said.map(line).to_vec()).finish().unwrap();
        assert_eq!(look.release, Some(Release { major: 9, minor: 2 }));
        assert_eq!(look.effective, [("clientaliveinterval".into(), "30".into())]);
        assert_eq!(look.reload, Reload::PidFile("/run/sshd.pid".into()));
        assert!(look.is_debian_like());
        assert!(look.asker().argument().ends_with("addr=10.0.0.1,laddr=10.0.0.2,lport=2222"));
    }

    #[test]
    fn what_was_not_permitted_is_said() {
        let said = ["uid 1000", "login bob", "connection", "unreadable /etc/ssh/sshd_config"];
        let error = Gathered::from(said.map(line).to_vec()).finish().unwrap_err();
        assert_eq!(error.to_string(), "bob may not read and change /etc/ssh/sshd_config");
        let error = Gathered::from(vec![line("login bob"), line("no-sshd")]).finish().unwrap_err();
        assert!(matches!(error, LookError::NoSshd));
    }
}
