//! Whether the session outlives the login, and words for the person when it may not.

use std::path::Path;

use abide_host::users::User;

/// What logout does to what a user leaves running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logout {
    /// Nothing.
    Spares,
    /// Ends what is in the login's scope; the user's own manager lives on.
    KillsScope,
    /// Ends everything of the user.
    KillsAll,
}

/// Reads this machine's settings. Files only: nothing here takes time.
pub(crate) fn logout(user: &User) -> Logout {
    match (kills_user_processes(), Path::new("/var/lib/systemd/linger").join(&user.name).exists()) {
        (false, _) => Logout::Spares,
        (true, true) => Logout::KillsScope,
        (true, false) => Logout::KillsAll,
    }
}

/// Warnings about this machine, for the person.
pub(crate) fn warnings(user: &User) -> Vec<String> {
    if logout(user) != Logout::KillsAll {
        return Vec::new();
    }
    let name = &user.name;
    vec![format!(
        "this server's logind has KillUserProcesses=yes: the session ends when you log out there; \
         `loginctl enable-linger {name}` keeps it"
    )]
}

/// The last `KillUserProcesses=` of logind's configuration; its default is no, except where a
/// distribution builds it otherwise.
fn kills_user_processes() -> bool {
    let mut files = vec![std::path::PathBuf::from("/etc/systemd/logind.conf")];
    for folder in [
        "/usr/lib/systemd/logind.conf.d",
        "/run/systemd/logind.conf.d",
        "/etc/systemd/logind.conf.d",
    ] {
        let mut found: Vec<_> = std::fs::read_dir(folder)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        found.sort();
        files.extend(found);
    }
    let texts = files.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    texts.filter_map(|text| setting(&text)).next_back().unwrap_or(false)
}

fn setting(text: &str) -> Option<bool> {
    let value = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("KillUserProcesses="))
        .next_back()?;
    Some(matches!(value.trim(), "yes" | "true" | "1" | "on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_setting_of_a_file_counts() {
        assert_eq!(setting("#KillUserProcesses=yes\n"), None);
        assert_eq!(setting("KillUserProcesses=yes\nKillUserProcesses=no\n"), Some(false));
        assert_eq!(setting("[Login]\nKillUserProcesses=yes"), Some(true));
    }
}
