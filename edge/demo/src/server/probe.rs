//! A trial login: proves that a server lets this user in, gives a terminal and passes exit statuses
//! on. A server that starts is not yet one that works (locked accounts, forbidden shells, odd
//! terminals in containers).

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::HOST;

/// Long enough for a slow rc file on a loaded machine.
const LIMIT: Duration = Duration::from_secs(20);
/// A status that no failure has by itself.
const STATUS: i32 = 7;

/// Logs in once with a terminal; an error is what went wrong, in ssh's words where it has any.
pub(super) async fn log_in(client_config: PathBuf) -> Result<(), String> {
    let mut command = Command::new("ssh");
    command.arg("-F").arg(client_config).args(["-tt", HOST, &format!("exit {STATUS}")]);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(LIMIT, command.output()).await {
        Err(_) => return Err(format!("no end after {} s", LIMIT.as_secs())),
        Ok(Err(error)) => return Err(format!("cannot run ssh: {error}")),
        Ok(Ok(output)) => output,
    };
    if output.status.code() == Some(STATUS) {
        return Ok(());
    }
    let words =
        String::from_utf8_lossy(&output.stderr).trim().replace("\r\n", " / ").replace('\n', " / ");
    Err(format!("ssh ended with {} instead of {STATUS}: {words}", output.status))
}
