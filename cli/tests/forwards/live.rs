//! Unix sockets at either end, `-f`, and `~C` and `~#` in a session that runs.

use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::far::{Far, LIMIT, Setup, kill, make_ready, processes_with, wait_until};
use crate::held::{Held, Manner, Met, Service, free_port, meet, meet_by_socks, meet_through};
use rustix::process::Signal;

fn meet_at(path: &std::path::Path) -> Met {
    match UnixStream::connect(path) {
        Err(_) => Met::Nobody,
        Ok(stream) => {
            stream.set_read_timeout(Some(LIMIT)).expect("a socket");
            meet_through(stream)
        }
    }
}

#[test]
fn unix_sockets_at_either_end() {
    let far = Far::start();
    let service = Service::start(Manner::Echo);
    let (near, remote, port) = (far.path("near-socket"), far.path("far-socket"), free_port());
    let flags = [
        format!("-L{}:{}", near.display(), service.target()),
        format!("-R{}:{}", remote.display(), service.target()),
        format!("-L{port}:{}", remote.display()),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut held = Held::start(&far, &flags);
    wait_until("the far socket", || meet_at(&remote) == Met::Echo);
    assert_eq!(meet_at(&near), Met::Echo);
    assert_eq!(meet(port), Met::Echo, "{}", held.said());
    assert_eq!(held.end(), Some(0));
    assert!(!near.exists());
    wait_until("the end of the far socket", || !remote.exists());
}

#[test]
fn unix_sockets_only_where_sshd_permits_them() {
    let config = "AllowStreamLocalForwarding no";
    let far = Far::start_with(&Setup { config, ..Setup::default() });
    let service = Service::start(Manner::Echo);
    let (there, remote, port) = (far.path("there"), far.path("far-socket"), free_port());
    let _listener = std::os::unix::net::UnixListener::bind(&there).expect("a socket");
    let flags = [
        format!("-R{}:{}", remote.display(), service.target()),
        format!("-L{port}:{}", there.display()),
    ];
    let held = Held::start(&far, &[&flags[0], &flags[1]]);
    assert_eq!(meet(port), Met::Closed);
    held.wait_for("open failed: open failed");
    held.wait_for("Warning: remote port forwarding failed for listen path");
    assert_eq!(meet_at(&remote), Met::Nobody);
}

#[test]
fn a_port_of_the_server_serves_socks() {
    let far = Far::start();
    let service = Service::start(Manner::Echo);
    let port = free_port();
    let _held = Held::start(&far, &[&format!("-R{port}")]);
    let met = || meet_by_socks(port, "localhost", service.port);
    wait_until("the forward", || met() == Met::Echo);
}

#[test]
fn in_the_background_once_its_forwards_are_there() {
    let far = Far::start();
    let service = Service::start(Manner::Echo);
    let (port, remote) = (free_port(), free_port());
    let (forward, back) =
        (format!("-L{port}:{}", service.target()), format!("-R{remote}:{}", service.target()));
    let mut command = far.command(&["-f", "-N", &forward, &back, "far"]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("abide runs");
    assert_eq!(status.code(), Some(0));
    assert_eq!((meet(port), meet(remote)), (Met::Echo, Met::Echo));
    for pid in processes_with(&["-f", "-N", &forward]) {
        kill(pid, Signal::TERM);
    }
    far.wait_until_gone();
    let taken = format!("-L127.0.0.1:{}:h:1", service.port);
    let mut failing = far.command(&["-f", "-oExitOnForwardFailure=yes", &taken, "-N", "far"]);
    let status = failing.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("abide runs");
    assert_eq!(status.code(), Some(255));
}

#[test]
fn added_listed_and_cancelled_while_it_runs() {
    let far = Far::start();
    let service = Service::start(Manner::Echo);
    let terminal = far.terminal(&["far"]);
    make_ready(&terminal);
    let (port, remote) = (free_port(), free_port());
    let type_line = |line: &str, answer: &str| {
        let mark = terminal.len();
        terminal.send("\r~C").expect("typed");
        terminal.wait_for_after(mark, "ssh> ", LIMIT).expect("a prompt of ours");
        terminal.send(format!("{line}\r")).expect("typed");
        terminal.wait_for_after(mark, answer, LIMIT).expect("an answer");
    };
    type_line(&format!("-L {port}:{}", service.target()), "Forwarding port.");
    assert_eq!(meet(port), Met::Echo);
    type_line(&format!("-R {remote}:{}", service.target()), "Forwarding port.");
    wait_until("the remote forward", || meet(remote) == Met::Echo);
    let stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    // The system takes a connection before abide hears of it.
    let listed = format!("to {} (", service.target());
    wait_until("the connection", || {
        let mark = terminal.len();
        terminal.send("\r~#").expect("typed");
        terminal.wait_for_after(mark, "forward 1:", LIMIT).expect("a list");
        String::from_utf8_lossy(&terminal.bytes()[mark..]).contains(&listed)
    });
    drop(stream);
    type_line(&format!("-KL {port}"), "Canceled forwarding.");
    type_line(&format!("-KR {remote}"), "Canceled forwarding.");
    type_line("-KD 1", "Unknown port forwarding.");
    wait_until("their end", || meet(port) == Met::Nobody && meet(remote) == Met::Nobody);
    let mark = terminal.len();
    terminal.send("echo th''ere\r").expect("typed");
    terminal.wait_for_after(mark, "there", LIMIT).expect("the shell");
}
