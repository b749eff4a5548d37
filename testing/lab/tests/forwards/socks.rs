//! A door on the client's loopback that leads through a SOCKS 5 proxy: programs which know nothing
//! of SOCKS (psql) get through `-D` by it. Passes bytes and ends on as they come.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};

use abide_lab::{Namespace, Trouble};

use crate::stage::connect;

/// Its thread ends with the test's process.
pub(crate) struct Door;

impl Door {
    /// Takes connections and leads each through the proxy at `socks` to `target` at the far end.
    pub(crate) fn open(
        listener: TcpListener,
        namespace: Namespace,
        socks: u16,
        target: u16,
    ) -> Door {
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let namespace = namespace.clone();
                std::thread::spawn(move || {
                    // Who came sees an end, as from any proxy.
                    let _refused = pass(near, &namespace, socks, target);
                });
            }
        });
        Door
    }
}

fn pass(near: TcpStream, namespace: &Namespace, socks: u16, target: u16) -> Result<(), Trouble> {
    let far = connect(namespace, socks)?;
    greet(&far, target)?;
    near.set_nodelay(true)?;
    let (near_reads, far_writes) = (near.try_clone()?, far.try_clone()?);
    std::thread::spawn(move || copy(near_reads, far_writes));
    copy(far, near);
    Ok(())
}

/// SOCKS 5 without authentication (RFC 1928), the target by its name.
fn greet(mut proxy: &TcpStream, target: u16) -> Result<(), Trouble> {
    const NAME: &[u8] = b"localhost";
    proxy.write_all(&[5, 1, 0])?;
    let mut chosen = [0; 2];
    proxy.read_exact(&mut chosen)?;
    let mut request = vec![5, 1, 0, 3, NAME.len() as u8];
    request.extend(NAME);
    request.extend(target.to_be_bytes());
    proxy.write_all(&request)?;
    let mut answer = [0; 10];
    proxy.read_exact(&mut answer)?;
    // Version, success, reserved, an IPv4 address: what OpenSSH answers too.
    if chosen != [5, 0] || answer[..4] != [5, 0, 0, 1] {
        return Err(format!(
            "the proxy said {chosen:?} and {answer:?}, at {}",
            Ipv4Addr::LOCALHOST
        )
        .into());
    }
    Ok(())
}

/// All bytes, then the end. A broken side breaks the other.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    let copied = std::io::copy(&mut from, &mut to);
    let how = if copied.is_ok() { Shutdown::Write } else { Shutdown::Both };
    let _gone_already = to.shutdown(how);
}
