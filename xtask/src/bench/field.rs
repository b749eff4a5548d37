//! The field on which all compete: a lab with its sshd, a copy of abide with its keeper installed,
//! and everything that a run leaves behind in directories that go with the lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use abide_host::clock;
use abide_lab::{Lab, Profile, Terminal};

use super::tool::Tool;
use super::{Trouble, task};

/// How long a login may take, upload included.
pub(crate) const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// How long a thing may take that happens at once when all is well.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// How often the world is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A lab with an sshd that knows where our keepers may live. Dropping it ends every process in it.
pub(crate) struct Field {
    pub(crate) lab: Lab,
    /// Whether this build of abide knows `--predict`.
    pub(crate) predicts: bool,
}

/// A session as `abide ls --json` tells of it.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Listed {
    pub(crate) keeper_pid: u32,
    clients: Vec<ListedClient>,
}

#[derive(Debug, serde::Deserialize)]
struct ListedClient {
    carriers: Vec<String>,
}

impl Listed {
    /// What carries its latest client's link, as far as the keeper knows.
    pub(crate) fn carrier(&self) -> &str {
        let carriers = self.clients.last().map(|client| client.carriers.as_slice());
        carriers.and_then(<[_]>::first).map_or("", String::as_str)
    }
}

impl Field {
    /// Brings a lab up and installs the keeper in it, by a session that ends again.
    pub(crate) fn up(profile: Profile) -> Result<Field, Trouble> {
        let given = find()?;
        let help = Command::new(&given).arg("--help").output()?.stdout;
        let predicts = String::from_utf8_lossy(&help).contains("--predict");
        let field = Field { lab: Lab::up(Profile::Lan)?, predicts };
        // A copy: a build meanwhile changes nothing, and its pages are shared with nobody.
        fs::copy(&given, field.program())?;
        let directory = field.lab.directory().to_owned();
        let setting =
            |name: &str, path: &str| format!(" {name}={}", directory.join(path).display());
        // An empty home: what somebody's rc files cost is no contestant's doing. (A login through
        // a remote command, abide's and mosh's, runs them twice.)
        fs::create_dir(directory.join("home"))?;
        field.lab.start_sshd(&format!(
            "SetEnv{}{}{}{}",
            setting("HOME", "home"),
            setting("ABIDE_RUNTIME_DIR", "run"),
            setting("XDG_CACHE_HOME", "cache"),
            setting("XDG_STATE_HOME", "state"),
        ))?;
        field.leave(field.open(Tool::AbidePipe)?)?;
        field.lab.link().set(profile);
        Ok(field)
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.lab.directory().join("abide")
    }

    /// What every contestant finds in its environment.
    pub(crate) fn set_environment(&self, command: &mut Command) {
        // mosh wants UTF-8.
        command.env("LC_ALL", "C.UTF-8").env_remove("ABIDE_LOG");
        command.env("ABIDE_RUNTIME_DIR", self.lab.directory().join("client-run"));
    }

    /// Opens a shell; returns when its prompt is there.
    pub(crate) fn open(&self, tool: Tool) -> Result<Terminal, Trouble> {
        let terminal = Terminal::start(&tool.shell(self))?;
        self.wait_for_prompt(&terminal)?;
        Ok(terminal)
    }

    /// The prompt of any shell ends in one of these, which no contestant prints by itself.
    pub(crate) fn wait_for_prompt(&self, terminal: &Terminal) -> Result<(), Trouble> {
        let is_prompt = |byte: &u8| matches!(byte, b'#' | b'$' | b'%' | b'>');
        Ok(terminal.wait_for(OPEN_LIMIT, |bytes| bytes.iter().any(is_prompt).then_some(()))?)
    }

    /// Ends a shell that waits at its prompt.
    pub(crate) fn leave(&self, terminal: Terminal) -> Result<(), Trouble> {
        terminal.send("exit\r")?;
        terminal.wait_exit(SOON)?;
        Ok(())
    }

    /// The sessions on the server.
    pub(crate) fn sessions(&self) -> Result<Vec<Listed>, Trouble> {
        #[derive(serde::Deserialize)]
        struct Listing {
            sessions: Vec<Listed>,
        }
        let mut command = Command::new(self.program());
        command.args(["ls", "--json"]);
        command.env("ABIDE_RUNTIME_DIR", self.lab.directory().join("run"));
        let listing: Listing = serde_json::from_slice(&command.output()?.stdout)?;
        Ok(listing.sessions)
    }

    /// Waits until a keeper other than `known` is carried by this, and returns its number.
    pub(crate) fn wait_for_carrier(&self, kind: &str, known: &[u32]) -> Result<u32, Trouble> {
        let mut seen = Vec::new();
        let found = wait(&format!("a session carried by {kind}"), || {
            seen = self.sessions()?;
            let new = seen
                .iter()
                .find(|session| session.carrier() == kind && !known.contains(&session.keeper_pid));
            Ok(new.map(|session| session.keeper_pid))
        });
        found.map_err(|error| format!("{error}; sessions: {seen:?}").into())
    }

    /// Processes of the server, the listening sshd excepted.
    pub(crate) fn server_processes(&self) -> Vec<u32> {
        let listener = |pid: &u32| task::command_line(*pid).contains("[listener]");
        self.lab.server().processes().into_iter().filter(|pid| !listener(pid)).collect()
    }

    /// Processes of the client's machine.
    pub(crate) fn client_processes(&self) -> Vec<u32> {
        self.lab.client().processes()
    }
}

/// Looks until something is there.
pub(crate) fn wait<T>(
    what: &str,
    mut look: impl FnMut() -> Result<Option<T>, Trouble>,
) -> Result<T, Trouble> {
    let deadline = clock::now() + SOON;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if clock::now() >= deadline {
            return Err(format!("{what}: not within {SOON:?}").into());
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// `ABIDE_PROGRAM`, or the release build beside this program's profile, or that of this profile.
pub(crate) fn find() -> Result<PathBuf, Trouble> {
    if let Some(given) = std::env::var_os("ABIDE_PROGRAM").map(PathBuf::from) {
        let missing = || format!("ABIDE_PROGRAM names {}, which is no file", given.display());
        return if given.is_file() { Ok(given) } else { Err(missing().into()) };
    }
    let own = std::env::current_exe()?;
    // target/<profile>/xtask
    let profile = own.parent().unwrap_or(Path::new("."));
    let release = profile.with_file_name("release").join("abide");
    let built = [release, profile.join("abide")].into_iter().find(|program| program.is_file());
    built.ok_or_else(|| "no abide is built; try: cargo build --release -p abide".into())
}
