//! Line editors that show more than what is typed, and editors of texts.

use std::time::Duration;

use super::world::{MS, Program, Reaction, World, says};
use crate::Tty;

const RAW: Tty = Tty { echo: false, canonical: false };
const RTT: Duration = Duration::from_millis(273);
const PACE: Duration = Duration::from_millis(200);
/// Several keys are under way at once.
const QUICK: Duration = Duration::from_millis(100);
/// A prompt at the right end of the row, which is put there after each key.
const RIGHT: &str = "\x1b7\x1b[1;33Hat right\x1b8";
/// What is suggested after the first letters of a line.
const SUGGESTED: &str = "echo hello";

/// A shell that suggests the rest of the line.
#[derive(Default)]
struct Suggests {
    line: String,
}

impl Program for Suggests {
    fn key(&mut self, bytes: &[u8]) -> Vec<Reaction> {
        match bytes {
            [0x7f] => drop(self.line.pop()),
            [0x1b, ..] => {}
            _ => self.line.push_str(&String::from_utf8_lossy(bytes)),
        }
        let line = &self.line;
        let rest = SUGGESTED.strip_prefix(&**line).unwrap_or_default();
        let col = 3 + line.len();
        vec![says(format!("\r\x1b[K$ {line}\x1b[90m{rest}\x1b[m{RIGHT}\x1b[1;{col}H"))]
    }
}

#[test]
fn suggestions_are_typed_over_and_a_prompt_at_the_right_stays() {
    let start = format!("\x1b[H\x1b[2J$ {RIGHT}");
    let mut world = World::new(RTT, Suggests::default(), start.as_bytes());
    world.tty(RAW);
    world.frames.clear();
    let mut seen = world.types_text("echo he", PACE);
    seen.extend(world.types_text("re it", PACE));
    assert!(seen[2..].iter().all(|seen| *seen), "{seen:?}");
    // There Right takes what is suggested, or nothing.
    let end = world.terminal.cursor();
    world.types(b"\x1b[C", Duration::ZERO);
    assert_eq!(world.terminal.cursor(), end);
    world.runs(PACE * 3);
    for _ in 0..3 {
        world.types(b"\x7f", PACE);
    }
    assert_eq!(world.terminal.cursor().col, 2 + 9, "what was erased is gone at once");
    let seen = world.types_text("was", PACE);
    assert!(seen.iter().all(|seen| *seen), "{seen:?}");
    for frame in &world.frames {
        assert_eq!(frame[0].find("at right"), Some(32), "{}", frame[0]);
    }
    world.comes_to_rest();
}

/// An editor in the lines above its last one, as vim draws it.
struct Editor;

impl Program for Editor {
    fn key(&mut self, bytes: &[u8]) -> Vec<Reaction> {
        match bytes {
            [0x7f] => vec![says("\x08\x1b[K")],
            b"\r" => vec![says("\r\n\x1b[K")],
            b"\x1b" => vec![says("\x1b7\x1b[12;1H\x1b[K\x1b8\x08")],
            _ => vec![says(bytes)],
        }
    }
}

fn editor() -> World<Editor> {
    let rows: String = (2..12).map(|row| format!("\x1b[{row};1H~")).collect();
    let start = format!("\x1b[?1049h\x1b[H\x1b[2J{rows}\x1b[12;1H-- INSERT --\x1b[H");
    let mut world = World::new(RTT, Editor, start.as_bytes());
    world.tty(RAW);
    world
}

#[test]
fn a_line_that_ends_in_an_editor_goes_on_at_once() {
    let mut world = editor();
    let mut seen = world.types_text("Dear reader,", PACE);
    world.types(b"\r", Duration::ZERO);
    assert_eq!(world.terminal.cursor().row, 1);
    assert_eq!(world.terminal.lines()[1].trim_end(), "");
    seen.extend(world.types_text("this is a letter", PACE));
    assert!(seen.iter().all(|seen| *seen), "{seen:?}");
    let before = world.terminal.cursor().col;
    world.types(b"\x1b", MS);
    assert_eq!(world.terminal.cursor().col, before - 1);
    // Commands now: nothing is shown of them.
    let seen = world.types_text("dw", MS);
    assert_eq!(seen, [false, false]);
    world.runs(MS * 2000);
    world.comes_to_rest();
}

#[test]
fn an_indented_line_is_not_guessed_to_end_at_the_margin() {
    let mut world = editor();
    world.types_text("  deep", PACE);
    world.types(b"\r", Duration::ZERO);
    assert_eq!(world.terminal.cursor().row, 0);
    world.comes_to_rest();
}

#[test]
fn a_letter_typed_anew_is_not_taken_for_the_one_that_is_being_erased() {
    let mut world = editor();
    world.types_text("longer than that.", PACE);
    for _ in 0..5 {
        world.types(b"\x7f", QUICK);
    }
    let mut text = String::from("longer than ");
    for ch in "the other".chars() {
        world.types(ch.to_string().as_bytes(), Duration::ZERO);
        text.push(ch);
        assert_eq!(world.terminal.lines()[0].trim_end(), text.trim_end());
        world.runs(QUICK);
    }
    world.comes_to_rest();
}
