//! Somebody else's download over the lab's link: one TCP connection between two programs that have
//! nothing to do with what is tested. Keeps the link's queue as full as TCP keeps it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::waiting::Trouble;
use crate::{World, wait_until};

/// The server's port, so that its packets can be told from others' in the link's counts.
pub const BULK_PORT: u16 = 7_779;
/// How long the connection may take to open, and the queue to overflow for the first time.
const FULL_LIMIT: Duration = Duration::from_secs(90);
/// How soon a thread notices that it is to stop.
const NOTICE: Duration = Duration::from_millis(200);

/// A download that goes on until dropped.
pub struct Bulk {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Bulk {
    /// Starts the download and returns when the queue has been full for the first time.
    ///
    /// # Errors
    /// No connection, or the queue does not fill in a minute and a half.
    pub fn fill(world: &World) -> Result<Bulk, Trouble> {
        let before = world.link().stats().down.queue_full.packets;
        let door = SocketAddr::from((Ipv4Addr::UNSPECIFIED, BULK_PORT));
        let listener = world.server().enter(|| TcpListener::bind(door))??;
        let server = SocketAddr::from((world.server_address(), BULK_PORT));
        let near = world.client().enter(|| TcpStream::connect_timeout(&server, FULL_LIMIT))??;
        let (far, _) = listener.accept()?;
        near.set_read_timeout(Some(NOTICE))?;
        far.set_write_timeout(Some(NOTICE))?;
        let stop = Arc::new(AtomicBool::new(false));
        let (stop_far, stop_near) = (Arc::clone(&stop), Arc::clone(&stop));
        let mut bulk = Bulk { stop, threads: Vec::new() };
        bulk.threads.push(std::thread::spawn(move || pour(far, &stop_far)));
        bulk.threads.push(std::thread::spawn(move || drain(near, &stop_near)));
        wait_until("a full queue", FULL_LIMIT, || {
            Ok(world.link().stats().down.queue_full.packets > before)
        })?;
        Ok(bulk)
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
