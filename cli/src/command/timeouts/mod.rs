//! `abide timeouts`: one file for each verb. Words only; the maths is `abide-timeouts`.

mod chart;
mod diff;
mod gather;
mod log;
mod request;
mod set;
mod show;
mod undo;
mod verb;
mod verify;

use clap::Subcommand;

pub(crate) use set::client::{agree, described, done, ledger, place_for};
pub(crate) use set::{difference, not_changed, not_planned, not_readable};
pub(crate) use undo::take_back;

use crate::complaint::Complaint;
use crate::exit::Exit;

/// What to do about timeouts.
#[derive(Debug, Subcommand)]
pub(crate) enum Timeouts {
    /// Show which timeouts apply to a host, from where, and what they will do
    Show(show::Args),
    /// Draw what the timeouts do together
    Chart(chart::Args),
    /// Change them: diff, backup, proof, undo
    Set(Box<set::Args>),
    /// Watch whether the keepalives act
    Verify(verify::Args),
    /// Take a change back
    Undo(undo::Args),
    /// List the changes made
    Log(log::Args),
    /// Show what a change changed
    Diff(diff::Args),
}

/// Does it.
pub(crate) fn run(verb: &Timeouts) -> Result<Exit, Complaint> {
    match verb {
        Timeouts::Show(args) => show::run(args),
        Timeouts::Chart(args) => chart::run(args),
        Timeouts::Set(args) => set::run(args),
        Timeouts::Verify(args) => verify::run(args),
        Timeouts::Undo(args) => undo::run(args),
        Timeouts::Log(args) => log::run(args),
        Timeouts::Diff(args) => diff::run(args),
    }
}
