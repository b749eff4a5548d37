//! How long a person waits for what was typed to appear, in the lab's presets: letters at a steady
//! pace to a program that echoes them, each timed until the screen shows it, predicted or not. Each
//! tool and run has a lab of its own.

use std::sync::Mutex;
use std::time::Duration;

use abide_compare::{Course, Program, Sample, Typed, prepare, type_course};
use abide_lab::link::PathStats;
use abide_lab::{BULK_PORT, Bulk, Profile};

use super::field::Field;
use super::plot::AT_ONCE_MS;
use super::request::{list, number};
use super::tool::Tool;
use super::{Trouble, page, plot, shell};

const USAGE: &str = "\
usage: cargo xtask bench typing [--profiles A,B] [--tools A,B] [--keys N] [--runs N]
                                [--line N] [--cooked] [--pace MS] [--at-once N] [--write] [--each]

profiles (default all): lan wan100 lossy evdo3g sg-mit sat600 bloat
tools (default all): ssh mosh mosh-never abide abide-never abide-no-udp abide-no-udp-never
--keys 250, --runs 3, --pace 200 ms; --line: letters before each Enter (40; with --cooked 12);
--cooked: the terminal's own echo under `cat` in place of a program that echoes raw keys;
--at-once: labs at the same time (6; the lan always has one);
--write: table and picture into docs/benchmarks.md;
--each: how long each letter took, in milliseconds, on stderr, a line for each run.

Compares target/release/abide, else the build beside this one, or what ABIDE_PROGRAM names.";

/// After the last key, for what is still under way through five seconds of queue.
const PATIENCE: Duration = Duration::from_secs(20);

const PROFILES: [Profile; 7] = [
    Profile::Lan,
    Profile::Wan100,
    Profile::Lossy,
    Profile::Evdo,
    Profile::SgMit,
    Profile::Sat600,
    Profile::Bloat,
];
const TOOLS: [Tool; 6] =
    [Tool::Ssh, Tool::Mosh, Tool::MoshNever, Tool::Abide, Tool::AbideNever, Tool::AbidePipe];

/// What is asked for.
struct Request {
    profiles: Vec<Profile>,
    tools: Vec<Tool>,
    runs: usize,
    at_once: usize,
    course: Course,
    write: bool,
    each: bool,
}

/// What one tool showed on one profile, all runs together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Milliseconds of the letters that appeared.
    pub(crate) shown: Sample,
    /// Medians of the runs.
    pub(crate) medians: Sample,
    /// Letters that never appeared in their place.
    pub(crate) never: usize,
    /// Cells that were wrong at the end.
    pub(crate) wrong: usize,
    /// Bytes on the link, without other people's.
    pub(crate) up: u64,
    pub(crate) down: u64,
    /// Runs that failed, and why.
    pub(crate) failures: Vec<String>,
}

/// One run.
struct Run {
    typed: Typed,
    up: u64,
    down: u64,
}

pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let request = read(words)?;
    eprintln!("abide: {}", super::field::find().map_err(|error| error.to_string())?.display());
    for profile in &request.profiles {
        let outcomes = measure(*profile, &request);
        let table = table(*profile, &request, &outcomes);
        println!("{table}");
        if request.write {
            write(*profile, &request, &outcomes, &table).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Puts a profile's table and picture into the benchmarks' page.
fn write(
    profile: Profile,
    request: &Request,
    outcomes: &[Outcome],
    table: &str,
) -> Result<(), Trouble> {
    let section = match request.course.program {
        Program::Raw => format!("typing-{}", profile.name()),
        Program::Cooked => format!("typing-cooked-{}", profile.name()),
    };
    let picture = format!("{section}.svg");
    let rows: Vec<(Tool, &Outcome)> = request.tools.iter().copied().zip(outcomes).collect();
    std::fs::write(page::picture(&picture)?, plot::draw(profile, &rows))?;
    let text = format!(
        "{table}\n![distribution of waiting times](images/{picture})\n\n{}\n",
        page::circumstances()
    );
    page::write(&section, &text)
}

fn read(words: &[&str]) -> Result<Request, String> {
    let pace = Duration::from_millis(200);
    let mut course = Course { program: Program::Raw, keys: 250, line: 0, pace, seed: 1 };
    let mut request = Request {
        profiles: PROFILES.into(),
        tools: TOOLS.into(),
        runs: 3,
        at_once: 6,
        course,
        write: false,
        each: false,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--cooked" => {
                course.program = Program::Cooked;
                continue;
            }
            "--write" => {
                request.write = true;
                continue;
            }
            "--each" => {
                request.each = true;
                continue;
            }
            _ => {}
        }
        let value = words.next().ok_or(USAGE)?;
        let number = || number(value, USAGE);
        match *word {
            "--profiles" => request.profiles = list(value, Profile::by_name, USAGE)?,
            "--tools" => request.tools = list(value, Tool::by_name, USAGE)?,
            "--keys" => course.keys = number()?,
            "--runs" => request.runs = number()?,
            "--line" => course.line = number()?,
            "--at-once" => request.at_once = number()?,
            "--pace" => course.pace = Duration::from_millis(number()? as u64),
            _ => return Err(USAGE.to_owned()),
        }
    }
    if course.line == 0 {
        course.line = if course.program == Program::Cooked { 12 } else { 40 };
    }
    request.course = course;
    Ok(request)
}

/// All tools and runs of one profile; results in the order of the tools.
fn measure(profile: Profile, request: &Request) -> Vec<Outcome> {
    let jobs: Vec<(usize, usize)> = (0..request.runs)
        .flat_map(|run| (0..request.tools.len()).map(move |at| (run, at)))
        .collect();
    let waiting = Mutex::new(jobs.into_iter());
    let outcomes = Mutex::new(vec![Outcome::default(); request.tools.len()]);
    let lanes = if profile == Profile::Lan { 1 } else { request.at_once };
    let work = || {
        while let Some((number, at)) = lock(&waiting).next() {
            let (tool, seed) = (request.tools[at], number as u64 + 1);
            let result = once(profile, tool, &Course { seed, ..request.course });
            if let Err(error) = &result {
                eprintln!("  {} {} run {}: {error}", profile.name(), tool.name(), number + 1);
            }
            if let (true, Ok(run)) = (request.each, &result) {
                eprintln!("  {} run {}: {}", tool.name(), number + 1, each(&run.typed));
            }
            lock(&outcomes)[at].take(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(work);
        }
    });
    lock(&outcomes).clone()
}

/// The times of all letters, in order.
fn each(typed: &Typed) -> String {
    let time = |key: &Option<Duration>| {
        key.map_or_else(|| "never".to_owned(), |time| time.as_millis().to_string())
    };
    typed.keys.iter().map(time).collect::<Vec<_>>().join(" ")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Outcome {
    fn take(&mut self, run: Result<Run, Trouble>) {
        let Run { typed, up, down } = match run {
            Ok(run) => run,
            Err(error) => return self.failures.push(error.to_string()),
        };
        let shown: Sample =
            typed.keys.iter().flatten().map(|time| time.as_secs_f64() * 1e3).collect();
        self.medians.add(shown.median());
        self.never += typed.keys.iter().filter(|time| time.is_none()).count();
        self.wrong += typed.wrong;
        self.up += up;
        self.down += down;
        self.shown.join(&shown);
    }

    /// Which share of all letters was there as if it were local.
    pub(crate) fn at_once(&self) -> f64 {
        let shown = self.shown.share_below(AT_ONCE_MS) * self.shown.count() as f64;
        shown / self.keys().max(1) as f64
    }

    /// All letters typed.
    fn keys(&self) -> usize {
        self.shown.count() + self.never
    }
}

/// Opens a session, types the course, and counts the bytes of the typing alone.
fn once(profile: Profile, tool: Tool, course: &Course) -> Result<Run, Trouble> {
    let field = Field::up(profile)?;
    let client = shell::open(&field, tool, course.size())?;
    prepare(&client, course)?;
    let _bulk = if profile == Profile::Bloat { Some(Bulk::fill(&field.lab)?) } else { None };
    let before = field.lab.link().stats();
    let typed = type_course(&client, course, PATIENCE)?;
    let stats = field.lab.link().stats().since(&before);
    Ok(Run { typed, up: own_bytes(&stats.up), down: own_bytes(&stats.down) })
}

/// Bytes sent that are not the bulk download's.
fn own_bytes(path: &PathStats) -> u64 {
    let own = path.services.iter().filter(|((_, port), _)| *port != BULK_PORT);
    own.map(|(_, count)| count.bytes).sum()
}

fn table(profile: Profile, request: &Request, outcomes: &[Outcome]) -> String {
    let kind = match request.course.program {
        Program::Raw => "raw echo",
        Program::Cooked => "cooked echo",
    };
    let mut text = format!(
        "### {}: {kind}, {:.1} keys/s, Enter after {}\n\n\
         | tool | keys in runs | median | mean | p90 | p99 | <17 ms | medians of runs | never shown / wrong at the end | bytes per key up/down |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
        profile.name(),
        1.0 / request.course.pace.as_secs_f64(),
        request.course.line,
    );
    for (tool, outcome) in request.tools.iter().zip(outcomes) {
        text.push_str(&row(*tool, outcome));
    }
    text
}

fn row(tool: Tool, outcome: &Outcome) -> String {
    let Outcome { shown, medians, never, wrong, up, down, failures } = outcome;
    let keys = outcome.keys();
    if keys == 0 {
        return format!("| {} | failed: {} | | | | | | | | |\n", tool.name(), failures.join("; "));
    }
    let (least, most) = medians.range();
    format!(
        "| {} | {keys} in {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1}% | {least:.1}–{most:.1} | {never}/{wrong} | {}/{} |\n",
        tool.name(),
        medians.count(),
        shown.median(),
        shown.mean(),
        shown.quantile(0.9),
        shown.quantile(0.99),
        outcome.at_once() * 100.0,
        up / keys as u64,
        down / keys as u64,
    )
}
