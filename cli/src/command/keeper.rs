//! `abide keeper …`: what runs at the far end, inside the login. Started by the bootstrap, never by
//! people; speaks messages, not words. The last argument is the bootstrap's token where there is one.

use std::io::Write;

use abide_host::files::PrivateDirError;
use abide_host::listening::own_listeners_in;
use abide_host::syslog::SystemLog;
use abide_keeper::{Found, Lookup, RequestError, StartError, bridge};
use abide_link::Frame;
use abide_openssh::{Token, open_marker};
use abide_session::{
    Ask, Attach, Detach, DisplayWish, Done, End, Failed, Log, LogPart, Opening, OpeningAnswer,
    RefusalCode, Refused, Reply, ReplyAnswer, Resume, Start, Target, Word, decode_word, encode,
};
use abide_terms::{EndingCode, SessionId};

use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::{explain, log};

/// Does one of the far end's tasks.
pub(crate) fn run(words: &[String]) -> Result<Exit, Complaint> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["run", id, start] => serve(id, start),
        ["start", start, token] => {
            open(token)?;
            start_session(&decode(start)?)
        }
        ["attach", attach, token] => {
            open(token)?;
            attach_if_permitted(decode(attach)?)
        }
        ["resume", session, token] => {
            open(token)?;
            resume(session)
        }
        ["list", token] => {
            open(token)?;
            list()
        }
        ["end", by, session, token] => {
            open(token)?;
            ask_session(session, Ask::End(decode::<End>(by)?))
        }
        ["detach", by, session, token] => {
            open(token)?;
            ask_session(session, Ask::Detach(decode::<Detach>(by)?))
        }
        ["log", log, token] => {
            open(token)?;
            show_log(&decode(log)?)
        }
        _ => Err(Complaint::new("`abide keeper` is started by abide itself")
            .because("it is the far end of a session, inside a login")
            .try_this("abide --help")
            .exit(Exit::USAGE)),
    }
}

fn decode<M: Default + prost::Message>(word: &str) -> Result<M, Complaint> {
    decode_word(word).map_err(|error| Complaint::new(error.to_string()).exit(Exit::USAGE))
}

/// From here on, stdout belongs to the client.
fn open(token: &str) -> Result<(), Complaint> {
    let token =
        Token::parse(token).map_err(|error| Complaint::new(error.to_string()).exit(Exit::USAGE))?;
    send(&open_marker(&token))
}

fn send(bytes: &[u8]) -> Result<(), Complaint> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    Ok(stdout.flush()?)
}

fn serve(id: &str, start: &str) -> Result<Exit, Complaint> {
    log::to_stderr();
    let id: SessionId =
        id.parse().map_err(|error: abide_terms::IdError| Complaint::new(error.to_string()))?;
    let log = std::env::var_os("ABIDE_SYSLOG").map_or_else(SystemLog::default, SystemLog::at);
    match abide_keeper::run(id, decode(start)?, &log) {
        Ok(()) => Ok(Exit::OK),
        Err(error) => Err(Complaint::new("the keeper stopped").because(error.to_string())),
    }
}

/// Tells what sshd is to be asked about, and waits for the client to find out; none when it left.
fn word_for(question: &impl prost::Message) -> Result<Option<Word>, Complaint> {
    send(&encode(question))?;
    // Not through a buffer: what follows is the link's.
    let mut word = [0; 1];
    let count = rustix::io::read(std::io::stdin(), &mut word).map_err(std::io::Error::from)?;
    Ok(Word::read(word[0]).filter(|_| count == 1))
}

/// Whether sshd permits this login a terminal: it is asked where its files give reason to doubt it, since
/// that takes two round trips. None when the client left.
fn may_have_terminal() -> Result<Option<bool>, Complaint> {
    if !abide_keeper::terminal_is_doubtful() {
        return Ok(Some(true));
    }
    let ask = Opening { answer: Some(OpeningAnswer::MayHaveTerminal(true)) };
    Ok(word_for(&ask)?.map(|word| word == Word::All))
}

/// Has sshd asked for a display, if one is wished for; the wish as sshd made it true, if it did.
fn display_for(wish: Option<DisplayWish>) -> Result<Option<DisplayWish>, Option<Complaint>> {
    let Some(wish) = wish else { return Ok(None) };
    let listeners = || own_listeners_in(abide_keeper::display_ports());
    let before = listeners();
    match word_for(&Target::default()).map_err(Some)? {
        Some(Word::All) => {}
        Some(Word::NoDisplay | Word::NoTerminal) => return Ok(None),
        None => return Err(None),
    }
    // sshd has opened one for the question: its settings show in where that is.
    let opened: Vec<_> = listeners().into_iter().filter(|at| !before.contains(at)).collect();
    let port = opened.first().map(|at| at.port());
    let addresses =
        opened.iter().filter(|at| Some(at.port()) == port).map(|at| at.ip().to_string());
    let first = port.map_or(0, |port| port - abide_keeper::display_ports().start());
    Ok(Some(DisplayWish { first: first.into(), addresses: addresses.collect(), ..wish }))
}

fn start_session(start: &Start) -> Result<Exit, Complaint> {
    if start.waits && word_for(&abide_keeper::destination(start))?.is_none() {
        return Ok(Exit::FAILED);
    }
    if start.replaces
        && let Err(error) = abide_keeper::replace(&start.name)
    {
        return refuse(RefusalCode::NoKeeper, &error.to_string());
    }
    let display = match display_for(start.display.clone()) {
        Ok(display) => display,
        Err(failed) => return failed.map_or(Ok(Exit::FAILED), Err),
    };
    let mut start = Start { display, ..start.clone() };
    if start.terminal.is_some() {
        match may_have_terminal()? {
            Some(true) => {}
            // As with ssh: it goes on without.
            Some(false) => start.terminal = None,
            None => return Ok(Exit::FAILED),
        }
    }
    let start = &start;
    if !start.name.is_empty()
        && matches!(
            abide_keeper::find(&start.name),
            Ok(Lookup::One(_) | Lookup::Silent(_) | Lookup::Several(_))
        )
    {
        return refuse(RefusalCode::NameTaken, &start.name);
    }
    if let Err(error) = abide_host::local::runtime_dir() {
        return refuse_directory(&error);
    }
    let id = match abide_keeper::start(start) {
        Ok(id) => id,
        Err(StartError::Refused(refused)) => return answer(OpeningAnswer::Refused(refused)),
        Err(error) => return refuse(RefusalCode::NoKeeper, &error.to_string()),
    };
    let attach = Attach {
        session: id.to_string(),
        terminal: start.terminal.clone(),
        client: start.client.clone(),
        public_key: start.public_key.clone(),
        displace: false,
        pacing: start.pacing,
        display: None,
    };
    attach_to(attach)
}

fn refuse(code: RefusalCode, evidence: &str) -> Result<Exit, Complaint> {
    refuse_with(code, evidence, None)
}

fn refuse_directory(error: &PrivateDirError) -> Result<Exit, Complaint> {
    let help = explain::directory_help(error);
    refuse_with(RefusalCode::NoDirectory, &error.to_string(), help)
}

fn refuse_with(
    code: RefusalCode,
    evidence: &str,
    remedy: Option<String>,
) -> Result<Exit, Complaint> {
    let remedy = remedy.unwrap_or_default();
    let refused = Refused { code: code.into(), evidence: evidence.to_owned(), remedy };
    answer(OpeningAnswer::Refused(refused))
}

fn answer(refused: OpeningAnswer) -> Result<Exit, Complaint> {
    send(&encode(&Opening { answer: Some(refused) }))?;
    Ok(Exit::FAILED)
}

fn attach_if_permitted(attach: Attach) -> Result<Exit, Complaint> {
    let display = match display_for(attach.display.clone()) {
        Ok(display) => display,
        Err(failed) => return failed.map_or(Ok(Exit::FAILED), Err),
    };
    match may_have_terminal()? {
        Some(true) => attach_to(Attach { display, ..attach }),
        Some(false) => refuse(RefusalCode::NoTerminal, "sshd permits this login none"),
        None => Ok(Exit::FAILED),
    }
}

fn attach_to(attach: Attach) -> Result<Exit, Complaint> {
    match abide_keeper::find(&attach.session) {
        Ok(Lookup::One(found)) => {
            bridge(&found.socket, Ask::Attach(attach))?;
            Ok(Exit::OK)
        }
        Ok(Lookup::Silent(found)) => {
            let evidence =
                format!("{}: {}", found.description.session, explain::silence_of(&found));
            refuse_with(RefusalCode::NotAnswering, &evidence, explain::help_for(&found))
        }
        Err(RequestError::Directory(error)) => refuse_directory(&error),
        Ok(Lookup::None) => refuse(RefusalCode::NoSession, &attach.session),
        Ok(Lookup::Several(found)) => refuse(RefusalCode::SeveralSessions, &names(&found)),
        Err(error) => refuse(RefusalCode::NoKeeper, &error.to_string()),
    }
}

/// The ids and names of several sessions, for a choice.
pub(crate) fn names(found: &[Found]) -> String {
    let each = found.iter().map(|found| {
        let description = &found.description;
        match description.name.as_str() {
            "" => format!("{} ({})", description.session, description.program),
            name => format!("{} `{name}` ({})", description.session, description.program),
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

fn resume(session: &str) -> Result<Exit, Complaint> {
    match abide_keeper::find(session) {
        // One that is busy may come to it yet: the client is not told that its session is gone.
        Ok(Lookup::One(found) | Lookup::Silent(found)) => {
            bridge(&found.socket, Ask::Resume(Resume {}))?;
            Ok(Exit::OK)
        }
        _ => {
            send(
                &Frame::refuse(EndingCode::UnknownLink, format!("no session {session}")).encode(),
            )?;
            Ok(Exit::FAILED)
        }
    }
}

fn list() -> Result<Exit, Complaint> {
    let found = match abide_keeper::describe_all() {
        Ok(found) => found,
        Err(error) => return reply(ReplyAnswer::Failed(unlisted(&error))),
    };
    found.into_iter().try_for_each(|found| {
        send(&encode(&Reply { answer: Some(ReplyAnswer::Description(found.description)) }))
    })?;
    Ok(Exit::OK)
}

fn unlisted(error: &RequestError) -> Failed {
    let help = match error {
        RequestError::Directory(error) => explain::directory_help(error),
        _ => None,
    };
    Failed { evidence: error.to_string(), remedy: help.unwrap_or_default(), ..Failed::default() }
}

fn ask_session(session: &str, ask: Ask) -> Result<Exit, Complaint> {
    answer_for(session, |found| abide_keeper::ask(&found.socket, ask).map(drop))
}

fn show_log(log: &Log) -> Result<Exit, Complaint> {
    let part = |text| encode(&Reply { answer: Some(ReplyAnswer::LogPart(LogPart { text })) });
    answer_for(&log.session, |found| {
        abide_keeper::read_log(&found.socket, log.clone(), |text| {
            std::io::stdout().lock().write_all(&part(text))
        })
    })
}

/// Does something with the one session that is meant, and says whether it is done.
fn answer_for(
    session: &str,
    act: impl FnOnce(&Found) -> Result<(), RequestError>,
) -> Result<Exit, Complaint> {
    let failed = |evidence: String| ReplyAnswer::Failed(Failed { evidence, ..Failed::default() });
    let answer = match abide_keeper::find(session) {
        Ok(Lookup::One(found)) => match act(&found) {
            Ok(()) => ReplyAnswer::Done(Done {}),
            Err(error) => failed(error.to_string()),
        },
        Ok(Lookup::Silent(found)) => ReplyAnswer::Failed(Failed {
            evidence: format!("session {} does not answer", found.description.session),
            because: explain::silence_of(&found),
            remedy: explain::help_for(&found).unwrap_or_default(),
        }),
        Ok(Lookup::None) => ReplyAnswer::Failed(Failed {
            evidence: format!("there is no session `{session}`"),
            because: explain::NO_SUCH.to_owned(),
            ..Failed::default()
        }),
        Ok(Lookup::Several(found)) => {
            failed(format!("several sessions are meant: {}", names(&found)))
        }
        Err(error) => failed(error.to_string()),
    };
    reply(answer)
}

fn reply(answer: ReplyAnswer) -> Result<Exit, Complaint> {
    send(&encode(&Reply { answer: Some(answer) }))?;
    Ok(Exit::OK)
}
