//! `abide attach`: back to a session, from any machine.

use std::io::IsTerminal;

use abide_client::{Plan, connect_local};
use abide_keeper::{Found, Lookup, open_session};
use abide_openssh::Escape;
use abide_session::{Attach, DisplayWish, encode_word};

use crate::args::{LinkArgs, Place};
use crate::command::keeper::names;
use crate::command::session::{identity, serve, serve_connected, with_event_loop};
use crate::command::target::{Target, find_here, plan_for};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::explain;
use crate::planning;
use crate::voice::Stderr;

/// Attaches.
pub(crate) fn run(link: LinkArgs, displace: bool, place: &Place) -> Result<Exit, Complaint> {
    if !std::io::stdin().is_terminal() {
        return Err(Complaint::new("attach needs a terminal")
            .because("stdin is not one")
            .try_this("abide attach from a shell"));
    }
    let identity = identity()?;
    let pacing = planning::pacing(&link)?;
    let attach = |session: String, display: Option<DisplayWish>| Attach {
        session,
        terminal: Some(planning::terminal()),
        client: planning::client_name(),
        public_key: identity.public().0.to_vec(),
        displace,
        pacing: pacing.into(),
        display,
    };
    match Target::read(place)? {
        Target::There(invocation, session) => {
            let mut plan = plan_for(*invocation, &link)?;
            planning::lend_display(&mut plan);
            plan.way.iter_mut().for_each(|way| way.asks_terminal = true);
            let attach = encode_word(&attach(session, planning::display_wish(&plan)));
            let keeper = ["keeper", "attach", &attach].map(str::to_owned).to_vec();
            serve(&plan, keeper, identity, false)
        }
        Target::Here(session) => {
            let found = one_here(&session)?;
            let attach = attach(found.description.session.clone(), None);
            let plan = local_plan(&link)?;
            let stream = open_session(&found.socket, attach)?;
            let mut voice = Stderr::new(false);
            with_event_loop(async {
                let connected =
                    connect_local(stream).await.map_err(|error| explain::connect(&error, ""))?;
                serve_connected(&plan, connected, Vec::new(), identity, &mut voice, false).await
            })
        }
    }
}

/// The one session of this machine that is meant.
pub(crate) fn one_here(session: &str) -> Result<Found, Complaint> {
    match find_here(session)? {
        Lookup::One(found) => Ok(*found),
        Lookup::Silent(found) => Err(explain::not_answering(&found)),
        Lookup::None if session.is_empty() => Err(Complaint::new("there are no sessions here")
            .because("no keeper runs on this machine")
            .try_this("abide ls HOST")
            .exit(Exit::NO)),
        Lookup::None => Err(Complaint::new(format!("there is no session `{session}` here"))
            .because(explain::NO_SUCH)
            .try_this("abide ls")
            .exit(Exit::NO)),
        Lookup::Several(found) => Err(Complaint::new("several sessions are here")
            .because(names(&found))
            .try_this("abide attach SESSION")
            .exit(Exit::NO)),
    }
}

/// A plan for a link that never needs ssh.
fn local_plan(link: &LinkArgs) -> Result<Plan, Complaint> {
    Ok(Plan {
        way: None,
        escape: Escape::DEFAULT,
        stdin_null: false,
        udp_via: None,
        no_udp: true,
        quiet: false,
        predict: planning::predict(link)?,
        pacing: planning::pacing(link)?,
        pager: planning::pager(),
        agent: None,
        lingers: false,
        display: None,
        background: None,
        unattended: false,
    })
}
