//! The monitor port: what `-M` or AUTOSSH_PORT asks for, and the forwards that ssh gets for it.

use super::number;
use std::ffi::{OsStr, OsString};

/// Ports from here on are tried when no port is named; below are those of services.
const FIRST_FREE: u16 = 32_768;
/// The last port that leaves one above it for the way back.
const LAST: u16 = 65_534;
/// Tried when no pair of ports at random is free.
const FALLBACK: u16 = 21_021;
/// So many pairs are tried at random.
const MAX_DRAWS: usize = 42;

/// How the connection is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Monitor {
    /// Not at all.
    Off,
    /// Out on this port, back on the next.
    Loop(u16),
    /// Out and back on this port, through an echo service at the far end.
    Echo(u16, i32),
}

/// A port that cannot be meant, in autossh's words.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Not a number.
    #[error("invalid port \"{0}\"")]
    Invalid(String),
    /// What stands behind the colon is no number, or is 0.
    #[error("invalid echo port  \"{0}\"")]
    InvalidEcho(String),
    /// Beyond what has a port above it.
    #[error("monitor port ({0}) out of range")]
    OutOfRange(i32),
}

impl Monitor {
    /// Reads `port` or `port:echo`.
    pub(super) fn parse(given: &OsStr) -> Result<Self, PortError> {
        let given = given.to_string_lossy();
        let (port, echo) =
            given.split_once(':').map_or((given.as_ref(), None), |(port, echo)| (port, Some(echo)));
        let echo = match echo {
            None => None,
            Some(text) => match number::unsigned(text).map(|number| number as i32) {
                None | Some(0) => return Err(PortError::InvalidEcho(text.to_owned())),
                echo => echo,
            },
        };
        let number = number::unsigned(port).ok_or_else(|| PortError::Invalid(port.to_owned()))?;
        match (number as i32, echo) {
            (0, _) => Ok(Monitor::Off),
            (number, echo) => {
                let port = u16::try_from(number).ok().filter(|port| *port <= LAST);
                let port = port.ok_or(PortError::OutOfRange(number))?;
                Ok(echo.map_or(Monitor::Loop(port), |echo| Monitor::Echo(port, echo)))
            }
        }
    }

    /// The first pair of neighbouring ports that `is_free`, drawn at random.
    pub(super) fn draw(
        mut random: impl FnMut() -> u16,
        is_free: impl Fn(u16) -> bool,
    ) -> Option<Self> {
        let pair = |port: &u16| *port <= LAST && is_free(*port) && is_free(port + 1);
        let draws = std::iter::repeat_with(|| random() | FIRST_FREE).take(MAX_DRAWS);
        draws.chain([FALLBACK]).find(pair).map(Monitor::Loop)
    }

    /// The flags that ssh gets.
    pub(super) fn forwards(self) -> Vec<OsString> {
        let flag = |letter: &str, value: String| [OsString::from(letter), OsString::from(value)];
        match self {
            Monitor::Off => Vec::new(),
            Monitor::Echo(port, echo) => flag("-L", format!("{port}:127.0.0.1:{echo}")).into(),
            Monitor::Loop(port) => {
                let out = flag("-L", format!("{port}:127.0.0.1:{port}"));
                let back = flag("-R", format!("{port}:127.0.0.1:{}", port + 1));
                [out, back].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Monitor, PortError> {
        Monitor::parse(text.as_ref())
    }

    #[test]
    fn ports_are_read_as_c_reads_them() {
        assert_eq!(parse("0"), Ok(Monitor::Off));
        assert_eq!(parse("0:7"), Ok(Monitor::Off));
        assert_eq!(parse("0x10"), Ok(Monitor::Loop(16)));
        assert_eq!(parse("65534"), Ok(Monitor::Loop(65_534)));
        assert_eq!(parse("20000:7"), Ok(Monitor::Echo(20_000, 7)));
        assert_eq!(parse("65535"), Err(PortError::OutOfRange(65_535)));
        assert_eq!(parse("-1"), Err(PortError::OutOfRange(-1)));
        assert_eq!(parse("5000 "), Err(PortError::Invalid("5000 ".into())));
        assert_eq!(parse("5000:"), Err(PortError::InvalidEcho(String::new())));
        assert_eq!(parse("5000:0"), Err(PortError::InvalidEcho("0".into())));
    }

    #[test]
    fn forwards_go_out_and_come_back() {
        assert!(Monitor::Off.forwards().is_empty());
        assert_eq!(Monitor::Echo(9000, 7).forwards(), ["-L", "9000:127.0.0.1:7"]);
        let both = ["-L", "9000:127.0.0.1:9000", "-R", "9000:127.0.0.1:9001"];
        assert_eq!(Monitor::Loop(9000).forwards(), both);
    }

    #[test]
    fn a_free_pair_is_drawn_or_the_fallback_or_none() {
        assert_eq!(Monitor::draw(|| 1, |_| true), Some(Monitor::Loop(32_769)));
        assert_eq!(Monitor::draw(|| 1, |port| port < FIRST_FREE), Some(Monitor::Loop(FALLBACK)));
        assert_eq!(Monitor::draw(|| u16::MAX, |_| false), None);
    }
}
