//! `abide end` and `abide detach`: for sessions here or on a host.

use abide_openssh::Invocation;
use abide_session::{Ask, Detach, End, ReplyAnswer, encode_word};

use crate::args::Place;
use crate::command::attach::one_here;
use crate::command::target::{Target, ask_host};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::planning::client_name;
use crate::{explain, road};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Hang up on the program.
    End,
    /// Detach the clients.
    Detach,
}

/// Does it.
pub(crate) fn run(what: What, place: &Place) -> Result<Exit, Complaint> {
    let by = client_name();
    match Target::read(place)? {
        Target::Here(session) if session.is_empty() => {
            let usage = format!("abide {} [HOST] SESSION", verb(what));
            Err(Complaint::new("no session is named")
                .because("nothing but an id or a name says which one is meant")
                .try_this(usage)
                .exit(Exit::USAGE))
        }
        Target::Here(session) => {
            let ask = match what {
                What::End => Ask::End(End { by }),
                What::Detach => Ask::Detach(Detach { by }),
            };
            let failed = |error: abide_keeper::RequestError| {
                Complaint::new("not done").because(error.to_string()).try_this("abide ls")
            };
            abide_keeper::ask(&one_here(&session)?.socket, ask).map_err(failed)?;
            Ok(Exit::OK)
        }
        Target::There(invocation, session) if session.is_empty() => {
            let word = invocation.destination.given.to_string_lossy();
            Err(Complaint::new(format!("there is no session `{word}` here"))
                .because(explain::NO_SUCH)
                .try_this(format!(
                    "abide ls, or for one on a host: abide {} {} SESSION",
                    verb(what),
                    road::of(&invocation)
                ))
                .exit(Exit::NO))
        }
        Target::There(invocation, session) => {
            let word = match what {
                What::End => encode_word(&End { by }),
                What::Detach => encode_word(&Detach { by }),
            };
            there(*invocation, &[verb(what), &word, &session])
        }
    }
}

fn verb(what: What) -> &'static str {
    match what {
        What::End => "end",
        What::Detach => "detach",
    }
}

fn there(invocation: Invocation, words: &[&str]) -> Result<Exit, Complaint> {
    let host = invocation.destination.given.to_string_lossy().into_owned();
    let to = road::of(&invocation);
    match ask_host(invocation, words)?.pop() {
        Some(ReplyAnswer::Done(_)) => Ok(Exit::OK),
        Some(ReplyAnswer::Failed(failed)) => {
            let complaint = Complaint::new(failed.evidence).because(failed.because);
            Err(match failed.remedy.as_str() {
                "" => complaint.try_this(format!("abide ls {to}")).exit(Exit::NO),
                remedy => complaint.try_this(format!("ssh {to} {}", road::quoted(remedy))),
            })
        }
        Some(ReplyAnswer::Description(_) | ReplyAnswer::LogPart(_)) | None => {
            Err(Complaint::new(format!("{host} did not answer"))
                .because("its login ended before the keeper said a word")
                .try_this(format!("abide ls {to}")))
        }
    }
}
