//! Every error that a person may meet, word for word: stdout, `--`, stderr, `=` and the exit status of
//! the real program against a real sshd.

#[path = "../far/mod.rs"]
mod far;
mod keepers;
mod lines;
mod places;
mod roads;
mod sessions;

use abide_host::child::Exit;
use abide_lab::Terminal;
use far::{Far, LIMIT};

/// Both texts in full when they differ.
#[track_caller]
fn expect(said: String, expected: &str) {
    assert!(said == expected, "\nsaid:\n{said}\n\nexpected:\n{expected}");
}

/// What a terminal showed until the program ended, and how it ended.
fn shown(far: &Far, terminal: &Terminal) -> String {
    let exit = terminal.wait_exit(LIMIT).expect("an end");
    let Exit::Code(code) = exit else { panic!("{exit:?}") };
    format!("{}={code}", far.plain(&terminal.text()))
}

/// The same, from the words on that follow the restoring of a terminal's modes.
fn last_shown(far: &Far, terminal: &Terminal) -> String {
    let text = shown(far, terminal);
    text.rsplit_once("\x1b8\n").map_or(text.clone(), |(_, last)| last.to_owned())
}

const SENDING: &str = "abide: sending the keeper (";

/// Without the line about the upload, whose size changes from build to build.
fn without_upload(said: &str) -> String {
    said.lines().filter(|line| !line.starts_with(SENDING)).collect::<Vec<_>>().join("\n")
}
