//! The journal of changes of settings: what is written down about each, and the tidying after those
//! who were killed. Not the changes.

use std::path::{Path, PathBuf};

use abide_store::{
    Journal, JournalError, OperationId, Original, Outcome, Progress, Record, Standing, leftover,
    standing,
};
use serde::{Deserialize, Serialize};

use crate::server::ServerPlace;

/// Our folder in the folder for state.
const FOLDER: &str = "timeouts";

/// What is written down about a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Whose settings, and how they are reached.
    pub place: Place,
    /// What was set, one line each, as in the file.
    pub settings: Vec<String>,
    /// The change that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<OperationId>,
}

/// Whose settings were changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "side")]
pub enum Place {
    /// ssh's on this machine.
    Client {
        /// A host that the settings are for; asked of `ssh -G`.
        host: String,
        /// ssh's flags before it.
        flags: Vec<String>,
    },
    /// sshd's on this machine.
    ServerHere {
        /// Which sshd.
        sshd: ServerPlace,
    },
    /// sshd's on a host.
    ServerThere {
        /// The host as ssh was told.
        host: String,
        /// ssh's flags before it.
        flags: Vec<String>,
        /// Which sshd.
        sshd: ServerPlace,
    },
}

impl Place {
    /// Whether its file is one of this machine.
    pub fn is_here(&self) -> bool {
        !matches!(self, Place::ServerThere { .. })
    }
}

/// The journal of settings.
pub type Ledger = Journal<About>;

/// Opens the journal below the folder for state.
///
/// # Errors
/// See [`JournalError`].
pub fn open(state: &Path) -> Result<Ledger, JournalError> {
    // The folder for state may be shared with other programs of ours, and may not be there yet.
    Journal::open(&folder(state))
}

fn folder(state: &Path) -> PathBuf {
    state.join(FOLDER)
}

/// How a change stands now. Files on other machines are not looked at.
pub fn stands(ledger: &Ledger, record: &Record<About>) -> Standing {
    let progress = ledger.progress(record.id);
    let present = match record.about.place.is_here() {
        true => Original::read(&record.file).ok().map(|original| original.content.digest()),
        false => None,
    };
    standing(record, progress, present)
}

/// Writes down how the changes of those who were killed came out, and removes what they left beside
/// the files. What cannot be told or removed stays for the next time.
///
/// # Errors
/// See [`JournalError`].
pub fn tidy(ledger: &Ledger) -> Result<(), JournalError> {
    for record in ledger.list()?.into_iter().flatten() {
        // A server's watcher may be about to put the old settings back: the file settles it then.
        let is_ours = matches!(record.about.place, Place::Client { .. });
        if record.outcome != Outcome::Intended || !is_ours {
            continue;
        }
        if ledger.progress(record.id) == Progress::Running {
            continue;
        }
        if let Ok(original) = Original::read(&record.file) {
            let _ = std::fs::remove_file(leftover(&original.real, &record.id.to_string()));
        }
        match stands(ledger, &record) {
            Standing::DoneUnrecorded => {
                ledger.amend(record.id, Outcome::Done)?;
                if let Some(undone) = record.about.undoes {
                    // The undone one may be forgotten by now.
                    let _ = ledger.amend(undone, Outcome::Undone { by: record.id });
                }
            }
            Standing::NotDone => {
                let reason = "who began it was ended before the file was changed".to_owned();
                ledger.amend(record.id, Outcome::RolledBack { reason })?;
            }
            _ => {}
        }
    }
    Ok(())
}
