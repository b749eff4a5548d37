//! Killed with SIGKILL at every step, and at random moments: the old file or the new one is there,
//! whole, and the journal tells which.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use abide_store::{
    Content, Digest, Journal, OperationId, Original, Outcome, Standing, Step, leftover, replace,
    standing,
};
use rustix::process::{Pid, Signal, getpid, kill_process};
use support::Scratch;

/// How the child is told what to do; only this test sets it.
const TASK: &str = "ABIDE_STORE_TEST_TASK";
/// Large enough that it is not written at one stroke.
const SIZE: usize = 300 * 1024;
/// Rounds of killing at a random moment.
const ROUNDS: u32 = 150;
/// A child that does not end by then is a failure.
const LIMIT: Duration = Duration::from_secs(30);

fn old() -> Vec<u8> {
    b"old\n".repeat(SIZE / 4)
}

fn new() -> Vec<u8> {
    b"new\n".repeat(SIZE / 4)
}

/// One operation as programs make it; `die` kills at its step.
fn operate(folder: &Path, to: Vec<u8>, die: Option<Step>) {
    let file = folder.join("config");
    let journal: Journal<String> = Journal::open(&folder.join("journal")).unwrap();
    let original = Original::read(&file).unwrap();
    let mut watch = |step| {
        if die == Some(step) {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
    };
    let after = Content::Present(to.clone());
    let operation =
        journal.begin(&file, &original.content, &after, "x".into(), &mut watch).unwrap();
    replace(&original, &to, &operation.mark(), &mut watch).unwrap();
    operation.settle(Outcome::Done, &mut watch).unwrap();
}

/// Not a test of its own: what the child of the other two does.
#[test]
fn child() {
    let Some(task) = std::env::var_os(TASK) else { return };
    let task = task.into_string().unwrap();
    let (step, folder) = task.split_once(' ').unwrap();
    let folder = Path::new(folder);
    match step.parse::<usize>() {
        Ok(step) => operate(folder, new(), Some(Step::ALL[step])),
        Err(_) => loop {
            let is_old = fs::read(folder.join("config")).unwrap() == old();
            operate(folder, if is_old { new() } else { old() }, None);
        },
    }
}

fn start(task: &str, folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture"])
        .env(TASK, format!("{task} {}", folder.display()));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn prepare() -> (Scratch, PathBuf) {
    let scratch = Scratch::new();
    let file = scratch.join("config");
    fs::write(&file, old()).unwrap();
    (scratch, file)
}

/// What the newest operation of the journal says, compared with what the file holds.
fn judge(folder: &Path, file: &Path, when: &str) -> Option<Standing> {
    let bytes = fs::read(file).unwrap();
    assert!(bytes == old() || bytes == new(), "{when}: a mixture of {} bytes", bytes.len());
    let journal: Journal<String> = Journal::open(&folder.join("journal")).unwrap();
    let record = journal.list().unwrap().pop()?.unwrap();
    let stands = standing(&record, journal.progress(record.id), Some(Some(Digest::of(&bytes))));
    let known = matches!(stands, Standing::Done | Standing::DoneUnrecorded | Standing::NotDone);
    assert!(known, "{when}: the journal does not know: {stands:?}");
    let (before, after) = journal.contents(&record).unwrap();
    assert!(before.bytes().is_some() && after.bytes().is_some());
    Some(stands)
}

#[test]
fn at_every_step_the_file_is_whole_and_the_journal_knows() {
    for (number, step) in Step::ALL.into_iter().enumerate() {
        let (scratch, file) = prepare();
        let mut child = start(&number.to_string(), scratch.path());
        let status = child.wait().unwrap();
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(signal, Some(Signal::KILL.as_raw()), "{step:?}: {status}");
        let when = format!("{step:?}");
        let expected = match step {
            Step::FolderMade | Step::BackupsKept => None,
            Step::IntentWritten
            | Step::FreshMade
            | Step::FreshWritten
            | Step::FreshLike
            | Step::FreshSynced => Some(Standing::NotDone),
            Step::Renamed | Step::FolderSynced => Some(Standing::DoneUnrecorded),
            Step::OutcomeWritten => Some(Standing::Done),
        };
        assert_eq!(judge(scratch.path(), &file, &when), expected, "{when}");
        // The next one is not hindered by what was left, and a leftover is known by its mark.
        operate(scratch.path(), old(), None);
        let _ = fs::remove_file(leftover(&file, &OperationId(1).to_string()));
        let names: Vec<_> =
            fs::read_dir(scratch.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{when}: {names:?}");
    }
}

#[test]
fn at_any_moment_the_file_is_whole_and_the_journal_knows() {
    let (scratch, file) = prepare();
    let mut seen = std::collections::BTreeMap::new();
    for round in 0..ROUNDS {
        let before = newest(scratch.path());
        let mut child = start("loop", scratch.path());
        // It is at work once it has written something down; then at any moment of the next 20 ms.
        let begun = abide_host::clock::now();
        while newest(scratch.path()) == before {
            assert!(waited(begun) < LIMIT, "the child does nothing");
            std::thread::yield_now();
        }
        let random = u32::from_ne_bytes(abide_host::random::bytes()) % 20_000;
        let (now, moment) = (abide_host::clock::now(), Duration::from_micros(random.into()));
        while waited(now) < moment {
            std::hint::spin_loop();
        }
        let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        child.wait().unwrap();
        let stands = judge(scratch.path(), &file, &format!("round {round}"));
        *seen.entry(format!("{stands:?}")).or_insert(0) += 1;
    }
    eprintln!("{ROUNDS} kills: {seen:?}");
    assert!(seen.len() > 1, "the moments were not random: {seen:?}");
}

fn newest(folder: &Path) -> Option<String> {
    let names = fs::read_dir(folder.join("journal/operations")).ok()?;
    let names = names.filter_map(|it| it.ok()?.file_name().into_string().ok());
    names.filter(|name| name.parse::<u64>().is_ok()).max()
}

fn waited(since: abide_terms::Moment) -> Duration {
    Duration::from_nanos(abide_host::clock::now().as_nanos() - since.as_nanos())
}
