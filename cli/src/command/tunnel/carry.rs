//! `abide tunnel-link LOCK PROBES ...`: the process that carries one tunnel over a link, for its supervisor;
//! never started by people. What happens goes to stdout as lines of [`LinkNews`]; it ends when its stdin
//! does, so that it does not outlive a supervisor that was killed.

use std::io::Read;
use std::path::{Path, PathBuf};

use abide_client::{Client, ConnectError, Connected, LinkLost, Outcome, Plan, Prepared, prepare};
use abide_openssh::{Forward, ListenPlace, Side, Target};
use abide_session::{Start, encode_word};
use abide_tunnel::{Cause, LinkNews};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Signal, getpid, kill_process};

use super::reporter::Reporter;
use crate::args::SessionArgs;
use crate::command::session::{identity, with_event_loop};
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::planning::{self, Asked};
use crate::{explain, road};

/// What the supervisor gives.
#[derive(Debug)]
pub(crate) struct CarryArgs {
    /// Locked as long as this process runs.
    pub(crate) lock: PathBuf,
    /// Where probes may be led to any port, from the server.
    pub(crate) probes: PathBuf,
    /// As for a session; its name is that of the tunnel's session.
    pub(crate) session: SessionArgs,
}

/// Carries it until it ends, and tells why.
pub(crate) fn run(args: CarryArgs) -> Result<Exit, Complaint> {
    let lock =
        std::fs::File::options().create(true).write(true).truncate(false).open(&args.lock)?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(std::io::Error::from)?;
    end_with_stdin();
    let mut reporter = Reporter::new()?;
    let (plan, start) = match planned(&args) {
        Ok(planned) => planned,
        // Plain ssh reads the same words, and says what is wrong with them.
        Err(complaint) => {
            return over(&mut reporter, LinkNews::Unfit { why: complaint.to_string() });
        }
    };
    let news = with_event_loop(carry(&plan, start, &mut reporter))?;
    over(&mut reporter, news)
}

fn over(reporter: &mut Reporter, news: LinkNews) -> Result<Exit, Complaint> {
    reporter.send(&news);
    Ok(Exit::FAILED)
}

/// The supervisor holds the other end, and never writes.
fn end_with_stdin() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        // As if it had said so: sessions are ended, sockets removed.
        let _ = kill_process(getpid(), Signal::TERM);
    });
}

fn planned(args: &CarryArgs) -> Result<(Plan, Start), Complaint> {
    let SessionArgs { name, options, ssh } = &args.session;
    let Asked::Session(invocation) = planning::read_ssh(ssh)? else {
        return Err(Complaint::new("that flag is ssh's own"));
    };
    let (mut plan, session) = planning::plan(*invocation, options)?;
    plan.unattended = true;
    if let Some(way) = &mut plan.way
        && way.effective.forwards.iter().any(|forward| forward.side == Side::Remote)
    {
        way.effective.forwards.push(for_probes(&args.probes));
    }
    let name = name.as_deref().unwrap_or_default();
    let start = planning::start(&session, name, options, Vec::new(), &plan)?;
    Ok((plan, Start { replaces: true, ..start }))
}

/// A port of the server's is looked at from the server: the link leads there.
fn for_probes(path: &Path) -> Forward {
    Forward { side: Side::Local, listen: ListenPlace::Path(path.to_owned()), target: Target::Socks }
}

/// What it ended with; errors are those of this machine.
async fn carry(plan: &Plan, start: Start, reporter: &mut Reporter) -> Result<LinkNews, Complaint> {
    let way = planning::way(plan)?;
    let mut forwards = Vec::new();
    for prepared in prepare(&way.effective.forwards, &way.effective) {
        match prepared.map(whole) {
            Ok(Ok(prepared)) => forwards.push(prepared),
            Ok(Err(taken)) => return Ok(taken),
            Err(failed) => {
                let listen = failed.forward.listen.to_string();
                return Ok(LinkNews::LocalTaken { listen, reason: failed.why });
            }
        }
    }
    let identity = identity()?;
    let start = Start { public_key: identity.public().0.to_vec(), ..start };
    let keeper = ["keeper", "start", &encode_word(&start)].map(str::to_owned).to_vec();
    let connected = match Connected::through_ssh(way, keeper, reporter).await {
        Ok(connected) => connected,
        Err(error) => return Ok(not_connected(error, plan)),
    };
    reporter.send(&LinkNews::Reached);
    let outcome = Client::run(plan, connected, forwards, Some(identity), reporter).await?;
    Ok(LinkNews::Over { cause: cause(outcome) })
}

/// Its users would reach another program at one of two addresses.
fn whole(prepared: Prepared) -> Result<Prepared, LinkNews> {
    let taken = prepared.shortcomings().first().map(|line| {
        let line = line.strip_prefix("bind ").unwrap_or(line);
        let (listen, reason) = line.split_once(": ").unwrap_or((line, ""));
        LinkNews::LocalTaken { listen: listen.to_owned(), reason: reason.to_owned() }
    });
    taken.map_or(Ok(prepared), Err)
}

fn not_connected(error: ConnectError, plan: &Plan) -> LinkNews {
    let cause = match error {
        ConnectError::NoSsh { error, .. } => Cause::NoSsh { reason: error.to_string() },
        ConnectError::Ssh(ending) => super::reporter::cause_of(ending),
        ConnectError::Io(error) => Cause::ConnectionLost { reason: error.to_string() },
        other => {
            let (host, to) = (planning::host(plan), road::of_plan(plan));
            return LinkNews::Unfit { why: explain::connect_by(&other, &host, &to).to_string() };
        }
    };
    LinkNews::Over { cause }
}

fn cause(outcome: Outcome) -> Cause {
    let reason = match outcome {
        Outcome::Lost(LinkLost::SessionGone) => return Cause::KeeperGone,
        Outcome::Closed(ending) => format!("its session was ended: {ending}"),
        Outcome::Signalled { number, .. } => return Cause::LinkKilled { signal: number },
        Outcome::ForwardFailed => "a forward failed".to_owned(),
        Outcome::Exited(_) | Outcome::Detached | Outcome::Left { .. } | Outcome::OutputClosed => {
            "its session ended".to_owned()
        }
    };
    Cause::Other { reason }
}
