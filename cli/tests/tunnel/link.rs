//! Tunnels over a link: what a fault does not end, what is said meanwhile, what is left behind.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::process::Signal;
use serde_json::Value;

use crate::far::{Far, LIMIT, Setup, children, kill, wait_until};
use crate::kept::{Kept, Service, banner, free_port};

/// Over ssh alone, so that its end is an outage.
const OVER_SSH: &str = "--no-udp";

/// A connection through a tunnel to somebody who says back what is said.
struct Inside(TcpStream);

impl Inside {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the forward");
        stream.set_read_timeout(Some(LIMIT)).expect("a socket");
        Inside(stream)
    }

    fn says_back(&mut self, words: &str) {
        self.0.write_all(words.as_bytes()).expect("the connection lives");
        let mut heard = vec![0; words.len()];
        self.0.read_exact(&mut heard).expect("the connection lives");
        assert_eq!(heard, words.as_bytes());
    }
}

/// Says back what each connection says; ends with the test.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut reading = stream.try_clone().expect("a socket");
                let _ = std::io::copy(&mut reading, &mut &stream);
            });
        }
    });
    port
}

fn pid(report: &Value, key: &str) -> u32 {
    u32::try_from(report[key].as_u64().unwrap_or_else(|| panic!("{key} of {report}")))
        .expect("a pid")
}

/// The ssh that carries the link.
fn ssh_of(report: &Value) -> u32 {
    let found = children(pid(report, "link_pid"));
    assert_eq!(found.len(), 1, "one ssh: {found:?}");
    found[0]
}

/// The server as ssh finds it: at its port, or at one that nobody listens at.
fn lead(far: &Far, astray: bool) {
    let path = far.path("config");
    let text = std::fs::read_to_string(&path).expect("a file");
    let (right, wrong) = (format!("Port {}\n", far.port), "Port 1\n");
    let text = if astray { text.replace(&right, wrong) } else { text.replace(wrong, &right) };
    std::fs::write(&path, text).expect("a file");
}

#[test]
fn a_connection_inside_lives_on_when_ssh_is_killed() {
    let far = Far::start();
    let port = free_port();
    let local = format!("{port}:127.0.0.1:{}", echo());
    let kept = Kept::start(&far, &[OVER_SSH, "-L", &local, "far"]);
    let report = kept.wait_for(|it| it["state"] == "up" && it["carrier"] == "ssh");
    assert_eq!((&report["way"], &report["ssh_pid"]), (&"link".into(), &Value::Null));
    let mut inside = Inside::open(port);
    inside.says_back("before");
    let ssh = ssh_of(&report);
    kill(ssh, Signal::KILL);
    inside.says_back("after");
    let report = kept.wait_for(|it| it["state"] == "up" && ssh_of(it) != ssh);
    assert_eq!(report["starts"], 1, "the same link");
}

#[test]
fn an_outage_is_told_with_its_reason_and_ends_nothing() {
    let far = Far::start();
    let port = free_port();
    let local = format!("{port}:127.0.0.1:{}", echo());
    let words = [OVER_SSH, "--probe-every=1s", "--keep-trying", "-L", &local, "far"];
    let kept = Kept::start(&far, &words);
    let report = kept.wait_for(|it| it["state"] == "up");
    let mut inside = Inside::open(port);
    inside.says_back("before");
    lead(&far, true);
    kill(ssh_of(&report), Signal::KILL);
    let outage = |code: &'static str| {
        move |it: &Value| it["state"] == "outage" && it["cause"]["code"] == code
    };
    kept.wait_for(outage("refused"));
    let said = far.says(&["tunnel", "status"]);
    assert!(said.contains("waiting for the network") && said.ends_with("=1"), "{said}");
    // The server is there again, and lets nobody in; then it is somebody else; then all is well.
    std::fs::rename(far.path("authorized_keys"), far.path("away")).expect("a file");
    std::fs::write(far.path("authorized_keys"), "").expect("a file");
    lead(&far, false);
    kept.wait_for(outage("authentication"));
    std::fs::rename(far.path("away"), far.path("authorized_keys")).expect("a file");
    far.know("stranger");
    kept.signal(Signal::HUP);
    kept.wait_for(outage("host-key-changed"));
    far.know("host");
    kept.signal(Signal::HUP);
    let report = kept.wait_for(|it| it["state"] == "up");
    assert_eq!((&report["starts"], &report["cause"]), (&1.into(), &Value::Null));
    inside.says_back("after");
}

#[test]
fn where_no_keeper_can_run_plain_ssh_does_and_says_so() {
    let far = Far::start_with(&Setup { config: "ForceCommand /bin/false", ..Setup::default() });
    let service = Service::start();
    let port = free_port();
    let kept = Kept::start(&far, &["-L", &format!("{port}:127.0.0.1:{}", service.port), "far"]);
    let report = kept.wait_for(|it| it["state"] == "up" && it["forwards"][0]["answer"] == "yes");
    assert_eq!((&report["way"], &report["starts"]), (&"plain".into(), &1.into()));
    let why = report["plain_because"].as_str().expect("a reason");
    assert!(why.contains("no keeper could be started on far"), "{why}");
    assert_eq!(banner(port).as_deref(), Some("220 here\r\n"));
    let said = far.says(&["tunnel", "status"]);
    assert!(said.contains("plain ssh, as no link is to be had"), "{said}");
}

#[test]
fn plain_is_plain() {
    let far = Far::start();
    let port = free_port();
    let local = format!("{port}:127.0.0.1:{}", echo());
    let kept = Kept::start(&far, &["--plain", "-L", &local, "far"]);
    let report = kept.wait_for(|it| it["state"] == "up");
    assert_eq!((&report["way"], &report["plain_because"]), (&"plain".into(), &Value::Null));
    assert!(report["ssh_pid"].is_u64() && report["link_pid"].is_null(), "{report}");
    assert_eq!(far.sessions().len(), 0, "no keeper");
}

#[test]
fn the_session_there_ends_with_the_tunnel() {
    let far = Far::start();
    let service = Service::start();
    let remote = format!("{}:127.0.0.1:{}", free_port(), service.port);
    let mut kept = Kept::start(&far, &["-R", &remote, "far"]);
    kept.wait_for(|it| it["state"] == "up");
    let name = far.sessions()[0]["name"].as_str().expect("a name").to_owned();
    assert!(name.starts_with("tunnel-far-"), "{name}");
    assert_eq!(kept.end(Signal::TERM), Some(0));
    far.wait_until_gone();
}

#[test]
fn what_a_killed_supervisor_left_behind_does_not_hold_its_ports() {
    let far = Far::start();
    let service = Service::start();
    let (local, remote) = (free_port(), free_port());
    let there = format!("127.0.0.1:{}", service.port);
    let forwards = ["-L", &format!("{local}:{there}"), "-R", &format!("{remote}:{there}"), "far"];
    let mut kept = Kept::start(&far, &forwards);
    let first = pid(&kept.wait_for(|it| it["state"] == "up"), "link_pid");
    // The supervisor alone: what it started ends by itself.
    assert_eq!(kept.end(Signal::KILL), None);
    let mut kept = Kept::start(&far, &forwards);
    let second = pid(&kept.wait_for(|it| it["state"] == "up" && it["starts"] == 1), "link_pid");
    let line = std::fs::read(format!("/proc/{first}/cmdline")).unwrap_or_default();
    assert!(line.is_empty(), "the first link's process is gone");
    // Both: the keeper there is not told, and holds the port until its successor comes.
    let keeper = far.keeper();
    kill(second, Signal::KILL);
    assert_eq!(kept.end(Signal::KILL), None);
    let kept = Kept::start(&far, &forwards);
    let up = |it: &Value| it["state"] == "up" && it["forwards"][1]["answer"] == "yes";
    let report = kept.wait_for(up);
    assert_eq!(report["starts"], 1, "at the first try: {report}");
    assert_eq!(banner(remote).as_deref(), Some("220 here\r\n"));
    wait_until("one session", || far.sessions().len() == 1 && far.keeper() != keeper);
}

#[test]
fn a_killed_process_of_the_link_is_not_called_ssh() {
    let far = Far::start();
    let local = format!("{}:127.0.0.1:{}", free_port(), echo());
    let kept = Kept::start(&far, &["-L", &local, "far"]);
    for (starts, signal) in [(1, Signal::KILL), (2, Signal::TERM)] {
        let up = |it: &Value| it["state"] == "up" && it["starts"] == starts;
        kill(pid(&kept.wait_for(up), "link_pid"), signal);
        let report = kept.wait_for_cause("link-killed");
        assert_eq!(report["cause"]["signal"], signal.as_raw());
    }
    let said = far.says(&["tunnel", "status"]);
    assert!(said.contains("the process that carried the link was ended by"), "{said}");
}
