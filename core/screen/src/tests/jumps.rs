//! A terminal that was left at any byte and jumps shows what one shows that saw everything.

use proptest::prelude::*;

use super::reference::Reference;
use super::view::{self, State, scrollback, state};
use super::{assert_same_state, comparable, fed, screen, streams};
use crate::model::Buffer;
use crate::{Screen, Seam, Size};

const ROWS: u16 = 8;
const COLS: u16 = 30;
const LINES: usize = 300;

fn seen(screen: &Screen) -> State {
    settled(state(screen, Buffer::Active), screen)
}

fn settled(state: State, screen: &Screen) -> State {
    let mut state = comparable(state, screen);
    // A title cannot be taken back, only made empty.
    state.settings.title = Some(state.settings.title.unwrap_or_default());
    // Nor can it be made unsaid that a mode is what it was at first.
    state.settings.modes.forget_defaults();
    state
}

/// A session's model, and a terminal that was left after `left` bytes of `output` and jumps after
/// `at` bytes: both have then seen the rest.
struct Jumped {
    session: Screen,
    terminal: Screen,
    written: Vec<u8>,
}

fn jumped(output: &[u8], left: usize, at: usize, lines: usize, seam: Seam<'_>) -> Jumped {
    let mut session = fed(ROWS, COLS, LINES, &output[..at]);
    let mut terminal = fed(ROWS, COLS, LINES, &output[..left]);
    let half = output[at - session.unfinished()..at].to_vec();
    let mut written = output[..left].to_vec();
    written.extend(terminal.jump(&session.replay_last(lines), seam));
    assert!(terminal.is_ground(), "the seam is clean");
    let rest = [&half[..], &output[at..]].concat();
    terminal.feed(&rest);
    written.extend(rest);
    session.feed(&output[at..]);
    Jumped { session, terminal, written }
}

/// Places in a stream, the first not after the second.
fn places(output: &[u8], a: prop::sample::Index, b: prop::sample::Index) -> (usize, usize) {
    let (a, b) = (a.index(output.len() + 1), b.index(output.len() + 1));
    (a.min(b), a.max(b))
}

fn pops_a_title(output: &[u8]) -> bool {
    output.windows(5).any(|bytes| bytes.starts_with(b"\x1b[23"))
}

proptest! {
    #![proptest_config(super::cases(1200))]

    #[test]
    fn a_jump_at_any_byte_ends_in_the_same_state(
        output in streams::full_stream(80),
        a: prop::sample::Index,
        b: prop::sample::Index,
        seam in prop::sample::select(vec![Seam::Gap { lines: LINES, mark: "-- skipped --" }, Seam::InPlace]),
    ) {
        let (left, at) = places(&output, a, b);
        let Jumped { mut session, mut terminal, .. } = jumped(&output, left, at, 20, seam);
        if pops_a_title(&output) {
            // What was pushed before is not handed over.
            for screen in [&mut session, &mut terminal] {
                screen.feed(b"\x18\x1b\\\x1b]2;t\x07");
            }
        }
        prop_assert_eq!(session.is_ground(), terminal.is_ground());
        prop_assert_eq!(session.unfinished(), terminal.unfinished());
        assert_same_state(&seen(&terminal), &seen(&session));
    }

    #[test]
    fn another_terminal_shows_the_same(
        output in streams::stream(60),
        a: prop::sample::Index,
        b: prop::sample::Index,
    ) {
        prop_assume!(!pops_a_title(&output));
        // The oracle's own opinion of broken characters and sequences is not asked for.
        let is_whole = |left: &usize| fed(ROWS, COLS, LINES, &output[..*left]).is_ground();
        let (left, at) = places(&output, a, b);
        let left = (0..=left).rev().find(is_whole).expect("the beginning is");
        let gap = Seam::Gap { lines: LINES, mark: "" };
        let Jumped { session, written, .. } = jumped(&output, left, at, 20, gap);
        let mut theirs = Reference::new(Size { rows: ROWS, cols: COLS }, LINES);
        theirs.feed(&written);
        assert_same_state(&settled(theirs.state(Buffer::Active), &session), &seen(&session));
    }

    #[test]
    fn a_joined_jump_loses_no_line_and_repeats_none(
        output in streams::plain_stream(160),
        a: prop::sample::Index,
        b: prop::sample::Index,
    ) {
        let (left, at) = places(&output, a, b);
        let scrolled = |upto: usize| fed(ROWS, COLS, LINES, &output[..upto]).scrolled();
        let added = usize::try_from(scrolled(at) - scrolled(left)).expect("few");
        let Jumped { session, terminal, .. } =
            jumped(&output, left, at, added, Seam::Joined { added });
        let texts = |screen: &Screen| -> Vec<String> {
            scrollback(screen).iter().map(view::Row::text).collect()
        };
        prop_assert_eq!(texts(&terminal), texts(&session));
        prop_assert_eq!(terminal.lines(), session.lines());
    }
}

#[test]
fn a_gap_keeps_what_was_shown_and_says_so() {
    let text: String = (0..1000).map(|n| format!("line {n}\r\n")).collect();
    let left = text.find("line 12\r").expect("there");
    let gap = Seam::Gap { lines: LINES, mark: "-- 900 lines skipped --" };
    let Jumped { session, terminal, .. } = jumped(text.as_bytes(), left, text.len(), 3, gap);
    assert_eq!(terminal.lines(), session.lines());
    let shown: Vec<String> = scrollback(&terminal).iter().map(view::Row::text).collect();
    let wanted: Vec<String> = (0..12).map(|n| format!("line {n}")).collect();
    assert_eq!(shown[..12], wanted);
    assert_eq!(shown[12..], ["-- 900 lines skipped --", "line 990", "line 991", "line 992"]);
}

#[test]
fn a_jump_within_the_alternate_screen_stays_there() {
    let draw = b"shell\r\n\x1b[?1049h\x1b[Hone\r\ntwo\r\nthree";
    let output = [&draw[..], b"\x1b[2;1Hother\x1b[5;5H"].concat();
    let gap = Seam::Gap { lines: LINES, mark: "-- skipped --" };
    let Jumped { session, terminal, written } = jumped(&output, draw.len(), output.len(), 3, gap);
    assert_eq!(terminal.lines(), session.lines());
    let jump = written[draw.len()..].escape_ascii().to_string();
    assert!(!jump.contains("1049") && !jump.contains("skipped") && !jump.contains("[2J"), "{jump}");
}

#[test]
fn unfinished_bytes_are_counted_whatever_the_pieces() {
    for (output, half) in [
        (&b"text"[..], 0),
        (b"text\x1b", 1),
        (b"\x1b[1mtext\x1b[38;5", 6),
        (b"\xe6\x97", 2),
        (b"\x1b]8;;http://a", 13),
        (b"\x1bP", 2),
        (b"\x1b[3\x1b[4", 6),
    ] {
        let mut whole = screen(ROWS, COLS, 0);
        whole.feed(output);
        let mut pieces = screen(ROWS, COLS, 0);
        output.iter().for_each(|byte| pieces.feed(&[*byte]));
        assert_eq!(
            (whole.unfinished(), pieces.unfinished()),
            (half, half),
            "{}",
            output.escape_ascii()
        );
    }
}
