//! Which ssh-agent a session may use, by ssh's rules.

use std::ffi::OsString;
use std::path::PathBuf;

use abide_openssh::Effective;

/// The socket of the agent that ForwardAgent means; none when it is off, or no agent is there.
pub(crate) fn to_forward(settings: &Effective) -> Option<PathBuf> {
    if !settings.forward_agent {
        return None;
    }
    let usual = || std::env::var_os(abide_host::agent::VARIABLE);
    let place = match (&settings.forward_agent_at, settings.identity_agent.as_deref()) {
        (Some(at), _) => named(at),
        (None, Some("none")) => None,
        (None, None | Some("" | "SSH_AUTH_SOCK")) => usual(),
        (None, Some(at)) => named(at),
    };
    place.filter(|place| !place.is_empty()).map(PathBuf::from).filter(|place| place.exists())
}

/// A path, `~/` and a path, or `$VARIABLE`.
fn named(at: &str) -> Option<OsString> {
    if let Some(variable) = at.strip_prefix('$') {
        return std::env::var_os(variable);
    }
    Some(match at.strip_prefix("~/") {
        Some(rest) => abide_host::users::current().home.join(rest).into_os_string(),
        None => at.into(),
    })
}
