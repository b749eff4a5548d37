//! ssh's settings for one destination: what `ssh -G` says counts, our own reading of the files says
//! where it is from. Starts `ssh -G` and `ssh -V`, nothing else.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use abide_openssh::Invocation;
use abide_sshconf::{ClientContext, Context, Keyword, Resolved, Root, resolve};
use abide_timeouts::{
    ChannelTimeouts, ClientSettings, Fact, Origin, Persist, Probing, Reason, RekeyLimit, Route,
    Shadowed, Side, Switch, Version,
};

pub use super::answer::Differs;
use super::answer::{self, Answer, Both};
use crate::Disk;

/// The system's own file.
const SYSTEM: &str = "/etc/ssh/ssh_config";

/// What we read that `ssh -G` prints as it stands in a file.
const COMPARED: [Keyword; 9] = [
    Keyword::SERVER_ALIVE_INTERVAL,
    Keyword::SERVER_ALIVE_COUNT_MAX,
    Keyword::TCP_KEEP_ALIVE,
    Keyword::CONNECT_TIMEOUT,
    Keyword::CONNECTION_ATTEMPTS,
    Keyword::CHANNEL_TIMEOUT,
    Keyword::REKEY_LIMIT,
    Keyword::CONTROL_MASTER,
    Keyword::CONTROL_PERSIST,
];

/// What we read besides: paths and commands, which it prints expanded.
const EXPANDED: [Keyword; 3] = [Keyword::CONTROL_PATH, Keyword::PROXY_COMMAND, Keyword::PROXY_JUMP];

/// Who runs ssh, for whom the files are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Login name.
    pub name: String,
    /// Number.
    pub uid: u32,
    /// Home folder.
    pub home: PathBuf,
    /// This machine's name.
    pub machine: Option<String>,
}

/// What was read.
#[derive(Clone, Debug)]
pub struct ClientRead {
    /// Every setting with its origin.
    pub settings: ClientSettings,
    /// Lines about timers that have no effect for this destination.
    pub shadowed: Vec<Shadowed>,
    /// Where we and `ssh -G` differ. Empty, unless one of the two has a fault.
    pub differs: Vec<Differs>,
    /// The name or address that ssh connects to.
    pub hostname: String,
    /// The port.
    pub port: String,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ClientReadError {
    /// ssh could not be run.
    #[error("cannot run `{ssh}`: {source}")]
    NoSsh {
        /// The program that was tried.
        ssh: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// ssh refused its command line or configuration.
    #[error("{stderr}")]
    Refused {
        /// What ssh wrote, trimmed.
        stderr: String,
    },
}

/// Reads them. Blocks for as long as `ssh -G` takes: it may run `Match exec` commands of the user's
/// configuration, as every ssh does.
///
/// # Errors
/// See [`ClientReadError`].
pub fn client(
    ssh: &OsStr,
    invocation: &Invocation,
    person: &Person,
) -> Result<ClientRead, ClientReadError> {
    refuse_pipe(invocation, person)?;
    let said = Answer::parse(&run(ssh, &asking(invocation))?.stdout);
    // The release is on stderr; an ssh that does not say it is no reason to say nothing.
    let version = run(ssh, &["-V".into()]).map(|printed| printed.stderr).unwrap_or_default();
    let version = Version::parse(&version);
    let read = read_files(invocation, person, version);
    let both = Both {
        said: Some(&said),
        program: "ssh -G",
        read: Some(&read),
        missing: Reason::NotTold("a newer ssh".to_owned()),
    };
    Ok(ClientRead {
        settings: settings(&both, version),
        shadowed: shadowed(&read, Side::Client, &[&COMPARED[..], &EXPANDED].concat()),
        differs: both.differences(Side::Client, &COMPARED),
        hostname: said.get("hostname").unwrap_or_default().to_owned(),
        port: said.get("port").unwrap_or_default().to_owned(),
    })
}

/// ssh would wait for whoever writes into a pipe, and leave nothing of it to us.
fn refuse_pipe(invocation: &Invocation, person: &Person) -> Result<(), ClientReadError> {
    let mut context = ClientContext::new("", &person.name, &person.home);
    let given = take_flags(&invocation.passed, &mut context);
    let file = given.unwrap_or_else(|| person.home.join(".ssh/config"));
    match std::fs::metadata(&file) {
        Ok(data) if data.file_type().is_fifo() => {
            let stderr = format!("{} is a pipe, not a file", file.display());
            Err(ClientReadError::Refused { stderr })
        }
        _ => Ok(()),
    }
}

struct Printed {
    stdout: String,
    stderr: String,
}

fn run(ssh: &OsStr, arguments: &[OsString]) -> Result<Printed, ClientReadError> {
    let output = Command::new(ssh).args(arguments).stdin(Stdio::null()).output();
    let output = output
        .map_err(|source| ClientReadError::NoSsh { ssh: ssh.display().to_string(), source })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let printed = Printed { stdout: text(&output.stdout), stderr: text(&output.stderr) };
    if output.status.success() {
        Ok(printed)
    } else {
        Err(ClientReadError::Refused { stderr: printed.stderr })
    }
}

fn asking(invocation: &Invocation) -> Vec<OsString> {
    let mut arguments = vec![OsString::from("-G")];
    arguments.extend(invocation.passed.iter().cloned());
    arguments.extend(["--".into(), invocation.destination.host.clone()]);
    arguments
}

fn settings(both: &Both<'_>, version: Option<Version>) -> ClientSettings {
    let number = |keyword| both.parsed(keyword, |text| text.parse().ok());
    let version = version.map_or_else(
        || Fact::NotChecked(Reason::NotTold("`ssh -V`".to_owned())),
        |version| Fact::Known(version, Origin::Program("ssh -V".to_owned())),
    );
    ClientSettings {
        version,
        alive: Probing {
            interval: both.parsed(Keyword::SERVER_ALIVE_INTERVAL, answer::limit),
            count: number(Keyword::SERVER_ALIVE_COUNT_MAX),
        },
        tcp_keep_alive: both.parsed(Keyword::TCP_KEEP_ALIVE, answer::switch),
        connect_timeout: both.parsed(Keyword::CONNECT_TIMEOUT, answer::limit),
        connection_attempts: number(Keyword::CONNECTION_ATTEMPTS),
        channel_timeout: both.parsed_or(
            Keyword::CHANNEL_TIMEOUT,
            ChannelTimeouts::default(),
            |text| ChannelTimeouts::parse(text).ok(),
        ),
        rekey: both.parsed_or(Keyword::REKEY_LIMIT, RekeyLimit::DEFAULT, |text| {
            RekeyLimit::parse(text).ok()
        }),
        persist: both.parsed_or(Keyword::CONTROL_PERSIST, Persist::No, answer::persist),
        shared: shared(both),
        route: route(both),
    }
}

/// Sessions share a connection: there is a master to make or to use, and a place for its socket.
fn shared(both: &Both<'_>) -> Fact<Switch> {
    let path = both.parsed_or(Keyword::CONTROL_PATH, "none".to_owned(), |it| Some(it.to_owned()));
    let has_path = path.known().is_some_and(|path| path != "none");
    both.parsed_or(Keyword::CONTROL_MASTER, Switch::Off, |text| {
        let is_on = has_path && !matches!(text, "no" | "false");
        Some(if is_on { Switch::On } else { Switch::Off })
    })
}

/// `ssh -G` prints a proxy only where there is one.
fn route(both: &Both<'_>) -> Fact<Route> {
    for keyword in [Keyword::PROXY_JUMP, Keyword::PROXY_COMMAND] {
        let printed = both.said.and_then(|said| said.get(keyword.name()));
        if printed.is_some_and(|value| value != "none") {
            return both.text(keyword).map(|value| Route::Proxied(value.clone()));
        }
    }
    Fact::Known(Route::Direct, Origin::Program(both.program.to_owned()))
}

/// Our own reading of the files that ssh reads.
fn read_files(invocation: &Invocation, person: &Person, version: Option<Version>) -> Resolved {
    let host = invocation.destination.host.to_string_lossy().into_owned();
    let mut context = ClientContext::new(host, &person.name, &person.home);
    context.uid = Some(person.uid);
    context.local_host = person.machine.clone();
    if let Some(version) = version {
        context.release = version.into();
    }
    let given = take_flags(&invocation.passed, &mut context);
    let roots = match &given {
        Some(file) if file.as_os_str() == "none" => Vec::new(),
        Some(file) => vec![Root::user(file)],
        None => vec![Root::user(person.home.join(".ssh/config")), Root::system(SYSTEM)],
    };
    let files = Disk { user: person.uid, trusted: given };
    resolve(&roots, &Context::Client(context), &files)
}

/// Flags that are settings too; gives the file of `-F`. Flags override options, and of `-p` and `-l`
/// the last wins, as in ssh.c.
fn take_flags(passed: &[OsString], context: &mut ClientContext) -> Option<PathBuf> {
    let mut file = None;
    let mut words = passed.iter();
    while let Some(flag) = words.next() {
        let mut value = || words.next().map(|it| it.to_string_lossy().into_owned());
        match flag.to_str() {
            Some("-o") => context.options.extend(value()),
            Some("-p") => context.port = value().and_then(|it| it.parse().ok()),
            Some("-l") => context.user = value(),
            Some("-F") => file = value().map(PathBuf::from),
            Some("-J") => context.options.extend(value().map(|it| format!("ProxyJump={it}"))),
            Some("-S") => context.options.extend(value().map(|it| format!("ControlPath={it}"))),
            Some("-M") => context.options.push("ControlMaster=yes".to_owned()),
            Some("-b" | "-c" | "-i" | "-I" | "-m" | "-B" | "-E" | "-P" | "-Q") => {
                value();
            }
            _ => {}
        }
    }
    file
}

/// Lines about timers that have no effect.
pub(super) fn shadowed(read: &Resolved, side: Side, keywords: &[Keyword]) -> Vec<Shadowed> {
    let about_timers = read.shadowed().iter().filter(|it| keywords.contains(&it.setting.keyword));
    let made = about_timers.map(|it| Shadowed {
        side,
        keyword: it.setting.keyword.spelling(read.dialect()).to_owned(),
        value: it.setting.value.clone(),
        origin: answer::origin(&it.setting),
        winner: it.winner.value.clone(),
        winner_origin: answer::origin(&it.winner),
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_settings() {
        let mut context = ClientContext::new("h", "u", "/home/u");
        let passed = ["-p", "2200", "-o", "ServerAliveInterval=5", "-F", "/x", "-J", "j", "-4"];
        let passed = passed.map(OsString::from);
        assert_eq!(take_flags(&passed, &mut context), Some("/x".into()));
        assert_eq!((context.port, context.options.len()), (Some(2_200), 2));
        assert_eq!(context.options[1], "ProxyJump=j");
    }

    #[test]
    fn shared_connections_need_a_socket() {
        for (printed, expected) in [
            ("controlmaster auto\ncontrolpath /x\n", Switch::On),
            ("controlmaster auto\ncontrolpath none\n", Switch::Off),
            ("controlmaster false\ncontrolpath /x\n", Switch::Off),
            ("", Switch::Off),
        ] {
            let said = Answer::parse(printed);
            let missing = Reason::NotAsked;
            let both = Both { said: Some(&said), program: "ssh -G", read: None, missing };
            assert_eq!(shared(&both).known(), Some(&expected), "{printed}");
        }
    }
}
