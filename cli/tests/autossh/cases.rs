//! The combinations that both programs are put through.

use std::net::TcpListener;
use std::time::Duration;

use rustix::process::Signal;

/// What the monitor's forwards do, in place of ssh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Loop,
    Echo,
    /// Bytes come back changed.
    Garbled,
    /// Connections are taken, and nothing comes back.
    Mute,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub args: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
    pub plan: &'static str,
    pub signals: Vec<(Duration, Signal)>,
    pub limit: Duration,
    /// It goes to the background.
    pub daemon: bool,
    pub port: u16,
    pub line: Option<Line>,
    pub breaks_at: Option<Duration>,
}

impl Case {
    /// `line` is split at spaces; `P` is a port of this case's own, and `''` an empty word.
    pub fn new(line: &str) -> Self {
        let port = if line.contains('P') { free_pair() } else { 0 };
        let word = |word: &str| match word {
            "''" => String::new(),
            other => other.replace('P', &port.to_string()),
        };
        Case {
            args: line.split(' ').filter(|it| !it.is_empty()).map(word).collect(),
            environment: Vec::new(),
            plan: "0:0",
            signals: Vec::new(),
            limit: Duration::from_secs(5),
            daemon: false,
            port,
            line: None,
            breaks_at: None,
        }
    }

    pub fn set(mut self, name: &'static str, value: &str) -> Self {
        if value.starts_with('P') && self.port == 0 {
            self.port = free_pair();
        }
        let value = value.replace('P', &self.port.to_string());
        self.environment.push((name, value));
        self
    }

    pub fn plan(mut self, plan: &'static str) -> Self {
        self.plan = plan;
        self
    }

    pub fn send(mut self, seconds: f64, signal: Signal) -> Self {
        self.signals.push((Duration::from_secs_f64(seconds), signal));
        self
    }

    pub fn within(mut self, seconds: u64) -> Self {
        self.limit = Duration::from_secs(seconds);
        self
    }

    fn daemon(mut self) -> Self {
        self.daemon = true;
        // Long enough for its file to be seen.
        self.plan = "0.5:0";
        self.set("AUTOSSH_PIDFILE", "$dir/pid")
    }

    pub fn line(mut self, line: Line) -> Self {
        self.line = Some(line);
        self
    }

    fn breaking(mut self, seconds: u64) -> Self {
        self.breaks_at = Some(Duration::from_secs(seconds));
        self
    }

    /// Without the gate, so that an exit is judged as after a long life.
    pub fn no_gate(self) -> Self {
        self.set("AUTOSSH_GATETIME", "0")
    }
}

/// Two neighbouring ports, free now and below those that connections get by themselves.
fn free_pair() -> u16 {
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let start = 10_000 + (std::process::id() % 5_000) as u16 * 3;
    loop {
        let step = NEXT.fetch_add(2, std::sync::atomic::Ordering::Relaxed);
        let port = start + step % 5_000;
        let bind = |port| TcpListener::bind(("127.0.0.1", port));
        if let (Ok(_), Ok(_)) = (bind(port), bind(port + 1)) {
            return port;
        }
    }
}

/// All of them; the long ones last, as they are taken from the end.
pub fn all() -> Vec<Case> {
    [refused(), arguments(), background(), statuses(), signals(), times(), tests()].concat()
}

fn arguments() -> Vec<Case> {
    let lines = [
        "-M 0 host",
        "-M0 -N host",
        "-N -M 0 host",
        "host -N -M 0",
        "-M 0 host -p 22 -N",
        "-M 0 -4nNTx -i f.key h -p 22 cmd",
        "-M 0 -- -M -S x host",
        "-M 0 -- -f host -- ls",
        "-M 0 host -- -N",
        "-M P -N host",
        "-N -M P:7 host",
        "-M 9 -M 0 h",
        "-M 0 -L 1:a:2 -R 3:b:4 -D 5 -o ServerAliveInterval=30 -g u@h",
        "-M 0 -o Tag=-f h '' cmd '' two",
        "-M 0 - x",
        "-M 0 -vvv -CqgAXYKkaxtT -tt -s h sftp",
        "-M 0 -p22 -oA=b -lu h cmd arg",
        // As units in public documentation have it.
        "-M 0 -o ServerAliveInterval=30 -o ServerAliveCountMax=3 -NL 3306:localhost:3306 u@h",
        "-M 0 -q -N -o PubkeyAuthentication=yes -R 2222:localhost:22 -i /etc/key u@h -p 2200",
        "-N -M P -o ExitOnForwardFailure=yes -nT -D 1080 h",
        "-M 0 -E f -F c -e ~ -b a -c x -m y -l u -w 0 -I i -O check -S s -W a:1 h",
    ];
    let mut cases: Vec<Case> = lines.into_iter().map(|line| Case::new(line).no_gate()).collect();
    cases.extend([
        Case::new("-N host").set("AUTOSSH_PORT", "P").no_gate(),
        Case::new("-N host").set("AUTOSSH_PORT", "P:7").no_gate(),
        Case::new("-N host").set("AUTOSSH_PORT", "0").no_gate(),
        Case::new("-N -M P host").set("AUTOSSH_PORT", "17").no_gate(),
        Case::new("-N -M 0 host").set("AUTOSSH_PORT", "").no_gate(),
    ]);
    cases
}

fn refused() -> Vec<Case> {
    let lines = [
        "",
        "-h",
        "--help",
        "-V",
        "-N -V",
        "-M 0",
        "-M 0 -N",
        "-M",
        "-M 70000 h",
        "-M x h",
        "-M 5000: h",
        "-M 5000:0 h",
        "-M '' h",
        "-M 0 -Z h",
        "-M 0 h -L",
    ];
    let mut cases: Vec<Case> = lines.into_iter().map(Case::new).collect();
    for (name, value) in [
        ("AUTOSSH_POLL", "0"),
        ("AUTOSSH_POLL", "1x"),
        ("AUTOSSH_POLL", ""),
        ("AUTOSSH_FIRST_POLL", "0"),
        ("AUTOSSH_GATETIME", "-1"),
        ("AUTOSSH_GATETIME", "soon"),
        ("AUTOSSH_MAXSTART", "-2"),
        ("AUTOSSH_MAXSTART", "0"),
        ("AUTOSSH_MAXLIFETIME", "x"),
        ("AUTOSSH_LOGLEVEL", "8"),
        ("AUTOSSH_LOGLEVEL", ""),
        ("AUTOSSH_LOGFILE", "/nonexistent/log"),
        ("AUTOSSH_PIDFILE", "/nonexistent/pid"),
        ("AUTOSSH_PATH", "/nonexistent/ssh"),
        ("AUTOSSH_MESSAGE", "12345678901234567890123456789012345678901234567890123456789012345"),
    ] {
        cases.push(Case::new("-M 0 h").set(name, value));
    }
    cases.push(Case::new("-V").set("AUTOSSH_POLL", "0"));
    cases
}

fn background() -> Vec<Case> {
    let lines = ["-M 0 -fN host", "-f -M 0 host cmd", "-M P -Nf host", "-M 0 -N host -f"];
    let mut cases: Vec<Case> = lines.into_iter().map(|line| Case::new(line).daemon()).collect();
    cases.extend([
        Case::new("-M 0 -f h").daemon().plan("60:0").send(2.0, Signal::TERM).within(6),
        Case::new("-M 0 -f h").daemon().plan("0.2:255 60:0").send(2.0, Signal::TERM).within(6),
        Case::new("-M 0 -f h").daemon().plan("0.2:1 0.2:0").set("AUTOSSH_GATETIME", "30"),
        Case::new("-M 0 -f h").daemon().set("AUTOSSH_LOGFILE", "words"),
    ]);
    cases
}

fn statuses() -> Vec<Case> {
    let mut cases = Vec::new();
    for plan in ["0.3:0", "0.3:1", "0.3:2", "0.3:3", "0.3:127", "0.3:255"] {
        cases.push(Case::new("-M 0 h").plan(plan));
    }
    for plan in ["3:0", "3:1", "3:2", "3:3", "3:255 0.1:0"] {
        cases.push(Case::new("-M 0 h").plan(plan).set("AUTOSSH_GATETIME", "1").within(8));
    }
    for plan in
        ["0.1:0", "0.1:1 0.1:0", "0.1:2 0.1:0", "0.1:3", "0.1:255 0.1:0", "0.1:255 0.1:1 0.1:3"]
    {
        cases.push(Case::new("-M 0 h").plan(plan).no_gate());
    }
    for plan in ["0.2:sKILL 0.1:0", "0.2:sTERM 0.1:0", "0.2:sHUP 0.1:0", "0.2:sINT 0.1:3"] {
        cases.push(Case::new("-M 0 h").plan(plan));
    }
    cases.push(Case::new("-M 0 h").plan("0.1:sKILL 0.1:1 0.1:2 0.1:255 0.1:3"));
    for most in ["1", "3", "0x2", "-1"] {
        let case = Case::new("-M 0 h").plan("0.1:255 0.1:255 0.1:255 0.1:0").no_gate();
        cases.push(case.set("AUTOSSH_MAXSTART", most));
    }
    cases.push(Case::new("-M 0 h").plan("0.1:0").set("AUTOSSH_LOGFILE", "$dir/words"));
    let quiet = Case::new("-M 0 h").plan("0.1:0").set("AUTOSSH_LOGFILE", "$dir/words");
    cases.push(quiet.set("AUTOSSH_LOGLEVEL", "0"));
    cases
}

fn signals() -> Vec<Case> {
    let lives = || Case::new("-M 0 h").plan("60:0").set("AUTOSSH_PIDFILE", "$dir/pid");
    vec![
        lives().send(1.0, Signal::TERM),
        lives().send(1.0, Signal::INT),
        lives().send(1.0, Signal::USR1).within(3),
        lives().send(1.0, Signal::USR1).send(3.0, Signal::USR1).send(4.5, Signal::TERM).within(7),
        lives().send(1.0, Signal::HUP).within(3),
        lives().send(1.0, Signal::USR2).within(3),
        lives().send(1.0, Signal::HUP).send(2.0, Signal::TERM).within(4),
        lives().send(1.0, Signal::USR1).set("AUTOSSH_MAXSTART", "1"),
    ]
}

fn times() -> Vec<Case> {
    let fails = |poll| Case::new("-M 0 h").plan("0.05:255").no_gate().set("AUTOSSH_POLL", poll);
    vec![
        fails("60").within(8),
        fails("600").within(7),
        fails("300").within(7),
        fails("600").send(4.0, Signal::TERM).within(7),
        fails("600").set("AUTOSSH_MAXSTART", "7").within(7),
        Case::new("-M 0 h").plan("60:0").set("AUTOSSH_MAXLIFETIME", "3").within(7),
        Case::new("-M 0 h")
            .plan("0.3:255 60:0")
            .no_gate()
            .set("AUTOSSH_MAXLIFETIME", "4")
            .set("AUTOSSH_PIDFILE", "$dir/pid")
            .within(8),
        Case::new("-M 0 h").plan("60:0").set("AUTOSSH_MAXLIFETIME", "0").within(3),
    ]
}

fn tests() -> Vec<Case> {
    let polled = |line| Case::new(line).plan("60:0").set("AUTOSSH_POLL", "2");
    let long = "1234567890123456789012345678901234567890123456789012345678901234";
    vec![
        polled("-M P h").line(Line::Loop).within(7),
        polled("-M P h").line(Line::Loop).set("AUTOSSH_MESSAGE", long).within(5),
        polled("-M P h").within(7),
        Case::new("-M P h")
            .plan("60:0")
            .set("AUTOSSH_FIRST_POLL", "1")
            .set("AUTOSSH_POLL", "4")
            .within(3),
        polled("-M P h").line(Line::Garbled).within(5),
        polled("-M P h").line(Line::Mute).within(5),
        polled("-M P:7 h").line(Line::Echo).within(5),
        polled("-M P h").line(Line::Loop).breaking(3).within(5),
        polled("-M P h").set("AUTOSSH_MAXSTART", "2").within(7),
        polled("-M P h").line(Line::Loop).set("AUTOSSH_MAXLIFETIME", "5").within(9),
        polled("-M P h").line(Line::Loop).send(3.0, Signal::HUP).within(7),
    ]
}
