//! Include lines of `ssh_config`: where they lead.

use crate::client::{Client, Source};
use crate::ledger::Activity;
use crate::reader::Statement;
use crate::spec::Spec;
use crate::{Origin, Release, RootKind, TroubleKind, tokens, value};

/// From when on Include takes tokens and `${VARIABLES}` (readconf.c of 9.9p1).
const INCLUDE_TOKENS: Release = Release { major: 9, minor: 9 };

impl Client<'_> {
    pub(crate) fn include(
        &mut self,
        spec: &'static Spec,
        statement: &Statement<'_>,
        source: &Source<'_>,
        active: &Activity,
    ) {
        let origin = &statement.origin;
        let Some(words) = self.reader.words(statement) else { return };
        for word in words {
            let Some(pattern) = self.anchored(&word, source.kind) else {
                return self.reader.bad_value(origin, spec, value::BadValue::Refused(word));
            };
            let Some(pattern) = self.expanded(origin, pattern) else { continue };
            for path in self.reader.included(origin, &pattern) {
                let (kind, depth) = (source.kind, source.depth + 1);
                let included = Source { path: &path, kind, ceiling: active.clone(), depth };
                self.read_file(&included, active.clone(), origin);
            }
        }
    }

    /// An Include's pattern with its tokens replaced, where this release does so; without one whose
    /// value is not known, nothing is included.
    fn expanded(&mut self, origin: &Origin, pattern: String) -> Option<String> {
        if self.context.release < INCLUDE_TOKENS || !pattern.contains(['%', '$']) {
            return Some(pattern);
        }
        let facts = self.facts();
        let expanded = tokens::expand(&pattern, |token| facts.token(token));
        match expanded {
            Ok(pattern) if !pattern.contains("${") => Some(pattern),
            _ => {
                let kind = TroubleKind::NotChecked(format!("Include {pattern}"));
                self.reader.trouble(origin, kind, false);
                None
            }
        }
    }

    /// An Include's pattern from the root: relative ones are in `~/.ssh` or `/etc/ssh`.
    fn anchored(&self, word: &str, kind: RootKind) -> Option<String> {
        let home = self.context.home.to_string_lossy();
        match (word.strip_prefix('~'), kind) {
            _ if word.is_empty() => None,
            (Some(rest), RootKind::User) if rest.is_empty() || rest.starts_with('/') => {
                Some(format!("{home}{rest}"))
            }
            (Some(_), RootKind::User) => Some(word.to_owned()),
            (Some(_), _) => None,
            (None, _) if word.starts_with('/') => Some(word.to_owned()),
            (None, RootKind::User) => Some(format!("{home}/.ssh/{word}")),
            (None, _) => Some(format!("/etc/ssh/{word}")),
        }
    }
}
