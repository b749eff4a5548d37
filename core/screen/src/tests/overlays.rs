//! An overlay leaves no trace.

use proptest::prelude::*;

use super::view::{self, shown, state};
use super::{assert_same_state, fed, screen, streams};
use crate::model::Buffer;
use crate::{Screen, Size};

const ROWS: u16 = 8;
const COLS: u16 = 30;

fn overlay(model: &Screen, row: u16) -> Vec<u8> {
    let text = format!("\x1b[{};1H\x1b[7m last contact 12 s ago \x1b[m", row + 1);
    [model.overlay_prelude(), text.into_bytes(), model.settle()].concat()
}

fn removal(model: &Screen, row: u16) -> Vec<u8> {
    [model.repaint_row(row), model.settle()].concat()
}

/// Draws and removes an overlay around every chunk and compares with a terminal that saw none.
/// Returns how many were drawn.
fn run(bytes: &[u8], chunk: usize, row: u16) -> usize {
    let mut client = screen(ROWS, COLS, 0);
    let mut terminal = screen(ROWS, COLS, 0);
    let mut untouched = screen(ROWS, COLS, 0);
    let mut drawn = 0;
    for part in bytes.chunks(chunk.max(1)) {
        client.feed(part);
        terminal.feed(part);
        untouched.feed(part);
        // The character before a repeat cannot be printed again in insert mode.
        let repeats_inserted = client.model.insert && client.model.just_printed();
        if !client.is_ground() || repeats_inserted {
            continue;
        }
        drawn += 1;
        terminal.feed(&overlay(&client, row));
        // With the overlay on, all but its row and what acts on later output is as it was.
        let (mut with, mut without) =
            (state(&terminal, Buffer::Active), state(&untouched, Buffer::Active));
        with.rows.remove(row.into());
        without.rows.remove(row.into());
        assert_eq!(with.cursor, without.cursor);
        assert_eq!(texts(&with), texts(&without));
        assert_eq!(with.settings, without.settings);
        terminal.feed(&removal(&client, row));
        let (a, b) = (state(&terminal, Buffer::Active), state(&untouched, Buffer::Active));
        assert_same_state(&unwrapped(a), &unwrapped(b));
    }
    let (a, b) = (state(&terminal, Buffer::Primary), state(&untouched, Buffer::Primary));
    assert_same_state(&unwrapped(a), &unwrapped(b));
    drawn
}

fn texts(state: &view::State) -> Vec<String> {
    state.rows.iter().map(view::Row::text).collect()
}

/// Soft-wrap marks are tested by themselves: a row at the bottom margin cannot keep its own.
fn unwrapped(mut state: view::State) -> view::State {
    state.rows.iter_mut().for_each(|row| row.wraps = false);
    state
}

proptest! {
    #![proptest_config(super::cases(400))]

    #[test]
    fn an_overlay_leaves_no_trace(bytes in streams::full_stream(40), chunk in 1..60usize, row in 0..ROWS) {
        run(&bytes, chunk, row);
    }
}

#[test]
fn overlays_are_really_drawn_in_the_property() {
    assert_eq!(run(b"abc\x1b[31mdef\r\n", 4, 0), 3);
}

#[test]
fn pending_wrap_survives() {
    assert!(run("x".repeat(usize::from(COLS)).as_bytes(), 100, 3) > 0);
    let mut terminal = fed(3, 5, 0, b"abcde");
    let bytes = [overlay(&terminal, 2), removal(&terminal, 2), b"f".to_vec()].concat();
    terminal.feed(&bytes);
    assert_eq!(terminal.lines(), ["abcde", "f", ""]);
}

#[test]
fn the_saved_cursor_of_the_application_is_kept() {
    let mut terminal = fed(4, 40, 0, b"\x1b[2;3H\x1b7\x1b[4;1H");
    let bytes = [overlay(&terminal, 0), removal(&terminal, 0), b"\x1b8*".to_vec()].concat();
    assert!(!bytes[..bytes.len() - 3].windows(2).any(|pair| pair == b"\x1b7" || pair == b"\x1b8"));
    terminal.feed(&bytes);
    assert_eq!(terminal.lines()[1], "  *");
}

#[test]
fn a_repeat_after_the_overlay_repeats_the_character_of_the_application() {
    let mut terminal = fed(4, 40, 0, b"=");
    let bytes = [overlay(&terminal, 2), removal(&terminal, 2), b"\x1b[4b".to_vec()].concat();
    terminal.feed(&bytes);
    assert_eq!(terminal.lines()[0], "=====");
}

#[test]
fn a_repainted_row_is_still_soft_wrapped() {
    let mut terminal = fed(4, 10, 0, b"0123456789abc\r\nx");
    terminal.feed(&[overlay(&terminal, 0), removal(&terminal, 0)].concat());
    assert!(shown(&terminal, 0).wraps);
    terminal.resize(Size { rows: 4, cols: 20 });
    assert_eq!(terminal.lines()[0], "0123456789abc");
}

#[test]
fn a_row_outside_the_screen_needs_nothing() {
    assert!(screen(4, 10, 0).repaint_row(4).is_empty());
}

#[test]
fn line_drawing_origin_and_margins_come_back() {
    let before = b"\x1b[2;6r\x1b[?6h\x1b(0\x1b[2;3Hqq";
    let mut terminal = fed(8, 30, 0, before);
    terminal.feed(&[overlay(&terminal, 0), removal(&terminal, 0)].concat());
    terminal.feed(b"q\x1b[1;1Hx");
    let lines = terminal.lines();
    assert_eq!(lines[2], "  ───");
    assert_eq!(lines[1], "│");
    assert_eq!(lines[0], "");
}
