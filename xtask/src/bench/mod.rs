//! `cargo xtask bench`: abide beside ssh and mosh in one run, as differences and ratios, against
//! the targets that the project has set itself. One file for each question; nothing here judges a
//! single run as the truth: the load of the machine is printed with the figures.

mod echo;
mod field;
mod flood;
mod forward;
mod idle;
mod memory;
mod open;
mod outage;
mod page;
mod plot;
mod report;
mod request;
mod shell;
mod task;
mod throughput;
mod tool;
mod typing;

use report::Report;

const USAGE: &str = "\
usage: cargo xtask bench [open|echo|throughput|idle|memory|all] [--json] [--seconds N]
       cargo xtask bench typing|flood|outage-lines|forward --help

Compares target/release/abide, or the program that ABIDE_PROGRAM names, with ssh and mosh (as root:
it makes network namespaces). --seconds is how long `idle` watches, at least (130).";

/// How long `idle` watches unless told otherwise, in seconds.
const IDLE_SECONDS: u64 = 130;

/// Anything that ends a benchmark early.
pub(crate) type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Runs the task; the error is what to print.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    match words {
        ["typing", rest @ ..] => return typing::run(rest),
        ["flood", rest @ ..] => return flood::run(rest),
        ["forward", rest @ ..] => return forward::run(rest),
        ["outage-lines", rest @ ..] => return outage::run(rest),
        _ => {}
    }
    let mut seconds = IDLE_SECONDS;
    let (mut json, mut wanted) = (false, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--json" => json = true,
            "--seconds" => {
                let given = words.next().and_then(|word| word.parse().ok());
                seconds = given.filter(|seconds| *seconds > 0).ok_or(USAGE)?;
            }
            "all" => wanted.extend(["open", "echo", "throughput", "idle", "memory"]),
            stage @ ("open" | "echo" | "throughput" | "idle" | "memory") => wanted.push(stage),
            _ => return Err(USAGE.to_owned()),
        }
    }
    if wanted.is_empty() {
        return Err(USAGE.to_owned());
    }
    let mut report = Report::default();
    let outcome = wanted.iter().try_for_each(|stage| measure(stage, seconds, &mut report));
    // What was measured before a failure is worth seeing too.
    print!("{}", if json { report.json() } else { report.table() });
    outcome.map_err(|error| format!("error: {error}"))
}

fn measure(stage: &str, seconds: u64, report: &mut Report) -> Result<(), Trouble> {
    eprintln!("measuring {stage} (load {})", report::load());
    match stage {
        "open" => open::measure(report),
        "echo" => echo::measure(report),
        "throughput" => throughput::measure(report),
        "idle" => idle::measure(report, std::time::Duration::from_secs(seconds)),
        _ => memory::measure(report),
    }
}
