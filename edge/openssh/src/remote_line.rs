//! The remote command of the bootstrap: a POSIX `sh` script in one line that runs the installed
//! keeper of the right build, or asks for it and keeps it. See `script.sh` for what it does; the
//! client's half is [`crate::Bootstrap`].

use crate::{BuildId, Token};

/// How long the remote command may be, bytes: well below what systems pass as one argument
/// (128 KiB on Linux).
pub const MAX_REMOTE_LINE: usize = 64 * 1024;

/// The script, as it is read by people.
const SCRIPT: &str = include_str!("script.sh");

/// What the remote line is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootstrapPlan {
    token: Token,
    build: BuildId,
    keeper_args: Vec<String>,
}

/// An argument or a line that cannot travel through every login shell.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not of `[A-Za-z0-9._=/-]`, empty, or beginning with `=`.
    #[error("`{0}` cannot be an argument of the keeper")]
    BadWord(String),
    /// Longer than [`MAX_REMOTE_LINE`].
    #[error("the remote command would be {0} bytes long, the limit is {MAX_REMOTE_LINE}")]
    TooLong(usize),
}

impl BootstrapPlan {
    /// Runs `abide <keeper_args> <token>` of this build.
    ///
    /// # Errors
    /// [`LineError::BadWord`] for an argument that some shell would change.
    pub fn new(token: Token, build: BuildId, keeper_args: Vec<String>) -> Result<Self, LineError> {
        match keeper_args.iter().find(|word| !is_plain(word)) {
            Some(word) => Err(LineError::BadWord(word.clone())),
            None => Ok(BootstrapPlan { token, build, keeper_args }),
        }
    }
}

/// No character that sh, csh, fish or zsh treats specially. zsh expands a leading `=`.
fn is_plain(word: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._=/-".contains(&b);
    !word.is_empty() && !word.starts_with('=') && word.bytes().all(plain)
}

/// The remote command, for the last argument of ssh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteLine(String);

impl RemoteLine {
    /// `sh -c '<script>' abide <token> <build> <keeper args>`.
    ///
    /// # Errors
    /// [`LineError::TooLong`].
    pub fn new(plan: &BootstrapPlan) -> Result<Self, LineError> {
        let mut line = format!("sh -c '{}' abide {} {}", one_line(), plan.token, plan.build);
        for word in &plan.keeper_args {
            line.push(' ');
            line.push_str(word);
        }
        if line.len() > MAX_REMOTE_LINE {
            Err(LineError::TooLong(line.len()))
        } else {
            Ok(RemoteLine(line))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The script without comments, indentation and newlines.
fn one_line() -> String {
    let lines = SCRIPT.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(words: &[&str]) -> Result<BootstrapPlan, LineError> {
        let words = words.iter().map(|it| (*it).to_owned()).collect();
        BootstrapPlan::new(Token::new([1; 16]), BuildId::new("1", &[2; 32]), words)
    }

    #[test]
    fn the_script_has_nothing_that_a_login_shell_changes() {
        let script = one_line();
        for bad in ["'", "\n", "!", "\\", "`", " #"] {
            assert!(!script.contains(bad), "{bad:?} in {script}");
        }
        assert!(script.len() < 4096, "old csh limits words: {}", script.len());
    }

    #[test]
    fn words_that_a_shell_would_change_are_refused() {
        assert!(plan(&["keeper", "--key=a_b-C/9.="]).is_ok());
        for bad in ["", "a b", "$x", "=x", "é", "a;b", "~", "a*", "x\n"] {
            assert_eq!(plan(&["keeper", bad]), Err(LineError::BadWord(bad.into())));
        }
        let long = "x".repeat(MAX_REMOTE_LINE);
        let plan = plan(&[long.as_str()]).unwrap();
        assert!(
            matches!(RemoteLine::new(&plan), Err(LineError::TooLong(n)) if n > MAX_REMOTE_LINE)
        );
    }
}
