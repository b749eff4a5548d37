//! Other terminal models, written by other people, agree: alacritty_terminal in everything, vt100 in
//! what it knows.

use proptest::prelude::*;

use super::reference::Reference;
use super::view::state;
use super::{assert_same_state, fed, streams};
use crate::model::Buffer;
use crate::{Screen, Size};

const ROWS: u16 = 10;
const COLS: u16 = 30;

fn size(cells: u16) -> std::num::NonZero<u16> {
    cells.try_into().unwrap()
}

fn oracle(bytes: &[u8]) -> vt100::Parser {
    let mut parser = vt100::Parser::new(size(ROWS), size(COLS), 200);
    parser.process(bytes);
    parser
}

fn assert_agree(ours: &Screen, theirs: &vt100::Screen) {
    let text: Vec<String> = theirs.rows(0, COLS).map(|row| row.trim_end().to_owned()).collect();
    assert_eq!(ours.lines(), text);
}

fn assert_same(a: &vt100::Screen, b: &vt100::Screen) {
    assert_eq!(a.contents_formatted(), b.contents_formatted());
    assert_eq!(a.cursor_position(), b.cursor_position());
    assert_eq!(a.attributes_formatted(), b.attributes_formatted());
}

fn assert_like_reference(bytes: &[u8], scrollback: usize) {
    let ours = fed(ROWS, COLS, scrollback, bytes);
    let mut theirs = Reference::new(Size { rows: ROWS, cols: COLS }, scrollback);
    theirs.feed(bytes);
    for buffer in [Buffer::Active, Buffer::Primary] {
        assert_same_state(&state(&ours, buffer), &theirs.state(buffer));
    }
}

proptest! {
    #![proptest_config(super::cases(1500))]

    #[test]
    fn every_cell_mode_and_line_is_like_the_references(bytes in streams::stream(80)) {
        assert_like_reference(&bytes, 200);
    }

    #[test]
    fn a_replay_is_read_alike_by_the_reference(bytes in streams::stream(80)) {
        assert_like_reference(&fed(ROWS, COLS, 200, &bytes).replay(), 200);
    }
}

proptest! {
    #![proptest_config(super::cases(400))]

    #[test]
    fn text_and_looks_are_replayed_alike(bytes in streams::plain_stream(60)) {
        let screen = fed(ROWS, COLS, 200, &bytes);
        let direct = oracle(&bytes);
        assert_agree(&screen, direct.screen());
        let mut replayed = oracle(&screen.replay());
        assert_same(direct.screen(), replayed.screen());
        let mut direct = direct;
        direct.screen_mut().set_scrollback(3);
        replayed.screen_mut().set_scrollback(3);
        prop_assert_eq!(direct.screen().contents(), replayed.screen().contents());
    }

    #[test]
    fn positions_margins_and_erasing_are_read_alike(bytes in streams::cursor_stream(40)) {
        let screen = fed(ROWS, COLS, 200, &bytes);
        assert_agree(&screen, oracle(&bytes).screen());
        assert_agree(&screen, oracle(&screen.replay()).screen());
    }

    #[test]
    fn an_overlay_leaves_no_trace(bytes in streams::plain_stream(30), more in streams::plain_stream(10), row in 0..ROWS) {
        let screen = fed(ROWS, COLS, 0, &bytes);
        let draw = format!("\x1b[{};1H\x1b[7moverlay", row + 1).into_bytes();
        let added = [
            screen.overlay_prelude(), draw, screen.settle(), screen.repaint_row(row), screen.settle(),
        ].concat();
        // vt100 knows no autowrap mode; nothing drawn here reaches the last column but our repaint.
        let with = oracle(&[&*bytes, &*added, &*more].concat());
        assert_same(oracle(&[&*bytes, &*more].concat()).screen(), with.screen());
    }
}
