//! `abide timeouts set` for ssh on this machine.

use std::io::{IsTerminal, Write};

use abide_host::files::{Environment, state_dir};
use abide_settings::{
    About, ClientPlace, Ledger, Place, PlanError, Planned, Present, Reading, change, number,
    open_ledger, plan, tidy, wanted,
};
use abide_sshconf::{Release, Scope, Target};
use abide_store::OperationId;
use abide_timeouts::{Side, Version};

use super::blame::{not_changed, not_planned, not_readable};
use super::options::Options;
use super::shown::{self, Before};
use super::words::{Asked, usage};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::{planning, print};

/// What stands for a star in a pattern, to make a host that the pattern matches.
const ANYTHING: &str = "x";

pub(super) fn run(asked: &Asked) -> Result<Exit, Complaint> {
    let place = place(asked)?;
    place.readable(asked.options.file.as_deref()).map_err(|error| not_readable(&error))?;
    let now = place.effective().map_err(|error| not_changed(&error))?;
    let present = Present {
        interval: number(&now, "serveraliveinterval").unwrap_or(0),
        count: number(&now, "serveralivecountmax").unwrap_or(0),
        release: None,
        is_debian_like: false,
    };
    let wanted = wanted(Side::Client, &asked.intentions, &present)
        .map_err(|error| usage(error.to_string()))?;
    let (roots, context, files) = (place.roots(), place.context(), place.files());
    let reading = Reading { roots: &roots, context: &context, files: &files };
    let target = asked.options.file.clone().map_or(Target::Best, Target::File);
    let planned = match plan(reading, &wanted, &scope(&asked.options, &place.host), &target) {
        Ok(planned) => planned.with_present(&now),
        Err(error) => {
            if let (PlanError::Nothing, Some(wanted)) = (&error, asked.options.survive_idle) {
                print::out(shown::survival(Side::Client, release(&place), &now, wanted));
            }
            return not_planned(&error, &format!("abide timeouts show {}", place.host));
        }
    };
    let before = Before {
        side: Side::Client,
        place: &place.host,
        release: release(&place),
        now: &now,
        survive: asked.options.survive_idle,
        dead_after: asked.options.dead_after,
    };
    print::out(shown::planned(&before, &planned));
    if asked.options.dry_run {
        print::note("abide: nothing was changed (--dry-run)");
        return Ok(Exit::OK);
    }
    if !asked.options.yes {
        agree(&format!("Change {}?", planned.file.display()))?;
    }
    let ledger = ledger()?;
    let settings = settings(&planned);
    let about = About { place: described(&place), settings, undoes: None };
    let id = change(&ledger, &place, &planned, about, &mut abide_store::unwatched)
        .map_err(|error| not_changed(&error))?;
    done(id, &planned);
    Ok(Exit::OK)
}

pub(crate) fn done(id: OperationId, planned: &Planned) {
    let file = planned.file.display();
    print::note(format_args!(
        "abide: {file} is changed (change {id}); `abide timeouts undo {id}` takes it back"
    ));
}

/// The settings of a plan, as the journal keeps them.
pub(super) fn settings(planned: &Planned) -> Vec<String> {
    let line = |it: &abide_settings::ValueChange| {
        format!("{} {}", it.keyword, it.will_be.as_deref().unwrap_or("unset"))
    };
    planned.values.iter().map(line).collect()
}

/// The journal, tidied after whoever was killed.
pub(crate) fn ledger() -> Result<Ledger, Complaint> {
    let home = abide_host::users::current().home;
    let state = state_dir(&Environment::read(home));
    let failed = |error: abide_store::JournalError| {
        Complaint::new("the journal of changes cannot be used").because(error.to_string())
    };
    let ledger = open_ledger(&state).map_err(failed)?;
    tidy(&ledger).map_err(failed)?;
    Ok(ledger)
}

fn place(asked: &Asked) -> Result<ClientPlace, Complaint> {
    let host = asked.host.as_deref();
    let named = host.map(|host| host.destination.host.to_string_lossy().into_owned());
    let host = match (named, &asked.options.pattern) {
        (Some(host), _) => host,
        (None, Some(pattern)) => example(pattern),
        (None, None) if asked.options.all => ANYTHING.to_owned(),
        (None, None) => return Err(usage("no host is given, nor --for PATTERN, nor --all")),
    };
    Ok(place_for(host, asked.flags.clone()))
}

/// A place for a host and flags, by whoever runs this.
pub(crate) fn place_for(host: String, flags: Vec<std::ffi::OsString>) -> ClientPlace {
    let user = abide_host::users::current();
    ClientPlace {
        ssh: planning::ssh(),
        flags,
        host,
        user: user.name,
        uid: user.uid,
        home: user.home,
    }
}

/// A host that a pattern matches.
fn example(pattern: &str) -> String {
    let first = pattern.split([' ', ',']).find(|word| !word.is_empty() && !word.starts_with('!'));
    first.unwrap_or(ANYTHING).replace(['*', '?'], ANYTHING)
}

fn scope(options: &Options, host: &str) -> Scope {
    match &options.pattern {
        Some(pattern) => Scope::Host(pattern.replace(',', " ")),
        None if options.all => Scope::All,
        None => Scope::Host(host.to_owned()),
    }
}

/// ssh says which release it is; where it does not, the newest rules are taken.
fn release(place: &ClientPlace) -> Option<Release> {
    let said = std::process::Command::new(&place.ssh).arg("-V").output().ok()?;
    let version = Version::parse(&String::from_utf8_lossy(&said.stderr))?;
    Some(Release { major: version.major, minor: version.minor })
}

pub(crate) fn described(place: &ClientPlace) -> Place {
    let flags = place.flags.iter().map(|flag| flag.to_string_lossy().into_owned()).collect();
    Place::Client { host: place.host.clone(), flags }
}

/// Asks for a yes.
pub(crate) fn agree(question: &str) -> Result<(), Complaint> {
    if !std::io::stdin().is_terminal() {
        return Err(Complaint::new("nobody is there to say yes")
            .because("standard input is not a terminal; nothing was changed")
            .try_this("the same with --yes, or with --dry-run to look first"));
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Complaint::new("nothing was changed").because("the answer was not yes").exit(Exit::NO))
}
