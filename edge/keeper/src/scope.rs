//! Moves the keeper out of its login's scope, where logind kills it at logout.
//!
//! With `KillUserProcesses=yes` everything in a login's scope ends with the login. A scope of the
//! user's own manager does not, as long as the user lingers (logind.conf(5), loginctl(1)).

use std::process::Stdio;

use abide_terms::SessionId;
use tokio::process::Command;

/// Asks the user's systemd for a scope of our own. Says in the log what came of it.
pub(crate) async fn leave_login(id: SessionId) {
    let unit = format!("abide-{id}.scope");
    let pid = std::process::id().to_string();
    let arguments = [
        "--user",
        "call",
        "org.freedesktop.systemd1",
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
        "StartTransientUnit",
        "ssa(sv)a(sa(sv))",
        &unit,
        "fail",
        "1",
        "PIDs",
        "au",
        "1",
        &pid,
        "0",
    ];
    let mut busctl = Command::new("busctl");
    busctl.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match busctl.status().await {
        Ok(status) if status.success() => tracing::info!(unit, "moved to a scope of its own"),
        Ok(status) => {
            tracing::warn!(unit, %status, "no scope of its own: logout may end the session")
        }
        Err(error) => tracing::warn!(unit, %error, "no busctl: logout may end the session"),
    }
}
