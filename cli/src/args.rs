//! The command line: abide's own commands, or ssh's form. Parsing does nothing else.

use std::ffi::{OsStr, OsString};

use abide_prediction::Wish;
use abide_session::Pacing;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::command::compare::CompareArgs;
use crate::command::proxy::ProxyArgs;
use crate::command::timeouts::Timeouts;
use crate::command::tunnel::{CarryArgs, TunnelArgs};
use crate::complaint::Complaint;
use crate::exit::Exit;

/// What the person asked for.
#[derive(Debug)]
pub(crate) enum Request {
    /// A session or command on a host.
    Session(SessionArgs),
    /// One of abide's own commands.
    Own(Box<Own>),
    /// What runs at the far end; not for people.
    Keeper(Vec<String>),
    /// What carries a tunnel over a link; not for people.
    TunnelLink(Box<CarryArgs>),
    /// autossh, with its own command line.
    Autossh(Vec<OsString>),
    /// Something to print.
    Print(String),
}

/// A session: options of abide's own, then ssh's command line.
#[derive(Debug, Default)]
pub(crate) struct SessionArgs {
    pub(crate) name: Option<String>,
    pub(crate) options: LinkArgs,
    pub(crate) ssh: Vec<OsString>,
}

/// Options about the link, the same for every command that makes one.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct LinkArgs {
    /// Use no UDP: ssh's own connection carries everything
    #[arg(long)]
    pub(crate) no_udp: bool,
    /// UDP ports that the keeper may listen on
    #[arg(long, value_name = "LOW-HIGH", value_parser = ports)]
    pub(crate) udp_ports: Option<(u16, u16)>,
    /// Show what keys will do before the server answers: adaptive, always or never
    #[arg(long, value_name = "WHEN", value_parser = Wish::WORDS)]
    pub(crate) predict: Option<String>,
    /// What becomes of output that the path cannot keep up with: smart, exact or latest
    #[arg(long, value_name = "HOW", value_parser = Pacing::WORDS)]
    pub(crate) output: Option<String>,
}

/// SSH that lasts exactly as long as you say.
#[derive(Debug, Parser)]
#[command(name = "abide", version, disable_help_subcommand = true, subcommand_required = true)]
struct Cli {
    #[command(subcommand)]
    own: Own,
}

/// Where: ssh's flags, a host, a session.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Place {
    /// [ssh's flags] [HOST] [SESSION]; this machine without a host
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "HOST SESSION")]
    pub(crate) words: Vec<OsString>,
}

/// abide's own commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Own {
    /// List sessions, here or on a host
    Ls {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Attach to a session, here or on a host; the only one if none is named
    Attach {
        #[command(flatten)]
        link: LinkArgs,
        /// Detach all other clients
        #[arg(short = 'd', long)]
        detach_others: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Detach the clients of a session; it goes on
    Detach {
        #[command(flatten)]
        place: Place,
    },
    /// End a session: hang up on its program
    End {
        #[command(flatten)]
        place: Place,
    },
    /// Print what a session printed: its scrollback and its screen
    Log {
        /// At most so many of the last lines
        #[arg(short = 'n', long, value_name = "LINES")]
        lines: Option<u64>,
        /// Without colours and attributes
        #[arg(long)]
        plain: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Keep forwards up, over a link or plain ssh; say what is wrong when they are not
    Tunnel(Box<TunnelArgs>),
    /// As ProxyCommand: carry an ssh client's connection to sshd over a link
    Proxy(Box<ProxyArgs>),
    /// Timeouts told truly: what is set, what it will do, how to change it
    Timeouts {
        #[command(subcommand)]
        verb: Timeouts,
    },
    /// Would another client do better here? ssh, mosh, autossh and abide over your path
    Compare(Box<CompareArgs>),
    /// Show on this machine what abide does when the cable is pulled
    Demo {
        /// Print the table as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

const NOT_OURS: &str = "ssh has no long options, and abide has none of that name here";
const PORTS_RULE: &str = "that is one port or LOW-HIGH, both from 1 to 65535, the lower first";

const NAMES: [&str; 12] = [
    "ls",
    "attach",
    "detach",
    "end",
    "log",
    "tunnel",
    "proxy",
    "timeouts",
    "compare",
    "demo",
    "completions",
    "man",
];

/// Reads the command line. The first word decides: one of ours, or ssh's form.
pub(crate) fn read(arguments: &[OsString]) -> Result<Request, Complaint> {
    let rest = arguments.get(1..).unwrap_or_default();
    let name = arguments.first().map(std::path::Path::new).and_then(std::path::Path::file_name);
    if name.is_some_and(|name| name == "autossh") {
        return Ok(Request::Autossh(rest.to_vec()));
    }
    let first = rest.first().and_then(|word| word.to_str()).unwrap_or_default();
    match first {
        "keeper" => keeper(&rest[1..]),
        "tunnel-link" => tunnel_link(&rest[1..]),
        "ssh" => session(&rest[1..]).map(Request::Session),
        "autossh" => Ok(Request::Autossh(rest[1..].to_vec())),
        "--version" => Ok(Request::Print(format!("abide {}\n", env!("CARGO_PKG_VERSION")))),
        "" if rest.is_empty() => Err(usage("no host, and no command", "nothing follows `abide`")),
        "-h" | "--help" | "help" => Ok(Request::Print(crate::command::help::TEXT.to_owned())),
        name if is_command(name) => own(arguments),
        _ => session(rest).map(Request::Session),
    }
}

/// Whether a word in the first place would be one of our commands.
pub(crate) fn is_command(word: &str) -> bool {
    NAMES.contains(&word)
}

/// The whole of our own commands, for completions and the manual page.
pub(crate) fn whole() -> clap::Command {
    Cli::command()
}

fn own(arguments: &[OsString]) -> Result<Request, Complaint> {
    let matches = Cli::command().try_get_matches_from(arrange(arguments)?);
    match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => Ok(Request::Own(Box::new(cli.own))),
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
            let first = text.lines().next().unwrap_or(text).to_owned();
            let form = text.lines().find_map(|line| line.strip_prefix("Usage: "));
            let because =
                form.map_or("it does not read".to_owned(), |it| format!("the form is: {it}"));
            Err(usage(first, because))
        }
        Err(help) => Ok(Request::Print(help.to_string())),
    }
}

/// Puts our options of a command before `--`, and after it all that is ssh's to read.
fn arrange(arguments: &[OsString]) -> Result<Vec<OsString>, Complaint> {
    let [program, command, rest @ ..] = arguments else { return Ok(arguments.to_vec()) };
    let whole = Cli::command();
    let takes_place = ["ls", "attach", "detach", "end", "log", "tunnel", "proxy", "compare"]
        .iter()
        .any(|name| command == name);
    let Some(own) = whole.find_subcommand(command).filter(|_| takes_place) else {
        return Ok(arguments.to_vec());
    };
    let is_ours = |word: &OsString| {
        let word = word.to_string_lossy();
        let name = word.split('=').next().unwrap_or_default();
        let named = |known: &clap::Arg| {
            known.get_long().is_some_and(|long| name == format!("--{long}"))
                || known.get_short().is_some_and(|short| name == format!("-{short}"))
        };
        ["-h", "--help"].contains(&name) || own.get_arguments().any(named)
    };
    let mut ours = vec![program.clone(), command.clone()];
    let mut theirs = vec![OsString::from("--")];
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if !is_ours(word) {
            // ssh has no long options.
            if let Some((unknown, _)) = split(word).filter(|_| is_before_host(&theirs[1..])) {
                let command = command.to_string_lossy();
                return Err(usage(
                    format!("`{unknown}` is not an option of abide {command}"),
                    NOT_OURS,
                ));
            }
            theirs.push(word.clone());
            continue;
        }
        ours.push(word.clone());
        let takes_value = |known: &clap::Arg| {
            known.get_action().takes_values()
                && (known.get_long().is_some_and(|long| word == format!("--{long}").as_str())
                    || known.get_short().is_some_and(|short| word == format!("-{short}").as_str()))
        };
        if own.get_arguments().any(takes_value) {
            ours.extend(words.next().cloned());
        }
    }
    ours.extend(theirs);
    Ok(ours)
}

fn keeper(words: &[OsString]) -> Result<Request, Complaint> {
    let words: Option<Vec<String>> =
        words.iter().map(|word| word.to_str().map(str::to_owned)).collect();
    words
        .map(Request::Keeper)
        .ok_or_else(|| usage("an argument is not UTF-8", "abide gives the keeper plain text"))
}

/// Our own long options stand anywhere before the host; ssh has none.
fn session(words: &[OsString]) -> Result<SessionArgs, Complaint> {
    let mut args = SessionArgs::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match split(word).filter(|_| is_before_host(&args.ssh)) {
            Some(("--no-udp", None)) => args.options.no_udp = true,
            Some(("--name", value)) => args.name = Some(needed("--name", value, &mut words)?),
            Some(("--udp-ports", value)) => {
                let value = needed("--udp-ports", value, &mut words)?;
                args.options.udp_ports =
                    Some(ports(&value).map_err(|wrong| usage(wrong, PORTS_RULE))?);
            }
            Some(("--predict", value)) => {
                args.options.predict = Some(needed("--predict", value, &mut words)?);
            }
            Some(("--output", value)) => {
                args.options.output = Some(needed("--output", value, &mut words)?);
            }
            Some((unknown, _)) => {
                return Err(usage(format!("`{unknown}` is not an option of abide"), NOT_OURS));
            }
            None => args.ssh.push(word.clone()),
        }
    }
    Ok(args)
}

fn tunnel_link(words: &[OsString]) -> Result<Request, Complaint> {
    let [lock, probes, rest @ ..] = words else {
        return Err(usage("`abide tunnel-link` is started by abide itself", "paths are missing"));
    };
    let (lock, probes) = (lock.into(), probes.into());
    Ok(Request::TunnelLink(Box::new(CarryArgs { lock, probes, session: session(rest)? })))
}

/// What was read so far names no host, and no flag of it waits for its argument.
fn is_before_host(read: &[OsString]) -> bool {
    matches!(abide_openssh::parse(read), Err(abide_openssh::FlagError::MissingHost))
}

/// `--name=value` or `--name`; `None` for everything that is ssh's, `--` too.
fn split(word: &OsStr) -> Option<(&str, Option<&str>)> {
    let word = word.to_str()?;
    if !word.starts_with("--") || word == "--" {
        return None;
    }
    Some(word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value))))
}

fn needed<'a>(
    name: &str,
    value: Option<&str>,
    words: &mut impl Iterator<Item = &'a OsString>,
) -> Result<String, Complaint> {
    let next = || words.next().and_then(|word| word.to_str()).map(str::to_owned);
    value
        .map(str::to_owned)
        .or_else(next)
        .ok_or_else(|| usage(format!("{name} needs a value"), "the command line ends with it"))
}

/// A range of UDP ports, as `LOW-HIGH` or one.
pub(crate) fn ports(text: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("`{text}` is not a range of UDP ports like 60000-61000");
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.parse(), high.parse()) {
        (Ok(low), Ok(high)) if 0 < low && low <= high => Ok((low, high)),
        _ => Err(wrong()),
    }
}

fn usage(error: impl Into<String>, because: impl Into<String>) -> Complaint {
    Complaint::new(error).because(because).try_this("abide --help").exit(Exit::USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &[&str]) -> Result<Request, Complaint> {
        let words: Vec<OsString> =
            std::iter::once(&"abide").chain(words).map(OsString::from).collect();
        read(&words)
    }

    #[test]
    fn our_options_come_before_sshs() {
        let line =
            ["--name=build", "-p", "22", "--udp-ports", "60001", "-F", "--name", "host", "--name"];
        let request = read_words(&line);
        let Ok(Request::Session(args)) = request else { panic!("{request:?}") };
        assert_eq!(args.name.as_deref(), Some("build"));
        assert_eq!(args.options.udp_ports, Some((60_001, 60_001)));
        assert_eq!(args.ssh, ["-p", "22", "-F", "--name", "host", "--name"]);
    }

    #[test]
    fn a_host_named_like_a_command_is_reached_by_ssh() {
        let request = read_words(&["ssh", "ls", "-la"]);
        let Ok(Request::Session(args)) = request else { panic!("{request:?}") };
        assert_eq!(args.ssh, ["ls", "-la"]);
        assert!(matches!(read_words(&["ls"]), Ok(Request::Own(_))));
    }

    #[test]
    fn sshs_flags_stand_before_or_after_ours() {
        for words in [&["ls", "-p", "22", "h", "--json"][..], &["ls", "--json", "-p", "22", "h"]] {
            let Ok(Request::Own(own)) = read_words(words) else { panic!("{words:?}") };
            let Own::Ls { json: true, place } = *own else { panic!("{words:?}") };
            assert_eq!(place.words, ["-p", "22", "h"]);
        }
    }

    #[test]
    fn wrong_lines_are_usage_errors() {
        for words in [
            &[][..],
            &["--name"],
            &["--udp-ports", "0", "h"],
            &["--wrong", "h"],
            &["demo", "--x"],
            &["ls", "--x", "h"],
        ] {
            let complaint = read_words(words).expect_err("wrong");
            assert_eq!(complaint.clone().exit(Exit::USAGE), complaint, "{words:?}");
        }
    }

    #[test]
    fn the_table_of_names_is_whole() {
        let known: Vec<String> =
            whole().get_subcommands().map(|own| own.get_name().to_owned()).collect();
        assert_eq!(known, NAMES);
    }
}
