//! Reads files for the two languages: once each, within limits, with a list of what is wrong. Knows
//! no precedence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::ledger::Activity;
use crate::spec::{self, Spec};
use crate::text;
use crate::value::BadValue;
use crate::{
    Block, BlockKind, Dialect, Document, Files, Line, LineKind, Origin, Place, ReadError, Release,
    Trouble, TroubleKind,
};

/// How deep includes may be nested (`READCONF_MAX_DEPTH`, `SERVCONF_MAX_DEPTH`).
pub(crate) const MAX_DEPTH: usize = 16;
/// How many lines are looked at in all; a file that includes itself twice would reach millions. The
/// rest is not looked at, which is a trouble.
pub(crate) const MAX_LINES: usize = 50_000;
/// How many troubles are kept; more are dropped.
const MAX_TROUBLES: usize = 100;

/// A line that sets something, and where it stands.
pub(crate) struct Statement<'a> {
    pub(crate) keyword: &'a str,
    pub(crate) value: &'a [u8],
    pub(crate) origin: Origin,
}

impl Statement<'_> {
    /// The value as written, without a comment.
    pub(crate) fn raw(&self, words: bool) -> String {
        let end = match text::split_words(self.value) {
            Ok(found) if words => found.end,
            _ => self.value.len(),
        };
        String::from_utf8_lossy(&self.value[..end]).into_owned()
    }
}

/// Files, limits, troubles.
pub(crate) struct Reader<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) dialect: Dialect,
    pub(crate) release: Release,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) opened: Vec<PathBuf>,
    documents: BTreeMap<PathBuf, Result<Rc<Document>, ReadError>>,
    lines_left: usize,
    stopped: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(files: &'a dyn Files, dialect: Dialect, release: Release) -> Self {
        Self {
            files,
            dialect,
            release,
            troubles: Vec::new(),
            opened: Vec::new(),
            documents: BTreeMap::new(),
            lines_left: MAX_LINES,
            stopped: false,
        }
    }

    /// A file's lines, read once.
    pub(crate) fn open(&mut self, path: &Path) -> Result<Rc<Document>, ReadError> {
        if let Some(known) = self.documents.get(path) {
            return known.clone();
        }
        let document = self.files.read(path).map(|bytes| Rc::new(Document::parse(&bytes)));
        if document.is_ok() {
            self.opened.push(path.to_owned());
        }
        self.documents.insert(path.to_owned(), document.clone());
        document
    }

    /// Whether another line may be looked at.
    pub(crate) fn spend_line(&mut self, origin: &Origin) -> bool {
        if self.stopped {
            return false;
        }
        if self.lines_left == 0 {
            self.trouble(origin, TroubleKind::TooMuch(MAX_LINES), false);
            return false;
        }
        self.lines_left -= 1;
        true
    }

    /// Notes what is wrong, once.
    pub(crate) fn trouble(&mut self, origin: &Origin, kind: TroubleKind, fatal: bool) {
        let place = match origin {
            Origin::Line(place) => place.clone(),
            Origin::CommandLine | Origin::Default => {
                Place { file: PathBuf::from("command line"), line: 0, block: None }
            }
        };
        let trouble = Trouble { place, kind, fatal };
        if self.troubles.len() < MAX_TROUBLES && !self.troubles.contains(&trouble) {
            self.troubles.push(trouble);
        }
    }

    /// Notes a value that the keyword does not take.
    pub(crate) fn bad_value(&mut self, origin: &Origin, spec: &Spec, bad: BadValue) {
        let keyword = spec.spelling.to_owned();
        let kind = match bad {
            BadValue::Missing => TroubleKind::NoValue(keyword),
            BadValue::OpenQuote => TroubleKind::OpenQuote,
            BadValue::Refused(value) => TroubleKind::BadValue { keyword, value },
            BadValue::Extra(word) => TroubleKind::ExtraWord(word),
        };
        self.trouble(origin, kind, true);
    }

    /// The words of a value; a quote that is never closed is noted.
    pub(crate) fn words(&mut self, statement: &Statement<'_>) -> Option<Vec<String>> {
        match text::split_words(statement.value) {
            Ok(found) => Some(found.words),
            Err(text::OpenQuote) => {
                self.trouble(&statement.origin, TroubleKind::OpenQuote, true);
                None
            }
        }
    }

    /// The keyword of a statement, if this release knows it.
    pub(crate) fn spec_of(&self, keyword: &str) -> Option<&'static Spec> {
        let spec = spec::named(self.dialect, keyword)?;
        spec.since.is_none_or(|since| self.release >= since).then_some(spec)
    }

    /// The patterns that an Include stands for, found; troubles are noted.
    pub(crate) fn included(&mut self, origin: &Origin, pattern: &str) -> Vec<PathBuf> {
        match self.files.glob(pattern) {
            Ok(paths) => paths,
            Err(error) => {
                let path = PathBuf::from(pattern);
                self.trouble(origin, TroubleKind::Unreadable { path, error }, true);
                Vec::new()
            }
        }
    }

    /// Whether a file at this depth may not be read. OpenSSH dies of it at once, so nothing more is
    /// read here either: files that include each other would be read thousands of times.
    pub(crate) fn is_too_deep(&mut self, origin: &Origin, depth: usize) -> bool {
        if depth > MAX_DEPTH {
            self.trouble(origin, TroubleKind::TooDeep, true);
            self.stopped = true;
        }
        self.stopped
    }
}

/// The block that a line opens, if it is a header.
pub(crate) fn header(line: &Line, number: usize) -> Option<Block> {
    let LineKind::Setting { keyword, .. } = line.kind() else { return None };
    let kind = match keyword.as_str() {
        "host" => BlockKind::Host,
        "match" => BlockKind::Match,
        _ => return None,
    };
    let statement = Statement { keyword, value: line.value(), origin: Origin::Default };
    Some(Block { kind, condition: statement.raw(true), line: number })
}

/// Where a line of a file stands.
pub(crate) fn place(path: &Path, number: usize, block: &Option<Block>) -> Origin {
    Origin::Line(Place { file: path.to_owned(), line: number, block: block.clone() })
}

/// A keyword and its value on a command line (`-o`).
pub(crate) fn on_command_line(option: &str) -> Option<(String, Vec<u8>)> {
    let line = Line::parse(option.as_bytes());
    match line.kind() {
        LineKind::Setting { keyword, .. } => Some((keyword.clone(), line.value().to_vec())),
        LineKind::Blank | LineKind::Comment => None,
    }
}

/// What holds where both hold.
pub(crate) fn both(outer: &Activity, inner: Activity) -> Activity {
    match (outer, inner) {
        (Activity::Off, _) | (_, Activity::Off) => Activity::Off,
        (Activity::Unknown(why), _) => Activity::Unknown(why.clone()),
        (Activity::On, inner) => inner,
    }
}
