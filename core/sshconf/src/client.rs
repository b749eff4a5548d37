//! Reads `ssh_config` as `ssh` does: the user's file, the system's, and both again when a Match asks
//! for the final pass.

use std::path::Path;

use crate::ledger::{Activity, Ledger, Pass};
use crate::reader::{self, Reader, Statement};
use crate::spec::{Form, Spec};
use crate::value::{self, Value};
use crate::walk::Walk;
use crate::{
    ClientContext, Dialect, Files, Keyword, Origin, ReadError, Root, RootKind, TroubleKind,
    pattern, tokens,
};

/// A run of `ssh` over its configuration.
pub(crate) struct Client<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) ledger: Ledger,
    pub(crate) context: &'a ClientContext,
    /// The host that `Host` lines are compared with.
    pub(crate) host: String,
    pub(crate) final_pass: bool,
    pub(crate) wants_final: bool,
}

/// A file on its way through the reader.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) kind: RootKind,
    /// What its blocks can be at most: a file included in a block that does not apply never applies.
    pub(crate) ceiling: Activity,
    pub(crate) depth: usize,
}

impl<'a> Client<'a> {
    /// Reads everything.
    pub(crate) fn read(roots: &[Root], context: &'a ClientContext, files: &'a dyn Files) -> Self {
        let mut client = Self {
            reader: Reader::new(files, Dialect::Client, context.release),
            ledger: Ledger::new(context.release),
            context,
            host: context.host.clone(),
            final_pass: false,
            wants_final: false,
        };
        client.read_command_line();
        client.read_roots(roots);
        client.host = client.host_name();
        let canonical = client.note_canonicalization();
        if client.wants_final || canonical {
            client.final_pass = true;
            client.settle_names();
            client.read_roots(roots);
        }
        client
    }

    /// The name that ssh connects to: `Hostname` with `%h` replaced, or the host as typed; in lower
    /// case unless it is an address.
    pub(crate) fn host_name(&self) -> String {
        let typed = &self.context.host;
        let name = self.ledger.text(Keyword::HOSTNAME).unwrap_or(typed);
        let name = tokens::expand(name, |token| (token == 'h').then(|| typed.clone()))
            .unwrap_or_else(|_| name.to_owned());
        let address = name.contains(['%', ':'])
            || name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if address { name } else { name.to_ascii_lowercase() }
    }

    /// Whether names are made canonical, which asks the DNS: nobody does that here.
    fn note_canonicalization(&mut self) -> bool {
        let keyword = Keyword::CANONICALIZE_HOSTNAME;
        let asked = self.ledger.text(keyword).is_some_and(|word| word != "false");
        if asked {
            let origin = self.ledger.origin(keyword).cloned().unwrap_or(Origin::Default);
            let kind = TroubleKind::NotChecked("CanonicalizeHostname".to_owned());
            self.reader.trouble(&origin, kind, false);
        }
        asked
    }

    /// Between the passes ssh gives these a value, so that the second cannot set them.
    fn settle_names(&mut self) {
        let default = |keyword: Keyword| {
            keyword.spec(Dialect::Client).and_then(|spec| spec.default).map(str::to_owned)
        };
        let canonical = [
            Keyword::CANONICALIZE_FALLBACK_LOCAL,
            Keyword::CANONICALIZE_HOSTNAME,
            Keyword::CANONICALIZE_MAX_DOTS,
        ];
        let defaults = canonical.map(|keyword| (keyword, default(keyword)));
        let host = (Keyword::HOSTNAME, Some(self.host.clone()));
        for (keyword, value) in defaults.into_iter().chain([host]) {
            let spec = keyword.spec(Dialect::Client);
            if let (Some(spec), Some(value), None) = (spec, value, self.ledger.text(keyword)) {
                let value = Value::Parts(vec![Some(value)]);
                let from = (Origin::Default, "");
                self.ledger.offer(spec, value, from, (&Activity::On, Pass::Globals), None);
            }
        }
    }

    fn read_command_line(&mut self) {
        let context = self.context;
        let port = context.port.map(|port| ("port", port.to_string().into_bytes()));
        let user = context.user.as_ref().map(|user| ("user", user.clone().into_bytes()));
        for (keyword, value) in [port, user].into_iter().flatten() {
            self.line(keyword, &value, Origin::CommandLine);
        }
        for option in &context.options {
            if let Some((keyword, value)) = reader::on_command_line(option) {
                self.line(&keyword, &value, Origin::CommandLine);
            }
        }
    }

    fn line(&mut self, keyword: &str, value: &[u8], origin: Origin) {
        let statement = Statement { keyword, value, origin };
        if let Some(spec) = self.spec_of(&statement) {
            self.set(spec, &statement, &Activity::On);
        }
    }

    fn read_roots(&mut self, roots: &[Root]) {
        for root in roots {
            let origin = reader::place(&root.path, 0, &None);
            let source =
                Source { path: &root.path, kind: root.kind, ceiling: Activity::On, depth: 0 };
            self.read_file(&source, Activity::On, &origin);
        }
    }

    pub(crate) fn read_file(&mut self, source: &Source<'_>, mut active: Activity, asked: &Origin) {
        if self.reader.is_too_deep(asked, source.depth) {
            return;
        }
        let document = match self.reader.open(source.path) {
            Ok(document) => document,
            Err(ReadError::Missing) => return,
            Err(error) => {
                let path = source.path.to_owned();
                let fatal = source.depth > 0 || error == ReadError::Unsafe;
                self.reader.trouble(asked, TroubleKind::Unreadable { path, error }, fatal);
                return;
            }
        };
        let mut walk = Walk::through(source.path, document);
        while let Some(statement) = walk.next(&mut self.reader) {
            self.statement(&statement, source, &mut active);
        }
    }

    fn statement(&mut self, statement: &Statement<'_>, source: &Source<'_>, active: &mut Activity) {
        let Some(spec) = self.spec_of(statement) else { return };
        match spec.form {
            Form::Host => {
                if let Some(applies) = self.host_applies(spec, statement) {
                    let inner = if applies { Activity::On } else { Activity::Off };
                    *active = reader::both(&source.ceiling, inner);
                }
            }
            Form::Match => {
                if let Some(inner) = self.match_applies(statement) {
                    *active = reader::both(&source.ceiling, inner);
                }
            }
            Form::Include => self.include(spec, statement, source, active),
            _ => self.set(spec, statement, active),
        }
    }

    /// The keyword, or nothing where it is unknown (which may have been allowed).
    fn spec_of(&mut self, statement: &Statement<'_>) -> Option<&'static Spec> {
        if statement.value.is_empty() {
            let kind = TroubleKind::NoValue(statement.keyword.to_owned());
            self.reader.trouble(&statement.origin, kind, true);
            return None;
        }
        let spec = self.reader.spec_of(statement.keyword);
        let ignored = self.ledger.text(Keyword::IGNORE_UNKNOWN);
        let ignored =
            ignored.map(|list| pattern::in_list(statement.keyword, &list.to_ascii_lowercase()));
        if spec.is_none() && ignored != Some(pattern::Listed::Yes) {
            let kind = TroubleKind::UnknownKeyword(statement.keyword.to_owned());
            self.reader.trouble(&statement.origin, kind, true);
        }
        if spec.is_some_and(|spec| matches!(spec.form, Form::Ignored)) {
            let kind = TroubleKind::Obsolete(statement.keyword.to_owned());
            self.reader.trouble(&statement.origin, kind, false);
        }
        spec
    }

    fn set(&mut self, spec: &'static Spec, statement: &Statement<'_>, active: &Activity) {
        match value::read(spec, statement.value) {
            Err(bad) => self.reader.bad_value(&statement.origin, spec, bad),
            Ok(value) => {
                let blocked_by = self.blocked_by(spec, &value);
                let from = (statement.origin.clone(), &*statement.raw(spec.takes_words()));
                self.ledger.offer(spec, value, from, (active, Pass::Globals), blocked_by);
            }
        }
    }

    /// `ProxyCommand` and `ProxyJump` keep each other out: whichever is read first wins.
    fn blocked_by(&self, spec: &Spec, value: &Value) -> Option<Keyword> {
        let none = Value::Parts(vec![Some("none".to_owned())]);
        let (other, blocks) = match Keyword::of(spec) {
            Keyword::PROXY_JUMP if *value != none => (Keyword::PROXY_COMMAND, true),
            Keyword::PROXY_COMMAND => {
                let jump = self.ledger.text(Keyword::PROXY_JUMP);
                (Keyword::PROXY_JUMP, jump.is_some_and(|jump| jump != "none"))
            }
            _ => return None,
        };
        (blocks && self.ledger.text(other).is_some()).then_some(other)
    }
}
