//! What stays inside the login: hands its stdin and stdout to the keeper and waits until the
//! keeper is done with them. Bytes never pass through this process. It sees what the keeper cannot: that
//! ssh's connection stands although stdin has ended, when the client's process was killed.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use abide_session::{Ask, Attach, Request, encode};

use crate::witness::Witness;

/// Gives this process's stdin and stdout to the keeper at `socket`, with a request to attach or to
/// resume, and waits until it closes them.
pub fn bridge(socket: &Path, ask: Ask) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    let request = encode(&Request { ask: Some(ask) });
    let (stdin, stdout) = (io::stdin(), io::stdout());
    let sent =
        abide_host::local::send_with_fds(&stream, &request, &[stdin.as_fd(), stdout.as_fd()])?;
    if sent < request.len() {
        io::Write::write_all(&mut stream, &request[sent..])?;
    }
    let witness = Witness::of_login();
    // Our own copies go, so that the keeper's are the last ones.
    close_stdio()?;
    if let Some(witness) = witness {
        witness.watch(&mut stream)?;
    }
    let mut nothing = [0; 1];
    while stream.read(&mut nothing)? > 0 {}
    Ok(())
}

fn close_stdio() -> io::Result<()> {
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(())
}

/// A link to a session on this machine, over its socket alone.
pub fn open_session(socket: &Path, attach: Attach) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    io::Write::write_all(&mut stream, &encode(&Request { ask: Some(Ask::Attach(attach)) }))?;
    Ok(stream)
}
