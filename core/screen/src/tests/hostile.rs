//! Bytes nobody sane would send: no panic, bounded memory.

use proptest::prelude::*;

use super::view::at;
use super::{fed, screen, streams};
use crate::osc::MAX_TITLE;
use crate::row::MAX_MARKS;
use crate::{
    MAX_COLS, MAX_ROWS, MIN_COLS, MIN_ROWS, MIN_SCROLLBACK_BYTES, SCROLLBACK_BYTES_PER_LINE,
    Screen, Size,
};

fn ask_everything(screen: &Screen) {
    let _ = screen.replay();
    for row in 0..=screen.size().rows {
        let _ = screen.repaint_row(row);
    }
    let _ = (screen.overlay_prelude(), screen.settle(), screen.lines(), screen.title());
}

/// Whatever it was fed with, another terminal can be brought to the same.
fn assert_handed_over(screen: &Screen) {
    let size = screen.size();
    let other = fed(size.rows, size.cols, 20, &screen.replay());
    assert!(other.is_ground());
    assert_eq!(other.lines(), screen.lines());
    assert_eq!((at(&other), other.scrollback_len()), (at(screen), screen.scrollback_len()));
}

/// Bytes that are likelier than chance to make up sequences.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => Just(0x1b), 3 => Just(b'['), 1 => Just(b'!'), 1 => Just(b'$'), 3 => b'0'..=b'9', 1 => Just(b';'), 1 => Just(b'?'),
        3 => 0x40..=0x7eu8, 2 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..400)
}

proptest! {
    #![proptest_config(super::cases(1500))]

    #[test]
    fn garbage_never_panics(a in garbage(), b in garbage(), rows in 0..9u16, cols in 0..12u16) {
        let mut screen = screen(rows, cols, 20);
        screen.feed(&a);
        ask_everything(&screen);
        screen.resize(Size { rows: cols, cols: rows });
        screen.feed(&b);
        ask_everything(&screen);
        assert_handed_over(&screen);
    }

    #[test]
    fn tiny_screens_take_everything(bytes in streams::full_stream(60), rows in 0..3u16, cols in 0..4u16) {
        let mut screen = fed(rows, cols, 20, &bytes);
        ask_everything(&screen);
        screen.resize(Size { rows: rows + 2, cols: cols + 1 });
        screen.feed(&bytes);
        ask_everything(&screen);
        assert_handed_over(&screen);
    }
}

#[test]
fn sizes_are_clamped() {
    assert_eq!(screen(0, 0, 0).size(), Size { rows: MIN_ROWS, cols: MIN_COLS });
    let mut screen = screen(u16::MAX, u16::MAX, 0);
    assert_eq!(screen.size(), Size { rows: MAX_ROWS, cols: MAX_COLS });
    screen.resize(Size { rows: 0, cols: 0 });
    assert_eq!(screen.size(), Size { rows: MIN_ROWS, cols: MIN_COLS });
    screen.feed("漢字".as_bytes());
    ask_everything(&screen);
}

#[test]
fn scrollback_is_bounded_by_lines_and_by_bytes() {
    let mut small = screen(4, 20, 10);
    small.feed(&b"x\r\n".repeat(500));
    assert_eq!(small.scrollback_len(), 10);
    let mut wide = screen(4, 200, 1000);
    wide.feed(&[b"x".repeat(200).as_slice(), b"\r\n"].concat().repeat(1000));
    assert_eq!(wide.scrollback_len(), 997);
    let styled = "\x1b[38;2;1;2;3mx\x1b[38;2;3;2;1my".repeat(100);
    wide.feed(&[styled.as_bytes(), b"\r\n"].concat().repeat(1000));
    let budget = (1000 * SCROLLBACK_BYTES_PER_LINE).max(MIN_SCROLLBACK_BYTES);
    assert!(wide.scrollback_bytes() <= budget, "{} bytes", wide.scrollback_bytes());
    assert!((100..900).contains(&wide.scrollback_len()), "{} lines", wide.scrollback_len());
}

#[test]
fn an_endless_osc_takes_no_memory() {
    let before = resident_kib();
    let mut screen = screen(24, 80, 0);
    for introducer in ["\x1b]52;c;", "\x1bP1;2;3q", "\x1b_Gf=100"] {
        screen.feed(introducer.as_bytes());
        for _ in 0..160 {
            screen.feed(&[b'A'; 64 * 1024]);
        }
        assert!(!screen.is_ground());
    }
    screen.feed(b"\x1b\\ok");
    assert_eq!(screen.lines()[0], "ok");
    // Other tests run beside this one, hence the slack; 30 MB went in.
    assert!(resident_kib() < before + 20 * 1024, "grew from {before} KiB");
}

#[test]
fn endless_marks_titles_and_keyboard_flags_are_bounded() {
    let mut screen = screen(4, 20, 0);
    screen.feed("a".as_bytes());
    screen.feed("\u{301}".repeat(100_000).as_bytes());
    assert_eq!(screen.lines()[0].chars().count(), 1 + MAX_MARKS);
    screen.feed(b"\x1b]2;");
    screen.feed(&vec![b't'; 50_000]);
    screen.feed(b"\x07");
    assert_eq!(screen.title().map(str::len), Some(MAX_TITLE));
    screen.feed(&b"\x1b[22t".repeat(5_000));
    screen.feed(&b"\x1b[>1u".repeat(5_000));
    screen.feed(&b"\x1b[?1049h".repeat(10));
    assert!(screen.replay().len() < 4096);
}

#[test]
fn a_title_cannot_smuggle_sequences_into_a_replay() {
    let screen = fed(2, 10, 0, "\x1b]2;a\u{9b}31m\x7f\u{85}b\x07".as_bytes());
    assert_eq!(screen.title(), Some("a31mb"));
}

#[test]
fn colour_specifications_of_any_length_are_harmless() {
    let zeros = "0".repeat(3000);
    let screen = fed(2, 10, 0, format!("\x1b]4;1;#{zeros}1\x07\x1b]10;#\x07ok").as_bytes());
    assert_eq!(screen.lines()[0], "ok");
}

/// Resident memory of this process.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
