//! What real programs wrote (vim with syntax colours and windows, less, tmux with three panes, on 24
//! rows of 80 columns) leaves the state that the reference says, at every step of the way.

use super::reference::Reference;
use super::view::{at, state};
use super::{assert_same_state, comparable, fed, screen};
use crate::Size;
use crate::model::Buffer;

const ROWS: u16 = 24;
const COLS: u16 = 80;
const STEP: usize = 500;

const RECORDINGS: [(&str, &[u8]); 3] = [
    ("vim", include_bytes!("recordings/vim.rec")),
    ("less", include_bytes!("recordings/less.rec")),
    ("tmux", include_bytes!("recordings/tmux.rec")),
];

#[test]
fn programs_are_followed_like_the_reference() {
    for (name, recording) in RECORDINGS {
        let mut ours = screen(ROWS, COLS, 500);
        let mut theirs = Reference::new(Size { rows: ROWS, cols: COLS }, 500);
        for (step, bytes) in recording.chunks(STEP).enumerate() {
            ours.feed(bytes);
            theirs.feed(bytes);
            for buffer in [Buffer::Active, Buffer::Primary] {
                let (a, b) = (state(&ours, buffer), theirs.state(buffer));
                assert_eq!(a.cursor, b.cursor, "{name}, step {step}");
                assert_same_state(&a, &b);
            }
        }
        assert!(!ours.is_alternate(), "{name} ended");
    }
}

#[test]
fn programs_are_handed_over_at_any_step() {
    for (name, recording) in RECORDINGS {
        let mut ours = screen(ROWS, COLS, 500);
        for bytes in recording.chunks(STEP) {
            ours.feed(bytes);
            if !ours.is_ground() {
                continue;
            }
            let other = fed(ROWS, COLS, 500, &ours.replay());
            assert_eq!(other.lines(), ours.lines(), "{name}");
            assert_eq!(at(&other), at(&ours), "{name}");
        }
    }
}

#[test]
fn programs_are_skipped_through() {
    for (name, recording) in RECORDINGS {
        for skip in [1, 3, 20] {
            let mut ours = screen(ROWS, COLS, 500);
            let mut terminal = screen(ROWS, COLS, 500);
            let mut before = ours.clone();
            for bytes in recording.chunks(STEP * skip) {
                ours.feed(bytes);
                if !ours.is_ground() {
                    continue;
                }
                terminal.feed(
                    &ours.difference_from(&before, super::differences::seam(&before, &ours, 500)),
                );
                before = ours.clone();
                let seen = |screen| comparable(state(screen, Buffer::Active), screen);
                let (mut a, mut b) = (seen(&terminal), seen(&ours));
                // A title cannot be taken back, only made empty.
                a.settings.title.get_or_insert_default();
                b.settings.title.get_or_insert_default();
                assert_eq!(a.cursor, b.cursor, "{name}");
                assert_same_state(&a, &b);
            }
        }
    }
}
