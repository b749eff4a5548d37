//! The state of the pretended network, and what it means for one flow that was born under an
//! earlier state. Pure bookkeeping: the sockets are `tcp`'s and `udp`'s.

use std::net::Ipv4Addr;

use tokio::sync::watch;

/// Client addresses that take turns: 127.0.0.1 and up. Linux owns all of 127/8, so no set-up is
/// needed.
const ADDRESSES: u64 = 200;

/// What the network does to those who use it now.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    pub(super) cut: bool,
    pub(super) udp_blocked: bool,
    pub(super) resets: u64,
    /// Grows whenever existing flows lose their way.
    pub(super) generation: u64,
    moves: u64,
}

impl Network {
    pub(super) fn forget_flows(&mut self) {
        self.generation += 1;
    }

    pub(super) fn change_address(&mut self) {
        self.moves += 1;
        self.forget_flows();
    }

    /// The address that the server sees the client come from.
    pub(super) fn client_address(&self) -> Ipv4Addr {
        if cfg!(not(target_os = "linux")) {
            return Ipv4Addr::LOCALHOST;
        }
        let last = 1 + self.moves % ADDRESSES;
        Ipv4Addr::new(127, 0, 0, u8::try_from(last).unwrap_or(1))
    }

    pub(super) fn drops_datagrams(&self) -> bool {
        self.cut || self.udp_blocked
    }
}

/// Why a TCP flow goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The way is gone and nobody is told.
    Dead,
    /// Both sides are told by a reset.
    Reset,
}

/// One flow's view of the network, with what it was when the flow began.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    network: watch::Receiver<Network>,
    generation: u64,
    resets: u64,
}

impl Gate {
    pub(super) fn new(network: watch::Receiver<Network>) -> Self {
        let (generation, resets) = {
            let now = network.borrow();
            (now.generation, now.resets)
        };
        Self { network, generation, resets }
    }

    /// Returns when bytes may pass; an error when they never will again.
    pub(super) async fn open(&mut self) -> Result<(), Stopped> {
        loop {
            {
                let now = self.network.borrow_and_update();
                if now.generation != self.generation {
                    return Err(Stopped::Dead);
                }
                if now.resets != self.resets {
                    return Err(Stopped::Reset);
                }
                if !now.cut {
                    return Ok(());
                }
            }
            self.changed().await;
        }
    }

    /// Returns when the network has changed since [`Self::open`] last looked.
    pub(super) async fn changed(&mut self) {
        if self.network.changed().await.is_err() {
            // The relay is going away and takes this flow along; until then nothing changes any
            // more.
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn client_address(&self) -> Ipv4Addr {
        self.network.borrow().client_address()
    }
}
