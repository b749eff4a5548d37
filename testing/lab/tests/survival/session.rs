//! One session under trial: a lab with its sshd, the client on a terminal, the far end counting.
//! Knows how to type, to time an echo, and to judge what came of it; causes no fault.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use abide_host::clock;
pub(crate) use abide_lab::Trouble;
use abide_lab::{Lab, Program, Terminal, wait_until};
use abide_terms::Moment;

use crate::shown::{Count, Shown};

const FAR: &str = include_str!("far.sh");
/// How long a session may take to open: a login, and the upload of a large debug build.
const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// How long an echo may take before it is given up. Well beyond every limit that is judged.
pub(crate) const ECHO_LIMIT: Duration = Duration::from_secs(45);
/// How long something may take that the test itself causes.
const OWN_LIMIT: Duration = Duration::from_secs(10);
/// Between two keys typed while a fault lasts, at least.
const KEY_EVERY: Duration = Duration::from_millis(700);
/// Keys typed while a fault lasts, at most: a person does not type on for minutes without an echo.
const KEYS_MAX: u32 = 40;
/// Bytes of each log that a failure shows, from its end.
const LOG_SHOWN: usize = 12_000;

/// A session and everything around it.
pub(crate) struct Session {
    // Before the lab: it goes first.
    pub(crate) terminal: Terminal,
    pub(crate) lab: Lab,
    program: PathBuf,
    began: Moment,
    keys: usize,
    shell: u32,
    /// What earlier clients of this session have shown.
    earlier: Vec<Vec<u8>>,
}

/// What was shown and typed in all.
pub(crate) struct Verdict {
    pub(crate) lines: Count,
    pub(crate) keys: Count,
    pub(crate) complaints: Vec<String>,
}

impl Session {
    /// Opens a session in this lab, whose sshd is started here, and sets the far end counting.
    pub(crate) fn open(lab: Lab, program: &Program) -> Result<Session, Trouble> {
        let directory = lab.directory().to_owned();
        fs::write(directory.join("far.sh"), FAR)?;
        lab.start_sshd_for(program)?;
        let terminal = start(&lab, &program.path(), &[])?;
        let program = program.path();
        let (began, earlier) = (clock::now(), Vec::new());
        let mut session = Session { terminal, lab, program, began, keys: 0, shell: 0, earlier };
        session.set_counting()?;
        Ok(session)
    }

    fn set_counting(&mut self) -> Result<(), Trouble> {
        let directory = self.lab.directory().display();
        // The prompt; what is typed before it would be echoed twice.
        self.terminal.wait_for(OPEN_LIMIT, |bytes| (!bytes.is_empty()).then_some(()))?;
        self.wait_until("the session being listed", || Ok(!self.carriers()?.is_empty()))?;
        self.terminal.send(format!("exec bash {directory}/far.sh {directory}\r"))?;
        self.shell = self.terminal.wait_for(OPEN_LIMIT, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let (_, after) = text.rsplit_once("ready ")?;
            after.split_once('.')?.0.parse().ok()
        })?;
        self.wait_until("counting", || Ok(self.terminal.text().contains("line 3.")))?;
        Ok(())
    }

    // What is typed.

    /// Types the next numbered key; returns its answer.
    fn type_key(&mut self) -> Result<String, Trouble> {
        self.keys += 1;
        self.terminal.send(format!("key{}\r", self.keys))?;
        Ok(format!("[key{} {}]", self.keys, self.shell))
    }

    /// Types a key and waits for its answer: how long that took.
    pub(crate) fn echo(&mut self) -> Result<Duration, Trouble> {
        let began = clock::now();
        self.mark("a key is typed");
        let answer = self.type_key()?;
        self.terminal.wait_for_after(0, &answer, ECHO_LIMIT)?;
        self.mark("its answer is there");
        Ok(clock::now().since(began))
    }

    /// Lets time pass, typing.
    pub(crate) fn type_for(&mut self, span: Duration) -> Result<(), Trouble> {
        let (end, pause) = (clock::now() + span, KEY_EVERY.max(span / KEYS_MAX));
        loop {
            self.type_key()?;
            let left = end.since(clock::now());
            std::thread::sleep(left.min(pause));
            if left <= pause {
                return Ok(());
            }
        }
    }

    /// Lets time pass in silence from both ends.
    pub(crate) fn hush_for(&mut self, span: Duration) -> Result<(), Trouble> {
        self.hush()?;
        std::thread::sleep(span);
        fs::remove_file(self.lab.directory().join("hush"))?;
        fs::remove_file(self.lab.directory().join("count"))?;
        Ok(())
    }

    /// Stops the counting; returns how many lines there were.
    fn hush(&self) -> Result<usize, Trouble> {
        fs::write(self.lab.directory().join("hush"), "")?;
        let count = self.lab.directory().join("count");
        self.wait_until("the counting's end", || Ok(count.exists()))?;
        Ok(fs::read_to_string(count)?.trim().parse()?)
    }

    // The client.

    /// Replaces a client that is gone by a new one that attaches.
    pub(crate) fn attach_anew(&mut self) -> Result<(), Trouble> {
        let terminal = start(&self.lab, &self.program, &["attach"])?;
        let old = std::mem::replace(&mut self.terminal, terminal);
        self.earlier.push(old.bytes());
        Ok(())
    }

    /// The ssh processes that the client has started.
    pub(crate) fn client_ssh(&self) -> Vec<u32> {
        let parent = |pid: u32| -> Option<u32> {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let (start, rest) = stat.rsplit_once(") ")?;
            let is_ssh = start.ends_with("(ssh");
            rest.split(' ').nth(1)?.parse().ok().filter(|_| is_ssh)
        };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| parent(*pid) == Some(self.terminal.pid())).collect()
    }

    /// What carries the link as the keeper sees it, best first; empty when there is no session.
    pub(crate) fn carriers(&self) -> Result<Vec<String>, Trouble> {
        let mut command = Command::new(&self.program);
        command.args(["ls", "--json"]);
        command.env("ABIDE_RUNTIME_DIR", self.lab.directory().join("run"));
        let listing = String::from_utf8(command.output()?.stdout)?;
        // The latest client is the last of the only session.
        let Some((_, list)) = listing.rsplit_once("\"carriers\": [") else { return Ok(Vec::new()) };
        let words = list.split_once(']').map_or("", |(words, _)| words).split('"');
        Ok(words.skip(1).step_by(2).map(str::to_owned).collect())
    }

    /// Waits until this carrier is the best one.
    pub(crate) fn wait_for_carrier(&self, kind: &str, limit: Duration) -> Result<(), Trouble> {
        let best = || Ok(self.carriers()?.first().is_some_and(|best| best == kind));
        wait_until(&format!("{kind} being the best carrier"), limit, best)
    }

    // The end.

    /// Ends the counting and looks at everything shown and typed.
    pub(crate) fn judge(&mut self) -> Result<Verdict, Trouble> {
        let printed = self.hush()?;
        self.echo()?;
        let shown = Shown::new(&self.terminal.bytes());
        let mut complaints = Vec::new();
        let lines = Count::of(shown.counted(), printed);
        let typed = fs::read_to_string(self.lab.directory().join("typed"))?;
        let arrived = typed.lines().filter_map(|line| line.strip_prefix("key")?.parse().ok());
        let keys = Count::of(arrived, self.keys);
        let answers = Count::of(shown.answers().iter().map(|(key, _)| *key), self.keys);
        if !answers.is_exact() {
            complaints.push(format!("answers shown: {answers:?}"));
        }
        if let Some((key, shell)) = shown.answers().iter().find(|(_, shell)| *shell != self.shell) {
            complaints.push(format!("shell {shell} answered key {key}, not {}", self.shell));
        }
        let strangers = shown.strangers();
        if !strangers.is_empty() {
            complaints.push(format!("shown, but never printed: {strangers:?}"));
        }
        for bytes in &self.earlier {
            let counted = Shown::new(bytes).counted();
            let count = Count::of(counted.iter().copied(), counted.last().copied().unwrap_or(0));
            if counted.is_empty() || !count.is_exact() {
                complaints.push(format!("an earlier client showed {count:?}"));
            }
        }
        for (what, count) in [("lines", lines), ("keys", keys)] {
            if !count.is_exact() {
                complaints.push(format!("{what}: {count:?}"));
            }
        }
        Ok(Verdict { lines, keys, complaints })
    }

    // For the person who looks for the cause.

    /// Writes a line into the client's log, where it stands among the client's own.
    pub(crate) fn mark(&self, what: &str) {
        use std::io::Write;
        let since = clock::now().since(self.began);
        let wall = clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let (seconds, micros) = (wall.as_secs() % 86_400, wall.subsec_micros());
        let time = format!(
            "{:02}:{:02}:{:02}.{micros:06}",
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60
        );
        let log = fs::File::options().create(true).append(true).open(self.client_log());
        let _log_is_a_courtesy =
            log.and_then(|mut log| writeln!(log, "---- {time}: {what}, after {since:.3?}"));
    }

    fn client_log(&self) -> PathBuf {
        self.lab.directory().join("client.log")
    }

    /// The logs of client, keeper and sshd, and what was shown last.
    pub(crate) fn logs(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, log: &str| {
            let mut from = log.len().saturating_sub(LOG_SHOWN);
            while !log.is_char_boundary(from) {
                from += 1;
            }
            text.push_str(&format!("==== {name}\n{}\n", log[from..].trim_end()));
        };
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        add("client", &read(&self.client_log()));
        let keepers = self.lab.directory().join("state/abide/keepers");
        for entry in fs::read_dir(keepers).into_iter().flatten().flatten() {
            add("keeper", &read(&entry.path()));
        }
        add("sshd", &self.lab.sshd_log());
        let bytes = self.terminal.bytes();
        let shown = &bytes[bytes.len().saturating_sub(600)..];
        add("terminal, its end", &shown.escape_ascii().to_string());
        text
    }

    fn wait_until(
        &self,
        what: &str,
        seen: impl FnMut() -> Result<bool, Trouble>,
    ) -> Result<(), Trouble> {
        wait_until(what, OWN_LIMIT, seen)
    }
}

/// Starts a client in the lab.
fn start(lab: &Lab, program: &Path, words: &[&str]) -> Result<Terminal, Trouble> {
    let mut command = lab.client().command(program);
    command.args(words).arg("-F").arg(lab.ssh_config_path()).arg("lab");
    command.env("ABIDE_LOG", lab.directory().join("client.log"));
    command.env("ABIDE_RUNTIME_DIR", lab.directory().join("client-run"));
    Ok(Terminal::start(&command)?)
}
