//! Whatever is printed, typed and delayed: nothing of a prediction stays.

use std::time::Duration;

use abide_screen::{Screen, Size};
use abide_terms::Moment;
use proptest::prelude::*;

use super::world::MS;
use crate::{Overlay, Predictor, Tty, Wish};

/// Something that happens to a client.
#[derive(Clone, Debug)]
enum Event {
    Output(Vec<u8>),
    Typed(Vec<u8>),
    /// So many bytes are acknowledged.
    Acked(usize),
    Passes(u64),
    Reading(bool, bool),
    Resized(u16, u16),
    Rtt(u64),
}

/// What shells, editors and pagers print, and what nobody does.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        5 => "[a-z $#:]{1,4}".prop_map(String::into_bytes),
        2 => Just(b"\r\n".to_vec()),
        2 => Just(b"user@host:~$ ".to_vec()),
        1 => Just("\u{4f60}\u{597d}e\u{301}".as_bytes().to_vec()),
        2 => (1..15u16, 1..45u16).prop_map(|(row, col)| format!("\x1b[{row};{col}H").into_bytes()),
        1 => (0..3u8).prop_map(|which| format!("\x1b[{which}K").into_bytes()),
        1 => Just(b"\x08 \x08".to_vec()),
        1 => Just(b"\x1b[2J\x1b[H".to_vec()),
        1 => (30..48u8).prop_map(|colour| format!("\x1b[{colour}m").into_bytes()),
        1 => any::<bool>().prop_map(|on| format!("\x1b[?1049{}", if on { 'h' } else { 'l' }).into_bytes()),
        1 => any::<bool>().prop_map(|on| format!("\x1b[4{}", if on { 'h' } else { 'l' }).into_bytes()),
        1 => any::<bool>().prop_map(|on| format!("\x1b[?7{}", if on { 'h' } else { 'l' }).into_bytes()),
        1 => Just(b"\x1b[3;8r".to_vec()),
        1 => Just(b"\x1b[?1049h\x1b[2;1H~\x1b[3;1H~\x1b[10;1H-- INSERT --\x1b[1;1H".to_vec()),
        1 => Just(b"\x1b[?1049h\x1b[H\x1b[2J GNU nano\x1b[3;1H".to_vec()),
        1 => Just(b"\x1b7\x1b[32Gat right\x1b8".to_vec()),
        1 => Just(b"\x1b[90mrest\x1b[m\x08\x08\x08\x08".to_vec()),
        1 => Just(b"\x1b[?6h".to_vec()),
        1 => Just(b"\x1b[3@\x1b[2P\x1b[2L\x1b[1M".to_vec()),
        1 => Just(b"\x1b(0lqqk\x1b(B".to_vec()),
        1 => Just(b"\x1b[3b".to_vec()),
        1 => Just(b"\x1b7\x1b[5;5Hx\x1b8".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..6),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

fn typed() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => "[a-z ]".prop_map(String::into_bytes),
        1 => "[a-zé漢]{1,6}".prop_map(String::into_bytes),
        2 => Just(vec![0x7f]),
        1 => Just(b"\x1b[D".to_vec()),
        1 => Just(b"\x1bOC".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just(b"\x1b".to_vec()),
        1 => Just(b"\t".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..5),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => output().prop_map(Event::Output),
        6 => typed().prop_map(Event::Typed),
        4 => (1..4usize).prop_map(Event::Acked),
        2 => (1..300u64).prop_map(Event::Passes),
        1 => any::<(bool, bool)>().prop_map(|(echo, lines)| Event::Reading(echo, lines)),
        1 => (2..14u16, 3..44u16).prop_map(|(rows, cols)| Event::Resized(rows, cols)),
        1 => (0..400u64).prop_map(Event::Rtt),
    ]
}

struct Client {
    now: Moment,
    predictor: Predictor,
    overlay: Overlay,
    screen: Screen,
    terminal: Screen,
    unacknowledged: Vec<u8>,
    shown: usize,
}

impl Client {
    fn new(wish: Wish) -> Self {
        let size = Size { rows: 10, cols: 40 };
        Client {
            now: Moment::ZERO + MS * 1000,
            predictor: Predictor::new(wish),
            overlay: Overlay::default(),
            screen: Screen::new(size, 50),
            terminal: Screen::new(size, 50),
            unacknowledged: Vec::new(),
            shown: 0,
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Output(bytes) => {
                self.lift();
                self.screen.feed(&bytes);
                self.terminal.feed(&bytes);
                self.predictor.handle_output(self.now, &self.screen);
            }
            Event::Typed(bytes) => {
                self.predictor.handle_typed(self.now, &bytes, &self.screen);
                self.unacknowledged.extend(&bytes);
            }
            Event::Acked(count) => {
                let count = count.min(self.unacknowledged.len());
                self.unacknowledged.drain(..count);
                self.tell_unacknowledged();
            }
            Event::Passes(time) => self.passes(MS * time as u32),
            Event::Reading(echo, canonical) => {
                self.predictor.handle_tty(Tty { echo, canonical });
            }
            Event::Resized(rows, cols) => {
                self.lift();
                let size = Size { rows, cols };
                self.screen.resize(size);
                self.terminal.resize(size);
                self.predictor.forget(&self.screen);
            }
            Event::Rtt(rtt) => {
                self.predictor.handle_rtt(MS * rtt as u32);
                if self.predictor.poll_timeout().is_some_and(|at| at <= self.now) {
                    self.predictor.handle_timeout(self.now, &self.screen);
                }
            }
        }
        let bytes = self.overlay.show(self.now, &self.predictor, &self.screen);
        self.terminal.feed(&bytes);
        self.shown += usize::from(self.overlay.is_shown());
    }

    fn tell_unacknowledged(&mut self) {
        let count = self.unacknowledged.len();
        self.predictor.handle_unacknowledged(self.now, count, &self.screen);
    }

    fn passes(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.predictor.poll_timeout().filter(|at| *at <= until) {
            assert!(at > self.now || self.now == Moment::ZERO, "timers go forward");
            self.now = at;
            self.predictor.handle_timeout(self.now, &self.screen);
        }
        self.now = until;
    }

    fn lift(&mut self) {
        let bytes = self.overlay.lift(&self.screen);
        self.terminal.feed(&bytes);
        assert_eq!(self.terminal.lines(), self.screen.lines());
        assert_eq!(self.terminal.cursor(), self.screen.cursor());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_a_prediction_stays(
        events in prop::collection::vec(event(), 1..60),
        more in output(),
    ) {
        let mut client = Client::new(Wish::Always);
        for event in events {
            client.happens(event);
        }
        client.unacknowledged.clear();
        client.tell_unacknowledged();
        client.passes(MS * 10_000);
        client.happens(Event::Passes(1));
        prop_assert!(!client.overlay.is_shown(), "all is decided once everything is known");
        client.lift();
        // What comes later finds pen, margins and modes as they were.
        client.happens(Event::Output(more));
        client.lift();
    }
}

#[test]
fn the_property_really_shows_predictions() {
    let mut client = Client::new(Wish::Always);
    let echo = |client: &mut Client, key: &[u8]| {
        client.happens(Event::Typed(key.to_vec()));
        client.happens(Event::Acked(1));
        client.happens(Event::Output(key.to_vec()));
    };
    echo(&mut client, b"a");
    client.happens(Event::Typed(b"b".to_vec()));
    assert!(client.shown > 0);
}

/// Rows count from the top of the region then: nothing can be drawn above it and taken off again.
#[test]
fn nothing_is_drawn_while_the_cursor_is_kept_in_a_region() {
    let mut client = Client::new(Wish::Always);
    client.happens(Event::Typed(b" ".to_vec()));
    client.happens(Event::Resized(4, 12));
    client.happens(Event::Acked(1));
    let editor = "\x1b[?1049h\x1b[2;1H~\x1b[3;1H~\x1b[10;1H-- INSERT --\x1b[1;1H";
    client.happens(Event::Output(editor.into()));
    client.happens(Event::Passes(40));
    client.happens(Event::Typed("ten signs!".into()));
    assert!(client.overlay.is_shown());
    client.happens(Event::Output(b"\x1b[3;8r\x1b[?6h".to_vec()));
    assert!(!client.overlay.is_shown());
    client.lift();
}
