//! What `show` and `chart` both are asked: whose timeouts are looked at, and what the path is known
//! to keep.

use std::ffi::OsString;
use std::path::PathBuf;

use abide_openssh::Invocation;
use abide_terms::parse_span;
use abide_timeouts::{Fact, Limit, Origin, Reason};

use super::verb::{Verb, Words};
use crate::complaint::Complaint;

/// The options for it. They may stand before or after the host.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct LookOptions {
    /// Look at this machine alone: no login, no network
    #[arg(long)]
    local: bool,
    /// Look at this machine's own sshd
    #[arg(long, conflicts_with = "local")]
    server: bool,
    /// The configuration of the sshd that is meant [default: that of the running one]
    #[arg(long, value_name = "FILE")]
    sshd_config: Option<PathBuf>,
    /// The path is known to keep an idle connection for this long: 350s, 4m
    #[arg(long, value_name = "TIME")]
    path_keeps: Option<String>,
}

/// What is to be looked at.
#[derive(Debug)]
pub(super) enum Place {
    /// ssh here and the server it leads to.
    Both(Box<Invocation>),
    /// ssh here alone.
    Local(Box<Invocation>),
    /// The sshd of this machine.
    Server {
        /// Its main file, if it is not the running one's.
        config: Option<PathBuf>,
    },
}

/// A look, as it was asked for.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) place: Place,
    /// What the path is said to keep.
    pub(super) path: Fact<Limit>,
}

impl LookOptions {
    /// Takes the option that the words are at, and tells whether it is one of these.
    pub(super) fn take(&mut self, name: &str, words: &mut Words) -> Result<bool, Complaint> {
        match name {
            "--local" => self.local = true,
            "--server" => self.server = true,
            "--sshd-config" => self.sshd_config = Some(words.value()?.into()),
            "--path-keeps" => self.path_keeps = Some(words.text()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What they and ssh's words ask for.
    pub(super) fn read(self, verb: Verb, words: &[OsString]) -> Result<Look, Complaint> {
        if self.local && self.server {
            return Err(verb.usage("--local is ssh here, --server is sshd here: one of the two"));
        }
        if let (Some(file), false) = (&self.sshd_config, self.server) {
            let file = file.display();
            return Err(verb.usage(format!("--sshd-config {file} is for sshd here, with --server")));
        }
        let path = path(verb, self.path_keeps.as_deref())?;
        Ok(Look { place: self.place(verb, words)?, path })
    }

    fn place(self, verb: Verb, words: &[OsString]) -> Result<Place, Complaint> {
        if self.server {
            return match words.first() {
                None => Ok(Place::Server { config: self.sshd_config }),
                Some(word) => {
                    let word = word.to_string_lossy();
                    let error = format!("`{word}`: --server looks at this machine, without a host");
                    Err(verb.usage(error))
                }
            };
        }
        let invocation = verb.session(words)?;
        if let Some(word) = invocation.command.first() {
            let word = word.to_string_lossy();
            return Err(verb.usage(format!("`{word}` is one word too many")));
        }
        Ok(if self.local { Place::Local(invocation) } else { Place::Both(invocation) })
    }
}

/// Nobody measures the path: what is known of it is what a person says.
fn path(verb: Verb, keeps: Option<&str>) -> Result<Fact<Limit>, Complaint> {
    let Some(text) = keeps else {
        return Ok(Fact::NotChecked(Reason::NotTold("a measurement of the path".to_owned())));
    };
    let span = parse_span(text).map_err(|error| verb.usage(error.to_string()))?;
    let origin = Origin::CommandLine(format!("--path-keeps {text}"));
    Ok(Fact::Known(Limit::from_secs(span.as_secs()), origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERB: Verb = Verb { name: "look", try_this: "abide timeouts look" };

    fn asked(line: &str) -> Result<Look, Complaint> {
        let mut words = Words::new(VERB, line.split_whitespace().map(Into::into).collect());
        let mut options = LookOptions::default();
        while let Some(name) = words.advance() {
            if !options.take(&name, &mut words)? {
                words.leave()?;
            }
        }
        options.read(VERB, words.theirs())
    }

    #[test]
    fn one_of_three_places_is_looked_at() {
        let look = asked("--server --sshd-config=/etc/x").expect("this machine's sshd");
        let Place::Server { config } = look.place else { panic!("{look:?}") };
        assert_eq!(config, Some("/etc/x".into()));
        assert!(matches!(asked("h --local").expect("a host").place, Place::Local(_)));
        assert!(matches!(asked("h").expect("a host").place, Place::Both(_)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "",
            "-G h",
            "h uptime",
            "h --fast",
            "h --path-keeps",
            "h --path-keeps soon",
            "h --sshd-config f",
            "--server h",
            "--server --local",
        ] {
            assert!(asked(line).is_err(), "{line}");
        }
    }
}
