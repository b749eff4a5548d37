//! What is replayed into a fresh model equals what it was taken from.

use proptest::prelude::*;

use super::view::{at, scrollback, state};
use super::{assert_rows, comparable, fed, screen, streams};
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
    #![proptest_config(super::cases(600))]

    #[test]
    fn a_replay_brings_back_everything(bytes in streams::full_stream(80)) {
        assert_replays(&fed(ROWS, COLS, 200, &bytes));
    }

    #[test]
    fn a_replay_survives_resizes(parts in prop::collection::vec((streams::full_stream(20), 1..14u16, 3..40u16), 1..5)) {
        let mut a = screen(ROWS, COLS, 200);
        for (bytes, rows, cols) in parts {
            a.feed(&bytes);
            a.resize(Size { rows, cols });
            prop_assert_eq!(a.size(), Size { rows, cols });
        }
        assert_replays(&a);
    }

    #[test]
    fn what_follows_a_replay_is_understood_alike(before in streams::full_stream(60), after in streams::full_stream(20)) {
        let mut a = fed(ROWS, COLS, 200, &before);
        let mut b = fed(ROWS, COLS, 200, &a.replay());
        // Titles pushed before are not handed over, the scrollback limit may differ by clearing.
        let after = [b"\x1b[23t\x1b]2;t\x07".as_slice(), &*after].concat();
        a.feed(&after);
        b.feed(&after);
        prop_assert_eq!(a.lines(), b.lines());
        prop_assert_eq!(at(&a), at(&b));
    }
}

/// The lines of the primary screen with its scrollback, soft wraps undone.
fn whole_lines(screen: &Screen) -> Vec<String> {
    let mut lines = vec![String::new()];
    for row in state(screen, Buffer::Primary).rows {
        if let Some(line) = lines.last_mut() {
            line.push_str(&row.text());
        }
        if !row.wraps {
            lines.push(String::new());
        }
    }
    let used = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines.truncate(used);
    lines
}

proptest! {
    #![proptest_config(super::cases(300))]

    #[test]
    fn no_text_is_lost_by_changes_of_width(
        lines in prop::collection::vec("[a-z漢字e\u{301}]{0,90}", 0..40),
        sizes in prop::collection::vec(2..60u16, 1..5),
    ) {
        let mut screen = fed(ROWS, COLS, 5000, lines.join("\r\n").as_bytes());
        let before = whole_lines(&screen);
        for cols in sizes {
            screen.resize(Size { rows: ROWS, cols });
            prop_assert_eq!(whole_lines(&screen), before.clone());
            let cursor = at(&screen);
            prop_assert!(cursor.line < usize::from(ROWS) && cursor.col < usize::from(cols));
        }
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
    assert_eq!(scrollback(&b)[scrollback(&b).len() - 46].text(), "line 0");
    assert_eq!(scrollback(&b)[scrollback(&b).len() - 1].text(), "line 45");
}

#[test]
fn the_last_lines_of_scrollback_alone_can_be_had() {
    let text: String = (0..50).map(|n| format!("line {n}\r\n")).collect();
    let a = fed(5, 20, 1000, text.as_bytes());
    let b = fed(5, 20, 1000, &a.replay_last(3));
    assert_eq!(b.scrollback_len(), 3);
    assert_eq!(scrollback(&b)[scrollback(&b).len() - 3].text(), "line 43");
    assert_eq!(b.lines(), a.lines());
}

#[test]
fn a_used_terminal_is_pushed_up_and_keeps_its_lines() {
    let a = fed(5, 20, 100, b"one\r\ntwo");
    let mut b = fed(5, 20, 100, b"shell$ abide\r\n");
    b.feed(&a.replay());
    assert_eq!(b.lines()[..2], ["one".to_owned(), "two".to_owned()]);
    assert_eq!(scrollback(&b)[scrollback(&b).len() - 1].text(), "shell$ abide");
    assert_eq!(at(&b).line, 1);
}

#[test]
fn background_colour_does_not_bleed_into_scrolled_in_rows() {
    let a = fed(3, 10, 50, b"\x1b[41mabcdefghijklm\x1b[m\r\nplain\r\nmore\r\nend");
    assert_replays(&a);
    // A wrap at the bottom of the fresh terminal where there was none at the time.
    let b = fed(3, 10, 50, b"1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[H\x1b[J\x1b[41mabcdefghijklm");
    assert_replays(&b);
    let gap = "1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[H\x1b[J\x1b[41mabcdefghijabcdefghi漢字";
    assert_replays(&fed(3, 10, 50, gap.as_bytes()));
}

#[test]
fn leaving_the_alternate_screen_after_a_replay_shows_the_primary_one() {
    let a = fed(5, 20, 50, b"\x1b[32mshell$ vim\x1b[?1049h\x1b[m\x1b[Hfull screen");
    let mut b = fed(5, 20, 50, &a.replay());
    assert!(b.is_alternate());
    assert_eq!(b.lines()[0], "full screen");
    b.feed(b"\x1b[?1049l");
    assert_eq!(b.lines()[0], "shell$ vim");
    let cursor = at(&b);
    assert_eq!((cursor.line, cursor.col), (0, 10));
    assert_eq!(cursor.pen.fg, crate::pen::Shade::Named(2));
}
