//! `--what-if KEYWORD=VALUE`: a setting that is only asked about, put into a setup.

use std::time::Duration;

use abide_terms::parse_span;
use abide_timeouts::{ChannelTimeouts, Fact, Limit, Setup, Switch};

use crate::complaint::Complaint;
use crate::exit::Exit;

/// OpenSSH keeps times and counts in an int: readconf.c, servconf.c, misc.c convtime.
const MAX: u64 = i32::MAX as u64;

/// More than these are refused: there are not so many keywords.
const MAX_CHANGES: usize = 32;

/// What can be asked about.
const KEYWORDS: [&str; 10] = [
    "ServerAliveInterval",
    "ServerAliveCountMax",
    "ClientAliveInterval",
    "ClientAliveCountMax",
    "TCPKeepAlive",
    "ChannelTimeout",
    "UnusedConnectionTimeout",
    "ConnectTimeout",
    "TMOUT",
    "StopIdleSessionSec",
];

/// The setup with the changes; `None` if there are none.
pub(super) fn apply(setup: &Setup, changes: &[String]) -> Result<Option<Setup>, Complaint> {
    if changes.len() > MAX_CHANGES {
        return Err(wrong(format!("{} changes at once are too many", changes.len())));
    }
    let mut changed = setup.clone();
    for change in changes {
        let (keyword, value) = change
            .split_once('=')
            .ok_or_else(|| wrong(format!("`{change}` is not of the form KEYWORD=VALUE")))?;
        apply_one(&mut changed, keyword.trim(), value.trim())?;
    }
    Ok((!changes.is_empty()).then_some(changed))
}

fn apply_one(setup: &mut Setup, keyword: &str, value: &str) -> Result<(), Complaint> {
    let known = KEYWORDS.into_iter().find(|name| name.eq_ignore_ascii_case(keyword));
    match known {
        Some("ServerAliveInterval") => setup.client.alive.interval = limit(keyword, value)?,
        Some("ServerAliveCountMax") => setup.client.alive.count = count(keyword, value)?,
        Some("ClientAliveInterval") => setup.server.alive.interval = limit(keyword, value)?,
        Some("ClientAliveCountMax") => setup.server.alive.count = count(keyword, value)?,
        Some("TCPKeepAlive") => {
            setup.client.tcp_keep_alive = switch(keyword, value)?;
            setup.server.tcp_keep_alive = switch(keyword, value)?;
        }
        Some("ChannelTimeout") => setup.server.channel_timeout = channels(keyword, value)?,
        Some("UnusedConnectionTimeout") => {
            setup.server.unused_connection = limit(keyword, value)?;
        }
        Some("ConnectTimeout") => setup.client.connect_timeout = limit(keyword, value)?,
        Some("TMOUT") => setup.server.shell_timeout = limit(keyword, value)?,
        Some("StopIdleSessionSec") => setup.server.stop_idle = limit(keyword, value)?,
        _ => {
            return Err(wrong(format!("`{keyword}` is not a timeout that can be asked about"))
                .because(format!("these can: {}", KEYWORDS.join(", "))));
        }
    }
    Ok(())
}

fn limit(keyword: &str, value: &str) -> Result<Fact<Limit>, Complaint> {
    if ["none", "infinity", "off"].iter().any(|off| value.eq_ignore_ascii_case(off)) {
        return Ok(Fact::stated(Limit::Off));
    }
    let span = parse_span(value).map_err(|error| {
        wrong(format!("{keyword} cannot be `{value}`")).because(error.to_string())
    })?;
    in_range(keyword, value, span.as_secs())?;
    Ok(Fact::stated(match span {
        Duration::ZERO => Limit::Off,
        span => Limit::After(span),
    }))
}

fn count(keyword: &str, value: &str) -> Result<Fact<u32>, Complaint> {
    let number: u64 = value.parse().map_err(|_| {
        wrong(format!("{keyword} cannot be `{value}`")).because("it is a number of questions")
    })?;
    in_range(keyword, value, number)?;
    u32::try_from(number).map(Fact::stated).map_err(|_| too_large(keyword, value))
}

fn switch(keyword: &str, value: &str) -> Result<Fact<Switch>, Complaint> {
    match value.to_ascii_lowercase().as_str() {
        "yes" => Ok(Fact::stated(Switch::On)),
        "no" => Ok(Fact::stated(Switch::Off)),
        _ => Err(wrong(format!("{keyword} cannot be `{value}`")).because("it is yes or no")),
    }
}

fn channels(keyword: &str, value: &str) -> Result<Fact<ChannelTimeouts>, Complaint> {
    ChannelTimeouts::parse(value)
        .map(Fact::stated)
        .map_err(|error| wrong(format!("{keyword} cannot be `{value}`")).because(error.to_string()))
}

fn in_range(keyword: &str, value: &str, number: u64) -> Result<(), Complaint> {
    if number > MAX { Err(too_large(keyword, value)) } else { Ok(()) }
}

fn too_large(keyword: &str, value: &str) -> Complaint {
    wrong(format!("{keyword} cannot be `{value}`"))
        .because(format!("OpenSSH takes at most {MAX} there"))
}

fn wrong(error: String) -> Complaint {
    Complaint::new(error)
        .try_this("abide timeouts chart HOST --what-if ServerAliveInterval=30")
        .exit(Exit::USAGE)
}

#[cfg(test)]
mod tests {
    use abide_timeouts::{Probing, Version};

    use super::*;

    fn changed(changes: &[&str]) -> Result<Option<Setup>, Complaint> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        apply(&Setup::stock(Version::new(9, 6), Version::new(9, 6)), &changes)
    }

    #[test]
    fn changes_are_made_in_order_whatever_their_case() {
        let setup = changed(&["clientaliveinterval=10m", "ClientAliveCountMax = 2", "TMOUT=0"]);
        let setup = setup.expect("all are known").expect("there are changes");
        assert_eq!(setup.server.alive, Probing::stated(600, 2));
        assert_eq!(setup.server.shell_timeout, Fact::stated(Limit::Off));
        assert_eq!(changed(&[]), Ok(None));
    }

    #[test]
    fn what_openssh_would_refuse_is_refused() {
        for change in [
            "ServerAliveInterval",
            "ServerAliveInterval=soon",
            "ServerAliveInterval=-1",
            "ServerAliveInterval=2147483648",
            "ServerAliveCountMax=3s",
            "ServerAliveCountMax=99999999999999999999",
            "TCPKeepAlive=maybe",
            "ChannelTimeout=session",
            "Port=22",
            "=",
        ] {
            let refused = changed(&[change]).expect_err(change);
            assert_eq!(refused.clone().exit(Exit::USAGE), refused, "{change}");
        }
        let many = vec!["TMOUT=1"; MAX_CHANGES + 1];
        assert!(changed(&many).is_err());
    }
}
