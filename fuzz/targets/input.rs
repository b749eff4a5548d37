//! Takes a fuzzer's bytes apart. Not every target uses all of it.
#![allow(dead_code, reason = "each target is its own program")]

use abide_link::{Frame, FrameDecoder};

/// What is left of the input; zeros after its end.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub fn number(&mut self) -> u64 {
        self.take(8).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Up to `length` bytes.
    pub fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// As many bytes of `whole` changed as the input says; true when any is.
    pub fn change<const N: usize>(&mut self, whole: &mut [u8; N]) -> bool {
        let mask = self.take(N);
        whole.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        mask.iter().any(|mask| *mask != 0)
    }

    /// One frame, if the next bytes are one.
    pub fn frame(&mut self) -> Option<Frame> {
        let mut decoder = FrameDecoder::default();
        decoder.buffer().extend_from_slice(self.0);
        let frame = decoder.next_frame().ok().flatten();
        let left = decoder.buffer().len();
        self.0 = if frame.is_some() { &self.0[self.0.len() - left..] } else { &[] };
        frame
    }
}
