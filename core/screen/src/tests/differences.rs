//! What skips from one state to a later one leaves no difference.

use proptest::prelude::*;

use super::view::{State, scrollback, state};
use super::{assert_same_state, comparable, fed, streams};
use crate::model::Buffer;
use crate::{Screen, Seam};

const ROWS: u16 = 8;
const COLS: u16 = 30;

/// How the two are joined where at most so many lines are at hand.
pub(super) fn seam(from: &Screen, to: &Screen, lines: usize) -> Seam<'static> {
    let added = usize::try_from(to.scrolled() - from.scrolled()).expect("few");
    if added <= lines.min(to.scrollback_len()) {
        Seam::Joined { added }
    } else {
        Seam::Gap { lines, mark: "" }
    }
}

/// A terminal that saw `before`, and then the difference that `after` makes.
fn skipped(before: &[u8], after: &[u8], lines: usize) -> (Screen, Screen, Vec<u8>) {
    let from = fed(ROWS, COLS, 200, before);
    let mut to = from.clone();
    to.feed(after);
    let mut terminal = fed(ROWS, COLS, 200, before);
    let bytes = to.difference_from(&from, seam(&from, &to, lines));
    terminal.feed(&bytes);
    assert!(terminal.is_ground());
    (terminal, to, bytes)
}

fn seen(screen: &Screen) -> State {
    let mut state = comparable(state(screen, Buffer::Active), screen);
    // A title cannot be taken back, only made empty.
    state.settings.title = Some(state.settings.title.unwrap_or_default());
    // Nor can it be made unsaid that a mode is what it was at first.
    state.settings.modes.forget_defaults();
    state
}

proptest! {
    #![proptest_config(super::cases(800))]

    #[test]
    fn a_skip_ends_in_the_same_state(before in streams::full_stream(40), after in streams::full_stream(30)) {
        let (terminal, to, _) = skipped(&before, &after, 200);
        assert_same_state(&seen(&terminal), &seen(&to));
    }

    #[test]
    fn a_skip_loses_no_line(before in streams::plain_stream(40), after in streams::plain_stream(60)) {
        let (terminal, to, _) = skipped(&before, &after, 200);
        let texts = |screen: &Screen| -> Vec<String> {
            scrollback(screen).iter().map(super::view::Row::text).collect()
        };
        prop_assert_eq!(texts(&terminal), texts(&to));
        prop_assert_eq!(terminal.lines(), to.lines());
    }
}

#[test]
fn nothing_changed_costs_next_to_nothing() {
    let (_, _, bytes) = skipped(b"some text\r\n\x1b[1mbold", b"", 0);
    assert!(bytes.len() < 40, "{}", bytes.escape_ascii());
}

#[test]
fn what_scrolls_is_scrolled_and_not_written_again() {
    let text: String = (0..20).map(|n| format!("a line of text {n}\r\n")).collect();
    let (terminal, to, bytes) = skipped(text.as_bytes(), b"one more\r\n", 9);
    assert_eq!((terminal.lines(), terminal.scrollback_len()), (to.lines(), to.scrollback_len()));
    assert!(bytes.len() < 80, "{}", bytes.escape_ascii());
}

#[test]
fn a_program_that_scrolls_within_margins_is_scrolled() {
    let text: String = (0..7).map(|n| format!("\x1b[{};1Ha line of text {n}", n + 1)).collect();
    let text = format!("\x1b[?1049h{text}");
    let (terminal, to, bytes) =
        skipped(text.as_bytes(), b"\x1b[2;6r\x1b[6;1H\nnew\x1b[r\x1b[1;1H", 9);
    assert_eq!(terminal.lines(), to.lines());
    assert!(bytes.len() < 90, "{}", bytes.escape_ascii());
}

#[test]
fn only_so_many_lines_that_went_by_are_printed() {
    let text: String = (0..100).map(|n| format!("line {n}\r\n")).collect();
    let (terminal, to, _) = skipped(b"before\r\n", text.as_bytes(), 5);
    assert_eq!(terminal.lines(), to.lines());
    let shown: Vec<String> = scrollback(&terminal).iter().map(super::view::Row::text).collect();
    assert_eq!(shown, ["before", "line 88", "line 89", "line 90", "line 91", "line 92"]);
}
