//! Brings the keeper to the demo's server once, before the trials, so that both tools begin each of
//! them alike. It is one ordinary `abide demo true`.

use std::process::Stdio;
use std::time::Duration;

use abide_host::command::ShellCommand;
use tokio::process::Command;

use crate::complaint::Complaint;

/// Long enough to send the keeper on a loaded machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `abide`, a contestant's command line up to the host, for a command that does nothing.
pub(crate) async fn install(abide: &ShellCommand) -> Result<(), Complaint> {
    let mut command = Command::new(&abide.program);
    command.args(&abide.args).arg("true").current_dir(&abide.cwd);
    command.env_clear().envs(abide.env.iter().cloned());
    command.stdin(Stdio::null()).kill_on_drop(true);
    let failed = |evidence: String| {
        Complaint::new("abide gives no session on the demo's server").because(evidence)
    };
    let output = tokio::time::timeout(LIMIT, command.output())
        .await
        .map_err(|_| failed(format!("no end after {} s", LIMIT.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(format!("{}\n{}", output.status, said.trim())))
}
