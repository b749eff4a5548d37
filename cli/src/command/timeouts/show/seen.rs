//! Everything that `show` speaks of: what was read, and what is wrong with it.

use abide_settings::read::{ClientRead, Differs, ServerRead};
use abide_timeouts::{Finding, Problem, Remedy, Setup, Severity, Shadowed, advise};

use super::super::gather::{Gathered, gather};
use super::super::request::Look;
use crate::complaint::Complaint;
use crate::print;

/// Everything that was seen.
#[derive(Debug)]
pub(super) struct Seen {
    /// The host as the person wrote it, or this machine's name.
    pub(super) name: String,
    /// Both ends.
    pub(super) setup: Setup,
    /// About ssh's end, if it was looked at.
    pub(super) client: Option<Client>,
    /// About the server's end, if it was looked at.
    pub(super) server: Option<Server>,
    /// What is wrong, worst first.
    pub(super) findings: Vec<Finding>,
}

/// About ssh's end.
#[derive(Debug)]
pub(super) struct Client {
    /// Where ssh connects to: name and port.
    pub(super) address: String,
}

/// About the server's end.
#[derive(Debug)]
pub(super) struct Server {
    /// Why `sshd -T` told nothing, if so.
    pub(super) refused: Option<String>,
    /// It refuses its configuration.
    pub(super) refuses: bool,
}

/// Looks.
pub(super) fn look(look: &Look) -> Result<Seen, Complaint> {
    let Gathered { name, client, server, setup } = gather(look, announce)?;
    let findings = findings(&setup, client.as_ref(), server.as_ref());
    let address = |it: &ClientRead| format!("{} port {}", it.hostname, it.port);
    Ok(Seen {
        name,
        setup,
        client: client.map(|it| Client { address: address(&it) }),
        server: server.map(|it| Server { refused: it.refused, refuses: it.refuses.is_some() }),
        findings,
    })
}

/// Says why there is nothing to see yet.
fn announce(host: &str) {
    if print::stderr_is_terminal() {
        print::note(format_args!("abide: looking at {host} over ssh (--local leaves it out)"));
    }
}

fn findings(
    setup: &Setup,
    client: Option<&ClientRead>,
    server: Option<&ServerRead>,
) -> Vec<Finding> {
    let mut shadowed: Vec<Shadowed> = Vec::new();
    let mut differs: Vec<Differs> = Vec::new();
    if let Some(client) = client {
        shadowed.extend(client.shadowed.iter().cloned());
        differs.extend(client.differs.iter().cloned());
    }
    if let Some(server) = server {
        shadowed.extend(server.shadowed.iter().cloned());
        differs.extend(server.differs.iter().cloned());
    }
    let mut found = advise(setup, &shadowed);
    found.extend(differs.into_iter().map(|it| Finding {
        severity: Severity::Note,
        problem: Problem::ResolverDiffers {
            side: it.side,
            keyword: it.keyword,
            ours: it.ours,
            theirs: it.theirs,
        },
        evidence: Vec::new(),
        remedy: Remedy::None,
    }));
    found.extend(server.and_then(|it| it.refuses.clone()).map(|said| Finding {
        severity: Severity::Wrong,
        problem: Problem::ConfigurationRefused { said },
        evidence: Vec::new(),
        remedy: Remedy::None,
    }));
    found.extend(server.iter().flat_map(|it| &it.not_reloaded).map(|file| Finding {
        severity: Severity::Risk,
        problem: Problem::NotReloaded { file: file.clone() },
        evidence: Vec::new(),
        remedy: Remedy::Reload,
    }));
    found.sort_by_key(|finding| (finding.severity, finding.code()));
    found
}
