//! The login that a proxy makes for itself: the user's own ssh to the same host, by the way that would
//! be taken without the proxy, and with nothing that belongs to the session outside.

use std::ffi::OsString;

use abide_client::{FirstQuestion, Plan};
use abide_openssh::{Effective, Escape, Invocation, Proxy};
use abide_prediction::Wish;
use abide_session::Pacing;

use crate::args::LinkArgs;
use crate::complaint::Complaint;
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
    let mut effective = settings(&ssh, &invocation)?;
    if effective.proxy.as_ref().is_some_and(is_this_program) {
        put_first(&mut invocation, &["ProxyCommand=none".to_owned()]);
        effective = settings(&ssh, &invocation)?;
    }
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
        background: None,
    })
}

fn settings(ssh: &OsString, invocation: &Invocation) -> Result<Effective, Complaint> {
    abide_openssh::query(ssh, invocation).map_err(|error| explain::settings(&error))
}

/// ssh takes the first value of an option.
fn put_first(invocation: &mut Invocation, options: &[String]) {
    let words = options.iter().flat_map(|option| ["-o".into(), OsString::from(option)]);
    invocation.passed.splice(0..0, words);
}

/// Whether a ProxyCommand is `abide proxy`, under whatever path and with whatever words before it
/// (`exec`, variables). One that is not recognised is found by its marker.
pub(super) fn is_this_program(proxy: &Proxy) -> bool {
    let Proxy::Command(line) = proxy else { return false };
    let words: Vec<&str> =
        line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    words.windows(2).any(|pair| {
        std::path::Path::new(pair[0]).file_name().is_some_and(|name| name == "abide")
            && pair[1] == "proxy"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_line_is_known_and_others_are_left_alone() {
        for ours in [
            "abide proxy 192.0.2.1 22",
            "exec /usr/local/bin/abide proxy -l ann h 22",
            "env A=b '/opt/a b/abide' proxy h 22",
        ] {
            assert!(is_this_program(&Proxy::Command(ours.into())), "{ours}");
        }
        for other in ["nc h 22", "ssh -W h:22 abide", "abide h nc proxy 22"] {
            assert!(!is_this_program(&Proxy::Command(other.into())), "{other}");
        }
        assert!(!is_this_program(&Proxy::Jump("abide".into())));
    }
}
