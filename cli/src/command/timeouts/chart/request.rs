//! The command line of `abide timeouts chart`: our options among ssh's flags, which has no long
//! ones. `-o` is both: a file of a known kind is ours, `KEYWORD=VALUE` is ssh's.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use abide_chart::Theme;

use super::super::request::Look;
use super::super::verb::Words;
use super::{Args, VERB};
use crate::complaint::Complaint;

/// What was asked for.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) look: Look,
    pub(super) what_if: Vec<String>,
    pub(super) output: Option<PathBuf>,
    pub(super) theme: Theme,
}

/// Reads it.
pub(super) fn read(args: &Args) -> Result<Request, Complaint> {
    let (args, words) = sort(args)?;
    let look = args.look.read(VERB, &words)?;
    if args.output.len() > 1 {
        return Err(VERB.usage("one picture at a time: -o is there twice"));
    }
    let output = args.output.first().map(PathBuf::from);
    Ok(Request { look, what_if: args.what_if, output, theme: args.theme.unwrap_or_default() })
}

/// Our options behind the host are ours all the same; ssh's `-o` before it is ssh's.
fn sort(args: &Args) -> Result<(Args, Vec<OsString>), Complaint> {
    let mut args = args.clone();
    let mut theirs = Vec::new();
    for value in std::mem::take(&mut args.output) {
        sort_output(value, &mut args.output, &mut theirs);
    }
    let mut words = Words::new(VERB, std::mem::take(&mut args.words));
    while let Some(name) = words.advance() {
        if args.look.take(&name, &mut words)? {
            continue;
        }
        match &*name {
            "--what-if" => args.what_if.push(words.text()?),
            "--output" => args.output.push(words.value()?),
            "--theme" => {
                let theme = super::theme(&words.text()?).map_err(|error| VERB.usage(error))?;
                args.theme = Some(theme);
            }
            "-o" => {
                let value = words.value()?;
                sort_output(value, &mut args.output, words.theirs());
            }
            _ => words.leave()?,
        }
    }
    theirs.append(words.theirs());
    Ok((args, theirs))
}

/// `KEYWORD=VALUE` and `KEYWORD VALUE` are ssh's, unless it ends like a picture.
fn sort_output(value: OsString, ours: &mut Vec<OsString>, theirs: &mut Vec<OsString>) {
    let is_picture = |value: &OsStr| {
        let ending = Path::new(value).extension().and_then(OsStr::to_str).unwrap_or_default();
        ["svg", "png"].iter().any(|known| ending.eq_ignore_ascii_case(known))
    };
    let text = value.to_string_lossy();
    if !is_picture(&value) && text.contains(['=', ' ']) {
        theirs.extend([OsString::from("-o"), value]);
    } else {
        ours.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::request::Place;
    use super::*;

    fn asked(line: &str) -> Result<Request, Complaint> {
        let words = line.split_whitespace().map(OsString::from).collect();
        read(&Args { words, ..Args::default() })
    }

    #[test]
    fn our_options_stand_before_or_after_the_host() {
        for line in [
            "--local --what-if A=1 --theme dark -o a.svg -p 22 h",
            "-p 22 h -o a.svg --theme=dark --what-if=A=1 --local",
        ] {
            let request = asked(line).expect(line);
            let Place::Local(invocation) = request.look.place else { panic!("{line}") };
            assert_eq!(invocation.passed.len(), 2, "{line}");
            assert_eq!(request.output, Some(PathBuf::from("a.svg")), "{line}");
            assert_eq!(
                (&request.what_if[..], request.theme),
                (&["A=1".to_owned()][..], Theme::Dark)
            );
        }
    }

    #[test]
    fn ssh_keeps_its_o() {
        let request = asked("-o ServerAliveInterval=5 h -o chart.png").expect("both are known");
        let Place::Both(invocation) = request.look.place else { panic!("a host") };
        assert_eq!(invocation.passed, ["-o", "ServerAliveInterval=5"]);
        assert_eq!(request.output, Some(PathBuf::from("chart.png")));
        let output = vec!["Port=22".into(), "x.svg".into()];
        let before = Args { output, words: vec!["h".into()], ..Args::default() };
        let request = read(&before).expect("both are known");
        assert_eq!(request.output, Some(PathBuf::from("x.svg")));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["h --what-if", "h --theme blue", "h -o a.svg -o b.svg", "h --json"] {
            assert!(asked(line).is_err(), "{line}");
        }
    }
}
