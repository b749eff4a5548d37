//! `abide timeouts set --server` and `--on-server`: for an sshd, with proof that the door still opens.

use std::time::Duration;

use abide_settings::server::{
    Asker, Login, Look, Reload, Sent, ServerPlace, Shell, Way, check, look,
};
use abide_settings::{About, Place, Planned, Present, Reading, number, plan, wanted};
use abide_sshconf::{Scope, Target};
use abide_terms::print_span;
use abide_timeouts::Side;

use super::blame::{not_applied, not_permitted, not_planned, not_seen, shell_failed};
use super::client::{agree, done, settings};
use super::doors::Doors;
use super::proving::carry_out;
use super::shown::{self, Before};
use super::words::{Asked, usage};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::{planning, print};

/// Half of it is for a login that asks nobody.
const LEAST_TO_CONFIRM: Duration = Duration::from_secs(4);

pub(super) fn run(asked: &Asked) -> Result<Exit, Complaint> {
    if asked.options.confirm_within() < LEAST_TO_CONFIRM {
        let given = print_span(asked.options.confirm_within());
        return Err(usage(format!("--confirm-within {given} is too short for a login")));
    }
    let Seen { mut shell, look } = Server::reach(asked)?.look()?;
    let asker = match &asked.options.pattern {
        None => look.asker(),
        Some(criteria) => {
            look.asker().matching(criteria).map_err(|error| usage(error.to_string()))?
        }
    };
    let planned = match plan_it(asked, &look, &asker)? {
        Some(planned) => planned,
        None => return Ok(Exit::OK),
    };
    let before = Before {
        side: Side::Server,
        place: &format!("{} on {}", asker.user(), server_name(asked)),
        release: look.release,
        now: &look.effective,
        survive: asked.options.survive_idle,
        dead_after: asked.options.dead_after,
    };
    print::out(shown::planned(&before, &planned));
    let sent = Sent {
        target: planned.file.clone(),
        before: planned.before.clone(),
        after: planned.after.clone(),
        expect: planned.expect.clone(),
        asker,
        confirm_within: asked.options.confirm_within(),
    };
    check(&mut shell, &sent).map_err(|error| not_applied(&error))?;
    if asked.options.dry_run {
        print::note("abide: sshd takes it; nothing was changed (--dry-run)");
        return Ok(Exit::OK);
    }
    let about = About { place: described(asked), settings: settings(&planned), undoes: None };
    let doors = Doors::find(asked.host.as_deref(), &asked.options, &look)?;
    if !asked.options.yes {
        agree(&format!("Change {} and reload sshd?", planned.file.display()))?;
    }
    carry_out(&mut shell, &sent, about, &doors, |id| done(id, &planned))
}

/// A way to an sshd that nobody has looked at.
pub(in super::super) struct Server {
    way: Way,
    place: ServerPlace,
}

pub(in super::super) struct Seen {
    pub(in super::super) shell: Shell,
    pub(in super::super) look: Look,
}

impl Server {
    fn reach(asked: &Asked) -> Result<Self, Complaint> {
        let place = asked.options.place();
        if !asked.options.on_server {
            return Ok(Server { way: Way::Here, place });
        }
        let invocation = asked.host.clone();
        let invocation = invocation.ok_or_else(|| usage("--on-server needs a host"))?;
        Ok(Server { way: Way::There { ssh: planning::ssh(), invocation }, place })
    }

    pub(in super::super) fn new(way: Way, place: ServerPlace) -> Self {
        Server { way, place }
    }

    /// Looks, and makes sure that a change could be made.
    pub(in super::super) fn look(&self) -> Result<Seen, Complaint> {
        let host = match &self.way {
            Way::There { invocation, .. } => Some(invocation.destination.given.to_string_lossy()),
            Way::Here => None,
        };
        let host = host.as_deref();
        let mut shell = Shell::start(&self.way, &self.place, Login::Usual, None)
            .map_err(|error| shell_failed(&error, host))?;
        let look = look(&mut shell).map_err(|error| not_seen(&error, host))?;
        if !look.may_change {
            let what = format!("{} may not change {}", look.login, look.main.display());
            return Err(not_permitted(what, host));
        }
        if let Reload::Unknown { pid_file } = &look.reload {
            let because = pid_file.as_ref().map_or_else(
                || "there is no systemd unit that runs, and no PidFile".to_owned(),
                |file| format!("{} names no sshd that runs", file.display()),
            );
            return Err(Complaint::new("no way was found to reload this sshd")
                .because(because)
                .try_this("the same with --sshd-pid-file FILE, or --reload-command COMMAND"));
        }
        Ok(Seen { shell, look })
    }
}

fn plan_it(asked: &Asked, look: &Look, asker: &Asker) -> Result<Option<Planned>, Complaint> {
    let present = Present {
        interval: number(&look.effective, "clientaliveinterval").unwrap_or(0),
        count: number(&look.effective, "clientalivecountmax").unwrap_or(0),
        release: look.release,
        is_debian_like: look.is_debian_like(),
    };
    let wanted = wanted(Side::Server, &asked.intentions, &present)
        .map_err(|error| usage(error.to_string()))?;
    let (roots, context, tree) = (look.roots(), asker.context(look.release), look.tree());
    let reading = Reading { roots: &roots, context: &context, files: &tree };
    let scope = asked.options.pattern.clone().map_or(Scope::All, Scope::Match);
    let target = match &asked.options.file {
        None => Target::Best,
        Some(file) if look.file(file).is_some() => Target::File(file.clone()),
        Some(file) => Target::DropIn(file.clone()),
    };
    match plan(reading, &wanted, &scope, &target) {
        Ok(planned) => Ok(Some(planned)),
        Err(error) => not_planned(&error, &show(asked)).map(|_| None),
    }
}

/// What shows the settings of this sshd.
fn show(asked: &Asked) -> String {
    match asked.options.on_server {
        true => format!("abide timeouts show {}", server_name(asked)),
        false => "abide timeouts show --server".to_owned(),
    }
}

fn server_name(asked: &Asked) -> String {
    match (&asked.host, asked.options.on_server) {
        (Some(invocation), true) => invocation.destination.given.to_string_lossy().into_owned(),
        _ => "this machine".to_owned(),
    }
}

fn described(asked: &Asked) -> Place {
    let sshd = asked.options.place();
    match (&asked.host, asked.options.on_server) {
        (Some(invocation), true) => Place::ServerThere {
            host: invocation.destination.host.to_string_lossy().into_owned(),
            flags: invocation.passed.iter().map(|it| it.to_string_lossy().into_owned()).collect(),
            sshd,
        },
        _ => Place::ServerHere { sshd },
    }
}
