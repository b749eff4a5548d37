//! What follows `abide timeouts set`: our options wherever they stand, ssh's flags, a host, settings.

use std::ffi::OsString;

use abide_openssh::{CommandLine, FlagError, Invocation, parse};
use abide_settings::Intention;
use clap::{ArgAction, Args as _, FromArgMatches};

use super::super::verb::Verb;
use super::options::{Args, Options};
use crate::complaint::Complaint;

/// As its usage errors speak of it.
const VERB: Verb = Verb { name: "set", try_this: "abide timeouts set --help" };

/// Stands for the host where none is given: no name of one.
const NO_HOST: &str = " ";

/// What is asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) options: Options,
    /// ssh's flags.
    pub(super) flags: Vec<OsString>,
    /// The same and the host; none where all or a pattern is meant, or this machine's sshd.
    pub(super) host: Option<Box<Invocation>>,
    pub(super) intentions: Vec<Intention>,
}

/// Reads it.
pub(super) fn read(args: &Args) -> Result<Asked, Complaint> {
    let (ours, theirs) = sort(&args.words)?;
    let mut options = again(ours)?.or(args.options.clone());
    if !options.on_server {
        options.make_absolute()?;
    }
    let mut place = place_and_settings(&theirs)?;
    make_absolute(&mut place.flags)?;
    if let Some(host) = &mut place.host {
        make_absolute(&mut host.passed)?;
    }
    let mut intentions = intentions(&options);
    for setting in place.settings {
        intentions.push(keyword(&setting)?);
    }
    if intentions.is_empty() {
        return Err(usage("nothing to set is given")
            .try_this("abide timeouts set HOST --keepalive 30s, or HOST ServerAliveInterval=30"));
    }
    if options.server && options.on_server {
        return Err(usage("--server is this machine's sshd, --on-server another's"));
    }
    Ok(Asked { options, flags: place.flags, host: place.host, intentions })
}

/// Our options among ssh's flags, which has no long ones.
fn sort(words: &[OsString]) -> Result<(Vec<OsString>, Vec<OsString>), Complaint> {
    let known = Options::augment_args(clap::Command::new("set"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        let Some(long) = text.strip_prefix("--").filter(|long| !long.is_empty()) else {
            theirs.push(word.clone());
            continue;
        };
        let name = long.split('=').next().unwrap_or_default();
        let found = known.get_arguments().find(|it| it.get_long() == Some(name));
        let unknown = || usage(format!("`--{name}` is not an option of abide timeouts set's"));
        let takes_value = matches!(found.ok_or_else(unknown)?.get_action(), ArgAction::Set);
        ours.push(word.clone());
        if takes_value && !long.contains('=') {
            ours.extend(words.next().cloned());
        }
    }
    Ok((ours, theirs))
}

fn again(ours: Vec<OsString>) -> Result<Options, Complaint> {
    let command = Options::augment_args(clap::Command::new("set").no_binary_name(true));
    let parsed = command.try_get_matches_from(ours);
    let options = parsed.and_then(|matches| Options::from_arg_matches(&matches));
    options.map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        usage(first.strip_prefix("error: ").unwrap_or(first))
    })
}

/// ssh's part of the line.
struct PlaceAndSettings {
    flags: Vec<OsString>,
    host: Option<Box<Invocation>>,
    settings: Vec<OsString>,
}

/// A word with `=` is a setting, never a host. Flags without a host are read as if one followed.
fn place_and_settings(words: &[OsString]) -> Result<PlaceAndSettings, Complaint> {
    let read = match parse(words) {
        Err(FlagError::MissingHost) => {
            let words: Vec<OsString> = words.iter().cloned().chain([NO_HOST.into()]).collect();
            parse(&words)
        }
        read => read,
    };
    let mut invocation = match read.map_err(|error| usage(error.to_string()))? {
        CommandLine::Session(invocation) => invocation,
        CommandLine::Plain(_) => return Err(usage("that flag is ssh's own")),
    };
    let mut settings = std::mem::take(&mut invocation.command);
    let flags = invocation.passed.clone();
    let given = invocation.destination.given.clone();
    if given == NO_HOST {
        return Ok(PlaceAndSettings { flags, host: None, settings });
    }
    if given.to_string_lossy().contains('=') {
        settings.insert(0, given);
        return Ok(PlaceAndSettings { flags, host: None, settings });
    }
    Ok(PlaceAndSettings { flags, host: Some(invocation), settings })
}

/// A file given with `-F` is named in the journal, and must be found from any folder.
fn make_absolute(flags: &mut [OsString]) -> Result<(), Complaint> {
    for at in 1..flags.len() {
        if flags[at - 1] == "-F" && flags[at] != "none" {
            flags[at] = std::path::absolute(&flags[at])?.into_os_string();
        }
    }
    Ok(())
}

fn intentions(options: &Options) -> Vec<Intention> {
    let mut all = Vec::new();
    all.extend(options.profile.map(Intention::Profile));
    all.extend(options.keepalive.map(Intention::Keepalive));
    all.extend(options.dead_after.map(Intention::DeadAfter));
    all.extend(options.survive_idle.map(Intention::SurviveIdle));
    all
}

fn keyword(word: &OsString) -> Result<Intention, Complaint> {
    let text = word.to_string_lossy();
    let wrong = || usage(format!("`{text}` is not a setting like ServerAliveInterval=30"));
    let (keyword, value) = text.split_once('=').ok_or_else(wrong)?;
    let value = Some(value.trim()).filter(|value| !value.is_empty()).map(str::to_owned);
    Ok(Intention::Set { keyword: keyword.trim().to_owned(), value })
}

pub(super) fn usage(error: impl Into<String>) -> Complaint {
    VERB.usage(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn asked(line: &str) -> Result<Asked, Complaint> {
        let words = line.split(' ').map(OsString::from).collect();
        read(&Args { options: Options::default(), words })
    }

    #[test]
    fn options_stand_before_or_after_the_host() {
        for line in ["--dead-after 25m -p 22 h", "-p 22 h --dead-after=25m"] {
            let asked = asked(line).unwrap();
            assert_eq!(asked.intentions, [Intention::DeadAfter(Duration::from_secs(1500))]);
            assert_eq!(asked.host.unwrap().passed, ["-p", "22"]);
        }
    }

    #[test]
    fn settings_follow_the_host_or_stand_alone() {
        let set = |keyword: &str, value: Option<&str>| Intention::Set {
            keyword: keyword.into(),
            value: value.map(str::to_owned),
        };
        let one =
            asked("h ServerAliveInterval=30 ChannelTimeout=session:*=5m TCPKeepAlive=").unwrap();
        assert_eq!(
            one.intentions,
            [
                set("ServerAliveInterval", Some("30")),
                set("ChannelTimeout", Some("session:*=5m")),
                set("TCPKeepAlive", None),
            ]
        );
        for line in ["-F /f --all ServerAliveInterval=30", "-F /f --all --keepalive 30"] {
            let all = asked(line).unwrap();
            assert!(all.host.is_none() && all.options.all, "{line}");
            assert_eq!(all.flags, ["-F", "/f"], "{line}");
        }
    }

    #[test]
    fn files_are_found_from_any_folder() {
        let here = std::path::absolute("f").unwrap();
        let one = asked("-F f h --keepalive 30 --file f").unwrap();
        assert_eq!(one.flags[1], here);
        assert_eq!(one.host.unwrap().passed[1], here);
        assert_eq!(one.options.file, Some(here));
    }

    #[test]
    fn wrong_lines_say_what_is_wrong() {
        for (line, what) in [
            ("h", "nothing to set"),
            ("h --wrong", "--wrong"),
            ("h keyword", "`keyword` is not a setting"),
            ("h --keepalive soon", "soon"),
            ("h --profile fast", "fast"),
        ] {
            let complaint = asked(line).unwrap_err();
            assert!(complaint.to_string().contains(what), "{complaint}");
        }
    }
}
