//! Random bytes from the kernel, fit for keys. Not a generator with a seed.

use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

/// Fills `buffer` with bytes fit for keys. Waits, early in boot only, until the kernel has
/// gathered enough.
///
/// # Panics
/// When the kernel has no getrandom (before Linux 3.17): going on without would mean guessable
/// keys.
pub fn fill(buffer: &mut [u8]) {
    let mut filled = 0;
    while filled < buffer.len() {
        match getrandom(&mut buffer[filled..], GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => panic!("the kernel gives no random bytes: {error}"),
        }
    }
}

/// `N` random bytes; see [`fill`].
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_long_buffer_is_filled() {
        let mut buffer = vec![0; 100_000];
        fill(&mut buffer);
        assert!(buffer.chunks(32).all(|part| part.iter().any(|byte| *byte != 0)));
    }

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes::<32>(), bytes::<32>());
    }
}
