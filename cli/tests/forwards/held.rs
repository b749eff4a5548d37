//! A running abide with forwards, services to lead them to, and ports. Has no tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::far::{Far, LIMIT, wait_until};

/// A session with forwards, which ends when this is dropped.
pub struct Held {
    pub child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
}

impl Held {
    /// Runs `abide FLAGS far cat`, and waits until it runs.
    pub fn start(far: &Far, flags: &[&str]) -> Self {
        let mut held = Self::spawn(far.command(&[flags, &["far", "echo runs; exec cat"]].concat()));
        let mut line = String::new();
        let stdout = held.child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line, "runs\n", "{}", held.said());
        held
    }

    pub fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("abide runs");
        let stderr = child.stderr.take().expect("piped");
        let said = Arc::new(Mutex::new(String::new()));
        let heard = said.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                heard.lock().expect("not poisoned").push_str(&format!("{line}\n"));
            }
        });
        Held { stdin: child.stdin.take(), child, said }
    }

    /// What was said on stderr, so far.
    pub fn said(&self) -> String {
        self.said.lock().expect("not poisoned").clone()
    }

    pub fn wait_for(&self, words: &str) {
        wait_until(&format!("`{words}`"), || self.said().contains(words));
    }

    /// Ends its input; the exit status.
    pub fn end(&mut self) -> Option<i32> {
        self.stdin = None;
        self.child.wait().expect("a child").code()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a service does with a connection.
#[derive(Clone, Copy)]
pub enum Manner {
    /// Sends back what comes, as it comes; ends when that ends.
    Echo,
    /// Reads to the end, then says how much it was.
    Count,
    /// Cuts it off (RST) once something came.
    Cut,
    /// Never reads.
    Stall,
}

/// A service on loopback; its threads end with the test's process.
pub struct Service {
    pub port: u16,
}

impl Service {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let serve = move || drop(serve(stream, manner));
                std::thread::Builder::new().stack_size(128 * 1024).spawn(serve).expect("a thread");
            }
        });
        Service { port }
    }

    pub fn target(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn serve(mut stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    match manner {
        Manner::Echo => {
            let mut out = stream.try_clone()?;
            std::io::copy(&mut stream, &mut out)?;
            out.shutdown(Shutdown::Write)
        }
        Manner::Count => {
            let count = std::io::copy(&mut stream, &mut std::io::sink())?;
            write!(stream, "{count} bytes")
        }
        Manner::Cut => {
            stream.read_exact(&mut [0])?;
            rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
            Ok(())
        }
        Manner::Stall => {
            std::thread::sleep(Duration::from_secs(3600));
            drop(stream);
            Ok(())
        }
    }
}

/// What comes of connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// It echoes.
    Echo,
    /// Somebody accepted, and closed it.
    Closed,
    /// Nobody listens.
    Nobody,
}

pub fn meet(port: u16) -> Met {
    match TcpStream::connect(("127.0.0.1", port)) {
        Err(_) => Met::Nobody,
        Ok(stream) => meet_on(stream),
    }
}

pub fn meet_on(stream: TcpStream) -> Met {
    stream.set_read_timeout(Some(LIMIT)).expect("a socket");
    meet_through(stream)
}

pub fn meet_through(mut stream: impl Read + Write) -> Met {
    let mut answer = [0; 4];
    match stream.write_all(b"ping").and_then(|()| stream.read_exact(&mut answer)) {
        Ok(()) if &answer == b"ping" => Met::Echo,
        _ => Met::Closed,
    }
}

/// By SOCKS 5, to a name.
pub fn meet_by_socks(port: u16, host: &str, to: u16) -> Met {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return Met::Nobody };
    stream.set_read_timeout(Some(LIMIT)).expect("a socket");
    let mut request = vec![5, 1, 0, 5, 1, 0, 3, host.len() as u8];
    request.extend_from_slice(host.as_bytes());
    request.extend_from_slice(&to.to_be_bytes());
    let mut answer = [0; 12];
    match stream.write_all(&request).and_then(|()| stream.read_exact(&mut answer)) {
        Ok(()) if answer[..4] == [5, 0, 5, 0] => meet_on(stream),
        _ => Met::Closed,
    }
}

/// A port that nothing listens at now, below those that connections get by themselves.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 21_000 + (std::process::id() % 100) as u16 * 100;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % 1_000;
        let bind = |address: &str| TcpListener::bind((address, start + step));
        if bind("127.0.0.1").is_ok() && bind("::1").is_ok() {
            return start + step;
        }
    }
}
