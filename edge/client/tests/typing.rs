//! Typing into real programs over 273 ms: how much of it is shown at once, and that no frame shows a
//! character of a password.
#![allow(clippy::print_stderr)]

#[path = "typing/recorded.rs"]
mod recorded;
#[path = "typing/replay.rs"]
mod replay;
#[path = "typing/script.rs"]
mod script;

use std::path::PathBuf;
use std::time::Duration;

use recorded::{Kind, Recorded, Shell};
use replay::{Replay, Seen, replay};
use script::Script;

const RTT: Duration = Duration::from_millis(273);
const UP: &[u8] = b"\x1b[A";
const LEFT: &[u8] = b"\x1b[D";
const RIGHT: &[u8] = b"\x1b[C";
const BACKSPACE: &[u8] = b"\x7f";
/// Letters that no output here has by itself.
const SECRET: &str = "QZJXKW";

/// A folder of its own, gone afterwards.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("abide-typing-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        let text: String = (1..200).map(|n| format!("line {n} of the text to be read\n")).collect();
        std::fs::write(path.join("notes.txt"), text).expect("a file");
        Home(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn record(kind: Kind, name: &str, script: &Script) -> Vec<Recorded> {
    let home = Home::new(name);
    let (shell, start) = Shell::start(kind, &home.0);
    let mut recorded = vec![start];
    for key in &script.0 {
        recorded.push(shell.record(key.clone()));
    }
    recorded
}

fn percent(keys: &[Seen], of: impl Fn(&Seen) -> bool) -> f64 {
    let of: Vec<&Seen> = keys.iter().filter(|key| of(key)).collect();
    of.iter().filter(|key| key.at_once).count() as f64 * 100.0 / of.len().max(1) as f64
}

/// Shares of keys that were seen at once, in percent.
struct Shares {
    /// Of those that did what an echo does.
    echoed: f64,
    /// Of all, Enter, Tab and commands of editors among them.
    all: f64,
}

/// Plays it, prints what came of it, and gives the shares of what was seen at once.
fn play(name: &str, script: &Script) -> (Replay, Shares) {
    play_in(Kind::Bash, name, script)
}

fn play_in(kind: Kind, name: &str, script: &Script) -> (Replay, Shares) {
    let replay = replay(&record(kind, name, script), RTT, kind != Kind::Bash);
    for (key, shown, right) in &replay.wrong_at_rest {
        eprintln!("wrong before {key}:\n{}\nshould be\n{}", shown.join("\n"), right.join("\n"));
    }
    assert_eq!(replay.wrong_at_rest.len(), 0, "{name}: nothing wrong when its answer was there");
    assert!(!replay.wrong_at_end, "{name}: the terminal ends as the server's");
    let echoed = percent(&replay.keys, |key| key.echoes);
    let all = percent(&replay.keys, |_| true);
    let count = replay.keys.iter().filter(|key| key.echoes).count();
    eprintln!(
        "{name}: {echoed:.0} % of {count} echoed keys at once, {all:.0} % of {}",
        replay.keys.len()
    );
    let late: Vec<String> = replay
        .keys
        .iter()
        .map(|key| {
            let text = key.bytes.escape_ascii().to_string();
            match (key.echoes, key.at_once) {
                (true, true) | (false, true) => text,
                (true, false) => format!("[{text}]"),
                (false, false) => format!("({text})"),
            }
        })
        .collect();
    eprintln!("  {}", late.concat());
    (replay, Shares { echoed, all })
}

/// What is recorded must be there: a part that is left out would count as passed.
fn needs(program: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).exists());
    assert!(is_there, "{program} is not installed: ./check installs it");
}

fn shell(script: &mut Script) {
    script.text("echo hello world").run();
    script.text("mkdir -p work/deep").run();
    script.text("cd wo").look(b"\t").text("deep").run();
    script.text("ls -la ../../no").look(b"\t").run();
    script.look(UP).look(UP).times(4, BACKSPACE).text("work").run();
    script.text("echo one thre").times(4, LEFT).text("two ").times(4, RIGHT).text("e four").run();
    script.text("cd").run();
    script.text("grep -c 'line 1' notes.tyt").times(2, BACKSPACE).text("xt | sort -n").run();
}

#[test]
fn a_shell_with_history_and_completion() {
    let mut script = Script::default();
    shell(&mut script);
    let (_, share) = play("bash", &script);
    assert!(share.all >= 91.0, "{}", share.all);
}

#[test]
fn pagers_and_editors() {
    let mut script = Script::default();
    script.text("true").run();
    needs("less");
    script.text("less notes.txt").run();
    script.look(b" ").look(b" ").look(b"j").look(b"k").text("/line 77 of").run();
    script.look(b"n").quit(b"q");
    needs("vim");
    script.text("vim -u NONE -N letter.txt").run();
    script
        .look(b"i")
        .text("Dear reader,")
        .look(b"\r")
        .text("this is a letter that is lo")
        .text("nger than that.")
        .times(5, BACKSPACE)
        .text("the other.")
        .look(b"\x1b");
    script.look(b"0").look(b"w").look(b"i").text("very much ").look(b"\x1b").text(":wq").run();
    needs("nano");
    script.text("nano list.txt").run();
    script
        .text("apples and pears, bread")
        .look(b"\r")
        .text("butter, cheese, and so on")
        .times(6, BACKSPACE)
        .text("and milk")
        .quit(b"\x18")
        .look(b"n");
    let (_, share) = play("editors", &script);
    assert!(share.all >= 91.0, "{}", share.all);
}

#[test]
fn an_interpreter() {
    needs("python3");
    let mut script = Script::default();
    script.text("PYTHON_BASIC_REPL=1 python3 -q").run_until(">>> ");
    script.text("x = 'a word'").run();
    script.text("x.upper() + ' and another'").run();
    script.text("sum(range(10))").run();
    script.text("exit()").run();
    let (_, share) = play("python", &script);
    assert!(share.all >= 91.0, "{}", share.all);
}

/// Blocks with indented lines, a mistake, history, a question, and a secret.
#[test]
fn an_interpreter_with_blocks_and_questions() {
    let mut script = Script::default();
    script.text("PYTHON_BASIC_REPL=1 python3 -q").run_until(">>> ");
    script.text("import getpass").run();
    script.text("def area(width, height):").run();
    script.text("    size = width * height").run();
    script.text("    return size + 1").run();
    script.run();
    script.text("area(4, 5)").run();
    script.look(UP).times(2, BACKSPACE).text("7)").run();
    script.text("aera(1, 2)").run();
    script.text("name = input('Your name? ')").run_until("name? ");
    script.text("Someone else").run();
    script.text("word = getpass.getpass()").run_until("word: ");
    script.text(SECRET).run_until(">>> ");
    script.text("len(word) + len(name)").run();
    let (replay, share) = play("blocks", &script);
    is_never_seen(&replay);
    // Every prompt is new here, and lines are short.
    assert!(share.all >= 88.0 && share.echoed >= 94.0, "{} {}", share.all, share.echoed);
}

/// Nowhere on any frame is there a letter of the secret.
fn is_never_seen(replay: &Replay) {
    for row in replay.frames.iter().flatten() {
        assert!(!row.contains(|letter| SECRET.contains(letter)), "{row}");
    }
}

/// Reads six keys without echo, one at a time, as programs in raw mode do.
const RAW: &str = "import sys,tty;tty.setcbreak(0);print('secret:',end=' ',flush=True);\
    [sys.stdin.read(1) for _ in range(6)];print()";
/// The same, with a star for each.
const STARS: &str = "import sys,tty;tty.setcbreak(0);print('secret:',end=' ',flush=True);\
    [print('*',end='',flush=True) for _ in range(6) if sys.stdin.read(1)];print()";

/// Ways to ask for a password, and what each says when it is ready.
fn asks() -> Vec<(String, &'static str)> {
    let mut asks = vec![
        ("read -s -p 'Pass''word: ' pw".to_owned(), "Password: "),
        ("stty -echo; printf 'Pass''word: '; read pw; stty echo".to_owned(), "Password: "),
        ("read -s pw".to_owned(), ""),
    ];
    needs("python3");
    asks.push(("python3 -c 'import getpass; getpass.getpass()'".to_owned(), "Password: "));
    asks.push((format!("python3 -c \"{RAW}\""), "secret: "));
    asks.push((format!("python3 -c \"{STARS}\""), "secret: "));
    asks
}

#[test]
fn passwords_are_never_seen_whoever_asks() {
    for (ask, ready) in asks() {
        for ahead in [false, true] {
            let mut script = Script::default();
            // Lines before it earn all the trust that there is.
            script.text("echo trust me").run().text("true now").run();
            script.look(ask.as_bytes()).run_until(ready);
            if ahead {
                script.ahead();
            }
            script.text(SECRET).run().text("echo done").run();
            let (replay, share) = play("password", &script);
            is_never_seen(&replay);
            assert!(share.echoed >= 75.0, "the rest is shown: {}", share.echoed);
        }
    }
}

/// fish reads secrets with its line editor, at the prompt with which it reads anything.
#[test]
fn a_secret_that_fish_reads_is_never_seen() {
    needs("fish");
    let mut script = Script::default();
    script.text("echo trust me").run().text("read plain").run().text("in the open").run();
    script.text("read -s pw").run().text(SECRET).run().text("echo done").run();
    let (replay, _) = play_in(Kind::Fish, "fish-secret", &script);
    is_never_seen(&replay);
}

#[test]
fn what_is_looked_for_would_be_found() {
    let mut script = Script::default();
    script.text("true").run().text("echo ok Q");
    let (replay, _) = play("plain", &script);
    assert!(replay.frames.iter().flatten().any(|row| row.contains('Q')));
}

/// Typing that disagrees with what the shell suggests, and that agrees; corrections in the middle of a
/// line; history. Pauses, after which nothing wrong may be left.
fn suggestions(script: &mut Script) {
    script.text("echo hello world").run();
    script.text("echo hello again").run();
    script.text("echo hel").look(b"p").text(" us").run();
    script.text("echo hello w").look(b"o").text("rld").run();
    script.text("echo hello").look(RIGHT).run();
    script.text("nosuch").times(6, BACKSPACE).look(BACKSPACE);
    script.text("echo one thre").times(4, LEFT).text("two").look(b" ").times(4, RIGHT);
    script.text("e fou").look(b"r").run();
    script.look(UP).look(UP).times(4, BACKSPACE).text("wor").look(b"k").run();
    script.text("cat /etc/host").look(b"\x01").text("true ").look(b"\x05").text("name").run();
}

#[test]
fn zsh_with_suggestions_colours_and_a_prompt_at_the_right() {
    needs("zsh");
    for package in ["zsh-autosuggestions", "zsh-syntax-highlighting"] {
        let folder = PathBuf::from("/usr/share").join(package);
        assert!(folder.exists(), "{package} is not installed: ./check installs it");
    }
    let mut script = Script::default();
    suggestions(&mut script);
    let (_, share) = play_in(Kind::Zsh, "zsh", &script);
    assert!(share.all >= 91.0, "{}", share.all);
}

#[test]
fn fish_with_suggestions_colours_and_a_prompt_at_the_right() {
    needs("fish");
    let mut script = Script::default();
    suggestions(&mut script);
    let (_, share) = play_in(Kind::Fish, "fish", &script);
    assert!(share.all >= 91.0, "{}", share.all);
}
