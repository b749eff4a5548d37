//! Performs one case with one of the two programs and says what was seen.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use abide_host::clock;
use abide_terms::Moment;
use rustix::process::{Pid, Signal, kill_process};

use crate::cases::{Case, Line};
use crate::place::{Place, REAL};

const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/autossh/stand_in.sh");
const LOOK_EVERY: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Real,
    Ours,
}

/// One start of ssh.
#[derive(Debug)]
pub struct Start {
    pub at: Duration,
    pub words: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    Status(i32),
    Signal(i32),
    /// It ran until the case's time was over.
    Ran,
}

/// What a run did.
#[derive(Debug)]
pub struct Seen {
    pub starts: Vec<Start>,
    pub ending: Ending,
    pub ended_at: Duration,
    pub said_version: bool,
    /// Whether the pid file was there meanwhile and afterwards, and the log was written.
    pub files: [bool; 3],
}

/// A port that carries bytes as ssh's forwards would, while it is wanted.
struct Carried {
    over: Arc<AtomicBool>,
    listening: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Carried {
    /// Returns once the port is free.
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

/// Runs `case`; returns when it has ended, or its time is over.
pub fn perform(case: &Case, program: Program) -> Seen {
    let place = Place::new();
    // Under nohup(1) whatever the stand-in's death by a hang-up should show would never happen.
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal=HUP");
    match program {
        Program::Real => command.arg(REAL),
        Program::Ours => command.arg(place.path("autossh")),
    };
    command.args(&case.args).env_clear().stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::null()).current_dir(place.path(""));
    command.env("PATH", "/usr/bin:/bin").env("AUTOSSH_PATH", STAND_IN);
    command.env("STAND_IN_LOG", place.path("log")).env("STAND_IN_PLAN", case.plan);
    for (name, value) in &case.environment {
        command.env(name, value.replace("$dir", &place.path("").to_string_lossy()));
    }
    let carried = case.line.map(|line| carry(case.port, line));
    let wall = clock::wall();
    let began = clock::now();
    let mut child = command.spawn().expect("it starts");
    let acted = act(case, &place, &mut child, began, carried);
    let mut seen = Seen {
        starts: starts(&place.path("log"), wall),
        ending: acted.ending,
        ended_at: acted.ended_at,
        said_version: false,
        files: [acted.had_pid_file, place.path("pid").exists(), has_text(&place.path("words"))],
    };
    let mut said = String::new();
    let mut output = child.stdout.take().expect("a pipe");
    if seen.starts.is_empty() {
        let _ = output.read_to_string(&mut said);
    }
    seen.said_version = said == "autossh 1.4g\n";
    seen
}

struct Acted {
    ending: Ending,
    ended_at: Duration,
    had_pid_file: bool,
}

/// Sends the case's signals and waits.
fn act(
    case: &Case,
    place: &Place,
    child: &mut Child,
    began: Moment,
    mut carried: Option<Carried>,
) -> Acted {
    let mut signals = case.signals.clone();
    let mut status = None;
    let mut daemon = None;
    loop {
        let now = clock::now().since(began);
        if case.breaks_at.is_some_and(|at| now >= at) {
            carried = None;
        }
        let pid = pid_in(&place.path("pid"));
        daemon = daemon.or(pid);
        if status.is_none() {
            status = child.try_wait().expect("a child");
        }
        let runs_on = status.is_none() || (case.daemon && daemon.is_some_and(is_alive));
        let waits = case.daemon && daemon.is_none() && now < Duration::from_secs(2);
        if now >= case.limit || !(runs_on || waits) {
            let over = runs_on && now >= case.limit;
            let target = if case.daemon { daemon } else { Some(child_pid(child)) };
            if let Some(pid) = target.filter(|_| over) {
                let _ = kill_process(pid, Signal::TERM);
                wait_for_end(pid, child, case.daemon);
            }
            drop(carried);
            let ending = match status {
                Some(status) if !over => ending(status),
                _ => Ending::Ran,
            };
            return Acted { ending, ended_at: now, had_pid_file: daemon.is_some() };
        }
        if let Some((at, signal)) = signals.first().copied()
            && now >= at
        {
            signals.remove(0);
            let target = if case.daemon { daemon } else { Some(child_pid(child)) };
            target.map(|pid| kill_process(pid, signal));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn child_pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn is_alive(pid: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits for what was told to end; kills it and its ssh when it does not.
fn wait_for_end(pid: Pid, child: &mut Child, daemon: bool) {
    let deadline = clock::now() + Duration::from_secs(3);
    while is_alive(pid) && clock::now() < deadline {
        std::thread::sleep(LOOK_EVERY);
    }
    if is_alive(pid) {
        let raw = pid.as_raw_nonzero();
        let children = std::fs::read_to_string(format!("/proc/{raw}/task/{raw}/children"));
        for word in children.unwrap_or_default().split_whitespace() {
            if let Some(pid) = word.parse().ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let _ = kill_process(pid, Signal::KILL);
    }
    if !daemon {
        let _ = child.wait();
    }
}

fn ending(status: std::process::ExitStatus) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Status(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}

fn pid_in(path: &Path) -> Option<Pid> {
    Pid::from_raw(std::fs::read_to_string(path).ok()?.strip_suffix('\n')?.parse().ok()?)
}

fn has_text(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| data.len() > 0)
}

fn starts(log: &Path, began: std::time::SystemTime) -> Vec<Start> {
    let text = std::fs::read_to_string(log).expect("a log");
    let read = |line: &str| {
        let mut words = line.split('|').map(str::to_owned);
        let time: f64 = words.next().and_then(|time| time.parse().ok()).expect("a time");
        let at = std::time::UNIX_EPOCH + Duration::from_secs_f64(time);
        Start { at: at.duration_since(began).unwrap_or_default(), words: words.collect() }
    };
    text.lines().map(read).collect()
}

/// A process that is just being started may still hold the listener of the run before.
fn listen(port: u16) -> TcpListener {
    let deadline = clock::now() + Duration::from_secs(2);
    loop {
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(listener) => return listener,
            Err(error) if clock::now() >= deadline => panic!("port {port}: {error}"),
            Err(_) => std::thread::sleep(LOOK_EVERY),
        }
    }
}

/// Listens on `port` and does with bytes as the forwards of a living ssh would.
fn carry(port: u16, line: Line) -> Carried {
    let listener = listen(port);
    listener.set_nonblocking(true).expect("a socket");
    let over = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&over);
    let listening = std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, _)) => carry_one(stream, port, line),
                Err(_) => std::thread::sleep(LOOK_EVERY),
            }
        }
    });
    Carried { over, listening: Some(listening) }
}

fn carry_one(mut from: TcpStream, port: u16, line: Line) {
    from.set_nonblocking(false).expect("a socket");
    from.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    let mut to = match line {
        Line::Loop | Line::Garbled => {
            match TcpStream::connect(("127.0.0.1", port + 1)) {
                Ok(to) => to,
                // It ends, and listens no more.
                Err(_) => return,
            }
        }
        Line::Echo => from.try_clone().expect("a socket"),
        Line::Mute => {
            std::thread::spawn(move || while let Ok(1..) = from.read(&mut [0; 512]) {});
            return;
        }
    };
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if line == Line::Garbled {
                buffer[0] ^= 1;
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
    });
}
