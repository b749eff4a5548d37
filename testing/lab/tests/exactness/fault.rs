//! What happens to a transfer while it runs.

use std::process::Command;
use std::time::Duration;

use crate::place::{Place, Trouble, wait_until};

/// How long a transfer may take to get going again by another carrier.
const GOES_ON_WITHIN: Duration = Duration::from_secs(40);

/// A fault, named by its symptom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No packets for so many milliseconds.
    Cut(u64),
    /// Both gateways forget every mapping.
    NatFlushed,
    /// Another address behind the same gateway.
    NewAddress,
    /// Another address behind another gateway.
    Roamed,
    /// Every TCP connection is reset.
    TcpReset,
    /// UDP is dropped until some of the transfer came by another way.
    UdpBlocked,
    /// The client's ssh is killed.
    SshKilled,
    /// The client is stopped for so many milliseconds.
    ClientStopped(u64),
}

use Fault::{ClientStopped, Cut, NatFlushed, NewAddress, Roamed, SshKilled, TcpReset, UdpBlocked};

/// The order in which they come; each transfer begins at another one.
const ORDER: [Fault; 10] = [
    Cut(1_000),
    TcpReset,
    NewAddress,
    UdpBlocked,
    SshKilled,
    ClientStopped(2_000),
    NatFlushed,
    Cut(6_000),
    Roamed,
    Cut(3_000),
];

impl Fault {
    /// `count` faults, beginning at a place in their order.
    pub(crate) fn series(begin: usize, count: usize) -> impl Iterator<Item = Fault> {
        ORDER.into_iter().cycle().skip(begin % ORDER.len()).take(count)
    }

    /// Causes it and waits until it is over. `arrived` counts bytes of the transfer at their
    /// destination, where `whole` are expected.
    pub(crate) fn cause(
        self,
        place: &Place,
        arrived: &dyn Fn() -> u64,
        whole: u64,
    ) -> Result<(), Trouble> {
        let lab = &place.lab;
        match self {
            Cut(millis) => {
                lab.link().blackhole(true);
                std::thread::sleep(Duration::from_millis(millis));
                lab.link().blackhole(false);
            }
            NatFlushed => lab.flush_nat()?,
            NewAddress => lab.readdress()?,
            Roamed => lab.roam()?,
            TcpReset => drop(lab.reset_tcp()),
            UdpBlocked => {
                lab.link().udp_blocked(true);
                // What was delivered already may still be on its way to the disk.
                let wanted = whole.min(arrived() + 1_000_000);
                let goes_on =
                    wait_until("going on without UDP", GOES_ON_WITHIN, || Ok(arrived() >= wanted));
                lab.link().udp_blocked(false);
                goes_on?;
            }
            SshKilled => match &place.client_processes("ssh")[..] {
                // An earlier fault ended it, and QUIC goes on without.
                [] => {}
                there => signal("KILL", there)?,
            },
            ClientStopped(millis) => {
                let client = place.client_processes("abide");
                signal("STOP", &client)?;
                std::thread::sleep(Duration::from_millis(millis));
                signal("CONT", &client)?;
            }
        }
        Ok(())
    }
}

fn signal(name: &str, pids: &[String]) -> Result<(), Trouble> {
    if pids.is_empty() {
        return Err(format!("nobody there who could get SIG{name}").into());
    }
    // One of them may just have ended.
    Command::new("kill").arg(format!("-{name}")).args(pids).output()?;
    Ok(())
}
