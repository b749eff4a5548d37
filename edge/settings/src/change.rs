//! A change of ssh's settings on this machine, as an operation of the journal: checked, backed up,
//! replaced, verified, or put back. Not the planning.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use abide_store::{
    Content, OperationId, Original, Outcome, ReplaceError, Watcher, remove, replace,
};

use crate::Planned;
use crate::client::{ClientError, ClientPlace};
use crate::ledger::{About, Ledger};

/// Changes the file: checked, backed up, journalled, replaced, verified, or put back.
///
/// # Errors
/// See [`ClientError`]. The file is as it was, except after [`ClientError::Stuck`].
pub fn change(
    ledger: &Ledger,
    place: &ClientPlace,
    planned: &Planned,
    about: About,
    watch: &mut Watcher<'_>,
) -> Result<OperationId, ClientError> {
    make_folder(&planned.file)?;
    let original = Original::read(&planned.file)?;
    if original.content != planned.before {
        return Err(ClientError::Changed(planned.file.clone()));
    }
    let undoes = about.undoes;
    let operation = ledger.begin(&planned.file, &planned.before, &planned.after, about, watch)?;
    let id = operation.id();
    let done = place.check(&planned.after, operation.folder()).and_then(|()| {
        put(&original, &planned.after, &operation.mark(), watch)?;
        place.verify(&planned.expect).or_else(|refused| {
            put_back(planned, &operation.mark(), &refused)?;
            Err(refused)
        })
    });
    let outcome = match &done {
        Ok(()) => Outcome::Done,
        Err(error @ ClientError::Stuck { .. }) => Outcome::Unknown { reason: error.to_string() },
        Err(error) => Outcome::RolledBack { reason: error.to_string() },
    };
    // The error of the change is the one to tell; a journal that cannot be written tells by hashes.
    let settled = operation.settle(outcome, watch);
    done?;
    settled?;
    if let Some(undone) = undoes {
        ledger.amend(undone, Outcome::Undone { by: id })?;
    }
    Ok(id)
}

fn put(
    original: &Original,
    content: &Content,
    mark: &str,
    watch: &mut Watcher<'_>,
) -> Result<(), ReplaceError> {
    match content {
        Content::Present(bytes) => replace(original, bytes, mark, watch),
        Content::Absent => remove(original, watch),
    }
}

fn put_back(planned: &Planned, mark: &str, refused: &ClientError) -> Result<(), ClientError> {
    let stuck = |source: ClientError| ClientError::Stuck {
        refused: refused.to_string(),
        source: Box::new(source),
    };
    let now = Original::read(&planned.file).map_err(|error| stuck(error.into()))?;
    if now.content != planned.after {
        return Err(stuck(ClientError::Changed(planned.file.clone())));
    }
    let put = put(&now, &planned.before, mark, &mut abide_store::unwatched);
    put.map_err(|error| stuck(error.into()))
}

/// ~/.ssh, where it is not there yet: as ssh-keygen makes it.
fn make_folder(file: &Path) -> Result<(), ClientError> {
    let Some(folder) = file.parent().filter(|folder| folder.ends_with(".ssh")) else {
        return Ok(());
    };
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(ClientError::Folder { path: folder.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
