//! Our options among ssh's words. ssh has no long ones, so ours are taken wherever they stand; what
//! the other words mean is `abide_openssh`'s to say.

use std::ffi::OsString;

use abide_openssh::Invocation;

use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::planning::{self, Asked};

/// A verb of `abide timeouts`, as its usage errors speak of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verb {
    /// Its name.
    pub(super) name: &'static str,
    /// What whoever got its line wrong may try.
    pub(super) try_this: &'static str,
}

impl Verb {
    /// A line that is wrong.
    pub(super) fn usage(self, error: impl Into<String>) -> Complaint {
        Complaint::new(error).try_this(self.try_this).exit(Exit::USAGE)
    }

    /// ssh's words, which must name a host.
    pub(super) fn session(self, words: &[OsString]) -> Result<Box<Invocation>, Complaint> {
        match planning::read_ssh(words).map_err(|wrong| wrong.exit(Exit::USAGE))? {
            Asked::Session(invocation) => Ok(invocation),
            Asked::Plain => Err(self.usage("that flag is ssh's own")),
        }
    }
}

/// The words of a line, one after the other.
#[derive(Debug)]
pub(super) struct Words {
    verb: Verb,
    rest: std::vec::IntoIter<OsString>,
    word: OsString,
    name: String,
    given: Option<OsString>,
    theirs: Vec<OsString>,
}

impl Words {
    pub(super) fn new(verb: Verb, words: Vec<OsString>) -> Self {
        Words {
            verb,
            rest: words.into_iter(),
            word: OsString::new(),
            name: String::new(),
            given: None,
            theirs: Vec::new(),
        }
    }

    /// Goes on to the next word; gives what is before its `=`.
    pub(super) fn advance(&mut self) -> Option<String> {
        self.word = self.rest.next()?;
        let text = self.word.to_string_lossy();
        let (name, given) = text.split_once('=').map_or((&*text, None), |(n, v)| (n, Some(v)));
        self.given = given.map(OsString::from);
        self.name = name.to_owned();
        Some(self.name.clone())
    }

    /// Whether the word has no `=`.
    pub(super) fn is_bare(&self) -> bool {
        self.given.is_none()
    }

    /// The value of an option: what is behind its `=`, or the next word.
    pub(super) fn value(&mut self) -> Result<OsString, Complaint> {
        let value = self.given.take().or_else(|| self.rest.next());
        value.ok_or_else(|| self.verb.usage(format!("{} needs a value", self.name)))
    }

    /// The same as text.
    pub(super) fn text(&mut self) -> Result<String, Complaint> {
        Ok(self.value()?.to_string_lossy().into_owned())
    }

    /// Leaves a word that is no option of ours to ssh, which knows no long one.
    pub(super) fn leave(&mut self) -> Result<(), Complaint> {
        let (name, verb) = (&self.name, self.verb);
        if name.len() > 2 && name.starts_with("--") {
            let of = verb.name;
            return Err(verb.usage(format!("`{name}` is not an option of abide timeouts {of}'s")));
        }
        self.theirs.push(std::mem::take(&mut self.word));
        Ok(())
    }

    /// What was left to ssh so far.
    pub(super) fn theirs(&mut self) -> &mut Vec<OsString> {
        &mut self.theirs
    }
}
