//! What the kernel tells of processes: who they are, memory, wake-ups, processor time.

use std::fs;
use std::time::Duration;

use super::Trouble;

/// Memory of one process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Its own pages, and its share of the shared ones.
    pub(crate) pss: u64,
    /// Pages that are its alone.
    pub(crate) private: u64,
}

impl std::ops::Add for Memory {
    type Output = Memory;
    fn add(self, other: Memory) -> Memory {
        Memory { pss: self.pss + other.pss, private: self.private + other.private }
    }
}

pub(crate) fn memory(pid: u32) -> Result<Memory, Trouble> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let field = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kilobytes.and_then(|number| number.parse().ok()).unwrap_or_default()
    };
    let private = field("Private_Clean") + field("Private_Dirty");
    Ok(Memory { pss: field("Pss") * 1024, private: private * 1024 })
}

/// What a process has done so far, all threads together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// How often it went to sleep by itself, which is how often it was woken.
    pub(crate) wakes: u64,
    /// Time on a processor.
    pub(crate) cpu: Duration,
}

impl Work {
    /// What was done after `earlier` was read.
    pub(crate) fn since(self, earlier: Work) -> Work {
        let wakes = self.wakes.saturating_sub(earlier.wakes);
        Work { wakes, cpu: self.cpu.saturating_sub(earlier.cpu) }
    }
}

impl std::ops::Add for Work {
    type Output = Work;
    fn add(self, other: Work) -> Work {
        Work { wakes: self.wakes + other.wakes, cpu: self.cpu + other.cpu }
    }
}

pub(crate) fn work(pid: u32) -> Result<Work, Trouble> {
    let mut work = Work::default();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = task?.path();
        let status = fs::read_to_string(path.join("status"))?;
        let wakes = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        work.wakes += wakes.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0);
        let spent = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        let spent = spent.split(' ').next().and_then(|number| number.parse().ok());
        work.cpu += Duration::from_nanos(spent.unwrap_or(0));
    }
    Ok(work)
}

/// Time on a processor, with that of children which it has waited for; zero when it is gone.
/// Counted in ticks of 10 ms.
pub(crate) fn cpu_with_children(pid: u32) -> Duration {
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name may have blanks; after its bracket come state (field 3), and times as 14 to 17.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let times = rest.split_whitespace().skip(11).take(4);
    TICK * times.filter_map(|ticks| ticks.parse::<u32>().ok()).sum::<u32>()
}

/// The command line of a process; empty when it is gone.
pub(crate) fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned()
}

/// The short name of a process; empty when it is gone.
pub(crate) fn name(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}
