//! Applies a change to an sshd and proves that the door still opens. While nobody confirms, the server
//! puts the old content back by itself. Not the planning, not the journal.

use std::time::Duration;

use abide_host::clock;
use abide_openssh::SshEnding;

use super::door::{Door, Person, Running, prove};
use super::piece::{Sent, contents};
use super::said::Said;
use super::shell::{Shell, ShellError};
use super::way::Way;

/// How long checking and placing may take; both are a few commands.
const WORK_LIMIT: Duration = Duration::from_secs(60);
/// What the server needs beyond the time to confirm, to put back and reload.
const ROLLBACK_SLACK: Duration = Duration::from_secs(20);

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The file is not what it was when the change was planned.
    #[error("the file was changed by somebody else meanwhile")]
    Changed,
    /// Nobody may write it.
    #[error("the file is read-only")]
    ReadOnly,
    /// sshd refuses the result.
    #[error("sshd refuses the result: {0}")]
    Invalid(String),
    /// sshd takes the result and does not act on it.
    #[error("it would not act: {0}")]
    NoEffect(String),
    /// There is no way to make sshd read its files again.
    #[error("no way was found to reload this sshd")]
    NoReload,
    /// The one who puts back could not be started.
    #[error("nothing could be started that would put the old settings back")]
    NoWatcher,
    /// The time to confirm was over before the change was made.
    #[error("the time to confirm was over before the change was made")]
    NoTime,
    /// No space.
    #[error("no space is left there")]
    Full,
    /// The folder or the file cannot be written.
    #[error("it could not be written: {0}")]
    NotWritten(String),
}

/// How an applied change came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// A fresh login confirmed it.
    Confirmed,
    /// The old content is back, and sshd has read it again.
    RolledBack(RolledBack),
    /// Neither content is there: somebody else changed the file in between, and it was left alone.
    Conflict,
}

/// Why it was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RolledBack {
    /// The fresh login failed, and why.
    DoorShut(SshEnding),
    /// The fresh login did not come through in time.
    DoorSlow,
    /// sshd could not be reloaded: what was said.
    NotReloaded(String),
    /// The person said no, or nothing, in time.
    NotConfirmed,
}

/// Why it is not known how a change came out, or was never begun.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The connection went before anything was known to be changed. If it was, it puts itself back.
    #[error("the connection went while the change was made: {0}")]
    Lost(ShellError),
    /// The connection went after the change; the server puts it back by itself after this long.
    #[error("the connection went before the outcome was known")]
    Unseen {
        /// At most.
        within: Duration,
    },
}

/// What the person who confirms by hand says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It works: keep it.
    Keep,
    /// Put it back, or no answer.
    PutBack,
}

/// How it is proved that the door still opens.
pub enum Proof<'a> {
    /// By a login of our own.
    Login(&'a Way, Person),
    /// By a person's word, who is given this long.
    Word(&'a mut dyn FnMut(Duration) -> Word),
}

/// Asks sshd about the new file before anything is changed.
///
/// # Errors
/// [`ApplyError::Refused`] when it does not take it, [`ApplyError::Lost`].
pub fn check(shell: &mut Shell, sent: &Sent) -> Result<(), ApplyError> {
    let piece = contents(&shell.token, &shell.place, sent);
    shell.send(&piece);
    shell.send(b"main check\n");
    let said = shell.hear_all(WORK_LIMIT).map_err(ApplyError::Lost)?;
    refused(&said).map_or(Ok(()), |refusal| Err(refusal.into()))
}

/// Applies the change and has it proved. `tell` hears that it is in effect and about to be proved.
///
/// # Errors
/// See [`ApplyError`].
pub fn apply(
    shell: &mut Shell,
    sent: &Sent,
    proof: Proof<'_>,
    tell: &mut dyn FnMut(),
) -> Result<Applied, ApplyError> {
    shell.send(&contents(&shell.token, &shell.place, sent));
    shell.send(b"main apply\n");
    let mut so_far = Vec::new();
    loop {
        let said = shell.hear(WORK_LIMIT).map_err(ApplyError::Lost)?;
        match &said {
            Said::Line { key, .. } if key == "applied" => break,
            Said::Done { .. } => return not_applied(&so_far),
            _ => so_far.push(said),
        }
    }
    let clock = Running { began: clock::now(), limit: sent.confirm_within };
    tell();
    let why = match proof {
        Proof::Word(ask) => match ask(clock.left()) {
            Word::Keep => return keep(shell),
            Word::PutBack => RolledBack::NotConfirmed,
        },
        Proof::Login(way, person) => match prove(way, person, shell, sent, &clock) {
            Door::Open => return Ok(Applied::Confirmed),
            Door::Shut(ending) => RolledBack::DoorShut(ending),
            Door::Slow => RolledBack::DoorSlow,
        },
    };
    shell.send(b"back\n");
    let limit = clock.left() + ROLLBACK_SLACK;
    let unseen = |_| ApplyError::Unseen { within: limit };
    outcome(&shell.hear_all(limit).map_err(unseen)?, why)
}

/// The person has seen it work.
fn keep(shell: &mut Shell) -> Result<Applied, ApplyError> {
    shell.send(b"keep\n");
    let unseen = |_| ApplyError::Unseen { within: ROLLBACK_SLACK };
    outcome(&shell.hear_all(ROLLBACK_SLACK).map_err(unseen)?, RolledBack::NotConfirmed)
}

fn not_applied(said: &[Said]) -> Result<Applied, ApplyError> {
    if let Some(refusal) = refused(said) {
        return Err(refusal.into());
    }
    outcome(said, RolledBack::NotReloaded(text(said).unwrap_or_default()))
}

fn outcome(said: &[Said], why: RolledBack) -> Result<Applied, ApplyError> {
    let words = value(said, "outcome").unwrap_or_default();
    match words.split(' ').next().unwrap_or_default() {
        "confirmed" => Ok(Applied::Confirmed),
        "rolled-back" => Ok(Applied::RolledBack(why)),
        "conflict" => Ok(Applied::Conflict),
        _ => Err(ApplyError::Unseen { within: ROLLBACK_SLACK }),
    }
}

fn refused(said: &[Said]) -> Option<Refusal> {
    let text = || text(said).unwrap_or_default();
    Some(match value(said, "refused")? {
        "changed" => Refusal::Changed,
        "read-only" => Refusal::ReadOnly,
        "invalid" => Refusal::Invalid(text()),
        "no-effect" => Refusal::NoEffect(text()),
        "no-reload" => Refusal::NoReload,
        "no-watcher" => Refusal::NoWatcher,
        "no-time" => Refusal::NoTime,
        "full" => Refusal::Full,
        _ if text().contains("No space left") => Refusal::Full,
        _ => Refusal::NotWritten(text()),
    })
}

/// What the script says of how it came out.
pub(super) fn outcome_word(said: &[Said]) -> Option<&str> {
    value(said, "outcome")
}

fn value<'a>(said: &'a [Said], wanted: &str) -> Option<&'a str> {
    said.iter().find_map(|said| match said {
        Said::Line { key, value } if key == wanted => Some(&value[..]),
        _ => None,
    })
}

fn text(said: &[Said]) -> Option<String> {
    said.iter().find_map(|said| match said {
        Said::File { name, bytes } if name == "said" => {
            Some(String::from_utf8_lossy(bytes).trim().to_owned())
        }
        _ => None,
    })
}
