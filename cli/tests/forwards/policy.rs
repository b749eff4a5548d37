//! What the server's sshd does not permit is not got around: for each of its settings, a link's forwards
//! do what ssh's own would.

use crate::far::{Far, Setup};
use crate::held::{Held, Manner, Met, Service, free_port, meet, meet_by_socks};

/// What is expected of each forward: true when it works.
struct Expected {
    /// `-L` to 127.0.0.1.
    local: bool,
    /// `-L` to the same service by another name.
    other: bool,
    /// `-D`.
    dynamic: bool,
    /// `-R`, of the first port.
    remote: bool,
    /// `-R '*:port'`, of the second.
    second: bool,
    /// Where the two listen when they do.
    at: [&'static str; 2],
}

const LOOPBACK: [&str; 2] = ["127.0.0.1", "127.0.0.1"];
const ALL: Expected =
    Expected { local: true, other: true, dynamic: true, remote: true, second: true, at: LOOPBACK };
const NO_LOCAL: Expected = Expected { local: false, other: false, dynamic: false, ..ALL };
const NO_REMOTE: Expected = Expected { remote: false, second: false, ..ALL };
const NONE: Expected = Expected { remote: false, second: false, ..NO_LOCAL };
const ONE_TARGET: Expected = Expected { other: false, dynamic: false, ..ALL };
const ONE_PORT: Expected = Expected { second: false, ..ALL };

/// `SERVICE`, `FIRST` stand for ports in the settings.
fn check(config: &str, key_options: &str, expected: &Expected) {
    let service = Service::start(Manner::Echo);
    let [local, other, dynamic, first, second] = std::array::from_fn(|_| free_port());
    let fill = |text: &str| {
        text.replace("SERVICE", &service.port.to_string()).replace("FIRST", &first.to_string())
    };
    let far = Far::start_with(&Setup { config: &fill(config), ..Setup::default() });
    let key = std::fs::read_to_string(far.path("user.pub")).expect("a key");
    std::fs::write(far.path("authorized_keys"), format!("{} {key}", fill(key_options)))
        .expect("our file");
    let flags = [
        "-L".to_owned(),
        format!("{local}:{}", service.target()),
        "-L".to_owned(),
        format!("{other}:localhost:{}", service.port),
        "-D".to_owned(),
        dynamic.to_string(),
        "-R".to_owned(),
        format!("{first}:{}", service.target()),
        "-R".to_owned(),
        format!("*:{second}:{}", service.target()),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let held = Held::start(&far, &flags);
    let what = format!("[{config}] [{key_options}]");
    let met = |works: bool| if works { Met::Echo } else { Met::Closed };
    assert_eq!(meet(local), met(expected.local), "-L with {what}: {}", held.said());
    assert_eq!(meet(other), met(expected.other), "-L by another name with {what}");
    let by_socks = meet_by_socks(dynamic, "localhost", service.port);
    assert_eq!(by_socks, met(expected.dynamic), "-D with {what}");
    if !expected.other {
        held.wait_for("open failed: administratively prohibited: open failed");
    }
    for (port, works, at) in
        [(first, expected.remote, expected.at[0]), (second, expected.second, expected.at[1])]
    {
        if works {
            crate::far::wait_until("the forward", || meet(port) == Met::Echo);
            assert!(listens(at, port), "-R with {what} is not at {at}");
        } else {
            held.wait_for(&format!(
                "Warning: remote port forwarding failed for listen port {port}"
            ));
            assert_eq!(meet(port), Met::Nobody, "-R with {what}");
        }
    }
}

/// Whether somebody listens at exactly this IPv4 address.
fn listens(address: &str, port: u16) -> bool {
    let bytes: std::net::Ipv4Addr = address.parse().expect("an address");
    let wanted = format!("{:08X}:{port:04X}", u32::from_ne_bytes(bytes.octets()));
    let table = std::fs::read_to_string("/proc/net/tcp").expect("a table");
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.any(|words| words.get(1) == Some(&&wanted[..]) && words.get(3) == Some(&"0A"))
}

#[test]
fn nothing_is_forbidden() {
    check("", "", &ALL);
}

#[test]
fn allow_tcp_forwarding() {
    check("AllowTcpForwarding no", "", &NONE);
    check("AllowTcpForwarding local", "", &NO_REMOTE);
    check("AllowTcpForwarding remote", "", &NO_LOCAL);
}

#[test]
fn permit_open() {
    check("PermitOpen 127.0.0.1:SERVICE", "", &ONE_TARGET);
    check("PermitOpen none", "", &NO_LOCAL);
    check("PermitOpen *:SERVICE", "", &ALL);
}

#[test]
fn permit_listen() {
    check("PermitListen FIRST", "", &ONE_PORT);
    check("PermitListen none", "", &NO_REMOTE);
}

#[test]
fn disable_forwarding() {
    check("DisableForwarding yes", "", &NONE);
}

#[test]
fn gateway_ports() {
    check("GatewayPorts yes", "", &Expected { at: ["0.0.0.0", "0.0.0.0"], ..ALL });
    let as_asked = ["127.0.0.1", "0.0.0.0"];
    check("GatewayPorts clientspecified", "", &Expected { at: as_asked, ..ALL });
}

#[test]
fn options_of_a_key() {
    check("", "restrict", &NONE);
    check("", "permitopen=\"127.0.0.1:SERVICE\"", &ONE_TARGET);
    check("", "restrict,port-forwarding,permitlisten=\"FIRST\"", &ONE_PORT);
}
