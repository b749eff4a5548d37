//! A change of an sshd's settings as an operation of the journal. Not how it is applied.

use abide_store::{JournalError, OperationId, Outcome};

use super::apply::{Applied, ApplyError, Proof, RolledBack, apply};
use super::piece::Sent;
use super::shell::Shell;
use crate::ledger::{About, Ledger};

/// Why it is not known how a change came out, or nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It was not applied, or nobody knows.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The journal cannot be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Writes the intention down, applies it, writes down how it came out.
///
/// # Errors
/// See [`ServerError`].
pub fn change(
    ledger: &Ledger,
    shell: &mut Shell,
    sent: &Sent,
    about: About,
    proof: Proof<'_>,
    tell: &mut dyn FnMut(),
) -> Result<(OperationId, Applied), ServerError> {
    let undoes = about.undoes;
    let nobody = &mut abide_store::unwatched;
    let operation = ledger.begin(&sent.target, &sent.before, &sent.after, about, nobody)?;
    let id = operation.id();
    let applied = apply(shell, sent, proof, tell);
    let settled = operation.settle(outcome(&applied), nobody);
    let applied = applied?;
    settled?;
    if let (Applied::Confirmed, Some(undone)) = (&applied, undoes) {
        ledger.amend(undone, Outcome::Undone { by: id })?;
    }
    Ok((id, applied))
}

fn outcome(applied: &Result<Applied, ApplyError>) -> Outcome {
    let back = |reason: String| Outcome::RolledBack { reason };
    let unknown = |reason: String| Outcome::Unknown { reason };
    match applied {
        Ok(Applied::Confirmed) => Outcome::Done,
        Ok(Applied::RolledBack(why)) => back(why.to_string()),
        Ok(Applied::Conflict) => {
            unknown("somebody else changed the file meanwhile: it was left alone".to_owned())
        }
        Err(ApplyError::Refused(refusal)) => back(refusal.to_string()),
        Err(error) => unknown(error.to_string()),
    }
}

impl std::fmt::Display for RolledBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RolledBack::DoorShut(_) => f.write_str("a fresh login did not get in"),
            RolledBack::DoorSlow => f.write_str("a fresh login did not get through in time"),
            RolledBack::NotReloaded(said) => write!(f, "sshd could not be reloaded: {said}"),
            RolledBack::NotConfirmed => f.write_str("nobody confirmed it in time"),
        }
    }
}
