//! Commands, each run by ssh and by the program: what they print, where, and how they end must be
//! the same.

use std::fs::File;
use std::process::{Command, Output};
use std::time::Duration;

use abide_host::child::Exit;
use abide_lab::{Profile, Program, Terminal};

use crate::files::{random_file, same};
use crate::place::{Place, Trouble, wait_exit};

/// How long a command may take: a login, and some.
const LIMIT: Duration = Duration::from_secs(30);
/// More than all buffers between the two ends hold.
const MUCH: usize = 24 << 20;

/// A command without a terminal on this side.
struct Case {
    name: &'static str,
    words: &'static [&'static str],
    /// What its input is; nothing is the null device.
    input: Option<fn() -> Vec<u8>>,
}

const fn case(name: &'static str, words: &'static [&'static str]) -> Case {
    Case { name, words, input: None }
}

const fn fed(name: &'static str, words: &'static [&'static str], input: fn() -> Vec<u8>) -> Case {
    Case { name, words, input: Some(input) }
}

/// What ssh and the program must agree on.
const ALIKE: [Case; 23] = [
    case("nothing", &["true"]),
    case("status 1", &["false"]),
    case("status 3", &["exit 3"]),
    case("status 255", &["exit 255"]),
    case("status after output", &["echo out; echo err >&2; exit 7"]),
    case("only to stderr", &["echo err >&2"]),
    case("words are joined", &["echo", "one   two", "'three   four'"]),
    case("no such command", &["/no/such/command"]),
    case("stdin at its end", &["cat; echo over"]),
    fed("stdin has an end", &["wc -c"], || b"abc".to_vec()),
    fed("every byte both ways", &["cat"], every_byte),
    fed("every byte to stderr", &["cat >&2"], every_byte),
    fed("empty lines and no last newline", &["cat"], || b"\n\n\r\n~.\n~?\n\x03\x04x".to_vec()),
    fed("much input, read late", &["sleep 1; sha256sum"], much),
    fed("much input both ways", &["cat"], much),
    fed("input never read", &["true"], much),
    fed("input hardly read", &["head -c 10; exit 5"], much),
    fed("input not passed on", &["-n", "cat; echo over"], || b"abc".to_vec()),
    case("stdout closed", &["exec >&-; sleep 0.3; echo err >&2; exit 4"]),
    case("both closed", &["exec >&- 2>&-; sleep 0.3; exit 6"]),
    case("much to both", &["seq 300000; seq 100000 >&2"]),
    case("no terminal asked for", &["-T", "tty; test -t 1 || echo none"]),
    case("arguments after the host", &["printf '%s,' a\\ b \"$HOME\" '*'"]),
];

fn every_byte() -> Vec<u8> {
    (0..=255).cycle().take(70_000).collect()
}

fn much() -> Vec<u8> {
    (0..MUCH as u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Runs everything; returns what was wrong.
pub(crate) fn run(program: &Program) -> Result<Vec<String>, Trouble> {
    let place = Place::new(Profile::Lan, program)?;
    crate::transfers::bring_the_keeper(program)?;
    let mut complaints = Vec::new();
    let mut note = |name: &str, result: Result<(), Trouble>| match result {
        Ok(()) => eprintln!("alike: {name}"),
        Err(trouble) => complaints.push(format!("{name}: {trouble}")),
    };
    for options in [&[][..], &["--no-udp"]] {
        for case in &ALIKE {
            note(&format!("{} {options:?}", case.name), alike(&place, case, options));
        }
    }
    note("death by signal", death_by_signal(&place));
    note("stdin left for the next with -n", stdin_left(&place));
    note("reader gone", reader_gone(&place));
    note("stdin and stdout are files", files(&place));
    note("terminals", terminals(&place));
    if !complaints.is_empty() {
        eprintln!("{}", place.logs());
    }
    Ok(complaints)
}

fn alike(place: &Place, case: &Case, options: &[&str]) -> Result<(), Trouble> {
    let at = case.words.iter().take_while(|word| word.starts_with('-')).count();
    let (flags, command) = case.words.split_at(at);
    let outcome = |program: &str, options: &[&str]| {
        let words = [options, flags, &["lab"], command].concat();
        self::output(place.shell(program, &words), case.input)
    };
    let (ssh, ours) = (outcome("ssh", &[])?, outcome(place.abide(), options)?);
    for (what, ssh, ours) in
        [("stdout", &ssh.stdout, &ours.stdout), ("stderr", &ssh.stderr, &ours.stderr)]
    {
        if ssh != ours {
            return Err(format!("{what} is {}, under ssh {}", brief(ours), brief(ssh)).into());
        }
    }
    if ssh.status != ours.status {
        return Err(format!("ended by {}, under ssh by {}", ours.status, ssh.status).into());
    }
    Ok(())
}

fn output(command: Command, input: Option<fn() -> Vec<u8>>) -> Result<Output, Trouble> {
    crate::place::run(command, input.map(|make| make()), LIMIT)
}

fn brief(bytes: &[u8]) -> String {
    format!("{} bytes \"{}\"", bytes.len(), bytes[..bytes.len().min(200)].escape_ascii())
}

/// ssh says nothing of a signal; the status alone would leave people guessing.
fn death_by_signal(place: &Place) -> Result<(), Trouble> {
    let command = place.shell(place.abide(), &["lab", "echo so far; kill -TERM $$"]);
    let output = run_plain(command)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let right = output.status.code() == Some(255)
        && output.stdout == b"so far\n"
        && said.lines().count() == 1
        && said.contains("SIGTERM");
    if right { Ok(()) } else { Err(format!("{output:?}").into()) }
}

/// What `-n` leaves unread belongs to whoever reads next.
fn stdin_left(place: &Place) -> Result<(), Trouble> {
    let line = format!("{} -n lab true; cat", place.abide_line());
    let mut command = place.command("sh");
    command.args(["-c", &line]);
    let output = crate::place::run(command, Some(b"all of it".to_vec()), LIMIT)?;
    if output.stdout == b"all of it" { Ok(()) } else { Err(format!("{output:?}").into()) }
}

/// A reader that goes away ends the client, and the command at the other end with it.
fn reader_gone(place: &Place) -> Result<(), Trouble> {
    let mark = place.path("ended");
    let far = format!("yes; echo $? >{}", mark.display());
    let line = format!("{} lab '{far}' | head -n 3", place.abide_line());
    let mut command = place.command("sh");
    command.args(["-c", &line]);
    let output = run_plain(command)?;
    if output.stdout != b"y\ny\ny\n" {
        return Err(format!("{output:?}").into());
    }
    crate::place::wait_until("the command's end", LIMIT, || {
        Ok(mark.exists() || keeper_count(place) == 0)
    })
}

fn keeper_count(place: &Place) -> usize {
    let entries = std::fs::read_dir(place.path("run")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|it| it == "sock")).count()
}

fn files(place: &Place) -> Result<(), Trouble> {
    let (source, copy) = (place.path("source"), place.path("copy"));
    random_file(&source, 3_000_000)?;
    let mut command = place.shell(place.abide(), &["lab", "cat"]);
    command.stdin(File::open(&source)?).stdout(File::create(&copy)?);
    let status = wait_exit(&mut command.spawn()?, LIMIT)?;
    if !status.success() {
        return Err(status.to_string().into());
    }
    same(&source, &copy)
}

/// `-t`, `-T` and neither, on a terminal; and `-t`, `-tt` without one.
fn terminals(place: &Place) -> Result<(), Trouble> {
    let ask = "tty; exit 3";
    for (words, wants) in [(&["-t"][..], true), (&["-T"][..], false), (&[][..], false)] {
        let words = [words, &["lab", ask]].concat();
        let terminal = Terminal::start(&place.shell(place.abide(), &words))?;
        let exit = terminal.wait_exit(LIMIT)?;
        let text = terminal.text();
        if exit != Exit::Code(3) || text.contains("/dev/pts/") != wants {
            return Err(format!("{words:?} on a terminal: {exit:?}, {text:?}").into());
        }
    }
    let once = run_plain(place.shell(place.abide(), &["-t", "lab", ask]))?;
    let said = String::from_utf8_lossy(&once.stderr);
    if once.stdout != b"not a tty\n" || !said.contains("not be allocated") {
        return Err(format!("-t without a terminal: {once:?}").into());
    }
    let twice = run_plain(place.shell(place.abide(), &["-tt", "lab", ask]))?;
    if !twice.stdout.starts_with(b"/dev/pts/") || twice.status.code() != Some(3) {
        return Err(format!("-tt without a terminal: {twice:?}").into());
    }
    Ok(())
}

fn run_plain(command: Command) -> Result<Output, Trouble> {
    self::output(command, None)
}
