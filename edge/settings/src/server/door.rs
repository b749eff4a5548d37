//! Whether a door still opens: fresh logins, that share nothing with those before. Not what is done
//! when it does not.

use std::time::Duration;

use abide_host::clock;
use abide_openssh::SshEnding;
use abide_terms::Moment;

use super::apply::outcome_word;
use super::piece::{Sent, ServerPlace, contents};
use super::shell::{Shell, ShellError};
use super::way::{Login, Way};

/// How long a login that asks nobody may take at most. The half of the time to confirm is taken
/// where that is shorter, so that a person is left some of it.
const PROOF_LIMIT: Duration = Duration::from_secs(30);
/// How long a listener may be away while it reads its files again, and how often it is tried.
const RELOAD_LIMIT: Duration = Duration::from_secs(10);
const RELOAD_STEP: Duration = Duration::from_millis(200);

/// Whether somebody is there whom ssh may ask for a password or a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// At a terminal.
    There,
    /// Nobody.
    Away,
}

/// The time to confirm, running.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub(super) began: Moment,
    pub(super) limit: Duration,
}

impl Running {
    pub(super) fn left(&self) -> Duration {
        let passed = clock::now().as_nanos().saturating_sub(self.began.as_nanos());
        self.limit.saturating_sub(Duration::from_nanos(passed))
    }
}

/// What a login found.
pub(super) enum Door {
    Open,
    Shut(SshEnding),
    Slow,
}

/// A login that asks nobody; where that is refused and somebody is there, one that may ask.
pub(super) fn prove(
    way: &Way,
    person: Person,
    applied: &Shell,
    sent: &Sent,
    clock: &Running,
) -> Door {
    let quick = PROOF_LIMIT.min(sent.confirm_within / 2);
    let door = past_the_reload(|| knock(way, applied, sent, Login::Fresh, quick));
    match (&door, person) {
        (Door::Shut(SshEnding::PermissionDenied { .. }), Person::There) => {
            knock(way, applied, sent, Login::FreshAsking, clock.left())
        }
        _ => door,
    }
}

/// A listener that reads its files again is away for a moment: it closes its port, starts anew and
/// opens it. A login that falls into that moment says nothing about the settings.
fn past_the_reload(mut knock: impl FnMut() -> Door) -> Door {
    let waited = Running { began: clock::now(), limit: RELOAD_LIMIT };
    loop {
        let door = knock();
        let away =
            matches!(&door, Door::Shut(SshEnding::Refused { .. } | SshEnding::ConnectionReset));
        if !away || waited.left().is_zero() {
            return door;
        }
        std::thread::sleep(RELOAD_STEP);
    }
}

/// The fresh login confirms by arriving: it makes the very folder that the watcher waits for.
fn knock(way: &Way, applied: &Shell, sent: &Sent, login: Login, limit: Duration) -> Door {
    let shell = Shell::start(way, &applied.place, login, Some(&applied.token));
    let Ok(mut shell) = shell else { return Door::Slow };
    shell.send(&contents(&applied.token, &applied.place, sent));
    shell.send(b"main confirm\n");
    match shell.hear_all(limit) {
        Ok(said) if outcome_word(&said) == Some("confirmed") => Door::Open,
        Err(ShellError::Ended(ending)) => Door::Shut(ending),
        Ok(_) | Err(_) => Door::Slow,
    }
}

/// Whether a fresh login that asks nobody gets through now, or in a moment.
///
/// # Errors
/// How ssh ended, or that it took too long.
pub fn opens(way: &Way, place: &ServerPlace) -> Result<(), ShellError> {
    let door = past_the_reload(|| {
        let tried = Shell::start(way, place, Login::Fresh, None).and_then(|mut shell| {
            shell.send(b"main :\n");
            shell.hear_all(PROOF_LIMIT)
        });
        match tried {
            Ok(_) => Door::Open,
            Err(ShellError::Ended(ending)) => Door::Shut(ending),
            Err(_) => Door::Slow,
        }
    });
    match door {
        Door::Open => Ok(()),
        Door::Shut(ending) => Err(ShellError::Ended(ending)),
        Door::Slow => Err(ShellError::Late(PROOF_LIMIT)),
    }
}
