//! Output that is skipped, and what is kept of it: the whole program against a real sshd.

#[path = "../far/mod.rs"]
mod far;
mod narrow;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use abide_host::clock;
use abide_host::pty::Size;
use abide_lab::Terminal;

use far::{Far, LIMIT, make_ready, wait_until};
use narrow::narrow;

/// What a slow mobile connection carries.
const SLOW: u32 = 125_000;
/// Lines of a text that takes twenty seconds on it.
const LINES: usize = 40_000;

/// A shell over a narrow path, without UDP, and a text to print on the far side.
fn shell_over(far: &Far, path: u16, words: &[&str]) -> Terminal {
    let port = path.to_string();
    let known = "HostKeyAlias=[127.0.0.1]:".to_owned() + &far.port.to_string();
    let line = [&["--no-udp"], words, &["-o", &known, "-p", &port, "far"]].concat();
    let terminal = far.terminal(&line);
    make_ready(&terminal);
    terminal
}

/// Five digits in a row may be those of a port, which are not told apart.
fn number(n: usize) -> String {
    format!("{:03}-{:03}", n / 1000, n % 1000)
}

fn text(far: &Far, lines: usize) -> String {
    let path = far.path("text");
    let lines: String = (0..lines)
        .map(|n| format!("{} the quick brown fox jumps over a lazy dog\n", number(n)))
        .collect();
    std::fs::write(&path, lines).expect("a file");
    path.display().to_string()
}

/// The keeper is there already: a narrow path would take minutes for it.
fn with_keeper(far: &Far) {
    let terminal = far.shell(&["far"]);
    terminal.send("exit\r").expect("typed");
    terminal.wait_exit(LIMIT).expect("an end");
}

fn numbers(text: &str) -> Vec<usize> {
    let lines = text.lines().filter(|line| line.contains("the quick brown fox"));
    let number = |line: &str| line.trim_start_matches('\r').get(..7)?.replace('-', "").parse().ok();
    lines.filter_map(number).collect()
}

/// What is written between two lines.
fn around<'a>(log: &'a str, gap: Option<&[usize]>) -> &'a str {
    let Some([from, to]) = gap else { return "" };
    let at = |n: &usize| log.find(&number(*n)).unwrap_or_default();
    log.get(at(from)..at(to)).unwrap_or_default()
}

#[test]
fn what_a_narrow_path_cannot_carry_is_skipped_and_kept() {
    let far = Far::start();
    with_keeper(&far);
    let terminal = shell_over(&far, narrow(far.port, SLOW), &[]);
    let mark = terminal.len();
    let began = clock::now();
    terminal.send(format!("cat {}; echo ha''lt\r", text(&far, LINES))).expect("typed");
    terminal.wait_for_after(mark, "halt\r\n", LIMIT).expect("the end of it");
    let took = clock::now().since(began);
    assert!(took < Duration::from_secs(8), "it took {took:?}, and 16 s without skipping");
    let shown = String::from_utf8_lossy(&terminal.bytes()[mark..]).into_owned();
    assert!(shown.contains("lines were skipped: ~s at the start of a line shows"), "{shown}");
    let shown = numbers(&shown);
    assert!(shown.is_sorted(), "in order, and none twice");
    assert_eq!(shown.last(), Some(&(LINES - 1)));
    assert!(shown.len() > 500, "the last lines are in the scrollback: {}", shown.len());
    // What is kept is there in full.
    let log = far.says_of(far.there(&["log", "--plain"]));
    let kept = numbers(&log);
    assert!(kept.len() > 9_900, "{}", kept.len());
    let gap = kept.windows(2).find(|pair| pair[1] != pair[0] + 1);
    assert_eq!(gap, None, "each line once, at{}", around(&log, gap));
    assert_eq!(kept.last(), Some(&(LINES - 1)));
}

#[test]
fn an_interrupt_is_not_kept_waiting_by_what_was_printed() {
    let far = Far::start();
    with_keeper(&far);
    let terminal = shell_over(&far, narrow(far.port, SLOW), &[]);
    let mark = terminal.len();
    terminal.send(format!("cat {0} {0} {0}\r", text(&far, LINES))).expect("typed");
    terminal.wait_for_after(mark, "000-300 the quick", LIMIT).expect("the text");
    let mark = terminal.len();
    let began = clock::now();
    terminal.send("\x03").expect("typed");
    terminal.wait_for_after(mark, "\n$", LIMIT).expect("a prompt");
    let took = clock::now().since(began);
    assert!(took < Duration::from_secs(10), "{took:?}: the buffer alone takes 30 s");
    let mark = terminal.len();
    terminal.send("echo us''able\r").expect("typed");
    terminal.wait_for_after(mark, "usable\r\n", LIMIT).expect("the shell");
}

#[test]
fn exact_output_is_never_skipped() {
    let far = Far::start();
    with_keeper(&far);
    // It takes four seconds on this path.
    let terminal = shell_over(&far, narrow(far.port, SLOW / 2), &["--output", "exact"]);
    let mark = terminal.len();
    terminal.send(format!("cat {}; echo ha''lt\r", text(&far, LINES / 10))).expect("typed");
    terminal.wait_for_after(mark, "halt\r\n", LIMIT).expect("the end of it");
    let shown = numbers(&String::from_utf8_lossy(&terminal.bytes()[mark..]));
    assert!(shown.into_iter().eq(0..LINES / 10), "every line");
}

#[test]
fn the_log_of_a_session_here_and_on_a_host() {
    let far = Far::start();
    let terminal = far.shell(&["--name", "work", "far"]);
    let mark = terminal.len();
    terminal
        .send("for n in {1..300}; do echo line-$n; done; printf '\\e[31mred\\e[m\\n'\r")
        .expect("typed");
    // Not the word that is echoed while it is typed.
    terminal.wait_for_after(mark, "\x1b[31mred", LIMIT).expect("printed");
    for said in [far.says_of(far.there(&["log"])), far.says(&["log", "far"])] {
        assert!(said.contains("\nline-1\nline-2\n") && said.contains("\nline-300\n"), "{said}");
        assert!(said.contains("\x1b[;31mred\x1b[m"), "{said}");
        assert!(said.ends_with("--\n=0"), "{said}");
    }
    let last = far.says(&["log", "-n", "3", "--plain", "far", "work"]);
    assert_eq!(last, "line-300\nred\n$\n--\n=0");
    let said = far.says(&["log", "far", "play"]);
    assert!(said.starts_with("--\nerror: there is no session `play`"), "{said}");
    let mut reader = Command::new("sh");
    let program = far.there(&["log"]);
    let line = format!("{} log | head -n 1", program.get_program().to_string_lossy());
    reader.args(["-c", &line]).env("ABIDE_RUNTIME_DIR", far.path("run"));
    let said = reader.output().expect("a pipe");
    assert!(said.stderr.is_empty(), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn the_scrollback_in_a_pager() {
    let far = Far::start();
    let pager = far.path("pager");
    let script = format!(
        "#!/bin/sh\ncat >{}\necho in the pager\nread key </dev/tty\n",
        far.path("paged").display()
    );
    std::fs::write(&pager, script).expect("a file");
    std::fs::set_permissions(&pager, std::fs::Permissions::from_mode(0o755)).expect("a program");
    let mut command = far.command(&["far"]);
    command.env("PAGER", &pager);
    let terminal = Terminal::start(&command).expect("a terminal");
    make_ready(&terminal);
    let go = far.path("go").display().to_string();
    let wait = format!("until [ -e {go} ]; do sleep 0.05; done; echo mean''while; touch {go}.done");
    terminal
        .send(format!("for n in {{1..300}}; do echo line-$n; done; ({wait}) &\r"))
        .expect("typed");
    terminal.wait_for_after(0, "line-300\r\n", LIMIT).expect("printed");
    let mark = terminal.len();
    terminal.send("\r~s").expect("typed");
    terminal.wait_for_after(mark, "in the pager", LIMIT).expect("a pager");
    let paged = std::fs::read_to_string(far.path("paged")).expect("what it was given");
    assert!(paged.contains("line-1\nline-2\n") && paged.contains("line-300\n"), "{paged}");
    // What is typed is the pager's, and output waits.
    std::fs::write(&go, "").expect("a file");
    wait_until("the output", || far.path("go.done").exists());
    assert!(!terminal.text().contains("meanwhile\r\n"), "{}", terminal.text());
    let mark = terminal.len();
    terminal.send("\n").expect("typed");
    terminal.wait_for_after(mark, "meanwhile\r\n", LIMIT).expect("the output that waited");
    let mark = terminal.len();
    terminal.send("\recho al''ive\r").expect("typed");
    terminal.wait_for_after(mark, "alive\r\n", LIMIT).expect("the session");
}

#[test]
fn programs_redraw_on_a_terminal_of_another_size() {
    let far = Far::start();
    let terminal = far.shell(&["far"]);
    let text = text(&far, 100);
    let small = Size { rows: 15, cols: 50, ..Size::default() };
    for (program, sign, quit) in [
        (format!("less {text}"), "000-010 the quick brown fox jumps over a lazy ", "q"),
        (format!("vim -u NONE {text}"), "000-010 the quick brown fox jumps over a lazy ", ":q!\r"),
    ] {
        terminal.send(format!("{program}\r")).expect("typed");
        terminal.wait_for_after(0, "000-020 the", LIMIT).expect("a page");
        let command = far.command(&["attach", "far"]);
        let back = Terminal::start_sized(&command, small).expect("a terminal");
        let shows = |bytes: &[u8]| {
            let mut seen = vt100::Parser::new(side(15), side(50), 0);
            seen.process(bytes);
            let rows: Vec<String> = seen.screen().rows(0, 50).collect();
            let page = rows.iter().any(|row| row.starts_with(sign));
            (page && seen.screen().alternate_screen()).then_some(())
        };
        back.wait_for(LIMIT, shows).expect("the page, in its own size");
        back.send(quit).expect("typed");
        back.wait_for(LIMIT, |bytes| {
            let mut seen = vt100::Parser::new(side(15), side(50), 0);
            seen.process(bytes);
            (!seen.screen().alternate_screen()).then_some(())
        })
        .expect("the shell");
        back.send("\r~d").expect("typed");
        back.wait_exit(LIMIT).expect("an end");
    }
}

fn side(side: u16) -> std::num::NonZeroU16 {
    side.try_into().expect("not zero")
}
