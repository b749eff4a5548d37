//! The faults of a trial: which levers of the relay are pulled, and for how long. What a fault is
//! called for people is the command's.

use std::time::Duration;

use crate::relay::Relay;

/// One thing that goes wrong with a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing at all, for comparison.
    None,
    /// No packets for this long.
    Cable(Duration),
    /// The client gets another address.
    Address,
    /// The NAT forgets its table.
    Nat,
    /// TCP connections are reset.
    Reset,
    /// No UDP for this long; TCP works.
    UdpBlocked(Duration),
}

impl Fault {
    /// A stable code for tables that programs read.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cable(_) => "cable",
            Self::Address => "address",
            Self::Nat => "nat",
            Self::Reset => "reset",
            Self::UdpBlocked(_) => "udp-blocked",
        }
    }

    /// Makes it happen; returns when it is over. Should the caller be cancelled meanwhile, a cable
    /// stays pulled.
    pub async fn strike(self, relay: &Relay) {
        match self {
            Self::None => {}
            Self::Address => relay.change_address(),
            Self::Nat => relay.forget_nat(),
            Self::Reset => relay.reset_tcp(),
            Self::Cable(time) => {
                relay.cut(true);
                tokio::time::sleep(time).await;
                relay.cut(false);
            }
            Self::UdpBlocked(time) => {
                relay.block_udp(true);
                tokio::time::sleep(time).await;
                relay.block_udp(false);
            }
        }
    }
}
