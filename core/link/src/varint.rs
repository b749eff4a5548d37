//! Variable-length integers as in QUIC (RFC 9000, section 16): two bits of length, 6 to 62 of value.

use bytes::{Buf, BufMut};

/// Largest value that fits.
pub(crate) const MAX: u64 = (1 << 62) - 1;

/// Appends `value`. Values above [`MAX`] cannot occur in valid state and are cut to it.
pub(crate) fn put(out: &mut impl BufMut, value: u64) {
    match value.min(MAX) {
        small @ 0..=0x3f => out.put_u8(small as u8),
        small @ 0x40..=0x3fff => out.put_u16(small as u16 | 0x4000),
        middle @ 0x4000..=0x3fff_ffff => out.put_u32(middle as u32 | 0x8000_0000),
        large => out.put_u64(large | 0xc000_0000_0000_0000),
    }
}

/// Takes one value off the front; `None` when more bytes are needed (nothing is taken then).
pub(crate) fn take(input: &mut impl Buf) -> Option<u64> {
    let first = *input.chunk().first()?;
    let length = 1usize << (first >> 6);
    if input.remaining() < length {
        return None;
    }
    let mut value = u64::from(input.get_u8() & 0x3f);
    for _ in 1..length {
        value = value << 8 | u64::from(input.get_u8());
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_travel_in_their_shortest_form() {
        for (value, length) in [
            (0, 1),
            (63, 1),
            (64, 2),
            (16_383, 2),
            (16_384, 4),
            ((1 << 30) - 1, 4),
            (1 << 30, 8),
            (MAX, 8),
        ] {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(out.len(), length);
            assert_eq!(take(&mut &out[..]), Some(value));
            assert_eq!(take(&mut &out[..length - 1]), None);
        }
    }
}
