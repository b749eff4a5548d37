//! The names of settings, shared by both languages. What each takes is in `spec`.

use std::fmt;

use crate::Dialect;
use crate::spec::{self, Spec};

/// The name of a setting. Synonyms are one keyword (`KeepAlive` is `TCPKeepAlive`); a name that both
/// languages know is one keyword too. Every keyword of OpenSSH up to 10.5 is one; others are not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keyword(&'static str);

macro_rules! keywords {
    ($($constant:ident = $name:literal;)*) => {
        impl Keyword {
            $(#[doc = concat!("`", $name, "`, as OpenSSH prints it.")]
            pub const $constant: Keyword = Keyword($name);)*
        }
    };
}

keywords! {
    ADDRESS_FAMILY = "addressfamily";
    BATCH_MODE = "batchmode";
    CANONICALIZE_FALLBACK_LOCAL = "canonicalizefallbacklocal";
    CANONICALIZE_MAX_DOTS = "canonicalizemaxdots";
    CANONICALIZE_HOSTNAME = "canonicalizehostname";
    CHANNEL_TIMEOUT = "channeltimeout";
    CLEAR_ALL_FORWARDINGS = "clearallforwardings";
    CLIENT_ALIVE_COUNT_MAX = "clientalivecountmax";
    CLIENT_ALIVE_INTERVAL = "clientaliveinterval";
    COMPRESSION = "compression";
    CONNECTION_ATTEMPTS = "connectionattempts";
    CONNECT_TIMEOUT = "connecttimeout";
    CONTROL_MASTER = "controlmaster";
    CONTROL_PATH = "controlpath";
    CONTROL_PERSIST = "controlpersist";
    DYNAMIC_FORWARD = "dynamicforward";
    EXIT_ON_FORWARD_FAILURE = "exitonforwardfailure";
    FORCE_COMMAND = "forcecommand";
    HOSTNAME = "hostname";
    HOST_KEY_ALIAS = "hostkeyalias";
    IGNORE_UNKNOWN = "ignoreunknown";
    IP_QOS = "ipqos";
    LOCAL_FORWARD = "localforward";
    LOGIN_GRACE_TIME = "logingracetime";
    LOG_LEVEL = "loglevel";
    MAX_AUTH_TRIES = "maxauthtries";
    MAX_SESSIONS = "maxsessions";
    MAX_STARTUPS = "maxstartups";
    OBSCURE_KEYSTROKE_TIMING = "obscurekeystroketiming";
    PER_SOURCE_MAX_STARTUPS = "persourcemaxstartups";
    PER_SOURCE_PENALTIES = "persourcepenalties";
    PORT = "port";
    PROXY_COMMAND = "proxycommand";
    PROXY_JUMP = "proxyjump";
    PROXY_USE_FDPASS = "proxyusefdpass";
    REKEY_LIMIT = "rekeylimit";
    REMOTE_COMMAND = "remotecommand";
    REMOTE_FORWARD = "remoteforward";
    SERVER_ALIVE_COUNT_MAX = "serveralivecountmax";
    SERVER_ALIVE_INTERVAL = "serveraliveinterval";
    STREAM_LOCAL_BIND_UNLINK = "streamlocalbindunlink";
    TAG = "tag";
    TCP_KEEP_ALIVE = "tcpkeepalive";
    TUNNEL = "tunnel";
    UNUSED_CONNECTION_TIMEOUT = "unusedconnectiontimeout";
    USER = "user";
    USE_DNS = "usedns";
    USE_PAM = "usepam";
}

impl Keyword {
    /// The keyword of this name or synonym in this language, in any case.
    pub fn named(dialect: Dialect, name: &str) -> Option<Keyword> {
        spec::named(dialect, name).map(|spec| Keyword(spec.name))
    }

    /// Every keyword of a language, headers of blocks included.
    pub fn all(dialect: Dialect) -> impl Iterator<Item = Keyword> {
        spec::table(dialect).iter().map(Keyword::of)
    }

    /// The lower-case name that `ssh -G` and `sshd -T` print.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// The name as manuals write it: `ServerAliveInterval`.
    pub fn spelling(self, dialect: Dialect) -> &'static str {
        self.spec(dialect).map_or(self.0, |spec| spec.spelling)
    }

    /// Whether this language has it.
    pub fn is_in(self, dialect: Dialect) -> bool {
        self.spec(dialect).is_some()
    }

    /// Whether its values are printed as OpenSSH prints them (lists of algorithms, for instance, are
    /// only handed through).
    pub fn is_modelled(self, dialect: Dialect) -> bool {
        self.spec(dialect).is_some_and(Spec::is_modelled)
    }

    /// Whether a Match block may set it (every keyword of the client).
    pub fn is_allowed_in_match(self, dialect: Dialect) -> bool {
        self.spec(dialect).is_some_and(|spec| spec.in_match)
    }

    pub(crate) fn of(spec: &Spec) -> Keyword {
        Keyword(spec.name)
    }

    pub(crate) fn spec(self, dialect: Dialect) -> Option<&'static Spec> {
        spec::named(dialect, self.0)
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let both = [Dialect::Client, Dialect::Server];
        let spec = both.into_iter().find_map(|dialect| self.spec(dialect));
        f.write_str(spec.map_or(self.0, |spec| spec.spelling))
    }
}

impl fmt::Debug for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
