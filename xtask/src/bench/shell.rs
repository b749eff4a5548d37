//! A shell at the far end as a person has it: on a terminal that is watched, with a prompt that
//! counts, so that the end of a command can be seen. Knows no tool's workings.

use std::time::Duration;

use abide_compare::{Stop, Watched};
use abide_lab::terminal;
use abide_screen::{Screen, Size};

use super::Trouble;
use super::field::{Field, OPEN_LIMIT};
use super::tool::Tool;

/// An ordinary terminal.
pub(crate) const SIZE: Size = Size { rows: 24, cols: 80 };

/// A shell that waits at its prompt. Its client is killed when dropped.
pub(crate) struct Shell {
    pub(crate) client: Watched,
    /// The number that the prompt shows.
    number: u64,
}

impl Shell {
    /// Opens it, on the carrier that the tool is to use.
    pub(crate) fn open(field: &Field, tool: Tool) -> Result<Shell, Trouble> {
        let client = open(field, tool, SIZE)?;
        // \# counts the shell's commands; in pieces, so that the line's echo is no prompt.
        client.send("PS1='at''-\\#> '\r")?;
        let number = client.wait("a prompt that counts", OPEN_LIMIT, number)?;
        Ok(Shell { client, number })
    }

    /// Types a command; its end is the next prompt.
    pub(crate) fn begin(&mut self, command: &str) -> Result<(), Trouble> {
        self.number += 1;
        Ok(self.client.send(format!("{command}\r"))?)
    }

    /// The prompt that comes next.
    pub(crate) fn prompt(&self) -> String {
        format!("at-{}>", self.number)
    }

    /// Waits for the next prompt on the screen.
    pub(crate) fn end(&self, limit: Duration) -> Result<(), Trouble> {
        let wanted = |screen: &Screen| (number(screen)? == self.number).then_some(());
        Ok(self.client.wait("the prompt", limit, wanted)?)
    }
}

/// Opens a client; returns when a prompt is there and it uses the carrier that it is to use.
pub(crate) fn open(field: &Field, tool: Tool, size: Size) -> Result<Watched, Trouble> {
    let client = Watched::start(&terminal::translate(&tool.shell(field)), size, &Stop::default())?;
    client.wait("a prompt", OPEN_LIMIT, |screen| {
        let prompt = |line: &String| line.ends_with(['#', '$', '%', '>']);
        screen.lines().iter().any(prompt).then_some(())
    })?;
    if tool.has_quic() {
        field.wait_for_carrier("quic", &[])?;
    }
    Ok(client)
}

/// The number of a prompt at which the cursor stands with nothing typed.
fn number(screen: &Screen) -> Option<u64> {
    let cursor = screen.cursor();
    let line = screen.lines().into_iter().nth(cursor.row.into())?;
    line.trim_end().strip_prefix("at-")?.strip_suffix('>')?.parse().ok()
}
