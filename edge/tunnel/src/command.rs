//! ssh's command line for a tunnel, the same for both ways: the user's own words, and after them what a tunnel needs. ssh
//! takes the first value of an option, so the user's win; those of ssh_config are asked for first.

use crate::forward::Forward;
use crate::way::Way;
use abide_openssh::{CommandLine, FlagError, parse};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// Seconds between ssh's keepalives, and how many may stay unanswered: a dead connection is known
/// after 30 s, and 10 s is within every NAT's patience.
const ALIVE: [&str; 2] = ["ServerAliveInterval=10", "ServerAliveCountMax=2"];
/// Seconds for the connection and the server's first words.
const CONNECT: &str = "ConnectTimeout=10";

/// Words that cannot be a tunnel's.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// ssh would refuse them as well.
    #[error(transparent)]
    Flags(#[from] FlagError),
    /// A flag that only asks ssh something.
    #[error("that flag is ssh's own")]
    Plain,
    /// A command, which a tunnel does not run.
    #[error("`{0}` is a command, and a tunnel runs none")]
    Command(String),
    /// `-f`: a service manager, or autossh, does that.
    #[error("-f would take ssh out of abide's sight")]
    Background,
    /// `-E` or `-y`: what ssh says is how abide knows what is wrong.
    #[error("-{0} would send ssh's messages where abide does not see them")]
    Diverted(char),
}

/// ssh's flags and a host, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    words: Vec<OsString>,
    /// `-F` and its file, if it is given.
    config: Vec<OsString>,
    /// The host as it was given.
    pub host: String,
}

impl Words {
    /// Reads what stands behind `abide tunnel`.
    ///
    /// # Errors
    /// See [`WordsError`].
    pub fn read(words: &[OsString]) -> Result<Self, WordsError> {
        let CommandLine::Session(invocation) = parse(words)? else {
            return Err(WordsError::Plain);
        };
        if let Some(command) = invocation.command_text() {
            return Err(WordsError::Command(command.to_string_lossy().into_owned()));
        }
        if invocation.background {
            return Err(WordsError::Background);
        }
        for (flag, letter) in [("-E", 'E'), ("-y", 'y')] {
            if invocation.passed.iter().any(|word| word == flag) {
                return Err(WordsError::Diverted(letter));
            }
        }
        let mut words = words.to_vec();
        // Behind `--` ssh reads no flags, and ours are to follow.
        if let Some(end) = words.iter().position(|word| word == "--") {
            words.remove(end);
        }
        let host = invocation.destination.given.to_string_lossy().into_owned();
        let config = invocation.passed.iter().rposition(|word| word == "-F");
        let config = config.and_then(|at| invocation.passed.get(at..at + 2));
        let config = config.unwrap_or_default().to_vec();
        Ok(Words { words, config, host })
    }

    /// The words as they were given.
    pub fn as_given(&self) -> &[OsString] {
        &self.words
    }
}

/// What `ssh -G` says of the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) argv: Vec<OsString>,
    pub(crate) forwards: Vec<Forward>,
    /// Further channels can be opened over ssh's connection, through this socket.
    pub(crate) control: bool,
}

/// `ssh -G` failed, or there is nothing to forward.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SettleError {
    NoSsh(String),
    /// ssh does not read the words themselves.
    WrongWords(String),
    /// ssh does not read its own configuration.
    Refused(String),
    NoForwards,
}

/// Asks ssh what the words come to, and adds what they lack.
pub(crate) async fn settle(
    ssh: &OsStr,
    words: &Words,
    way: Way,
    control: &Path,
) -> Result<Settled, SettleError> {
    let theirs = match query(ssh, &words.words).await {
        Err(SettleError::Refused(reason)) => return Err(whose(ssh, words, reason).await),
        answer => answer?,
    };
    let control = format!("ControlPath={}", control.display());
    let mut argv = words.words.clone();
    argv.extend(additions(&theirs, way, &control));
    let printed = query(ssh, &argv).await?;
    let forwards = Forward::read_all(&printed);
    if forwards.is_empty() {
        return Err(SettleError::NoForwards);
    }
    let ours = control.replacen("ControlPath=", "controlpath ", 1);
    let control = printed.lines().any(|line| line == ours);
    if way == Way::Plain {
        // Seen by ssh alone: -G would print it as a log level.
        argv.push("-v".into());
    }
    Ok(Settled { argv, forwards, control })
}

/// What ssh says of a file that `-F` names and that it cannot open.
const NO_SUCH_FILE: &str = "Can't open user config file";

/// Whether the words are wrong, or what ssh reads anyhow: then it refuses the host alone as well.
async fn whose(ssh: &OsStr, words: &Words, reason: String) -> SettleError {
    let alone = [&words.config[..], &["--".into(), words.host.clone().into()]].concat();
    match query(ssh, &alone).await {
        Err(SettleError::Refused(_)) if !reason.starts_with(NO_SUCH_FILE) => {
            SettleError::Refused(reason)
        }
        Err(SettleError::NoSsh(gone)) => SettleError::NoSsh(gone),
        _ => SettleError::WrongWords(reason),
    }
}

async fn query(ssh: &OsStr, argv: &[OsString]) -> Result<String, SettleError> {
    let mut command = Command::new(ssh);
    command.arg("-G").args(argv).stdin(Stdio::null()).kill_on_drop(true);
    let answer = command.output().await.map_err(|error| SettleError::NoSsh(error.to_string()))?;
    if !answer.status.success() {
        let said = String::from_utf8_lossy(&answer.stderr);
        // The count of what is wrong in a file comes after it.
        let tells = |line: &&str| !line.is_empty() && !line.contains(": terminating, ");
        let last = said.lines().map(str::trim).rfind(tells);
        return Err(SettleError::Refused(last.unwrap_or_default().to_owned()));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// What a tunnel needs and `theirs`, printed by `ssh -G`, does not set.
fn additions(theirs: &str, way: Way, control: &str) -> Vec<OsString> {
    let has = |line: &str| theirs.lines().any(|it| it == line);
    let mut options = Vec::new();
    // A link keeps itself alive, and has a master of its own.
    if way == Way::Plain && has("serveraliveinterval 0") {
        options.extend(ALIVE);
    }
    if has("connecttimeout none") {
        options.push(CONNECT);
    }
    // What is left at ssh's default cannot be told from what was set to it in ssh_config.
    options.extend([
        "ExitOnForwardFailure=yes",
        "BatchMode=yes",
        "StreamLocalBindUnlink=yes",
        "PermitLocalCommand=no",
        "RequestTTY=no",
    ]);
    if way == Way::Plain {
        options.extend(["ControlMaster=yes", "ControlPersist=no", control]);
    }
    if has("forkafterauthentication yes") {
        // Not known to OpenSSH before 8.7.
        options.push("ForkAfterAuthentication=no");
    }
    let options = options.into_iter().flat_map(|option| ["-o", option]);
    options.chain(["-N", "-T"]).map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Words, WordsError> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Words::read(&words)
    }

    #[test]
    fn only_a_tunnels_words_are_taken() {
        let words_read = words("-L 1:h:2 -p 22 -- u@host").unwrap();
        assert_eq!(words_read.host, "u@host");
        assert_eq!(words_read.as_given(), ["-L", "1:h:2", "-p", "22", "u@host"]);
        assert!(matches!(words("-L 1:h:2 host ls"), Err(WordsError::Command(_))));
        assert!(matches!(words("-f -L 1:h:2 host"), Err(WordsError::Background)));
        assert!(matches!(words("-E log host"), Err(WordsError::Diverted('E'))));
        assert!(matches!(words("-G host"), Err(WordsError::Plain)));
        assert!(matches!(words("-L 1:h:2"), Err(WordsError::Flags(_))));
    }

    #[test]
    fn keepalives_and_a_time_limit_are_added_only_where_none_are_set() {
        let text = |theirs: &str| {
            let words = additions(theirs, Way::Plain, "ControlPath=/x");
            words.join(OsStr::new(" ")).to_string_lossy().into_owned()
        };
        let bare = text("serveraliveinterval 0\nconnecttimeout none\n");
        assert!(bare.contains("ServerAliveInterval=10 -o ServerAliveCountMax=2"), "{bare}");
        assert!(bare.contains("ConnectTimeout=10"));
        let set = text("serveraliveinterval 60\nconnecttimeout 5\n");
        assert!(!set.contains("Alive") && !set.contains("ConnectTimeout"), "{set}");
        assert!(set.contains("ExitOnForwardFailure=yes"));
        let link = additions("serveraliveinterval 0\n", Way::Link, "ControlPath=/x");
        let link = link.join(OsStr::new(" ")).to_string_lossy().into_owned();
        assert!(!link.contains("Alive") && !link.contains("Control"), "{link}");
        assert!(link.contains("ExitOnForwardFailure=yes") && link.contains("BatchMode=yes"));
    }
}
