//! Judges a Match line of `sshd_config`.

use crate::address;
use crate::client_match::{Verdict, and};
use crate::pattern::{self, Listed};
use crate::text;
use crate::{Release, ServerContext};

/// The word that OpenSSH does not understand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadMatch(pub(crate) String);

/// `Match invalid-user`.
const INVALID_USER: Release = Release { major: 9, minor: 9 };
/// `Match version`.
const VERSION: Release = Release { major: 10, minor: 0 };

/// Judges a line for a connection; without one only its syntax is checked, and `all` alone applies.
pub(crate) fn judge(
    condition: &[u8],
    connection: Option<&ServerContext>,
    release: Release,
) -> Result<Verdict, BadMatch> {
    let mut rest = Some(condition);
    let mut verdict = Verdict::Yes;
    let mut criteria = 0;
    while let Some(word) = text::next_token(&mut rest).filter(|word| !word.is_empty()) {
        if word.starts_with('#') {
            rest = None;
            break;
        }
        let name = word.to_ascii_lowercase();
        criteria += 1;
        if name == "all" {
            let next = text::next_token(&mut rest).filter(|next| !next.is_empty());
            let ends = next.as_ref().is_none_or(|next| next.starts_with('#'));
            return if criteria == 1 && ends { Ok(Verdict::Yes) } else { Err(BadMatch(word)) };
        }
        if name == "invalid-user" && release >= INVALID_USER {
            verdict = and(verdict, Verdict::NotChecked(name));
            continue;
        }
        let wanted = text::next_token(&mut rest)
            .filter(|word| !word.is_empty() && !word.starts_with('#'))
            .ok_or(BadMatch(word))?;
        verdict = and(verdict, criterion(&name, &wanted, connection, release)?);
    }
    match rest {
        _ if criteria == 0 => Err(BadMatch(String::from_utf8_lossy(condition).into_owned())),
        Some(rest) if !rest.is_empty() => Err(BadMatch(String::from_utf8_lossy(rest).into_owned())),
        _ => Ok(verdict),
    }
}

fn criterion(
    name: &str,
    wanted: &str,
    connection: Option<&ServerContext>,
    release: Release,
) -> Result<Verdict, BadMatch> {
    let text = |field: fn(&ServerContext) -> &Option<String>| {
        connection.and_then(|connection| field(connection).as_deref())
    };
    let listed = |name: Option<&str>| {
        yes_or_no(name.is_some_and(|name| pattern::in_list(name, wanted) == Listed::Yes))
    };
    let address = |field: fn(&ServerContext) -> Option<std::net::IpAddr>| {
        let known = connection.and_then(field);
        let listed = address::in_list(known, wanted);
        listed.map(|listed| yes_or_no(listed == Listed::Yes))
    };
    let bad = |address::BadList| BadMatch(wanted.to_owned());
    match name {
        "user" => Ok(listed(text(|connection| &connection.user))),
        "rdomain" => Ok(listed(text(|connection| &connection.rdomain))),
        "host" => {
            let host = text(|connection| &connection.host);
            let found = host.map(|host| pattern::host_in_list(host, wanted));
            Ok(yes_or_no(found == Some(Listed::Yes)))
        }
        "group" => Ok(connection.map_or(Verdict::No, |connection| group(connection, wanted))),
        "address" => address(|connection| connection.address).map_err(bad),
        "localaddress" => address(|connection| connection.local_address).map_err(bad),
        "localport" => {
            let port = crate::time::count(wanted).filter(|port| *port <= 65_535);
            let port = port.ok_or_else(|| BadMatch(wanted.to_owned()))?;
            let known = connection.and_then(|connection| connection.local_port);
            Ok(yes_or_no(known.is_some_and(|known| i64::from(known) == port)))
        }
        "version" if release >= VERSION => Ok(Verdict::NotChecked(format!("version {wanted}"))),
        _ => Err(BadMatch(name.to_owned())),
    }
}

/// A negated group that the user is in vetoes the list, whichever group matched before.
fn group(connection: &ServerContext, wanted: &str) -> Verdict {
    match (&connection.user, &connection.groups) {
        (None, _) => Verdict::No,
        (Some(_), None) => Verdict::NotChecked(format!("group {wanted}")),
        (Some(_), Some(groups)) => {
            let found = groups.iter().map(|group| pattern::in_list(group, wanted));
            let found: Vec<Listed> = found.collect();
            yes_or_no(found.contains(&Listed::Yes) && !found.contains(&Listed::Negated))
        }
    }
}

fn yes_or_no(holds: bool) -> Verdict {
    if holds { Verdict::Yes } else { Verdict::No }
}
