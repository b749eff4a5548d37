//! Any bytes to a terminal model, in any split, with changes of size: no panic, bounded memory, the
//! same state whatever the split, and a replay that brings a fresh terminal to that state.
#![no_main]

mod input;

use abide_screen::{MIN_SCROLLBACK_BYTES, Screen, Size};
use input::Input;
use libfuzzer_sys::fuzz_target;

const SCROLLBACK: usize = 50;
/// One row may pass the budget of the scrollback by what it takes itself.
const ROW_MAX: usize = 64 * 1024;

fn size(input: &mut Input<'_>) -> Size {
    Size { rows: u16::from(input.byte() % 12), cols: u16::from(input.byte() % 40) }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let step = usize::from(input.byte()) + 1;
    let mut whole = Screen::new(size(&mut input), SCROLLBACK);
    let mut split = whole.clone();
    while !input.is_empty() {
        let len = usize::from(input.byte()) * 4;
        let bytes = input.take(len);
        whole.feed(bytes);
        bytes.chunks(step).for_each(|piece| split.feed(piece));
        assert_eq!(whole.is_ground(), split.is_ground(), "the split matters");
        if input.byte() % 16 == 0 {
            let size = size(&mut input);
            whole.resize(size);
            split.resize(size);
        }
    }
    let replay = whole.replay();
    assert_eq!(replay, split.replay(), "the split matters");
    assert!(whole.scrollback_len() <= SCROLLBACK);
    assert!(whole.scrollback_bytes() <= MIN_SCROLLBACK_BYTES + ROW_MAX);
    let mut fresh = Screen::new(whole.size(), SCROLLBACK);
    fresh.feed(&replay);
    assert!(fresh.is_ground(), "a replay ends between sequences");
    assert_eq!(fresh.lines(), whole.lines());
    assert_eq!(fresh.is_alternate(), whole.is_alternate());
    for row in 0..whole.size().rows {
        fresh.feed(&whole.repaint_row(row));
    }
    fresh.feed(&whole.settle());
    assert_eq!(fresh.lines(), whole.lines(), "a repainted row is as it was");
});
