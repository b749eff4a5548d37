//! `abide timeouts set`: what is wanted, for whom, where; then the client's or the server's way.

mod blame;
pub(crate) mod client;
pub(super) mod doors;
pub(super) mod options;
pub(super) mod proving;
pub(super) mod server;
mod shown;
mod words;

use abide_timeouts::Side;

use crate::complaint::Complaint;
use crate::exit::Exit;

pub(crate) use blame::{not_changed, not_planned, not_readable};
pub(crate) use options::Args;
pub(crate) use shown::difference;

/// Does it.
pub(crate) fn run(args: &Args) -> Result<Exit, Complaint> {
    let asked = words::read(args)?;
    match (asked.options.server, asked.options.on_server) {
        (false, false) => client::run(&asked),
        _ => server::run(&asked),
    }
}

/// Whose file is changed.
pub(super) const fn file_of(side: Side) -> &'static str {
    match side {
        Side::Client => "ssh_config",
        Side::Server => "sshd_config",
    }
}
