//! The login that a proxy makes for itself: the user's own ssh to the same host, by the way that would
//! be taken without the proxy, and with nothing that belongs to the session outside.

use std::ffi::OsString;

use abide_client::{FirstQuestion, Plan};
use abide_openssh::{Escape, Invocation};
use abide_prediction::Wish;
use abide_session::Pacing;

use crate::args::LinkArgs;
use crate::complaint::Complaint;
use crate::own_proxy::{put_first, step_past};
use crate::{explain, planning};

/// Options of the outer ssh that must not act a second time, or that would lead later sessions past
/// the proxy.
const NOT_AGAIN: [&str; 3] = ["PermitLocalCommand=no", "ControlMaster=no", "ControlPath=none"];

/// How to reach the host.
pub(super) fn plan(
    mut invocation: Invocation,
    alias: Option<OsString>,
    port: u16,
    mark: (OsString, OsString),
    link: &LinkArgs,
) -> Result<Plan, Complaint> {
    let ssh = planning::ssh();
    let mut ours: Vec<String> = NOT_AGAIN.map(str::to_owned).to_vec();
    ours.push(format!("Port={port}"));
    if let Some(alias) = alias {
        let host = std::mem::replace(&mut invocation.destination.host, alias);
        ours.push(format!("HostName={}", host.to_string_lossy()));
    }
    put_first(&mut invocation, &ours);
    let effective =
        abide_openssh::query(&ssh, &invocation).map_err(|error| explain::settings(&error))?;
    let effective = step_past(&ssh, &mut invocation, effective)?;
    let mut way = planning::way_by(ssh, invocation, effective)?;
    way.environment.push(mark);
    // The account may be one that is to reach nothing through this server.
    (way.asks, way.asks_first) = (true, Some(FirstQuestion::ThisOne));
    Ok(Plan {
        way: Some(way),
        escape: Escape::None,
        stdin_null: false,
        udp_via: planning::udp_via()?,
        no_udp: link.no_udp,
        quiet: false,
        predict: Wish::Never,
        pacing: Pacing::Exact,
        pager: None,
        agent: None,
        // ssh stops us when it ends, and waits for nothing.
        lingers: true,
        display: None,
        background: None,
        unattended: false,
    })
}
