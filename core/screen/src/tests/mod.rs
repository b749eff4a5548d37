//! Tests that look inside: two models are compared cell by cell.

mod behaviour;
mod grounds;
mod hostile;
mod oracle;
mod overlays;
mod replays;
mod streams;

use crate::cells::{Cursor, Row};
use crate::model::Buffer;
use crate::modes::{Keyboard, ModeLog};
use crate::tap::{Region, SavedModes};
use crate::{Screen, Size};

pub(crate) fn screen(rows: u16, cols: u16, scrollback: usize) -> Screen {
    Screen::new(Size { rows, cols }, scrollback)
}

pub(crate) fn fed(rows: u16, cols: u16, scrollback: usize, bytes: &[u8]) -> Screen {
    let mut screen = screen(rows, cols, scrollback);
    screen.feed(bytes);
    screen
}

/// All that two terminals must agree on to be in the same state.
pub(crate) struct State {
    pub(crate) rows: Vec<Row>,
    pub(crate) cursor: Cursor,
    pub(crate) settings: Settings,
}

/// State apart from what is shown.
#[derive(Debug, PartialEq)]
pub(crate) struct Settings {
    saved: (Cursor, SavedModes),
    region: Region,
    tabs: Vec<bool>,
    modes: ModeLog,
    keyboards: (Keyboard, Option<Keyboard>),
    flags: [bool; 7],
    title: Option<String>,
    style: (u8, u8),
    colours: Vec<(u16, String)>,
}

pub(crate) fn state(screen: &Screen, buffer: Buffer) -> State {
    let model = &screen.model;
    let tap = &model.tap;
    let history = if buffer == Buffer::Primary { model.history() as i32 } else { 0 };
    // The flags of an alternate screen that is not shown cannot be handed over.
    let other_keyboard = model.is_alternate().then(|| tap.other_keyboard.clone());
    State {
        rows: (-history..model.rows() as i32).map(|line| model.row(buffer, line)).collect(),
        cursor: model.cursor(buffer),
        settings: Settings {
            saved: (model.saved_cursor(buffer), tap.saved),
            region: tap.region,
            tabs: tap.tabs.clone(),
            modes: tap.modes.clone(),
            keyboards: (tap.keyboard.clone(), other_keyboard),
            flags: [
                model.autowrap(),
                model.origin(),
                model.insert(),
                model.shifted(),
                tap.keypad,
                tap.newline,
                model.is_alternate(),
            ],
            title: tap.title.clone(),
            style: (tap.cursor_style, tap.modify_other_keys),
            colours: tap.colours.clone().into_iter().collect(),
        },
    }
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
        let cells = left.glyphs.iter().zip(&right.glyphs).enumerate();
        // The gap before a wide character that did not fit is blank in some colour or other.
        let gap = left.spacer || right.spacer;
        for (col, (a, b)) in cells {
            if gap && col + 1 == left.glyphs.len() {
                assert_eq!((a.ch, &a.marks), (b.ch, &b.marks), "gap of row {number}");
            } else {
                assert_eq!(a, b, "row {number}, column {col}");
            }
        }
        assert_eq!(left.wraps, right.wraps, "soft wrap of row {number}");
    }
}

pub(crate) fn assert_same_state(left: &State, right: &State) {
    assert_rows(&left.rows, &right.rows);
    assert_eq!(left.cursor, right.cursor);
    assert_eq!(left.settings, right.settings);
}
