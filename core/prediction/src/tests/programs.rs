//! One test for each way of programs to take keys.

use std::time::Duration;

use super::world::{MS, Program, Reaction, World, says, share};
use crate::Tty;

const RAW: Tty = Tty { echo: false, canonical: false };
const COOKED: Tty = Tty { echo: true, canonical: true };
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
