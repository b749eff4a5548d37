//! `abide timeouts verify`: does the setting act? Runs the user's own ssh, idle, through a counting
//! relay, and sets what was seen beside what is configured. Reads and changes no configuration.

mod configured;
mod door;
mod giving_up;
mod json;
mod judge;
mod line;
mod progress;
mod report;
mod running;
mod seen;
mod span;
mod ssh;
mod watch;

use std::ffi::OsString;
use std::time::Duration;

use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::{planning, print};

use configured::Configured;
use judge::Judgement;

/// Its options.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Args {
    /// How long to watch the idle session: 5m, 90s; as long as three keepalives take by default
    #[arg(long = "for", value_name = "TIME")]
    span: Option<String>,
    /// Scale ssh's interval down for the test
    #[arg(long)]
    quick: bool,
    /// Then cut the line, and measure when each side really gives up
    #[arg(long)]
    cut: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// What the server is meant to have: 60x3 is ClientAliveInterval 60, ClientAliveCountMax 3
    #[arg(long, value_name = "INTERVALxCOUNT")]
    client_alive: Option<String>,
    /// What ssh runs to come to the relay; not for people
    #[arg(long, hide = true)]
    door: bool,
    /// [ssh's flags] HOST
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "HOST")]
    words: Vec<OsString>,
}

/// What was asked for, as values.
#[derive(Clone, Debug)]
struct Wish {
    span: Option<Duration>,
    quick: bool,
    cut: bool,
    json: bool,
    server: Option<(u64, u32)>,
}

/// Does it.
pub(crate) fn run(args: &Args) -> Result<Exit, Complaint> {
    if args.door {
        return door::run(&args.words);
    }
    let (wish, words) = line::read(args)?;
    let invocation = line::invocation(&words)?;
    let ssh = planning::ssh();
    let mut configured = Configured::ask(&ssh, &invocation)?;
    let quick = if wish.quick { configured.quicken() } else { None };
    let command = ssh::Command::new(ssh.clone(), &invocation, &configured, quick)?;
    let host = invocation.destination.given.to_string_lossy().into_owned();
    match wish.server {
        Some((interval, count)) => configured.state_server(interval, count),
        None => {
            print::note(format_args!("abide: reading the settings of {host}"));
            configured.ask_server(&ssh, &invocation);
        }
    }
    let spans = span::choose(&configured.setup, &wish);
    let seen = watch::run(&command, &host, &mut configured, spans, wish.cut)?;
    let judgement = Judgement::of(&configured, &seen);
    if wish.json {
        print::out(json::text(&host, &configured, &seen, &judgement)?);
    } else {
        print::out(report::text(&host, &configured, &seen, &judgement));
    }
    Ok(if judgement.differs() { Exit::NO } else { Exit::OK })
}
