//! What each keyword takes: its synonyms, the form of its value, the rule by which one of several
//! lines wins, and OpenSSH's default. The tables are data; `value` reads by them.
//!
//! Source: the tables and parsers of OpenSSH 9.2p1 as Debian 12 builds it (readconf.c, servconf.c),
//! with the keywords added up to 10.5.

mod client;
mod server;
mod words;

use crate::{Dialect, Release};

/// One keyword of one language.
pub(crate) struct Spec {
    /// As OpenSSH prints it.
    pub(crate) name: &'static str,
    /// As manuals write it.
    pub(crate) spelling: &'static str,
    /// Other names, in lower case.
    pub(crate) synonyms: &'static [&'static str],
    pub(crate) form: Form,
    pub(crate) rule: Rule,
    /// Whether it may stand in a Match block.
    pub(crate) in_match: bool,
    /// As printed; `None` where nothing is printed, or where it depends on other things.
    pub(crate) default: Option<&'static str>,
    /// The release that brought it, where that is later than 9.2.
    pub(crate) since: Option<Release>,
}

/// The form of a keyword's value, and how it is printed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// One of these words (in any case), printed as the second of each pair.
    Words(&'static [(&'static str, &'static str)]),
    /// The same, case and all.
    ExactWords(&'static [(&'static str, &'static str)]),
    /// A time.
    Time(NoneMeans),
    /// A whole number.
    Count,
    /// A number or `none`.
    CountOrNone,
    /// A TCP port.
    Port,
    /// A file mode in octal.
    Mode,
    /// One word as it is.
    Text,
    /// The rest of the line as it is, comments and all.
    Command,
    /// `ProxyJump`.
    Jump,
    /// `RekeyLimit`: a size and a time, each with its own first value.
    Rekey,
    /// `ControlPersist`: a flag or a time.
    Persist,
    /// `IPQoS`: one or two classes.
    Quality,
    /// `MaxStartups`: one number or `start:rate:full`.
    Startups,
    /// `PerSourceNetBlockSize`: one or two mask lengths.
    NetBlock,
    /// `ChannelTimeout`: `type=time` words, or `none`.
    Channels,
    /// Words printed on one line.
    List,
    /// Words printed on a line each, those of all lines.
    Each,
    /// Words printed on a line each, those of the first line.
    EachOfFirst,
    /// Words that are handed through: OpenSSH prints something else.
    Opaque,
    /// Read and ignored.
    Ignored,
    /// `Host`.
    Host,
    /// `Match`.
    Match,
    /// `Include`.
    Include,
}

/// What `none` means for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoneMeans {
    /// The keyword stays unset, so that a later line may set it.
    Unset,
    /// It is refused.
    Refused,
    /// Zero, printed as `none`; it wins over earlier lines too.
    Zero,
}

/// Which of several lines wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The first.
    First,
    /// The last.
    Last,
    /// The last, in old releases; the first since [`FIRST_SINCE`].
    LastOnce,
    /// The first, in whatever block it stands.
    FirstAnywhere,
    /// The last, in whatever block it stands.
    LastAnywhere,
}

/// From when on `IPQoS`, `MaxStartups` and the limits per source of the server keep the first value.
/// Last wins in 9.2p1 and first in 10.3 (servconf.c of both); those between were not looked at.
const FIRST_SINCE: Release = Release { major: 10, minor: 3 };

impl Spec {
    /// Which of several lines wins in this release.
    pub(crate) fn rule_in(&self, release: Release) -> Rule {
        match self.rule {
            Rule::LastOnce if release >= FIRST_SINCE => Rule::First,
            Rule::LastOnce => Rule::Last,
            rule => rule,
        }
    }

    /// A value's parts in one word or several; where one is unset its default stands.
    pub(crate) fn join<'a>(&self, parts: impl Iterator<Item = Option<&'a str>>) -> String {
        let (between, unset) = match self.form {
            Form::Startups => (":", "30"),
            _ => (" ", "0"),
        };
        parts.map(|part| part.unwrap_or(unset)).collect::<Vec<_>>().join(between)
    }

    pub(crate) fn is_modelled(&self) -> bool {
        !matches!(
            self.form,
            Form::Opaque | Form::Ignored | Form::Host | Form::Match | Form::Include
        )
    }

    /// Whether a comment may follow the value: it is cut into words.
    pub(crate) fn takes_words(&self) -> bool {
        !matches!(self.form, Form::Command | Form::Jump)
    }

    /// Whether values of several lines add up.
    pub(crate) fn collects(&self) -> bool {
        matches!(self.form, Form::Each) || (self.name == "port" && !self.in_match)
    }

    fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
            || self.synonyms.iter().any(|synonym| synonym.eq_ignore_ascii_case(name))
    }
}

/// The table of a language.
pub(crate) fn table(dialect: Dialect) -> &'static [Spec] {
    match dialect {
        Dialect::Client => client::TABLE,
        Dialect::Server => server::TABLE,
    }
}

/// The keyword of a name or synonym, in any case.
pub(crate) fn named(dialect: Dialect, name: &str) -> Option<&'static Spec> {
    table(dialect).iter().find(|spec| spec.is_called(name))
}

/// Which words a class of service has, for [`Form::Quality`].
pub(crate) use words::QUALITIES;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_lower_case() {
        for dialect in [Dialect::Client, Dialect::Server] {
            let mut seen = std::collections::BTreeSet::new();
            for spec in table(dialect) {
                assert_eq!(spec.name, spec.spelling.to_ascii_lowercase());
                for name in spec.synonyms.iter().chain([&spec.name]) {
                    assert!(seen.insert(*name), "{name} twice");
                    assert_eq!(*name, name.to_ascii_lowercase());
                }
            }
        }
    }
}
