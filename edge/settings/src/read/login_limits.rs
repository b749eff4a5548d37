//! What ends an idle login besides sshd: the shell's TMOUT and logind's StopIdleSessionSec, off the
//! lines that a report found in their files. Not what they come to.

use abide_timeouts::{Fact, Limit, Origin, Reason};

use super::report::Report;

/// `FILE:LINE:TEXT` of the last line that sets it. A value that is no plain number was not checked:
/// only the shell itself could say what comes of it.
pub(super) fn shell_timeout(report: &Report) -> Fact<Limit> {
    if report.get("tmout-searched").is_none() {
        return Fact::NotChecked(report.missing("the login shell"));
    }
    let Some(found) = report.all("tmout").last() else {
        return match report.get("tmout-unreadable") {
            Some(file) => {
                Fact::NotChecked(Reason::NotPermitted(format!("permission to read {file}")))
            }
            None => {
                let places = "the files of login shells".to_owned();
                Fact::Known(Limit::Off, Origin::Searched(places))
            }
        };
    };
    let value = |text: &str| {
        let after = &text[text.rfind("TMOUT=")? + "TMOUT=".len()..];
        let digits = after.trim_start_matches(['"', '\'']);
        let end = digits.find(|it: char| !it.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok()
    };
    match placed(found) {
        Some((origin, text)) => match value(text) {
            Some(seconds) => Fact::Known(Limit::from_secs(seconds), origin),
            None => Fact::NotChecked(Reason::Unreadable(text.trim().to_owned())),
        },
        None => Fact::NotChecked(Reason::Unreadable(found.to_owned())),
    }
}

/// `FILE:LINE:StopIdleSessionSec=30min` of the last line that sets it.
pub(super) fn stop_idle(report: &Report) -> Fact<Limit> {
    if report.get("logind-absent").is_some() {
        return Fact::Known(Limit::Off, Origin::Searched("a running systemd".to_owned()));
    }
    if report.get("logind-searched").is_none() {
        return Fact::NotChecked(report.missing("logind's files"));
    }
    let Some(found) = report.all("logind").last() else {
        return Fact::Known(Limit::Off, Origin::Searched("logind's files".to_owned()));
    };
    let parsed = placed(found).and_then(|(origin, text)| {
        let (_, value) = text.split_once('=')?;
        Some(Fact::Known(systemd_span(value.trim())?, origin))
    });
    parsed.unwrap_or_else(|| Fact::NotChecked(Reason::Unreadable(found.to_owned())))
}

/// `30min`, `1h 30min`, `900`, `infinity` (systemd.time(7)), as far as people write them.
fn systemd_span(text: &str) -> Option<Limit> {
    if matches!(text, "" | "infinity") {
        return Some(Limit::Off);
    }
    let mut seconds = 0u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|it: char| !it.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "" | "s" | "sec" | "second" | "seconds" => 1,
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hr" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = rest[letters..].trim_start();
    }
    Some(Limit::from_secs(seconds))
}

/// Takes `FILE:LINE:TEXT` apart.
fn placed(found: &str) -> Option<(Origin, &str)> {
    let (path, rest) = found.split_once(':')?;
    let (line, text) = rest.split_once(':')?;
    Some((Origin::File { path: path.to_owned(), line: line.parse().ok()? }, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_limits_are_read_off_their_files() {
        for (line, expected) in [
            ("tmout /etc/profile.d/t.sh:2:declare -xr TMOUT=900", Some(900)),
            ("tmout /etc/profile:9:TMOUT=\"600\"; export TMOUT", Some(600)),
            ("tmout /etc/profile:9:export TMOUT=0", Some(0)),
            ("tmout /etc/profile:9:TMOUT=$LIMIT", None),
        ] {
            let fact = shell_timeout(&Report::of(&["tmout-searched", line]));
            assert_eq!(fact.known().copied(), expected.map(Limit::from_secs), "{line}");
        }
        let unreadable = shell_timeout(&Report::of(&["tmout-searched", "tmout-unreadable /x"]));
        assert!(unreadable.known().is_none());
    }

    #[test]
    fn logind_writes_spans_in_its_own_way() {
        for (text, expected) in [
            ("30min", Some(Limit::from_secs(1_800))),
            ("1h 30min", Some(Limit::from_secs(5_400))),
            ("900", Some(Limit::from_secs(900))),
            ("infinity", Some(Limit::Off)),
            ("1fortnight", None),
        ] {
            assert_eq!(systemd_span(text), expected, "{text}");
        }
        let set =
            stop_idle(&Report::of(&["logind-searched", "logind /x:3:StopIdleSessionSec=15min"]));
        assert_eq!(set.origin().map(ToString::to_string).as_deref(), Some("/x:3"));
    }
}
