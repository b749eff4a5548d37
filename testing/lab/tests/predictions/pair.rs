//! One ssh and one sshd of its own, with the traffic of its case. Ended with the lab, and by itself
//! when dropped.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use abide_host::clock;
use abide_lab::World;
use abide_terms::Moment;
use abide_timeouts::Side;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::case::{Case, Load};

/// How long sshd may take to listen, and ssh to log in.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Between two pieces of traffic: well below the shortest interval.
const PACE: Duration = Duration::from_millis(200);
/// Ports of the sshds; those of the forwards' ends are this much higher.
const FIRST_PORT: u16 = 2_200;
const SINK_OFFSET: u16 = 1_000;

/// A running pair.
pub(crate) struct Pair {
    pub(crate) case: Case,
    pub(crate) port: u16,
    /// The session was there.
    pub(crate) ready: Moment,
    /// Become readable when ssh, and the sshd of this connection, end.
    pub(crate) ends: [OwnedFd; 2],
    ssh: Child,
    sshd: Child,
    _stdin: Option<ChildStdin>,
}

impl Pair {
    /// Starts both and returns when the session is there.
    pub(crate) fn start(lab: &World, case: Case, number: u16) -> Self {
        let port = FIRST_PORT + number;
        let mut sshd = start_sshd(lab, &case, port);
        let sink = sink(lab, &case, port + SINK_OFFSET);
        let mut ssh = lab.client().command("ssh");
        let options = [
            format!("Port={port}"),
            format!("HostKeyAlias={}", lab.server_address()),
            format!("ServerAliveInterval={}", case.client.0),
            format!("ServerAliveCountMax={}", case.client.1),
            "LogLevel=ERROR".to_owned(),
        ];
        ssh.arg("-T").arg("-F").arg(lab.ssh_config_path());
        for option in &options {
            ssh.args(["-o", option]);
        }
        match case.load {
            Load::Idle => ssh.args(["lab", "echo ready; exec cat"]),
            Load::Typing => ssh.args(["lab", "echo ready; exec cat > /dev/null"]),
            Load::Output => {
                ssh.args(["lab", "echo ready; while sleep 0.2 && echo more; do :; done"])
            }
            Load::Upload | Load::Forward => {
                ssh.arg(format!("-W127.0.0.1:{}", port + SINK_OFFSET)).arg("lab")
            }
        };
        ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut ssh = ssh.spawn().unwrap();
        let mut stdin = ssh.stdin.take();
        if matches!(case.load, Load::Typing | Load::Upload | Load::Forward) {
            pace(stdin.take().unwrap());
        }
        let said = lines(ssh.stdout.take().unwrap());
        let first = sink.unwrap_or(said).recv_timeout(START_LIMIT);
        let ready = clock::now();
        if first.is_err() {
            let _ = (ssh.kill(), ssh.wait(), sshd.kill(), sshd.wait());
            panic!("no session for {case:?}");
        }
        let session = child_of(sshd.id()).expect("sshd serves the connection");
        let ends = [ssh.id(), session].map(watch);
        Pair { case, port, ready, ends, ssh, sshd, _stdin: stdin }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for child in [&mut self.ssh, &mut self.sshd] {
            // Ended already, most likely. The connection's own sshd goes with the lab.
            let _ = (child.kill(), child.wait());
        }
    }
}

/// The end of a side in [`Pair::ends`].
pub(crate) const fn index(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

fn start_sshd(lab: &World, case: &Case, port: u16) -> Child {
    fs::create_dir_all("/run/sshd").unwrap();
    let directory = lab.directory().display();
    let config = lab.directory().join(format!("sshd_config.{port}"));
    let (interval, count) = case.server;
    let text = format!(
        "Port {port}\nListenAddress 0.0.0.0\nHostKey {directory}/host_key\n\
         AuthorizedKeysFile {directory}/authorized_keys\nStrictModes no\nUsePAM no\nUseDNS no\n\
         PermitRootLogin prohibit-password\nPasswordAuthentication no\nPidFile none\n\
         KbdInteractiveAuthentication no\nPrintMotd no\nPrintLastLog no\n\
         ClientAliveInterval {interval}\nClientAliveCountMax {count}\n"
    );
    fs::write(&config, text).unwrap();
    let mut sshd = lab.server().command(crate::sshd());
    sshd.args(["-D", "-e", "-f"]).arg(&config);
    sshd.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut sshd = sshd.spawn().unwrap();
    let said = lines(sshd.stderr.take().unwrap());
    loop {
        match said.recv_timeout(START_LIMIT) {
            Ok(line) if line.contains("Server listening") => break,
            Ok(_) => {}
            Err(error) => {
                let _ = (sshd.kill(), sshd.wait());
                panic!("sshd does not listen: {error}");
            }
        }
    }
    sshd
}

/// The far end of a forward, where the case has one; its first bytes are told.
fn sink(lab: &World, case: &Case, port: u16) -> Option<mpsc::Receiver<String>> {
    if !matches!(case.load, Load::Upload | Load::Forward) {
        return None;
    }
    let listener = lab.server().enter(|| TcpListener::bind(("127.0.0.1", port)));
    let listener = listener.unwrap().unwrap();
    let (tell, told) = mpsc::channel();
    let answers = case.load == Load::Forward;
    std::thread::spawn(move || {
        let Ok((stream, _)) = listener.accept() else { return };
        if answers {
            pace(stream.try_clone().unwrap());
        }
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _nobody_waits_any_more = tell.send(line);
        }
    });
    Some(told)
}

/// Writes a line again and again until nobody takes it any more.
fn pace(mut to: impl Write + Send + 'static) {
    std::thread::spawn(move || {
        while to.write_all(b"more\n").and_then(|()| to.flush()).is_ok() {
            std::thread::sleep(PACE);
        }
    });
}

fn lines(from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Read on when nobody listens: a full pipe would stop the writer.
            let _nobody_waits_any_more = tell.send(line);
        }
    });
    told
}

fn watch(pid: u32) -> OwnedFd {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    pidfd_open(pid, PidfdFlags::empty()).unwrap()
}

/// The one child of a process.
fn child_of(parent: u32) -> Option<u32> {
    fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name in parentheses may hold anything; state and parent follow it.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        (fields.nth(1)?.parse() == Ok(parent)).then_some(pid)
    })
}
