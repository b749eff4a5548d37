//! `abide timeouts undo`: takes a change back, if the file is still as the change left it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use abide_settings::server::{Sent, ServerPlace, Way};
use abide_settings::{About, Ledger, Place, Planned, change, stands};
use abide_store::{Content, OperationId, Outcome, Record, Standing};

use super::log::{chosen, words};
use super::set::client::{agree, ledger, place_for};
use super::set::doors::Doors;
use super::set::options::Options;
use super::set::proving::carry_out;
use super::set::server::{Seen, Server};
use super::set::{difference, not_changed};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::{planning, print};

/// How long a server keeps the undone state unconfirmed.
const CONFIRM_WITHIN: Duration = Duration::from_secs(120);

// Its options. A doc comment would be shown as the command's description.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The change's number in `abide timeouts log` [default: the newest in effect]
    id: Option<OperationId>,
    /// Of a server's change: the file with sshd's process number
    #[arg(long, value_name = "FILE")]
    sshd_pid_file: Option<PathBuf>,
    /// Of a server's change: the command that makes sshd read its configuration again
    #[arg(long, value_name = "COMMAND")]
    reload_command: Option<String>,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
}

impl Args {
    /// The sshd of the change, reached as is said now where that is said.
    fn reached(&self, sshd: &ServerPlace) -> ServerPlace {
        ServerPlace {
            pid_file: self.sshd_pid_file.clone().or(sshd.pid_file.clone()),
            reload_command: self.reload_command.clone().or(sshd.reload_command.clone()),
            ..sshd.clone()
        }
    }
}

/// Does it.
pub(crate) fn run(args: &Args) -> Result<Exit, Complaint> {
    let ledger = ledger()?;
    let record = chosen(&ledger, args.id)?;
    may_be_undone(&ledger, &record)?;
    let (before, after) = ledger.contents(&record).map_err(|error| {
        Complaint::new(format!("what was before change {} is not kept whole", record.id))
            .because(error.to_string())
    })?;
    print::out(difference(&record.file.display().to_string(), &after, &before));
    let back = Back { id: record.id, from: after, to: before };
    match &record.about.place {
        Place::Client { host, flags } => {
            if !args.yes {
                agree(&format!("Take change {} back?", record.id))?;
            }
            client(&ledger, &record, &back, host, flags)
        }
        Place::ServerHere { sshd } => {
            server(&record, &back, Way::Here, &args.reached(sshd), args.yes)
        }
        Place::ServerThere { host, flags, sshd } => {
            let way = there(host, flags)?;
            server(&record, &back, way, &args.reached(sshd), args.yes)
        }
    }
}

/// Takes one change of this machine's ssh back.
pub(crate) fn take_back(id: OperationId, yes: bool) -> Result<Exit, Complaint> {
    run(&Args { id: Some(id), sshd_pid_file: None, reload_command: None, yes })
}

/// From what a change left to what was before it.
struct Back {
    id: OperationId,
    from: Content,
    to: Content,
}

fn may_be_undone(ledger: &Ledger, record: &Record<About>) -> Result<(), Complaint> {
    let no = |because: String| {
        Err(Complaint::new(format!("change {} cannot be taken back", record.id))
            .because(because)
            .try_this(format!("abide timeouts diff {}", record.id))
            .exit(Exit::NO))
    };
    let standing = stands(ledger, record);
    match (&standing, &record.outcome) {
        (Standing::Done | Standing::DoneUnrecorded, _) => Ok(()),
        (Standing::NotChecked, Outcome::Done | Outcome::Unknown { .. }) => Ok(()),
        (Standing::ChangedSince | Standing::ChangedSinceUnrecorded, _) => no(format!(
            "{} was changed since by somebody else, or by a later change; that would be lost",
            record.file.display()
        )),
        _ => no(words(record, &standing)),
    }
}

fn client(
    ledger: &Ledger,
    record: &Record<About>,
    back: &Back,
    host: &str,
    flags: &[String],
) -> Result<Exit, Complaint> {
    let place = place_for(host.to_owned(), flags.iter().map(OsString::from).collect());
    let planned = Planned {
        file: record.file.clone(),
        before: back.from.clone(),
        after: back.to.clone(),
        values: Vec::new(),
        expect: Vec::new(),
    };
    let id = change(ledger, &place, &planned, about(record, back), &mut abide_store::unwatched)
        .map_err(|error| not_changed(&error))?;
    told(id, back.id);
    Ok(Exit::OK)
}

fn server(
    record: &Record<About>,
    back: &Back,
    way: Way,
    sshd: &ServerPlace,
    yes: bool,
) -> Result<Exit, Complaint> {
    let host = match &way {
        Way::There { invocation, .. } => Some((**invocation).clone()),
        Way::Here => None,
    };
    let Seen { mut shell, look } = Server::new(way, sshd.clone()).look()?;
    let options = Options::for_undo(yes, sshd.clone());
    let doors = Doors::find(host.as_ref(), &options, &look)?;
    if !yes {
        agree(&format!("Take change {} back and reload sshd?", record.id))?;
    }
    let sent = Sent {
        target: record.file.clone(),
        before: back.from.clone(),
        after: back.to.clone(),
        expect: Vec::new(),
        asker: look.asker(),
        confirm_within: CONFIRM_WITHIN,
    };
    carry_out(&mut shell, &sent, about(record, back), &doors, |id| told(id, back.id))
}

fn there(host: &str, flags: &[String]) -> Result<Way, Complaint> {
    let words: Vec<OsString> =
        flags.iter().map(String::as_str).chain(["--", host]).map(OsString::from).collect();
    match planning::read_ssh(&words)? {
        planning::Asked::Session(invocation) => Ok(Way::There { ssh: planning::ssh(), invocation }),
        planning::Asked::Plain => Err(Complaint::new(format!("`{host}` is not a host"))),
    }
}

fn about(record: &Record<About>, back: &Back) -> About {
    let place = record.about.place.clone();
    About { place, settings: record.about.settings.clone(), undoes: Some(back.id) }
}

fn told(id: OperationId, undone: OperationId) {
    print::note(format_args!("abide: change {undone} is taken back (change {id})"));
}
