//! What a terminal has shown in all, and whether that is what the far end printed. The bytes go
//! through a terminal model that is not the client's own, so that the line which the client draws
//! over the screen while nothing answers must have been drawn and removed rightly.

use std::num::NonZeroU16;

/// Lines kept above the screen: more than any trial prints.
const SCROLLBACK: usize = 20_000;
const ROWS: NonZeroU16 = NonZeroU16::new(24).expect("not zero");
const COLS: NonZeroU16 = NonZeroU16::new(80).expect("not zero");

/// Everything shown, line by line.
pub(crate) struct Shown {
    lines: Vec<String>,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) in_all: usize,
    pub(crate) lost: usize,
    pub(crate) doubled: usize,
    /// The number at which the first thing went wrong.
    pub(crate) first_wrong: Option<usize>,
}

impl Count {
    /// Compares numbers in order of their appearance with `first..=last`, each once and in order;
    /// one that comes too late counts as doubled.
    pub(crate) fn of(seen: impl IntoIterator<Item = usize>, last: usize) -> Count {
        let mut count = Count { in_all: last, ..Count::default() };
        let mut next = 1;
        for number in seen {
            if number < next || number > last {
                count.doubled += 1;
                count.first_wrong.get_or_insert(number);
            } else {
                count.lose(next..number);
                next = number + 1;
            }
        }
        count.lose(next..last + 1);
        count
    }

    fn lose(&mut self, missing: std::ops::Range<usize>) {
        self.lost += missing.len();
        if !missing.is_empty() {
            self.first_wrong.get_or_insert(missing.start);
        }
    }

    pub(crate) fn is_exact(self) -> bool {
        self.lost == 0 && self.doubled == 0
    }
}

impl Shown {
    /// What a terminal that was fed these bytes shows, scrollback included.
    pub(crate) fn new(bytes: &[u8]) -> Shown {
        let mut parser = vt100::Parser::new(ROWS, COLS, SCROLLBACK);
        parser.process(bytes);
        let screen = parser.screen_mut();
        let mut lines = Vec::new();
        for above in (1..=screen.scrollback_len()).rev() {
            screen.set_scrollback(above);
            lines.extend(screen.rows(0, COLS.get()).next());
        }
        screen.set_scrollback(0);
        lines.extend(screen.rows(0, COLS.get()));
        Shown { lines }
    }

    /// The numbers of the lines counted aloud, in order.
    pub(crate) fn counted(&self) -> Vec<usize> {
        let number = |line: &String| line.strip_prefix("line ")?.strip_suffix('.')?.parse().ok();
        self.lines.iter().filter_map(number).collect()
    }

    /// The answers: number of the key, and the shell that answered.
    pub(crate) fn answers(&self) -> Vec<(usize, u32)> {
        let answer = |line: &String| {
            let (key, shell) = line.strip_prefix("[key")?.strip_suffix(']')?.split_once(' ')?;
            Some((key.parse().ok()?, shell.parse().ok()?))
        };
        self.lines.iter().filter_map(answer).collect()
    }

    /// Lines between the far end's first and the end that the far end did not print.
    pub(crate) fn strangers(&self) -> Vec<String> {
        let known = |line: &&String| {
            ["line ", "[key", "ready "].iter().any(|start| line.starts_with(start))
        };
        let began = self.lines.iter().position(|line| line.starts_with("ready "));
        let after = self.lines.iter().skip(began.unwrap_or(0));
        after.filter(|line| !line.is_empty()).filter(|line| !known(line)).cloned().collect()
    }
}

#[test]
fn counting_finds_what_is_wrong() {
    let count = |seen: &[usize]| {
        let Count { lost, doubled, .. } = Count::of(seen.iter().copied(), 5);
        (lost, doubled)
    };
    assert_eq!(count(&[1, 2, 3, 4, 5]), (0, 0));
    assert_eq!(count(&[1, 2, 4, 5]), (1, 0));
    assert_eq!(count(&[1, 2, 3]), (2, 0));
    assert_eq!(count(&[1, 2, 2, 3, 4, 5]), (0, 1));
    assert_eq!(count(&[1, 3, 2, 4, 5]), (1, 1), "out of order");
    assert_eq!(count(&[]), (5, 0));
    assert_eq!(count(&[1, 2, 3, 4, 5, 6]), (0, 1), "never printed");
}

#[test]
fn what_is_drawn_over_the_screen_and_removed_leaves_no_trace() {
    let mut bytes: Vec<u8> = b"$ exec bash\r\nready 7.\r\n".to_vec();
    (1..=60).for_each(|number| bytes.extend(format!("line {number}.\r\n").bytes()));
    let clean = Shown::new(&bytes);
    assert_eq!(clean.counted(), (1..=60).collect::<Vec<_>>());
    bytes.extend(b"\x1b[24;1H\x1b[7m abide: no answer\x1b[0m\x1b[K");
    assert_eq!(Shown::new(&bytes).strangers(), [" abide: no answer"]);
    bytes.extend(b"\x1b[24;1H\x1b[K\x1b[24;1H[key1 7]\r\n");
    assert_eq!(Shown::new(&bytes).strangers(), [""; 0]);
    assert_eq!(Shown::new(&bytes).answers(), [(1, 7)]);
}
