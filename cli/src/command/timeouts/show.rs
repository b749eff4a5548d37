//! `abide timeouts show`: which timeouts apply to a host, from where, and what they will do. Looks,
//! asks `abide-timeouts`, and says it; changes nothing.

mod answers;
mod beliefs;
mod findings;
mod json;
mod page;
mod request;
mod seen;
mod settings;
#[cfg(test)]
mod snapshots;
mod words;

use std::ffi::OsString;

use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::print;

use super::request::LookOptions;
use super::verb::Verb;
use page::Page;
use seen::Seen;

/// As its usage errors speak of it.
const VERB: Verb = Verb { name: "show", try_this: "abide timeouts show --help" };

/// Its options. They may stand before or after the host.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Args {
    #[command(flatten)]
    look: LookOptions,
    /// Print JSON (schema 1, see docs/timeouts-json.md)
    #[arg(long)]
    json: bool,
    /// [ssh's flags] HOST
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "HOST")]
    words: Vec<OsString>,
}

/// Does it.
pub(crate) fn run(args: &Args) -> Result<Exit, Complaint> {
    let request = request::read(args)?;
    let seen = seen::look(&request.look)?;
    if request.json {
        let text = json::render(&seen).map_err(std::io::Error::from)?;
        print::out(format!("{text}\n"));
    } else {
        print::out(render(&seen, Page::new()));
    }
    Ok(Exit::OK)
}

/// The whole page.
fn render(seen: &Seen, mut page: Page) -> String {
    page.heading(&title(seen));
    settings::write(seen, &mut page);
    answers::write(seen, &mut page);
    beliefs::write(seen, &mut page);
    findings::write(seen, &mut page);
    page.text
}

fn title(seen: &Seen) -> String {
    match &seen.client {
        Some(client) => format!("Timeouts between here and {} ({})", seen.name, client.address),
        None => format!("Timeouts of the sshd on {}", seen.name),
    }
}
