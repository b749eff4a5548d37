//! `ChannelTimeout`: its list of patterns, and which of them a channel really meets. OpenSSH
//! compares a pattern with the names its *code* uses, which are not those of its manual page.

use std::time::Duration;

use abide_terms::parse_span;

use crate::Limit;

/// More rules than these in one value are an error here. OpenSSH has no limit of its own.
pub const MAX_CHANNEL_RULES: usize = 64;

/// The names of channels that sshd 10.5 and ssh 10.5 compare patterns with: session.c:1937-1998,
/// channels.c:373-393, serverloop.c:550, clientloop.c:2805-2821.
const NAMES: [&str; 14] = [
    "session:shell",
    "session:command",
    "session:subsystem:sftp",
    "direct-tcpip",
    "direct-streamlocal@openssh.com",
    "forwarded-tcpip",
    "forwarded-streamlocal@openssh.com",
    "x11-connection",
    "agent-connection",
    "tun-connection",
    "tun",
    "dynamic-tcpip",
    "stdio-forward",
    // Names a subsystem that is not sftp, so that a pattern for another one is not called dead.
    "session:subsystem:",
];

/// Not a channel: all of them together (9.7).
const GLOBAL: &str = "global";

/// One `pattern=interval`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRule {
    /// With `*` and `?`.
    pub pattern: String,
    /// How long such a channel may be idle.
    pub limit: Limit,
}

/// The whole value; empty for `none`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelTimeouts {
    /// In the order in which they stand: the first that matches counts.
    pub rules: Vec<ChannelRule>,
}

/// A value that OpenSSH would refuse as well, or one too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// Not `pattern=interval`.
    #[error("`{0}` is not a channel type and an interval like session:*=30m")]
    Malformed(String),
    /// See [`MAX_CHANNEL_RULES`].
    #[error("more than {MAX_CHANNEL_RULES} channel timeouts")]
    TooMany,
}

impl ChannelTimeouts {
    /// Reads a value as it stands in a file, or as `sshd -T` prints it.
    ///
    /// # Errors
    /// See [`ChannelError`].
    pub fn parse(value: &str) -> Result<Self, ChannelError> {
        let mut rules = Vec::new();
        if value.trim().eq_ignore_ascii_case("none") {
            return Ok(ChannelTimeouts::default());
        }
        for word in value.split_whitespace() {
            let malformed = || ChannelError::Malformed(word.to_owned());
            let (pattern, interval) = word.split_once('=').ok_or_else(malformed)?;
            let limit = parse_span(interval).map_err(|_| malformed())?;
            if pattern.is_empty() {
                return Err(malformed());
            }
            if rules.len() == MAX_CHANNEL_RULES {
                return Err(ChannelError::TooMany);
            }
            let limit = Limit::from_secs(limit.as_secs());
            rules.push(ChannelRule { pattern: pattern.to_owned(), limit });
        }
        Ok(ChannelTimeouts { rules })
    }

    /// How long a channel of that name may be idle: the first pattern that matches decides.
    /// `global` is matched by no pattern (channels.c:350).
    pub fn limit_of(&self, name: &str) -> Limit {
        let rule = self.rules.iter().find(|rule| is_match(rule, name));
        rule.map_or(Limit::Off, |rule| rule.limit)
    }

    /// How long all channels together may be idle (9.7).
    pub fn global(&self) -> Limit {
        let rule = self.rules.iter().find(|rule| rule.pattern == GLOBAL);
        rule.map_or(Limit::Off, |rule| rule.limit)
    }

    /// The shortest limit that a session of some kind meets.
    pub fn shortest_of_sessions(&self) -> Option<Duration> {
        let sessions = NAMES.iter().filter(|name| name.starts_with("session:"));
        sessions.filter_map(|name| self.limit_of(name).duration()).min()
    }

    /// Rules that no channel of OpenSSH's ever meets, like the manual page's own `session=5m`.
    pub fn idle_rules(&self) -> impl Iterator<Item = &ChannelRule> {
        self.rules.iter().filter(|rule| {
            rule.pattern != GLOBAL
                && rule.limit != Limit::Off
                && !rule.pattern.starts_with("session:subsystem:")
                && !NAMES.iter().any(|name| is_match(rule, name))
        })
    }
}

fn is_match(rule: &ChannelRule, name: &str) -> bool {
    rule.pattern != GLOBAL && glob(rule.pattern.as_bytes(), name.as_bytes())
}

/// `*` and `?` as match.c has them. Goes back to the last `*` only, so time is bounded by the
/// product of the lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(letter) if *letter == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, t) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> ChannelTimeouts {
        ChannelTimeouts::parse(text).unwrap()
    }

    #[test]
    fn the_manual_pages_own_example_matches_nothing() {
        let named = parsed("session=5m direct-tcpip=1h");
        assert_eq!(named.limit_of("session:shell"), Limit::Off);
        let idle: Vec<&str> = named.idle_rules().map(|rule| rule.pattern.as_str()).collect();
        assert_eq!(idle, ["session"]);
        let right = parsed("session:*=5m");
        assert_eq!(right.limit_of("session:shell"), Limit::from_secs(300));
        assert_eq!(right.idle_rules().count(), 0);
    }

    #[test]
    fn the_first_pattern_that_matches_counts() {
        let value = parsed("session:command=0 session:*=5m global=1h");
        assert_eq!(value.limit_of("session:command"), Limit::Off);
        assert_eq!(value.limit_of("session:shell"), Limit::from_secs(300));
        assert_eq!(value.limit_of("global"), Limit::Off);
        assert_eq!(value.global(), Limit::from_secs(3_600));
        assert_eq!(value.shortest_of_sessions(), Some(Duration::from_secs(300)));
    }

    #[test]
    fn none_and_nonsense() {
        assert_eq!(parsed("none"), ChannelTimeouts::default());
        for text in ["session", "=5m", "session:*=", "a=5x", "a=1.5"] {
            assert!(ChannelTimeouts::parse(text).is_err(), "{text}");
        }
        let many = "a=1 ".repeat(MAX_CHANNEL_RULES + 1);
        assert_eq!(ChannelTimeouts::parse(&many), Err(ChannelError::TooMany));
    }

    #[test]
    fn patterns_match_as_in_openssh() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("s*l", "shell", true),
            ("s*l", "shells", false),
            ("?", "", false),
            ("a?c", "abc", true),
            ("*tcpip", "direct-tcpip", true),
            ("*a*b", "xaxxb", true),
            ("", "", true),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
