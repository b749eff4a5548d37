//! Fidelity: what real programs write reaches the person's terminal byte for byte, and what the
//! terminal sends reaches the program byte for byte, through the real program and a real sshd.
//! Nothing between the two ends interprets, re-renders, reorders or adds.

#[path = "../far/mod.rs"]
mod far;
mod sequences;

use far::{Far, LIMIT};
use sequences::{TYPED, Writing, all};

/// Sizes of the pieces in which the far end writes: all at once, and so that every sequence and
/// character is torn in two somewhere.
const PIECES: [usize; 3] = [1 << 20, 7, 61];
const BEGIN: &[u8] = b"<begin>";
const END: &[u8] = b"<end>";

#[test]
fn what_programs_write_is_shown_byte_for_byte() {
    let far = Far::start();
    let writings = all();
    let written: Vec<u8> = writings.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    std::fs::write(far.path("written"), &written).expect("written");
    for carrier in [&[][..], &["--no-udp"]] {
        for piece in PIECES {
            let line = format!(
                "stty raw -echo; printf '<beg''in>'; dd if={} bs={piece} status=none; printf '<e''nd>'",
                far.path("written").display()
            );
            let words = [carrier, &["-t", "far", &line]].concat();
            let terminal = far.terminal(&words);
            terminal.wait_exit(LIMIT).expect("an end");
            let shown = between(&terminal.bytes());
            let place = format!("{carrier:?}, pieces of {piece}");
            assert_same(&shown, &written, &writings, &place);
        }
    }
}

#[test]
fn what_a_terminal_sends_is_read_byte_for_byte() {
    let far = Far::start();
    let wanted = TYPED.repeat(20);
    for carrier in [&[][..], &["--no-udp"]] {
        let (arrived, count) = (far.path("arrived"), wanted.len());
        let line = format!(
            "stty raw -echo; echo rea''dy; head -c {count} >{}; echo do''ne",
            arrived.display()
        );
        // Without an escape character, as its commands would be taken out.
        let terminal = far.terminal(&[carrier, &["-e", "none", "-t", "far", &line]].concat());
        terminal.wait_for_after(0, "ready", LIMIT).expect("ready");
        // As a terminal would, to the client's own question: that answer is the client's.
        terminal.wait_for_after(0, "\x1b[6n", LIMIT).expect("a question");
        terminal.send("\x1b[1;1R").expect("answered");
        // Torn anywhere, and with pauses of the reader's making.
        wanted.chunks(11).for_each(|bytes| terminal.send(bytes).expect("typed"));
        terminal.wait_for_after(0, "done", LIMIT).expect("all of it");
        let read = std::fs::read(&arrived).expect("arrived");
        assert!(read == wanted, "{carrier:?}: \"{}\"", read.escape_ascii());
        terminal.wait_exit(LIMIT).expect("an end");
    }
}

/// What stands between the marks.
fn between(bytes: &[u8]) -> Vec<u8> {
    let find = |wanted: &[u8]| bytes.windows(wanted.len()).position(|it| it == wanted);
    let begin = find(BEGIN).unwrap_or_else(|| panic!("never began: {}", bytes.escape_ascii()));
    let end = find(END).unwrap_or(bytes.len());
    bytes[begin + BEGIN.len()..end].to_vec()
}

/// Fails with the name of the first writing that was changed, and how.
fn assert_same(shown: &[u8], written: &[u8], writings: &[Writing], place: &str) {
    const AROUND: usize = 40;
    if shown == written {
        return;
    }
    let at = shown.iter().zip(written).take_while(|(one, other)| one == other).count();
    let mut end = 0;
    let in_it = |(_, bytes): &&Writing| {
        end += bytes.len();
        at < end
    };
    let name = writings.iter().find(in_it).map_or("the end", |(name, _)| *name);
    let near = |bytes: &[u8]| {
        let to = bytes.len().min(at + AROUND);
        bytes[at.saturating_sub(AROUND).min(to)..to].escape_ascii().to_string()
    };
    panic!(
        "{place}: {name} was changed at byte {at} ({} bytes shown, {} written)\n  shown: {}\nwritten: {}",
        shown.len(),
        written.len(),
        near(shown),
        near(written)
    );
}
