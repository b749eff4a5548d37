//! Generated `ssh_config` lines.

use super::{Dice, Language, quality, rekey, time};

/// `ssh_config`; `folder` holds what is included.
pub(crate) struct Client {
    pub(crate) folder: String,
    /// Other ways to name it in the user's file.
    pub(crate) names: Vec<String>,
}

const FLAGS: &[&str] = &[
    "BatchMode",
    "TCPKeepAlive",
    "KeepAlive",
    "CheckHostIP",
    "ExitOnForwardFailure",
    "GatewayPorts",
    "IdentitiesOnly",
    "HashKnownHosts",
    "ProxyUseFdpass",
    "StreamLocalBindUnlink",
    "ForwardX11",
    "ForwardX11Trusted",
    "VisualHostKey",
    "PasswordAuthentication",
    "ChallengeResponseAuthentication",
    "GSSAPIAuthentication",
    "NoHostAuthenticationForLocalhost",
    "StdinNull",
    "ClearAllForwardings",
    "PermitLocalCommand",
    "HostbasedAuthentication",
    "EnableEscapeCommandline",
];
const COUNTS: &[&str] =
    &["ServerAliveCountMax", "NumberOfPasswordPrompts", "CanonicalizeMaxDots", "RequiredRSASize"];
const TIMES: &[&str] = &[
    "ServerAliveInterval",
    "ServerAliveInterval",
    "ServerAliveInterval",
    "ConnectTimeout",
    "ForwardX11Timeout",
    "ProtocolKeepAlives",
    "SetupTimeOut",
];
const WORDS: &[(&str, &[&str])] = &[
    ("ControlMaster", &["yes", "no", "auto", "ask", "autoask", "TRUE"]),
    (
        "ControlPath",
        &["none", "/tmp/cm-%r@%h:%p", "~/.ssh/cm-%n-%u", "%d/x%%y", "NONE", "/x/%L.%l.%i"],
    ),
    ("ControlPersist", &["yes", "no", "10m", "0", "1h5", "true"]),
    ("AddressFamily", &["any", "inet", "inet6", "INET"]),
    ("StrictHostKeyChecking", &["yes", "no", "ask", "accept-new", "off"]),
    ("VerifyHostKeyDNS", &["yes", "no", "ask"]),
    ("RequestTTY", &["yes", "no", "auto", "force"]),
    ("SessionType", &["none", "default", "subsystem"]),
    ("PubkeyAuthentication", &["yes", "no", "unbound", "host-bound"]),
    ("Compression", &["yes", "no"]),
    ("Tunnel", &["yes", "no", "ethernet", "point-to-point"]),
    ("LogLevel", &["QUIET", "info", "VERBOSE", "DEBUG1", "error", "FATAL"]),
    ("SyslogFacility", &["AUTH", "local3", "DAEMON"]),
    ("Hostname", &["%h.example", "real.example", "Mixed.Example", "%h", "10.1.1.1"]),
    ("User", &["anna", "bob", "root"]),
    ("Port", &["22", "2222", "65535", "ssh"]),
    ("ConnectionAttempts", &["1", "3", "07"]),
    ("StreamLocalBindMask", &["0177", "077", "0"]),
    ("BindAddress", &["127.0.0.1", "::1"]),
    ("HostKeyAlias", &["alias", "Other"]),
    ("SendEnv", &["LANG LC_*", "TERM", "-LC_*", "A B C"]),
    ("SetEnv", &["A=1 B=2", "A=3", "X=y A=1 A=2"]),
    ("GlobalKnownHostsFile", &["/a /b", "none", "/c"]),
    ("CanonicalDomains", &["none", "example.org lab.example"]),
    ("PreferredAuthentications", &["publickey,password", "password"]),
    ("IgnoreUnknown", &["Foo*,Bar", "Never"]),
    ("RevokedHostKeys", &["none", "/dev/null"]),
    ("Protocol", &["2"]),
    ("UseRoaming", &["no", "whatever else"]),
];
const COMMANDS: &[(&str, &[&str])] = &[
    (
        "ProxyCommand",
        &["nc %h %p", "none", "sh -c 'exec nc \"%h\" %p' # no comment", "None", "- x"],
    ),
    (
        "ProxyJump",
        &["jump1", "u@jump2:2022", "none", "a,b@c,[::1]:23", "10.9.8.7 # far", "ssh://j:9"],
    ),
    ("LocalCommand", &["echo %h", "none", "x = y"]),
    ("RemoteCommand", &["tmux attach # %h", "none", "\"quoted %n\""]),
    ("KnownHostsCommand", &["/bin/true %H", "none"]),
];
const HOSTS: &[&str] = &[
    "*",
    "a.lab",
    "*.lab",
    "*.lab !a.lab",
    "!b.lab *",
    "web",
    "we?",
    "Web",
    "10.0.0.*",
    "b.lab web",
    "\"a.lab\" other",
    "!*",
    "*.lab # those",
    "a* b*",
];
const CRITERIA: &[&str] = &[
    "all",
    "host a.lab",
    "host *.lab,!b.lab",
    "host *.example",
    "originalhost web",
    "user anna",
    "user bob,root",
    "localuser root",
    "localuser anna",
    "!host a.lab",
    "final",
    "canonical",
    "!final",
    "final host *.example",
    "exec true",
    "exec \"test %n = a.lab\"",
    "!exec false",
    "exec \"test %p = 22\"",
    "host a.lab user anna",
    "canonical all",
    "originalhost=web",
    "final all",
    "user root # because",
    "host \"a.lab,b.lab\" !user bob",
    "exec false final",
    "!all",
];
const BROKEN: &[&str] = &[
    "NoSuchKeyword yes",
    "ServerAliveInterval",
    "ServerAliveInterval 5x",
    "Port 0",
    "Port 70000",
    "TCPKeepAlive maybe",
    "TCPKeepAlive yes no",
    "User \"open",
    "Match host",
    "Match foo bar",
    "Match",
    "RekeyLimit 3",
    "IPQoS ef cs1 cs2",
    "ServerAliveCountMax -1",
    "ConnectTimeout 1.5m",
    "Match all host x",
    "\"Port\" = 22",
    "ControlPersist never",
    "Host",
    "Host \"\"",
];

impl Language for Client {
    fn setting(&self, dice: &mut Dice, _in_block: bool) -> (&'static str, String) {
        match dice.below(12) {
            0 => (*dice.pick(FLAGS), (*dice.pick(&["yes", "no", "true", "False"])).to_owned()),
            1 | 2 => (*dice.pick(COUNTS), dice.below(2000).to_string()),
            3..6 if dice.one_in(6) => (*dice.pick(TIMES), "none".to_owned()),
            3..6 => (*dice.pick(TIMES), time(dice)),
            6 => ("RekeyLimit", rekey(dice)),
            7 => ("IPQoS", quality(dice)),
            8 => {
                let (keyword, values) = dice.pick(COMMANDS);
                (keyword, (*dice.pick(values)).to_owned())
            }
            9 if dice.one_in(40) => ("FooBar", "what ever".to_owned()),
            _ => {
                let (keyword, values) = dice.pick(WORDS);
                (keyword, (*dice.pick(values)).to_owned())
            }
        }
    }

    fn takes_words(&self, keyword: &str) -> bool {
        !COMMANDS.iter().any(|(command, _)| *command == keyword)
    }

    fn header(&self, dice: &mut Dice) -> String {
        match dice.below(2) {
            0 => format!("Host {}", dice.pick(HOSTS)),
            _ => format!("{} {}", dice.pick(&["Match", "match", "  Match"]), dice.pick(CRITERIA)),
        }
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
