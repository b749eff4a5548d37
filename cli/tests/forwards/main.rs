//! Forwards through the real program and a real sshd: bytes are exact whatever happens to ssh, halves end
//! one by one, many connections get along, and the server's policy holds.
#![allow(unreachable_pub)]

mod display;
#[path = "../far/mod.rs"]
mod far;
mod held;
mod live;
mod policy;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use far::{Far, LIMIT, Setup, children, kill, wait_until};
use held::{Held, Manner, Met, Service, free_port, meet, meet_by_socks};
use rustix::process::Signal;

/// `-L` from a free port to a service.
fn local(service: &Service) -> (u16, String) {
    let port = free_port();
    (port, format!("-L{port}:{}", service.target()))
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("a forward");
    stream.set_read_timeout(Some(LIMIT)).expect("a socket");
    stream
}

/// Bytes that tell where they belong.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ at >> 8 ^ at >> 16) as u8).collect()
}

/// The ssh that a client runs.
fn ssh_of(held: &Held) -> Vec<u32> {
    children(held.child.id())
}

/// Sends `bytes`, reads them back, and does something when half of them came.
fn there_and_back(port: u16, bytes: &[u8], midway: impl FnOnce()) -> Vec<u8> {
    let mut stream = connect(port);
    let mut out = stream.try_clone().expect("a socket");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            out.write_all(bytes).expect("sent");
            out.shutdown(Shutdown::Write).expect("its end");
        });
        let mut back = vec![0; bytes.len() / 2];
        stream.read_exact(&mut back).expect("the first half");
        midway();
        stream.read_to_end(&mut back).expect("the rest, and its end");
        back
    })
}

#[test]
fn bytes_are_exact_though_ssh_dies_midway() {
    let far = Far::start();
    let service = Service::start(Manner::Echo);
    let bytes = pattern(50_000_000);
    for way in [&["--no-udp"][..], &[]] {
        let (port, forward) = local(&service);
        let held = Held::start(&far, &[way, &[&forward[..]]].concat());
        let back = there_and_back(port, &bytes, || {
            ssh_of(&held).into_iter().for_each(|ssh| kill(ssh, Signal::KILL));
        });
        assert!(back == bytes, "{way:?}: {} bytes came back", back.len());
    }
}

#[test]
fn each_half_ends_by_itself() {
    let far = Far::start();
    let service = Service::start(Manner::Count);
    let (port, forward) = local(&service);
    let remote = free_port();
    let back = format!("-R{remote}:{}", service.target());
    let _held = Held::start(&far, &[&forward, &back]);
    for port in [port, remote] {
        wait_until("the forward", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        let mut stream = connect(port);
        stream.write_all(&[7; 12_345]).expect("sent");
        stream.shutdown(Shutdown::Write).expect("its end");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer after the end");
        assert_eq!(answer, "12345 bytes");
    }
}

#[test]
fn who_cuts_off_is_passed_on() {
    let far = Far::start();
    let service = Service::start(Manner::Cut);
    let (port, forward) = local(&service);
    let _held = Held::start(&far, &[&forward]);
    let mut stream = connect(port);
    stream.write_all(b"x").expect("sent");
    let error = stream.read(&mut [0]).expect_err("a reset, not an end");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_target_that_is_not_there_is_named() {
    let far = Far::start();
    let (port, dynamic) = (free_port(), free_port());
    let nobody = free_port();
    let flags = [format!("-L{port}:127.0.0.1:{nobody}"), format!("-D{dynamic}")];
    let mut held = Held::start(&far, &[&flags[0], &flags[1]]);
    assert_eq!(meet(port), Met::Closed);
    held.wait_for("open failed: connect failed: Connection refused");
    assert_eq!(meet_by_socks(dynamic, "no-such-name.invalid", 80), Met::Closed);
    assert_eq!(held.end(), Some(0));
}

#[test]
fn a_thousand_at_once_though_some_stall() {
    const MANY: usize = 1000;
    let far = Far::start();
    let (echo, stall) = (Service::start(Manner::Echo), Service::start(Manner::Stall));
    let ((port, forward), (stalled, dead_end)) = (local(&echo), local(&stall));
    let held = Held::start(&far, &[&forward, &dead_end]);
    let filled: Vec<TcpStream> = (0..50).map(|_| fill(stalled)).collect();
    let mut streams: Vec<TcpStream> = (0..MANY).map(|_| connect(port)).collect();
    for round in 0..3_u32 {
        for (number, stream) in streams.iter_mut().enumerate() {
            writeln!(stream, "round {round} of {number:04}").expect("sent");
        }
        for (number, stream) in streams.iter_mut().enumerate() {
            let mut line = vec![0; "round 0 of 0000\n".len()];
            stream.read_exact(&mut line).expect("an echo");
            assert_eq!(String::from_utf8_lossy(&line), format!("round {round} of {number:04}\n"));
        }
    }
    assert!(far.keeper() > 0);
    for (who, pid) in [("client", held.child.id()), ("keeper", far.keeper())] {
        let memory = resident(pid);
        assert!(memory < 160 << 20, "{who}: {memory} bytes");
    }
    drop((streams, filled));
    assert_eq!(meet(port), Met::Echo);
}

/// Writes until nothing more is taken.
fn fill(port: u16) -> TcpStream {
    let mut stream = connect(port);
    stream.set_write_timeout(Some(Duration::from_millis(20))).expect("a socket");
    while stream.write_all(&[0; 16 * 1024]).is_ok() {}
    stream
}

/// Resident memory, in bytes.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("KiB") * 1024
}

#[test]
fn a_port_of_the_servers_choosing_is_told() {
    let far = Far::start();
    let service = Service::start(Manner::Echo);
    let forward = format!("-R0:{}", service.target());
    let held = Held::start(&far, &[&forward]);
    held.wait_for("Allocated port ");
    let said = held.said();
    let port = said.split("Allocated port ").nth(1).and_then(|rest| rest.split(' ').next());
    let port: u16 = port.and_then(|port| port.parse().ok()).expect("a port");
    assert!(said.contains(&format!("for remote forward to {}", service.target())), "{said}");
    assert_eq!(meet(port), Met::Echo);
}

#[test]
fn a_new_target_is_asked_about_after_ssh_died() {
    let service = Service::start(Manner::Echo);
    let config = format!("PermitOpen 127.0.0.1:{0} localhost:{0}", service.port);
    let far = Far::start_with(&Setup { config: &config, ..Setup::default() });
    let dynamic = free_port();
    let held = Held::start(&far, &[&format!("-D{dynamic}")]);
    assert_eq!(meet_by_socks(dynamic, "127.0.0.1", service.port), Met::Echo);
    ssh_of(&held).into_iter().for_each(|ssh| kill(ssh, Signal::KILL));
    assert_eq!(meet_by_socks(dynamic, "127.0.0.1", service.port), Met::Echo, "known already");
    assert_eq!(meet_by_socks(dynamic, "localhost", service.port), Met::Echo, "asked anew");
    assert_eq!(meet_by_socks(dynamic, "127.0.0.1", 9), Met::Closed, "not permitted");
    held.wait_for("administratively prohibited");
}

#[test]
fn exit_on_forward_failure_exits() {
    let far = Far::start_with(&Setup { config: "AllowTcpForwarding no", ..Setup::default() });
    let exit = "-oExitOnForwardFailure=yes";
    let service = Service::start(Manner::Echo);
    let taken = format!("-L127.0.0.1:{}:h:1", service.port);
    let refused = format!("-R{}:h:1", free_port());
    for forward in [&taken, &refused] {
        let mut held = Held::spawn(far.command(&[exit, forward, "far", "sleep 20"]));
        assert_eq!(held.child.wait().expect("a child").code(), Some(255), "{}", held.said());
    }
    let mut without = Held::start(&far, &[&taken, &refused]);
    assert_eq!(without.end(), Some(0), "a warning is all: {}", without.said());
}

#[test]
fn the_session_lasts_as_long_as_its_connections() {
    let far = Far::start();
    let service = Service::start(Manner::Echo);
    let (port, forward) = local(&service);
    let mut held = Held::start(&far, &[&forward]);
    let mut stream = connect(port);
    stream.write_all(b"x").expect("sent");
    stream.read_exact(&mut [0]).expect("an echo");
    std::thread::scope(|scope| {
        let ended = scope.spawn(|| held.end());
        stream.write_all(b"y").expect("sent");
        stream.read_exact(&mut [0]).expect("an echo");
        assert!(!ended.is_finished());
        drop(stream);
        assert_eq!(ended.join().expect("ended"), Some(0));
    });
}

#[test]
fn nothing_is_run_for_forwards_alone() {
    let far = Far::start();
    let service = Service::start(Manner::Echo);
    let (port, forward) = local(&service);
    let mut held = Held::spawn(far.command(&["-N", &forward, "far"]));
    wait_until("the forward", || meet(port) == Met::Echo);
    assert_eq!(far.sessions()[0]["program"], "nothing, for its forwards");
    kill(held.child.id(), Signal::INT);
    assert_eq!(held.child.wait().expect("a child").code(), Some(130), "{}", held.said());
    far.wait_until_gone();
}

/// An ssh-agent with a key of its own, ended with this value.
struct Agent(std::process::Child, std::path::PathBuf);

impl Agent {
    fn start(far: &Far) -> Self {
        let path = far.path("an-agent");
        let mut agent = std::process::Command::new("ssh-agent");
        agent.args(["-D", "-a"]).arg(&path).stdout(std::process::Stdio::null());
        let agent = Agent(agent.spawn().expect("ssh-agent, of openssh-client"), path);
        wait_until("the agent", || agent.1.exists());
        let mut add = std::process::Command::new("ssh-add");
        add.arg("-q").arg(far.path("stranger")).env("SSH_AUTH_SOCK", &agent.1);
        assert!(add.status().expect("ssh-add").success());
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_agent_is_lent_where_sshd_lends_it() {
    let asks = "ssh-add -l >/dev/null 2>&1; echo $? $(ssh-add -L 2>/dev/null | cut -c1-11)";
    for (config, flag, key_options, expected) in [
        ("", "-A", "", "0 ssh-ed25519\n"),
        ("", "-oForwardAgent=yes", "", "0 ssh-ed25519\n"),
        ("", "-a", "", "2\n"),
        ("AllowAgentForwarding no", "-A", "", "2\n"),
        ("", "-A", "restrict ", "2\n"),
        // Somebody else's agent in the login's environment is not one that sshd lent.
        (
            "AllowAgentForwarding no\nSetEnv SSH_AUTH_SOCK=$dir/an-agent",
            "-A",
            "",
            "0 ssh-ed25519\n",
        ),
    ] {
        let far = Far::start_with(&Setup { config, ..Setup::default() });
        let key = std::fs::read_to_string(far.path("user.pub")).expect("a key");
        std::fs::write(
            far.path("authorized_keys"),
            format!("{}{key}", key_options.replace("$dir", &far.path("").display().to_string())),
        )
        .expect("ours");
        let agent = Agent::start(&far);
        let line = format!("{asks}; ls $ABIDE_RUNTIME_DIR/*.agent 2>/dev/null | wc -l");
        let mut command = far.command(&[flag, "-oIdentityAgent=SSH_AUTH_SOCK", "far", &line]);
        let output = command.env("SSH_AUTH_SOCK", &agent.1).output().expect("abide runs");
        let sockets = u8::from(expected.starts_with('0') && !config.contains("SetEnv"));
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, format!("{expected}{sockets}\n"), "{config} {flag} {key_options}");
    }
}
