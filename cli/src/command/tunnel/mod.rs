//! `abide tunnel`: supervised forwards over a link or plain ssh, their status, their service.

mod carry;
mod install;
mod reporter;
mod run;
mod status;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use abide_tunnel::{
    Limits, LinkOptions, PROBE_EVERY, Tunnel, Way, Words, is_name, name_of, read_file,
};
use clap::Args;

pub(crate) use self::carry::{CarryArgs, run as carry};
use crate::args::ports;
use crate::complaint::Complaint;
use crate::exit::Exit;

/// What stands behind `abide tunnel`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = HELP)]
pub(crate) struct TunnelArgs {
    /// Call the tunnel NAME (its host, otherwise)
    #[arg(long)]
    name: Option<String>,
    /// Keep the tunnels of a TOML file
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// End after SPAN: 90s, 2h30m, 30d
    #[arg(long, value_name = "SPAN", value_parser = abide_terms::parse_span)]
    max_lifetime: Option<Duration>,
    /// Start ssh N times at most
    #[arg(long, value_name = "N")]
    max_starts: Option<u32>,
    /// Between two probes of each forward: a span, or `off` (1m)
    #[arg(long, value_name = "SPAN", value_parser = probe_every)]
    probe_every: Option<Probing>,
    /// Go on even where only a person can help
    #[arg(long)]
    keep_trying: bool,
    /// Over plain ssh, also where a keeper could run
    #[arg(long)]
    plain: bool,
    /// Over a link, use no UDP
    #[arg(long)]
    no_udp: bool,
    /// UDP ports that the keeper may listen on
    #[arg(long, value_name = "LOW-HIGH", value_parser = checked_ports)]
    udp_ports: Option<String>,
    /// status: print JSON
    #[arg(long)]
    json: bool,
    /// install: for the user's own service manager
    #[arg(long, conflicts_with = "system")]
    user: bool,
    /// install: for the machine's service manager
    #[arg(long)]
    system: bool,
    /// install: write without asking
    #[arg(long)]
    yes: bool,
    /// [ssh's flags] HOST; or `status`; or `install` and what is to be installed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "HOST")]
    words: Vec<OsString>,
}

const HELP: &str = "\
  abide tunnel -L 5432:localhost:5432 db       a forward whose connections survive
  abide tunnel --plain -L ... db               the same over plain ssh
  abide tunnel --file tunnels.toml             several
  abide tunnel status [--json]                 how they are
  abide tunnel install -R 8022:localhost:22 h  a systemd unit

Exit status: 0 ended as asked, 2 wrong usage, 3 --max-starts used up, 4 login refused,
5 host key changed or unknown, 6 local port taken, 7 ssh refuses its configuration, 255 other.
status: 0 all up, 1 not all, or none. docs/autossh.md says more.";

fn checked_ports(text: &str) -> Result<String, String> {
    ports(text).map(|(low, high)| format!("{low}-{high}"))
}

/// `--probe-every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probing {
    Off,
    Every(Duration),
}

fn probe_every(text: &str) -> Result<Probing, String> {
    if text == "off" {
        return Ok(Probing::Off);
    }
    match abide_terms::parse_span(text) {
        Ok(span) if span >= Duration::from_secs(1) => Ok(Probing::Every(span)),
        Ok(_) => Ok(Probing::Off),
        Err(error) => Err(error.to_string()),
    }
}

/// Does what was asked for.
pub(crate) fn run(mut args: TunnelArgs) -> Result<Exit, Complaint> {
    match args.words.first().and_then(|word| word.to_str()) {
        Some("status") => match args.words.get(1) {
            None => status::run(args.json),
            Some(word) => Err(Complaint::new(format!(
                "`{}` stands behind `status`, which takes no more",
                word.to_string_lossy()
            ))
            .try_this("abide tunnel status")
            .exit(Exit::USAGE)),
        },
        Some("install") => {
            args.words.remove(0);
            install::run(&args)
        }
        _ => run::run(tunnels(&args)?),
    }
}

/// The tunnels that the command line, or its file, describes.
fn tunnels(args: &TunnelArgs) -> Result<Vec<Tunnel>, Complaint> {
    let usage = |text: String| Complaint::new(text).try_this(USAGE).exit(Exit::USAGE);
    match &args.file {
        Some(_) if !args.words.is_empty() => {
            let word = args.words[0].to_string_lossy();
            Err(usage(format!("`{word}` stands beside --file, which says all")))
        }
        Some(path) => file(path),
        None if args.words.is_empty() => Err(usage("no host is given".into())),
        None => Ok(vec![one(args)?]),
    }
}

const USAGE: &str = "abide tunnel -L 5432:localhost:5432 HOST";

fn file(path: &std::path::Path) -> Result<Vec<Tunnel>, Complaint> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Complaint::new(format!("{shown} cannot be read"))
            .because(error.to_string())
            .exit(Exit::USAGE)
    })?;
    read_file(&text).map_err(|error| {
        Complaint::new(format!("{shown} is not a file of tunnels"))
            .because(error.to_string())
            .try_this("docs/autossh.md, which has an example")
            .exit(Exit::USAGE)
    })
}

fn one(args: &TunnelArgs) -> Result<Tunnel, Complaint> {
    let words = Words::read(&args.words)
        .map_err(|error| Complaint::new(error.to_string()).try_this(USAGE).exit(Exit::USAGE))?;
    let name = args.name.clone().unwrap_or_else(|| name_of(&words.host));
    if !is_name(&name) {
        return Err(Complaint::new(format!("`{name}` is no name for a tunnel"))
            .because("letters, digits, `-`, `_` and `.` make one")
            .exit(Exit::USAGE));
    }
    let limits = Limits {
        max_starts: args.max_starts,
        max_lifetime: args.max_lifetime,
        probe_every: match args.probe_every {
            None => Some(PROBE_EVERY),
            Some(Probing::Off) => None,
            Some(Probing::Every(span)) => Some(span),
        },
        keep_trying: args.keep_trying,
    };
    let way = if args.plain { Way::Plain } else { Way::Link };
    let link = LinkOptions { no_udp: args.no_udp, udp_ports: args.udp_ports.clone() };
    Ok(Tunnel { name, words, limits, way, link })
}

/// Where tunnels have their sockets; made if missing.
fn directory() -> Result<PathBuf, Complaint> {
    let runtime = abide_host::local::runtime_dir().map_err(std::io::Error::from)?;
    let path = runtime.join(abide_tunnel::status::DIRECTORY);
    abide_host::files::private_dir(&path).map_err(std::io::Error::from)?;
    Ok(path)
}
