//! ssh's messages, by what they say. One function for each kind of message; their order in
//! `deepest_cause` is from causes to consequences, as ssh often prints both.

use super::SshEnding;

type Reader = fn(&[&str]) -> Option<SshEnding>;

/// Causes first: a refused jump host is followed by a closed connection.
const READERS: &[Reader] = &[
    host_key,
    bad_settings,
    permission,
    unknown_host,
    proxy,
    connect,
    kex,
    timeout,
    reset,
    closed,
    proxy_gone,
];

pub(super) fn deepest_cause(lines: &[&str]) -> Option<SshEnding> {
    READERS.iter().find_map(|reader| reader(lines))
}

/// The first line for which `reader` finds something.
fn first<T>(lines: &[&str], reader: impl Fn(&str) -> Option<T>) -> Option<T> {
    lines.iter().find_map(|line| reader(line))
}

/// The first line with one of the texts.
fn with<'a>(lines: &[&'a str], texts: &[&str]) -> Option<&'a str> {
    lines.iter().copied().find(|line| texts.iter().any(|text| line.contains(text)))
}

fn host_key(lines: &[&str]) -> Option<SshEnding> {
    // With StrictHostKeyChecking=no ssh warns and goes on: the warning alone decides nothing.
    with(lines, &["Host key verification failed."])?;
    let changed = ["HOST IDENTIFICATION HAS CHANGED", "REVOKED HOST KEY", "SPOOFING DETECTED"];
    if with(lines, &changed).is_none() {
        return Some(SshEnding::HostKeyUnknown);
    }
    let known_at = first(lines, |line| {
        let (_, place) = line.split_once(" key in ")?;
        line.starts_with("Offending").then(|| place.to_owned())
    });
    let name = first(lines, |line| {
        let (_, tail) = line.split_once("ost key for ")?;
        tail.split_once(" has changed and you have requested").map(|(name, _)| name.to_owned())
    });
    Some(SshEnding::HostKeyChanged { name, known_at })
}

fn bad_settings(lines: &[&str]) -> Option<SshEnding> {
    let texts = ["Bad configuration option", "bad configuration options", "usage: ssh "];
    let starts = ["command-line line ", "command-line: line ", "Bad port '", "Bad owner or "];
    let line = with(lines, &texts).or_else(|| {
        lines.iter().copied().find(|line| starts.iter().any(|s| line.starts_with(s)))
    })?;
    Some(SshEnding::BadSettings { reason: line.to_owned() })
}

fn permission(lines: &[&str]) -> Option<SshEnding> {
    if with(lines, &["Too many authentication failures"]).is_some() {
        return Some(SshEnding::PermissionDenied { methods: Vec::new() });
    }
    first(lines, |line| {
        let (_, methods) = line.split_once(": Permission denied (")?;
        let methods = methods.strip_suffix(").")?.split(',').map(str::to_owned).collect();
        Some(SshEnding::PermissionDenied { methods })
    })
}

fn unknown_host(lines: &[&str]) -> Option<SshEnding> {
    first(lines, |line| {
        let tail = line.strip_prefix("ssh: Could not resolve hostname ")?;
        let (host, reason) = tail.split_once(": ").unwrap_or((tail, ""));
        let temporary = reason.contains("Temporary failure") || reason.contains("System error");
        Some(SshEnding::UnknownHost { host: host.to_owned(), temporary })
    })
}

/// `ssh: connect to host H port P: reason`. Of several addresses each has its line; the last
/// one that is not a mere lack of an address family counts.
fn connect(lines: &[&str]) -> Option<SshEnding> {
    let read = |line: &&str| {
        let (host, tail) = line.strip_prefix("ssh: connect to host ")?.split_once(" port ")?;
        let (port, reason) = tail.split_once(": ")?;
        let host = host.to_owned();
        Some(match reason {
            "Connection refused" => SshEnding::Refused { host, port: port.parse().ok()? },
            "Connection timed out" | "Operation timed out" => SshEnding::TimedOut { host },
            "Connection reset by peer" => SshEnding::ConnectionReset,
            other => SshEnding::Unreachable { host, reason: other.to_owned() },
        })
    };
    let found: Vec<SshEnding> = lines.iter().filter_map(read).collect();
    let lacking = |it: &&SshEnding| matches!(it, SshEnding::Unreachable { .. });
    found.iter().rev().find(|it| !lacking(it)).or(found.last()).cloned()
}

fn proxy(lines: &[&str]) -> Option<SshEnding> {
    let texts = ["stdio forwarding failed", "Stdio forwarding request failed"];
    let reason = with(lines, &["open failed: "]).or_else(|| with(lines, &texts))?;
    with(lines, &texts)?;
    Some(SshEnding::ProxyFailed { reason: reason.to_owned() })
}

/// A proxy command that ended by itself: ssh knows no address then.
fn proxy_gone(lines: &[&str]) -> Option<SshEnding> {
    let line = with(lines, &["by UNKNOWN port 65535", "ProxyCommand"])?;
    let told = |it: &&str| !it.contains("UNKNOWN port") && !is_hang_up(it) && !is_advice(it);
    let told = lines.iter().rev().copied().find(told).unwrap_or(line);
    // Of a complaint of ours the evidence is what counts.
    let reason = told.strip_prefix("because: ").unwrap_or(told).to_owned();
    Some(SshEnding::ProxyFailed { reason })
}

/// The line of our own complaints that is for a person: a proxy may be `abide proxy`.
fn is_advice(line: &str) -> bool {
    line.starts_with("try: ")
}

fn kex(lines: &[&str]) -> Option<SshEnding> {
    let texts = ["no matching ", "Unable to negotiate", "message authentication code incorrect"];
    let line = with(lines, &texts)?;
    Some(SshEnding::KexFailed { reason: line.to_owned() })
}

fn timeout(lines: &[&str]) -> Option<SshEnding> {
    if with(lines, &["timed out during banner exchange"]).is_some() {
        return Some(SshEnding::BannerTimeout);
    }
    first(lines, |line| {
        let host = if let Some(tail) = line.strip_prefix("Timeout, server ") {
            tail.strip_suffix(" not responding.")?
        } else if line.ends_with("timed out") || line.ends_with("timed out.") {
            let (_, tail) = line.split_once("Connection to ").or(line.split_once("host "))?;
            tail.split([' ', ':']).next()?
        } else {
            return None;
        };
        Some(SshEnding::TimedOut { host: host.to_owned() })
    })
}

fn reset(lines: &[&str]) -> Option<SshEnding> {
    with(lines, &["Connection reset by ", "Broken pipe"])
        .filter(|line| !line.contains("UNKNOWN port 65535"))
        .map(|_| SshEnding::ConnectionReset)
}

fn closed(lines: &[&str]) -> Option<SshEnding> {
    if with(lines, &["UNKNOWN port 65535"]).is_some() {
        return None;
    }
    lines.iter().any(|line| is_hang_up(line)).then_some(SshEnding::ConnectionClosed)
}

fn is_hang_up(line: &str) -> bool {
    let texts = ["Connection closed by ", "closed by remote host", "Received disconnect from "];
    texts.iter().any(|text| line.contains(text))
        || line.starts_with("Disconnected from ")
        || (line.starts_with("Connection to ") && line.ends_with(" closed."))
}
