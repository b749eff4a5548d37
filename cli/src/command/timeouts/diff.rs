//! `abide timeouts diff`: what a change changed.

use abide_store::OperationId;

use super::log::chosen;
use super::set::{client::ledger, difference};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::print;

// Its options. A doc comment would be shown as the command's description.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The change's number in `abide timeouts log` [default: the newest in effect]
    id: Option<OperationId>,
}

/// Does it.
pub(crate) fn run(args: &Args) -> Result<Exit, Complaint> {
    let ledger = ledger()?;
    let record = chosen(&ledger, args.id)?;
    let (before, after) = ledger.contents(&record).map_err(|error| {
        Complaint::new(format!("the contents of change {} are not kept whole", record.id))
            .because(error.to_string())
    })?;
    print::out(difference(&record.file.display().to_string(), &before, &after));
    Ok(Exit::OK)
}
