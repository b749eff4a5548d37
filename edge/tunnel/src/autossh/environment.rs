//! What autossh's AUTOSSH_* variables say. Not the command line, and nothing is opened here.

use super::number;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

/// ssh, when AUTOSSH_PATH names no other (as Debian builds autossh).
const SSH: &str = "/usr/bin/ssh";
/// Seconds between two tests of the connection, unless said otherwise.
const POLL: i32 = 600;
/// Seconds that a first ssh must live, unless said otherwise.
const GATE: u64 = 30;
/// AUTOSSH_MESSAGE may have this many bytes; longer ones are refused.
const MAX_MESSAGE: usize = 64;
/// No limit lasts longer: about 3,000 years in seconds, which every clock here can add.
const MAX_SECONDS: u64 = 100_000_000_000;

/// syslog's severities, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Only ever a threshold: nothing here is graver than an error.
    Emergency,
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    Info,
    Debug,
}

const LEVELS: [Level; 8] = [
    Level::Emergency,
    Level::Alert,
    Level::Critical,
    Level::Error,
    Level::Warning,
    Level::Notice,
    Level::Info,
    Level::Debug,
];

/// Where words go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogSettings {
    /// What is less grave is left out.
    pub(super) level: Level,
    /// AUTOSSH_DEBUG: to stderr as well.
    pub(super) to_stderr: bool,
    /// AUTOSSH_LOGFILE: there instead of syslog and stderr.
    pub(super) file: Option<PathBuf>,
}

/// When to test, to give up and to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Between two tests.
    pub(super) poll: Duration,
    /// From the start of an ssh to its first test.
    pub(super) first_poll: Duration,
    /// A first ssh that exits within it ends all; `None`: restarted like any other.
    pub(super) gate: Option<Duration>,
    /// So many starts at most.
    pub(super) max_start: Option<u32>,
    /// All ends after it.
    pub(super) lifetime: Option<Duration>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) ssh: OsString,
    pub(super) log: LogSettings,
    pub(super) limits: Limits,
    /// Sent with each test.
    pub(super) message: OsString,
    /// AUTOSSH_PORT, unless empty.
    pub(super) port: Option<OsString>,
    pub(super) pid_file: Option<PathBuf>,
}

/// A variable that says nothing that can be meant, in autossh's words.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// Not a number, or not one that fits.
    #[error("invalid {what} \"{value}\"")]
    Invalid {
        /// What it sets.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// AUTOSSH_MESSAGE is too long.
    #[error("echo message may only be {MAX_MESSAGE} bytes long")]
    MessageTooLong,
}

impl Settings {
    /// Reads them through `variable`.
    pub(super) fn read(
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, EnvironmentError> {
        let nonempty = |name: &str| variable(name).filter(|value| !value.is_empty());
        let log = log_settings(variable)?;
        let poll = poll(variable, "AUTOSSH_POLL", "poll time")?.unwrap_or(POLL);
        let first = poll_first(variable)?.unwrap_or(poll);
        let gate = gate(variable)?;
        let max_start = max_start(variable)?;
        let message = variable("AUTOSSH_MESSAGE").unwrap_or_default();
        if message.len() > MAX_MESSAGE {
            return Err(EnvironmentError::MessageTooLong);
        }
        let lifetime = lifetime(variable)?;
        let seconds = |count: i32| Duration::from_secs(u64::from(count.unsigned_abs()));
        let within = |span: Duration| lifetime.map_or(span, |lifetime| span.min(lifetime));
        Ok(Settings {
            ssh: variable("AUTOSSH_PATH").unwrap_or_else(|| SSH.into()),
            log,
            limits: Limits {
                poll: within(seconds(poll)),
                first_poll: within(seconds(first)),
                gate,
                max_start,
                lifetime,
            },
            message,
            port: nonempty("AUTOSSH_PORT"),
            pid_file: nonempty("AUTOSSH_PIDFILE").map(PathBuf::from),
        })
    }
}

fn invalid(what: &'static str, value: &OsStr) -> EnvironmentError {
    EnvironmentError::Invalid { what, value: value.to_string_lossy().into_owned() }
}

fn text(value: &OsStr) -> &str {
    // What is not UTF-8 is no number either.
    std::str::from_utf8(value.as_bytes()).unwrap_or("?")
}

fn log_settings(
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<LogSettings, EnvironmentError> {
    let debug = variable("AUTOSSH_DEBUG").is_some();
    let level = match variable("AUTOSSH_LOGLEVEL") {
        _ if debug => Level::Debug,
        None => Level::Info,
        Some(value) => number::unsigned(text(&value))
            .and_then(|number| LEVELS.get(usize::try_from(number as i32).ok()?).copied())
            .ok_or_else(|| invalid("log level", &value))?,
    };
    let file = variable("AUTOSSH_LOGFILE").map(PathBuf::from);
    Ok(LogSettings { level, to_stderr: debug, file })
}

/// C's `int` made of an `unsigned long`; zero is refused and a negative one means the default.
fn poll(
    variable: &dyn Fn(&str) -> Option<OsString>,
    name: &str,
    what: &'static str,
) -> Result<Option<i32>, EnvironmentError> {
    let Some(value) = variable(name) else { return Ok(None) };
    match number::unsigned(text(&value)).map(|number| number as i32) {
        None | Some(0) => Err(invalid(what, &value)),
        Some(number) if number < 0 => Ok(Some(POLL)),
        number => Ok(number),
    }
}

fn poll_first(
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Option<i32>, EnvironmentError> {
    poll(variable, "AUTOSSH_FIRST_POLL", "first poll time")
}

fn gate(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Option<Duration>, EnvironmentError> {
    let seconds = match variable("AUTOSSH_GATETIME") {
        None => GATE,
        Some(value) => number::signed(text(&value))
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| invalid("gate time", &value))?,
    };
    Ok(Some(Duration::from_secs(seconds.min(MAX_SECONDS))).filter(|gate| !gate.is_zero()))
}

fn max_start(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Option<u32>, EnvironmentError> {
    let Some(value) = variable("AUTOSSH_MAXSTART") else { return Ok(None) };
    match number::signed(text(&value)).map(|number| number as i32) {
        Some(-1) => Ok(None),
        Some(number) if number >= 0 => Ok(Some(number.unsigned_abs())),
        _ => Err(invalid("max start number", &value)),
    }
}

fn lifetime(
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Option<Duration>, EnvironmentError> {
    let Some(value) = variable("AUTOSSH_MAXLIFETIME") else { return Ok(None) };
    let seconds = number::unsigned(text(&value)).ok_or_else(|| invalid("max lifetime", &value))?;
    Ok(Some(Duration::from_secs(seconds.min(MAX_SECONDS))).filter(|span| !span.is_zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Settings, EnvironmentError> {
        let find = |name: &str| set.iter().find(|(known, _)| *known == name);
        Settings::read(&|name| find(name).map(|(_, value)| value.into()))
    }

    #[test]
    fn nothing_set_means_the_defaults() {
        let settings = read(&[("AUTOSSH_PORT", ""), ("AUTOSSH_PIDFILE", "")]).unwrap();
        assert_eq!(
            (settings.ssh.to_str(), settings.port, settings.pid_file),
            (Some(SSH), None, None)
        );
        let limits = settings.limits;
        assert_eq!((limits.poll.as_secs(), limits.first_poll.as_secs()), (600, 600));
        assert_eq!(limits.gate, Some(Duration::from_secs(30)));
        assert_eq!((limits.max_start, limits.lifetime), (None, None));
    }

    #[test]
    fn a_lifetime_shortens_both_polls_and_a_poll_sets_the_first() {
        let set = [("AUTOSSH_POLL", "50"), ("AUTOSSH_MAXLIFETIME", "0x14")];
        let limits = read(&set).unwrap().limits;
        assert_eq!((limits.poll.as_secs(), limits.first_poll.as_secs()), (20, 20));
        let limits = read(&[("AUTOSSH_POLL", "50")]).unwrap().limits;
        assert_eq!(limits.first_poll.as_secs(), 50);
    }

    #[test]
    fn debug_beats_a_level_and_even_a_wrong_one() {
        let log = read(&[("AUTOSSH_DEBUG", ""), ("AUTOSSH_LOGLEVEL", "9")]).unwrap().log;
        assert_eq!((log.level, log.to_stderr), (Level::Debug, true));
        assert_eq!(read(&[("AUTOSSH_LOGLEVEL", "3")]).unwrap().log.level, Level::Error);
    }

    #[test]
    fn wrong_values_are_refused_with_their_name() {
        for (name, value, what) in [
            ("AUTOSSH_POLL", "0", "poll time"),
            ("AUTOSSH_POLL", "", "poll time"),
            ("AUTOSSH_FIRST_POLL", "1x", "first poll time"),
            ("AUTOSSH_GATETIME", "-1", "gate time"),
            ("AUTOSSH_MAXSTART", "-2", "max start number"),
            ("AUTOSSH_MAXLIFETIME", "", "max lifetime"),
            ("AUTOSSH_LOGLEVEL", "8", "log level"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!(error, EnvironmentError::Invalid { what, value: value.into() });
        }
        let long = "x".repeat(65);
        assert_eq!(read(&[("AUTOSSH_MESSAGE", &long)]), Err(EnvironmentError::MessageTooLong));
    }
}
