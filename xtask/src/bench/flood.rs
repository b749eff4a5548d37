//! Getting out of a flood: how soon the prompt is back after Ctrl-C on `yes`, after `cat` of a long
//! text, what of the text the terminal's scrollback has then, and what `cat` of 100 MB costs.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use abide_compare::{Sample, Watch};
use abide_host::clock;
use abide_lab::Profile;
use abide_screen::Screen;

use super::field::Field;
use super::request::{Subject, list, number, read};
use super::shell::Shell;
use super::tool::Tool;
use super::{Trouble, page, task};

const USAGE: &str = "\
usage: cargo xtask bench flood [--profiles A,B] [--tools A,B] [--runs N] [--write]

profiles (default): lan wan100 evdo3g; tools (default): ssh mosh abide; --runs 2

`yes` for 2.5 s, then Ctrl-C; `cat` of a text of 2.4 MB, on the lan of 100 MB.";

const PROFILES: [Profile; 3] = [Profile::Lan, Profile::Wan100, Profile::Evdo];
const TOOLS: [Tool; 3] = [Tool::Ssh, Tool::Mosh, Tool::Abide];

/// How long `yes` runs before Ctrl-C.
const FLOOD: Duration = Duration::from_millis(2_500);
/// How long a prompt may take to be back.
const LIMIT: Duration = Duration::from_secs(120);
/// Lines of the texts, with 80 bytes each.
const SHORT_LINES: usize = 30_000;
const LONG_LINES: usize = 1_250_000;
/// The text's last lines that are looked for in the scrollback.
const LAST_LINES: usize = 1_000;

/// One run's figures: seconds, megabytes, lines.
#[derive(Clone, Copy, Debug)]
struct Flooded {
    prompt: f64,
    usable: f64,
    after: f64,
    cat: f64,
    /// Of the last [`LAST_LINES`]; none where nothing was kept to look at.
    lines: Option<usize>,
    far_cpu: f64,
    near_cpu: f64,
}

pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let mut subject = Subject { profiles: PROFILES.into(), tools: TOOLS.into(), runs: 2 };
    let write = read(words, USAGE, |word, value| {
        match word {
            "--profiles" => subject.profiles = list(value, Profile::by_name, USAGE)?,
            "--tools" => subject.tools = list(value, Tool::by_name, USAGE)?,
            "--runs" => subject.runs = number(value, USAGE)?,
            _ => return Err(USAGE.to_owned()),
        }
        Ok(())
    })?;
    let table = report(&subject);
    println!("{table}");
    let text = format!("### Floods\n\n{table}\n{}\n", page::circumstances());
    if write { page::write("flood", &text).map_err(|error| error.to_string()) } else { Ok(()) }
}

/// Measures, and writes the section of the benchmarks' page.
pub(crate) fn report(subject: &Subject) -> String {
    let mut text = String::from(
        "| link | tool | runs | `yes`, Ctrl-C: prompt s | usable s | MB shown after Ctrl-C | cat | prompt s | last 1,000 lines there | CPU far s | CPU near s |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for profile in &subject.profiles {
        // On the lan it is the machine that is measured: one at a time there.
        let together = *profile != Profile::Lan;
        let rows: Vec<String> = std::thread::scope(|scope| {
            let mut running = Vec::new();
            let mut rows = Vec::new();
            for tool in &subject.tools {
                let thread = scope.spawn(|| of_tool(*profile, *tool, subject.runs));
                if together { running.push(thread) } else { rows.push(joined(thread)) }
            }
            rows.extend(running.into_iter().map(joined));
            rows
        });
        text.push_str(&rows.concat());
    }
    text
}

fn joined(thread: std::thread::ScopedJoinHandle<'_, String>) -> String {
    thread.join().unwrap_or_else(|_| "| a run panicked | | | | | | | | | | |\n".to_owned())
}

/// A row of the table.
fn of_tool(profile: Profile, tool: Tool, runs: usize) -> String {
    let runs: Result<Vec<Flooded>, Trouble> = (0..runs).map(|_| once(profile, tool)).collect();
    let row = match runs {
        Ok(runs) => row(profile, tool, &runs),
        Err(error) => {
            eprintln!("  flood {} {}: {error}", profile.name(), tool.name());
            format!("| {} | {} | failed | | | | | | | | |\n", profile.name(), tool.name())
        }
    };
    eprint!("  {row}");
    row
}

fn once(profile: Profile, tool: Tool) -> Result<Flooded, Trouble> {
    let field = Field::up(profile)?;
    let long = profile == Profile::Lan;
    let text = Text::write(if long { LONG_LINES } else { SHORT_LINES })?;
    let mut shell = Shell::open(&field, tool)?;
    let (prompt, usable, after) = interrupt(&mut shell)?;

    let work = || (cpu(&field.server_processes()), cpu(&field.client_processes()));
    let before = work();
    // A screen model is no bottleneck for what redraws the screen itself.
    let bytes_alone = long && !matches!(tool, Tool::Mosh | Tool::MoshNever);
    let began = clock::now();
    if bytes_alone {
        shell.client.watch(Watch::Tail);
    }
    shell.begin(&format!("cat {}", text.path.display()))?;
    if bytes_alone {
        shell.client.wait_for_bytes(&shell.prompt(), LIMIT)?;
    } else {
        shell.end(LIMIT)?;
    }
    let cat = clock::now().since(began).as_secs_f64();
    let done = work();
    let lines = (!bytes_alone).then(|| text.last_lines_in(&shell.client.screen()));
    Ok(Flooded {
        prompt,
        usable,
        after,
        cat,
        lines,
        far_cpu: done.0 - before.0,
        near_cpu: done.1 - before.1,
    })
}

/// `yes` and Ctrl-C: seconds until the prompt, until a command's output after that, and megabytes
/// that the terminal still got in between.
fn interrupt(shell: &mut Shell) -> Result<(f64, f64, f64), Trouble> {
    shell.begin("yes")?;
    std::thread::sleep(FLOOD);
    let (began, bytes) = (clock::now(), shell.client.bytes());
    shell.client.send("\x03")?;
    shell.end(LIMIT)?;
    let prompt = clock::now().since(began).as_secs_f64();
    let after = shell.client.bytes().saturating_sub(bytes) as f64 / 1e6;
    shell.begin("echo us''able")?;
    shell.client.wait_for_text("usable", LIMIT)?;
    let usable = clock::now().since(began).as_secs_f64();
    shell.end(LIMIT)?;
    Ok((prompt, usable, after))
}

/// Processor seconds of processes, with those of children that they have waited for.
fn cpu(pids: &[u32]) -> f64 {
    pids.iter().map(|pid| task::cpu_with_children(*pid).as_secs_f64()).sum()
}

/// A text of numbered lines in memory. Removed when dropped.
struct Text {
    path: PathBuf,
    lines: usize,
}

impl Drop for Text {
    fn drop(&mut self) {
        let _left_in_shm_at_worst = fs::remove_file(&self.path);
    }
}

/// Tells the texts of runs at the same time apart.
fn tag() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Text {
    fn write(lines: usize) -> Result<Text, Trouble> {
        let path = format!("/dev/shm/abide-flood-{}-{lines}-{}", std::process::id(), tag());
        let text = Text { path: path.into(), lines };
        let mut file = std::io::BufWriter::new(fs::File::create(&text.path)?);
        (0..lines).try_for_each(|at| writeln!(file, "{:79}", format!("line {at:09} of a text")))?;
        file.flush()?;
        Ok(text)
    }

    /// How many of its last lines a terminal has on its screen or in its scrollback.
    fn last_lines_in(&self, screen: &Screen) -> usize {
        let from = screen.scrollback_len().saturating_sub(4 * LAST_LINES);
        let kept = screen.scrollback(from).map(|(line, _)| line);
        let number = |line: String| -> Option<usize> {
            line.strip_prefix("line ")?.split(' ').next()?.parse().ok()
        };
        let seen: BTreeSet<usize> = kept.chain(screen.lines()).filter_map(number).collect();
        seen.range(self.lines.saturating_sub(LAST_LINES)..).count()
    }
}

fn row(profile: Profile, tool: Tool, runs: &[Flooded]) -> String {
    let median = |figure: &dyn Fn(&Flooded) -> f64| -> f64 {
        runs.iter().map(figure).collect::<Sample>().median()
    };
    let lines = runs.iter().filter_map(|run| run.lines).min();
    let lines = lines.map_or("not looked at".to_owned(), |lines| lines.to_string());
    format!(
        "| {} | {} | {} | {:.2} | {:.2} | {:.2} | {} MB | {:.2} | {lines} | {:.2} | {:.2} |\n",
        profile.name(),
        tool.name(),
        runs.len(),
        median(&|run| run.prompt),
        median(&|run| run.usable),
        median(&|run| run.after),
        if profile == Profile::Lan { "100" } else { "2.4" },
        median(&|run| run.cat),
        median(&|run| run.far_cpu),
        median(&|run| run.near_cpu),
    )
}
