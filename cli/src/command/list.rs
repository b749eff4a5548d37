//! `abide ls`: sessions, here or on a host.

use std::time::Duration;

use abide_openssh::Invocation;
use abide_session::{AttachedClient, Description, ReplyAnswer};
use abide_terms::print_span;
use serde::Serialize;

use crate::args::Place;
use crate::command::target::{ask_host, read_host};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::explain;
use crate::{print, road};

/// Version of the JSON. Fields are added without a new one; nothing is renamed or removed.
const SCHEMA: u32 = 1;

/// Lists them.
pub(crate) fn run(place: &Place, json: bool) -> Result<Exit, Complaint> {
    let host = if place.words.is_empty() { None } else { Some(one_host(place)?) };
    let nobody = match &host {
        Some(host) => format!("no sessions on {}", host.destination.given.to_string_lossy()),
        None => "no sessions here".to_owned(),
    };
    let sessions = host.map_or_else(here, there)?;
    if json {
        let listing =
            Listing { schema: SCHEMA, sessions: sessions.iter().map(Row::from).collect() };
        let text = serde_json::to_string_pretty(&listing).map_err(std::io::Error::from)?;
        print::out(format!("{text}\n"));
    } else if sessions.is_empty() {
        print::note(nobody);
    } else {
        print::out(table(&sessions));
    }
    Ok(Exit::OK)
}

fn one_host(place: &Place) -> Result<Invocation, Complaint> {
    match read_host(place)? {
        (host, session) if session.is_empty() => Ok(*host),
        (_, word) => Err(Complaint::new(format!("`{word}` is one word too many"))
            .because("a host is all that is read here")
            .try_this("abide ls HOST")
            .exit(Exit::USAGE)),
    }
}

fn here() -> Result<Vec<Description>, Complaint> {
    abide_client::clear_leftovers();
    let found = abide_keeper::describe_all().map_err(|error| explain::unlisted(&error))?;
    Ok(found.into_iter().map(|found| found.description).collect())
}

fn there(host: Invocation) -> Result<Vec<Description>, Complaint> {
    let name = host.destination.given.to_string_lossy().into_owned();
    let to = road::of(&host);
    let answers = ask_host(host, &["list"])?;
    answers
        .into_iter()
        .filter_map(|answer| match answer {
            ReplyAnswer::Description(description) => Some(Ok(description)),
            ReplyAnswer::Failed(failed) => {
                Some(Err(Complaint::new(format!("{name} cannot list its sessions"))
                    .because(failed.evidence)
                    .try_this(match failed.remedy.as_str() {
                        "" => format!(
                            "ABIDE_RUNTIME_DIR=/some/folder in the login environment on {name}"
                        ),
                        remedy => format!("ssh {to} {}", road::quoted(remedy)),
                    })))
            }
            ReplyAnswer::Done(_) | ReplyAnswer::LogPart(_) => None,
        })
        .collect()
}

#[derive(Serialize)]
struct Listing {
    schema: u32,
    sessions: Vec<Row>,
}

/// One session in JSON: seconds are whole, absent values null.
#[derive(Serialize)]
struct Row {
    id: String,
    name: Option<String>,
    program: String,
    age_seconds: Option<u64>,
    terminal: bool,
    title: Option<String>,
    finished: bool,
    release: String,
    keeper_pid: u32,
    /// False: the keeper does not answer, and what is not known of the session is empty.
    answering: bool,
    clients: Vec<ClientRow>,
}

#[derive(Serialize)]
struct ClientRow {
    name: String,
    carriers: Vec<String>,
    silent_seconds: Option<u64>,
}

impl From<&Description> for Row {
    fn from(session: &Description) -> Self {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Row {
            id: session.session.clone(),
            name: given(&session.name),
            program: session.program.clone(),
            age_seconds: (!session.unanswered).then_some(session.age),
            terminal: session.terminal,
            title: given(&session.title),
            finished: session.finished,
            release: session.release.clone(),
            keeper_pid: session.pid,
            answering: !session.unanswered,
            clients: session.clients.iter().map(ClientRow::from).collect(),
        }
    }
}

impl From<&AttachedClient> for ClientRow {
    fn from(client: &AttachedClient) -> Self {
        ClientRow {
            name: client.name.clone(),
            carriers: client.carriers.clone(),
            silent_seconds: client.silent,
        }
    }
}

fn table(sessions: &[Description]) -> String {
    let mut rows = vec![["SESSION", "NAME", "AGE", "CLIENTS", "PROGRAM"].map(str::to_owned)];
    rows.extend(sessions.iter().map(|session| {
        let name = if session.name.is_empty() { "-".to_owned() } else { session.name.clone() };
        let age = match session.unanswered {
            true => "-".to_owned(),
            false => print_span(Duration::from_secs(session.age)),
        };
        [session.session.clone(), name, age, clients(session), printable(&session.program)]
    }));
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..4).map(width).collect();
    let mut text = String::new();
    for [session, name, age, clients, program] in &rows {
        let [a, b, c, d] = widths[..] else { break };
        text.push_str(&format!("{session:a$}  {name:b$}  {age:c$}  {clients:d$}  {program}\n"));
    }
    text
}

/// A program's text without anything that a terminal would act on.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn clients(session: &Description) -> String {
    if session.unanswered {
        return "not answering".to_owned();
    }
    if session.finished {
        return "finished".to_owned();
    }
    if session.clients.is_empty() {
        return "detached".to_owned();
    }
    let each = session.clients.iter().map(|client| match client.silent {
        Some(seconds) => {
            format!("{} (silent {})", client.name, print_span(Duration::from_secs(seconds)))
        }
        None => {
            format!("{} ({})", client.name, client.carriers.first().map_or("-", String::as_str))
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_fits_its_columns() {
        let client = AttachedClient {
            name: "ann@laptop".into(),
            carriers: vec!["quic".into()],
            silent: None,
        };
        let one = Description {
            session: "abcdefgh".into(),
            name: "build".into(),
            program: "login\x1b[2Jshell".into(),
            age: 7_500,
            clients: vec![client],
            ..Description::default()
        };
        let two = Description {
            session: "bcdefghi".into(),
            program: "top".into(),
            age: 3,
            ..Description::default()
        };
        assert_eq!(
            table(&[one, two]),
            "SESSION   NAME   AGE   CLIENTS            PROGRAM\n\
             abcdefgh  build  2h5m  ann@laptop (quic)  login [2Jshell\n\
             bcdefghi  -      3s    detached           top\n"
        );
    }
}
