//! `[ssh's flags] [HOST] [SESSION]` on the command line: which of the two a single word is.

use abide_client::{Plan, ask_remote};
use abide_keeper::Lookup;
use abide_openssh::Invocation;
use abide_session::{Messages, Reply, ReplyAnswer};

use crate::args::{LinkArgs, Place};
use crate::command::session::with_event_loop;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::explain;
use crate::planning::{self, Asked};
use crate::road;
use crate::voice::Stderr;

/// Where a session is.
#[derive(Debug)]
pub(crate) enum Target {
    /// On this machine; empty for the only one.
    Here(String),
    /// On a host, with the flags that lead there; empty for the only one.
    There(Box<Invocation>, String),
}

impl Target {
    /// A single word is a session of this machine if there is one of that name, else a host.
    pub(crate) fn read(place: &Place) -> Result<Self, Complaint> {
        let word = match &place.words[..] {
            [] => return Ok(Target::Here(String::new())),
            [word] => word.to_str().filter(|word| !word.starts_with('-')),
            _ => None,
        };
        if let Some(word) = word
            && !matches!(find_here(word)?, Lookup::None)
        {
            return Ok(Target::Here(word.to_owned()));
        }
        let (invocation, session) = read_host(place)?;
        Ok(Target::There(invocation, session))
    }
}

/// A host and perhaps a session, as ssh would read them: the session stands where a command would.
pub(crate) fn read_host(place: &Place) -> Result<(Box<Invocation>, String), Complaint> {
    let asked = planning::read_ssh(&place.words).map_err(|wrong| wrong.exit(Exit::USAGE))?;
    let Asked::Session(mut invocation) = asked else {
        return Err(Complaint::new("that flag is ssh's own")
            .because("-G, -V, -Q and -O ask ssh for something, not a host")
            .try_this("ssh with that flag")
            .exit(Exit::USAGE));
    };
    let words = std::mem::take(&mut invocation.command);
    match &words[..] {
        [] => Ok((invocation, String::new())),
        [session] => Ok((invocation, session.to_string_lossy().into_owned())),
        [_, more, ..] => {
            let more = more.to_string_lossy();
            Err(Complaint::new(format!("`{more}` is one word too many"))
                .because("a host and a session are all that is read here")
                .try_this("abide --help")
                .exit(Exit::USAGE))
        }
    }
}

/// Looks a session of this machine up.
pub(crate) fn find_here(session: &str) -> Result<Lookup, Complaint> {
    abide_keeper::find(session).map_err(|error| explain::unlisted(&error))
}

/// A plan to reach a host without a session of its own.
pub(crate) fn plan_for(invocation: Invocation, link: &LinkArgs) -> Result<Plan, Complaint> {
    Ok(planning::plan(invocation, link)?.0)
}

/// Asks the keepers of a host.
pub(crate) fn ask_host(
    invocation: Invocation,
    words: &[&str],
) -> Result<Vec<ReplyAnswer>, Complaint> {
    let plan = plan_for(invocation, &LinkArgs::default())?;
    let (way, host, to) = (planning::way(&plan)?, planning::host(&plan), road::of_plan(&plan));
    let args = std::iter::once("keeper").chain(words.iter().copied()).map(str::to_owned).collect();
    let said = with_event_loop(async {
        let said = ask_remote(way, args, &mut Stderr::new(false)).await;
        said.map_err(|error| explain::connect_by(&error, &host, &to))
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
