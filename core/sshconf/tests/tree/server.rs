//! Generated `sshd_config` lines.

use super::{Dice, Language, quality, rekey, time};

/// `sshd_config`; `folder` holds what is included.
pub(crate) struct Server {
    pub(crate) folder: String,
    /// Other ways to name it.
    pub(crate) names: Vec<String>,
    /// Whether blocks may ask for the local port (9.2 refuses to answer that without a connection).
    pub(crate) ports: bool,
}

type Choice = (&'static str, &'static [&'static str]);

const EVERYWHERE: &[Choice] = &[
    ("ClientAliveCountMax", &["0", "1", "5", "10"]),
    ("MaxSessions", &["0", "1", "07", "99"]),
    ("MaxAuthTries", &["1", "6"]),
    (
        "ChannelTimeout",
        &["none", "session:*=5m", "session:command=0 session:*=1h30m", "x11-connection=7 *=9"],
    ),
    ("UnusedConnectionTimeout", &["none", "5m", "0", "90", "NONE"]),
    ("LogLevel", &["VERBOSE", "quiet", "DEBUG3", "INFO"]),
    ("ForceCommand", &["/bin/x -a 'b c'", "none", "internal-sftp # raw", "= y", "\"/bin/z\" %u"]),
    ("PermitRootLogin", &["yes", "no", "prohibit-password", "forced-commands-only"]),
    ("PasswordAuthentication", &["yes", "no"]),
    ("ChallengeResponseAuthentication", &["yes", "no"]),
    ("PubkeyAuthentication", &["yes", "no"]),
    ("AllowTcpForwarding", &["yes", "no", "local", "remote", "all"]),
    ("AllowStreamLocalForwarding", &["yes", "no", "local"]),
    ("GatewayPorts", &["yes", "no", "clientspecified"]),
    ("X11Forwarding", &["yes", "no"]),
    ("X11DisplayOffset", &["10", "0", "20"]),
    ("PermitTTY", &["yes", "no"]),
    ("PermitTunnel", &["yes", "no", "ethernet", "point-to-point"]),
    ("IgnoreRhosts", &["yes", "no", "shosts-only"]),
    ("Banner", &["none", "/etc/issue.net", "NONE"]),
    ("ChrootDirectory", &["none", "/srv/%u"]),
    ("AuthorizedKeysFile", &["/etc/k/%u .ssh/k", ".ssh/only", "none"]),
    ("AcceptEnv", &["LANG LC_*", "A", "B C"]),
    ("SetEnv", &["A=1 B=2", "A=3"]),
    ("AllowUsers", &["anna bob", "root"]),
    ("DenyGroups", &["bad", "a b"]),
    ("StreamLocalBindMask", &["0177", "077"]),
    ("StreamLocalBindUnlink", &["yes", "no"]),
    ("DisableForwarding", &["yes", "no"]),
    ("ExposeAuthInfo", &["yes", "no"]),
    ("RequiredRSASize", &["1024", "3072"]),
    ("PermitUserRC", &["yes", "no"]),
];
const GLOBAL: &[Choice] = &[
    ("TCPKeepAlive", &["yes", "no"]),
    ("KeepAlive", &["yes", "no"]),
    ("UseDNS", &["yes", "no"]),
    ("UsePAM", &["yes", "no"]),
    ("MaxStartups", &["10", "5:50:20", "1:1:1", "100:30:200"]),
    ("PerSourceMaxStartups", &["none", "3"]),
    ("PerSourceNetBlockSize", &["24:64", "32:128"]),
    ("Port", &["22", "2222"]),
    ("AddressFamily", &["any", "inet", "INET6"]),
    ("Compression", &["yes", "no", "delayed"]),
    ("SyslogFacility", &["AUTH", "LOCAL1", "daemon"]),
    ("StrictModes", &["yes", "no"]),
    ("PrintMotd", &["yes", "no"]),
    ("PrintLastLog", &["yes", "no"]),
    ("PermitUserEnvironment", &["yes", "no", "LANG,LC_*"]),
    ("IgnoreUserKnownHosts", &["yes", "no"]),
    ("XAuthLocation", &["/usr/bin/xauth", "none"]),
    ("GSSAPICleanupCreds", &["yes", "no"]),
    ("UsePrivilegeSeparation", &["yes", "sandbox"]),
    ("Protocol", &["2"]),
];
const CRITERIA: &[&str] = &[
    "all",
    "User root",
    "user nobody,ghost",
    "User *,!root",
    "Group root",
    "group nogroup",
    "Group *,!nogroup",
    "Host client.lab",
    "host *.lab,!x.lab",
    "Address 10.0.0.0/8",
    "address 10.*,!10.1.2.3",
    "Address ::1",
    "Address fe80::/10,192.168.0.0/16",
    "LocalAddress 127.0.0.1",
    "localaddress 10.0.0.1",
    "User root Address 10.0.0.0/8",
    "User=root",
    "User root # us",
    "Group root User nobody",
    "\"User\" root",
    "RDomain x",
];
const PORTS: &[&str] = &["LocalPort 22", "localport 2222", "LocalPort 22 User root"];
const BROKEN: &[&str] = &[
    "NoSuchKeyword yes",
    "ClientAliveInterval none",
    "ClientAliveInterval 5x",
    "Port 0",
    "TCPKeepAlive true",
    "MaxSessions 3 4",
    "ForceCommand \"open",
    "Match User",
    "Match foo bar",
    "Match",
    "RekeyLimit 3",
    "ClientAliveCountMax -1",
    "LoginGraceTime 1.5m",
    "Match all User x",
    "Match User nobody\nUseDNS yes",
    "Match User nobody\nLoginGraceTime 5",
    "MaxStartups 10:0:20",
    "Match Address 10.0.0.1/8",
    "ChannelTimeout session",
    "ClientAliveInterval",
];

impl Language for Server {
    fn setting(&self, dice: &mut Dice, in_block: bool) -> (&'static str, String) {
        let choices = if in_block || dice.below(5) < 3 { EVERYWHERE } else { GLOBAL };
        match dice.below(10) {
            0..3 => ("ClientAliveInterval", time(dice)),
            3 => ("RekeyLimit", rekey(dice)),
            4 => ("IPQoS", quality(dice)),
            5 if !in_block => ("LoginGraceTime", time(dice)),
            _ => {
                let (keyword, values) = dice.pick(choices);
                (keyword, (*dice.pick(values)).to_owned())
            }
        }
    }

    fn takes_words(&self, keyword: &str) -> bool {
        keyword != "ForceCommand"
    }

    fn header(&self, dice: &mut Dice) -> String {
        let criteria = if self.ports && dice.one_in(5) { PORTS } else { CRITERIA };
        format!("{} {}", dice.pick(&["Match", "match", "\tMatch"]), dice.pick(criteria))
    }

    fn broken(&self, dice: &mut Dice) -> String {
        (*dice.pick(BROKEN)).to_owned()
    }

    fn include_folder(&self, level: usize) -> (String, Vec<String>) {
        let inside = |name: &String| format!("{name}/{level}.d");
        let mut names: Vec<String> = self.names.iter().map(inside).collect();
        names.push(inside(&self.folder));
        (inside(&self.folder), names)
    }
}
