//! A real keeper as a process of its own, with a program that echoes, its log and its size.

use std::io::Read;
use std::ops::Deref;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use abide_host::clock;
use abide_session::{Program, ProgramKind, Start, Terminal, decode_word, encode_word};
use abide_terms::SessionId;

/// How long anything may take that a test waits for.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A keeper that runs until dropped, or until the test's process is gone.
pub(crate) struct Kept {
    dir: PathBuf,
    child: Child,
    front: Front,
}

/// What others see of a keeper. Keeps nothing running.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) socket: PathBuf,
    log: PathBuf,
}

impl Kept {
    /// Starts it; returns once it listens.
    pub(crate) fn start() -> Kept {
        let id = SessionId::from_bytes(abide_host::random::bytes());
        let dir = std::env::temp_dir().join(format!("abide-kept-{id}"));
        std::fs::create_dir(&dir).expect("a directory of our own");
        let log = std::fs::File::create(dir.join("log")).expect("a log");
        let line = "stty raw -echo; exec cat".to_owned();
        let start = Start {
            program: Some(Program { what: Some(ProgramKind::Command(line)) }),
            terminal: Some(terminal()),
            udp_low: 40_000,
            udp_high: 60_000,
            ..Start::default()
        };
        let mut command = Command::new(std::env::current_exe().expect("a path"));
        command.args(["kept::a_keeper_listens_for_its_user_alone", "--exact", "--nocapture"]);
        command.env("ABIDE_RUNTIME_DIR", dir.join("run"));
        command.env("KEPT", format!("{id} {}", encode_word(&start)));
        // Its end tells the keeper that nobody is left to end it.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("a keeper");
        let socket = dir.join("run").join(format!("{id}.sock"));
        let front = Front { socket, log: dir.join("log") };
        let kept = Kept { dir, child, front };
        wait_until("the keeper's socket", || kept.socket.exists());
        kept
    }

    /// Resident memory, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let mut text = String::new();
        let path = format!("/proc/{}/status", self.child.id());
        let mut file = std::fs::File::open(path).expect("a running keeper");
        file.read_to_string(&mut text).expect("its status");
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its size");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        let path = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(Path::new(&path)).expect("a running keeper").count()
    }
}

impl Front {
    pub(crate) fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.socket).expect("a keeper that listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        stream
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("a log")
    }

    /// Waits until the log has all of the words in one line.
    pub(crate) fn wait_for_log(&self, words: &[&str]) {
        let has = |line: &str| words.iter().all(|word| line.contains(word));
        if !wait(|| self.log().lines().any(has)) {
            let log: Vec<String> = self.log().lines().rev().take(30).map(str::to_owned).collect();
            panic!("the log has no line with {words:?}; its last ones, backwards: {log:#?}");
        }
    }
}

impl Deref for Kept {
    type Target = Front;

    fn deref(&self) -> &Front {
        &self.front
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Its program's terminal hangs up with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub(crate) fn terminal() -> Terminal {
    Terminal { kind: "dumb".into(), rows: 24, cols: 80, ..Terminal::default() }
}

pub(crate) fn wait_until(what: &str, is_so: impl FnMut() -> bool) {
    assert!(wait(is_so), "{what}: not within {LIMIT:?}");
}

fn wait(mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = clock::now() + LIMIT;
    while !is_so() {
        if clock::now() >= deadline {
            return false;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    true
}

/// Also the keeper of all the other tests: started with `KEPT`, it is one.
#[test]
fn a_keeper_listens_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(given) = std::env::var("KEPT") {
        return be_a_keeper(&given);
    }
    let kept = Kept::start();
    let mode = std::fs::metadata(&kept.socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

fn be_a_keeper(given: &str) {
    let (id, start) = given.split_once(' ').expect("two words");
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let log = abide_host::syslog::SystemLog::default();
    abide_keeper::run(id.parse().expect("an id"), decode_word(start).expect("a start"), &log)
        .expect("a session");
}
