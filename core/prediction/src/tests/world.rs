//! A person, a network and a program in virtual time: keys go out, output comes back later, and the
//! person's terminal is a model fed with exactly what a client would write to it.

use std::collections::VecDeque;
use std::time::Duration;

use abide_screen::{Screen, Size};
use abide_terms::Moment;

use crate::{Overlay, Predictor, Tty, Wish};

pub(super) const MS: Duration = Duration::from_millis(1);
const SIZE: Size = Size { rows: 12, cols: 40 };

/// What a program does for a key.
pub(super) trait Program {
    fn key(&mut self, bytes: &[u8]) -> Vec<Reaction>;
}

/// Output some time after a key came, and how the terminal takes input from then on.
pub(super) struct Reaction {
    pub(super) after: Duration,
    pub(super) output: Vec<u8>,
    pub(super) tty: Option<Tty>,
}

pub(super) fn says(output: impl Into<Vec<u8>>) -> Reaction {
    Reaction { after: MS, output: output.into(), tty: None }
}

enum Event {
    ToServer(Vec<u8>),
    ToClient(Vec<u8>),
    Tty(Tty),
    Acked(usize),
}

/// All of it.
pub(super) struct World<P> {
    pub(super) now: Moment,
    one_way: Duration,
    program: P,
    events: VecDeque<(Moment, Event)>,
    unacknowledged: usize,
    pub(super) ack_after: Duration,
    pub(super) predictor: Predictor,
    overlay: Overlay,
    /// Without predictions, and as the person sees it.
    pub(super) screen: Screen,
    pub(super) terminal: Screen,
    /// Every text that was ever on the terminal, row by row.
    pub(super) frames: Vec<Vec<String>>,
}

impl<P: Program> World<P> {
    pub(super) fn new(rtt: Duration, program: P, start: &[u8]) -> Self {
        Self::sized(rtt, program, start, SIZE)
    }

    pub(super) fn sized(rtt: Duration, program: P, start: &[u8], size: Size) -> Self {
        let mut predictor = Predictor::new(Wish::Adaptive);
        predictor.handle_rtt(rtt);
        let mut world = World {
            now: Moment::ZERO + MS * 1000,
            one_way: rtt / 2,
            program,
            events: VecDeque::new(),
            unacknowledged: 0,
            ack_after: MS * 10,
            predictor,
            overlay: Overlay::default(),
            screen: Screen::new(size, 100),
            terminal: Screen::new(size, 100),
            frames: Vec::new(),
        };
        world.output(start);
        world
    }

    pub(super) fn tty(&mut self, tty: Tty) {
        self.predictor.handle_tty(tty);
    }

    /// Types, and lets time pass until the next key.
    pub(super) fn types(&mut self, bytes: &[u8], pause: Duration) {
        self.predictor.handle_typed(self.now, bytes, &self.screen);
        self.unacknowledged += bytes.len();
        self.at(self.now + self.one_way, Event::ToServer(bytes.to_vec()));
        self.show();
        self.runs(pause);
    }

    /// Types a text, a key at a time; gives for each whether it was seen at once where it was to be.
    pub(super) fn types_text(&mut self, text: &str, pause: Duration) -> Vec<bool> {
        let mut seen = Vec::new();
        for ch in text.chars() {
            let before = self.terminal.cursor();
            let mut bytes = [0; 4];
            self.types(ch.encode_utf8(&mut bytes).as_bytes(), Duration::ZERO);
            let glyph = self.terminal.glyph(before.row, before.col).map(|glyph| glyph.ch);
            seen.push(glyph == Some(ch) && self.terminal.cursor() != before);
            self.runs(pause);
        }
        seen
    }

    pub(super) fn runs(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let event = self.events.front().map(|(at, _)| *at);
            let timer = self.predictor.poll_timeout();
            let Some(next) = event.into_iter().chain(timer).min().filter(|at| *at <= until) else {
                break;
            };
            self.now = self.now.max(next);
            if event.is_some_and(|at| at <= self.now) {
                if let Some((_, event)) = self.events.pop_front() {
                    self.happens(event);
                }
            } else {
                self.predictor.handle_timeout(self.now, &self.screen);
            }
            self.show();
        }
        self.now = until;
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::ToServer(bytes) => {
                for reaction in self.program.key(&bytes) {
                    let at = self.now + reaction.after + self.one_way;
                    if let Some(tty) = reaction.tty {
                        self.at(at, Event::Tty(tty));
                    }
                    self.at(at, Event::ToClient(reaction.output));
                }
                // A keeper acknowledges a little later than programs answer, as a rule.
                self.at(self.now + self.one_way + self.ack_after, Event::Acked(bytes.len()));
            }
            Event::ToClient(bytes) => self.output(&bytes),
            Event::Tty(tty) => self.predictor.handle_tty(tty),
            Event::Acked(bytes) => {
                self.unacknowledged -= bytes;
                self.predictor.handle_unacknowledged(self.now, self.unacknowledged, &self.screen);
            }
        }
    }

    fn output(&mut self, bytes: &[u8]) {
        let lift = self.overlay.lift(&self.screen);
        self.terminal.feed(&lift);
        assert_eq!(self.terminal.lines(), self.screen.lines(), "lifted without a trace");
        assert_eq!(self.terminal.cursor(), self.screen.cursor(), "lifted without a trace");
        self.screen.feed(bytes);
        self.terminal.feed(bytes);
        self.predictor.handle_output(self.now, &self.screen);
        self.show();
    }

    fn show(&mut self) {
        let bytes = self.overlay.show(self.now, &self.predictor, &self.screen);
        self.terminal.feed(&bytes);
        let frame = self.terminal.lines();
        if self.frames.last() != Some(&frame) {
            self.frames.push(frame);
        }
    }

    fn at(&mut self, at: Moment, event: Event) {
        let place = self.events.iter().position(|(other, _)| *other > at);
        self.events.insert(place.unwrap_or(self.events.len()), (at, event));
    }

    /// Everything has come and was judged: the terminal shows what it would without predictions.
    pub(super) fn comes_to_rest(&mut self) {
        self.runs(MS * 5000);
        assert_eq!(self.terminal.lines(), self.screen.lines());
        assert_eq!(self.terminal.cursor(), self.screen.cursor());
        assert!(self.predictor.poll_timeout().is_none(), "nothing is waited for");
    }

    pub(super) fn was_ever_shown(&self, text: &str) -> bool {
        self.frames.iter().flatten().any(|row| row.contains(text))
    }
}
