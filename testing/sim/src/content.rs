//! What streams carry: bytes that follow from the stream and the offset alone, so that any byte can
//! be checked without keeping what was written.

use bytes::Bytes;

use crate::rng::mix;

/// The `length` bytes from `offset` of the flow called `key`.
pub(crate) fn bytes(key: u64, offset: u64, length: usize) -> Bytes {
    let skip = (offset % 8) as usize;
    let mut out = Vec::with_capacity(skip + length + 8);
    let mut block = offset / 8;
    while out.len() < skip + length {
        out.extend_from_slice(&word(key, block));
        block += 1;
    }
    Bytes::from(out).slice(skip..skip + length)
}

/// Whether `found` is what this flow has at `offset`.
pub(crate) fn matches(key: u64, offset: u64, found: &[u8]) -> bool {
    bytes(key, offset, found.len()) == found
}

fn word(key: u64, block: u64) -> [u8; 8] {
    mix(key ^ block.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_agrees_with_the_whole() {
        let whole = bytes(7, 0, 100);
        for (from, to) in [(0, 100), (3, 9), (8, 16), (99, 100), (50, 50)] {
            assert_eq!(bytes(7, from as u64, to - from), whole[from..to]);
        }
        assert!(!matches(7, 1, &whole[..20]));
        assert!(!matches(8, 0, &whole[..20]));
    }
}
