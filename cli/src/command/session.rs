//! `abide [user@]host [command]`: a session or a command that survives.

use std::io::IsTerminal;
use std::os::unix::process::CommandExt;

use abide_carrier::quic::Identity;
use abide_client::{
    Client, ConnectError, Connected, LinkLost, Outcome, Plan, Prepared, Voice, Way,
};
use abide_openssh::{LineError, SessionKind};
use abide_session::encode_word;
use abide_terms::{EndingCode, SessionName};

use crate::args::SessionArgs;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::planning::{self, Asked};
use crate::voice::Stderr;
use crate::{background, explain, log, print, road};

/// Runs it.
pub(crate) fn run(args: SessionArgs) -> Result<Exit, Complaint> {
    let invocation = match planning::read_ssh(&args.ssh)? {
        Asked::Session(invocation) => *invocation,
        Asked::Plain => return Err(run_plain_ssh(&args)),
    };
    let name = args.name.map(|name| name.parse::<SessionName>()).transpose();
    let name = name.map_err(|error| {
        let text = error.to_string();
        let (what, rule) = text.rsplit_once(": use ").unwrap_or((&text, "another form"));
        Complaint::new(what)
            .because(format!("a name has {rule}"))
            .try_this("abide --name build HOST")
            .exit(Exit::USAGE)
    })?;
    let quiet = invocation.quiet;
    let (mut plan, session) = planning::plan(invocation, &args.options)?;
    if goes_to_background(&plan) && background::waiting().is_none() {
        return background::go(std::env::args_os().skip(1));
    }
    if !matches!(session.kind, SessionKind::None | SessionKind::Connection(_)) {
        planning::lend_display(&mut plan);
    }
    if let Some(way) = &mut plan.way {
        way.asks_terminal = session.wants_tty(std::io::stdin().is_terminal());
    }
    let identity = identity()?;
    let public_key = identity.public().0.to_vec();
    let name = name.as_ref().map_or("", SessionName::as_str);
    let start = planning::start(&session, name, &args.options, public_key, &plan)?;
    let keeper = ["keeper", "start", &encode_word(&start)].map(str::to_owned).to_vec();
    serve(&plan, keeper, identity, quiet)
}

/// `-f`, or ForkAfterAuthentication.
fn goes_to_background(plan: &Plan) -> bool {
    let asks = |way: &Way| way.invocation.background || way.effective.background;
    plan.way.as_ref().is_some_and(asks)
}

/// A key pair for QUIC.
pub(crate) fn identity() -> Result<Identity, Complaint> {
    Identity::generate()
        .map_err(|error| Complaint::new("no key could be made").because(error.to_string()))
}

/// Brings a keeper up through ssh, and serves its session.
pub(crate) fn serve(
    plan: &Plan,
    keeper: Vec<String>,
    identity: Identity,
    quiet: bool,
) -> Result<Exit, Complaint> {
    let mut voice = Stderr::new(quiet);
    let way = planning::way(plan)?;
    with_event_loop(async {
        // Before anything runs at the far end: with ExitOnForwardFailure nothing does.
        let forwards = prepared(way, quiet)?;
        let connected = Connected::through_ssh(way, keeper, &mut voice).await;
        let connected = connected.map_err(|error| explained(&error, plan))?;
        serve_connected(plan, connected, forwards, identity, &mut voice, quiet).await
    })
}

/// The forwards, with this end's listeners open. Those that cannot be had are told of as ssh does.
fn prepared(way: &Way, quiet: bool) -> Result<Vec<Prepared>, Complaint> {
    let mut forwards = Vec::new();
    for prepared in abide_client::prepare(&way.effective.forwards, &way.effective) {
        match prepared {
            Ok(prepared) => {
                if !quiet {
                    prepared.shortcomings().iter().for_each(print::note);
                }
                forwards.push(prepared);
            }
            Err(failed) if way.effective.exit_on_forward_failure => {
                return Err(explain::not_listening(&failed));
            }
            Err(failed) if !quiet => print::note(explain::not_listening(&failed)),
            Err(_) => {}
        }
    }
    Ok(forwards)
}

fn explained(error: &ConnectError, plan: &Plan) -> Complaint {
    let to = road::of_plan(plan);
    let command = plan.way.as_ref().and_then(|way| way.invocation.command_text());
    match (error, command) {
        (ConnectError::Line(LineError::TooLong(line)), Some(command)) => {
            explain::too_long(command.len(), *line, &to)
        }
        _ => explain::connect_by(error, &planning::host(plan), &to),
    }
}

/// Serves a session whose keeper is reached.
pub(crate) async fn serve_connected(
    plan: &Plan,
    connected: Connected,
    forwards: Vec<Prepared>,
    identity: Identity,
    voice: &mut dyn Voice,
    quiet: bool,
) -> Result<Exit, Complaint> {
    let session = connected.session().to_owned();
    let terminal = connected.has_terminal() && std::io::stdin().is_terminal();
    restore_terminal_on_panic();
    let outcome = Client::run(plan, connected, forwards, Some(identity), voice).await?;
    Ok(tell(&outcome, &session, terminal, plan, quiet))
}

/// One thread, one event loop.
pub(crate) fn with_event_loop<T>(
    work: impl Future<Output = Result<T, Complaint>>,
) -> Result<T, Complaint> {
    log::to_file_if_asked();
    abide_host::memory::set_up();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(work);
    // A thread may still sit in a read of stdin: it is not waited for.
    runtime.shutdown_background();
    result
}

fn restore_terminal_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        abide_host::tty::restore_now();
        before(panic);
    }));
}

/// What ended, in one line, and the exit status.
fn tell(outcome: &Outcome, session: &str, terminal: bool, plan: &Plan, quiet: bool) -> Exit {
    let host = road::of_plan(plan);
    let again = format!("abide attach {host} {session}").replace("  ", " ");
    let say = |words: String| {
        if !quiet {
            print::note(words);
        }
    };
    match outcome {
        Outcome::Exited(exited) => match exited.status {
            Some(status) => Exit::of_command(status),
            None => {
                let core = if exited.core { " (core dumped)" } else { "" };
                say(format!(
                    "session {session} ended: its program was ended by SIG{}{core}",
                    exited.signal
                ));
                Exit::FAILED
            }
        },
        Outcome::Detached => {
            say(format!("detached from session {session}; it goes on: {again}"));
            Exit::OK
        }
        Outcome::Left { told: true } => {
            say(format!("session {session} ended: you left"));
            Exit::FAILED
        }
        Outcome::Left { told: false } => {
            say(format!(
                "left session {session}, which could not be told: it goes on until `abide end {host} {session}`"
            ));
            Exit::FAILED
        }
        Outcome::Closed(ending) => {
            say(closed(ending.code, &ending.evidence, session, &again));
            Exit::FAILED
        }
        Outcome::Signalled { number, told } => {
            let name = abide_host::signals::signal_name(*number).unwrap_or("?");
            if terminal {
                say(format!("detached from session {session} by SIG{name}; it goes on: {again}"));
            } else if !told {
                say(format!(
                    "session {session} could not be told of SIG{name}: it goes on until `abide end {host} {session}`"
                ));
            }
            Exit::of_signal(*number)
        }
        Outcome::OutputClosed => Exit::of_signal(13),
        // What failed was said when it did.
        Outcome::ForwardFailed => Exit::FAILED,
        Outcome::Lost(LinkLost::SessionGone) => {
            say(Complaint::new(format!("session {session} is gone"))
                .because("its keeper or its machine stopped")
                .try_this(format!("abide ls {host}").trim_end())
                .to_string());
            Exit::FAILED
        }
    }
}

fn closed(code: EndingCode, evidence: &str, session: &str, again: &str) -> String {
    match code {
        EndingCode::Displaced => {
            format!("detached from session {session}: {evidence} took it over; back with: {again}")
        }
        EndingCode::Detached => {
            format!("detached from session {session} by {evidence}; it goes on: {again}")
        }
        EndingCode::Ended => format!("session {session} ended by {evidence}"),
        EndingCode::KeeperStopped => {
            format!("session {session} ended: its keeper was stopped ({evidence})")
        }
        EndingCode::Finished => format!("session {session} ended"),
        other => format!("session {session}: the link was closed ({}: {evidence})", other.name()),
    }
}

/// What is ssh's alone is ssh's.
fn run_plain_ssh(args: &SessionArgs) -> Complaint {
    let ssh = planning::ssh();
    let error = std::process::Command::new(&ssh).args(&args.ssh).exec();
    Complaint::new(format!("{} cannot be run", ssh.to_string_lossy())).because(error.to_string())
}
