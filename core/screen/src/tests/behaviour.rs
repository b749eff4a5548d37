//! Single things that applications rely on.

use super::fed;
use super::view::{at, shown};
use crate::pen::{Shade, attr};
use crate::{Position, Size};

fn position(bytes: &[u8]) -> (usize, usize) {
    let cursor = at(&fed(10, 20, 0, bytes));
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
    assert!(!screen.model.origin && !screen.model.insert && screen.model.autowrap);
    let cursor = at(&screen);
    assert_eq!(cursor.pen.fg, Shade::Default);
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
    let row = shown(&screen, 0);
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
fn erasing_and_moving_end_the_wait_to_wrap() {
    let last_erased = ["abcd x", "", ""];
    let full = "abcde";
    for erase in ["\x1b[K", "\x1b[J", "\x1b[X"] {
        let lines = fed(3, 5, 0, format!("{full}{erase}x").as_bytes()).lines();
        assert_eq!(lines, ["abcdx", "", ""], "{erase:?}");
    }
    assert_eq!(fed(3, 5, 0, b"abcde\nx").lines(), ["abcde", "    x", ""]);
    assert_eq!(fed(3, 5, 0, b"abcde\x1b[Cx").lines(), ["abcdx", "", ""]);
    // A tab and a change of looks do not.
    assert_eq!(fed(3, 5, 0, b"abcde\t\x1b[1mx").lines(), ["abcde", "x", ""]);
    assert_eq!(fed(3, 6, 0, b"abcd\x1b[2Cx").lines(), last_erased);
}

#[test]
fn a_repeat_repeats_only_what_was_just_printed() {
    assert_eq!(fed(1, 20, 0, b"ab\x1b[3b").lines()[0], "abbbb");
    assert_eq!(fed(1, 20, 0, "漢\x1b[2b".as_bytes()).lines()[0], "漢漢漢");
    for between in ["\x1b[m", "\r", "\x1b7", "\x1b]2;t\x07", "\x1b[b"] {
        let lines = fed(1, 20, 0, format!("a{between}\x1b[9b").as_bytes()).lines();
        assert!(lines[0].len() <= 2, "{between:?}: {lines:?}");
    }
}

#[test]
fn relative_positions_know_no_margins() {
    assert_eq!(position(b"\x1b[3;6r\x1b[4;1H\x1b[9e"), (9, 0));
    assert_eq!(position(b"\x1b[3;6r\x1b[?6h\x1b[9e"), (5, 0));
}

#[test]
fn left_and_right_margins_hold_text_and_scrolling() {
    let text = b"0123456789\r\nabcdefghij\r\nABCDEFGHIJ\x1b[?69h\x1b[3;6s";
    let shown = |more: &[u8]| {
        let mut screen = fed(3, 10, 9, text);
        screen.feed(more);
        assert_eq!(screen.scrollback_len(), 0);
        screen.lines()
    };
    assert_eq!(shown(b"\x1b[1;3Hxyzuvw"), ["01xyzu6789", "abvwefghij", "ABCDEFGHIJ"]);
    assert_eq!(shown(b"\x1b[3;3H\n"), ["01cdef6789", "abCDEFghij", "AB    GHIJ"]);
    assert_eq!(shown(b"\x1b[1;4H\x1b[L"), ["01    6789", "ab2345ghij", "ABcdefGHIJ"]);
    assert_eq!(shown(b"\x1b[2;4H\x1b[2P"), ["0123456789", "abcf  ghij", "ABCDEFGHIJ"]);
    assert_eq!(shown(b"\x1b[2;4H\x1b[@"), ["0123456789", "abc deghij", "ABCDEFGHIJ"]);
    assert_eq!(shown(b"\x1b[2;8Hxyzu"), ["0123456789", "abcdefgxyz", "ABuDEFGHIJ"]);
    assert_eq!(shown(b"\x1b[?69l\x1b[1;1H\x1b[2P"), ["23456789", "abcdefghij", "ABCDEFGHIJ"]);
}

#[test]
fn areas_are_filled_and_erased() {
    let screen = fed(4, 6, 0, b"\x1b[35;2;2;3;4$x\x1b[3;3;4;9$z");
    assert_eq!(screen.lines(), ["", " ###", " #", ""]);
}

#[test]
fn broken_text_is_replaced_piece_by_piece() {
    let shown = |bytes: &[u8]| fed(1, 20, 0, bytes).lines()[0].clone();
    assert_eq!(shown(b"a\x80\xffb"), "a\u{fffd}\u{fffd}b");
    assert_eq!(shown(b"\xe2\x82x"), "\u{fffd}x");
    assert_eq!(shown(b"\xe2\x82\xe2\x82\xac"), "\u{fffd}€");
    assert_eq!(shown(b"\xc0\xaf"), "\u{fffd}\u{fffd}");
    assert_eq!(shown(b"\xe0\x80\xaf"), "\u{fffd}\u{fffd}\u{fffd}");
    assert_eq!(shown(b"\xed\xa0\x80"), "\u{fffd}\u{fffd}\u{fffd}");
    assert_eq!(shown(b"\xf0\x9f\x98\x1b[1m!"), "\u{fffd}!");
}

#[test]
fn c1_controls_mean_nothing_in_utf_8() {
    assert_eq!(fed(1, 20, 0, "a\u{9b}31mb\u{85}".as_bytes()).lines()[0], "a31mb");
}

#[test]
fn broken_sequences_are_skipped_whole() {
    let shown = |bytes: &[u8]| fed(1, 20, 0, bytes).lines()[0].clone();
    assert_eq!(shown(b"\x1b[1?5hx"), "x");
    assert_eq!(shown(b"\x1b[1 2 qx"), "x");
    assert_eq!(shown("\x1b[3é1x".as_bytes()), "1x");
    assert_eq!(shown(b"\x1b[2\x08Cx"), "  x");
    assert_eq!(shown(format!("\x1b[{}mx", ";1".repeat(500)).as_bytes()), "x");
    assert_eq!(shown(b"\x1b[99999999999999999999Cx"), format!("{}x", " ".repeat(19)));
    assert_eq!(shown(b"\x1b%Gx\x1b F\x1b#3"), "x");
}

#[test]
fn colours_are_read_in_all_forms() {
    let fg = |bytes: &[u8]| at(&fed(1, 9, 0, bytes)).pen.fg;
    assert_eq!(fg(b"\x1b[38;2;1;2;3m"), Shade::Rgb(1, 2, 3));
    assert_eq!(fg(b"\x1b[38:2:1:2:3m"), Shade::Rgb(1, 2, 3));
    assert_eq!(fg(b"\x1b[38:2::1:2:3m"), Shade::Rgb(1, 2, 3));
    assert_eq!(fg(b"\x1b[38:2:9:1:2:3:0:0m"), Shade::Rgb(1, 2, 3));
    assert_eq!(fg(b"\x1b[38;5;77m"), Shade::Indexed(77));
    assert_eq!(fg(b"\x1b[38:5:77m"), Shade::Indexed(77));
    assert_eq!(fg(b"\x1b[31;38;5;777m"), Shade::Named(1));
    assert_eq!(fg(b"\x1b[38;5;7;32m"), Shade::Named(2));
    assert_eq!(fg(b"\x1b[97m"), Shade::Named(15));
}

#[test]
fn leaving_an_alternate_screen_that_is_not_shown_restores_the_cursor() {
    assert_eq!(position(b"\x1b[3;4H\x1b7\x1b[H\x1b[?1049l"), (2, 3));
}

#[test]
fn wide_characters_before_the_right_end_go_to_the_next_row() {
    assert_eq!(fed(2, 5, 0, "abcd漢x".as_bytes()).lines(), ["abcd", "漢x"]);
    assert_eq!(fed(2, 5, 0, "\x1b[?7labcd漢x".as_bytes()).lines(), ["abcdx", ""]);
    let mut screen = fed(2, 5, 0, "abcd漢x".as_bytes());
    screen.resize(Size { rows: 2, cols: 9 });
    assert_eq!(screen.lines()[0], "abcd漢x");
}

#[test]
fn lines_are_wrapped_anew_and_back() {
    let text = "one two three four five six seven eight nine ten 漢字 eleven twelve";
    let mut screen = fed(6, 40, 100, format!("{text}\r\nshort\r\n$ ").as_bytes());
    let before = (screen.lines(), at(&screen));
    for cols in [7, 13, 80, 2, 40] {
        screen.resize(Size { rows: 6, cols });
        let joined: String =
            super::view::scrollback(&screen).iter().map(|row| row.text()).collect();
        let all = joined + &screen.lines().concat();
        assert_eq!(all.replace(' ', ""), format!("{text}short$").replace(' ', ""), "{cols}");
    }
    assert_eq!((screen.lines(), at(&screen)), before);
}

#[test]
fn writing_the_last_column_anew_ends_the_line() {
    for again in ["x", "é", "\x1b[Kx", "\x1b[@x"] {
        let mut screen = fed(3, 5, 9, format!("abcdefg\x1b[1;5H{again}").as_bytes());
        assert!(!shown(&screen, 0).wraps, "{again:?}");
        screen.resize(Size { rows: 3, cols: 10 });
        assert_eq!(screen.lines()[1], "fg", "{again:?}");
    }
}

#[test]
fn a_screen_can_be_read() {
    let screen = fed(2, 5, 9, "\x1b[?1h\x1b[4h\x1b[?7lone two\r\n2\r\ne\u{301}漢字".as_bytes());
    assert_eq!(screen.cursor(), Position { row: 1, col: 4, pending_wrap: true });
    let glyph = screen.glyph(1, 0).unwrap();
    assert_eq!((glyph.ch, glyph.marks, glyph.width), ('e', &['\u{301}'][..], 1));
    assert_eq!(screen.glyph(1, 1).map(|glyph| (glyph.ch, glyph.width)), Some(('漢', 2)));
    assert_eq!(screen.glyph(1, 2).map(|glyph| (glyph.ch, glyph.width)), Some((' ', 0)));
    assert!(screen.glyph(2, 0).is_none() && screen.glyph(0, 5).is_none());
    assert!(screen.inserts() && !screen.wraps());
    assert_eq!((screen.private_mode(1), screen.private_mode(25)), (Some(true), None));
    assert_eq!(screen.scrollback(0).collect::<Vec<_>>(), [("one o".to_owned(), false)]);
}

#[test]
fn a_shorter_screen_keeps_the_cursor_and_gives_the_rows_back() {
    let mut screen = fed(5, 10, 100, b"1\r\n2\r\n3\r\n4\r\n5");
    screen.resize(Size { rows: 2, cols: 10 });
    assert_eq!((screen.lines(), screen.scrollback_len()), (vec!["4".into(), "5".into()], 3));
    screen.resize(Size { rows: 5, cols: 10 });
    assert_eq!(screen.lines(), ["1", "2", "3", "4", "5"]);
    assert_eq!(at(&screen).line, 4);
}

#[test]
fn a_copy_is_not_changed_by_what_follows() {
    let mut screen = fed(3, 10, 100, b"1\r\n2\r\n3\r\n\x1b[1mbold");
    let copy = screen.clone();
    let before = copy.replay();
    screen.feed(b"\r\nmore\r\nand more\x1b[H\x1b[2J\x1b[3Jgone\x1bc");
    assert_eq!(copy.replay(), before);
    assert_eq!(copy.lines(), ["2", "3", "bold"]);
}

#[test]
fn combining_marks_and_links_are_kept() {
    let screen =
        fed(1, 20, 0, "e\u{301}\x1b]8;id=k;http://a.example/?b;c\x1b\\L\x1b]8;;\x07".as_bytes());
    assert_eq!(screen.lines()[0], "e\u{301}L");
    let row = shown(&screen, 0);
    let link = row.glyphs[1].pen.link.as_ref().unwrap();
    assert_eq!((link.id.as_deref(), link.uri.as_str()), (Some("k"), "http://a.example/?b;c"));
}
