//! Unix sockets between processes of one user on one machine, and descriptors sent over them.
//! Not what is said there.

use crate::files::{PrivateDirError, private_dir};
use rustix::cmsg_space;
use rustix::fs::{FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};
use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// At most this many descriptors go with one message; more are refused on both sides.
pub const MAX_PASSED_FDS: usize = 4;
/// Connections that may wait to be accepted; the next ones wait or are told to try again.
const BACKLOG: i32 = 16;

/// The directory of the user's sockets: $ABIDE_RUNTIME_DIR, or `/tmp/abide-<uid>`; made if missing.
/// Not $XDG_RUNTIME_DIR, which logind removes at logout, when sessions are to live on. Refuses one
/// that others could have made or can enter.
pub fn runtime_dir() -> Result<PathBuf, PrivateDirError> {
    let uid = rustix::process::geteuid().as_raw();
    let path = runtime_path(std::env::var_os("ABIDE_RUNTIME_DIR"), uid);
    private_dir(&path)?;
    Ok(path)
}

fn runtime_path(variable: Option<OsString>, uid: u32) -> PathBuf {
    let set = variable.filter(|value| !value.is_empty());
    set.map_or_else(|| PathBuf::from(format!("/tmp/abide-{uid}")), PathBuf::from)
}

/// Listens, non-blocking, on a new socket of mode 0600 at `path`, which must be short (107 bytes).
/// A socket of a process that is gone is replaced; `AddrInUse` if somebody answers there, or if
/// something other than a socket is there. The directory is locked meanwhile, so two processes
/// cannot each take the other's new socket for a dead one.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(parent.unwrap_or(Path::new(".")), flags, Mode::empty())?;
    rustix::io::retry_on_intr(|| rustix::fs::flock(&directory, FlockOperation::LockExclusive))?;
    let address = SocketAddrUnix::new(path)?;
    let socket = match bind(&address) {
        Err(Errno::ADDRINUSE) if is_dead(path, &address)? => {
            std::fs::remove_file(path)?;
            bind(&address)?
        }
        result => result?,
    };
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(UnixListener::from(socket))
}

fn socket() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

fn bind(address: &SocketAddrUnix) -> rustix::io::Result<OwnedFd> {
    let socket = socket()?;
    // On Linux the file gets the mode of the socket, without a moment in which it is wider and
    // without touching the umask of other threads.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    rustix::net::bind(&socket, address)?;
    Ok(socket)
}

/// Whether a socket is there that nobody listens on. One that was bound and is not listened on yet looks
/// the same.
pub fn is_abandoned(path: &Path) -> io::Result<bool> {
    is_dead(path, &SocketAddrUnix::new(path)?)
}

/// Whether a socket is there that nobody listens on. One too busy to answer is alive.
fn is_dead(path: &Path, address: &SocketAddrUnix) -> io::Result<bool> {
    let stat = rustix::fs::lstat(path)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        return Ok(false);
    }
    Ok(rustix::net::connect(socket()?, address) == Err(Errno::CONNREFUSED))
}

/// Sends some of `bytes`, which must not be empty, and with their first byte all of `fds`. Returns
/// how many bytes went; the rest must follow without the descriptors. `InvalidInput` for no bytes
/// or for more than [`MAX_PASSED_FDS`].
pub fn send_with_fds(stream: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    if bytes.is_empty() || fds.len() > MAX_PASSED_FDS {
        let why = format!("{} bytes with {} descriptors cannot be sent", bytes.len(), fds.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_PASSED_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(fds));
    }
    let slices = [IoSlice::new(bytes)];
    let send = || rustix::net::sendmsg(&stream, &slices, &mut ancillary, SendFlags::NOSIGNAL);
    Ok(rustix::io::retry_on_intr(send)?)
}

/// Receives bytes and the descriptors sent with them, closed on exec. 0 bytes is the end of the
/// stream. `InvalidData`, all of them closed, if more than [`MAX_PASSED_FDS`] came: end the stream
/// then, as the bytes are gone too.
pub fn recv_with_fds(stream: impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_PASSED_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut slices = [IoSliceMut::new(buffer)];
    let message = rustix::io::retry_on_intr(|| {
        rustix::net::recvmsg(&stream, &mut slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    })?;
    let mut fds = Vec::new();
    for part in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(some) = part {
            fds.extend(some);
        }
    }
    if message.flags.contains(ReturnFlags::CTRUNC) || fds.len() > MAX_PASSED_FDS {
        let why = format!("more than {MAX_PASSED_FDS} descriptors came at once");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok((message.bytes, fds))
}

/// The user of the process that connected (or, seen from there, that listens).
pub fn peer_uid(stream: impl AsFd) -> io::Result<u32> {
    Ok(rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::io::{ErrorKind, Read, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;

    #[test]
    fn each_user_has_a_runtime_directory_that_can_be_moved() {
        assert_eq!(runtime_path(None, 1000), Path::new("/tmp/abide-1000"));
        assert_eq!(runtime_path(Some("".into()), 7), Path::new("/tmp/abide-7"));
        assert_eq!(runtime_path(Some("/run/mine".into()), 7), Path::new("/run/mine"));
    }

    #[test]
    fn a_socket_is_closed_to_others_and_taken_once() {
        let scratch = Scratch::new();
        let path = scratch.path().join("socket");
        let listener = listen(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(listen(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        assert_eq!(listener.accept().unwrap().0.read(&mut [0; 1]).unwrap(), 0, "the one who asked");
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        let stream = UnixStream::connect(&path).unwrap();
        assert_eq!(peer_uid(&stream).unwrap(), rustix::process::geteuid().as_raw());
        assert_eq!(peer_uid(listener.accept().unwrap().0).unwrap(), peer_uid(&stream).unwrap());
    }

    #[test]
    fn a_dead_socket_is_replaced_but_a_file_is_not() {
        let scratch = Scratch::new();
        let path = scratch.path().join("socket");
        drop(listen(&path).unwrap());
        assert!(path.exists());
        let _listener = listen(&path).unwrap();
        UnixStream::connect(&path).unwrap();
        let file = scratch.path().join("file");
        std::fs::write(&file, "kept").unwrap();
        assert_eq!(listen(&file).unwrap_err().kind(), ErrorKind::AddrInUse);
        assert_eq!(std::fs::read(&file).unwrap(), b"kept");
        assert!(listen(&scratch.path().join("x".repeat(120))).is_err());
    }

    #[test]
    fn descriptors_travel_with_the_first_byte() {
        let (here, there) = UnixStream::pair().unwrap();
        let (mut read, write) = io::pipe().unwrap();
        assert_eq!(send_with_fds(&here, b"take", &[write.as_fd(), read.as_fd()]).unwrap(), 4);
        drop(write);
        let mut buffer = [0; 16];
        let (count, mut fds) = recv_with_fds(&there, &mut buffer).unwrap();
        assert_eq!((&buffer[..count], fds.len()), (&b"take"[..], 2));
        for fd in &fds {
            let flags = rustix::io::fcntl_getfd(fd).unwrap();
            assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        }
        std::fs::File::from(fds.remove(0)).write_all(b"through").unwrap();
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
        drop(here);
        assert_eq!(recv_with_fds(&there, &mut buffer).unwrap().0, 0);
    }

    #[test]
    fn too_many_descriptors_are_refused_on_both_sides() {
        let (here, there) = UnixStream::pair().unwrap();
        let fds = [here.as_fd(); 20];
        assert_eq!(
            send_with_fds(&here, b"x", &fds[..5]).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert_eq!(send_with_fds(&here, b"", &[]).unwrap_err().kind(), ErrorKind::InvalidInput);
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(20))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&fds)));
        rustix::net::sendmsg(&here, &[IoSlice::new(b"x")], &mut ancillary, SendFlags::empty())
            .unwrap();
        let error = recv_with_fds(&there, &mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}
