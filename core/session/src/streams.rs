//! Which stream of a link carries what. Numbers as in `abide_link::StreamId`: bit 0 tells who opened
//! it (0 client), bit 1 its class (0 interactive). Written as numbers, since this crate does not
//! depend on the link.

/// Keystrokes, client to keeper: interactive.
pub const TERMINAL_INPUT: u64 = 1 << 2;
/// Standard input and output of a command without a terminal: bulk.
pub const COMMAND_IO: u64 = 1 << 2 | 2;
/// Standard error of a command without a terminal: bulk, opened by the keeper.
pub const COMMAND_ERRORS: u64 = 1 << 2 | 2 | 1;

/// Index of the first stream that carries a forwarded connection; all later ones do too. Bulk, opened by
/// the end that accepted the connection.
pub const FORWARDS_FROM: u64 = 1024;

/// The listener that leads to the client's ssh-agent. Clients number theirs from 1.
pub const AGENT_LISTENER: u64 = 0;
/// The listener that leads to the client's display.
pub const DISPLAY_LISTENER: u64 = u64::MAX;

/// The `restart`th stream of terminal output: interactive, opened by the keeper.
pub const fn terminal_output(restart: u64) -> u64 {
    (restart + 1) << 2 | 1
}

/// The stream of the `count`th log that is asked for: bulk, opened by the keeper. None at
/// [`LOGS_MAX`].
pub const fn session_log(count: u64) -> Option<u64> {
    if count < LOGS_MAX { Some((LOGS_FROM + count) << 2 | 2 | 1) } else { None }
}

/// Logs that one link may carry, one after the other. Further ones are not sent.
pub const LOGS_MAX: u64 = FORWARDS_FROM - LOGS_FROM;
const LOGS_FROM: u64 = 512;
