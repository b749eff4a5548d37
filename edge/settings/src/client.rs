//! ssh's settings on this machine: asked and checked. Not the changing of its files.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use abide_host::files;
use abide_sshconf::{ClientContext, Context, Root, Trouble, TroubleKind, resolve};
use abide_store::{Content, JournalError, Original, OriginalError, ReplaceError};

use crate::disk::Disk;

/// The system's file.
const SYSTEM: &str = "/etc/ssh/ssh_config";

/// Which ssh, and for which host.
#[derive(Clone, Debug)]
pub struct ClientPlace {
    /// The program.
    pub ssh: OsString,
    /// Flags before the host.
    pub flags: Vec<OsString>,
    /// A host that the settings are for.
    pub host: String,
    /// Who runs it.
    pub user: String,
    /// Their number.
    pub uid: u32,
    /// Their home.
    pub home: PathBuf,
}

/// Why nothing was changed, or how it came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// ssh could not be run.
    #[error("cannot run {}: {source}", ssh.display())]
    NoSsh {
        /// Which.
        ssh: OsString,
        /// What the system said.
        source: io::Error,
    },
    /// ssh refuses the configuration as it is.
    #[error("ssh refuses the present configuration: {said}")]
    Broken {
        /// What it said.
        said: String,
    },
    /// ssh refuses the result.
    #[error("ssh refuses the result: {said}")]
    Invalid {
        /// What it said.
        said: String,
    },
    /// ssh takes the result and does not act on it.
    #[error("`ssh -G {host}` does not print `{line}` after the change")]
    NoEffect {
        /// The host.
        host: String,
        /// The line.
        line: String,
    },
    /// The file is not what the change was planned for.
    #[error("{} was changed by somebody else meanwhile", .0.display())]
    Changed(PathBuf),
    /// The file cannot be read.
    #[error(transparent)]
    Original(#[from] OriginalError),
    /// The file cannot be replaced.
    #[error(transparent)]
    Replace(#[from] ReplaceError),
    /// The journal cannot be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The folder for the file cannot be made.
    #[error("cannot make {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The result was refused, and the old file could not be put back.
    #[error("the result was refused ({refused}), and the old file could not be put back: {source}")]
    Stuck {
        /// Why it was refused.
        refused: String,
        /// Why it is still there.
        source: Box<ClientError>,
    },
}

impl ClientPlace {
    /// The file given with `-F`.
    pub fn given_config(&self) -> Option<PathBuf> {
        let mut words = self.flags.iter();
        let mut found = None;
        while let Some(word) = words.next() {
            if word == "-F" {
                found = words.next().map(PathBuf::from);
            }
        }
        found
    }

    /// The file that is the person's own: `-F`'s, or ~/.ssh/config.
    pub fn config(&self) -> PathBuf {
        self.given_config().unwrap_or_else(|| self.home.join(".ssh/config"))
    }

    /// Where ssh begins to read.
    pub fn roots(&self) -> Vec<Root> {
        match self.given_config() {
            Some(path) => vec![Root::user(path)],
            None => vec![Root::user(self.config()), Root::system(SYSTEM)],
        }
    }

    /// For whom it reads: flags that settings are compared with, and win over files.
    pub fn context(&self) -> Context {
        let mut context = ClientContext::new(&self.host, &self.user, &self.home);
        context.uid = Some(self.uid);
        let mut words = self.flags.iter().map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next() {
            match word.as_str() {
                "-l" => context.user = words.next(),
                "-p" => context.port = words.next().and_then(|port| port.parse().ok()),
                "-o" => context.options.extend(words.next()),
                _ => {}
            }
        }
        Context::Client(context)
    }

    /// The files, as ssh would read them.
    pub fn files(&self) -> Disk {
        Disk { user: self.uid, trusted: self.given_config() }
    }

    /// Whether the files can be read and changed, before ssh is asked: ssh takes a folder for an empty
    /// file, and waits for whoever writes into a pipe. `file`: where the lines are to go, if that is
    /// given.
    ///
    /// # Errors
    /// [`ClientError::Original`], [`ClientError::Broken`].
    pub fn readable(&self, file: Option<&Path>) -> Result<(), ClientError> {
        Original::read(&self.config())?;
        if let Some(file) = file {
            Original::read(file)?;
        }
        let read = resolve(&self.roots(), &self.context(), &self.files());
        let unreadable = read.troubles().iter().find(|trouble| {
            matches!(trouble.kind, TroubleKind::Unreadable { .. }) && trouble.fatal
        });
        let broken = |trouble: &Trouble| ClientError::Broken { said: trouble.to_string() };
        unreadable.map_or(Ok(()), |trouble| Err(broken(trouble)))
    }

    /// What `ssh -G` prints: names and values.
    ///
    /// # Errors
    /// [`ClientError::NoSsh`], [`ClientError::Broken`].
    pub fn effective(&self) -> Result<Vec<(String, String)>, ClientError> {
        self.ask(&[])?.map_err(|said| ClientError::Broken { said })
    }

    /// Runs `ssh -G` with some more flags; what it prints, or what it says against it.
    fn ask(&self, more: &[&OsStr]) -> Result<Result<Vec<(String, String)>, String>, ClientError> {
        let mut command = Command::new(&self.ssh);
        command.arg("-G").args(&self.flags).args(more).arg("--").arg(&self.host);
        let output = command
            .stdin(Stdio::null())
            .output()
            .map_err(|source| ClientError::NoSsh { ssh: self.ssh.clone(), source })?;
        if !output.status.success() {
            return Ok(Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let split = |line: &str| {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Ok(Ok(text.lines().map(split).collect()))
    }

    /// Lets ssh read a copy of the new file before anything is changed. `folder` is a private one.
    pub(crate) fn check(&self, after: &Content, folder: &Path) -> Result<(), ClientError> {
        let Some(bytes) = after.bytes() else { return Ok(()) };
        let copy = folder.join("candidate");
        let failed = |source| JournalError::Io { path: copy.clone(), source };
        files::write_atomic(&copy, bytes, 0o600).map_err(failed)?;
        let said = self.ask(&["-F".as_ref(), copy.as_os_str()]);
        let _ = std::fs::remove_file(&copy);
        let shown = |said: String| {
            let named = copy.display().to_string();
            ClientError::Invalid { said: said.replace(&named, "the new file") }
        };
        said?.map(|_| ()).map_err(shown)
    }

    /// Whether ssh now reads the changed files as planned.
    pub(crate) fn verify(&self, expect: &[String]) -> Result<(), ClientError> {
        let values = self.ask(&[])?.map_err(|said| ClientError::Invalid { said })?;
        for line in expect {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            let is_so =
                values.iter().any(|(known, is)| known == name && is.eq_ignore_ascii_case(value));
            if !is_so {
                let host = self.host.clone();
                return Err(ClientError::NoEffect { host, line: line.clone() });
            }
        }
        Ok(())
    }
}
