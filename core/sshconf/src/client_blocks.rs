//! Whether the blocks of `ssh_config` apply: Host lines here, Match lines with `client_match`.

use crate::client::Client;
use crate::client_match::{self, Facts, Verdict};
use crate::ledger::Activity;
use crate::reader::Statement;
use crate::spec::Spec;
use crate::{Keyword, Origin, TroubleKind, pattern, text, tokens, value};

impl Client<'_> {
    pub(crate) fn host_applies(
        &mut self,
        spec: &'static Spec,
        statement: &Statement<'_>,
    ) -> Option<bool> {
        let words = match text::split_words(statement.value) {
            Ok(found) => found.words,
            Err(text::OpenQuote) => {
                self.reader.trouble(&statement.origin, TroubleKind::OpenQuote, true);
                return None;
            }
        };
        let mut applies = false;
        for word in &words {
            if word.is_empty() {
                self.reader.bad_value(&statement.origin, spec, value::BadValue::Missing);
                return Some(applies);
            }
            let (wanted, negated) = match word.strip_prefix('!') {
                Some(wanted) => (wanted, true),
                None => (word.as_str(), false),
            };
            if pattern::matches(&self.host, wanted) {
                if negated {
                    return Some(false);
                }
                applies = true;
            }
        }
        Some(applies)
    }

    /// What is known where the reader stands.
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            context: self.context,
            ledger: &self.ledger,
            files: self.reader.files,
            host: if self.final_pass { self.host.clone() } else { self.host_so_far() },
            final_pass: self.final_pass,
        }
    }

    pub(crate) fn match_applies(&mut self, statement: &Statement<'_>) -> Option<Activity> {
        let facts = self.facts();
        let judged = match text::split_words(statement.value) {
            Ok(_) => client_match::judge(statement.value, &facts),
            Err(text::OpenQuote) => {
                self.reader.trouble(&statement.origin, TroubleKind::OpenQuote, true);
                return None;
            }
        };
        match judged {
            Ok((verdict, asks_final)) => {
                self.wants_final |= asks_final;
                Some(self.activity(verdict, &statement.origin))
            }
            Err(client_match::BadMatch(word)) => {
                self.reader.trouble(&statement.origin, TroubleKind::BadMatch(word), true);
                None
            }
        }
    }

    fn activity(&mut self, verdict: Verdict, origin: &Origin) -> Activity {
        match verdict {
            Verdict::Yes => Activity::On,
            Verdict::No => Activity::Off,
            Verdict::NotChecked(criterion) => {
                self.reader.trouble(origin, TroubleKind::NotChecked(criterion.clone()), false);
                Activity::Unknown(criterion)
            }
        }
    }

    /// `Match host` in the first pass: `Hostname` as far as it was read.
    fn host_so_far(&self) -> String {
        let typed = &self.context.host;
        let name = self.ledger.text(Keyword::HOSTNAME).unwrap_or(typed);
        tokens::expand(name, |token| (token == 'h').then(|| typed.clone()))
            .unwrap_or_else(|_| name.to_owned())
    }
}
