//! The same keys and answers with a round trip between them, in virtual time: what a person sees.

use std::collections::BTreeMap;
use std::time::Duration;

use abide_prediction::{Overlay, Predictor, Tty, Wish};
use abide_screen::{Screen, Size};
use abide_terms::Moment;

use super::recorded::{COLS, ROWS, Recorded};

const SIZE: Size = Size { rows: ROWS, cols: COLS };
/// A keeper acknowledges this much later than it hands a key to the program.
const ACK_AFTER: Duration = Duration::from_millis(10);

/// A program that runs answers a key within this.
const PROMPT: Duration = Duration::from_millis(4);

enum Event {
    Typed(usize),
    Output(Vec<u8>),
    Tty(Tty),
    Acked(usize),
}

/// One key, as it looked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) bytes: Vec<u8>,
    /// It changed the row of the cursor just as a local echo would: one character, one place.
    pub(crate) echoes: bool,
    /// The row and the cursor were at once as they ended; where shells suggest the rest of a line, the
    /// row up to the cursor.
    pub(crate) at_once: bool,
}

pub(crate) struct Replay {
    pub(crate) keys: Vec<Seen>,
    pub(crate) frames: Vec<Vec<String>>,
    pub(crate) wrong_at_end: bool,
    /// After pauses in which the answer came to all that was typed: the key before which that was, what
    /// was shown, and what was right.
    pub(crate) wrong_at_rest: Vec<(String, Vec<String>, Vec<String>)>,
}

/// What the screen is after each key, without a network: where the key was typed, and what it made.
fn ideal(recorded: &[Recorded]) -> Vec<Screen> {
    let mut screen = Screen::new(SIZE, 0);
    let mut after = Vec::new();
    for one in recorded {
        one.output.iter().for_each(|(_, bytes)| screen.feed(bytes));
        after.push(screen.clone());
    }
    after
}

fn row(screen: &Screen) -> String {
    screen.text_before(screen.cursor().row, COLS)
}

/// Whether a key did what an echo does, and no more.
fn echoes(key: &[u8], before: &Screen, after: &Screen) -> bool {
    let (from, to) = (before.cursor(), after.cursor());
    if from.row != to.row {
        return false;
    }
    match key {
        [0x7f] => to.col + 1 == from.col,
        b"\x1b[D" | b"\x1bOD" => to.col + 1 == from.col && row(before) == row(after),
        b"\x1b[C" | b"\x1bOC" => to.col == from.col + 1 && row(before) == row(after),
        [byte, ..] if *byte >= b' ' => {
            let ch = String::from_utf8_lossy(key).chars().next();
            to.col > from.col && after.glyph(from.row, from.col).map(|it| it.ch) == ch
        }
        _ => false,
    }
}

pub(crate) fn replay(recorded: &[Recorded], rtt: Duration, suggests: bool) -> Replay {
    let (mut events, mut count) = (BTreeMap::new(), 0);
    let mut at = |time: Moment, event: Event| {
        count += 1;
        events.insert((time, count), event);
    };
    let (start, one_way) = (Moment::ZERO + Duration::from_secs(1), rtt / 2);
    let mut typed = start;
    for (index, one) in recorded.iter().enumerate() {
        at(typed, Event::Typed(index));
        let there = typed + one_way;
        at(there + ACK_AFTER + one_way, Event::Acked(one.key.bytes.len()));
        // What other work on the machine made of a few microseconds is not replayed.
        let at_most = if one.key.starts_program { Duration::MAX } else { PROMPT };
        for (after, bytes) in &one.output {
            let after = (*after).min(at_most);
            at(there + after + one_way, Event::Output(bytes.clone()));
        }
        let last = one.output.last().map_or(Duration::ZERO, |(after, _)| (*after).min(at_most));
        at(there + last + one_way, Event::Tty(one.tty));
        typed += one.key.pause;
    }
    let ideal = ideal(recorded);
    let mut person = Person { suggests, ..Person::new(start, rtt) };
    for ((time, _), event) in events {
        person.runs_until(time);
        match event {
            Event::Typed(index) => person.types(index, recorded, &ideal),
            Event::Output(bytes) => person.output(&bytes),
            Event::Tty(tty) => person.predictor.handle_tty(tty),
            Event::Acked(count) => {
                person.unacknowledged -= count;
                person.acknowledged();
            }
        }
        person.show();
    }
    person.runs_until(person.now + Duration::from_secs(10));
    let wrong_at_end = person.terminal.lines() != person.screen.lines();
    let Person { keys, frames, wrong_at_rest, .. } = person;
    Replay { keys, frames, wrong_at_end, wrong_at_rest }
}

struct Person {
    now: Moment,
    predictor: Predictor,
    overlay: Overlay,
    screen: Screen,
    terminal: Screen,
    unacknowledged: usize,
    rtt: Duration,
    suggests: bool,
    keys: Vec<Seen>,
    frames: Vec<Vec<String>>,
    wrong_at_rest: Vec<(String, Vec<String>, Vec<String>)>,
}

impl Person {
    fn new(now: Moment, rtt: Duration) -> Self {
        let mut predictor = Predictor::new(Wish::Adaptive);
        predictor.handle_rtt(rtt);
        Person {
            now,
            predictor,
            overlay: Overlay::default(),
            screen: Screen::new(SIZE, 0),
            terminal: Screen::new(SIZE, 0),
            unacknowledged: 0,
            rtt,
            suggests: false,
            keys: Vec::new(),
            frames: Vec::new(),
            wrong_at_rest: Vec::new(),
        }
    }

    /// Before a key: where enough time went by for every answer, all is as it should be.
    fn check(&mut self, index: usize, recorded: &[Recorded], ideal: &[Screen]) {
        let last = &recorded[index - 1];
        let slow = last.key.starts_program;
        if slow || last.key.pause < 2 * self.rtt {
            return;
        }
        let (shown, right) = (self.terminal.lines(), ideal[index - 1].lines());
        if shown != right {
            let key = recorded[index].key.bytes.escape_ascii().to_string();
            self.wrong_at_rest.push((key, shown, right));
        }
    }

    fn types(&mut self, index: usize, recorded: &[Recorded], ideal: &[Screen]) {
        let bytes = recorded[index].key.bytes.clone();
        if bytes.is_empty() {
            return;
        }
        self.check(index, recorded, ideal);
        self.predictor.handle_typed(self.now, &bytes, &self.screen);
        self.unacknowledged += bytes.len();
        self.show();
        let (before, after) = (&ideal[index - 1], &ideal[index]);
        let cursor = after.cursor();
        let typed = |screen: &Screen| screen.text_before(cursor.row, cursor.col);
        let same = match self.suggests {
            true => typed(&self.terminal) == typed(after),
            false => row(&self.terminal) == row(after),
        };
        let at_once = self.terminal.cursor() == cursor && same;
        self.keys.push(Seen { echoes: echoes(&bytes, before, after), at_once, bytes });
    }

    fn output(&mut self, bytes: &[u8]) {
        let lift = self.overlay.lift(&self.screen);
        self.terminal.feed(&lift);
        assert_eq!(self.terminal.lines(), self.screen.lines(), "lifted without a trace");
        self.screen.feed(bytes);
        self.terminal.feed(bytes);
        self.predictor.handle_output(self.now, &self.screen);
    }

    fn acknowledged(&mut self) {
        self.predictor.handle_unacknowledged(self.now, self.unacknowledged, &self.screen);
    }

    fn runs_until(&mut self, time: Moment) {
        while let Some(at) = self.predictor.poll_timeout().filter(|at| *at < time) {
            self.now = at;
            self.predictor.handle_timeout(self.now, &self.screen);
            self.show();
        }
        self.now = time;
    }

    fn show(&mut self) {
        let bytes = self.overlay.show(self.now, &self.predictor, &self.screen);
        self.terminal.feed(&bytes);
        let frame = self.terminal.lines();
        if self.frames.last() != Some(&frame) {
            self.frames.push(frame);
        }
    }
}
