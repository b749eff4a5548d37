//! Why an ssh that logged in well never brought a keeper: what the account let run instead. Only
//! for a bootstrap that ended without `Open` or `Nowhere`; [`crate::classify`] is for ssh's own
//! failures.

/// What stood in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The account has no shell (nologin, /bin/false).
    NoShell,
    /// There is a shell, and no `sh` that it would run.
    NoSh,
    /// The server only does file transfer for this account.
    OnlySftp,
    /// A shell for people at a terminal or a command of the server's choosing answered.
    Other {
        /// The first line it printed; empty when it printed none.
        said: String,
    },
}

/// Looks at what the far end printed and how it exited (the remote status, if there was one).
pub fn explain_silence(noise: &str, stderr: &str, status: Option<i32>) -> Silence {
    let said = noise.lines().chain(stderr.lines()).map(str::trim).find(|line| !line.is_empty());
    let has = |text: &str| noise.contains(text) || stderr.contains(text);
    if has("account is currently not available") || has("nologin") || has("Exec format error") {
        return Silence::NoShell;
    }
    if has("allows sftp connections only") {
        return Silence::OnlySftp;
    }
    match (status, said) {
        (Some(127 | 126), _) => Silence::NoSh,
        // false(1) as a login shell says nothing and fails.
        (Some(1), None) => Silence::NoShell,
        (_, said) => Silence::Other { said: said.unwrap_or_default().to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_without_a_usable_shell_are_named() {
        let nologin = "This account is currently not available.\n";
        assert_eq!(explain_silence(nologin, "", Some(1)), Silence::NoShell);
        assert_eq!(explain_silence("", "", Some(1)), Silence::NoShell);
        let broken = "/opt/sh: Exec format error\r\n";
        assert_eq!(explain_silence("", broken, Some(1)), Silence::NoShell);
        let sftp = "This service allows sftp connections only.\r\n";
        assert_eq!(explain_silence(sftp, "", Some(1)), Silence::OnlySftp);
        assert_eq!(explain_silence("", "rbash: sh: not found\n", Some(127)), Silence::NoSh);
        let menu = Silence::Other { said: "1) reboot".into() };
        assert_eq!(explain_silence("\n1) reboot\n", "", Some(0)), menu);
    }
}
