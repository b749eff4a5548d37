//! Giving memory back to the system, so that an idle keeper stays small. Not an allocator.
#![allow(unsafe_code)]

use std::time::Duration;

use abide_terms::Moment;

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
/// them again with every turn. [`Heap`] gives them back when it is over.
#[cfg(target_env = "gnu")]
const KEPT_FREE: i32 = 512 * 1024;
/// Bytes passed on after which it is worth while to look for free pages.
const TRIM_AFTER: u64 = 1024 * 1024;
/// How long nothing may have passed before that.
const QUIET: Duration = Duration::from_secs(1);

/// Sets the heap up for a process that is idle most of its time: one arena. Call first thing.
pub fn set_up() {
    set_arena_max(1);
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes two numbers and sets a limit under the heap's own lock.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_FREE)
    };
}

/// Makes the heap small again once what passed through a process is gone.
#[derive(Debug, Default)]
pub struct Heap {
    passed: u64,
    last: Option<Moment>,
}

impl Heap {
    /// Bytes were passed on.
    pub fn handle_passed(&mut self, now: Moment, bytes: usize) {
        self.passed += bytes as u64;
        self.last = Some(now);
    }

    /// Call now and then: gives free pages back when much was passed on, and nothing for a while.
    pub fn settle(&mut self, now: Moment) -> bool {
        if self.passed < TRIM_AFTER || self.last.is_some_and(|last| now < last + QUIET) {
            return false;
        }
        self.passed = 0;
        trim()
    }
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
        use super::{Heap, Moment, QUIET, set_up};
        set_up();
        let mut heap = Heap::default();
        // Blocks below the mmap threshold stay in the heap; the last one keeps its top in use.
        let mut blocks: Vec<Vec<u8>> = (0..1024).map(|_| vec![1; 64 * 1024]).collect();
        let keep = blocks.pop();
        drop(blocks);
        let before = resident_pages();
        let now = Moment::ZERO + QUIET;
        heap.handle_passed(now, 64 << 20);
        assert!(!heap.settle(now), "it may go on");
        assert!(heap.settle(now + QUIET));
        assert!(!heap.settle(now + QUIET), "once");
        assert!(resident_pages() + 4096 < before, "{before} pages before");
        drop(keep);
    }
}
