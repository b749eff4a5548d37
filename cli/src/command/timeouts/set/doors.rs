//! How it is proved that a door still opens: by a login that works before, or by a person's word.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::mpsc;
use std::time::Duration;

use abide_openssh::{CommandLine, Invocation, SshEnding};
use abide_settings::number;
use abide_settings::server::{Look, Person, ShellError, Way, Word, opens};
use abide_terms::print_span;

use super::blame::shell_failed;
use super::options::Options;
use crate::complaint::Complaint;
use crate::planning;

/// How the door is tried.
pub(in super::super) struct Doors {
    pub(super) way: Option<Way>,
    pub(super) person: Person,
}

impl Doors {
    /// A login that works now, before anything is changed; else a person's word.
    pub(in super::super) fn find(
        host: Option<&Invocation>,
        options: &Options,
        look: &Look,
    ) -> Result<Self, Complaint> {
        let person = match std::io::stdin().is_terminal() && !options.yes {
            true => Person::There,
            false => Person::Away,
        };
        let ssh = planning::ssh();
        let invocation = match host {
            Some(invocation) => Some(Box::new(invocation.clone())),
            None => to_this_machine(look),
        };
        let way = invocation.map(|invocation| Way::There { ssh, invocation });
        let Some(way) = way else { return Self::by_word(person, "no login is given") };
        let name = match &way {
            Way::There { invocation, .. } => invocation.destination.given.to_string_lossy().into(),
            Way::Here => String::new(),
        };
        let name = Some(name.as_str()).filter(|name| !name.is_empty());
        let error = match opens(&way, &options.place()) {
            Ok(()) => return Ok(Doors { way: Some(way), person }),
            Err(error) => error,
        };
        match (&error, person, host) {
            // It asks for a password or a code: it will do so again.
            (ShellError::Ended(SshEnding::PermissionDenied { .. }), Person::There, Some(_)) => {
                Ok(Doors { way: Some(way), person })
            }
            (_, _, None) => Self::by_word(person, &shell_failed(&error, name).to_string()),
            _ => Err(shell_failed(&error, name)),
        }
    }

    fn by_word(person: Person, why: &str) -> Result<Self, Complaint> {
        match person {
            Person::There => Ok(Doors { way: None, person }),
            Person::Away => Err(Complaint::new("nothing here can prove that the door still opens")
                .because(why.lines().next().unwrap_or_default())
                .try_this(
                    "abide timeouts set --server [ssh's flags] HOST ..., a login to this sshd",
                )),
        }
    }
}

/// `ssh -p PORT LOGIN@127.0.0.1`: a login to the sshd that was looked at.
fn to_this_machine(look: &Look) -> Option<Box<Invocation>> {
    let port = number(&look.effective, "port").unwrap_or(22).to_string();
    let words = ["-p", &port, "-l", &look.login, "127.0.0.1"].map(std::ffi::OsString::from);
    match abide_openssh::parse(&words) {
        Ok(CommandLine::Session(invocation)) => Some(invocation),
        _ => None,
    }
}

/// Asks a person who has seen it, for as long as there is time.
pub(super) fn ask_in_time(limit: Duration) -> Word {
    let within = print_span(limit);
    let mut stderr = std::io::stderr();
    let question =
        format!("Log in from another terminal now. Does it work? [yes, within {within}] ");
    let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
    let (hear, answers) = mpsc::channel();
    // The thread waits for a line for ever; the program ends before it.
    std::thread::spawn(move || {
        let mut answer = String::new();
        let _ = std::io::stdin().lock().read_line(&mut answer);
        let _ = hear.send(answer);
    });
    match answers.recv_timeout(limit) {
        Ok(answer) if matches!(answer.trim(), "y" | "yes") => Word::Keep,
        _ => Word::PutBack,
    }
}
