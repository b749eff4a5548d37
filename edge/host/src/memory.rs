//! Giving memory back to the system, so that an idle keeper stays small. Not an allocator.
#![allow(unsafe_code)]

/// Gives free heap pages back to the kernel; true if any went. Does nothing outside glibc.
pub fn trim() -> bool {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: malloc_trim takes no pointers and locks the heap itself.
        unsafe { libc::malloc_trim(0) == 1 }
    }
    #[cfg(not(target_env = "gnu"))]
    false
}

/// Limits the heap to `arenas` arenas; each thread would otherwise start one of its own that
/// never shrinks. Call first thing. False if the C library has no such setting.
pub fn set_arena_max(arenas: u16) -> bool {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: mallopt takes two numbers and sets a limit under the heap's own lock.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, i32::from(arenas)) == 1 }
    }
    #[cfg(not(target_env = "gnu"))]
    {
        let _ = arenas;
        false
    }
}

/// Free bytes that the heap keeps at its end: a transfer would otherwise give pages back and ask for
/// them again with every turn.
const KEPT_FREE: i32 = 512 * 1024;

/// What suits a process that is idle most of its time: one arena, and little of it kept free. Call
/// first thing. False if the C library has no such settings.
pub fn keep_small() -> bool {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: as above.
        set_arena_max(1) && unsafe { libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_FREE) == 1 }
    }
    #[cfg(not(target_env = "gnu"))]
    false
}

#[cfg(test)]
mod tests {
    #[cfg(target_env = "gnu")]
    fn resident_pages() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse().unwrap()
    }

    #[cfg(target_env = "gnu")]
    #[test]
    fn trim_gives_freed_pages_back() {
        use super::{set_arena_max, trim};
        assert!(set_arena_max(1));
        // Blocks below the mmap threshold stay in the heap; the last one keeps its top in use.
        let mut blocks: Vec<Vec<u8>> = (0..1024).map(|_| vec![1; 64 * 1024]).collect();
        let keep = blocks.pop();
        drop(blocks);
        let before = resident_pages();
        assert!(trim());
        assert!(resident_pages() + 4096 < before, "{before} pages before");
        drop(keep);
    }
}
