//! How long a keystroke takes to come back from a remote program that echoes raw bytes. Sessions
//! stay open and take turns.

use std::time::Duration;

use abide_host::clock;
use abide_lab::{Profile, Terminal};

use super::Trouble;
use super::field::{Field, SOON};
use super::report::{Report, Target};
use super::tool::Tool;
use abide_compare::Sample;

/// Turns of each session, and keys in each.
const TURNS: usize = 5;
const KEYS: usize = 25;
/// Between keys.
const PACE: Duration = Duration::from_millis(200);
/// How much longer than ssh's an echo may take, ms.
const EXTRA_MAX: f64 = 2.0;
/// Letters that stand in no escape sequence which a contestant may print.
const LETTERS: &[u8] = b"ovwyzQVWY";

pub(crate) fn measure(report: &mut Report) -> Result<(), Trouble> {
    on(Profile::Wan100, "echo at 100 ms", report)?;
    on(Profile::Lan, "echo on a lan", report)
}

fn on(profile: Profile, stage: &'static str, report: &mut Report) -> Result<(), Trouble> {
    let field = Field::up(profile)?;
    let mut contestants = Vec::new();
    for tool in Tool::UNPREDICTED {
        contestants.push((tool, open(&field, tool)?, Sample::default()));
    }
    for _ in 0..TURNS {
        for (_, terminal, sample) in &mut contestants {
            take_turn(terminal, sample)?;
        }
    }
    for (tool, _, sample) in &contestants {
        let (p90, p99) = (sample.quantile(0.9), sample.quantile(0.99));
        let note = format!("median of {}; p90 {p90:.1}, p99 {p99:.1}", TURNS * KEYS);
        report.add(stage, tool.name(), (sample.median(), "ms"), note);
    }
    let ssh = contestants[0].2.clone();
    for (tool, _, sample) in &contestants[1..3] {
        let what = format!("{} - ssh", tool.name());
        let extra = (sample.median() - ssh.median(), "ms");
        let p99 = format!("p99: {:+.1}", sample.quantile(0.99) - ssh.quantile(0.99));
        report.judge(stage, what, extra, Target::Most(EXTRA_MAX), p99);
    }
    Ok(())
}

/// Opens a session with the echoing program; one of abide's has moved to its carrier.
fn open(field: &Field, tool: Tool) -> Result<Terminal, Trouble> {
    let known: Vec<u32> = field.sessions()?.iter().map(|session| session.keeper_pid).collect();
    let terminal = field.open(tool)?;
    if tool.is_abide() {
        let kind = if tool.has_quic() { "quic" } else { "ssh" };
        field.wait_for_carrier(kind, &known)?;
    }
    // In pieces, so that the echo of the line is not taken for its effect.
    terminal.send("stty raw -echo; echo listen''ing; exec cat\r")?;
    terminal.wait_for_after(0, "listening", SOON)?;
    Ok(terminal)
}

fn take_turn(terminal: &Terminal, sample: &mut Sample) -> Result<(), Trouble> {
    for letter in LETTERS.iter().cycle().take(KEYS) {
        let began = clock::now();
        let echo = terminal.ask([*letter], [*letter], SOON)?;
        sample.add(echo.as_secs_f64() * 1e3);
        std::thread::sleep(PACE.saturating_sub(clock::now().since(began)));
    }
    Ok(())
}
