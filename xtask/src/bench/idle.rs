//! What a session costs that is left alone: packets on the emulated link, wake-ups, processor time.
//! Each contestant has a lab of its own; all are watched at the same time.

use std::time::Duration;

use abide_host::clock;
use abide_lab::{Profile, Protocol, Terminal};

use super::field::{Field, LOOK_EVERY};
use super::report::{Report, Target};
use super::task::{self, Work};
use super::tool::Tool;
use super::{Trouble, field};

/// Before a session counts as left alone.
const SETTLING: Duration = Duration::from_secs(10);
/// No packet for so long is the end of an exchange.
const QUIET: Duration = Duration::from_secs(2);
/// Longest wait for a first or last packet: more than any keepalive's period.
const PERIOD_MAX: Duration = Duration::from_secs(45);
/// Packets in an hour.
const PACKETS_MAX: f64 = 260.0;

const STAGE: &str = "idle, per hour";

pub(crate) fn measure(report: &mut Report, least: Duration) -> Result<(), Trouble> {
    let watched: Vec<Result<Watched, Trouble>> = std::thread::scope(|scope| {
        let threads = Tool::ALL.map(|tool| (tool, scope.spawn(move || watch(tool, least))));
        let join = |(tool, thread): (Tool, std::thread::ScopedJoinHandle<'_, _>)| {
            let panicked = |_| Err(format!("watching {} panicked", tool.name()).into());
            thread.join().unwrap_or_else(panicked)
        };
        threads.map(join).into()
    });
    for watched in watched {
        watched?.tell(report);
    }
    Ok(())
}

/// What was seen of one contestant.
struct Watched {
    tool: Tool,
    span: Duration,
    udp: u64,
    tcp: u64,
    bytes: u64,
    client: Work,
    server: Work,
}

/// Watches from the end of one exchange to the end of a later one, so that whole periods count.
fn watch(tool: Tool, least: Duration) -> Result<Watched, Trouble> {
    let field = Field::up(Profile::Wan100)?;
    let terminal = field.open(tool)?;
    if tool == Tool::Abide {
        field.wait_for_carrier("quic", &[])?;
    }
    std::thread::sleep(SETTLING);
    let parties = Parties::of(&field, tool, &terminal)?;
    wait_for_exchange(&field);
    let (began, before, working) = (clock::now(), field.lab.link().stats(), parties.work()?);
    std::thread::sleep(least);
    wait_for_exchange(&field);
    let (span, after) = (clock::now().since(began), field.lab.link().stats());
    let worked = parties.work()?;
    let stats = after.since(&before);
    let count = |protocol| stats.up.of(protocol).packets + stats.down.of(protocol).packets;
    field.leave(terminal)?;
    Ok(Watched {
        tool,
        span,
        udp: count(Protocol::Udp),
        tcp: count(Protocol::Tcp),
        bytes: stats.sent().bytes,
        client: worked.0.since(working.0),
        server: worked.1.since(working.1),
    })
}

/// Waits for packets and their end; at most for [`PERIOD_MAX`], as some never send any.
fn wait_for_exchange(field: &Field) {
    let packets = || field.lab.link().stats().sent().packets;
    let (deadline, first) = (clock::now() + PERIOD_MAX, packets());
    let (mut seen, mut changed) = (first, clock::now());
    while clock::now() < deadline {
        std::thread::sleep(LOOK_EVERY);
        let now = packets();
        if now != seen {
            (seen, changed) = (now, clock::now());
        } else if seen != first && clock::now().since(changed) >= QUIET {
            return;
        }
    }
}

/// The processes whose work counts.
struct Parties {
    client: Vec<u32>,
    server: Vec<u32>,
}

impl Parties {
    fn of(field: &Field, tool: Tool, terminal: &Terminal) -> Result<Self, Trouble> {
        let server = match tool {
            Tool::Abide | Tool::AbidePipe => {
                field.sessions()?.iter().map(|session| session.keeper_pid).collect()
            }
            _ => named(field, if tool == Tool::Ssh { "sshd" } else { "mosh-server" }),
        };
        Ok(Parties { client: vec![terminal.pid()], server })
    }

    fn work(&self) -> Result<(Work, Work), Trouble> {
        let sum = |pids: &[u32]| {
            pids.iter()
                .try_fold(Work::default(), |sum, pid| Ok::<_, Trouble>(sum + task::work(*pid)?))
        };
        Ok((sum(&self.client)?, sum(&self.server)?))
    }
}

fn named(field: &field::Field, name: &str) -> Vec<u32> {
    let mut pids = field.server_processes();
    pids.retain(|pid| task::name(*pid).starts_with(name));
    pids
}

impl Watched {
    fn tell(&self, report: &mut Report) {
        let per_hour = |count: u64| count as f64 * 3600.0 / self.span.as_secs_f64();
        let (name, seconds) = (self.tool.name(), self.span.as_secs_f64());
        let packets = (per_hour(self.udp + self.tcp), "packets");
        let note = format!(
            "{} UDP and {} TCP packets in {seconds:.0} s, {:.0} kB/h",
            self.udp,
            self.tcp,
            per_hour(self.bytes) / 1e3,
        );
        match self.tool {
            Tool::Abide => report.judge(STAGE, name, packets, Target::Most(PACKETS_MAX), note),
            _ => report.add(STAGE, name, packets, note),
        }
        for (end, work) in [("client", self.client), ("server", self.server)] {
            let cpu = work.cpu.as_secs_f64() * 1e3 * 3600.0 / seconds;
            let note = format!("{} in {seconds:.0} s; {cpu:.0} ms of CPU time an hour", work.wakes);
            report.add(STAGE, format!("{name}: {end}"), (per_hour(work.wakes), "wakes"), note);
        }
    }
}
