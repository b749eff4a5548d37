//! Sessions on a terminal, through the real program and a real sshd: what the program inside sees,
//! the escape character, coming back, several clients, and the order in which the terminal is left.

mod far;

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use abide_host::child::Exit;
use abide_host::clock;
use abide_host::pty::Size;
use abide_lab::Terminal;
use far::{Far, LIMIT, Setup, children, kill, make_ready, wait_until};
use rustix::process::{Pid, Signal, kill_process_group};

const SMALL: Size = Size { rows: 20, cols: 60, xpixel: 0, ypixel: 0 };
const LARGE: Size = Size { rows: 40, cols: 120, xpixel: 0, ypixel: 0 };

/// Runs a line in a shell on a terminal; what it printed.
fn answer(terminal: &Terminal, line: &str) -> String {
    let mark = terminal.len();
    // Quoted so that the echo of what is typed is not taken for the answer.
    terminal.send(format!("{line}; echo '<'e''nd'>'\r")).expect("typed");
    let end = terminal.wait_for_after(mark, "<end>", LIMIT).expect("an answer");
    let text = String::from_utf8_lossy(&terminal.bytes()[mark..end]).replace('\r', "");
    let (_, answer) = text.rsplit_once("'>'\n").expect("an echo before it");
    answer.trim_end_matches("<end>").trim().to_owned()
}

/// The visible lines of a terminal of that size after these bytes, without empty ones at the end.
fn screen(bytes: &[u8], size: Size) -> Vec<String> {
    let side = |side: u16| std::num::NonZeroU16::new(side).expect("not zero");
    let mut parser = vt100::Parser::new(side(size.rows), side(size.cols), 0);
    parser.process(bytes);
    let mut lines: Vec<String> =
        parser.screen().rows(0, size.cols).map(|line| line.trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn detach(far: &Far, terminal: &Terminal) {
    terminal.send("\r~d").expect("typed");
    assert_eq!(terminal.wait_exit(LIMIT).expect("an end"), Exit::Code(0));
    assert!(terminal.text().contains("it goes on: abide attach -F "), "{}", terminal.text());
    wait_until("nobody being attached", || {
        far.sessions()[0]["clients"].as_array().is_some_and(Vec::is_empty)
    });
}

#[test]
fn the_program_sees_what_a_login_sees() {
    let far = Far::start_with(&Setup { config: "AcceptEnv LANG LC_*", ..Setup::default() });
    let mut command = far.command(&["-o", "SendEnv=LANG", "far"]);
    command.env("LANG", "de_DE.UTF-8").env("TERM", "screen-256color");
    let terminal = Terminal::start_sized(&command, LARGE).expect("a terminal");
    make_ready(&terminal);
    let facts = answer(&terminal, "echo \"$TERM $LANG $0 $PWD $(stty size) $SHLVL\"");
    assert_eq!(facts, "screen-256color de_DE.UTF-8 -bash /root 40 120 1");
    assert_eq!(answer(&terminal, "[ \"$SSH_TTY\" = \"$(tty)\" ] && echo same"), "same");
    assert_eq!(answer(&terminal, "echo ${SSH_CONNECTION%% *}"), "127.0.0.1");
    assert_eq!(answer(&terminal, "env | grep -c ^ABIDE_READY; umask"), "0\n0022");
    // Not the shell itself: it puts a trap off that comes while it turns to its prompt.
    let mark = terminal.len();
    let line =
        "bash -c 'trap \"echo w=\\$(stty size)\" WINCH; echo rea''dy; while sleep 0.1; do :; done'";
    terminal.send(format!("{line}\r")).expect("typed");
    terminal.wait_for_after(mark, "ready", LIMIT).expect("a program");
    let mark = terminal.len();
    terminal.resize(SMALL).expect("resized");
    terminal.wait_for_after(mark, "w=20 60", LIMIT).expect("SIGWINCH and the size");
    let mark = terminal.len();
    terminal.send("\x03").expect("typed");
    terminal.wait_for_after(mark, "$ ", LIMIT).expect("a prompt");
    terminal.send("exit 5\r").expect("typed");
    assert_eq!(terminal.wait_exit(LIMIT).expect("an end"), Exit::Code(5));
    far.wait_until_gone();
}

#[test]
fn signals_typed_at_a_terminal_reach_the_program() {
    let far = Far::start();
    let terminal = far.shell(&["far"]);
    let mark = terminal.len();
    // An interrupt typed before the shell has handed its terminal to the program is the shell's.
    terminal.send("sh -c 'echo run''ning; exec sleep 1000'\r").expect("typed");
    terminal.wait_for_after(mark, "running", LIMIT).expect("a program");
    terminal.send("\x03").expect("typed");
    terminal.wait_for_after(mark, "^C", LIMIT).expect("an interrupt");
    assert_eq!(answer(&terminal, "echo $?"), "130");
    // Before its prompt the shell reads lines, and takes this for the end of an empty one.
    terminal.wait_for_after(mark, "<end>\r\n$ ", LIMIT).expect("a prompt");
    terminal.send("\x04").expect("typed");
    assert_eq!(terminal.wait_exit(LIMIT).expect("an end"), Exit::Code(0), "^D ends the shell");
}

#[test]
fn the_escape_character() {
    let far = Far::start();
    let terminal = far.shell(&["far"]);
    let mark = terminal.len();
    terminal.send("\r~?").expect("typed");
    let help = terminal.wait_for_after(mark, "the character itself", LIMIT);
    help.expect("help");
    assert_eq!(answer(&terminal, "\recho '~~x' ~~"), "~~x ~~", "not in the middle of a line");
    let mark = terminal.len();
    terminal.send("\r~~\x15").expect("typed");
    terminal.wait_for_after(mark, "~", LIMIT).expect("the character itself");
    let inner = terminal.len();
    terminal.send("\r~.").expect("typed");
    assert_eq!(terminal.wait_exit(LIMIT).expect("an end"), Exit::Code(255));
    let text = terminal.text();
    assert!(text[inner..].contains("ended: you left"), "{}", &text[inner..]);
    far.wait_until_gone();
}

#[test]
fn another_escape_character_or_none() {
    let far = Far::start();
    let terminal = far.shell(&["-e", "%", "far"]);
    assert_eq!(answer(&terminal, "~. 2>/dev/null || echo passed"), "passed");
    terminal.send("\r%.").expect("typed");
    assert_eq!(terminal.wait_exit(LIMIT).expect("an end"), Exit::Code(255));
    let terminal = far.shell(&["-e", "none", "far"]);
    terminal.send("\r").expect("typed");
    assert_eq!(answer(&terminal, "~. 2>/dev/null || echo passed"), "passed");
}

#[test]
fn the_persons_terminal_modes_are_the_programs() {
    let far = Far::start();
    let abide = env!("CARGO_BIN_EXE_abide");
    let line = format!(
        "stty erase ^H susp undef -ixon; exec {abide} -F {} far",
        far.path("config").display()
    );
    let mut command = Command::new("bash");
    command.args(["-c", &line]).env("ABIDE_RUNTIME_DIR", far.path("near"));
    let terminal = Terminal::start(&command).expect("a terminal");
    make_ready(&terminal);
    let modes =
        answer(&terminal, "stty -a | tr ';' '\\n' | grep -oE ' erase.*| susp.*|-ixon|[^-]icrnl'");
    let modes: Vec<&str> = modes.split_whitespace().collect();
    assert_eq!(modes, ["erase", "=", "^H", "susp", "=", "<undef>", "icrnl", "-ixon"]);
}

/// Runs the client under a shell which compares the terminal's modes before and after.
fn under_a_shell(far: &Far, job_control: &str) -> Terminal {
    let abide = env!("CARGO_BIN_EXE_abide");
    let config = far.path("config").display().to_string();
    let line = format!(
        "{job_control}before=$(stty -g); {abide} -F {config} far; echo \"status=$?\"; \
         [ \"$before\" = \"$(stty -g)\" ] && echo \"modes=as before\"; read wait; fg; \
         [ \"$before\" = \"$(stty -g)\" ] && echo \"modes=as before, again\""
    );
    let mut command = Command::new("bash");
    command.args(["-c", &line]).env("ABIDE_RUNTIME_DIR", far.path("near"));
    Terminal::start(&command).expect("a terminal")
}

#[test]
fn the_terminal_is_left_as_it_was() {
    let far = Far::start();
    for (signal, status) in [
        (None, "status=0"),
        (Some(Signal::TERM), "status=143"),
        (Some(Signal::HUP), "status=129"),
        (Some(Signal::INT), "status=130"),
        (Some(Signal::QUIT), "status=131"),
    ] {
        let terminal = under_a_shell(&far, "");
        make_ready(&terminal);
        let client = children(terminal.pid());
        let mark = terminal.len();
        match signal {
            None => terminal.send("exit 0\r").expect("typed"),
            Some(signal) => client.iter().for_each(|pid| kill(*pid, signal)),
        }
        terminal.wait_for_after(mark, status, LIMIT).expect("a status");
        terminal.wait_for_after(mark, "modes=as before", LIMIT).expect("the same modes");
        let goes_on = String::from_utf8_lossy(&terminal.bytes()[mark..]).contains("it goes on");
        assert_eq!(goes_on, signal.is_some(), "{}", terminal.text());
        if signal.is_some() {
            let ended = far.there(&["end", &far.session()]).status().expect("abide end");
            assert!(ended.success());
        }
        far.wait_until_gone();
    }
}

#[test]
fn suspended_and_back() {
    let far = Far::start();
    let terminal = under_a_shell(&far, "set -m; ");
    make_ready(&terminal);
    assert_eq!(answer(&terminal, "echo before the stop"), "before the stop");
    let mark = terminal.len();
    terminal.send("\r~\x1a").expect("typed");
    terminal.wait_for_after(mark, "modes=as before", LIMIT).expect("stopped, and the same modes");
    assert!(!far.sessions().is_empty());
    let mark = terminal.len();
    terminal.send("\r").expect("typed");
    terminal.wait_for_after(mark, "before the stop", LIMIT).expect("the screen again");
    assert_eq!(answer(&terminal, "echo after"), "after");
    let mark = terminal.len();
    terminal.send("exit\r").expect("typed");
    terminal.wait_for_after(mark, "modes=as before, again", LIMIT).expect("the same modes");
}

#[test]
fn detached_listed_and_attached_with_the_same_screen() {
    let far = Far::start();
    let terminal = far.shell(&["--name", "work", "far"]);
    answer(&terminal, "for n in {1..200}; do echo line-$n; done");
    detach(&far, &terminal);
    let before = screen(&terminal.bytes(), Size::default());
    let listed = far.says(&["ls", "far"]);
    assert!(listed.contains("work") && listed.contains("detached"), "{listed}");
    let back = far.terminal(&["attach", "far", "work"]);
    back.wait_for_after(0, "line-200", LIMIT).expect("the screen");
    let text = back.text();
    let order: Vec<Option<usize>> =
        [1, 50, 199].iter().map(|n| text.find(&format!("line-{n}\r"))).collect();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "the scrollback: {text}");
    assert_eq!(text.matches("line-77\r").count(), 1);
    let mark = back.len();
    back.send("\x15echo al''ive\r").expect("typed");
    back.wait_for_after(mark, "alive", LIMIT).expect("the same shell");
    let after = screen(&back.bytes(), Size::default());
    let shared = |lines: &[String]| {
        lines.iter().filter(|line| line.starts_with("line-")).cloned().collect::<Vec<_>>()
    };
    let (before, after) = (shared(&before), shared(&after));
    // The words at the end of a detached one may have scrolled a line away.
    let last = |lines: &[String]| lines.iter().rev().take(16).cloned().collect::<Vec<_>>();
    let same = last(&before) == last(&after);
    assert!(after.len() > 15 && same, "{before:?}\n{after:?}");
    assert!(far.there(&["end", "work"]).status().expect("abide end").success());
    assert_eq!(back.wait_exit(LIMIT).expect("an end"), Exit::Code(255));
    far.wait_until_gone();
}

#[test]
fn what_is_printed_meanwhile_is_there_on_attach() {
    let far = Far::start();
    let terminal = far.shell(&["far"]);
    let go = far.path("go");
    let line = format!(
        "until [ -e {0} ]; do sleep 0.05; done; echo while''-away; touch {0}.done",
        go.display()
    );
    terminal.send(format!("{line}\r")).expect("typed");
    terminal.wait_for_after(0, ".done", LIMIT).expect("an echo");
    // ~ counts at the start of a line only, and a line was just ended.
    terminal.send("~d").expect("typed");
    assert_eq!(terminal.wait_exit(LIMIT).expect("an end"), Exit::Code(0));
    std::fs::write(&go, "").expect("a file");
    wait_until("the output", || far.path("go.done").exists());
    let back = far.terminal(&["attach", "far"]);
    back.wait_for_after(0, "while-away\r\n", LIMIT).expect("what was printed meanwhile");
}

#[test]
fn two_clients_see_the_same_and_the_latest_typer_decides_the_size() {
    let far = Far::start();
    let first = Terminal::start_sized(&far.command(&["far"]), LARGE).expect("a terminal");
    make_ready(&first);
    let second = far.command(&["attach", "far"]);
    let second = Terminal::start_sized(&second, SMALL).expect("a terminal");
    second.wait_for_after(0, "$ ", LIMIT).expect("a prompt");
    wait_until("both being attached", || {
        far.sessions()[0]["clients"].as_array().is_some_and(|clients| clients.len() == 2)
    });
    assert_eq!(answer(&first, "stty size"), "40 120");
    second.wait_for_after(0, "<end>", LIMIT).expect("the other's output");
    let mark = first.len();
    assert_eq!(answer(&second, "stty size; echo from the second"), "20 60\nfrom the second");
    first.wait_for_after(mark, "from the second\r\n", LIMIT).expect("the other's output");
    assert_eq!(answer(&first, "stty size"), "40 120");
    // One leaves: the other stays.
    second.send("\r~d").expect("typed");
    assert_eq!(second.wait_exit(LIMIT).expect("an end"), Exit::Code(0));
    assert_eq!(answer(&first, "echo still here"), "still here");
}

#[test]
fn attach_takes_over_and_says_so() {
    let far = Far::start();
    let first = far.shell(&["far"]);
    answer(&first, "echo from the first");
    let second = far.terminal(&["attach", "-d", "far"]);
    second.wait_for_after(0, "from the first", LIMIT).expect("the screen");
    assert_eq!(first.wait_exit(LIMIT).expect("an end"), Exit::Code(255));
    let text = first.text();
    assert!(text.contains(" took it over; back with: abide attach -F "), "{text}");
    assert_eq!(answer(&second, "echo mine"), "mine");
    assert_eq!(far.sessions()[0]["clients"].as_array().map(Vec::len), Some(1));
}

#[test]
fn attach_on_the_machine_itself() {
    let far = Far::start();
    let first = far.shell(&["far"]);
    answer(&first, "echo from afar");
    let here = Terminal::start(&far.there(&["attach"])).expect("a terminal");
    here.wait_for_after(0, "from afar", LIMIT).expect("the screen");
    let mark = first.len();
    assert_eq!(answer(&here, "echo from here"), "from here");
    first.wait_for_after(mark, "from here\r\n", LIMIT).expect("the other's output");
    here.send("\r~d").expect("typed");
    assert_eq!(here.wait_exit(LIMIT).expect("an end"), Exit::Code(0));
    assert_eq!(answer(&first, "echo still here"), "still here");
}

#[test]
fn an_application_on_the_other_screen_survives_attach() {
    let far = Far::start();
    let terminal = far.shell(&["far"]);
    answer(&terminal, "echo on the main screen");
    let draw = "printf '\\e[?1049h\\e[2J\\e[5;10HIN THE MIDDLE\\e[10;1H\\e[31mred\\e[m'; read x; \
        printf '\\e[?1049l'; echo left''-it";
    terminal.send(format!("{draw}\r")).expect("typed");
    terminal.wait_for_after(0, "\x1b[31mred", LIMIT).expect("drawn");
    terminal.send("~").expect("typed");
    terminal.send("d").expect("typed");
    assert_eq!(terminal.wait_exit(LIMIT).expect("an end"), Exit::Code(0));
    let back = far.terminal(&["attach", "far"]);
    back.wait_for_after(0, "red", LIMIT).expect("the screen");
    let lines = screen(&back.bytes(), Size::default());
    assert_eq!(lines.get(4).map(String::as_str), Some("         IN THE MIDDLE"), "{lines:?}");
    assert_eq!(lines.get(9).map(String::as_str), Some("red"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("on the main screen")), "{lines:?}");
    back.ask("\r", "left-it\r\n", LIMIT).expect("the application's end");
    let lines = screen(&back.bytes(), Size::default());
    assert!(lines.iter().any(|line| line == "on the main screen"), "the main screen: {lines:?}");
}

#[test]
fn a_terminal_that_is_closed_leaves_its_session() {
    let far = Far::start();
    let terminal = far.shell(&["far"]);
    answer(&terminal, "echo here");
    drop(terminal);
    wait_until("the session being silent or detached", || {
        let sessions = far.sessions();
        let clients = sessions[0]["clients"].as_array().expect("a list");
        clients.is_empty() || clients.iter().any(|client| !client["silent_seconds"].is_null())
    });
    let back = far.terminal(&["attach", "far"]);
    back.wait_for_after(0, "here", LIMIT).expect("the screen");
    assert_eq!(answer(&back, "\x15echo back"), "back");
}

#[test]
fn what_a_program_asks_is_answered_by_one_terminal() {
    let far = Far::start();
    let first = Terminal::start_sized(&far.command(&["far"]), LARGE).expect("a terminal");
    make_ready(&first);
    let second = far.command(&["attach", "far"]);
    let second = Terminal::start_sized(&second, SMALL).expect("a terminal");
    second.wait_for_after(0, "$ ", LIMIT).expect("a prompt");
    let heard = far.path("heard");
    let line = format!(
        "stty raw -echo; printf 'as''ked\\033[c'; head -c 7 >{}; stty sane; echo over",
        heard.display()
    );
    first.send(format!("{line}\r")).expect("typed");
    for terminal in [&first, &second] {
        terminal.wait_for_after(0, "asked\x1b[c", LIMIT).expect("a question");
    }
    // The one that did not type answers first, and is not heard; nor does its size count now.
    second.send("\x1b[?62;4c\x1b[O").expect("answered");
    first.send("\x1b[?1c").expect("answered");
    second.send("\x1b[?62;4c").expect("answered");
    let mark = first.len();
    first.send("xy").expect("typed");
    first.wait_for_after(mark, "over", LIMIT).expect("seven bytes");
    assert_eq!(std::fs::read(&heard).expect("heard"), b"\x1b[?1cxy");
    assert_eq!(answer(&first, "stty size"), "40 120");
    second.wait_for_after(0, "<end>", LIMIT).expect("the other's output");
    // When the one that led leaves, the other's size counts at once.
    first.send("\r~d").expect("typed");
    assert_eq!(first.wait_exit(LIMIT).expect("an end"), Exit::Code(0));
    assert_eq!(answer(&second, "stty size"), "20 60");
}

#[test]
fn a_dead_client_takes_nothing_with_it() {
    let far = Far::start();
    let terminal = far.shell(&["far"]);
    answer(&terminal, "x=42");
    terminal.kill9();
    terminal.wait_exit(LIMIT).expect("an end");
    let back = far.terminal(&["attach", "far"]);
    back.wait_for_after(0, "x=42", LIMIT).expect("the screen");
    assert_eq!(answer(&back, "\x15echo $x"), "42");
}

#[test]
fn a_finished_session_can_be_ended_though_its_client_never_comes_back() {
    let far = Far::start();
    let away = far.shell(&["far"]);
    let id = far.session();
    away.stop();
    let end = || assert!(far.there(&["end", &id]).status().expect("abide end").success());
    end();
    wait_until("the program's end", || far.sessions()[0]["finished"] == true);
    end();
    far.wait_until_gone();
    away.cont();
    away.wait_exit(LIMIT).expect("an end");
}

#[test]
fn an_interrupt_that_ends_ssh_as_well_ends_the_command() {
    let far = Far::start();
    let mut command = far.command(&["far", "echo in; sleep 1000"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut client = command.spawn().expect("abide");
    let mut first = [0; 3];
    let stdout = client.stdout.as_mut().expect("piped");
    std::io::Read::read_exact(stdout, &mut first).expect("output");
    // As a terminal does, and timeout(1).
    let group = i32::try_from(client.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process_group(group, Signal::INT).expect("our own");
    let output = client.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("could not be told"), "{said}");
    far.wait_until_gone();
}

#[test]
fn a_command_that_cannot_be_told_of_an_interrupt_is_named() {
    let far = Far::start();
    let mut command = far.command(&["far", "echo in; sleep 1000"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = command.spawn().expect("abide");
    let mut first = [0; 3];
    let stdout = client.stdout.as_mut().expect("piped");
    std::io::Read::read_exact(stdout, &mut first).expect("output");
    let keeper = far.keeper();
    kill(keeper, Signal::STOP);
    kill(client.id(), Signal::INT);
    let output = client.wait_with_output().expect("an end");
    kill(keeper, Signal::CONT);
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("could not be told of SIGINT") && said.contains("abide end"), "{said}");
    // It is told as soon as it runs again.
    far.wait_until_gone();
}

/// What becomes of a terminal that is asked for, with this line before the user's key, these settings of
/// sshd, and shell lines of its mount namespace.
fn terminal_with(before: &str, config: &str, inside: &str) -> (String, String) {
    let config = format!("AuthorizedKeysFile .ssh/authorized_keys\n{config}");
    let key = format!("(printf '{before}'; cat $dir/user.pub) >~root/.ssh/authorized_keys");
    let inside = format!("mkdir ~root/.ssh\n{key}\n{inside}");
    let far = Far::start_with(&Setup { config: &config, inside: &inside, ..Setup::default() });
    let mut command = far.command(&["-tt", "far", "test -t 0; echo $?"]);
    let output = command.stdin(Stdio::null()).output().expect("abide runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\r', "");
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn no_terminal_where_sshd_gives_none() {
    const FAILED: &str = "PTY allocation request failed on channel 0";
    let visible = "mount --bind $dir/sshd_config /etc/ssh/sshd_config";
    let other = r"restrict ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDummyDummyDummyDummyDummyDummyDummyDummyDum\n";
    for (before, config, inside, has_one) in [
        ("", "", "", true),
        ("restrict ", "", "", false),
        ("no-pty ", "", "", false),
        ("restrict,pty ", "", "", true),
        (other, "", "", true),
        ("", "PermitTTY no", visible, false),
        ("", "PermitTTY yes", visible, true),
    ] {
        let (out, err) = terminal_with(before, config, inside);
        let expected = if has_one { "0\n" } else { "1\n" };
        assert!(out.ends_with(expected), "[{before}] [{config}]: {out} {err}");
        assert_eq!(err.contains(FAILED), !has_one, "[{before}] [{config}]: {err}");
    }
}

/// Sockets on which an ssh of ours answers questions.
fn sockets(far: &Far) -> Vec<String> {
    let names = std::fs::read_dir(far.path("near")).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("ssh-")).collect()
}

#[test]
fn what_a_killed_client_leaves_behind_goes_with_the_next() {
    let far = Far::start();
    let forward = |name| format!("{}:127.0.0.1:1", far.path(name).display());
    let killed = far.shell(&["-L", &forward("one"), "far"]);
    let socket = sockets(&far).pop().expect("a socket");
    let ssh = far::processes_with(&["-S", &far.path(&format!("near/{socket}")).to_string_lossy()]);
    assert_eq!(ssh.len(), 1, "one ssh: {ssh:?}");
    // Left to itself it would end with its client, and remove the socket.
    kill(ssh[0], Signal::STOP);
    killed.kill9();
    killed.wait_exit(LIMIT).expect("an end");
    kill(ssh[0], Signal::KILL);
    let live = far.shell(&["-L", &forward("two"), "far"]);
    let both = sockets(&far);
    assert!(
        both.len() == 2 && both.contains(&socket),
        "{both:?}: none is old enough to be cleared"
    );
    for name in &both {
        let mut touch = Command::new("touch");
        touch.args(["-d", "1 hour ago"]).arg(far.path("near").join(name));
        assert!(touch.status().expect("touch").success());
    }
    assert!(far.local(&["ls"]).status().expect("abide ls").success());
    let left = sockets(&far);
    assert!(left.len() == 1 && left[0] != socket, "{socket} of {both:?} is left: {left:?}");
    assert_eq!(answer(&live, "echo there"), "there");
}

#[test]
fn a_listing_tells_a_killed_client_from_an_idle_one() {
    let far = Far::start();
    let idle = far.shell(&["--name", "idle", "far"]);
    let killed = far.shell(&["--name", "killed", "far"]);
    let client = |name: &str| {
        let sessions = far.sessions();
        let session = sessions.iter().find(|it| it["name"] == name).expect("a session");
        session["clients"][0].clone()
    };
    for name in ["idle", "killed"] {
        wait_until("QUIC", || client(name)["carriers"][0] == "quic");
    }
    killed.kill9();
    killed.wait_exit(LIMIT).expect("an end");
    let began = clock::now();
    wait_until("silence", || {
        assert!(client("idle")["silent_seconds"].is_null(), "idle, and there");
        client("killed")["silent_seconds"].is_u64()
    });
    assert!(clock::now().since(began) < Duration::from_secs(5), "long before its keepalive is due");
    let said = far.says(&["ls", "far"]);
    assert!(said.contains("(silent ") && said.contains("(quic)"), "{said}");
    assert_eq!(answer(&idle, "echo there"), "there");
}

#[test]
fn without_a_pager_the_log_is_printed_and_enter_goes_back() {
    let far = Far::start();
    let bin = far.path("bin");
    std::fs::create_dir(&bin).expect("a folder");
    for program in ["/usr/bin/ssh", "/bin/cat"] {
        let name = program.rsplit('/').next().expect("a name");
        std::os::unix::fs::symlink(program, bin.join(name)).expect("a link");
    }
    let mut command = far.command(&["far"]);
    command.env("PATH", &bin).env_remove("PAGER");
    let terminal = Terminal::start(&command).expect("a terminal");
    make_ready(&terminal);
    answer(&terminal, "echo was''-printed");
    let mark = terminal.len();
    terminal.send("\r~s").expect("typed");
    let end = terminal.wait_for_after(mark, "Enter goes back", LIMIT).expect("a listing");
    let shown = String::from_utf8_lossy(&terminal.bytes()[mark..end]).into_owned();
    assert!(shown.contains("was-printed") && shown.contains("no pager"), "{shown}");
    terminal.send("\r").expect("typed");
    terminal.wait_for_after(end, "$ ", LIMIT).expect("the screen again");
    assert_eq!(answer(&terminal, "echo there"), "there");
}
