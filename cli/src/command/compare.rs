//! `abide compare HOST`: would another client do better here? Runs ssh, mosh and autossh, where they
//! are installed, and abide over the user's real path, types, watches, cuts, counts; says what it could
//! not measure, and why. Changes nothing; ends every session that it opens.

mod figures;
mod json;
mod measure;
mod shown;
mod tools;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use abide_chart::{Theme, latency, svg};
use abide_compare::Stop;
use abide_openssh::Invocation;
use abide_paint::Scale;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Place;
use crate::complaint::Complaint;
use crate::exit::Exit;
use crate::planning::{self, Asked};
use crate::print;

use measure::Effort;
use tools::Kind;

/// What whoever got the line wrong may try.
const TRY: &str = "abide compare HOST --quick";
/// Most keys of one tool: half an hour of typing.
const KEYS_MAX: u64 = 9_000;

/// Its options.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct CompareArgs {
    /// Fewer keys, shorter waits: about a minute
    #[arg(long)]
    quick: bool,
    /// Keys typed with each tool (150; 40 with --quick)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(5..=KEYS_MAX))]
    keys: Option<u64>,
    /// Seconds for which the idle session is watched (60; 15)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(5..=86_400))]
    idle: Option<u64>,
    /// Seconds for which the path is cut (20; 8); 0 leaves the cut out
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3_600))]
    cut: Option<u64>,
    /// Seconds after a cut for which a tool may take to be back (75; 30)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    patience: Option<u64>,
    /// Only these: ssh,mosh,autossh,abide,abide-no-udp
    #[arg(long, value_name = "TOOLS", value_delimiter = ',')]
    only: Vec<Kind>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write a picture, .svg or .png (also as `-o FILE`)
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// Does it.
pub(crate) fn run(mut args: CompareArgs) -> Result<Exit, Complaint> {
    let words = std::mem::take(&mut args.place.words);
    let words = take_output(words, &mut args.output);
    if let Some(path) = &args.output {
        kind_of(path)?;
    }
    let invocation = invocation(&words)?;
    let effort = effort(&args);
    let call = tools::Call::new(&invocation, &args.only)?;
    print::note(measure::announcement(&call, &effort));
    let stop = Stop::default();
    let outcome = until_stopped(&stop, || measure::all(&call, &effort, &stop))?;
    let comparison = match outcome {
        Ok(comparison) => comparison,
        Err(signal) => {
            print::note("abide: stopped; the sessions were ended");
            return Ok(Exit::of_signal(signal));
        }
    };
    if let Some(path) = &args.output {
        draw(path, &comparison)?;
    }
    print::out(if args.json { json::text(&comparison)? } else { shown::text(&comparison) });
    Ok(if comparison.rows.iter().any(figures::Row::opened) { Exit::OK } else { Exit::NO })
}

fn usage(error: impl Into<String>) -> Complaint {
    Complaint::new(error).try_this(TRY).exit(Exit::USAGE)
}

fn effort(args: &CompareArgs) -> Effort {
    let seconds = |given: Option<u64>, quick, full| {
        Duration::from_secs(given.unwrap_or(if args.quick { quick } else { full }))
    };
    let keys = args.keys.unwrap_or(if args.quick { 40 } else { 150 });
    Effort {
        keys: keys as usize,
        idle: seconds(args.idle, 15, 60),
        cut: seconds(args.cut, 8, 20),
        patience: seconds(args.patience, 30, 75),
    }
}

/// ssh's words, which must name a host and nothing to run there.
fn invocation(words: &[OsString]) -> Result<Invocation, Complaint> {
    let asked = planning::read_ssh(words).map_err(|wrong| wrong.exit(Exit::USAGE))?;
    let Asked::Session(invocation) = asked else {
        return Err(usage("that flag is ssh's own"));
    };
    match invocation.command.first() {
        None => Ok(*invocation),
        Some(word) => {
            let word = word.to_string_lossy();
            Err(usage(format!("`{word}` is one word too many: a shell is what is compared")))
        }
    }
}

/// `-o FILE` with a picture's name is ours; every other `-o` is ssh's.
fn take_output(words: Vec<OsString>, output: &mut Option<PathBuf>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let picture = |value: &OsString| is_picture(Path::new(value));
        if word == "-o" && words.peek().is_some_and(picture) {
            *output = words.next().map(PathBuf::from);
        } else {
            kept.push(word);
        }
    }
    kept
}

fn is_picture(path: &Path) -> bool {
    kind_of(path).is_ok()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Picture {
    Svg,
    Png,
}

fn kind_of(path: &Path) -> Result<Picture, Complaint> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "svg" => Ok(Picture::Svg),
        "png" => Ok(Picture::Png),
        _ => Err(usage(format!("`{}` is neither .svg nor .png", path.display()))),
    }
}

fn draw(path: &Path, comparison: &figures::Comparison) -> Result<(), Complaint> {
    let picture = latency::latency_picture(&shown::story(comparison));
    let bytes = match kind_of(path)? {
        Picture::Svg => svg(&picture, Theme::Light).into_bytes(),
        Picture::Png => abide_paint::png(&picture, Theme::Light, Scale::DOUBLE)
            .map_err(|error| Complaint::new(error.to_string()))?,
    };
    std::fs::write(path, &bytes).map_err(|error| {
        Complaint::new(format!("`{}` cannot be written", path.display())).because(error.to_string())
    })?;
    print::note(format_args!("{}: {} KB", path.display(), bytes.len().div_ceil(1_000)));
    Ok(())
}

/// Does work on a thread of its own; a signal sets the wish to stop, and the work's clearing up is
/// waited for. The error is the signal's number.
fn until_stopped<T: Send>(
    stop: &Stop,
    work: impl FnOnce() -> Result<T, Complaint> + Send,
) -> Result<Result<T, i32>, Complaint> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (done, wait) = tokio::sync::oneshot::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(done.send(work())));
        runtime.block_on(async {
            let mut hang_up = signal(SignalKind::hangup())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            let kind = tokio::select! {
                done = wait => {
                    let ended = || Complaint::new("the comparison ended without a result");
                    return done.map_err(|_| ended())?.map(Ok);
                }
                _ = hang_up.recv() => SignalKind::hangup(),
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = terminate.recv() => SignalKind::terminate(),
            };
            stop.set();
            Ok(Err(kind.as_raw_value()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pictures_name_tells_our_o_from_sshs() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let mut output = None;
        let kept = take_output(words("-o Port=22 host -o a.SVG"), &mut output);
        assert_eq!((kept, output), (words("-o Port=22 host"), Some("a.SVG".into())));
    }

    #[test]
    fn given_numbers_win_over_quick_and_default() {
        let args = CompareArgs { quick: true, keys: Some(9), ..CompareArgs::default() };
        let effort = effort(&args);
        assert_eq!((effort.keys, effort.cut), (9, Duration::from_secs(8)));
    }
}
