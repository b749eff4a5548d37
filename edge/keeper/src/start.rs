//! Brings a keeper up: what runs inside the login, and returns as soon as the keeper listens.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use abide_host::detach::{Daemon, DetachError, detach};
use abide_host::{files, process, users};
use abide_session::{Refused, Start, decode_word, encode_word};
use abide_terms::SessionId;

use crate::tidying;

/// How long a keeper may take to listen: much, for machines that swap.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// Why no keeper came up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log's directory cannot be made, for instance on a full disk.
    #[error("no directory for the log: {0}")]
    LogDirectory(#[from] files::PrivateDirError),
    /// The keeper did not come up.
    #[error(transparent)]
    Detach(#[from] DetachError),
    /// It said something else than that it is ready: what went wrong.
    #[error("{0}")]
    NotReady(String),
    /// What the session was to be is not to be had.
    #[error("{}", .0.evidence)]
    Refused(Refused),
}

/// Before a refusal as a word, on the line that says whether a keeper is ready.
const REFUSED: &str = "refused ";

/// Says why the session cannot be, where [`start`] reads it.
pub(crate) fn refusal_line(refusal: &Refused) -> String {
    format!("{REFUSED}{}", encode_word(refusal))
}

/// Starts a keeper for a new session.
pub fn start(start: &Start) -> Result<SessionId, StartError> {
    let id = SessionId::from_bytes(abide_host::random::bytes());
    // Only here, inside the login, can it be told whether sshd gave it the agent.
    let agent = start.agent && abide_host::agent::given_by_sshd().is_some();
    let start = &Start { agent, ..start.clone() };
    let said = detach(&Daemon {
        program: PathBuf::from(process::SELF),
        argv: ["abide", "keeper", "run", &id.to_string(), &encode_word(start)]
            .map(OsString::from)
            .to_vec(),
        env: std::env::vars_os().collect(),
        log: log_path(id)?,
        ready_within: READY_WITHIN,
    })?;
    if said == "ready" {
        return Ok(id);
    }
    let refusal = said.strip_prefix(REFUSED).and_then(|word| decode_word(word).ok());
    Err(refusal.map_or(StartError::NotReady(said), StartError::Refused))
}

/// Where a session's keeper logs: in the state directory, or, where that cannot be written, nowhere.
fn log_path(id: SessionId) -> Result<PathBuf, StartError> {
    let home = users::current().home;
    let folder = files::state_dir(&files::Environment::read(home)).join("keepers");
    if std::fs::create_dir_all(&folder).is_err() {
        return Ok(PathBuf::from("/dev/null"));
    }
    tidying::tidy_logs(&folder);
    process::exe_path().iter().for_each(|exe| tidying::tidy_builds(exe));
    Ok(folder.join(format!("{id}.log")))
}
