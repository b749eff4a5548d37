//! A change in a drop-in of its own, under a name that sorts before what would win. Not a writer.

use std::path::{Path, PathBuf};

use crate::edit::{Edit, EditRefusal, Target, Wish};
use crate::plan::plan_edit;
use crate::{Context, Dialect, Document, Files, Keyword, LineKind, Root, text};

/// What names begin with, the latest first: a drop-in stands no earlier than it must.
const PREFIXES: [&str; 4] = ["50-", "10-", "00-", "000-"];

/// Plans a change in a drop-in `PREFIX-STEM.conf`, in a folder that the first root includes: in one of
/// that stem if there is one and it will do, else in a new one that is read early enough. The target
/// of the wish is not looked at.
pub fn plan_drop_in(
    roots: &[Root],
    context: &Context,
    wish: &Wish,
    stem: &str,
    files: &dyn Files,
) -> Result<Edit, EditRefusal> {
    let candidates = candidates(roots, context.dialect(), stem, files);
    let mut refusal = EditRefusal::NotRead(PathBuf::from(format!("{stem}.conf")));
    for path in candidates {
        let wish = Wish { target: Target::DropIn(path), ..wish.clone() };
        match plan_edit(roots, context, &wish, files) {
            Ok(edit) => return Ok(edit),
            Err(one) => refusal = one,
        }
    }
    Err(refusal)
}

/// Paths in the order in which they are tried: those that exist first.
fn candidates(roots: &[Root], dialect: Dialect, stem: &str, files: &dyn Files) -> Vec<PathBuf> {
    let Some(root) = roots.first() else { return Vec::new() };
    let document = Document::parse(&files.read(&root.path).unwrap_or_default());
    let folders = document.lines().iter().filter_map(|line| included_folder(line.kind(), dialect));
    let base = root.path.parent().unwrap_or(Path::new("/"));
    let names = PREFIXES.map(|prefix| format!("{prefix}{stem}.conf"));
    let inside = |folder: String| names.clone().map(|name| base.join(&folder).join(name));
    let paths: Vec<PathBuf> = folders.flat_map(inside).collect();
    let (there, new): (Vec<_>, Vec<_>) =
        paths.into_iter().partition(|path| files.read(path).is_ok());
    there.into_iter().chain(new).collect()
}

/// The folder of `Include folder/*.conf`.
fn included_folder(kind: &LineKind, dialect: Dialect) -> Option<String> {
    let LineKind::Setting { keyword, value } = kind else { return None };
    if Keyword::named(dialect, keyword)?.name() != "include" {
        return None;
    }
    let word = text::split_words(value.as_bytes()).ok()?.words.into_iter().next()?;
    let (folder, name) = word.rsplit_once('/')?;
    let plain = !folder.contains(['*', '?', '[', '~', '%']);
    (plain && name.starts_with('*')).then(|| folder.to_owned())
}
