//! `abide timeouts log`: the changes made, and how they stand now.

use abide_settings::{About, Ledger, Place, stands};
use abide_store::{OperationId, Outcome, Record, Standing};
use abide_terms::print_span;
use serde::Serialize;

use super::set::client::ledger;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::print;

// Its options. A doc comment would be shown as the command's description.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One line of `--json`.
#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    record: Record<About>,
    standing: &'static str,
}

/// Does it.
pub(crate) fn run(args: &Args) -> Result<Exit, Complaint> {
    let ledger = ledger()?;
    let records = all(&ledger)?;
    if args.json {
        let entry =
            |record: Record<About>| Entry { standing: name(&stands(&ledger, &record)), record };
        let entries: Vec<Entry> = records.into_iter().map(entry).collect();
        let text = serde_json::to_string_pretty(&entries)
            .map_err(|error| Complaint::new("no JSON").because(error.to_string()))?;
        print::out(text + "\n");
        return Ok(Exit::OK);
    }
    if records.is_empty() {
        print::note("abide: no changes were made");
    }
    for record in records.iter().rev() {
        print::out(line(record, &stands(&ledger, record)));
    }
    Ok(Exit::OK)
}

/// All that can be read, oldest first; what cannot is told on stderr.
pub(super) fn all(ledger: &Ledger) -> Result<Vec<Record<About>>, Complaint> {
    let failed = |error: abide_store::JournalError| {
        Complaint::new("the journal of changes cannot be read").because(error.to_string())
    };
    let mut records = Vec::new();
    for record in ledger.list().map_err(failed)? {
        match record {
            Ok(record) => records.push(record),
            Err(error) => print::note(format_args!("abide: {error}")),
        }
    }
    Ok(records)
}

/// The one that is meant: that of the number, or the newest that was done.
pub(super) fn chosen(ledger: &Ledger, id: Option<OperationId>) -> Result<Record<About>, Complaint> {
    let records = all(ledger)?;
    let found = match id {
        Some(id) => records.into_iter().find(|record| record.id == id),
        None => records.into_iter().rev().find(is_in_effect),
    };
    found.ok_or_else(|| {
        let what =
            id.map_or("no change that is in effect".to_owned(), |id| format!("no change {id}"));
        Complaint::new(format!("there is {what}")).try_this("abide timeouts log").exit(Exit::NO)
    })
}

fn is_in_effect(record: &Record<About>) -> bool {
    matches!(record.outcome, Outcome::Done) && record.about.undoes.is_none()
}

fn line(record: &Record<About>, standing: &Standing) -> String {
    let place = match &record.about.place {
        Place::Client { .. } => record.file.display().to_string(),
        Place::ServerHere { .. } => format!("{} (sshd here)", record.file.display()),
        Place::ServerThere { host, .. } => format!("{host}:{}", record.file.display()),
    };
    let what = match record.about.undoes {
        Some(undone) => format!("undo of {undone}"),
        None => record.about.settings.join(", "),
    };
    let ago = print_span(std::time::Duration::from_secs(now().saturating_sub(record.began)));
    format!(
        "{:>4}  {ago:>6} ago  {place}\n      {what}\n      {}\n",
        record.id.0,
        words(record, standing)
    )
}

fn now() -> u64 {
    let since = abide_host::clock::wall().duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// How it stands, for people.
pub(super) fn words(record: &Record<About>, standing: &Standing) -> String {
    match (standing, &record.outcome) {
        (Standing::Over, Outcome::RolledBack { reason }) => format!("not in effect: {reason}"),
        (Standing::Over, Outcome::Undone { by }) => format!("undone by {by}"),
        (_, Outcome::Unknown { reason }) => format!("not known: {reason}"),
        (Standing::NotChecked, Outcome::Done) => {
            "done (whether it is still so on that machine was not checked)".to_owned()
        }
        (Standing::NotChecked, _) => {
            "begun, and who began it was ended: the server puts it back unless a login confirmed it"
                .to_owned()
        }
        (Standing::Running, _) => "being made right now".to_owned(),
        (Standing::Done, _) => "in effect".to_owned(),
        (Standing::DoneUnrecorded, _) => {
            "in effect (who made it was ended before writing that down)".to_owned()
        }
        (Standing::NotDone, _) => "not in effect: who began it was ended before".to_owned(),
        (Standing::ChangedSince | Standing::ChangedSinceUnrecorded, _) => {
            "the file was changed since".to_owned()
        }
        (Standing::Over, _) => "over".to_owned(),
    }
}

/// The standing's stable name in JSON.
fn name(standing: &Standing) -> &'static str {
    match standing {
        Standing::Running => "running",
        Standing::Done => "done",
        Standing::DoneUnrecorded => "done-unrecorded",
        Standing::NotDone => "not-done",
        Standing::Over => "over",
        Standing::ChangedSince => "changed-since",
        Standing::ChangedSinceUnrecorded => "changed-since-unrecorded",
        Standing::NotChecked => "not-checked",
    }
}
