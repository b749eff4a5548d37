//! Tests that look inside: two models are compared cell by cell.

mod behaviour;
mod differences;
mod grounds;
mod hostile;
mod jumps;
mod oracle;
mod overlays;
mod recordings;
mod reference;
mod replays;
mod streams;
mod view;

use proptest::test_runner::{Config, RngSeed};

use self::view::{Row, State};
use crate::{Screen, Size};

/// So many random cases, the same ones each time: the oracles have oddities of their own, and whoever
/// looks for new ones gives `PROPTEST_RNG_SEED`.
pub(crate) fn cases(cases: u32) -> Config {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng_seed = match config.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        given => given,
    };
    Config { rng_seed, ..config }
}

pub(crate) fn screen(rows: u16, cols: u16, scrollback: usize) -> Screen {
    Screen::new(Size { rows, cols }, scrollback)
}

pub(crate) fn fed(rows: u16, cols: u16, scrollback: usize, bytes: &[u8]) -> Screen {
    let mut screen = screen(rows, cols, scrollback);
    screen.feed(bytes);
    screen
}

/// A state without what cannot be handed over: whether the last row of all goes on below it, and
/// whether one goes on that the cursor waits at the end of.
pub(crate) fn comparable(mut state: State, screen: &Screen) -> State {
    if state.cursor.pending_wrap {
        let at = state.rows.len() - usize::from(screen.size().rows) + state.cursor.line;
        state.rows[at].wraps = false;
    }
    if let Some(last) = state.rows.last_mut() {
        last.wraps = false;
    }
    state
}

/// Compares cell by cell and names the first difference.
pub(crate) fn assert_rows(left: &[Row], right: &[Row]) {
    assert_eq!(left.len(), right.len());
    for (number, (left, right)) in left.iter().zip(right).enumerate() {
        for (col, (a, b)) in left.glyphs.iter().zip(&right.glyphs).enumerate() {
            assert_eq!(a, b, "row {number}, column {col}");
        }
        assert_eq!(left.wraps, right.wraps, "soft wrap of row {number}");
    }
}

pub(crate) fn assert_same_state(left: &State, right: &State) {
    assert_rows(&left.rows, &right.rows);
    assert_eq!(left.cursor, right.cursor);
    assert_eq!(left.settings, right.settings);
}
