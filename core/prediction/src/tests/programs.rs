//! One test for each way of programs to take keys.

use std::time::Duration;

use super::world::{MS, Program, Reaction, World, says};
use crate::Tty;

const RAW: Tty = Tty { echo: false, canonical: false };
const SECRET: Tty = Tty { echo: false, canonical: true };
const RTT: Duration = Duration::from_millis(273);
const PACE: Duration = Duration::from_millis(200);

/// Writes back what it gets.
struct Echo;

impl Program for Echo {
    fn key(&mut self, bytes: &[u8]) -> Vec<Reaction> {
        let text = String::from_utf8_lossy(bytes).replace('\r', "\r\n");
        vec![says(text)]
    }
}

#[test]
fn a_program_that_echoes_costs_one_round_trip() {
    let mut world = World::new(RTT, Echo, b"\x1b[H\x1b[2Jlistening\r\n");
    world.tty(RAW);
    let mut seen = Vec::new();
    for line in ["the first line is earned", "the second is not", "nor the third one", "or more"] {
        seen.extend(world.types_text(line, PACE));
        world.types(b"\r", PACE);
    }
    assert!(seen[2..].iter().all(|seen| *seen), "{seen:?}");
    world.comes_to_rest();
}

#[test]
fn the_first_keys_of_a_session_are_shown_at_a_shells_prompt_alone() {
    for (prompt, shown) in [("ann@host:~$ ", true), ("ann@host's secret: ", false)] {
        let mut world = World::new(RTT, Echo, format!("\x1b[?2004h{prompt}").as_bytes());
        world.tty(RAW);
        // The client has learned where the terminal's cursor is.
        world.predictor.forget(&world.screen);
        assert_eq!(world.types_text("ls", PACE), [shown; 2], "{prompt}");
    }
}

/// A shell far away, behind another ssh: the terminal tells nothing, and one line asks for a secret.
struct Nested {
    line: String,
    secret: bool,
    mask: &'static str,
}

impl Program for Nested {
    fn key(&mut self, bytes: &[u8]) -> Vec<Reaction> {
        if bytes != b"\r" {
            self.line.push_str(&String::from_utf8_lossy(bytes));
            return vec![says(if self.secret { self.mask.as_bytes() } else { bytes })];
        }
        let line = std::mem::take(&mut self.line);
        self.secret = !self.secret && line == "sudo";
        vec![says(if self.secret { "\r\nsecret: " } else { "\r\n$ " })]
    }
}

#[test]
fn a_secret_is_never_seen_at_any_pace_nor_behind_a_mask() {
    for mask in ["", "*", "x", "."] {
        for pace in [5, 40, 100, 200, 400, 900] {
            let program = Nested { line: String::new(), secret: false, mask };
            let mut world = World::new(RTT, program, b"\x1b[H\x1b[2J$ ");
            world.tty(RAW);
            for line in ["one", "two", "sudo", "QZ*xJQ.Z", "three", "four"] {
                world.types_text(line, MS * pace);
                world.types(b"\r", MS * pace);
            }
            for letter in ["Q", "Z", "J"] {
                assert!(!world.was_ever_shown(letter), "{letter} at {pace} ms with {mask:?}");
            }
            world.comes_to_rest();
        }
    }
}

#[test]
fn a_line_that_is_read_without_echo_shows_nothing_whatever_was_earned() {
    let mut world = World::new(RTT, Echo, b"\x1b[H\x1b[2J$ ");
    world.types_text("earned", PACE);
    world.tty(SECRET);
    let seen = world.types_text("QZJ", MS);
    assert!(seen.iter().all(|seen| !*seen), "{seen:?}");
    assert!(!world.was_ever_shown("Q"));
    world.tty(RAW);
    world.comes_to_rest();
}
