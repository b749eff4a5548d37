//! A running `abide tunnel`, a service to lead tunnels to, and ports. Has no tests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

use abide_host::clock;
use rustix::process::Signal;
use serde_json::Value;

use crate::far::{Far, kill};

/// What is wrong is named within this.
pub const NAMED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Ends with this value.
pub struct Kept<'a> {
    far: &'a Far,
    child: Child,
}

impl<'a> Kept<'a> {
    pub fn start(far: &'a Far, words: &[&str]) -> Self {
        Self::spawn(far, far.command(&[&["tunnel"], words].concat()))
    }

    pub fn spawn(far: &'a Far, mut command: Command) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(far.path("said"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("a file"));
        Kept { far, child: command.spawn().expect("abide runs") }
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.child.id(), signal);
    }

    /// Ends it; its exit status.
    pub fn end(&mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        self.child.wait().expect("a child").code()
    }

    fn reports(&self) -> Vec<Value> {
        let output = self.far.local(&["tunnel", "status", "--json"]).output().expect("runs");
        let listing: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        listing["tunnels"].as_array().expect("a list").clone()
    }

    /// Waits until the reports of all tunnels are as wanted.
    pub fn wait_for_all(&self, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = clock::now() + NAMED_WITHIN;
        loop {
            let reports = self.reports();
            if is_so(&reports) {
                return reports;
            }
            if clock::now() >= deadline {
                let said = std::fs::read_to_string(self.far.path("said")).unwrap_or_default();
                panic!("not within {NAMED_WITHIN:?}: {reports:#?}\n{said}");
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until the only tunnel's report is as wanted.
    pub fn wait_for(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        self.wait_for_all(|all| all.first().is_some_and(&is_so)).remove(0)
    }

    /// Waits until this is what is wrong.
    pub fn wait_for_cause(&self, code: &str) -> Value {
        self.wait_for(|report| report["cause"]["code"] == code)
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end(Signal::TERM);
        }
    }
}

/// Says `220 here` to whoever connects, until it is dropped.
pub struct Service {
    pub port: u16,
    over: Arc<AtomicBool>,
}

impl Service {
    pub fn start() -> Self {
        Self::start_at(&["127.0.0.1"])
    }

    pub fn start_on(port: u16) -> Self {
        Self::serve(vec![TcpListener::bind(("127.0.0.1", port)).expect("a free port")])
    }

    /// At one port of all these addresses.
    pub fn start_at(addresses: &[&str]) -> Self {
        loop {
            let port = free_port();
            let bound: Result<Vec<_>, _> =
                addresses.iter().map(|address| TcpListener::bind((*address, port))).collect();
            if let Ok(listeners) = bound {
                return Self::serve(listeners);
            }
        }
    }

    fn serve(listeners: Vec<TcpListener>) -> Self {
        let port = listeners[0].local_addr().expect("an address").port();
        let over = Arc::new(AtomicBool::new(false));
        for listener in listeners {
            listener.set_nonblocking(true).expect("a socket");
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    match listener.accept() {
                        Ok((stream, _)) => greet(stream),
                        Err(_) => std::thread::sleep(LOOK_EVERY),
                    }
                }
            });
        }
        Service { port, over }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn greet(mut stream: TcpStream) {
    std::thread::spawn(move || {
        let _ = stream.set_nonblocking(false);
        let _ = stream.write_all(b"220 here\r\n");
        while let Ok(1..) = stream.read(&mut [0; 64]) {}
    });
}

/// What whoever listens at a port of 127.0.0.1 says first; nothing if it says nothing soon.
pub fn banner(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut buffer = [0; 64];
    match stream.read(&mut buffer) {
        Ok(count @ 1..) => Some(String::from_utf8_lossy(&buffer[..count]).into_owned()),
        _ => None,
    }
}

/// A port that nothing listens at now, below those that connections get by themselves.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + (std::process::id() % 100) as u16 * 100;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        let bind = |address: &str| TcpListener::bind((address, start + step));
        if bind("127.0.0.1").is_ok() && bind("::1").is_ok() {
            return start + step;
        }
    }
}
