//! The combinations that are measured: intervals, counts, sides, traffic. And what each is predicted
//! to do.

use abide_timeouts::{
    Fact, Firing, Prediction, Probing, Setup, Side, Situation, Traffic, Version, predict,
};

/// What goes on when the line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// Nothing.
    Idle,
    /// A program at the far end prints five times a second.
    Output,
    /// Five lines a second are typed.
    Typing,
    /// A forward carries data to the server, five times a second.
    Upload,
    /// A forward is busy in both directions.
    Forward,
}

impl Load {
    pub(crate) const fn traffic(self) -> Traffic {
        match self {
            Load::Idle => Traffic::IDLE,
            Load::Output => Traffic::OUTPUT,
            Load::Typing | Load::Upload => Traffic::TYPING,
            Load::Forward => Traffic::FORWARD,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Load::Idle => "idle",
            Load::Output => "output flowing",
            Load::Typing => "typing",
            Load::Upload => "forward busy, to the server",
            Load::Forward => "forward busy, both ways",
        }
    }
}

/// The kernels of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// As it comes: tcp_retries2 is 15.
    Stock,
    /// Gives up after [`crate::CLIENT_RETRIES`] and [`crate::SERVER_RETRIES`].
    Impatient,
}

/// One pair of ssh and sshd. An interval of 0 is off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// ServerAliveInterval and ServerAliveCountMax.
    pub(crate) client: (u64, u32),
    /// ClientAliveInterval and ClientAliveCountMax.
    pub(crate) server: (u64, u32),
    pub(crate) load: Load,
    pub(crate) kernel: Kernel,
    /// Whose end is looked at.
    pub(crate) sides: &'static [Side],
}

const OFF: (u64, u32) = (0, 3);
const CLIENT: &[Side] = &[Side::Client];
const SERVER: &[Side] = &[Side::Server];
const BOTH: &[Side] = &[Side::Client, Side::Server];

const fn of(client: (u64, u32), server: (u64, u32), load: Load, sides: &'static [Side]) -> Case {
    Case { client, server, load, kernel: Kernel::Stock, sides }
}

const fn kernel(load: Load, sides: &'static [Side]) -> Case {
    Case { client: OFF, server: OFF, load, kernel: Kernel::Impatient, sides }
}

/// All of them.
pub(crate) const ALL: [Case; 24] = [
    of((1, 1), OFF, Load::Idle, CLIENT),
    of((2, 2), OFF, Load::Idle, CLIENT),
    of((3, 1), OFF, Load::Idle, CLIENT),
    of((1, 4), OFF, Load::Output, CLIENT),
    of((2, 1), OFF, Load::Typing, CLIENT),
    of((2, 3), OFF, Load::Upload, CLIENT),
    of((1, 3), OFF, Load::Forward, CLIENT),
    of((3, 0), OFF, Load::Idle, CLIENT),
    of(OFF, OFF, Load::Idle, BOTH),
    of(OFF, (1, 1), Load::Idle, SERVER),
    of(OFF, (2, 2), Load::Idle, SERVER),
    of(OFF, (1, 3), Load::Idle, SERVER),
    of(OFF, (3, 1), Load::Idle, SERVER),
    of(OFF, (1, 2), Load::Typing, SERVER),
    of(OFF, (1, 2), Load::Upload, SERVER),
    of(OFF, (1, 2), Load::Output, SERVER),
    of(OFF, (2, 1), Load::Forward, SERVER),
    of(OFF, (1, 0), Load::Idle, SERVER),
    of((1, 2), (1, 2), Load::Idle, BOTH),
    of((1, 3), (2, 1), Load::Idle, BOTH),
    of((3, 2), (1, 4), Load::Output, BOTH),
    of((2, 4), (2, 3), Load::Idle, BOTH),
    kernel(Load::Typing, CLIENT),
    kernel(Load::Output, SERVER),
];

impl Case {
    /// ssh gives up although nothing is wrong: its count is 0.
    pub(crate) const fn ends_healthy(&self) -> bool {
        self.client.0 > 0 && self.client.1 == 0
    }

    /// The model's values for it.
    fn setup(&self, client: Version, server: Version) -> Setup {
        let mut setup = Setup::stock(client, server);
        setup.client.alive = Probing::stated(self.client.0, self.client.1);
        setup.server.alive = Probing::stated(self.server.0, self.server.1);
        if self.kernel == Kernel::Impatient {
            setup.client_kernel.retries2 = Fact::stated(crate::CLIENT_RETRIES);
            setup.server_kernel.retries2 = Fact::stated(crate::SERVER_RETRIES);
        }
        setup
    }

    /// What ends it first at that side.
    pub(crate) fn predicted(&self, side: Side, client: Version, server: Version) -> Option<Firing> {
        let setup = self.setup(client, server);
        let found: Prediction = predict(&setup, Situation::DeadPath(self.load.traffic()));
        assert!(found.is_whole(side), "{self:?}: {:?}", found.unknown);
        found.first_of(side).cloned()
    }
}
