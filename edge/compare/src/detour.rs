//! A detour on loopback between a client and its server, TCP or UDP, that counts what passes and can
//! be closed as a change of networks closes a path: connections of before never pass a byte again and
//! nobody is told; new ones get through once it is open, and UDP goes on from another port. It sees
//! encrypted bytes alone.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How soon a thread notices that something was asked of it.
const NOTICE: Duration = Duration::from_millis(100);
/// How long reaching the server may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Connections over one detour; further ones are hung up on.
const MAX_CONNECTIONS: usize = 64;
/// Longest datagram.
const MAX_DATAGRAM: usize = 65_535;

#[derive(Debug, Default)]
struct State {
    ended: AtomicBool,
    closed: AtomicBool,
    /// How often it was closed: a connection of an earlier time is dead.
    time: AtomicU64,
    packets: AtomicU64,
}

impl State {
    fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn is_of_now(&self, time: u64) -> bool {
        self.time.load(Ordering::Relaxed) == time
    }
}

/// A detour that runs. Dropping it closes everything.
#[derive(Debug)]
pub struct Detour {
    address: SocketAddr,
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

impl Detour {
    /// For TCP connections to this server.
    ///
    /// # Errors
    /// The name has no address, or loopback no port.
    pub fn tcp(server: impl ToSocketAddrs) -> io::Result<Detour> {
        let server = first(server)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let (address, state) = (listener.local_addr()?, Arc::new(State::default()));
        let own = Arc::clone(&state);
        let accept = std::thread::spawn(move || accept(&listener, server, &own));
        Ok(Detour { address, state, threads: vec![accept] })
    }

    /// For datagrams of one client to this server.
    ///
    /// # Errors
    /// As [`Detour::tcp`].
    pub fn udp(server: impl ToSocketAddrs) -> io::Result<Detour> {
        let server = first(server)?;
        let near = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?);
        near.set_read_timeout(Some(NOTICE))?;
        let (address, state) = (near.local_addr()?, Arc::new(State::default()));
        let pair =
            Arc::new(Pair { near, far: Mutex::new(far_socket(server)?), client: Mutex::default() });
        let (up, down) = (Arc::clone(&pair), pair);
        let (state_up, state_down) = (Arc::clone(&state), Arc::clone(&state));
        let threads = vec![
            std::thread::spawn(move || up.carry_up(server, &state_up)),
            std::thread::spawn(move || down.carry_down(&state_down)),
        ];
        Ok(Detour { address, state, threads })
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Packets so far, both ways: datagrams, or what one read gave (a quiet SSH connection writes
    /// each of its packets at once).
    pub fn packets(&self) -> u64 {
        self.state.packets.load(Ordering::Relaxed)
    }

    /// Lets nothing through, and forgets all connections.
    pub fn close(&self) {
        self.state.closed.store(true, Ordering::Relaxed);
        self.state.time.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets new connections through, and datagrams.
    pub fn open(&self) {
        self.state.closed.store(false, Ordering::Relaxed);
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _panicked_already_told = thread.join();
        }
    }
}

fn first(server: impl ToSocketAddrs) -> io::Result<SocketAddr> {
    let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    server.to_socket_addrs()?.next().ok_or_else(none)
}

fn is_pause(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

fn accept(listener: &TcpListener, server: SocketAddr, state: &Arc<State>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !state.ended() {
        match listener.accept() {
            Ok((near, _)) if threads.len() < MAX_CONNECTIONS => {
                let state = Arc::clone(state);
                threads.push(std::thread::spawn(move || serve(near, server, &state)));
            }
            Ok(_) => {}
            Err(_) => std::thread::sleep(NOTICE / 4),
        }
    }
    for thread in threads {
        let _panicked_already_told = thread.join();
    }
}

/// One connection. One that comes while the detour is closed is as one to a network that is not
/// there: it opens, as the kernel has done that, and stays silent.
fn serve(near: TcpStream, server: SocketAddr, state: &Arc<State>) {
    let time = state.time.load(Ordering::Relaxed);
    while state.closed.load(Ordering::Relaxed) {
        if state.ended() {
            return;
        }
        std::thread::sleep(NOTICE);
    }
    if !state.is_of_now(time) {
        return stay_silent(state);
    }
    let Ok(far) = TcpStream::connect_timeout(&server, CONNECT_LIMIT) else { return };
    let settled = [&near, &far].map(|stream| {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(NOTICE))
    });
    let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else { return };
    if settled.iter().any(Result::is_err) {
        return;
    }
    let own = Arc::clone(state);
    let down = std::thread::spawn(move || pump(far_too, near_too, time, &own));
    pump(near, far, time, state);
    let _panicked_already_told = down.join();
}

fn stay_silent(state: &State) {
    while !state.ended() {
        std::thread::sleep(NOTICE);
    }
}

/// One direction of a connection.
fn pump(mut from: TcpStream, mut to: TcpStream, time: u64, state: &State) {
    let mut block = vec![0; 65_536];
    while !state.ended() {
        if !state.is_of_now(time) {
            // Neither end may learn of it.
            return stay_silent(state);
        }
        match from.read(&mut block) {
            Ok(0) => break,
            Ok(_) if !state.is_of_now(time) => {}
            Ok(count) => {
                state.packets.fetch_add(1, Ordering::Relaxed);
                if to.write_all(&block[..count]).is_err() {
                    break;
                }
            }
            Err(error) if is_pause(&error) => {}
            Err(_) => break,
        }
    }
    let _gone_already = to.shutdown(std::net::Shutdown::Write);
}

/// A UDP detour's sockets.
struct Pair {
    near: Arc<UdpSocket>,
    far: Mutex<Arc<UdpSocket>>,
    client: Mutex<Option<SocketAddr>>,
}

fn far_socket(server: SocketAddr) -> io::Result<Arc<UdpSocket>> {
    let any: SocketAddr = if server.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(NOTICE))?;
    Ok(Arc::new(socket))
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pair {
    fn carry_up(&self, server: SocketAddr, state: &State) {
        let mut datagram = vec![0; MAX_DATAGRAM];
        let mut time = 0;
        while !state.ended() {
            let Ok((count, client)) = self.near.recv_from(&mut datagram) else { continue };
            *locked(&self.client) = Some(client);
            if state.closed.load(Ordering::Relaxed) {
                continue;
            }
            if !state.is_of_now(time) {
                time = state.time.load(Ordering::Relaxed);
                if let Ok(fresh) = far_socket(server) {
                    *locked(&self.far) = fresh;
                }
            }
            state.packets.fetch_add(1, Ordering::Relaxed);
            let far = Arc::clone(&locked(&self.far));
            let _lost_as_on_any_path = far.send(&datagram[..count]);
        }
    }

    fn carry_down(&self, state: &State) {
        let mut datagram = vec![0; MAX_DATAGRAM];
        while !state.ended() {
            let far = Arc::clone(&locked(&self.far));
            match far.recv(&mut datagram) {
                Ok(count) => {
                    let client = *locked(&self.client);
                    let Some(client) = client.filter(|_| !state.closed.load(Ordering::Relaxed))
                    else {
                        continue;
                    };
                    state.packets.fetch_add(1, Ordering::Relaxed);
                    let _lost_as_on_any_path = self.near.send_to(&datagram[..count], client);
                }
                // A port that refuses answers at once.
                Err(error) if !is_pause(&error) => std::thread::sleep(NOTICE / 4),
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// A server that echoes, for ever.
    fn echo_server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || io::copy(&mut &stream, &mut &stream));
            }
        });
        address
    }

    fn connected(detour: &Detour) -> TcpStream {
        let stream = TcpStream::connect(detour.address()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    fn answers(mut stream: &TcpStream, limit: Duration) -> bool {
        stream.set_read_timeout(Some(limit)).unwrap();
        stream.write_all(b"x").is_ok() && matches!(stream.read(&mut [0; 8]), Ok(1..))
    }

    #[test]
    fn what_was_open_before_a_closing_is_dead_and_what_comes_after_lives() {
        let detour = Detour::tcp(echo_server()).unwrap();
        let before = connected(&detour);
        assert!(answers(&before, LIMIT));
        assert_eq!(detour.packets(), 2);
        detour.close();
        let during = connected(&detour);
        assert!(!answers(&before, NOTICE * 3) && !answers(&during, NOTICE * 3));
        detour.open();
        assert!(answers(&connected(&detour), LIMIT));
        assert!(!answers(&before, NOTICE * 3));
    }

    #[test]
    fn datagrams_come_from_another_port_after_a_closing() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        server.set_read_timeout(Some(LIMIT)).unwrap();
        let detour = Detour::udp(server.local_addr().unwrap()).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        let exchange = || {
            client.send_to(b"ping", detour.address()).unwrap();
            let (_, from) = server.recv_from(&mut [0; 8]).unwrap();
            server.send_to(b"pong", from).unwrap();
            client.recv(&mut [0; 8]).unwrap();
            from
        };
        let before = exchange();
        detour.close();
        client.send_to(b"lost", detour.address()).unwrap();
        // Sent and taken in order, so the lost one is gone once this thread sees the next.
        std::thread::sleep(NOTICE * 2);
        detour.open();
        assert_ne!(exchange(), before);
        assert_eq!(detour.packets(), 4);
    }
}
