//! From flags, ssh's settings and the environment to a client's plan. Reads, decides, starts nothing
//! but `ssh -G`.

use std::ffi::OsString;
use std::io::IsTerminal;

use abide_client::{FirstQuestion, Plan, Way};
use abide_openssh::{
    CommandLine, Effective, FlagError, Invocation, Session, SessionError, SessionKind, TtyRequest,
    own_build,
};
use abide_prediction::{NoWish, Wish};
use abide_session::{DisplayWish, NoPacing, Pacing, Program, ProgramKind, Start, Terminal};

use crate::agent;
use crate::args::LinkArgs;
use crate::background;
use crate::complaint::Complaint;
use crate::config::{Config, wished};
use crate::display;
use crate::exit::Exit;
use crate::explain;
use crate::own_proxy::step_past;
use crate::print;
use crate::road;

/// UDP ports that firewalls opened for mosh already let through.
const UDP_PORTS: (u16, u16) = (60_000, 61_000);

/// The ssh to run: `ABIDE_SSH`, or ssh from PATH.
pub(crate) fn ssh() -> OsString {
    std::env::var_os("ABIDE_SSH").unwrap_or_else(|| "ssh".into())
}

/// What a command line asks for.
pub(crate) enum Asked {
    /// A session.
    Session(Box<Invocation>),
    /// Something that is ssh's alone.
    Plain,
}

/// Reads ssh's part of the command line.
pub(crate) fn read_ssh(args: &[OsString]) -> Result<Asked, Complaint> {
    match abide_openssh::parse(args) {
        Ok(CommandLine::Session(invocation)) => Ok(Asked::Session(invocation)),
        Ok(CommandLine::Plain(_)) => Ok(Asked::Plain),
        Err(error) => {
            let because = match &error {
                FlagError::MissingHost => "the form is ssh's: [flags] HOST [command]",
                FlagError::UnknownFlag(_) => "it is none of ssh's flags",
                FlagError::MissingArgument(_) => "the command line ends with it",
                FlagError::MissingSubsystem => "nothing follows the host",
                FlagError::BadEscape(_) => "that is one character, ^ and a letter, or none",
                FlagError::BadStdio(_) => {
                    "that is HOST:PORT, [ADDRESS]:PORT or the path of a socket"
                }
                FlagError::TwoStdio => "standard input and output lead to one place",
                FlagError::BadDestination(_) => {
                    "that is [user@]host or ssh://[user@]host[:port], with no part empty"
                }
            };
            Err(Complaint::new(error.to_string()).because(because).try_this("abide --help"))
        }
    }
}

/// A plan and what the session is to be.
pub(crate) fn plan(
    mut invocation: Invocation,
    link: &LinkArgs,
) -> Result<(Plan, Session), Complaint> {
    if let Some(not_yet) = invocation.not_yet.first() {
        return Err(explain::not_yet(not_yet, &road::of(&invocation)));
    }
    let ssh = ssh();
    let effective =
        abide_openssh::query(&ssh, &invocation).map_err(|error| explain::settings(&error))?;
    let mut effective = step_past(&ssh, &mut invocation, effective)?;
    let session = abide_openssh::resolve(&invocation, &effective).map_err(|error| {
        let evidence = error.to_string();
        match error {
            SessionError::TwoCommands { .. } => Complaint::new("there are two commands to run")
                .because(evidence)
                .try_this("leave out one of the two commands, or -o RemoteCommand=none"),
            SessionError::MissingSubsystem => Complaint::new("there is no subsystem to run")
                .because(evidence)
                .try_this("-o SessionType=default, for a shell or a command"),
        }
    })?;
    let quiet = invocation.quiet;
    let is_connection = matches!(session.kind, SessionKind::Connection(_));
    let asks_first = is_connection.then_some(FirstQuestion::AnyOne);
    if is_connection {
        // As with ssh: forwards are for others than the one on stdin.
        effective.forwards.clear();
    }
    let asks = is_connection || !effective.forwards.is_empty();
    let agent = agent::to_forward(&effective).filter(|_| !is_connection);
    let lends_agent = agent.is_some();
    let plan = Plan {
        way: Some(Way { asks, asks_first, lends_agent, ..way_by(ssh, invocation, effective)? }),
        escape: session.escape,
        // Nothing runs that could read it.
        stdin_null: session.stdin_null
            || session.kind == SessionKind::None
            || background::waiting().is_some(),
        udp_via: udp_via()?,
        no_udp: link.no_udp,
        quiet,
        predict: predict(link)?,
        pacing: pacing(link)?,
        pager: pager(),
        agent,
        lingers: background::waiting().is_some(),
        display: None,
        background: background::waiting(),
        unattended: false,
    };
    Ok((plan, session))
}

/// Has the session use our display, if ForwardX11 says so and there is one. Asks xauth.
pub(crate) fn lend_display(plan: &mut Plan) {
    let Some(way) = &mut plan.way else { return };
    plan.display = display::to_forward(&way.effective, plan.quiet);
    way.asks_display = plan.display.is_some();
    way.asks |= way.asks_display;
}

/// What the far end is told of it.
pub(crate) fn display_wish(plan: &Plan) -> Option<DisplayWish> {
    let near = plan.display.as_ref()?;
    Some(DisplayWish { screen: near.display.screen, ..DisplayWish::default() })
}

/// A way to a host, with this very program as the keeper to send.
pub(crate) fn way_by(
    ssh: OsString,
    invocation: Invocation,
    effective: Effective,
) -> Result<Way, Complaint> {
    let exe = abide_host::process::exe_path()?;
    let build = own_build(&exe)
        .map_err(|error| Complaint::new("cannot read this program").because(error.to_string()))?;
    Ok(Way {
        ssh,
        invocation,
        effective,
        exe,
        build,
        environment: Vec::new(),
        asks: false,
        asks_first: None,
        lends_agent: false,
        asks_display: false,
        asks_terminal: false,
    })
}

/// When to show predictions: `--predict`, `ABIDE_PREDICT`, or the person's settings.
pub(crate) fn predict(link: &LinkArgs) -> Result<Wish, Complaint> {
    let file = Config::read()?.predict;
    let Some((word, place)) = wished(link.predict.as_deref(), "ABIDE_PREDICT", file.as_deref())
    else {
        return Ok(Wish::default());
    };
    word.parse().map_err(|NoWish| {
        Complaint::new(format!("`{word}` is no time to show predictions"))
            .because(format!("{place} says so; it is one of {}", Wish::WORDS.join(", ")))
            .try_this("abide --predict adaptive HOST")
            .exit(Exit::USAGE)
    })
}

/// What becomes of output that cannot be kept up with: `--output`, `ABIDE_OUTPUT`, or the person's
/// settings. What is not shown on a terminal is never skipped.
pub(crate) fn pacing(link: &LinkArgs) -> Result<Pacing, Complaint> {
    let file = Config::read()?.output;
    let wished = wished(link.output.as_deref(), "ABIDE_OUTPUT", file.as_deref());
    let pacing = wished.map_or(Ok(Pacing::Smart), |(word, place)| {
        word.parse().map_err(|NoPacing| {
            Complaint::new(format!("`{word}` is no way to show output"))
                .because(format!("{place} says so; it is one of {}", Pacing::WORDS.join(", ")))
                .try_this("abide --output smart HOST")
                .exit(Exit::USAGE)
        })
    })?;
    let shown = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    Ok(if shown { pacing } else { Pacing::Exact })
}

/// What stands in for a pager where there is none: all of it is printed, and the terminal scrolls back.
const NO_PAGER: &str = "cat; printf '\\n-- abide: there is no pager here (PAGER, less, more): Enter goes back --'; \
                        read -r line </dev/tty";

/// What shows text page by page: `PAGER`, or the first of less and more that is there, or a stand-in.
pub(crate) fn pager() -> Option<OsString> {
    let given = std::env::var_os("PAGER").filter(|pager| !pager.is_empty());
    given.or_else(|| {
        let path = std::env::var_os("PATH")?;
        let is_there =
            |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
        let first = ["less", "more"].into_iter().find(is_there);
        // From its end, and with colours.
        let line = first.map_or(NO_PAGER, |it| if it == "less" { "less -R +G" } else { it });
        Some(line.into())
    })
}

pub(crate) fn udp_via() -> Result<Option<std::net::SocketAddr>, Complaint> {
    let Some(text) = std::env::var_os("ABIDE_UDP_VIA") else { return Ok(None) };
    let text = text.to_string_lossy();
    let parsed = text
        .parse()
        .map_err(|_| Complaint::new(format!("ABIDE_UDP_VIA is `{text}`, not address:port")))?;
    Ok(Some(parsed))
}

/// The wish for a new session.
pub(crate) fn start(
    session: &Session,
    name: &str,
    link: &LinkArgs,
    public_key: Vec<u8>,
    plan: &Plan,
) -> Result<Start, Complaint> {
    let text = |text: &OsString| {
        let wrong = || Complaint::new(format!("`{}` is not UTF-8", text.to_string_lossy()));
        text.to_str().map(str::to_owned).ok_or_else(wrong)
    };
    let agent = plan.agent.is_some();
    let what = match &session.kind {
        SessionKind::Shell | SessionKind::None => ProgramKind::LoginShell(true),
        SessionKind::Command(command) => ProgramKind::Command(text(command)?),
        SessionKind::Subsystem(name) => ProgramKind::Subsystem(text(name)?),
        SessionKind::Connection(target) => ProgramKind::Connection(target_of(target)),
    };
    let stdin_is_terminal = std::io::stdin().is_terminal();
    let wants_terminal = session.wants_tty(stdin_is_terminal);
    if !wants_terminal && session.tty == TtyRequest::Wanted && !plan.quiet {
        print::note("Pseudo-terminal will not be allocated because stdin is not a terminal.");
    }
    Ok(Start {
        terminal: wants_terminal.then(terminal),
        name: name.to_owned(),
        pacing: pacing(link)?.into(),
        waits: matches!(session.kind, SessionKind::Connection(_)),
        nothing: session.kind == SessionKind::None,
        agent,
        display: display_wish(plan),
        ..start_of(what, link, public_key)
    })
}

fn target_of(target: &abide_openssh::Target) -> abide_session::Target {
    use abide_openssh::Target;
    match target {
        Target::Host { host, port } => abide_session::Target {
            host: host.clone(),
            port: (*port).into(),
            ..abide_session::Target::default()
        },
        Target::Path(path) => abide_session::Target {
            path: path.to_string_lossy().into_owned(),
            ..abide_session::Target::default()
        },
        Target::Socks => abide_session::Target::default(),
    }
}

/// The wish for a new session without a name or a terminal.
pub(crate) fn start_of(what: ProgramKind, link: &LinkArgs, public_key: Vec<u8>) -> Start {
    let (low, high) = if link.no_udp { (0, 0) } else { link.udp_ports.unwrap_or(UDP_PORTS) };
    Start {
        program: Some(Program { what: Some(what) }),
        client: client_name(),
        public_key,
        udp_low: low.into(),
        udp_high: high.into(),
        ..Start::default()
    }
}

/// The terminal on stdin.
pub(crate) fn terminal() -> Terminal {
    let size = abide_host::tty::size(std::io::stdin()).unwrap_or_default();
    Terminal {
        kind: std::env::var("TERM").unwrap_or_default(),
        rows: size.rows.into(),
        cols: size.cols.into(),
        width: size.xpixel.into(),
        height: size.ypixel.into(),
        modes: abide_host::modes::encoded(std::io::stdin()).unwrap_or_default(),
    }
}

/// Who this client is, for listings: user@machine.
pub(crate) fn client_name() -> String {
    let user = abide_host::users::current().name;
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{machine}")
}

/// The host as the person wrote it; empty for this machine.
pub(crate) fn host(plan: &Plan) -> String {
    let given = plan.way.as_ref().map(|way| way.invocation.destination.given.to_string_lossy());
    given.unwrap_or_default().into_owned()
}

/// How ssh leads to the host of a plan that was made for one.
pub(crate) fn way(plan: &Plan) -> Result<&Way, Complaint> {
    plan.way.as_ref().ok_or_else(|| Complaint::new("this needs a host"))
}
