//! The forwards that an ssh will have, as `ssh -G` prints them: of the command line and of
//! ssh_config alike.

/// At most so many forwards of one tunnel are looked at; ssh carries the others all the same.
pub const MAX_FORWARDS: usize = 64;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `-L`: listens here, connects there.
    Local,
    /// `-R`: listens there, connects here.
    Remote,
    /// `-D`: listens here, connects wherever it is asked to.
    Dynamic,
}

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A port, on the loopback addresses unless one is named.
    Port {
        /// The address; empty and `*` mean all.
        bind: Option<String>,
        /// The port; 0 is for the server to choose.
        port: u16,
    },
    /// A unix socket.
    Path(String),
}

/// One forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Which way.
    pub kind: Kind,
    /// Where it listens.
    pub listen: Listen,
    /// Where it leads, as ssh prints it; nothing for SOCKS.
    pub target: String,
}

impl Forward {
    /// Reads all forwards in what `ssh -G` printed.
    pub fn read_all(printed: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let lines = printed.lines().filter_map(Self::read);
        for forward in lines.take(MAX_FORWARDS) {
            // ssh -G prints a -L that leads to a unix socket a second time, as dynamic.
            let twin = found.iter().position(|it| {
                it.listen == forward.listen
                    && (it.kind, forward.kind) == (Kind::Dynamic, Kind::Local)
            });
            if let Some(twin) = twin {
                found.remove(twin);
            }
            found.push(forward);
        }
        found
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let kind = match words.next()? {
            "localforward" => Kind::Local,
            "remoteforward" => Kind::Remote,
            "dynamicforward" => Kind::Dynamic,
            _ => return None,
        };
        let listen = Listen::read(words.next()?);
        let target = words.next().filter(|target| *target != "[socks]:0").unwrap_or_default();
        Some(Forward { kind, listen, target: target.to_owned() })
    }

    /// As a flag of ssh's.
    pub fn flag(&self) -> String {
        let letter = match self.kind {
            Kind::Local => 'L',
            Kind::Remote => 'R',
            Kind::Dynamic => 'D',
        };
        let colon = if self.target.is_empty() { "" } else { ":" };
        let target = plain_brackets(&self.target);
        format!("-{letter} {}{colon}{target}", self.listen)
    }

    /// The port that it listens on, unless the server chooses it.
    pub(crate) fn port(&self) -> Option<u16> {
        match self.listen {
            Listen::Port { port, .. } => Some(port).filter(|port| *port != 0),
            Listen::Path(_) => None,
        }
    }
}

impl Listen {
    fn read(text: &str) -> Self {
        let port = |text: &str| text.parse::<u16>().ok();
        if let Some(port) = port(text) {
            return Listen::Port { bind: None, port };
        }
        let bound = text.rsplit_once(':').and_then(|(bind, number)| {
            let bind = bind.strip_prefix('[')?.strip_suffix(']')?;
            Some(Listen::Port { bind: Some(bind.to_owned()), port: port(number)? })
        });
        bound.unwrap_or_else(|| Listen::Path(text.to_owned()))
    }

    /// Addresses at which somebody on the same machine reaches it, the likeliest first.
    pub(crate) fn reached_at(&self) -> Vec<String> {
        let both = || vec!["127.0.0.1".to_owned(), "::1".to_owned()];
        match self {
            Listen::Port { bind: Some(bind), .. } => match bind.as_str() {
                "" | "*" | "localhost" => both(),
                "0.0.0.0" => vec!["127.0.0.1".to_owned()],
                "::" => vec!["::1".to_owned()],
                one => vec![one.to_owned()],
            },
            Listen::Port { bind: None, .. } => both(),
            Listen::Path(_) => Vec::new(),
        }
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Listen::Port { bind: None, port } => write!(f, "{port}"),
            Listen::Port { bind: Some(bind), port } if bind.contains(':') => {
                write!(f, "[{bind}]:{port}")
            }
            Listen::Port { bind: Some(bind), port } => write!(f, "{bind}:{port}"),
            Listen::Path(path) => f.write_str(path),
        }
    }
}

/// `[host]:80` as people write it; brackets stay around IPv6 addresses.
pub(crate) fn plain_brackets(text: &str) -> String {
    match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((host, rest)) if !host.contains(':') => format!("{host}{rest}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_prints_is_read() {
        let printed = "hostname h\ndynamicforward /tmp/a\ndynamicforward [127.0.0.1]:98\n\
            localforward 8080 [localhost]:80\nlocalforward [::1]:83 [fe80::1]:84\n\
            localforward []:87 [z]:88\nlocalforward /tmp/a /tmp/b\nremoteforward 94 [socks]:0\n\
            remoteforward 0 [c]:95\n";
        let found = Forward::read_all(printed);
        let flags: Vec<_> = found.iter().map(Forward::flag).collect();
        let wanted = [
            "-D 127.0.0.1:98",
            "-L 8080:localhost:80",
            "-L [::1]:83:[fe80::1]:84",
            "-L :87:z:88",
            "-L /tmp/a:/tmp/b",
            "-R 94",
            "-R 0:c:95",
        ];
        assert_eq!(flags, wanted);
        assert_eq!(found[1].listen.reached_at(), ["127.0.0.1", "::1"]);
        assert_eq!(found[2].listen.reached_at(), ["::1"]);
        assert_eq!((found[6].port(), found[5].port()), (None, Some(94)));
    }
}
