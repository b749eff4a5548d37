//! What happens to the network while forwards carry.

use std::time::Duration;

use abide_lab::{Lab, Trouble};

/// A fault, named by its symptom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No packets for so long.
    Dark(Duration),
    /// Another address behind the same gateway.
    NewAddress,
    /// Both gateways forget every mapping.
    NatFlushed,
    /// Every TCP connection is reset.
    TcpReset,
    /// UDP is dropped until everything went on by another way.
    UdpBlocked,
    /// Another address behind another gateway.
    Roamed,
}

impl Fault {
    /// So many faults, mixed.
    pub(crate) fn series(count: usize, dark: Duration) -> impl Iterator<Item = Fault> {
        use Fault::{Dark, NatFlushed, NewAddress, Roamed, TcpReset, UdpBlocked};
        let order = [NewAddress, Dark(dark), UdpBlocked, NatFlushed, TcpReset, Roamed];
        order.into_iter().cycle().take(count)
    }

    /// Causes it; it is over on return, but for what [`Fault::relieve`] ends. At the end of a darkness
    /// `look` has a look.
    pub(crate) fn cause(
        self,
        lab: &Lab,
        look: impl FnOnce() -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        match self {
            Fault::Dark(span) => {
                lab.link().blackhole(true);
                std::thread::sleep(span);
                let seen = look();
                lab.link().blackhole(false);
                seen?;
            }
            Fault::NewAddress => lab.readdress()?,
            Fault::NatFlushed => lab.flush_nat()?,
            Fault::TcpReset => drop(lab.reset_tcp()),
            Fault::UdpBlocked => lab.link().udp_blocked(true),
            Fault::Roamed => lab.roam()?,
        }
        Ok(())
    }

    /// Ends one that lasts until everything went on.
    pub(crate) fn relieve(self, lab: &Lab) {
        if self == Fault::UdpBlocked {
            lab.link().udp_blocked(false);
        }
    }
}
