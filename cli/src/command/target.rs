//! `[HOST] [SESSION]` on the command line: which of the two a single word is.

use std::ffi::OsString;

use abide_client::{Plan, ask_remote};
use abide_keeper::Lookup;
use abide_session::{Messages, Reply, ReplyAnswer};

use crate::args::LinkArgs;
use crate::command::session::with_event_loop;
use crate::complaint::Complaint;
use crate::explain;
use crate::planning::{self, Asked};
use crate::voice::Stderr;

/// Where a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// On this machine.
    Here(String),
    /// On a host; which one may be left open.
    There { host: String, session: String },
}

impl Target {
    /// A single word is a session of this machine if there is one of that name, else a host.
    pub(crate) fn read(words: &[String]) -> Result<Self, Complaint> {
        match words {
            [] => Ok(Target::Here(String::new())),
            [host, session] => Ok(Target::There { host: host.clone(), session: session.clone() }),
            [word, ..] => match find_here(word)? {
                Lookup::None => Ok(Target::There { host: word.clone(), session: String::new() }),
                Lookup::One(_) | Lookup::Several(_) => Ok(Target::Here(word.clone())),
            },
        }
    }
}

/// Looks a session of this machine up.
pub(crate) fn find_here(session: &str) -> Result<Lookup, Complaint> {
    abide_keeper::find(session).map_err(|error| {
        Complaint::new("this machine's sessions cannot be listed").because(error.to_string())
    })
}

/// A plan to reach a host without a session of its own. Flags of ssh's go into ssh_config.
pub(crate) fn plan_for(host: &str, link: &LinkArgs) -> Result<Plan, Complaint> {
    match planning::read_ssh(&[OsString::from(host)])? {
        Asked::Session(invocation) => Ok(planning::plan(*invocation, link)?.0),
        Asked::Plain => Err(Complaint::new(format!("`{host}` is not a host"))),
    }
}

/// Asks the keepers of a host.
pub(crate) fn ask_host(host: &str, words: &[&str]) -> Result<Vec<ReplyAnswer>, Complaint> {
    let plan = plan_for(host, &LinkArgs::default())?;
    let way = planning::way(&plan)?;
    let args = std::iter::once("keeper").chain(words.iter().copied()).map(str::to_owned).collect();
    let said = with_event_loop(async {
        let said = ask_remote(way, args, &mut Stderr::new(false)).await;
        said.map_err(|error| explain::connect(&error, host))
    })?;
    let mut messages = Messages::default();
    messages.push(&said.output);
    let mut answers = Vec::new();
    let odd = |error: abide_session::CodecError| {
        Complaint::new(format!("the answer from {host} is not understood"))
            .because(error.to_string())
    };
    while let Some(reply) = messages.next_message::<Reply>().map_err(odd)? {
        answers.extend(reply.answer);
    }
    Ok(answers)
}
