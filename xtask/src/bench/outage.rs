//! Lines printed while the link is dead: how many of them never reach the terminal. Prints lines at
//! a steady pace, cuts the link for a minute, and looks for each line once the prompt is back.

use std::collections::BTreeSet;
use std::time::Duration;

use abide_host::clock;
use abide_lab::Profile;
use abide_screen::Screen;

use super::field::Field;
use super::request::{Subject, list, number, read};
use super::shell::Shell;
use super::tool::Tool;
use super::{Trouble, page};

const USAGE: &str = "\
usage: cargo xtask bench outage-lines [--profiles A,B] [--tools A,B] [--runs N] [--seconds N] [--write]

profiles (default): wan100; tools (default): ssh mosh abide; --runs 1; --seconds of outage: 60";

/// Six lines a second.
const PACE: Duration = Duration::from_micros(166_667);
/// Printed before the cut.
const BEFORE: Duration = Duration::from_secs(3);
/// Printed after it.
const AFTER_LINES: usize = 10;
/// After the outage, for clients that must wait for TCP to try again.
const LIMIT: Duration = Duration::from_secs(150);

/// What became of one run.
struct Survived {
    lines: usize,
    missing: usize,
    /// Seconds from the link's return to the prompt; none when it never came.
    back: Option<f64>,
}

pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let mut subject = default();
    let mut outage = OUTAGE;
    let write = read(words, USAGE, |word, value| {
        match word {
            "--profiles" => subject.profiles = list(value, Profile::by_name, USAGE)?,
            "--tools" => subject.tools = list(value, Tool::by_name, USAGE)?,
            "--runs" => subject.runs = number(value, USAGE)?,
            "--seconds" => outage = Duration::from_secs(number(value, USAGE)? as u64),
            _ => return Err(USAGE.to_owned()),
        }
        Ok(())
    })?;
    let table = report(&subject, outage);
    println!("{table}");
    let seconds = outage.as_secs();
    let heading = format!("### Lines printed during an outage of {seconds} s");
    let text = format!("{heading}\n\n{table}\n{}\n", page::circumstances());
    if write { page::write("outage", &text).map_err(|error| error.to_string()) } else { Ok(()) }
}

/// As in the published baselines.
pub(crate) const OUTAGE: Duration = Duration::from_secs(60);

/// What is compared unless told otherwise.
pub(crate) fn default() -> Subject {
    let tools = vec![Tool::Ssh, Tool::Mosh, Tool::Abide];
    Subject { profiles: vec![Profile::Wan100], tools, runs: 1 }
}

/// Measures all tools at the same time, each in a lab of its own, and writes the table.
pub(crate) fn report(subject: &Subject, outage: Duration) -> String {
    let mut text = String::from(
        "| link | tool | lines printed | never reached the terminal | prompt back after the outage s |\n\
         |---|---|---|---|---|\n",
    );
    let jobs = subject.profiles.iter().flat_map(|profile| {
        let tools = subject.tools.iter().flat_map(|tool| vec![*tool; subject.runs]);
        tools.map(move |tool| (*profile, tool))
    });
    std::thread::scope(|scope| {
        let running: Vec<_> = jobs
            .map(|(profile, tool)| {
                (profile, tool, scope.spawn(move || once(profile, tool, outage)))
            })
            .collect();
        for (profile, tool, thread) in running {
            let result = thread.join().unwrap_or_else(|_| Err("the run panicked".into()));
            text.push_str(&row(profile, tool, result));
        }
    });
    text
}

fn row(profile: Profile, tool: Tool, result: Result<Survived, Trouble>) -> String {
    let (profile, tool) = (profile.name(), tool.name());
    match result {
        Ok(Survived { lines, missing, back }) => {
            let back = back.map_or("never".to_owned(), |back| format!("{back:.1}"));
            format!("| {profile} | {tool} | {lines} | {missing} | {back} |\n")
        }
        Err(error) => {
            eprintln!("  outage {profile} {tool}: {error}");
            format!("| {profile} | {tool} | failed | | |\n")
        }
    }
}

fn once(profile: Profile, tool: Tool, outage: Duration) -> Result<Survived, Trouble> {
    let field = Field::up(profile)?;
    let mut shell = Shell::open(&field, tool)?;
    let lines = ((BEFORE + outage).as_secs_f64() / PACE.as_secs_f64()) as usize + AFTER_LINES;
    shell.begin(&format!(
        "i=0; while [ $i -lt {lines} ]; do echo line $i out; i=$((i+1)); sleep {:.4}; done",
        PACE.as_secs_f64()
    ))?;
    let mut seen = BTreeSet::new();
    watch(&shell, &mut seen, BEFORE);
    field.lab.link().blackhole(true);
    watch(&shell, &mut seen, outage);
    field.lab.link().blackhole(false);
    let returned = clock::now();
    let ended = shell.client.wait("the prompt", LIMIT, |screen| {
        seen.extend(numbers(screen));
        screen.lines().iter().any(|line| line.trim_end() == shell.prompt()).then_some(())
    });
    let back = ended.ok().map(|()| clock::now().since(returned).as_secs_f64());
    let screen = shell.client.screen();
    seen.extend(numbers(&screen));
    seen.extend(screen.scrollback(0).filter_map(|(line, _)| line_number(&line)));
    let missing = (0..lines).filter(|line| !seen.contains(line)).count();
    Ok(Survived { lines, missing, back })
}

/// Takes down every line that the screen shows for this long.
fn watch(shell: &Shell, seen: &mut BTreeSet<usize>, time: Duration) {
    let _always_late = shell.client.wait("nothing", time, |screen| {
        seen.extend(numbers(screen));
        None::<()>
    });
}

fn numbers(screen: &Screen) -> Vec<usize> {
    screen.lines().iter().filter_map(|line| line_number(line)).collect()
}

fn line_number(line: &str) -> Option<usize> {
    line.strip_prefix("line ")?.strip_suffix(" out")?.parse().ok()
}
