//! What is sent to the far shell: assignments and contents, quoted so that every byte arrives. Not
//! what comes back.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use abide_store::Content;
use serde::{Deserialize, Serialize};

use super::asker::Asker;

/// The functions that every piece calls.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// Which sshd is meant, where several run on a machine. All empty: the system's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPlace {
    /// Its configuration file; else /etc/ssh/sshd_config.
    pub config: Option<PathBuf>,
    /// The file that its listener's process number is in; else what `sshd -T` says.
    pub pid_file: Option<PathBuf>,
    /// A command that makes it read its configuration again; else systemd or SIGHUP.
    pub reload_command: Option<String>,
    /// The program; else the first one where sshd usually is.
    pub program: Option<PathBuf>,
}

/// One change as it is sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The file on the server.
    pub target: PathBuf,
    /// What it must hold.
    pub before: Content,
    /// What it shall hold.
    pub after: Content,
    /// Lines that `sshd -T` must print afterwards.
    pub expect: Vec<String>,
    /// For whom it must.
    pub asker: Asker,
    /// How long the change stays without a confirmation.
    pub confirm_within: Duration,
}

/// A word for sh.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn lossy(path: Option<&PathBuf>) -> String {
    path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What comes before any verb: whose lines they are, which sshd is meant.
pub(super) fn preamble(token: &str, place: &ServerPlace) -> String {
    let reload = place.reload_command.clone().unwrap_or_default();
    let mut text = String::new();
    for (name, value) in [
        ("TOKEN", token.to_owned()),
        ("SSHD", lossy(place.program.as_ref())),
        ("CONFIG", lossy(place.config.as_ref())),
        ("PID_FILE", lossy(place.pid_file.as_ref())),
        ("RELOAD", reload),
    ] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "A_{name}={}", quoted(&value));
    }
    text
}

/// For whom settings are asked: as the shell was told when it was started.
pub(super) const PERSON: &str = "A_CONNECTION=$1\nA_LOGIN=$2\n";

/// The contents of a change. `person` is how the watcher knows whom to ask `sshd -T` for.
pub(super) fn contents(token: &str, place: &ServerPlace, sent: &Sent) -> Vec<u8> {
    let presence = |content: &Content| match content {
        Content::Present(_) => "present",
        Content::Absent => "absent",
    };
    let assignments = format!(
        "A_ASKER={}\nA_TARGET={}\nA_BEFORE={}\nA_AFTER={}\nA_WITHIN={}\n",
        quoted(&sent.asker.argument()),
        quoted(&sent.target.to_string_lossy()),
        presence(&sent.before),
        presence(&sent.after),
        sent.confirm_within.as_secs().max(1),
    );
    let mut piece = assignments.clone().into_bytes();
    let mut expect = sent.expect.join("\n");
    if !expect.is_empty() {
        expect.push('\n');
    }
    let watcher = format!(
        "{SCRIPT}{}A_CONNECTION=\nA_LOGIN=root\n{assignments}main watch\n",
        preamble(token, place)
    );
    for (name, bytes) in [
        ("before", sent.before.bytes().unwrap_or_default()),
        ("after", sent.after.bytes().unwrap_or_default()),
        ("expect", expect.as_bytes()),
        ("script", watcher.as_bytes()),
    ] {
        let mark = format!("END_OF_{name}_{token}");
        piece.extend(format!("payload_{name}() {{\nexact <<'{mark}'\n").into_bytes());
        piece.extend(bytes);
        piece.extend(format!("x\n{mark}\n}}\n").into_bytes());
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// Runs a piece in a real shell and gives what it prints.
    fn run(shell: &str, piece: &[u8]) -> Vec<u8> {
        let mut command = Command::new(shell);
        command.arg("-s").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(piece).unwrap();
        child.wait_with_output().unwrap().stdout
    }

    #[test]
    fn every_byte_of_a_content_arrives() {
        let all: Vec<u8> = (1..=255).collect();
        for content in [&b""[..], b"a", b"a\n", b"\n\n", b"x\n", b"'$(id) `id` \\ \r\n\tx", &all] {
            let sent = Sent {
                target: "/x".into(),
                before: Content::Absent,
                after: Content::Present(content.to_vec()),
                expect: Vec::new(),
                asker: Asker::new("root", ""),
                confirm_within: Duration::from_secs(1),
            };
            let place = ServerPlace::default();
            let mut piece = SCRIPT.as_bytes().to_vec();
            piece.extend(contents("7", &place, &sent));
            piece.extend(b"payload_after\n");
            for shell in ["sh", "bash"] {
                assert_eq!(run(shell, &piece), content, "{shell}");
            }
        }
    }

    #[test]
    fn the_script_is_clean_in_every_shell_that_is_here() {
        for shell in ["sh", "dash", "bash", "busybox"] {
            let mut command = Command::new(shell);
            if shell == "busybox" {
                command.arg("sh");
            }
            command.args(["-n", "-s"]).stdin(Stdio::piped()).stderr(Stdio::piped());
            let Ok(mut child) = command.spawn() else { continue };
            child.stdin.take().unwrap().write_all(SCRIPT.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{shell}: {output:?}");
        }
    }

    #[test]
    fn assignments_cannot_be_broken_out_of() {
        let place = ServerPlace {
            reload_command: Some("a'b; echo $HOME".into()),
            ..ServerPlace::default()
        };
        let piece = preamble("7", &place) + "printf %s \"$A_RELOAD\"\n";
        assert_eq!(run("sh", piece.as_bytes()), b"a'b; echo $HOME");
    }
}
