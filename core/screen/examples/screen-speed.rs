//! Measures the terminal model: MB/s for kinds of output, memory of scrollback, snapshot and replay.
//!
//!     cargo run --release -p abide-screen --example screen-speed [RECORDING...]
//!
//! Recordings are files of terminal output, as `script -qc vim FILE` makes them. Not a test: the
//! figures are for people.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io;

use abide_screen::{Screen, Size};

/// Pieces as a terminal gives them.
const CHUNK: usize = 4096;
const STREAM: usize = 32 << 20;
const ROUNDS: usize = 5;
const SIZE: Size = Size { rows: 24, cols: 80 };
const SCROLLBACK: usize = 10_000;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    // First, while no memory is free from other work.
    memory(&mut out)?;
    for (name, pattern) in patterns() {
        measure(&mut out, name, &pattern.into_bytes())?;
    }
    for path in std::env::args().skip(1) {
        let recording = std::fs::read(&path)?;
        measure(&mut out, &path, &recording)?;
    }
    copies(&mut out)
}

fn patterns() -> [(&'static str, String); 7] {
    let words = "the quick brown fox jumps over the lazy dog and runs away from it ";
    let mut plain = String::new();
    let mut listing = String::new();
    let mut truecolour = String::new();
    let mut editing = String::new();
    for n in 0..2000_usize {
        let _ = write!(plain, "{n:6} {}\r\n", &words[n % 20..][..40 + n % 5]);
        let _ = write!(
            listing,
            "-rw-r--r-- 1 root root {:6} Nov 23 12:00 \x1b[0m\x1b[01;34mdir{n}\x1b[0m  \x1b[01;32mrun-{n}.sh\x1b[0m\r\n",
            n * 37
        );
        let (r, g, b) = (n % 256, (n * 7) % 256, (n * 13) % 256);
        let _ = write!(truecolour, "\x1b[38;2;{r};{g};{b}m\x1b[48;2;{b};{r};{g}m▀");
        let (row, col) = (n % 24 + 1, n % 70 + 1);
        let _ = write!(
            editing,
            "\x1b[{row};{col}Hedit{n}\x1b[K\x1b[{row};1H\x1b[L\x1b[3@ab\x1b[2P\x1b[M"
        );
    }
    let cjk = "日本語のテキストは幅が広い。中文字符也是一樣的 한국어도 마찬가지다\r\n".repeat(300);
    let marks = "Ünïcödé: e\u{301}o\u{308}a\u{30a} 👩\u{200d}👧 🎉 naïve café Ελληνικά Русский\r\n"
        .repeat(300);
    let wide_lines = format!("{}\r\n", words.repeat(7)).repeat(100);
    [
        ("plain text", plain),
        ("plain text, long lines", wide_lines),
        ("ls --color", listing),
        ("24-bit colour", truecolour),
        ("cursor, insert, delete", editing),
        ("CJK", cjk),
        ("marks, emoji, Greek, Cyrillic", marks),
    ]
}

fn measure(out: &mut impl io::Write, name: &str, pattern: &[u8]) -> io::Result<()> {
    let times = (STREAM / pattern.len().max(1)).max(1);
    let stream = pattern.repeat(times);
    let before = cpu_seconds();
    for _ in 0..ROUNDS {
        let mut screen = Screen::new(SIZE, SCROLLBACK);
        stream.chunks(CHUNK).for_each(|chunk| screen.feed(chunk));
        black_box(&screen);
    }
    let used = (cpu_seconds() - before).max(0.01) / ROUNDS as f64;
    writeln!(out, "{name:32} {:7.0} MB/s", stream.len() as f64 / 1e6 / used)
}

fn memory(out: &mut impl io::Write) -> io::Result<()> {
    let plain = |n: usize| format!("{n:06} {}\r\n", "x".repeat(73));
    let coloured =
        |n: usize| format!("\x1b[01;34m{n:06}\x1b[0m {}\x1b[32mok\x1b[m\r\n", "y".repeat(71));
    let cjk = |_| format!("{}\r\n", "漢".repeat(40));
    for (name, line) in
        [("plain", &plain as &dyn Fn(usize) -> String), ("coloured", &coloured), ("CJK", &cjk)]
    {
        let before = resident();
        let mut screen = Screen::new(SIZE, SCROLLBACK);
        (0..SCROLLBACK + 100).for_each(|n| screen.feed(line(n).as_bytes()));
        let grown = resident().saturating_sub(before);
        let (lines, bytes) = (screen.scrollback_len(), screen.scrollback_bytes());
        writeln!(out, "{lines} lines, {name}: {bytes} bytes kept, {grown} KiB resident")?;
        black_box(&screen);
    }
    Ok(())
}

fn copies(out: &mut impl io::Write) -> io::Result<()> {
    let mut screen = Screen::new(SIZE, SCROLLBACK);
    (0..SCROLLBACK + 100).for_each(|n| screen.feed(format!("line {n} of the text\r\n").as_bytes()));
    let rounds = 1000;
    let copying = seconds(|| (0..rounds).for_each(|_| drop(black_box(screen.clone()))));
    writeln!(out, "snapshot of 10,000 lines: {:.2} us", copying * 1e6 / f64::from(rounds))?;
    let replaying = seconds(|| drop(black_box(screen.replay())));
    writeln!(out, "replay of 10,000 lines: {:.2} ms", replaying * 1e3)?;
    let wrapping = seconds(|| screen.resize(Size { rows: 24, cols: 100 }));
    writeln!(out, "resize with 10,000 lines: {:.2} ms", wrapping * 1e3)
}

/// CPU time of this process, so that a busy machine disturbs less. In steps of 10 ms.
fn cpu_seconds() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses: user and system time are numbers 12 and 13.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_SECOND
}

#[expect(clippy::disallowed_methods, reason = "CPU work is measured, no time asleep is in it")]
fn seconds(work: impl FnOnce()) -> f64 {
    let before = std::time::Instant::now();
    work();
    before.elapsed().as_secs_f64()
}

/// Resident memory of this process, KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
