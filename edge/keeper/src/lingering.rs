//! Whether the session outlives the login, and words for the person when it may not.

use std::path::Path;

use abide_host::users::User;

/// Warnings about this machine. Reads files only: nothing here takes time.
pub(crate) fn warnings(user: &User) -> Vec<String> {
    let kills = kills_user_processes();
    let lingers = Path::new("/var/lib/systemd/linger").join(&user.name).exists();
    if !kills || lingers {
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
