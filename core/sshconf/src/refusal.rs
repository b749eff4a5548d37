//! Why a wish cannot come true, once no place for its line would do.

use std::path::Path;

use crate::edit::{EditRefusal, Scope};
use crate::plan::Planner;
use crate::spot::Addition;
use crate::{Document, Overlay, Resolved, resolve};

impl Planner<'_> {
    /// Why none of the candidates would do.
    pub(crate) fn why_not(
        &self,
        file: &Path,
        addition: &Addition<'_>,
        document: &Document,
    ) -> EditRefusal {
        let mut worst = EditRefusal::NotRead(file.to_owned());
        for bytes in addition.candidates(document, None) {
            let mut files = Overlay::new(self.files);
            files.replace(file, bytes);
            let then = resolve(self.roots, self.context, &files);
            if let Some(trouble) = then.troubles().iter().find(|trouble| trouble.fatal) {
                return EditRefusal::Trouble(Box::new(trouble.clone()));
            }
            if !then.files().contains(&file.to_owned()) {
                return worst;
            }
            worst = match self.setting(&then) {
                Some(setting)
                    if setting.raw == addition.value && self.is_for_few(file, &setting, &files) =>
                {
                    EditRefusal::NotForEverybody(file.to_owned())
                }
                _ => self.still_wins(&then),
            };
        }
        worst
    }

    pub(crate) fn still_wins(&self, then: &Resolved) -> EditRefusal {
        let scope = match &self.wish.scope {
            Scope::All => None,
            Scope::Host(patterns) => Some(format!("Host {patterns}")),
            Scope::Match(criteria) => Some(format!("Match {criteria}")),
        };
        if let Some(scope) = scope.as_ref().filter(|scope| !self.applies(scope)) {
            return EditRefusal::ScopeDoesNotApply(scope.clone());
        }
        if let Some(doubt) = self.undecided(then).or_else(|| self.undecided(&self.now)) {
            return EditRefusal::Undecided(Box::new(doubt));
        }
        match (self.setting(then), self.setting(&self.now)) {
            (_, Some(was)) if was.origin.place().is_some() => EditRefusal::StillWins(Box::new(was)),
            (Some(then), _) => EditRefusal::StillWins(Box::new(then)),
            (..) => EditRefusal::NotSet(self.wish.keyword),
        }
    }
}
