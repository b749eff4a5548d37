//! `abide end` and `abide detach`: for sessions here or on a host.

use abide_session::{Ask, Detach, End, ReplyAnswer, encode_word};

use crate::command::attach::one_here;
use crate::command::target::{Target, ask_host};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::planning::client_name;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Hang up on the program.
    End,
    /// Detach the clients.
    Detach,
}

/// Does it.
pub(crate) fn run(what: What, words: &[String]) -> Result<Exit, Complaint> {
    let by = client_name();
    match Target::read(words)? {
        Target::Here(session) => {
            let ask = match what {
                What::End => Ask::End(End { by }),
                What::Detach => Ask::Detach(Detach { by }),
            };
            let failed = |error: abide_keeper::RequestError| {
                Complaint::new("not done").because(error.to_string())
            };
            abide_keeper::ask(&one_here(&session)?.socket, ask).map_err(failed)?;
            Ok(Exit::OK)
        }
        Target::There { host, session } if session.is_empty() => {
            Err(Complaint::new(format!("there is no session `{host}` here"))
                .try_this(format!(
                    "abide ls, or for one on a host: abide {} {host} SESSION",
                    verb(what)
                ))
                .exit(Exit::NO))
        }
        Target::There { host, session } => {
            let word = match what {
                What::End => encode_word(&End { by }),
                What::Detach => encode_word(&Detach { by }),
            };
            there(&host, &[verb(what), &word, &session])
        }
    }
}

fn verb(what: What) -> &'static str {
    match what {
        What::End => "end",
        What::Detach => "detach",
    }
}

fn there(host: &str, words: &[&str]) -> Result<Exit, Complaint> {
    match ask_host(host, words)?.pop() {
        Some(ReplyAnswer::Done(_)) => Ok(Exit::OK),
        Some(ReplyAnswer::Failed(failed)) => {
            Err(Complaint::new(failed.evidence).try_this(format!("abide ls {host}")).exit(Exit::NO))
        }
        Some(ReplyAnswer::Description(_)) | None => {
            Err(Complaint::new(format!("{host} did not answer")))
        }
    }
}
