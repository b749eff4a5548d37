//! Real programs on a real terminal, a key at a time: what each key made them print and how they take
//! input then. Without any delay, so that it can be played again with one.

use std::os::fd::OwnedFd;
use std::time::Duration;

use abide_host::child::Child;
use abide_host::clock;
use abide_host::command::ShellCommand;
use abide_host::pty::{self, Size};
use abide_prediction::Tty;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub(crate) const ROWS: u16 = 24;
pub(crate) const COLS: u16 = 80;
/// A program has answered when it says no more for this long.
const QUIET: Duration = Duration::from_millis(40);
/// One that has not begun to answer may be held up by others on the machine.
const PATIENCE: Duration = Duration::from_millis(300);
/// One that is just being started comes to rest later.
const QUIET_AT_START: Duration = Duration::from_millis(400);
/// No program here takes longer to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);

/// A key and when the next is typed.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) bytes: Vec<u8>,
    pub(crate) pause: Duration,
    pub(crate) starts_program: bool,
    /// A program that takes its time has answered when it has said this.
    pub(crate) until: &'static str,
}

/// A key and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) key: Key,
    /// After how long, and what.
    pub(crate) output: Vec<(Duration, Vec<u8>)>,
    pub(crate) tty: Tty,
}

/// Which shell, set up how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// bash with its line editor, as a person has it who set nothing.
    Bash,
    /// zsh with a prompt at the right end, and with Debian's packages that suggest the rest of a line
    /// and colour it while it is typed.
    Zsh,
    /// fish, which does all of that by itself.
    Fish,
}

impl Kind {
    fn program(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Kind::Bash => ("/bin/bash", &["--norc", "--noprofile", "-i"]),
            Kind::Zsh => ("/usr/bin/zsh", &["--no-global-rcs", "-i"]),
            Kind::Fish => ("/usr/bin/fish", &["-i"]),
        }
    }

    /// What it reads when it starts, and where that is.
    fn settings(self) -> Option<(&'static str, &'static str)> {
        match self {
            Kind::Bash => None,
            Kind::Zsh => Some((".zshrc", ZSHRC)),
            Kind::Fish => Some((".config/fish/config.fish", FISH)),
        }
    }
}

const ZSHRC: &str = "PS1='user@host:%~%# '; RPS1='%h at right'
source /usr/share/zsh-autosuggestions/zsh-autosuggestions.zsh
source /usr/share/zsh-syntax-highlighting/zsh-syntax-highlighting.zsh
";
const FISH: &str = "set -g fish_greeting
function fish_prompt; echo -n 'user@host:'(prompt_pwd)'> '; end
function fish_right_prompt; echo at right; end
";

/// A shell on a terminal.
pub(crate) struct Shell {
    child: Child,
    master: OwnedFd,
}

impl Shell {
    /// Starts one with nothing but its settings at home.
    pub(crate) fn start(kind: Kind, home: &std::path::Path) -> (Self, Recorded) {
        let (program, args) = kind.program();
        if let Some((path, settings)) = kind.settings() {
            let path = home.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, settings).expect("settings");
        }
        let mut command = ShellCommand::new(program);
        command.args = args.iter().map(Into::into).collect();
        let path = std::env::var_os("PATH").expect("a PATH");
        let home = home.as_os_str().to_owned();
        command.env = vec![
            ("PATH".into(), path),
            ("TERM".into(), "xterm-256color".into()),
            ("LANG".into(), "C.UTF-8".into()),
            ("PS1".into(), r"user@host:\w\$ ".into()),
            ("HISTFILE".into(), "/dev/null".into()),
            ("INPUTRC".into(), "/dev/null".into()),
            ("LESSHISTFILE".into(), "-".into()),
            ("HOME".into(), home.clone()),
        ];
        command.cwd = home.into();
        let mut pty =
            pty::open(Size { rows: ROWS, cols: COLS, xpixel: 0, ypixel: 0 }).expect("a pty");
        let child = pty::spawn(&mut pty, &command).expect("the shell starts");
        let shell = Shell { child, master: pty.master };
        let key = Key {
            bytes: Vec::new(),
            pause: Duration::from_secs(2),
            starts_program: true,
            until: "host:",
        };
        let output = shell.answer(&key);
        let tty = shell.tty();
        (shell, Recorded { key, output, tty })
    }

    /// Types a key and waits for all that comes of it.
    pub(crate) fn record(&self, key: Key) -> Recorded {
        if !key.bytes.is_empty() {
            rustix::io::write(&self.master, &key.bytes).expect("the terminal takes keys");
        }
        let output = self.answer(&key);
        Recorded { key, output, tty: self.tty() }
    }

    fn tty(&self) -> Tty {
        let modes = pty::modes(&self.master).expect("modes");
        Tty { echo: modes.echo, canonical: modes.canonical }
    }

    fn answer(&self, key: &Key) -> Vec<(Duration, Vec<u8>)> {
        let quiet = if key.starts_program { QUIET_AT_START } else { QUIET };
        let mut said = String::new();
        let (began, mut found, mut buffer) = (clock::now(), Vec::new(), vec![0; 16 * 1024]);
        loop {
            let age = clock::now().since(began);
            assert!(
                age < ANSWER_LIMIT,
                "{:?} does not come to rest: {said:?}",
                key.bytes.escape_ascii().to_string()
            );
            let mut ready = [PollFd::new(&self.master, PollFlags::IN)];
            let limit = Timespec { tv_sec: 0, tv_nsec: quiet.as_nanos() as _ };
            if poll(&mut ready, Some(&limit)).expect("poll") == 0 {
                if said.contains(key.until) && (!found.is_empty() || age >= PATIENCE) {
                    return found;
                }
                continue;
            }
            match pty::read(&self.master, &mut buffer) {
                Ok(0) | Err(_) => return found,
                Ok(count) => {
                    said.push_str(&String::from_utf8_lossy(&buffer[..count]));
                    found.push((clock::now().since(began), buffer[..count].to_vec()));
                }
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The hangup of a closed terminal ends the rest.
        let _ = self.child.signal_group(9);
        let _ = self.child.wait_within(Duration::from_secs(5));
    }
}
