//! A narrow way to the far end: a relay in front of its sshd that carries so many bytes a second
//! towards the client. Has no tests.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

/// What was read is passed on so often.
const EACH: Duration = Duration::from_millis(20);

/// Listens for one client of the sshd at `port`. Returns where.
pub(crate) fn narrow(port: u16, bytes_a_second: u32) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let own = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        let (near, _) = listener.accept().expect("a client");
        let far = TcpStream::connect(("127.0.0.1", port)).expect("sshd");
        // Little waits here: a path with a short queue.
        rustix::net::sockopt::set_socket_recv_buffer_size(&far, 8 * 1024).expect("a buffer");
        let (mut up, mut up_to) =
            (near.try_clone().expect("a socket"), far.try_clone().expect("a socket"));
        std::thread::spawn(move || {
            // Either end may go first.
            let _ = std::io::copy(&mut up, &mut up_to);
            let _ = up_to.shutdown(Shutdown::Write);
        });
        pass(far, near, bytes_a_second as usize * EACH.as_millis() as usize / 1000);
    });
    own
}

fn pass(mut from: TcpStream, mut to: TcpStream, each: usize) {
    let mut piece = vec![0; each];
    while let Ok(count) = from.read(&mut piece) {
        if count == 0 || to.write_all(&piece[..count]).is_err() {
            break;
        }
        std::thread::sleep(EACH);
    }
    let _ = to.shutdown(Shutdown::Both);
}
