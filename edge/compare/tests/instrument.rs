//! The instrument on this machine's own shell: it sees what appears and when, what never does, and
//! stops when asked. No network.

use std::time::Duration;

use abide_compare::{Course, Missed, Program, Stop, Watched, leave, open, prepare, type_course};
use abide_host::command::ShellCommand;

const LIMIT: Duration = Duration::from_secs(20);

fn course(program: Program) -> Course {
    // Slow enough for a busy machine to repeat a line before the next letter is echoed.
    let pace = Duration::from_millis(if program == Program::Cooked { 120 } else { 20 });
    Course { program, keys: 20, line: 8, pace, seed: 3 }
}

fn shell(words: &[&str]) -> ShellCommand {
    let mut command = ShellCommand::new("/bin/sh");
    command.args = words.iter().map(Into::into).collect();
    for (name, value) in [("PATH", "/usr/bin:/bin"), ("TERM", "xterm-256color"), ("PS1", "here$ ")]
    {
        command.env.push((name.into(), value.into()));
    }
    command
}

#[test]
fn every_echoed_letter_is_seen_in_its_place() {
    for program in [Program::Raw, Program::Cooked] {
        let course = course(program);
        let stop = Stop::default();
        let (client, took) = open(&shell(&["-i"]), course.size(), LIMIT, &stop).unwrap();
        assert!(took > Duration::ZERO && took < LIMIT);
        prepare(&client, &course).unwrap();
        let typed = type_course(&client, &course, LIMIT).unwrap();
        assert_eq!((typed.keys.len(), typed.wrong), (20, 0), "{program:?}");
        assert!(typed.keys.iter().all(|time| time.is_some_and(|time| time < LIMIT)), "{typed:?}");
        assert!(leave(&client), "Ctrl-C ends the program, and the shell with it");
    }
}

#[test]
fn what_is_never_shown_or_late_is_told() {
    // Without an echo a letter appears when its line is repeated; of the last line none does.
    let line = "stty -echo; printf '\\033[H\\033[2Jlistening\\n'; exec cat";
    let course = course(Program::Cooked);
    let client = Watched::start(&shell(&["-c", line]), course.size(), &Stop::default()).unwrap();
    client.wait_for_line("listening", LIMIT).unwrap();
    let typed = type_course(&client, &course, Duration::from_millis(300)).unwrap();
    assert!(typed.keys[0].is_some_and(|time| time >= course.pace * 7), "{typed:?}");
    assert!(typed.keys[16..].iter().all(Option::is_none), "{typed:?}");
    assert!(typed.wrong >= 4, "{typed:?}");
}

#[test]
fn a_wait_ends_when_it_is_asked_to() {
    let stop = Stop::default();
    let size = course(Program::Raw).size();
    let client = Watched::start(&shell(&["-c", "exec sleep 1000"]), size, &stop).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.wait_for_text("never", LIMIT));
        stop.set();
        assert!(matches!(waiting.join().unwrap(), Err(Missed::Stopped)));
    });
    assert!(client.is_running());
}

#[test]
fn a_question_is_no_prompt() {
    let asks = shell(&["-c", "printf 'Password: '; read x"]);
    let opened = open(&asks, course(Program::Raw).size(), LIMIT, &Stop::default());
    assert!(matches!(opened.err(), Some(Missed::Question(_))));
}
