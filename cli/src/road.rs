//! How a host was reached, for commands to copy: the flags that lead there and the host, quoted for
//! a shell. Not how ssh is run.

use std::ffi::OsStr;

use abide_client::Plan;
use abide_openssh::Invocation;

/// ssh's flags that take a value, as getopt has them.
const TAKE_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";
/// Those of them that decide where a connection leads and as whom.
const LEAD: &str = "FpliJo";

/// The host of a plan with the flags that lead there; empty for this machine.
pub(crate) fn of_plan(plan: &Plan) -> String {
    plan.way.as_ref().map(|way| of(&way.invocation)).unwrap_or_default()
}

/// A host with the flags that lead there, as they were given.
pub(crate) fn of(invocation: &Invocation) -> String {
    let destination = &invocation.destination;
    let port = destination.port.map(|port| port.to_string());
    let mut words = Vec::new();
    let mut passed = invocation.passed.iter();
    while let Some(flag) = passed.next() {
        let text = flag.to_string_lossy();
        let letter = text.strip_prefix('-').filter(|rest| rest.len() == 1).unwrap_or_default();
        if !TAKE_VALUE.contains(letter) || letter.is_empty() {
            if ["4", "6"].contains(&letter) {
                words.push(text.into_owned());
            }
            continue;
        }
        let Some(value) = passed.next() else { break };
        // What stands in the destination is said by it.
        let in_destination = match letter {
            "l" => destination.user.as_ref() == Some(value),
            "p" => port.as_deref().is_some_and(|port| value == port),
            _ => false,
        };
        if LEAD.contains(letter) && !in_destination {
            words.extend([text.into_owned(), quoted(value)]);
        }
    }
    words.push(quoted(&destination.given));
    words.join(" ")
}

/// One word of a POSIX shell.
pub(crate) fn quoted(word: impl AsRef<OsStr>) -> String {
    let text = word.as_ref().to_string_lossy().into_owned();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "@%+=:,./_-".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use abide_openssh::CommandLine;

    use super::*;

    fn road(line: &[&str]) -> String {
        let args: Vec<OsString> = line.iter().map(OsString::from).collect();
        let Ok(CommandLine::Session(invocation)) = abide_openssh::parse(&args) else {
            panic!("{line:?}")
        };
        of(&invocation)
    }

    #[test]
    fn what_leads_to_a_host_is_kept_and_the_rest_left_out() {
        let line = [
            "-tv",
            "-F",
            "my conf",
            "-p22",
            "-c",
            "aes",
            "-4",
            "-o",
            "User=it's",
            "h",
            "-i",
            "k",
            "ls",
        ];
        assert_eq!(road(&line), r"-F 'my conf' -p 22 -4 -o 'User=it'\''s' -i k h");
        assert_eq!(road(&["-J", "a,b", "ann@h"]), "-J a,b ann@h");
        assert_eq!(road(&["ssh://ann@h:7"]), "ssh://ann@h:7");
        assert_eq!(road(&["-l", "bob", "ann@h"]), "-l bob ann@h");
    }
}
