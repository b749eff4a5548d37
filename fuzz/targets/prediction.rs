//! Arbitrary output and keys through model, prediction and overlay: no panic, bounded memory, and
//! when everything is known the terminal shows what it would without predictions.
#![no_main]

use std::time::Duration;

use abide_prediction::{Overlay, Predictor, Tty, Wish};
use abide_screen::{Screen, Size};
use abide_terms::Moment;
use libfuzzer_sys::fuzz_target;

struct Client {
    now: Moment,
    predictor: Predictor,
    overlay: Overlay,
    screen: Screen,
    terminal: Screen,
    unacknowledged: usize,
}

impl Client {
    fn new(size: Size) -> Self {
        Client {
            now: Moment::ZERO + Duration::from_secs(1),
            predictor: Predictor::new(Wish::Always),
            overlay: Overlay::default(),
            screen: Screen::new(size, 50),
            terminal: Screen::new(size, 50),
            unacknowledged: 0,
        }
    }

    fn output(&mut self, bytes: &[u8]) {
        self.lift();
        self.screen.feed(bytes);
        self.terminal.feed(bytes);
        self.predictor.handle_output(self.now, &self.screen);
    }

    fn typed(&mut self, bytes: &[u8]) {
        self.predictor.handle_typed(self.now, bytes, &self.screen);
        self.unacknowledged += bytes.len();
    }

    fn acked(&mut self, count: usize) {
        self.unacknowledged = self.unacknowledged.saturating_sub(count);
        self.predictor.handle_unacknowledged(self.now, self.unacknowledged, &self.screen);
    }

    fn passes(&mut self, millis: u64) {
        let until = self.now + Duration::from_millis(millis);
        while let Some(at) = self.predictor.poll_timeout().filter(|at| *at <= until) {
            assert!(at > self.now, "timers go forward");
            self.now = at;
            self.predictor.handle_timeout(self.now, &self.screen);
        }
        self.now = until;
    }

    fn round_trip(&mut self, millis: u64) {
        self.predictor.handle_rtt(Duration::from_millis(millis));
        if self.predictor.poll_timeout().is_some_and(|at| at <= self.now) {
            self.predictor.handle_timeout(self.now, &self.screen);
        }
    }

    fn lift(&mut self) {
        let bytes = self.overlay.lift(&self.screen);
        self.terminal.feed(&bytes);
        assert_eq!(self.terminal.lines(), self.screen.lines());
        assert_eq!(self.terminal.cursor(), self.screen.cursor());
    }

    fn show(&mut self) {
        let bytes = self.overlay.show(self.now, &self.predictor, &self.screen);
        self.terminal.feed(&bytes);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((size, mut rest)) = data.split_first_chunk::<2>() else { return };
    let size = Size { rows: 2 + u16::from(size[0] % 12), cols: 2 + u16::from(size[1] % 50) };
    let mut client = Client::new(size);
    while let Some((&step, after)) = rest.split_first() {
        let length = usize::from(step >> 3).min(after.len());
        let (piece, after) = after.split_at(length);
        rest = after;
        match step & 7 {
            0 | 1 => client.output(piece),
            2 | 3 => client.typed(piece),
            // What was typed, echoed.
            4 => {
                client.typed(piece);
                client.show();
                client.acked(usize::MAX);
                client.output(piece);
            }
            5 => client.acked(length),
            6 => client.passes(length as u64 * 10),
            _ if length & 4 != 0 => client.round_trip(length as u64 * 40),
            _ => client.predictor.handle_tty(Tty { echo: length & 1 != 0, canonical: length & 2 != 0 }),
        }
        client.show();
    }
    client.acked(usize::MAX);
    client.passes(10_000);
    client.show();
    assert!(!client.overlay.is_shown(), "all is decided once everything is known");
    client.lift();
});
