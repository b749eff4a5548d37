//! `ProxyJump`: a list of hops, of which the last is taken apart.

use crate::time;

/// `ProxyJump` as `ssh -G` prints it: the last hop taken apart and put together, the others as they
/// are. Everything from the first white space or `#` on is dropped.
pub(crate) fn read(rest: &str) -> Option<String> {
    let rest = rest.trim_start_matches([' ', '\t', '\r', '\n', '=']);
    if rest.eq_ignore_ascii_case("none") {
        return Some("none".to_owned());
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let rest = rest.split_ascii_whitespace().next().unwrap_or_default();
    let (before, last) = match rest.rsplit_once(',') {
        Some((before, last)) => (Some(before), last),
        None => (None, rest),
    };
    if before.is_some_and(|before| before.split(',').any(|hop| hop_parts(hop).is_none())) {
        return None;
    }
    let (user, host, port) = hop_parts(last)?;
    let numeric =
        host.contains(':') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let mut printed = before.map_or_else(String::new, |before| format!("{before},"));
    if let Some(user) = user {
        printed.push_str(&format!("{user}@"));
    }
    printed.push_str(&if numeric { format!("[{host}]") } else { host });
    if let Some(port) = port {
        printed.push_str(&format!(":{port}"));
    }
    Some(printed)
}

type Hop = (Option<String>, String, Option<i64>);

fn hop_parts(hop: &str) -> Option<Hop> {
    let hop = hop.strip_prefix("ssh://").map_or(hop, |hop| hop.trim_end_matches('/'));
    let (user, place) = match hop.rsplit_once('@') {
        Some(("", _)) => return None,
        Some((user, place)) => (Some(user.to_owned()), place),
        None => (None, hop),
    };
    let (host, port) = match place.strip_prefix('[') {
        Some(inner) => {
            let (host, after) = inner.split_once(']')?;
            (host, after.strip_prefix(':').or_else(|| after.is_empty().then_some(""))?)
        }
        None => place.split_once(':').unwrap_or((place, "")),
    };
    let port = match port {
        "" => None,
        port => Some(time::count(port).filter(|port| (1..=65_535).contains(port))?),
    };
    (!host.is_empty() && !host.contains('/')).then(|| (user, host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops() {
        assert_eq!(read("a,[::1]:23"), Some("a,[::1]:23".to_owned()));
        assert_eq!(read("ssh://u@h:9"), Some("u@h:9".to_owned()));
        assert_eq!(read("NONE"), Some("none".to_owned()));
        assert_eq!(read("a,@b"), None);
        assert_eq!(read("a:0"), None);
    }
}
