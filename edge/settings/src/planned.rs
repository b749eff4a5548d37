//! A change of one file, planned: what it holds before and after, and what the program that reads it
//! must then print. Not the writing.

use std::path::PathBuf;

use abide_sshconf::{
    Change, Context, EditRefusal, Files, Keyword, Overlay, Root, Scope, Target, Wish, plan_edits,
    resolve,
};
use abide_store::Content;

use crate::read::same;
use crate::{Values, Wanted};

/// A value that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueChange {
    /// Which.
    pub keyword: Keyword,
    /// The value now, as the program prints it, and where it comes from.
    pub was: Option<(String, String)>,
    /// The value afterwards.
    pub will_be: Option<String>,
}

/// A change of one file.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The file.
    pub file: PathBuf,
    /// Its content now.
    pub before: Content,
    /// Its content afterwards.
    pub after: Content,
    /// What changes, keyword by keyword.
    pub values: Vec<ValueChange>,
    /// Lines that `ssh -G` or `sshd -T` must print afterwards.
    pub expect: Vec<String>,
}

/// What stands for an origin that our own reading of the files does not explain.
const ORIGIN_NOT_KNOWN: &str = "origin not known";

impl Planned {
    /// Takes the present values from what the program itself prints: our own reading says where one
    /// comes from only where both agree.
    #[must_use]
    pub fn with_present(mut self, now: &Values) -> Self {
        for change in &mut self.values {
            let mut said = now.iter().filter(|(name, _)| name == change.keyword.name());
            let Some((_, said)) = said.next() else { continue };
            if !change.was.as_ref().is_some_and(|(ours, _)| same(said, ours)) {
                change.was = Some((said.clone(), ORIGIN_NOT_KNOWN.to_owned()));
            }
        }
        self
    }
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It cannot take effect as asked.
    #[error(transparent)]
    Refused(Box<EditRefusal>),
    /// It is so already.
    #[error("all of that is so already")]
    Nothing,
    /// It would take changes in several files, which cannot be made at one stroke.
    #[error("that takes changes in {} files at once", .0.len())]
    SeveralFiles(Vec<PathBuf>),
}

impl From<EditRefusal> for PlanError {
    fn from(refusal: EditRefusal) -> Self {
        PlanError::Refused(Box::new(refusal))
    }
}

/// Where configuration is, and for whom it is read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Where the program begins to read.
    pub roots: &'a [Root],
    /// For whom.
    pub context: &'a Context,
    /// The files.
    pub files: &'a dyn Files,
}

/// Plans what makes `wanted` so.
///
/// # Errors
/// See [`PlanError`].
pub fn plan(
    reading: Reading<'_>,
    wanted: &[Wanted],
    scope: &Scope,
    target: &Target,
) -> Result<Planned, PlanError> {
    let Reading { roots, context, files } = reading;
    let wishes: Vec<Wish> = wanted.iter().map(|one| wish(one, scope, target)).collect();
    let mut edits = plan_edits(roots, context, &wishes, files)?;
    edits.retain(|edit| edit.before.as_ref() != Some(&edit.after));
    let edit = match edits.len() {
        0 => return Err(PlanError::Nothing),
        1 => edits.remove(0),
        _ => return Err(PlanError::SeveralFiles(edits.into_iter().map(|it| it.file).collect())),
    };
    let mut later = Overlay::new(files);
    later.replace(&edit.file, edit.after.clone());
    let (now, then) = (resolve(roots, context, files), resolve(roots, context, &later));
    let mut planned = Planned {
        file: edit.file,
        before: edit.before.into(),
        after: Content::Present(edit.after),
        values: Vec::new(),
        expect: Vec::new(),
    };
    for one in wanted {
        let keyword = one.keyword;
        let was = now.get(keyword).map(|it| (it.value.clone(), it.origin.to_string()));
        let will_be = then.get(keyword).map(|it| it.value.clone());
        if let Some(value) = will_be.as_ref().filter(|_| keyword.is_modelled(context.dialect())) {
            planned.expect.push(format!("{} {value}", keyword.name()));
        }
        planned.values.push(ValueChange { keyword, was, will_be });
    }
    Ok(planned)
}

fn wish(one: &Wanted, scope: &Scope, target: &Target) -> Wish {
    let change = one.value.clone().map_or(Change::Remove, Change::Set);
    Wish { keyword: one.keyword, change, scope: scope.clone(), target: target.clone() }
}
