//! Single things that applications rely on.

use super::fed;
use crate::Size;
use crate::model::Buffer;
use crate::pen::{Colour, attr};

fn position(bytes: &[u8]) -> (usize, usize) {
    let cursor = fed(10, 20, 0, bytes).model.cursor(Buffer::Active);
    (cursor.line, cursor.col)
}

fn replay_has(bytes: &[u8], needle: &str) -> bool {
    let out = fed(10, 20, 0, bytes).replay();
    String::from_utf8_lossy(&out).contains(needle)
}

#[test]
fn text_wraps_and_is_listed_without_trailing_blanks() {
    assert_eq!(fed(3, 5, 0, b"abcdefg  ").lines(), ["abcde", "fg", ""]);
}

#[test]
fn line_drawing_is_shown_as_lines() {
    assert_eq!(fed(2, 10, 0, b"\x1b(0lqk\x1b(B x").lines()[0], "┌─┐ x");
    assert_eq!(fed(2, 10, 0, b"\x1b)0a\x0eq\x0fq").lines()[0], "a─q");
}

#[test]
fn margins_stop_the_cursor() {
    assert_eq!(position(b"\x1b[3;6r\x1b[4;1H\x1b[9A"), (2, 0));
    assert_eq!(position(b"\x1b[3;6r\x1b[4;1H\x1b[9B"), (5, 0));
    assert_eq!(position(b"\x1b[3;6r\x1b[1;5H\x1b[9B"), (5, 4));
    assert_eq!(position(b"\x1b[3;6r\x1b[9;5H\x1b[9B"), (9, 4));
}

#[test]
fn origin_mode_counts_from_the_margin() {
    assert_eq!(position(b"\x1b[3;6r\x1b[?6h"), (2, 0));
    assert_eq!(position(b"\x1b[3;6r\x1b[?6h\x1b[2;4H"), (3, 3));
    assert_eq!(position(b"\x1b[3;6r\x1b[?6h\x1b[2;4H\x1b[A\x1b[7G"), (2, 6));
    assert_eq!(position(b"\x1b[3;6r\x1b[?6h\x1b[2;4H\x1b[?6l"), (0, 0));
}

#[test]
fn a_restored_cursor_brings_origin_mode_and_shift_along() {
    assert_eq!(position(b"\x1b[3;6r\x1b7\x1b[?6h\x1b8\x1b[4;2H"), (3, 1));
    assert_eq!(fed(1, 10, 0, b"\x1b)0\x1b7\x0eq\x1b8q").lines()[0], "q");
}

#[test]
fn deleting_more_than_there_is_spares_what_is_before() {
    assert_eq!(fed(1, 10, 0, b"0123456789\x1b[9G\x1b[5P").lines()[0], "01234567");
}

#[test]
fn erasing_above_from_the_second_row_erases_the_first() {
    assert_eq!(fed(3, 10, 0, b"one\r\ntwo\x1b[1J").lines(), ["", "", ""]);
}

#[test]
fn half_of_a_wide_character_is_blank_and_harms_no_neighbour() {
    let text = "a漢b\x1b[2G\x1b[X".as_bytes();
    assert_eq!(fed(1, 10, 0, text).lines()[0], "a  b");
    let again = "漢\x1b[1G\x1b[Xx\x1b[2Gy".as_bytes();
    assert_eq!(fed(1, 10, 0, again).lines()[0], "xy");
    let moved = "漢a字b\x1b[2G\x1b[3P".as_bytes();
    assert_eq!(fed(1, 10, 0, moved).lines()[0], "  b");
}

#[test]
fn soft_reset_resets_modes_but_not_the_screen() {
    let screen = fed(4, 20, 0, b"kept\x1b[2;3r\x1b[?6;1h\x1b[4h\x1b[31m\x1b(0\x1b[?25l\x1b[!p");
    assert_eq!(screen.lines()[0], "kept");
    assert!(!screen.model.origin() && !screen.model.insert() && screen.model.autowrap());
    let cursor = screen.model.cursor(Buffer::Active);
    assert_eq!(cursor.pen.fg, Colour::Default);
    assert_eq!(cursor.drawing, [false; 4]);
    assert!(!replay_has(b"\x1b[?25l\x1b[!p", "\x1b[?25l"));
}

#[test]
fn column_mode_does_not_clear_the_screen() {
    assert_eq!(fed(2, 20, 0, b"kept\x1b[?3l").lines()[0], "kept");
}

#[test]
fn blinking_text_keeps_blinking() {
    let screen = fed(1, 10, 0, b"\x1b[5ma\x1b[25mb");
    let row = screen.model.row(Buffer::Active, 0);
    assert_eq!(row.glyphs[0].pen.attrs, attr::BLINK);
    assert_eq!(row.glyphs[1].pen.attrs, 0);
}

#[test]
fn modes_are_replayed_in_the_order_they_were_said() {
    let said = b"\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?1002l\x1b[?1000h\x1b[?1h\x1b[?25l";
    assert!(replay_has(said, "\x1b[?1006h\x1b[?2004h\x1b[?1002l\x1b[?1000h\x1b[?1h\x1b[?25l"));
}

#[test]
fn keyboard_protocol_flags_are_replayed() {
    assert!(replay_has(b"\x1b[>1u\x1b[>5u", "\x1b[>1u\x1b[>5u"));
    assert!(!replay_has(b"\x1b[>1u\x1b[<u", "\x1b[>"));
    assert!(replay_has(b"\x1b[>4;2m", "\x1b[>4;2m"));
    // Each screen has its own.
    assert!(replay_has(b"\x1b[?1049h\x1b[>3u\x1b[?1049l\x1b[>1u", "\x1b[>1u"));
    assert!(!replay_has(b"\x1b[?1049h\x1b[>3u\x1b[?1049l", "\x1b[>3u"));
}

#[test]
fn title_cursor_shape_and_colours_are_replayed() {
    assert!(replay_has(b"\x1b]0;hi; there\x07", "\x1b]2;hi; there\x1b\\"));
    assert!(replay_has(b"\x1b[5 q", "\x1b[5 q"));
    assert!(replay_has(b"\x1b]11;rgb:12/34/56\x07", "\x1b]11;rgb:12/34/56\x1b\\"));
    assert!(replay_has(b"\x1b]4;7;#ffffff;8;red\x07", "\x1b]4;8;red\x1b\\"));
    assert!(!replay_has(b"\x1b]11;?\x07", "\x1b]11"));
}

#[test]
fn pushed_titles_come_back() {
    let screen = fed(2, 10, 0, b"\x1b]2;one\x07\x1b[22;0t\x1b]2;two\x07\x1b[23;0t");
    assert_eq!(screen.title(), Some("one"));
}

#[test]
fn a_reset_forgets_everything() {
    let screen = fed(
        4,
        20,
        50,
        b"1\r\n2\r\n3\r\n4\r\n5\x1b]2;t\x07\x1b[?1049h\x1b[?1000h\x1b[2;3r\x1b[>1ux\x1bc",
    );
    assert!(!screen.is_alternate());
    assert_eq!(screen.title(), None);
    assert_eq!(screen.scrollback_len(), 0);
    assert_eq!(screen.replay(), fed(4, 20, 50, b"").replay());
}

#[test]
fn the_primary_screen_is_rewrapped_while_the_alternate_one_is_shown() {
    let mut screen = fed(4, 10, 50, b"0123456789abc\x1b[?1049h\x1b[Halt");
    screen.resize(Size { rows: 4, cols: 20 });
    assert_eq!(screen.lines()[0], "alt");
    screen.feed(b"\x1b[?1049l");
    assert_eq!(screen.lines()[0], "0123456789abc");
}

#[test]
fn older_ways_to_the_alternate_screen_work() {
    let screen = fed(3, 20, 0, b"shell\x1b[?47h\x1b[Hprogram");
    assert!(screen.is_alternate());
    assert_eq!(screen.lines()[0], "program");
    assert_eq!(fed(3, 20, 0, b"shell\x1b[?1047h\x1b[Hprogram\x1b[?1047l").lines()[0], "shell");
}

#[test]
fn synchronised_updates_are_applied_at_once() {
    assert_eq!(fed(1, 20, 0, b"\x1b[?2026hnow").lines()[0], "now");
}

#[test]
fn combining_marks_and_links_are_kept() {
    let screen =
        fed(1, 20, 0, "e\u{301}\x1b]8;id=k;http://a.example/?b;c\x1b\\L\x1b]8;;\x07".as_bytes());
    assert_eq!(screen.lines()[0], "e\u{301}L");
    let row = screen.model.row(Buffer::Active, 0);
    let link = row.glyphs[1].pen.link.as_ref().unwrap();
    assert_eq!((link.id.as_deref(), link.uri.as_str()), (Some("k"), "http://a.example/?b;c"));
}
