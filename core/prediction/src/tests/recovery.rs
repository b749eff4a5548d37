//! Steady typing while something else happens: a few keys are lost, not all.

use std::time::Duration;

use abide_screen::Size;

use super::world::{MS, Program, Reaction, World, says};

const RTT: Duration = Duration::from_millis(273);
const PACE: Duration = Duration::from_millis(200);

/// Echoes, and says something of its own at one key.
struct Noisy {
    keys: usize,
    noise: &'static str,
}

impl Program for Noisy {
    fn key(&mut self, bytes: &[u8]) -> Vec<Reaction> {
        self.keys += 1;
        let mut all = vec![says(bytes)];
        if self.keys == 10 {
            all.push(Reaction { after: MS * 30, output: self.noise.into(), tty: None });
        }
        all
    }
}

#[test]
fn output_of_others_costs_a_few_keys() {
    for noise in ["\r\nmail!\r\n$ ", "\x1b[2;3H", "!", "\x1b[H\x1b[2J"] {
        let mut world = World::new(RTT, Noisy { keys: 0, noise }, b"\x1b[H\x1b[2J$ ");
        let seen = world.types_text("abcdefghijklmnpqrstuvwyzabcdefg", PACE);
        let lost = seen.iter().filter(|seen| !**seen).count();
        assert!(lost <= 8, "{noise:?}: {lost} of {seen:?}");
        world.comes_to_rest();
    }
}

/// Echoes; but at one key the path loses packets, and what it has said since comes 900 ms late. The word
/// that keys arrived comes in time.
struct Lossy {
    keys: u32,
}

impl Program for Lossy {
    fn key(&mut self, bytes: &[u8]) -> Vec<Reaction> {
        self.keys += 1;
        let late = (40..45).contains(&self.keys).then(|| MS * (900 - 200 * (self.keys - 40)));
        let after = late.unwrap_or(MS);
        vec![Reaction { after, output: bytes.to_vec(), tty: None }]
    }
}

#[test]
fn an_echo_that_is_late_on_a_long_path_is_waited_for() {
    let program = Lossy { keys: 0 };
    let mut world = World::sized(MS * 5_000, program, b"\x1b[H\x1b[2J$ ", WIDE);
    let seen = world.types_text(&"abcdefghij".repeat(9), PACE);
    assert!(seen[27..].iter().all(|seen| *seen), "{seen:?}");
    world.runs(MS * 10_000);
    world.comes_to_rest();
}

const WIDE: Size = Size { rows: 12, cols: 120 };
