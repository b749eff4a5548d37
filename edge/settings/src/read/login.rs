//! One run of the reading script: here by `sh`, there by the user's own ssh. Gives what came out of
//! it, whatever came of it.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use abide_openssh::Invocation;

/// The functions; the call is added.
const SCRIPT: &str = include_str!("script.sh");
/// What one run may say at most; the rest is passed over. A server's whole configuration is a
/// hundredth of it.
const MAX_SAID: u64 = 4 * 1024 * 1024;
/// What ssh may say on stderr.
const MAX_ERRORS: u64 = 256 * 1024;
/// How long the login may take; the person may have to sign in meanwhile.
const LIMIT: Duration = Duration::from_secs(180);
/// What must not act in a login that only reads. Of the first one given ssh takes the value.
/// ControlMaster: a master that is there is used, none is made, as it would outlive us.
const OURS: [&str; 5] = [
    "ClearAllForwardings=yes",
    "RemoteCommand=none",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ControlMaster=no",
];

/// What a run printed.
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    /// What the script printed, among whatever a login prints.
    pub(super) stdout: String,
    /// What ssh said, with `-v`.
    pub(super) stderr: String,
}

/// Runs it on this machine.
pub(super) fn here(token: &str, config: Option<&OsStr>, user: &str) -> io::Result<Output> {
    let mut command = Command::new("/bin/sh");
    command.arg("-s").env_remove("SSH_CONNECTION");
    run(command, &call(token, config, &format!("A_CONNECTION=\nA_LOGIN={}\n", quoted(user))))
}

/// Runs it where ssh leads.
pub(super) fn there(token: &str, ssh: &OsStr, invocation: &Invocation) -> io::Result<Output> {
    let mut command = Command::new(ssh);
    command.args(arguments(invocation));
    // The login shell may be any; what the assignments need is only in the shell that reads them.
    let person = "A_CONNECTION=$SSH_CONNECTION\nA_LOGIN=$(id -un)\n";
    run(command, &call(token, None, person))
}

/// `-v`: the banner and the server's release are told there, even where the login fails.
fn arguments(invocation: &Invocation) -> Vec<OsString> {
    let mut all: Vec<OsString> = vec!["-T".into(), "-v".into()];
    OURS.into_iter().for_each(|option| all.extend(["-o".into(), OsString::from(option)]));
    all.extend(invocation.passed.iter().filter(|word| *word != "-q").cloned());
    all.extend(["--".into(), invocation.destination.host.clone(), "sh -s".into()]);
    all
}

fn call(token: &str, config: Option<&OsStr>, person: &str) -> String {
    let config = config.map(OsStr::to_string_lossy).unwrap_or_default();
    let (token, config) = (quoted(token), quoted(&config));
    format!("{SCRIPT}A_TOKEN={token}\nA_CONFIG={config}\n{person}report\n")
}

/// A word for sh.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn run(mut command: Command, script: &str) -> io::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (tell, hear) = sync_channel(1);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let script = script.to_owned();
    std::thread::spawn(move || {
        // A shell that ends early is noticed by what it did not say.
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(script.as_bytes());
        }
    });
    let errors =
        std::thread::spawn(move || stderr.map_or(String::new(), |it| read(it, MAX_ERRORS)));
    std::thread::spawn(move || {
        let said = stdout.map_or(String::new(), |it| read(it, MAX_SAID));
        let _ = tell.send(said);
    });
    let said = hear.recv_timeout(LIMIT);
    if said.is_err() {
        let _ = child.kill();
    }
    child.wait()?;
    match said {
        Ok(stdout) => Ok(Output { stdout, stderr: errors.join().unwrap_or_default() }),
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("no end within {LIMIT:?}"))),
    }
}

/// Reads to the end; what is beyond `most` is dropped, so that nobody waits.
fn read(mut from: impl Read, most: u64) -> String {
    let mut kept = Vec::new();
    let _ = (&mut from).take(most).read_to_end(&mut kept);
    let _ = io::copy(&mut from, &mut io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_openssh::{CommandLine, parse};

    #[test]
    fn ours_come_first_and_nothing_is_quiet() {
        let words = ["-q", "-o", "ControlMaster=auto", "-p", "7", "h"].map(OsString::from);
        let Ok(CommandLine::Session(invocation)) = parse(&words) else { panic!() };
        let all: Vec<String> =
            arguments(&invocation).into_iter().map(|it| it.into_string().unwrap()).collect();
        let at = |text: &str| all.iter().position(|it| it == text);
        assert!(at("ControlMaster=no") < at("ControlMaster=auto"));
        assert_eq!(at("-q"), None);
        assert_eq!(all.last().map(String::as_str), Some("sh -s"));
    }

    #[test]
    fn the_script_runs_here_and_says_that_it_is_done() {
        let output = here("7", Some(OsStr::new("/no/such'file")), "o'neill").unwrap();
        assert!(output.stdout.contains("abide:7:login o'neill\n"), "{}", output.stdout);
        assert!(output.stdout.contains("abide:7:done"), "{} {}", output.stdout, output.stderr);
    }
}
