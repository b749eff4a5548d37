//! A far end for tests of the whole program: a real sshd on a loopback port with keys, directories
//! and keepers of its own, all of them gone with it. Has no tests.
#![allow(dead_code, unreachable_pub)]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use abide_host::clock;
use abide_lab::Terminal;
use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take that a test waits for.
pub const LIMIT: Duration = Duration::from_secs(30);
/// How often files and processes are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What is special about a far end.
#[derive(Default)]
pub struct Setup<'a> {
    /// First lines of sshd's configuration: they win. `$dir` is ours.
    pub config: &'a str,
    /// Shell lines, run in sshd's own mount namespace before it starts. `$dir` is ours.
    pub inside: &'a str,
    /// Another sshd than the system's.
    pub sshd: Option<&'a Path>,
    /// The keeper goes where it goes by itself, and not into our directory.
    pub default_places: bool,
}

/// A far end.
pub struct Far {
    dir: PathBuf,
    pub port: u16,
    sshd: Child,
}

impl Far {
    pub fn start() -> Far {
        Far::start_with(&Setup::default())
    }

    /// Makes everything; returns once sshd listens.
    pub fn start_with(setup: &Setup<'_>) -> Far {
        assert!(rustix::process::geteuid().is_root(), "these tests need root: run ./check");
        let dir = scratch();
        for key in ["host", "user", "stranger"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.join(key));
            assert!(keygen.status().expect("ssh-keygen, of openssh-client").success());
        }
        std::fs::copy(dir.join("user.pub"), dir.join("authorized_keys")).expect("a copy");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let port = port.expect("a loopback port").port();
        // Made by sshd's service, which need not run here.
        std::fs::create_dir_all("/run/sshd").expect("/run/sshd");
        let far = dir.display();
        let places = if setup.default_places {
            String::new()
        } else {
            format!(" XDG_CACHE_HOME={far}/cache XDG_STATE_HOME={far}/state")
        };
        let config = format!(
            "{}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {far}/host\nPidFile none\n\
             AuthorizedKeysFile {far}/authorized_keys\nStrictModes no\nUsePAM no\nUseDNS no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PrintMotd no\nPrintLastLog no\nSubsystem sftp internal-sftp\n\
             SetEnv ABIDE_RUNTIME_DIR={far}/run{places}\n",
            setup.config
        );
        write(&dir, "sshd_config", &config.replace("$dir", &far.to_string()));
        write(
            &dir,
            "config",
            &format!(
                "Host far\n HostName 127.0.0.1\n Port {port}\n IdentityFile {far}/user\nHost *\n \
                 User root\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {far}/known_hosts\n \
                 GlobalKnownHostsFile /dev/null\n StrictHostKeyChecking yes\n UpdateHostKeys no\n"
            ),
        );
        let sshd = start_sshd(&dir, setup);
        let far = Far { dir, port, sshd };
        far.know("host");
        far
    }

    /// Makes `key` the host's key as the client knows it.
    pub fn know(&self, key: &str) {
        let public = std::fs::read_to_string(self.path(&format!("{key}.pub"))).expect("a key");
        write(&self.dir, "known_hosts", &format!("[127.0.0.1]:{} {public}", self.port));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    // The program under test.

    /// The program with these words; the word `far` brings the flags that lead here.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.local(&[]);
        let config = self.path("config");
        for word in words {
            if *word == "far" {
                command.arg("-F").arg(&config);
            }
            command.arg(word);
        }
        command
    }

    /// The program with exactly these words.
    pub fn local(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_abide"));
        command.args(words).env("ABIDE_RUNTIME_DIR", self.path("near"));
        for variable in ["ABIDE_SSH", "ABIDE_UDP_VIA", "ABIDE_KEEPER", "ABIDE_LOG", "LC_ALL"] {
            command.env_remove(variable);
        }
        command.env("LANG", "C.UTF-8");
        command
    }

    /// The program as run on the far machine: it sees the sessions there as its own.
    pub fn there(&self, words: &[&str]) -> Command {
        let mut command = self.local(words);
        command.env("ABIDE_RUNTIME_DIR", self.path("run"));
        command
    }

    /// On a terminal.
    pub fn terminal(&self, words: &[&str]) -> Terminal {
        Terminal::start(&self.command(words)).expect("a terminal")
    }

    /// A login shell on a terminal, ready for commands, with a short prompt and no line editor.
    pub fn shell(&self, words: &[&str]) -> Terminal {
        let terminal = self.terminal(words);
        make_ready(&terminal);
        terminal
    }

    /// Runs it without a terminal: stdout, stderr and status, with what differs from run to run
    /// replaced by DIR, PORT and SESSION.
    pub fn says(&self, words: &[&str]) -> String {
        self.says_of(self.command(words))
    }

    pub fn says_of(&self, mut command: Command) -> String {
        let output = command.stdin(Stdio::null()).output().expect("abide runs");
        let text = |bytes: &[u8]| self.plain(&String::from_utf8_lossy(bytes));
        let status = output.status.code().expect("not killed");
        format!("{}--\n{}={status}", text(&output.stdout), text(&output.stderr))
    }

    /// What differs from run to run, replaced.
    pub fn plain(&self, text: &str) -> String {
        let mut text = text.replace(&self.dir.display().to_string(), "DIR");
        text = text.replace(&self.port.to_string(), "PORT").replace('\r', "");
        for log in std::fs::read_dir(self.path("state/abide/keepers")).into_iter().flatten() {
            let name = log.expect("an entry").file_name().to_string_lossy().into_owned();
            text = text.replace(name.trim_end_matches(".log"), "SESSION");
        }
        text
    }

    // The sessions there.

    /// `abide ls --json` as the far machine sees it.
    pub fn sessions(&self) -> Vec<serde_json::Value> {
        let output = self.there(&["ls", "--json"]).output().expect("abide ls");
        let listing: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        listing["sessions"].as_array().expect("a list").clone()
    }

    /// The only session's id.
    pub fn session(&self) -> String {
        let sessions = self.sessions();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        sessions[0]["id"].as_str().expect("an id").to_owned()
    }

    /// The process of the only session's keeper.
    pub fn keeper(&self) -> u32 {
        let pid = self.sessions()[0]["keeper_pid"].as_u64().expect("a pid");
        u32::try_from(pid).expect("a pid")
    }

    /// All that keepers have logged.
    pub fn keeper_logs(&self) -> String {
        let logs = std::fs::read_dir(self.path("state/abide/keepers")).into_iter().flatten();
        logs.filter_map(|log| std::fs::read_to_string(log.ok()?.path()).ok()).collect()
    }

    pub fn wait_until_gone(&self) {
        wait_until("the session's end", || self.sessions().is_empty());
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // Keepers first: their programs hang up with them.
        for socket in std::fs::read_dir(self.path("run")).into_iter().flatten().flatten() {
            let path = socket.path();
            let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            for pid in processes_with(&["keeper", "run", &id]) {
                kill(pid, Signal::TERM);
                let ended = || !Path::new(&format!("/proc/{pid}")).exists();
                if !wait(Duration::from_secs(5), ended) {
                    kill(pid, Signal::KILL);
                }
            }
        }
        for pid in children(self.sshd.id()) {
            kill(pid, Signal::TERM);
        }
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn scratch() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("abide-far-{}-{number}", std::process::id()));
    std::fs::create_dir(&dir).expect("a directory of our own");
    // Other accounts than ours log in too.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&dir, open).expect("our directory");
    dir
}

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).expect("a file in our directory");
}

fn start_sshd(dir: &Path, setup: &Setup<'_>) -> Child {
    let sshd = setup.sshd.unwrap_or(Path::new("/usr/sbin/sshd")).display();
    let start = format!("exec {sshd} -D -e -f {}/sshd_config", dir.display());
    // An empty home, so that this machine's rc files have no part in it.
    let home = "mount -t tmpfs -o mode=700 none ~root";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh"]);
    command.args(["-ec", &format!("{home}\n{}\n{start}", setup.inside)]).env("dir", dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a shell");
    let stderr = child.stderr.take().expect("piped");
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        // Goes on reading, so that sshd never waits for us.
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    let mut said = String::new();
    while !said.contains("Server listening on") {
        match told.recv_timeout(LIMIT) {
            Ok(line) => said.extend([&line, "\n"]),
            Err(_) => panic!("sshd did not start: {said}"),
        }
    }
    child
}

/// Waits for a shell's prompt, and makes the shell plain.
pub fn make_ready(terminal: &Terminal) {
    terminal.wait_for(LIMIT, |bytes| (!bytes.is_empty()).then_some(())).expect("a prompt");
    let plain = "PS1='$ '; PROMPT_COMMAND=; bind 'set enable-bracketed-paste off'; echo rea''dy\r";
    terminal.ask(plain, "ready", LIMIT).expect("a shell");
}

/// Waits for something that another process does.
pub fn wait_until(what: &str, is_so: impl FnMut() -> bool) {
    assert!(wait(LIMIT, is_so), "{what}: not within {LIMIT:?}");
}

fn wait(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = clock::now() + limit;
    while !is_so() {
        if clock::now() >= deadline {
            return false;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    true
}

pub fn kill(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _gone_already = kill_process(pid, signal);
    }
}

/// Processes with these words in a row on their command lines.
pub fn processes_with(words: &[&str]) -> Vec<u32> {
    let wanted = words.join("\0");
    let has = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&wanted)
    };
    all_processes().filter(has).collect()
}

/// The processes that `parent` has started and that still run.
pub fn children(parent: u32) -> Vec<u32> {
    let is_child = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        after.split(' ').nth(1).and_then(|pid| pid.parse().ok()) == Some(parent)
    };
    all_processes().filter(is_child).collect()
}

fn all_processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
