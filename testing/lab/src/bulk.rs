//! Somebody else's download over the lab's link: TCP connections between two programs that have
//! nothing to do with what is tested. Keeps the link's queue as full as TCP keeps it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use abide_host::clock;

use crate::waiting::Trouble;
use crate::{Direction, World, wait_until};

/// The server's port, so that its packets can be told from others' in the link's counts.
pub const BULK_PORT: u16 = 7_779;
/// Connections at once: TCP fills a queue, overflows it and backs off; two rarely do so together.
const CONNECTIONS: usize = 2;
/// How long a connection may take to open, and the queue to fill.
const FULL_LIMIT: Duration = Duration::from_secs(120);
/// The queue counts as full at this share of its time, kept for [`STEADY`].
const FULL: f64 = 0.85;
/// So long the queue must stay full before anything is measured: past the first overflow, which
/// costs TCP most.
const STEADY: Duration = Duration::from_secs(6);
/// How soon a thread notices that it is to stop.
const NOTICE: Duration = Duration::from_millis(200);

/// A download that goes on until dropped.
pub struct Bulk {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Bulk {
    /// Starts the download and returns when the queue towards the client stays full. The link must
    /// have a rate.
    ///
    /// # Errors
    /// No connection, or the queue does not fill in two minutes.
    pub fn fill(world: &World) -> Result<Bulk, Trouble> {
        let down = world.link().settings().down;
        let rate = down.rate.ok_or("a link without a rate has no queue to fill")?;
        let full = Duration::from_secs_f64(down.queue as f64 * 8.0 / rate as f64).mul_f64(FULL);
        let door = SocketAddr::from((Ipv4Addr::UNSPECIFIED, BULK_PORT));
        let listener = world.server().enter(|| TcpListener::bind(door))??;
        let mut bulk = Bulk { stop: Arc::new(AtomicBool::new(false)), threads: Vec::new() };
        for _ in 0..CONNECTIONS {
            bulk.connect(world, &listener)?;
        }
        let mut since = clock::now();
        wait_until("a full queue", FULL_LIMIT, || {
            if world.link().queue_delay(Direction::Down) < full {
                since = clock::now();
            }
            Ok(clock::now().since(since) >= STEADY)
        })?;
        Ok(bulk)
    }

    fn connect(&mut self, world: &World, listener: &TcpListener) -> Result<(), Trouble> {
        let server = SocketAddr::from((world.server_address(), BULK_PORT));
        let near = world.client().enter(|| TcpStream::connect_timeout(&server, FULL_LIMIT))??;
        let (far, _) = listener.accept()?;
        near.set_read_timeout(Some(NOTICE))?;
        far.set_write_timeout(Some(NOTICE))?;
        let (stop_far, stop_near) = (Arc::clone(&self.stop), Arc::clone(&self.stop));
        self.threads.push(std::thread::spawn(move || pour(far, &stop_far)));
        self.threads.push(std::thread::spawn(move || drain(near, &stop_near)));
        Ok(())
    }
}

impl Drop for Bulk {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _panicked_already_told = thread.join();
        }
    }
}

fn pour(mut far: TcpStream, stop: &AtomicBool) {
    let block = [0x5a; 65_536];
    while !stop.load(Ordering::Relaxed) {
        match far.write(&block) {
            Err(error) if !is_pause(&error) => return,
            _ => {}
        }
    }
}

fn drain(mut near: TcpStream, stop: &AtomicBool) {
    let mut block = vec![0; 65_536];
    while !stop.load(Ordering::Relaxed) {
        match near.read(&mut block) {
            Ok(0) => return,
            Err(error) if !is_pause(&error) => return,
            _ => {}
        }
    }
}

fn is_pause(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
