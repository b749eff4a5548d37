//! The command line of `abide timeouts show`.

use super::super::request::Look;
use super::super::verb::Words;
use super::{Args, VERB};
use crate::complaint::Complaint;

/// What was asked for.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) look: Look,
    pub(super) json: bool,
}

/// Reads it. Our options behind the host are ours all the same.
pub(super) fn read(args: &Args) -> Result<Request, Complaint> {
    let Args { mut look, mut json, words } = args.clone();
    let mut words = Words::new(VERB, words);
    while let Some(name) = words.advance() {
        if look.take(&name, &mut words)? {
            continue;
        }
        match &*name {
            "--json" => json = true,
            _ => words.leave()?,
        }
    }
    Ok(Request { look: look.read(VERB, words.theirs())?, json })
}

#[cfg(test)]
mod tests {
    use abide_timeouts::{Fact, Limit, Origin};

    use super::super::super::request::Place;
    use super::*;

    fn asked(line: &str) -> Result<Request, Complaint> {
        let words = line.split_whitespace().map(Into::into).collect();
        read(&Args { words, ..Args::default() })
    }

    #[test]
    fn our_options_stand_before_or_after_the_host() {
        for line in ["--local --json -p 22 h", "-p 22 h --json --local"] {
            let request = asked(line).unwrap();
            let Place::Local(invocation) = request.look.place else { panic!("{line}") };
            assert_eq!((invocation.passed.len(), request.json), (2, true), "{line}");
        }
        let path = asked("h --path-keeps=350s").unwrap().look.path;
        let origin = Origin::CommandLine("--path-keeps 350s".to_owned());
        assert_eq!(path, Fact::Known(Limit::from_secs(350), origin));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["--server h", "h --theme dark", "h --path-keeps soon"] {
            assert!(asked(line).is_err(), "{line}");
        }
    }
}
