//! X11 over a link, with a real X server and real programs: what is drawn arrives, what sshd does not
//! permit is not there, nobody without the cookie gets in, and connections outlive ssh.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::far::{Far, LIMIT, Setup, children, kill, wait_until};
use crate::held::Held;

/// The X server's own cookie.
const REAL: &str = "0123456789abcdef0123456789abcdef";
const X11: &str = "X11Forwarding yes";
const FAILED: &str = "X11 forwarding request failed on channel 0";

/// An X server without a screen, ended with this value.
struct Screen {
    child: Child,
    name: String,
    cookies: PathBuf,
}

impl Screen {
    fn start(far: &Far) -> Self {
        let cookies = far.path("near-cookies");
        add_cookie(&cookies, ":0", REAL);
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-noreset", "-nolisten", "tcp"]);
        // Without -noreset it would forget untrusted cookies whenever nobody is connected.
        command.args(["+extension", "SECURITY", "-auth"]).arg(&cookies);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("Xvfb, of xvfb");
        let mut number = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut number)
            .expect("a number");
        let name = format!(":{}", number.trim());
        add_cookie(&cookies, &name, REAL);
        Screen { child, name, cookies }
    }

    /// abide, as run by somebody in front of this screen.
    fn abide(&self, far: &Far, words: &[&str]) -> Command {
        let mut command = far.command(words);
        command.env("DISPLAY", &self.name).env("XAUTHORITY", &self.cookies);
        command
    }

    /// What it prints, without a terminal: stdout and stderr.
    fn says(&self, far: &Far, words: &[&str]) -> (String, String) {
        let output = self.abide(far, words).stdin(Stdio::null()).output().expect("abide runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Asked to end it removes its socket.
        kill(self.child.id(), Signal::TERM);
        let _ = self.child.wait();
    }
}

fn add_cookie(file: &Path, display: &str, cookie: &str) {
    let mut xauth = Command::new("xauth");
    xauth.args(["-q", "-f"]).arg(file).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut xauth = xauth.spawn().expect("xauth, of xauth");
    let line = format!("add {display} . {cookie}\n");
    xauth.stdin.take().expect("piped").write_all(line.as_bytes()).expect("written");
    assert!(xauth.wait().expect("xauth").success());
}

fn far(config: &str) -> Far {
    Far::start_with(&Setup { config, ..Setup::default() })
}

/// A session that lasts, what DISPLAY is in it, and its cookie there.
fn lasting(far: &Far, screen: &Screen, flags: &[&str]) -> (Held, String, String) {
    let line = "echo $DISPLAY; xauth list | tail -n 1 | sed 's/.* //'; exec cat";
    let mut held = Held::spawn(screen.abide(far, &[flags, &["far", line]].concat()));
    let mut lines = BufReader::new(held.child.stdout.take().expect("piped")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    let (display, cookie) = (line(), line());
    assert_eq!(cookie.len(), 32, "{display}: {cookie}: {}", held.said());
    assert_ne!(cookie, REAL);
    (held, display, cookie)
}

fn port_of(display: &str) -> u16 {
    let number = display.rsplit_once(':').and_then(|(_, numbers)| numbers.split('.').next());
    6000 + number.and_then(|number| number.parse::<u16>().ok()).expect("a display's number")
}

/// A connection as X programs make it; `None` when it was not let in.
fn x_program(port: u16, cookie: &str, order: u8) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a display");
    stream.set_read_timeout(Some(LIMIT)).expect("a socket");
    let two = |value: u16| if order == b'B' { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut packet = vec![order, 0];
    [11, 0, 18, 16, 0].into_iter().for_each(|value| packet.extend(two(value)));
    packet.extend(b"MIT-MAGIC-COOKIE-1\0\0");
    let digit = |at: usize| u8::from_str_radix(&cookie[at..at + 2], 16).expect("digits");
    packet.extend((0..16).map(|at| digit(2 * at)));
    stream.write_all(&packet).expect("sent");
    let mut head = [0; 8];
    stream.read_exact(&mut head).ok()?;
    assert_eq!(head[0], 1, "the display lets it in");
    let words = [head[6], head[7]];
    let words = if order == b'B' { u16::from_be_bytes(words) } else { u16::from_le_bytes(words) };
    stream.read_exact(&mut vec![0; usize::from(words) * 4]).expect("the display's description");
    Some(stream)
}

/// Asks what has the focus, and waits for the answer.
fn is_answered(stream: &mut TcpStream) -> bool {
    let sent = stream.write_all(&[43, 0, 1, 0]);
    sent.and_then(|()| stream.read_exact(&mut [0; 32])).is_ok()
}

#[test]
fn programs_there_are_shown_here() {
    let far = far(X11);
    let screen = Screen::start(&far);
    let mut here = Command::new("xdpyinfo");
    let here = here.env("XAUTHORITY", &screen.cookies).args(["-display", &screen.name]);
    let here = here_output(here);
    for flags in
        [&["-Y"][..], &["-oForwardX11=yes", "-oForwardX11Trusted=yes"], &["-Y", "--no-udp"]]
    {
        let (mut ours, mut ssh) = (flags.to_vec(), Vec::new());
        // Our own flags stand first.
        ours.sort_by_key(|flag| !flag.starts_with("--"));
        ssh.extend(ours);
        let (out, err) = screen.says(&far, &[&ssh[..], &["far", "xdpyinfo"]].concat());
        let root = |text: &str| {
            let line = text.lines().find(|line| line.contains("number of extensions"));
            line.map(str::to_owned).unwrap_or_else(|| panic!("{text} {err}"))
        };
        assert_eq!(root(&out), root(&here), "{flags:?}");
        assert!(out.starts_with("name of display:    localhost:1"), "{out}");
    }
    for flags in [&["-x"][..], &[], &["-Y", "-x"]] {
        let line = "echo \"[$DISPLAY]\"";
        assert_eq!(screen.says(&far, &[flags, &["far", line]].concat()).0, "[]\n", "{flags:?}");
    }
    let forgotten = || screen.says(&far, &["far", "xauth list"]).0.is_empty();
    wait_until("the cookies' end", forgotten);
}

fn here_output(command: &mut Command) -> String {
    let output = command.output().expect("xdpyinfo, of x11-utils");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_sshd_does_not_permit_is_refused() {
    for (config, key_options) in [
        ("X11Forwarding no", ""),
        ("X11Forwarding yes\nDisableForwarding yes", ""),
        ("X11Forwarding yes\nXAuthLocation /nowhere", ""),
        (X11, "restrict"),
        (X11, "no-X11-forwarding"),
    ] {
        let far = far(config);
        let screen = Screen::start(&far);
        let key = std::fs::read_to_string(far.path("user.pub")).expect("a key");
        std::fs::write(far.path("authorized_keys"), format!("{key_options} {key}")).expect("ours");
        let line =
            "echo \"[$DISPLAY]\"; xauth list | wc -l; ss -ltn 2>/dev/null | grep -c ':60[1-9]'";
        let (out, err) = screen.says(&far, &["-Y", "far", line]);
        assert!(out.starts_with("[]\n0\n"), "{config} {key_options}: {out}");
        assert!(err.contains(FAILED), "{config} {key_options}: {err}");
    }
}

#[test]
fn it_is_where_sshd_would_have_it() {
    let config = "X11Forwarding yes\nX11DisplayOffset 50";
    let first = far(config);
    let screen = Screen::start(&first);
    let (_held, display, _) = lasting(&first, &screen, &["-Y"]);
    assert!(port_of(&display) >= 6050 && display.starts_with("localhost:"), "{display}");
    let second = far("X11Forwarding yes\nX11DisplayOffset 70\nX11UseLocalhost no");
    let (_held, display, _) = lasting(&second, &screen, &["-Y"]);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    assert!(display.starts_with(&format!("{host}:7")), "{display}");
    let table = std::fs::read_to_string("/proc/net/tcp").expect("a table");
    assert!(table.contains(&format!("00000000:{:04X}", port_of(&display))), "{display}");
}

#[test]
fn nobody_without_the_cookie_gets_in() {
    let far = far(X11);
    let screen = Screen::start(&far);
    let (held, display, cookie) = lasting(&far, &screen, &["-Y"]);
    let port = port_of(&display);
    for order in *b"Bl" {
        assert!(x_program(port, REAL, order).is_none(), "the display's own is none there");
        assert!(x_program(port, &"0".repeat(32), order).is_none());
        let mut program = x_program(port, &cookie, order).expect("let in");
        assert!(order == b'B' || is_answered(&mut program));
    }
    held.wait_for("X11 connection rejected because of wrong authentication.");
    let mut stranger = TcpStream::connect(("127.0.0.1", port)).expect("a display");
    stranger.set_read_timeout(Some(LIMIT)).expect("a socket");
    stranger.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
    assert_eq!(stranger.read(&mut [0; 8]).expect("an end"), 0);
}

#[test]
fn connections_outlive_ssh() {
    let far = far(X11);
    let screen = Screen::start(&far);
    for flags in [&["-Y"][..], &["--no-udp", "-Y"]] {
        let (held, display, cookie) = lasting(&far, &screen, flags);
        let mut program = x_program(port_of(&display), &cookie, b'l').expect("let in");
        assert!(is_answered(&mut program));
        children(held.child.id()).into_iter().for_each(|ssh| kill(ssh, Signal::KILL));
        assert!(is_answered(&mut program), "{flags:?}: the connection is the same");
        assert!(x_program(port_of(&display), &cookie, b'l').is_some(), "{flags:?}: another");
    }
}

#[test]
fn untrusted_programs_have_their_own_cookie_and_their_time() {
    let far = far(X11);
    let screen = Screen::start(&far);
    let untrusted = ["-X", "-oForwardX11Trusted=no"];
    let (out, err) = screen.says(&far, &[&untrusted[..], &["far", "xdpyinfo"]].concat());
    let shown = |text: &str| text.lines().any(|line| line.contains("SECURITY"));
    assert!(out.contains("number of extensions"), "{out}{err}");
    let (trusted, _) = screen.says(&far, &["-Y", "far", "xdpyinfo"]);
    assert!(shown(&trusted) && !shown(&out), "the display tells untrusted programs less: {out}");
    let short = [&untrusted[..], &["-oForwardX11Timeout=1"]].concat();
    let (held, display, cookie) = lasting(&far, &screen, &short);
    wait_until("the end of its time", || x_program(port_of(&display), &cookie, b'l').is_none());
    held.wait_for("Rejected X11 connection after ForwardX11Timeout expired");
}

/// A stand-in that writes down its words, and is xauth.
fn watched_xauth(far: &Far, folder: &str) -> PathBuf {
    let folder = far.path(folder);
    std::fs::create_dir_all(&folder).expect("ours");
    let path = folder.join("xauth");
    let script =
        format!("#!/bin/sh\necho \"$*\" >>{}.words\nexec /usr/bin/xauth \"$@\"\n", path.display());
    std::fs::write(&path, script).expect("ours");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("ours");
    path
}

#[test]
fn cookies_are_on_no_command_line() {
    let places = "ABIDE_RUNTIME_DIR=$dir/run XDG_CACHE_HOME=$dir/cache XDG_STATE_HOME=$dir/state";
    let path = "PATH=$dir/bin:/usr/local/bin:/usr/bin:/bin";
    let far = far(&format!("{X11}\nSetEnv {path} {places}"));
    let screen = Screen::start(&far);
    let (near, there) = (watched_xauth(&far, "near-bin"), watched_xauth(&far, "bin"));
    let location = format!("-oXAuthLocation={}", near.display());
    for flags in [&["-Y", &location][..], &["-X", "-oForwardX11Trusted=no", &location]] {
        let (held, _, cookie) = lasting(&far, &screen, flags);
        for xauth in [&near, &there] {
            let words = std::fs::read_to_string(format!("{}.words", xauth.display()));
            let words = words.unwrap_or_else(|_| panic!("{} was not run", xauth.display()));
            assert!(!words.contains(REAL) && !words.contains(&cookie), "{words}");
        }
        drop(held);
    }
    assert!(!far.keeper_logs().contains(REAL));
}

#[test]
fn a_display_goes_along_to_who_attaches_with_it() {
    let far = far(X11);
    let screen = Screen::start(&far);
    let with = abide_lab::Terminal::start(&screen.abide(&far, &["-Y", "far"])).expect("a terminal");
    crate::far::make_ready(&with);
    let id = far.session();
    let ask = |terminal: &abide_lab::Terminal, wanted: &str| {
        let line = "xdpyinfo >/dev/null 2>&1; echo as''ked $?.\r";
        terminal.ask(line, format!("asked {wanted}."), LIMIT).expect("an answer");
    };
    ask(&with, "0");
    with.send("\r~d").expect("sent");
    with.wait_exit(LIMIT).expect("detached");
    let again = screen.abide(&far, &["attach", "-Y", "far", &id]);
    let again = abide_lab::Terminal::start(&again).expect("a terminal");
    crate::far::make_ready(&again);
    ask(&again, "0");
    again.send("exit\r").expect("sent");
    again.wait_exit(LIMIT).expect("an end");
    far.wait_until_gone();
    let without = far.shell(&["far"]);
    let id = far.session();
    let late = screen.abide(&far, &["attach", "-Y", "far", &id]);
    let late = abide_lab::Terminal::start(&late).expect("a terminal");
    wait_until("the word", || late.text().contains("was started without X11 forwarding"));
    drop((late, without));
}
