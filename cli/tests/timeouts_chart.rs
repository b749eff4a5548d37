//! `abide timeouts chart` against a real ssh and a real sshd: the picture in a terminal, as SVG and
//! as PNG. How it looks in all its cases is in the snapshots of `core/chart`.

mod far;

use std::process::Output;

use abide_lab::Terminal;
use far::{Far, LIMIT, Setup};

const SIX_HUNDRED_TWICE: &str = "ClientAliveInterval 600\nClientAliveCountMax 2\n";

fn chart(far: &Far, words: &[&str]) -> Output {
    let mut all = vec!["timeouts", "chart"];
    all.extend(words);
    far.local(&all).output().expect("abide runs")
}

/// What went well, on stdout.
fn drawn(far: &Far, words: &[&str]) -> String {
    let output = chart(far, words);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What went wrong: stderr and the exit status.
fn refused(far: &Far, words: &[&str]) -> (String, Option<i32>) {
    let output = chart(far, words);
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code())
}

fn row<'a>(drawn: &'a str, begin: &str) -> &'a str {
    let found = drawn.lines().find(|line| line.trim_start().starts_with(begin));
    found.unwrap_or_else(|| panic!("no `{begin}` in\n{drawn}"))
}

#[test]
fn six_hundred_twice_on_a_real_server() {
    let far = Far::start_with(&Setup { config: SIX_HUNDRED_TWICE, ..Setup::default() });
    let flags = far.path("config").display().to_string();
    let drawn = drawn(&far, &["-F", &flags, "far"]);
    assert!(drawn.contains("ClientAliveInterval 600, ClientAliveCountMax 2"), "{drawn}");
    assert!(drawn.contains("Not an hour") && drawn.contains("Not an idle timeout"), "{drawn}");
    assert!(row(&drawn, "guides").contains("○ 1h"), "{drawn}");
    // 60 min by the fault of 9.2 to 9.4, else 30; and from 9.5 on 30 in any case.
    let doubled = drawn.contains("counts each interval twice");
    let verdict = if doubled { "✗ 1h" } else { "✗ 30m" };
    let closed = row(&drawn, "ClientAlive  ");
    assert!(closed.contains(verdict), "{closed}");
    assert!(drawn.contains("[30m]") || doubled && drawn.contains("[1h]"), "{drawn}");
    for line in drawn.lines() {
        assert!(line.chars().count() <= 80 && !line.contains('\u{1b}'), "{line:?}");
    }
}

#[test]
fn what_the_path_is_known_to_keep_counts() {
    let far = Far::start_with(&Setup { config: SIX_HUNDRED_TWICE, ..Setup::default() });
    let flags = far.path("config").display().to_string();
    let forgets = "The path forgets an idle session after 4m";
    for (words, expected) in [
        (&["far", "--path-keeps", "4m"][..], true),
        (&["--path-keeps=4m", "far"], true),
        (&["-o", "ServerAliveInterval=60", "far", "--path-keeps=4m"], false),
        (&["far"], false),
    ] {
        let drawn = drawn(&far, &[&["-F", &flags], words].concat());
        assert_eq!(drawn.contains(forgets), expected, "{words:?}: {drawn}");
    }
}

#[test]
fn without_a_network_the_server_is_not_drawn() {
    let far = Far::start_with(&Setup { config: SIX_HUNDRED_TWICE, ..Setup::default() });
    let flags = far.path("config").display().to_string();
    let words = ["--local", "-F", &flags, "-o", "ServerAliveInterval=15", "far"];
    let local = drawn(&far, &words);
    assert!(local.contains("ServerAliveInterval 15, ServerAliveCountMax 3"), "{local}");
    assert!(row(&local, "ServerAlive  ").contains("✗ 1m"), "{local}");
    assert!(local.contains("ClientAliveInterval not checked: not asked for"), "{local}");
    assert!(local.contains("ClientAlive at the server: not asked for"), "{local}");
    let what_if = drawn(&far, &[&words[..], &["--what-if", "ServerAliveCountMax=1"]].concat());
    assert!(what_if.contains("{30s}") && what_if.contains("[1m]"), "{what_if}");
}

#[test]
fn pictures_are_written_where_they_are_wanted() {
    let far = Far::start();
    let flags = far.path("config").display().to_string();
    let path = |name: &str| far.path(name).display().to_string();
    let words = ["--local", "-F", &flags, "far", "--what-if", "ServerAliveInterval=20"];
    let write = |output: &str, theme: &str| {
        let said = drawn(&far, &[&words[..], &["-o", output, "--theme", theme]].concat());
        assert!(said.starts_with(&format!("{output}: ")), "{said}");
        std::fs::read(output).expect("the picture")
    };
    let light = String::from_utf8(write(&path("a.svg"), "light")).expect("UTF-8");
    let dark = String::from_utf8(write(&path("b.svg"), "dark")).expect("UTF-8");
    for picture in [&light, &dark] {
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
        assert!(picture.contains("ServerAliveInterval 20"), "{picture}");
    }
    assert!(light.contains("fill=\"#ffffff\"") && !dark.contains("fill=\"#ffffff\""));
    let png = write(&path("c.png"), "dark");
    assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((&png[12..16], number(16)), (&b"IHDR"[..], 2_400));
    assert!(number(20) > 1_000 && png.len() > 50_000, "{} high, {} bytes", number(20), png.len());
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let far = Far::start();
    let flags = far.path("config").display().to_string();
    for (words, error, exit) in [
        (&["-o", "a.pdf"][..], "error: `a.pdf` is neither .svg nor .png", 2),
        (&["-o", "/nowhere/a.svg"], "error: `/nowhere/a.svg` cannot be written", 255),
        (&["--what-if", "Port=1"], "error: `Port` is not a timeout that can be asked about", 2),
        (&["--what-if", "TMOUT=soon"], "error: TMOUT cannot be `soon`", 2),
        (&["--theme", "blue"], "error: `blue` is neither light nor dark", 2),
        (&["--fast"], "error: `--fast` is not an option of abide timeouts chart's", 2),
    ] {
        let (said, status) = refused(&far, &[&["--local", "-F", &flags, "far"], words].concat());
        assert!(said.starts_with(error), "{said}");
        assert!(said.contains("\ntry: "), "{said}");
        assert_eq!(status, Some(exit), "{said}");
    }
}

#[test]
fn a_terminal_gets_colours_and_no_wider_lines_unless_it_wants_none() {
    let far = Far::start();
    let flags = far.path("config").display().to_string();
    let words = ["timeouts", "chart", "--local", "-F", &flags, "far"];
    for no_color in [false, true] {
        let mut command = far.local(&words);
        command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
        if no_color {
            command.env("NO_COLOR", "1");
        } else {
            command.env_remove("NO_COLOR");
        }
        let terminal = Terminal::start(&command).expect("a terminal");
        terminal.wait_exit(LIMIT).expect("an end");
        let shown = terminal.text();
        assert!(shown.contains("Time since the last packet"), "{shown}");
        assert_eq!(shown.contains("\u{1b}[1m"), !no_color, "{shown:?}");
    }
}
