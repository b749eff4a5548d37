//! What is replayed into a fresh model equals what it was taken from.

use proptest::prelude::*;

use super::{assert_rows, comparable, fed, screen, state, streams};
use crate::model::Buffer;
use crate::{Screen, Size};

const ROWS: u16 = 10;
const COLS: u16 = 30;

fn assert_same(a: &Screen, b: &Screen) {
    let scrollback = b.scrollback_len();
    assert_eq!(a.scrollback_len(), scrollback);
    for buffer in [Buffer::Primary, Buffer::Active] {
        let (left, right) = (comparable(state(a, buffer), a), comparable(state(b, buffer), b));
        assert_rows(&left.rows, &right.rows);
        assert_eq!(left.cursor, right.cursor);
        assert!(buffer == Buffer::Primary || left.settings == right.settings);
    }
}

fn assert_replays(a: &Screen) {
    let size = a.size();
    let mut b = screen(size.rows, size.cols, 200);
    let bytes = a.replay();
    b.feed(&bytes);
    assert!(b.is_ground());
    assert_same(a, &b);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_replay_brings_back_everything(bytes in streams::stream(80)) {
        assert_replays(&fed(ROWS, COLS, 200, &bytes));
    }

    #[test]
    fn a_replay_survives_resizes(parts in prop::collection::vec((streams::stream(20), 1..14u16, 3..40u16), 1..5)) {
        let mut a = screen(ROWS, COLS, 200);
        for (bytes, rows, cols) in parts {
            a.feed(&bytes);
            a.resize(Size { rows, cols });
            prop_assert_eq!(a.size(), Size { rows, cols });
        }
        assert_replays(&a);
    }

    #[test]
    fn what_follows_a_replay_is_understood_alike(before in streams::stream(60), after in streams::stream(20)) {
        let mut a = fed(ROWS, COLS, 200, &before);
        let mut b = fed(ROWS, COLS, 200, &a.replay());
        // Titles pushed before are not handed over, the scrollback limit may differ by clearing.
        let after = [b"\x1b[23t\x1b]2;t\x07".as_slice(), &*after].concat();
        a.feed(&after);
        b.feed(&after);
        prop_assert_eq!(a.lines(), b.lines());
        prop_assert_eq!(a.model.cursor(Buffer::Active), b.model.cursor(Buffer::Active));
    }
}

#[test]
fn soft_wrapped_lines_stay_one_line() {
    let long = "x".repeat(75) + "\r\nshort\r\n";
    let a = fed(4, 30, 100, long.as_bytes());
    let mut b = fed(4, 30, 100, &a.replay());
    b.resize(Size { rows: 4, cols: 80 });
    assert_eq!(b.lines()[0], "x".repeat(75));
}

#[test]
fn scrollback_becomes_scrollback() {
    let text: String = (0..50).map(|n| format!("line {n}\r\n")).collect();
    let a = fed(5, 20, 1000, text.as_bytes());
    assert_eq!(a.scrollback_len(), 46);
    let b = fed(5, 20, 1000, &a.replay());
    assert_eq!(b.scrollback_len(), 46);
    assert_eq!(b.model.row(Buffer::Primary, -46).text(), "line 0");
    assert_eq!(b.model.row(Buffer::Primary, -1).text(), "line 45");
}

#[test]
fn the_last_lines_of_scrollback_alone_can_be_had() {
    let text: String = (0..50).map(|n| format!("line {n}\r\n")).collect();
    let a = fed(5, 20, 1000, text.as_bytes());
    let b = fed(5, 20, 1000, &a.replay_last(3));
    assert_eq!(b.scrollback_len(), 3);
    assert_eq!(b.model.row(Buffer::Primary, -3).text(), "line 43");
    assert_eq!(b.lines(), a.lines());
}

#[test]
fn a_used_terminal_is_pushed_up_and_keeps_its_lines() {
    let a = fed(5, 20, 100, b"one\r\ntwo");
    let mut b = fed(5, 20, 100, b"shell$ abide\r\n");
    b.feed(&a.replay());
    assert_eq!(b.lines()[..2], ["one".to_owned(), "two".to_owned()]);
    assert_eq!(b.model.row(Buffer::Primary, -1).text(), "shell$ abide");
    assert_eq!(b.model.cursor(Buffer::Active).line, 1);
}

#[test]
fn background_colour_does_not_bleed_into_scrolled_in_rows() {
    let a = fed(3, 10, 50, b"\x1b[41mabcdefghijklm\x1b[m\r\nplain\r\nmore\r\nend");
    assert_replays(&a);
}

#[test]
fn leaving_the_alternate_screen_after_a_replay_shows_the_primary_one() {
    let a = fed(5, 20, 50, b"\x1b[32mshell$ vim\x1b[?1049h\x1b[m\x1b[Hfull screen");
    let mut b = fed(5, 20, 50, &a.replay());
    assert!(b.is_alternate());
    assert_eq!(b.lines()[0], "full screen");
    b.feed(b"\x1b[?1049l");
    assert_eq!(b.lines()[0], "shell$ vim");
    let cursor = b.model.cursor(Buffer::Active);
    assert_eq!((cursor.line, cursor.col), (0, 10));
    assert_eq!(cursor.pen.fg, crate::pen::Colour::Named(2));
}
