//! Any bytes, in any split: no panic, bounded memory, the same frames whatever the split, and every
//! decoded frame survives being written and read again.
#![no_main]

mod input;

use abide_link::limits::PAYLOAD_MAX;
use abide_link::{Frame, FrameDecoder, FrameError, decode_datagram};
use bytes::Bytes;
use input::Input;
use libfuzzer_sys::fuzz_target;

/// The largest frame is DATA or one that is skipped: payload, and a head of four long numbers.
const FRAME_MAX: usize = PAYLOAD_MAX + 32;

fn decode(pieces: &[&[u8]]) -> (Vec<Frame>, Option<FrameError>, usize) {
    let mut decoder = FrameDecoder::default();
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.buffer().extend_from_slice(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error), decoder.buffer().len()),
            }
        }
        assert!(decoder.buffer().len() <= FRAME_MAX, "more than one frame is kept");
    }
    let left = decoder.buffer().len();
    (frames, None, left)
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let step = usize::from(input.byte()) + 1;
    let whole = decode(&[input.0]);
    let split: Vec<&[u8]> = input.0.chunks(step).collect();
    let (frames, error, _) = decode(&split);
    assert_eq!((&frames, &error), (&whole.0, &whole.1), "the split matters");
    for frame in &frames {
        let again = decode(&[&frame.encode()]);
        assert_eq!(again, (vec![frame.clone()], None, 0));
    }
    match decode_datagram(Bytes::copy_from_slice(input.0)) {
        Ok(found) => assert_eq!((found, 0), (whole.0, whole.2)),
        Err(FrameError::Truncated) => assert!(whole.1.is_none() && whole.2 > 0),
        Err(error) => assert_eq!(Some(error), whole.1),
    }
});
