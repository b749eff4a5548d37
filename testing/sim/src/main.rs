//! `abide-sim`: runs simulations by hand and in CI. A failing seed is printed and replays.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use abide_sim::{Report, Scenario, percentile, run};
use abide_terms::{parse_span, print_span};

const USAGE: &str = "usage: abide-sim [--seed N | --seeds N] [--first N] [--days N] [--faults-every SPAN] [--budget SPAN]

  --seed N             one run
  --seeds N            runs of N seeds (default 100)
  --first N            the first of them (default 1)
  --days N             virtual days of each (default 30)
  --faults-every SPAN  mean time between faults (default 5m)
  --budget SPAN        stop after the seed during which this much real time is over
";

/// What the command line asks for.
struct Wish {
    first: u64,
    seeds: u64,
    days: u64,
    faults_every: Duration,
    budget: Duration,
}

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let outcome = match parse(std::env::args().skip(1)) {
        Ok(wish) => run_all(&wish, &mut out),
        Err(word) => writeln!(out, "error: `{word}` is not understood\n{USAGE}").map(|()| false),
    };
    if matches!(outcome, Ok(true)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut wish = Wish {
        first: 1,
        seeds: 100,
        days: 30,
        faults_every: Duration::from_secs(300),
        budget: Duration::MAX,
    };
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| word.clone())?;
        let number = || value.parse::<u64>().map_err(|_| value.clone());
        let span = || parse_span(&value).map_err(|_| value.clone());
        match word.as_str() {
            "--seed" => (wish.first, wish.seeds) = (number()?, 1),
            "--seeds" => wish.seeds = number()?,
            "--first" => wish.first = number()?,
            "--days" => wish.days = number()?,
            "--faults-every" => wish.faults_every = span()?,
            "--budget" => wish.budget = span()?,
            _ => return Err(word),
        }
    }
    Ok(wish)
}

/// True when every seed held.
fn run_all(wish: &Wish, out: &mut impl Write) -> std::io::Result<bool> {
    let began = real_now();
    let mut sum = Report::default();
    let (mut slowest, mut failed) = ((Duration::ZERO, 0), Vec::new());
    for seed in wish.first..wish.first + wish.seeds {
        let before = real_now();
        let length = Duration::from_secs(wish.days * 86_400);
        let scenario = Scenario::random(seed, length, wish.faults_every);
        match std::panic::catch_unwind(|| run(&scenario)) {
            Ok(Ok(report)) => sum.add(report),
            Ok(Err(failure)) => {
                writeln!(out, "FAILED {failure}")?;
                failed.push(seed);
            }
            Err(_) => {
                writeln!(out, "FAILED seed {seed}: a panic, see above")?;
                failed.push(seed);
            }
        }
        slowest = slowest.max((before.elapsed(), seed));
        if began.elapsed() > wish.budget {
            break;
        }
    }
    summarise(&sum, began.elapsed(), slowest, out)?;
    if let Some(seed) = failed.first() {
        let (days, every) = (wish.days, print_span(wish.faults_every));
        writeln!(
            out,
            "{} seeds FAILED; to see it again: cargo run -p abide-sim --release -- --seed {seed} --days {days} --faults-every {every}",
            failed.len()
        )?;
    }
    Ok(failed.is_empty())
}

fn summarise(
    sum: &Report,
    took: Duration,
    slowest: (Duration, u64),
    out: &mut impl Write,
) -> std::io::Result<()> {
    let totals = &sum.totals;
    writeln!(out, "seeds           {}", totals.runs)?;
    writeln!(out, "virtual time    {:.1} days", totals.virtual_time.as_secs_f64() / 86_400.0)?;
    writeln!(
        out,
        "real time       {:.1} s, slowest seed {} {:.2} s",
        took.as_secs_f64(),
        slowest.1,
        slowest.0.as_secs_f64()
    )?;
    writeln!(out, "faults          {}", totals.faults)?;
    writeln!(out, "carriers        {}", totals.carriers)?;
    writeln!(out, "frames          {}", totals.frames)?;
    writeln!(out, "bytes           {}", totals.bytes)?;
    writeln!(out, "keys, streams   {}, {}", totals.keys, totals.streams)?;
    writeln!(
        out,
        "idle packets/h  {} at most, in {} quiet quarters of an hour",
        totals.most_idle_packets, totals.quiet_quarters
    )?;
    writeln!(out, "false alarms    {} on paths without loss", totals.false_alarms)?;
    writeln!(out, "first echo      {} after all faults, with UDP", spread(&sum.recoveries))?;
    writeln!(out, "                {} where only ssh goes through", spread(&sum.slow_recoveries))?;
    writeln!(out, "                {} in calm", spread(&sum.echoes))
}

fn spread(times: &[Duration]) -> String {
    let [median, high, worst] = [50.0, 99.0, 100.0].map(|percent| percentile(times, percent));
    format!("p50 {median:.1?}, p99 {high:.1?}, worst {worst:.1?}, {} times", times.len())
}

/// The only clock here, for the closing line and the budget.
#[expect(clippy::disallowed_methods, reason = "measures the run itself, outside the simulation")]
fn real_now() -> Instant {
    Instant::now()
}
