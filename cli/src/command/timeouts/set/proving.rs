//! A server's change from its making to its outcome, told step by step. Not its planning.

use abide_openssh::SshEnding;
use abide_settings::About;
use abide_settings::server::{
    Applied, Proof, RolledBack, Sent, ServerError, ServerPlace, Shell, change, opens,
};
use abide_store::OperationId;
use abide_terms::print_span;

use super::blame::not_applied;
use super::client::ledger;
use super::doors::{Doors, ask_in_time};
use super::shown::printable;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::{explain, print};

/// Applies, proves, and tells how it came out.
pub(in super::super) fn carry_out(
    shell: &mut Shell,
    sent: &Sent,
    about: About,
    doors: &Doors,
    done: impl FnOnce(OperationId),
) -> Result<Exit, Complaint> {
    let ledger = ledger()?;
    let within = print_span(sent.confirm_within);
    let mut ask = ask_in_time;
    let (proof, how) = match &doors.way {
        Some(way) => (Proof::Login(way, doors.person), "trying a fresh login"),
        None => (Proof::Word(&mut ask), "waiting for your word"),
    };
    let mut tell = || {
        print::note(format_args!(
            "abide: sshd has the new settings; {how} (it puts the old ones back after {within})"
        ));
    };
    match change(&ledger, shell, sent, about, proof, &mut tell) {
        Ok((id, Applied::Confirmed)) => {
            print::note("abide: the door opens; sessions that were open stay as they are");
            done(id);
            Ok(Exit::OK)
        }
        Ok((id, Applied::RolledBack(why))) => {
            Err(rolled_back(&why, doors, shell.place())
                .try_this(format!("abide timeouts diff {id}")))
        }
        Ok((id, Applied::Conflict)) => {
            Err(Complaint::new("the change was not confirmed, and was not put back")
                .because(format!("somebody else changed {} meanwhile", sent.target.display()))
                .try_this(format!("abide timeouts diff {id}")))
        }
        Err(ServerError::Apply(error)) => Err(not_applied(&error)),
        Err(ServerError::Journal(error)) => {
            Err(Complaint::new("the journal of changes cannot be written")
                .because(error.to_string()))
        }
    }
}

fn rolled_back(why: &RolledBack, doors: &Doors, place: &ServerPlace) -> Complaint {
    let evidence = match why {
        RolledBack::DoorShut(ending) => {
            format!("a fresh login did not get in: {}", ended(ending))
        }
        other => printable(&other.to_string()),
    };
    let opens = doors.way.as_ref().map(|way| opens(way, place));
    let now = match opens {
        Some(Ok(())) => "a fresh login gets in again",
        Some(Err(_)) => "a fresh login still does not get in",
        None => "sshd has the old settings again",
    };
    Complaint::new("the change was put back").because(format!("{evidence}\n{now}"))
}

fn ended(ending: &SshEnding) -> String {
    match ending {
        SshEnding::Other { text } if !text.is_empty() => printable(text),
        SshEnding::RemoteExit(status) => format!("the login ended with status {status}"),
        other => {
            let text = explain::ssh(other, "the server").to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}
