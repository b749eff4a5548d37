//! Forwards as `ssh -G` prints them, one line each. ssh has read and checked what people wrote; here
//! its one way of writing is taken apart. Nothing listens or connects here.

use std::path::PathBuf;

/// Where a forward listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListenPlace {
    /// A TCP port.
    Port {
        /// The bind address as it was given; `None` when none was.
        bind: Option<String>,
        /// The port; 0 for any (remote forwards only).
        port: u16,
    },
    /// A unix socket.
    Path(PathBuf),
}

/// Where a forward leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A host and port, as seen from the other end.
    Host {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// A unix socket at the other end.
    Path(PathBuf),
    /// Wherever each connection asks to be led, by SOCKS.
    Socks,
}

/// Which end listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This one: `-L` and `-D`.
    Local,
    /// The server's: `-R`.
    Remote,
}

/// One forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Which end listens.
    pub side: Side,
    /// Where.
    pub listen: ListenPlace,
    /// Where it leads.
    pub target: Target,
}

impl Forward {
    /// One line of `ssh -G`: keyword and value. `None` for what is no forward.
    pub fn parse_printed(keyword: &str, value: &str) -> Option<Forward> {
        let (listen, target) = match value.split_once(' ') {
            Some((listen, target)) => (listen, Some(target)),
            None => (value, None),
        };
        let listen = listen_place(listen)?;
        let (side, target) = match (keyword, target) {
            ("dynamicforward", None) => (Side::Local, Target::Socks),
            ("localforward", Some(target)) => (Side::Local, parse_target(target)?),
            ("remoteforward", Some("[socks]:0")) => (Side::Remote, Target::Socks),
            ("remoteforward", Some(target)) => (Side::Remote, parse_target(target)?),
            _ => return None,
        };
        Some(Forward { side, listen, target })
    }
}

/// Takes out what `ssh -G` prints twice: a local forward to a unix socket appears among the dynamic ones
/// as well (OpenSSH 9.2).
pub(crate) fn without_echoes(forwards: Vec<Forward>) -> Vec<Forward> {
    let is_echo = |one: &Forward| {
        let led = |other: &Forward| other.target != Target::Socks && other.side == Side::Local;
        one.target == Target::Socks
            && one.side == Side::Local
            && forwards.iter().any(|other| led(other) && other.listen == one.listen)
    };
    forwards.iter().filter(|forward| !is_echo(forward)).cloned().collect()
}

fn listen_place(text: &str) -> Option<ListenPlace> {
    if text.starts_with('/') {
        return Some(ListenPlace::Path(text.into()));
    }
    match text.parse() {
        Ok(port) => Some(ListenPlace::Port { bind: None, port }),
        Err(_) => {
            let (bind, port) = host_and_port(text)?;
            Some(ListenPlace::Port { bind: Some(bind), port })
        }
    }
}

fn parse_target(text: &str) -> Option<Target> {
    if text.starts_with('/') {
        return Some(Target::Path(text.into()));
    }
    let (host, port) = host_and_port(text)?;
    Some(Target::Host { host, port })
}

/// `[host]:port`.
fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.strip_prefix('[')?.rsplit_once("]:")?;
    Some((host.to_owned(), port.parse().ok()?))
}

/// What follows `-W`: `host:port`, `[address]:port` or the absolute path of a unix socket. ssh does not
/// print it, so that it is read as ssh's parse_forward does. `None` for what ssh refuses.
pub(crate) fn stdio_target(text: &str) -> Option<Target> {
    if text.starts_with('/') {
        return Some(Target::Path(text.into()));
    }
    let (host, port) = match text.starts_with('[') {
        true => host_and_port(text)?,
        false => {
            let (host, port) = text.split_once(':')?;
            (host.to_owned(), port.parse().ok()?)
        }
    };
    (!host.is_empty() && port != 0).then_some(Target::Host { host, port })
}

impl std::fmt::Display for ListenPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ListenPlace::Port { bind: None, port } => write!(f, "{port}"),
            ListenPlace::Port { bind: Some(bind), port } => write!(f, "[{bind}]:{port}"),
            ListenPlace::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Host { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Target::Host { host, port } => write!(f, "{host}:{port}"),
            Target::Path(path) => write!(f, "{}", path.display()),
            Target::Socks => write!(f, "socks"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stdio_targets_are_read_as_ssh_reads_them() {
        let host = |host: &str, port| Some(Target::Host { host: host.into(), port });
        assert_eq!(stdio_target("db.example:5432"), host("db.example", 5432));
        assert_eq!(stdio_target("[::1]:22"), host("::1", 22));
        assert_eq!(stdio_target("/run/x.sock"), Some(Target::Path("/run/x.sock".into())));
        for odd in ["", "22", "h", "h:", "h:0", ":22", "h:70000", "h:1:2", "::1:22", "[::1]"] {
            assert_eq!(stdio_target(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_ssh_prints_is_read() {
        let port =
            |bind: Option<&str>, port| ListenPlace::Port { bind: bind.map(Into::into), port };
        let host = |host: &str, port| Target::Host { host: host.into(), port };
        for (keyword, value, side, listen, target) in [
            (
                "localforward",
                "8080 [localhost]:80",
                Side::Local,
                port(None, 8080),
                host("localhost", 80),
            ),
            ("localforward", "[*]:77 [::1]:5", Side::Local, port(Some("*"), 77), host("::1", 5)),
            (
                "localforward",
                "/a /b",
                Side::Local,
                ListenPlace::Path("/a".into()),
                Target::Path("/b".into()),
            ),
            ("dynamicforward", "[::1]:1081", Side::Local, port(Some("::1"), 1081), Target::Socks),
            ("remoteforward", "1080 [socks]:0", Side::Remote, port(None, 1080), Target::Socks),
            ("remoteforward", "[]:0 [h]:22", Side::Remote, port(Some(""), 0), host("h", 22)),
        ] {
            let forward = Forward { side, listen, target };
            assert_eq!(Forward::parse_printed(keyword, value), Some(forward), "{keyword} {value}");
        }
        for (keyword, value) in
            [("localforward", "8080"), ("host", "a b"), ("localforward", "x [h]:1")]
        {
            assert_eq!(Forward::parse_printed(keyword, value), None);
        }
    }

    #[test]
    fn what_ssh_prints_twice_counts_once() {
        let parse = |keyword, value| Forward::parse_printed(keyword, value).expect("a forward");
        let local = parse("localforward", "99 /tmp/x");
        let all = vec![parse("dynamicforward", "99"), parse("dynamicforward", "98"), local.clone()];
        assert_eq!(without_echoes(all), [parse("dynamicforward", "98"), local]);
    }
}
