//! Several tunnels in one TOML file. Words that are not known are refused, as a misspelt limit would
//! otherwise be no limit.

use crate::command::{Words, WordsError};
use crate::supervisor::{Limits, PROBE_EVERY, Tunnel};
use crate::way::{LinkOptions, Way};
use abide_terms::{SpanError, parse_span};
use serde::Deserialize;
use std::ffi::OsString;
use std::time::Duration;

/// A file longer than this is refused, bytes.
pub const MAX_FILE: u64 = 1024 * 1024;

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Not TOML, or a word that means nothing.
    #[error("{0}")]
    Toml(String),
    /// No tunnel in it.
    #[error("there is no [[tunnel]] in it")]
    Empty,
    /// A tunnel's name is no name.
    #[error("`{0}` is no name for a tunnel: letters, digits, `-`, `_` and `.` make one")]
    Name(String),
    /// A span of time.
    #[error("{what} of tunnel `{name}`: {source}")]
    Span {
        /// The tunnel.
        name: String,
        /// Which.
        what: &'static str,
        /// Why not.
        source: SpanError,
    },
    /// ssh's words.
    #[error("tunnel `{name}`: {source}")]
    Words {
        /// The tunnel.
        name: String,
        /// Why not.
        source: WordsError,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[serde(default)]
    tunnel: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Option<String>,
    host: String,
    #[serde(default)]
    local: Vec<String>,
    #[serde(default)]
    remote: Vec<String>,
    #[serde(default)]
    dynamic: Vec<String>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    plain: bool,
    #[serde(default)]
    no_udp: bool,
    udp_ports: Option<String>,
    probe_every: Option<String>,
    max_lifetime: Option<String>,
    max_starts: Option<u32>,
}

/// Reads a file's text. Tunnels of a file never give up by themselves.
///
/// # Errors
/// See [`FileError`].
pub fn read(text: &str) -> Result<Vec<Tunnel>, FileError> {
    let whole: Whole = toml::from_str(text).map_err(|error| FileError::Toml(error.to_string()))?;
    if whole.tunnel.is_empty() {
        return Err(FileError::Empty);
    }
    whole.tunnel.into_iter().map(Entry::into_tunnel).collect()
}

impl Entry {
    fn into_tunnel(self) -> Result<Tunnel, FileError> {
        let name = match self.name {
            Some(name) if is_name(&name) => name,
            Some(name) => return Err(FileError::Name(name)),
            None => name_of(&self.host),
        };
        let mut words: Vec<OsString> = self.flags.into_iter().map(OsString::from).collect();
        for (flag, forwards) in [("-L", self.local), ("-R", self.remote), ("-D", self.dynamic)] {
            words.extend(
                forwards.into_iter().flat_map(|it| [OsString::from(flag), OsString::from(it)]),
            );
        }
        words.push(self.host.into());
        let words = Words::read(&words)
            .map_err(|source| FileError::Words { name: name.clone(), source })?;
        let span = |what, text: Option<String>| {
            let parsed = text.map(|text| parse_span(&text)).transpose();
            parsed.map_err(|source| FileError::Span { name: name.clone(), what, source })
        };
        let probe_every = match self.probe_every.as_deref() {
            Some("off") => None,
            _ => Some(span("probe_every", self.probe_every)?.unwrap_or(PROBE_EVERY)),
        };
        let limits = Limits {
            max_starts: self.max_starts,
            max_lifetime: span("max_lifetime", self.max_lifetime)?,
            probe_every: probe_every.filter(|every| !every.is_zero()).map(at_least_a_second),
            keep_trying: true,
        };
        let way = if self.plain { Way::Plain } else { Way::Link };
        let link = LinkOptions { no_udp: self.no_udp, udp_ports: self.udp_ports };
        Ok(Tunnel { name: name.clone(), words, limits, way, link })
    }
}

fn at_least_a_second(span: Duration) -> Duration {
    span.max(Duration::from_secs(1))
}

/// Whether a tunnel may be called so: names become parts of paths and units.
pub fn is_name(text: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 64 && !text.starts_with(['-', '.']) && text.chars().all(plain)
}

/// A name made of a host.
pub fn name_of(host: &str) -> String {
    let host = host.strip_prefix("ssh://").unwrap_or(host);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let plain = |it: char| if is_name(&format!("a{it}")) { it } else { '-' };
    let name: String = host.chars().take(64).map(plain).collect();
    if is_name(&name) { name } else { "tunnel".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_several_tunnels() {
        let text = r#"
            [[tunnel]]
            name = "db"
            host = "ann@db.example.net"
            local = ["5432:localhost:5432"]
            flags = ["-p", "2222"]
            max_lifetime = "30d"

            [[tunnel]]
            host = "gate"
            remote = ["8022:localhost:22"]
            dynamic = ["1080"]
            probe_every = "off"
            max_starts = 9
            plain = true
        "#;
        let tunnels = read(text).unwrap();
        assert_eq!(tunnels.len(), 2);
        let words = ["-p", "2222", "-L", "5432:localhost:5432", "ann@db.example.net"];
        assert_eq!(tunnels[0].words.as_given(), words);
        assert_eq!(tunnels[0].limits.max_lifetime, Some(Duration::from_secs(30 * 86_400)));
        assert_eq!((tunnels[1].name.as_str(), tunnels[1].limits.probe_every), ("gate", None));
        assert_eq!(tunnels[1].limits.max_starts, Some(9));
        assert!(tunnels[1].limits.keep_trying);
        assert_eq!((tunnels[0].way, tunnels[1].way), (Way::Link, Way::Plain));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |text: &str| read(text).unwrap_err().to_string();
        assert!(wrong("").contains("[[tunnel]]"));
        assert!(wrong("[[tunnel]]\nhost='h'\nmax_live='1d'").contains("max_live"));
        assert!(wrong("[[tunnel]]\nhost='h'\nname='a/b'").contains("a/b"));
        assert!(wrong("[[tunnel]]\nhost='h'\nmax_lifetime='soon'").contains("soon"));
        assert!(wrong("[[tunnel]]\nhost='h'\nflags=['-f']").contains("-f"));
    }

    #[test]
    fn names_come_from_hosts() {
        for (host, name) in
            [("ann@db", "db"), ("ssh://a@h:22", "h-22"), ("::1", "--1"), ("h/x", "h-x")]
        {
            let made = name_of(host);
            assert!(is_name(&made) && (made == name || made == "tunnel"), "{host}: {made}");
        }
    }
}
