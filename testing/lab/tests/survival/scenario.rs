//! The faults, by name. Each is caused to a session that works and returns when the whole network is
//! back; the key whose echo is timed is typed right after that.

use std::process::Command;
use std::time::Duration;

use abide_lab::World;

use crate::session::{Session, Trouble};

/// What may carry the link in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// Everything.
    Quic,
    /// UDP is blocked from the start.
    Ssh,
}

impl Carrier {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Carrier::Quic => "quic",
            Carrier::Ssh => "ssh",
        }
    }
}

/// How soon the first echo must come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// As the carrier has it: soon over QUIC, with a login where ssh must run again.
    OfCarrier,
    /// With a login in any case: UDP is dead, or there is a new client.
    WithLogin,
}

/// A fault.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) promise: Promise,
    pub(crate) cause: fn(&mut Session, Carrier, &Lengths) -> Result<(), Trouble>,
    /// What must be so some time after the first echo.
    pub(crate) after: fn(&mut Session, Carrier) -> Result<(), Trouble>,
}

/// How long faults last.
pub(crate) struct Lengths {
    short: Duration,
    middle: Duration,
    long: Duration,
    stopped: Duration,
    /// How long a NAT remembers, and how long both ends say nothing.
    nat: (Duration, Duration),
    gap: Duration,
    flaps: u32,
    flap: Duration,
}

impl Lengths {
    /// As in the promise, or shortened.
    pub(crate) fn new(full: bool) -> Lengths {
        let s = Duration::from_secs;
        let (brief, whole) = (
            Lengths {
                short: s(5),
                middle: s(8),
                long: s(12),
                stopped: s(8),
                nat: (s(3), s(9)),
                gap: s(5),
                flaps: 3,
                flap: s(2),
            },
            Lengths {
                short: s(5),
                middle: s(60),
                long: s(150),
                stopped: s(60),
                nat: (s(20), s(60)),
                gap: s(10),
                flaps: 4,
                flap: s(5),
            },
        );
        if full { whole } else { brief }
    }
}

/// Every scenario.
pub(crate) const ALL: [Scenario; 17] = [
    scenario("no packets, short", |s, _, lengths| no_packets(s, lengths.short)),
    scenario("no packets, middle", |s, _, lengths| no_packets(s, lengths.middle)),
    scenario("no packets, long", |s, _, lengths| no_packets(s, lengths.long)),
    scenario("mapping forgotten in silence", |s, _, lengths| forgotten(s, lengths.nat)),
    scenario("new address, same gateway", |s, _, _| Ok(s.lab.readdress()?)),
    scenario("new address, other gateway", |s, _, _| Ok(s.lab.roam()?)),
    scenario("gap, then same gateway", |s, _, lengths| gap(s, lengths, World::readdress)),
    scenario("gap, then other gateway", |s, _, lengths| gap(s, lengths, World::roam)),
    scenario("NAT table flushed", |s, _, _| Ok(s.lab.flush_nat()?)),
    scenario("TCP reset", |s, _, _| {
        s.lab.reset_tcp();
        Ok(())
    }),
    scenario("client stopped", |s, _, lengths| stopped(s, lengths, |_| Ok(()))),
    scenario("client stopped, new address", |s, _, lengths| {
        stopped(s, lengths, |lab| Ok(lab.roam()?))
    }),
    scenario("flapping", |s, _, lengths| flapping(s, lengths)),
    Scenario {
        name: "UDP blocked and freed",
        promise: Promise::WithLogin,
        cause: udp_blocked,
        after: udp_freed,
    },
    scenario("sshd restarted", |s, _, _| Ok(s.lab.restart_sshd()?)),
    scenario("ssh killed", |s, _, _| kill_ssh(s)),
    Scenario {
        name: "client killed, attach anew",
        promise: Promise::WithLogin,
        cause: |s, _, _| kill_client(s),
        after: nothing,
    },
];

const fn scenario(
    name: &'static str,
    cause: fn(&mut Session, Carrier, &Lengths) -> Result<(), Trouble>,
) -> Scenario {
    Scenario { name, promise: Promise::OfCarrier, cause, after: nothing }
}

fn nothing(_: &mut Session, _: Carrier) -> Result<(), Trouble> {
    Ok(())
}

fn no_packets(session: &mut Session, span: Duration) -> Result<(), Trouble> {
    session.lab.link().blackhole(true);
    session.type_for(span)?;
    session.lab.link().blackhole(false);
    Ok(())
}

fn forgotten(session: &mut Session, (nat, silence): (Duration, Duration)) -> Result<(), Trouble> {
    session.lab.nat_timeouts(nat, nat, nat)?;
    // A timeout holds from the next packet on.
    session.echo()?;
    session.hush_for(silence)
}

fn gap(
    session: &mut Session,
    lengths: &Lengths,
    arrive: fn(&World) -> Result<(), abide_lab::LabError>,
) -> Result<(), Trouble> {
    session.lab.disconnect()?;
    session.type_for(lengths.gap)?;
    Ok(arrive(&session.lab)?)
}

fn stopped(
    session: &mut Session,
    lengths: &Lengths,
    meanwhile: fn(&World) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    session.terminal.stop();
    std::thread::sleep(lengths.stopped / 2);
    meanwhile(&session.lab)?;
    std::thread::sleep(lengths.stopped / 2);
    session.terminal.cont();
    Ok(())
}

fn flapping(session: &mut Session, lengths: &Lengths) -> Result<(), Trouble> {
    for turn in 1..=lengths.flaps {
        session.lab.link().blackhole(true);
        session.mark("down");
        session.type_for(lengths.flap)?;
        session.lab.link().blackhole(false);
        session.mark("up");
        if turn < lengths.flaps {
            session.type_for(lengths.flap)?;
        }
    }
    Ok(())
}

/// Where UDP was free it is blocked; where it was blocked the link first moves to it.
fn udp_blocked(session: &mut Session, carrier: Carrier, _: &Lengths) -> Result<(), Trouble> {
    if carrier == Carrier::Ssh {
        session.lab.link().udp_blocked(false);
        session.wait_for_carrier("quic", RETURN_LIMIT)?;
    }
    session.lab.link().udp_blocked(true);
    Ok(())
}

/// The link must come back to QUIC, and leave it again.
fn udp_freed(session: &mut Session, carrier: Carrier) -> Result<(), Trouble> {
    session.wait_for_carrier("ssh", RETURN_LIMIT)?;
    if carrier == Carrier::Quic {
        session.lab.link().udp_blocked(false);
        session.wait_for_carrier("quic", RETURN_LIMIT)?;
    }
    Ok(())
}

/// How long the link may go on without the better carrier: the client asks for it each 20 s at first.
const RETURN_LIMIT: Duration = Duration::from_secs(45);

fn kill_ssh(session: &mut Session) -> Result<(), Trouble> {
    let children = session.client_ssh();
    if children.is_empty() {
        return Err("the client has no ssh that could be killed".into());
    }
    let mut kill = Command::new("kill");
    kill.arg("-9").args(children.iter().map(u32::to_string)).status()?;
    Ok(())
}

fn kill_client(session: &mut Session) -> Result<(), Trouble> {
    // What was typed and never left the client would go with it.
    session.echo()?;
    session.terminal.kill9();
    session.terminal.wait_exit(Duration::from_secs(5))?;
    session.attach_anew()
}
