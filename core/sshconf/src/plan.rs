//! Plans a change: tries the places where the new line could stand, resolves each result, and takes
//! the first that does exactly what was asked. Not a writer.

use std::path::{Path, PathBuf};

use crate::edit::{Change, Edit, EditRefusal, Scope, Target, Wish};
use crate::spec::Form;
use crate::spot::{self, Addition};
use crate::{
    Context, Dialect, Document, Files, Keyword, Origin, Overlay, Place, Resolved, Root, Setting,
    resolve,
};

/// How many lines one removal takes away at most; more is refused as still set.
const MAX_REMOVED: usize = 256;

/// Plans one change. `context` is a connection that the change must take effect for (it must be in
/// the scope); the plan is made by really resolving the changed files, so a plan that is returned
/// does what it says. Nothing to do gives an edit whose `after` equals `before`.
pub fn plan_edit(
    roots: &[Root],
    context: &Context,
    wish: &Wish,
    files: &dyn Files,
) -> Result<Edit, EditRefusal> {
    let now = resolve(roots, context, files);
    let own = roots.first().map_or(&[][..], std::slice::from_ref);
    let own = resolve(own, context, files).files().to_vec();
    let planner = Planner { roots, context, wish, files, now, own };
    planner.check()?;
    match &wish.change {
        Change::Set(value) => planner.set(value),
        Change::Remove => planner.remove(),
    }
}

/// Plans several changes, each on top of those before; one edit for each file, in order of first
/// change (`was` is that of the first wish for the file, `will_be` that of the last).
pub fn plan_edits(
    roots: &[Root],
    context: &Context,
    wishes: &[Wish],
    files: &dyn Files,
) -> Result<Vec<Edit>, EditRefusal> {
    let mut edits: Vec<Edit> = Vec::new();
    for wish in wishes {
        let mut changed = Overlay::new(files);
        for edit in &edits {
            changed.replace(&edit.file, edit.after.clone());
        }
        let edit = plan_edit(roots, context, wish, &changed)?;
        match edits.iter_mut().find(|known| known.file == edit.file) {
            Some(known) => {
                known.after = edit.after;
                known.will_be = edit.will_be;
            }
            None => edits.push(edit),
        }
    }
    Ok(edits)
}

/// A wish, the files, and what they amount to now.
pub(crate) struct Planner<'a> {
    pub(crate) roots: &'a [Root],
    pub(crate) context: &'a Context,
    pub(crate) wish: &'a Wish,
    pub(crate) files: &'a dyn Files,
    pub(crate) now: Resolved,
    /// What the first root leads to: a user's wish does not change the system's files by itself.
    own: Vec<PathBuf>,
}

impl Planner<'_> {
    pub(crate) fn dialect(&self) -> Dialect {
        self.context.dialect()
    }

    /// Refuses what cannot be, whatever the files say.
    fn check(&self) -> Result<(), EditRefusal> {
        let keyword = self.wish.keyword;
        if let Some(trouble) = self.now.troubles().iter().find(|trouble| trouble.fatal) {
            return Err(EditRefusal::Trouble(Box::new(trouble.clone())));
        }
        let release = self.context.release();
        let spec = keyword.spec(self.dialect());
        let spec = spec.filter(|spec| spec.since.is_none_or(|since| release >= since));
        let spec = spec.ok_or(EditRefusal::UnknownKeyword(keyword))?;
        let block = matches!(spec.form, Form::Host | Form::Match | Form::Include | Form::Ignored);
        if spec.collects() || block {
            return Err(EditRefusal::Collects(keyword));
        }
        match &self.wish.scope {
            Scope::All => {}
            Scope::Host(_) if self.dialect() == Dialect::Server => {
                return Err(EditRefusal::UnknownKeyword(keyword));
            }
            Scope::Host(_) | Scope::Match(_) if !spec.in_match => {
                return Err(EditRefusal::NotInMatch(keyword));
            }
            Scope::Host(_) | Scope::Match(_) => {}
        }
        match self.setting(&self.now) {
            Some(setting) if setting.origin == Origin::CommandLine => {
                Err(EditRefusal::CommandLine(keyword))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn setting(&self, resolved: &Resolved) -> Option<Setting> {
        resolved.get(self.wish.keyword).cloned()
    }

    fn set(&self, value: &str) -> Result<Edit, EditRefusal> {
        let wanted = self.printed(value)?;
        let was = self.setting(&self.now);
        let in_scope = was.as_ref().is_some_and(|was| self.is_ours(was));
        let unset = was.as_ref().is_some_and(|was| was.origin == Origin::Default);
        let is_so = was.as_ref().is_some_and(|was| was.value == wanted);
        if is_so && (in_scope || unset) && self.undecided(&self.now).is_none() {
            return self.unchanged();
        }
        let place = was.as_ref().and_then(|was| was.origin.place()).cloned();
        if let Some(place) = place.as_ref().filter(|place| in_scope && self.may_touch(&place.file))
        {
            let document = self.document(&place.file);
            let changed = replace_value(&document, place.line, value, self.wish.keyword);
            if let Some(edit) = self.accept(&place.file, changed, Some(&wanted)) {
                return Ok(edit);
            }
        }
        self.add(value, &wanted, place.as_ref())
    }

    /// Adds a line to the file that the wish means.
    fn add(&self, value: &str, wanted: &str, winner: Option<&Place>) -> Result<Edit, EditRefusal> {
        let file = self.target()?;
        let document = self.document(&file);
        let (keyword, scope) = (self.wish.keyword, &self.wish.scope);
        let addition = Addition { dialect: self.dialect(), keyword, value, scope };
        let before = winner.filter(|place| place.file == file).map(|place| place.line);
        for bytes in addition.candidates(&document, before) {
            if let Some(edit) = self.accept(&file, bytes, Some(wanted)) {
                return Ok(edit);
            }
        }
        Err(self.why_not(&file, &addition, &document))
    }

    /// The file for a new line.
    fn target(&self) -> Result<PathBuf, EditRefusal> {
        match &self.wish.target {
            Target::Best => {
                let root = self.roots.first().map(|root| root.path.clone());
                root.ok_or_else(|| EditRefusal::NotRead(PathBuf::new()))
            }
            Target::DropIn(file) => Ok(file.clone()),
            Target::File(file) => {
                let root = self.roots.iter().any(|root| root.path == *file);
                let read = self.now.files().contains(file);
                if root || read {
                    Ok(file.clone())
                } else {
                    Err(EditRefusal::NotRead(file.clone()))
                }
            }
        }
    }

    fn may_touch(&self, file: &Path) -> bool {
        match &self.wish.target {
            Target::Best => self.own.iter().any(|own| own == file),
            Target::File(wanted) | Target::DropIn(wanted) => wanted == file,
        }
    }

    pub(crate) fn document(&self, file: &Path) -> Document {
        Document::parse(&self.files.read(file).unwrap_or_default())
    }

    fn unchanged(&self) -> Result<Edit, EditRefusal> {
        let was = self.setting(&self.now);
        let place = was.as_ref().and_then(|was| was.origin.place());
        let file = place.map_or_else(|| self.target(), |place| Ok(place.file.clone()))?;
        let before = self.files.read(&file).ok();
        let after = before.clone().unwrap_or_default();
        Ok(Edit { file, before, after, will_be: was.clone(), was })
    }

    fn remove(&self) -> Result<Edit, EditRefusal> {
        let keyword = self.wish.keyword;
        let first = self.setting(&self.now).filter(|was| self.is_ours(was));
        let place = first.as_ref().and_then(|setting| setting.origin.place());
        let place = place.filter(|place| self.may_touch(&place.file));
        let place = place.ok_or(EditRefusal::NotSet(keyword))?;
        let mut bytes = self.files.read(&place.file).unwrap_or_default();
        let mut line = place.line;
        for _ in 0..MAX_REMOVED {
            bytes = without_line(&Document::parse(&bytes), line);
            let mut files = Overlay::new(self.files);
            files.replace(&place.file, bytes.clone());
            let then = resolve(self.roots, self.context, &files);
            let next = self.setting(&then);
            let next = next.filter(|setting| {
                let block = setting.origin.place().and_then(|place| place.block.as_ref());
                setting.origin.place().is_some() && spot::is_in_scope(block, &self.wish.scope)
            });
            match next.as_ref().and_then(|setting| setting.origin.place()) {
                Some(again) if again.file == place.file => line = again.line,
                Some(_) => break,
                None => {
                    let edit = self.accept(&place.file, bytes, None);
                    return edit.ok_or_else(|| self.still_wins(&then));
                }
            }
        }
        Err(self.still_wins(&self.now))
    }
}

fn replace_value(document: &Document, line: usize, value: &str, keyword: Keyword) -> Vec<u8> {
    let dialects = [Dialect::Client, Dialect::Server];
    let words = dialects.into_iter().find_map(|dialect| keyword.spec(dialect));
    let words = words.is_none_or(crate::spec::Spec::takes_words);
    let lines = document.lines().iter().enumerate();
    let lines = lines.map(|(at, old)| match at + 1 == line {
        true => old.with_value(value, words),
        false => old.bytes().to_vec(),
    });
    lines.flatten().collect()
}

fn without_line(document: &Document, line: usize) -> Vec<u8> {
    let kept = document.lines().iter().enumerate().filter(|(at, _)| at + 1 != line);
    kept.flat_map(|(_, line)| line.bytes().to_vec()).collect()
}
