//! What `ssh -G` or `sshd -T` printed, and typed values made of it beside where our own reading of the
//! files has them from. Not the reading of files.

use abide_sshconf::{Dialect, Keyword, Origin as Where, Resolved, Setting};
use abide_timeouts::{Fact, Limit, Origin, Reason, Side};

/// Settings as the program printed them: lower-case names and values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    lines: Vec<(String, String)>,
}

/// More lines than these are passed over: `ssh -G` prints about a hundred.
const MAX_LINES: usize = 4_096;
/// Where OpenSSH's own values are written.
const DEFAULTS: &str = "OpenSSH's own: readconf.c, servconf.c";

impl Answer {
    pub(super) fn parse(printed: &str) -> Self {
        let split = |line: &str| {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Answer { lines: printed.lines().take(MAX_LINES).map(split).collect() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A program's answer, if there is one, beside our own reading of its files, if there is one.
pub(super) struct Both<'a> {
    /// What the program printed.
    pub(super) said: Option<&'a Answer>,
    /// Its name with its flag: `ssh -G`.
    pub(super) program: &'static str,
    /// What we make of its files.
    pub(super) read: Option<&'a Resolved>,
    /// Why a value is not known where neither has it.
    pub(super) missing: Reason,
}

/// Our own reading and the program's differ: the program's counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// Whose.
    pub side: Side,
    /// The keyword as manuals write it.
    pub keyword: String,
    /// What we make of the files.
    pub ours: String,
    /// What the program says.
    pub theirs: String,
}

impl Both<'_> {
    /// The value as text. The program's word counts; ours says where it is from, where both agree.
    pub(super) fn text(&self, keyword: Keyword) -> Fact<String> {
        let ours = self.read.and_then(|read| read.get(keyword));
        match (self.said.and_then(|said| said.get(keyword.name())), ours) {
            (Some(theirs), Some(ours)) if same(theirs, &ours.value) => {
                Fact::Known(theirs.to_owned(), origin(ours))
            }
            (Some(theirs), _) => {
                Fact::Known(theirs.to_owned(), Origin::Program(self.program.to_owned()))
            }
            // The program leaves out some that are not set.
            (None, Some(ours)) => match self.doubt(keyword) {
                Some(criterion) if self.said.is_none() => {
                    Fact::NotChecked(Reason::NotTold(format!("a login that decides `{criterion}`")))
                }
                _ => Fact::Known(ours.value.clone(), origin(ours)),
            },
            (None, None) => Fact::NotChecked(self.missing.clone()),
        }
    }

    /// The value as something typed; what does not parse was not checked.
    pub(super) fn parsed<T>(
        &self,
        keyword: Keyword,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Fact<T> {
        match self.text(keyword) {
            Fact::NotChecked(reason) => Fact::NotChecked(reason),
            Fact::Known(text, origin) => match parse(&text) {
                Some(value) => Fact::Known(value, origin),
                None => Fact::NotChecked(Reason::Unreadable(text)),
            },
        }
    }

    /// As `parsed`, where a program that does not print the keyword has not set it, or does not
    /// know it: either way nothing acts.
    pub(super) fn parsed_or<T>(
        &self,
        keyword: Keyword,
        silent: T,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Fact<T> {
        let read = self.read.and_then(|read| read.get(keyword));
        match self.said {
            Some(said) if said.get(keyword.name()).is_none() && read.is_none() => {
                Fact::Known(silent, Origin::Program(self.program.to_owned()))
            }
            _ => self.parsed(keyword, parse),
        }
    }

    /// A block that would set the keyword and could not be decided here.
    fn doubt(&self, keyword: Keyword) -> Option<&str> {
        let doubts = self.read?.doubts();
        let mine = doubts.iter().find(|it| it.setting.keyword == keyword);
        mine.map(|it| it.criterion.as_str())
    }

    /// Keywords of which the two say different things though no block was left undecided that
    /// would explain it.
    pub(super) fn differences(&self, side: Side, keywords: &[Keyword]) -> Vec<Differs> {
        let (Some(said), Some(read)) = (self.said, self.read) else { return Vec::new() };
        let dialect = match side {
            Side::Client => Dialect::Client,
            Side::Server => Dialect::Server,
        };
        let differs = |keyword: &Keyword| {
            let (theirs, ours) = (said.get(keyword.name())?, read.get(*keyword)?);
            (!same(theirs, &ours.value) && self.doubt(*keyword).is_none()).then(|| Differs {
                side,
                keyword: keyword.spelling(dialect).to_owned(),
                ours: ours.value.clone(),
                theirs: theirs.to_owned(),
            })
        };
        keywords.iter().filter_map(differs).collect()
    }
}

/// Programs print some words in several ways.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| match text.to_ascii_lowercase().as_str() {
        "false" => "no".to_owned(),
        "true" => "yes".to_owned(),
        text => text.to_owned(),
    };
    plain(one) == plain(other)
}

/// Where our own reading has a value from.
pub(super) fn origin(setting: &Setting) -> Origin {
    match &setting.origin {
        Where::Default => Origin::Default(DEFAULTS),
        Where::CommandLine => Origin::CommandLine("command line".to_owned()),
        Where::Line(place) => Origin::File {
            path: place.file.display().to_string(),
            line: u32::try_from(place.line).unwrap_or(u32::MAX),
        },
    }
}

/// Seconds, where `0` and `none` are off.
pub(super) fn limit(text: &str) -> Option<Limit> {
    match text {
        "none" => Some(Limit::Off),
        text => abide_terms::parse_span(text).ok().map(|it| Limit::from_secs(it.as_secs())),
    }
}

/// `yes` or `no`, as both programs print them.
pub(super) fn switch(text: &str) -> Option<abide_timeouts::Switch> {
    match text {
        "yes" | "true" => Some(abide_timeouts::Switch::On),
        "no" | "false" => Some(abide_timeouts::Switch::Off),
        _ => None,
    }
}

/// `ControlPersist` as `ssh -G` prints it: `no`, `yes`, or seconds where 0 is for ever.
pub(super) fn persist(text: &str) -> Option<abide_timeouts::Persist> {
    use abide_timeouts::Persist;
    match text {
        "no" | "false" => Some(Persist::No),
        "yes" | "true" | "0" => Some(Persist::Forever),
        text => abide_terms::parse_span(text).ok().map(Persist::For),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_timeouts::{Persist, Switch};
    use std::time::Duration;

    #[test]
    fn both_spellings_of_names_are_read() {
        let answer = Answer::parse("ClientAliveInterval 30\nclientalivecountmax 3\nbanner\n");
        assert_eq!(answer.get("clientaliveinterval"), Some("30"));
        assert_eq!(answer.get("clientalivecountmax"), Some("3"));
        assert_eq!(answer.get("banner"), Some(""));
        assert_eq!(answer.get("port"), None);
    }

    #[test]
    fn values_are_typed_or_refused() {
        assert_eq!(limit("none"), Some(Limit::Off));
        assert_eq!(limit("0"), Some(Limit::Off));
        assert_eq!(limit("90"), Some(Limit::from_secs(90)));
        assert_eq!(limit("x"), None);
        assert_eq!((switch("yes"), switch("maybe")), (Some(Switch::On), None));
        assert_eq!(persist("no"), Some(Persist::No));
        assert_eq!(persist("0"), Some(Persist::Forever));
        assert_eq!(persist("600"), Some(Persist::For(Duration::from_secs(600))));
    }

    #[test]
    fn without_a_program_and_without_files_nothing_is_known() {
        let both = Both { said: None, program: "sshd -T", read: None, missing: Reason::NotAsked };
        let expected: Fact<String> = Fact::NotChecked(Reason::NotAsked);
        assert_eq!(both.text(Keyword::CLIENT_ALIVE_INTERVAL), expected);
        let answer = Answer::parse("clientaliveinterval x\n");
        let both = Both { said: Some(&answer), ..both };
        let unreadable = Fact::NotChecked(Reason::Unreadable("x".into()));
        assert_eq!(both.parsed(Keyword::CLIENT_ALIVE_INTERVAL, limit), unreadable);
        let silent = both.parsed_or(Keyword::UNUSED_CONNECTION_TIMEOUT, Limit::Off, limit);
        assert_eq!(silent.known(), Some(&Limit::Off));
    }
}
