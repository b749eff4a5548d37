//! Questions to the keepers of this machine, from outside: which sessions are there, end one.
//! Blocking, with time limits; no event loop.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use abide_session::{
    Ask, Describe, Description, Log, Messages, Reply, ReplyAnswer, Request, encode,
};
use abide_terms::SessionId;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use crate::silent;

/// How long a keeper may take to answer; then its session is listed as not answering.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The runtime directory cannot be used.
    #[error(transparent)]
    Directory(#[from] abide_host::files::PrivateDirError),
    /// The keeper cannot be reached.
    #[error("{path}: {error}")]
    Unreachable {
        /// Its socket.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The keeper refused.
    #[error("the keeper refused: {0}")]
    Refused(String),
    /// What it said could not be passed on.
    #[error("cannot write: {0}")]
    Written(io::Error),
}

/// A session of this machine.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its keeper's socket.
    pub socket: PathBuf,
    /// What the keeper says of it; when it does not answer, what its process shows.
    pub description: Description,
    /// The keeper does not answer because it was stopped, by a signal or a debugger.
    pub stopped: bool,
}

/// What looking a session up gives.
#[derive(Debug)]
pub enum Lookup {
    /// Exactly one.
    One(Box<Found>),
    /// Exactly one, whose keeper does not answer.
    Silent(Box<Found>),
    /// None of that id or name (of any, when none was given).
    None,
    /// Several.
    Several(Vec<Found>),
}

/// Every session of this user on this machine, oldest first. Sockets that nobody answers are left
/// over from keepers that were killed, and are removed. Each keeper asks its clients whether they are there,
/// which takes a moment where one of them is not.
pub fn describe_all() -> Result<Vec<Found>, RequestError> {
    all(ASKS_CLIENTS)
}

/// With clients asked whether they are there, and without.
const ASKS_CLIENTS: Describe = Describe { asks_clients: true };
const AT_ONCE: Describe = Describe { asks_clients: false };

fn all(how: Describe) -> Result<Vec<Found>, RequestError> {
    let folder = abide_host::local::runtime_dir()?;
    let entries = std::fs::read_dir(&folder)
        .map_err(|error| RequestError::Unreachable { path: folder, error })?;
    let sockets = entries.flatten().map(|entry| entry.path()).filter(|path| is_session(path));
    let mut found: Vec<Found> =
        sockets.filter_map(|socket| describe(socket, how.clone())).collect();
    found.sort_by_key(|session| std::cmp::Reverse(session.description.age));
    Ok(found)
}

/// The session of an id or a name; with an empty `wanted`, the only one.
pub fn find(wanted: &str) -> Result<Lookup, RequestError> {
    if let Ok(id) = wanted.parse::<SessionId>() {
        // An id leads straight to its keeper: the others need not be asked.
        let socket = abide_host::local::runtime_dir()?.join(format!("{id}.sock"));
        if let Some(found) = describe(socket, AT_ONCE) {
            return Ok(one(found));
        }
    }
    let all = all(AT_ONCE)?;
    let is_it = |found: &&Found| {
        wanted.is_empty() || found.description.session == wanted || found.description.name == wanted
    };
    let mut matching: Vec<Found> = all.iter().filter(is_it).cloned().collect();
    Ok(match (matching.len(), matching.pop()) {
        (1, Some(found)) => one(found),
        (_, Some(_)) => Lookup::Several(all.into_iter().filter(|found| is_it(&found)).collect()),
        (_, None) => Lookup::None,
    })
}

fn one(found: Found) -> Lookup {
    let silent = found.description.unanswered;
    let found = Box::new(found);
    if silent { Lookup::Silent(found) } else { Lookup::One(found) }
}

fn is_session(path: &Path) -> bool {
    let is_socket = path.extension().is_some_and(|extension| extension == "sock");
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    is_socket && stem.is_some_and(|stem| stem.parse::<SessionId>().is_ok())
}

fn describe(socket: PathBuf, how: Describe) -> Option<Found> {
    match ask(&socket, Ask::Describe(how)) {
        Ok(ReplyAnswer::Description(description)) => {
            Some(Found { socket, description, stopped: false })
        }
        Err(RequestError::Unreachable { error, .. })
            if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind()) =>
        {
            unanswered(socket)
        }
        Err(RequestError::Unreachable { error, .. })
            if error.kind() == io::ErrorKind::ConnectionRefused =>
        {
            // Nobody listens, and nobody will again: ids are not reused.
            let _ = std::fs::remove_file(&socket);
            None
        }
        _ => None,
    }
}

/// A session whose keeper did not answer in time: it is there all the same.
fn unanswered(socket: PathBuf) -> Option<Found> {
    let session = socket.file_stem()?.to_str()?.to_owned();
    let process = silent::process_of(&session);
    let start = process.as_ref().and_then(|process| process.start.as_ref());
    let description = Description {
        name: start.map(|start| start.name.clone()).unwrap_or_default(),
        program: start.map(crate::program::describe).unwrap_or_default(),
        terminal: start.is_some_and(|start| start.terminal.is_some()),
        pid: process.as_ref().map_or(0, |process| process.pid),
        session,
        unanswered: true,
        ..Description::default()
    };
    let stopped = process.is_some_and(|process| process.stopped);
    Some(Found { socket, description, stopped })
}

/// Asks one keeper one thing.
pub fn ask(socket: &Path, ask: Ask) -> Result<ReplyAnswer, RequestError> {
    let unreachable = |error| RequestError::Unreachable { path: socket.to_owned(), error };
    let mut exchange = Exchange::begin(socket, ask).map_err(unreachable)?;
    answer(exchange.next().map_err(unreachable)?)
}

fn answer(reply: Reply) -> Result<ReplyAnswer, RequestError> {
    match reply.answer {
        Some(ReplyAnswer::Failed(failed)) => Err(RequestError::Refused(failed.evidence)),
        Some(answer) => Ok(answer),
        None => Err(RequestError::Refused("an answer of a later release".to_owned())),
    }
}

/// Asks one keeper for what its session printed; `take` gets it piece by piece.
pub fn read_log(
    socket: &Path,
    log: Log,
    mut take: impl FnMut(Vec<u8>) -> io::Result<()>,
) -> Result<(), RequestError> {
    let unreachable = |error| RequestError::Unreachable { path: socket.to_owned(), error };
    let mut exchange = Exchange::begin(socket, Ask::Log(log)).map_err(unreachable)?;
    loop {
        match answer(exchange.next().map_err(unreachable)?)? {
            ReplyAnswer::LogPart(part) => take(part.text).map_err(RequestError::Written)?,
            _ => return Ok(()),
        }
    }
}

/// Connects within [`ANSWER_WITHIN`]: a keeper that accepts nobody has a queue that fills up.
fn connect(path: &Path) -> io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(ANSWER_WITHIN))?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket.into())
}

/// A question that was asked, and its answers.
struct Exchange {
    stream: UnixStream,
    messages: Messages,
}

impl Exchange {
    fn begin(socket: &Path, ask: Ask) -> io::Result<Self> {
        let mut stream = connect(socket)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.write_all(&encode(&Request { ask: Some(ask) }))?;
        Ok(Exchange { stream, messages: Messages::default() })
    }

    fn next(&mut self) -> io::Result<Reply> {
        let mut buffer = [0; 4096];
        loop {
            let reply = self.messages.next_message::<Reply>();
            if let Some(reply) = reply.map_err(io::Error::other)? {
                return Ok(reply);
            }
            match self.stream.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.messages.push(&buffer[..count]),
            }
        }
    }
}
