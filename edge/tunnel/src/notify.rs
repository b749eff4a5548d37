//! Words to a service manager (systemd's sd_notify protocol): one datagram each. Nobody there, or
//! nobody listening, is no error.

use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;

/// A way to the service manager, if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Notifier(Option<Arc<(UnixDatagram, SocketAddr)>>);

impl Notifier {
    /// `socket` is the value of NOTIFY_SOCKET.
    pub(crate) fn new(socket: Option<OsString>) -> Self {
        let way = socket.filter(|socket| !socket.is_empty()).and_then(|socket| {
            let address = match socket.as_bytes() {
                [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
                path => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path)),
            };
            let socket = UnixDatagram::unbound().ok()?;
            // A manager that does not listen must not hold a tunnel up.
            socket.set_nonblocking(true).ok()?;
            Some(Arc::new((socket, address.ok()?)))
        });
        Notifier(way)
    }

    /// Sends `VARIABLE=value`.
    pub(crate) fn send(&self, words: &str) {
        if let Some(way) = &self.0 {
            let _ = way.0.send_to_addr(words.as_bytes(), &way.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_arrive_by_path_and_by_abstract_name() {
        let name = format!("abide-notify-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        let _ = std::fs::remove_file(&path);
        let abstract_name = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
        for (address, socket) in [
            (SocketAddr::from_pathname(&path).unwrap(), path.clone().into_os_string()),
            (abstract_name, format!("@{name}").into()),
        ] {
            let manager = UnixDatagram::bind_addr(&address).unwrap();
            Notifier::new(Some(socket)).send("READY=1");
            let mut buffer = [0; 64];
            let count = manager.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..count], b"READY=1");
        }
        std::fs::remove_file(&path).unwrap();
        Notifier::new(None).send("READY=1");
    }
}
