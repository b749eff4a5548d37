//! Reads `sshd_config` as `sshd` does: once for the global part, once for the Match blocks that apply
//! to a connection.

use std::path::Path;

use crate::client_match::Verdict;
use crate::ledger::{Activity, Ledger, Pass};
use crate::reader::{self, Reader, Statement};
use crate::server_match::{self, BadMatch};
use crate::spec::{Form, Spec};
use crate::walk::Walk;
use crate::{Files, Origin, Root, ServerContext, TroubleKind, value};

/// A run of `sshd` over its configuration.
pub(crate) struct Server<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) ledger: Ledger,
    context: &'a ServerContext,
    pass: Pass,
}

/// How Match lines of a file are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mode {
    /// As they come.
    Plain,
    /// The second pass outside of any block: nothing applies until a Match does.
    MatchOnly,
    /// Inside a block that does not apply: none of them does.
    Never,
    /// Inside a block that was not decided.
    Undecided(String),
}

struct Source<'a> {
    path: &'a Path,
    mode: Mode,
    depth: usize,
}

impl<'a> Server<'a> {
    /// Reads everything.
    pub(crate) fn read(roots: &[Root], context: &'a ServerContext, files: &'a dyn Files) -> Self {
        let reader = Reader::new(files, crate::Dialect::Server, context.release);
        let mut server =
            Self { reader, ledger: Ledger::new(context.release), context, pass: Pass::Globals };
        for option in &context.options {
            if let Some((keyword, value)) = reader::on_command_line(option) {
                let origin = Origin::CommandLine;
                let statement = Statement { keyword: &keyword, value: &value, origin };
                if let Some(spec) = server.spec_of(&statement) {
                    server.set(spec, &statement, &Activity::On);
                }
            }
        }
        server.read_roots(roots, &Mode::Plain, &Activity::On);
        server.pass = Pass::Matches;
        server.read_roots(roots, &Mode::MatchOnly, &Activity::Off);
        server
    }

    fn read_roots(&mut self, roots: &[Root], mode: &Mode, active: &Activity) {
        for root in roots {
            let source = Source { path: &root.path, mode: mode.clone(), depth: 0 };
            let origin = reader::place(&root.path, 0, &None);
            self.read_file(source, active.clone(), &origin);
        }
    }

    fn read_file(&mut self, mut source: Source<'_>, mut active: Activity, asked: &Origin) {
        if self.reader.is_too_deep(asked, source.depth) {
            return;
        }
        let document = match self.reader.open(source.path) {
            Ok(document) => document,
            Err(error) => {
                let path = source.path.to_owned();
                self.reader.trouble(asked, TroubleKind::Unreadable { path, error }, true);
                return;
            }
        };
        let mut walk = Walk::through(source.path, document);
        while let Some(statement) = walk.next(&mut self.reader) {
            self.statement(&statement, &mut source, &mut active);
        }
    }

    fn statement(
        &mut self,
        statement: &Statement<'_>,
        source: &mut Source<'_>,
        active: &mut Activity,
    ) {
        let Some(spec) = self.spec_of(statement) else { return };
        match spec.form {
            Form::Match => {
                if let Some(applies) = self.match_applies(statement, &source.mode) {
                    *active = applies;
                    if source.mode == Mode::MatchOnly {
                        source.mode = Mode::Plain;
                    }
                }
            }
            Form::Include => self.include(spec, statement, source, active),
            _ if *active == Activity::Off && !spec.in_match => {
                self.refuse_in_match(spec, statement)
            }
            _ => self.set(spec, statement, active),
        }
    }

    /// The first pass reads the blocks for their syntax alone; a global keyword may not be there. In
    /// the second it has been dealt with.
    fn refuse_in_match(&mut self, spec: &Spec, statement: &Statement<'_>) {
        if self.pass == Pass::Globals {
            let kind = TroubleKind::NotInMatch(spec.spelling.to_owned());
            self.reader.trouble(&statement.origin, kind, true);
        }
    }

    fn spec_of(&mut self, statement: &Statement<'_>) -> Option<&'static Spec> {
        let keyword = statement.keyword.to_owned();
        if statement.value.is_empty() {
            self.reader.trouble(&statement.origin, TroubleKind::NoValue(keyword), true);
            return None;
        }
        let spec = self.reader.spec_of(statement.keyword);
        match spec.map(|spec| spec.form) {
            None => {
                self.reader.trouble(&statement.origin, TroubleKind::UnknownKeyword(keyword), true);
            }
            Some(Form::Ignored) => {
                self.reader.trouble(&statement.origin, TroubleKind::Obsolete(keyword), false);
            }
            Some(_) => {}
        }
        spec
    }

    fn set(&mut self, spec: &'static Spec, statement: &Statement<'_>, active: &Activity) {
        match value::read(spec, statement.value) {
            Err(bad) => self.reader.bad_value(&statement.origin, spec, bad),
            Ok(value) => {
                let from = (statement.origin.clone(), &*statement.raw(spec.takes_words()));
                self.ledger.offer(spec, value, from, (active, self.pass), None);
            }
        }
    }

    fn match_applies(&mut self, statement: &Statement<'_>, mode: &Mode) -> Option<Activity> {
        let origin = &statement.origin;
        self.reader.words(statement)?;
        let checked = match (self.pass, mode) {
            (Pass::Globals, _) | (_, Mode::Never) => None,
            (Pass::Matches, _) => Some(self.context),
        };
        let release = self.context.release;
        let verdict = match server_match::judge(statement.value, checked, release) {
            Ok(verdict) => verdict,
            Err(BadMatch(word)) => {
                self.reader.trouble(origin, TroubleKind::BadMatch(word), true);
                return None;
            }
        };
        Some(match (verdict, mode) {
            (_, Mode::Never) | (Verdict::No, _) => Activity::Off,
            (Verdict::NotChecked(criterion), _) => {
                let kind = TroubleKind::NotChecked(criterion.clone());
                self.reader.trouble(origin, kind, false);
                Activity::Unknown(criterion)
            }
            (Verdict::Yes, Mode::Undecided(criterion)) => Activity::Unknown(criterion.clone()),
            (Verdict::Yes, Mode::Plain | Mode::MatchOnly) => Activity::On,
        })
    }

    fn include(
        &mut self,
        spec: &'static Spec,
        statement: &Statement<'_>,
        source: &Source<'_>,
        active: &Activity,
    ) {
        let origin = &statement.origin;
        let Some(words) = self.reader.words(statement) else { return };
        let mode = match (&source.mode, active) {
            (Mode::MatchOnly, _) => Mode::MatchOnly,
            (_, Activity::On) => Mode::Plain,
            (_, Activity::Off) => Mode::Never,
            (_, Activity::Unknown(criterion)) => Mode::Undecided(criterion.clone()),
        };
        if words.is_empty() {
            self.reader.bad_value(origin, spec, value::BadValue::Missing);
        }
        for word in words {
            if word.is_empty() {
                return self.reader.bad_value(origin, spec, value::BadValue::Missing);
            }
            let anchored = word.starts_with(['/', '~']);
            let pattern = if anchored { word } else { format!("/etc/ssh/{word}") };
            for path in self.reader.included(origin, &pattern) {
                let mode = mode.clone();
                let included = Source { path: &path, mode, depth: source.depth + 1 };
                self.read_file(included, active.clone(), origin);
            }
        }
    }
}
