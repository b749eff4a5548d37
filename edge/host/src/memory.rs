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
const KEPT_FREE: i32 = 4 * 1024 * 1024;
/// Blocks from this size on are mapped and unmapped one by one. Above what carriers read at once:
/// every page of a new mapping costs a fault.
#[cfg(target_env = "gnu")]
const MAPPED_FROM: i32 = 1024 * 1024;
/// Bytes passed on after which it is worth while to look for free pages.
const TRIM_AFTER: u64 = 1024 * 1024;
/// How long nothing may have passed before that.
const QUIET: Duration = Duration::from_secs(1);
/// How long a start lasts: handshakes on slow paths are part of it.
const STARTING: Duration = Duration::from_secs(4);

/// Sets the heap up for a process that is idle most of its time: one arena. Call first thing.
pub fn set_up() {
    set_arena_max(1);
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes two numbers and sets a limit under the heap's own lock.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_FREE);
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
    };
}

/// Lets go of the program's own code and constants: an idle process holds mostly what ran once.
/// What runs again comes back from the page cache, sixteen pages with each fault.
pub fn release_code() {
    // SAFETY: the callback is called during the call alone and reads nothing of ours.
    unsafe { libc::dl_iterate_phdr(Some(release_program), std::ptr::null_mut()) };
}

/// Stops after the first object, which is the program itself (`dl_iterate_phdr(3)`).
extern "C" fn release_program(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    _data: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: the loader hands out a valid description for the time of this call.
    let info = unsafe { &*info };
    // SAFETY: `dlpi_phnum` headers stand at `dlpi_phdr` as long as the program is loaded.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let page = rustix::param::page_size();
    for header in headers {
        // Never what was written to, as relocated constants were: they stand in writable segments.
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
            continue;
        }
        let start = (info.dlpi_addr as usize + header.p_vaddr as usize).next_multiple_of(page);
        let end = info.dlpi_addr as usize + header.p_vaddr as usize + header.p_memsz as usize;
        let length = (end / page * page).saturating_sub(start);
        if length > 0 {
            // SAFETY: whole pages of a read-only mapping of a file: their contents come back from
            // it when they are touched.
            let _ = unsafe {
                rustix::mm::madvise(
                    std::ptr::without_provenance_mut(start),
                    length,
                    rustix::mm::Advice::LinuxDontNeed,
                )
            };
        }
    }
    1
}

/// Makes the process small again once it has started, and once what passed through it is gone.
#[derive(Debug)]
pub struct Heap {
    passed: u64,
    last: Moment,
}

impl Heap {
    /// Of a process that starts now.
    pub fn new(now: Moment) -> Self {
        Heap { passed: TRIM_AFTER, last: now + STARTING }
    }

    /// Bytes were passed on.
    pub fn handle_passed(&mut self, now: Moment, bytes: usize) {
        self.passed += bytes as u64;
        self.last = self.last.max(now);
    }

    /// When [`Heap::settle`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Moment> {
        (self.passed >= TRIM_AFTER).then(|| self.last + QUIET)
    }

    /// Gives memory back when much was passed on, and nothing for a while; true if it did.
    pub fn settle(&mut self, now: Moment) -> bool {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return false;
        }
        self.passed = 0;
        trim();
        release_code();
        true
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
        use super::{Heap, Moment, QUIET, STARTING, set_up};
        set_up();
        let start = Moment::ZERO;
        let mut heap = Heap::new(start);
        // Blocks below the mmap threshold stay in the heap; the last one keeps its top in use.
        let mut blocks: Vec<Vec<u8>> = (0..1024).map(|_| vec![1; 64 * 1024]).collect();
        let keep = blocks.pop();
        drop(blocks);
        let before = resident_pages();
        let now = start + STARTING + QUIET;
        heap.handle_passed(now, 64 << 20);
        assert!(!heap.settle(now), "it may go on");
        assert_eq!(heap.poll_timeout(), Some(now + QUIET));
        assert!(heap.settle(now + QUIET));
        assert!(!heap.settle(now + QUIET), "once");
        assert_eq!(heap.poll_timeout(), None);
        assert!(resident_pages() + 4096 < before, "{before} pages before");
        drop(keep);
    }

    #[cfg(target_env = "gnu")]
    #[test]
    fn released_code_still_runs() {
        let mut file = String::new();
        let file_pages = |text: &mut String| {
            *text = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = text.lines().find(|line| line.starts_with("RssFile")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()
        };
        let before = file_pages(&mut file);
        super::release_code();
        assert!(file_pages(&mut file) < before, "{before} kB of files before");
    }
}
