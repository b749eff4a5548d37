//! What a trial runs on the remote side, and how its output reads: a counter that prints a line ten
//! times a second, and an answer to every typed line. Any shell of the user's can start it.

/// Typed to make the remote side end.
pub(super) const GOOD_BYE: &str = "bye\r";

/// The command for the remote side. Single quotes around and none within, and no `!`: so sh, fish
/// and csh pass it on unread. Echo is off, so that a token shown is a token answered. Each line is
/// one write and stays whole.
pub(super) const COMMAND: &str = "sh -c 'stty -echo; echo \"pid $$\"; \
     (i=0; while i=$((i+1)) && echo \"n $i\"; do sleep 0.1; done) & \
     while read -r x; do case $x in bye) break;; esac; echo \"got $$ $x\"; done; \
     trap \"\" TERM; kill 0'";

/// One line of the remote side's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The remote shell is up; its process number.
    Up(u32),
    /// The counter.
    Number(u64),
    /// An answer by the shell of that process number to that token.
    Answer(u32, u64),
}

/// Reads one line; `None` for anything that the script does not say.
pub(super) fn parse(line: &str) -> Option<Said> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    match words.as_slice() {
        ["pid", pid] => Some(Said::Up(pid.parse().ok()?)),
        ["n", number] => Some(Said::Number(number.parse().ok()?)),
        ["got", pid, token] => Some(Said::Answer(pid.parse().ok()?, token.parse().ok()?)),
        _ => None,
    }
}

/// What is typed for one token.
pub(super) fn typed(token: u64) -> String {
    format!("{token}\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_script_are_read_and_others_are_not() {
        assert_eq!(parse("pid 12\r"), Some(Said::Up(12)));
        assert_eq!(parse("n 7"), Some(Said::Number(7)));
        assert_eq!(parse("got 12 7"), Some(Said::Answer(12, 7)));
        for noise in ["", "n", "n x", "n -1", "got 12", "got 12 7 8", "Welcome to n 7"] {
            assert_eq!(parse(noise), None, "{noise:?}");
        }
    }

    #[test]
    fn the_command_survives_foreign_shells() {
        assert_eq!(COMMAND.matches('\'').count(), 2);
        assert!(!COMMAND.contains(['!', '\n', '\\']));
    }
}
