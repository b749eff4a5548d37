//! Devices that keep state for a TCP connection and forget it when it is idle: how long by
//! default, what then, and who says so. Nothing says that one of them is on a given path.

use std::time::Duration;

/// What a packet of a forgotten connection meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expiry {
    /// It is dropped; nobody is told.
    Silent,
    /// A reset ends the connection.
    Reset,
    /// A packet from the inside makes new state, one from the outside meets a reset or nothing.
    InsideRevives,
}

/// A device or service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Middlebox {
    /// Its name.
    pub name: &'static str,
    /// How long an idle, established TCP connection is kept by default.
    pub idle: Duration,
    /// What comes then.
    pub expiry: Expiry,
    /// Where the number is from.
    pub source: &'static str,
}

const fn row(name: &'static str, seconds: u64, expiry: Expiry, source: &'static str) -> Middlebox {
    Middlebox { name, idle: Duration::from_secs(seconds), expiry, source }
}

/// Shortest first. Only numbers of documentation, of standards or measured.
pub const MIDDLEBOXES: [Middlebox; 15] = [
    row(
        "Azure Load Balancer",
        240,
        Expiry::Silent,
        "learn.microsoft.com, load-balancer-tcp-idle-timeout (4 to 100 min)",
    ),
    row("AWS NAT gateway", 350, Expiry::Reset, "AWS VPC user guide, NAT gateways (fixed)"),
    row(
        "AWS Network Load Balancer",
        350,
        Expiry::Reset,
        "AWS ELB user guide, update-idle-timeout (60 to 6000 s)",
    ),
    row("AWS Network Firewall", 350, Expiry::Silent, "AWS API_FlowTimeouts (60 to 6000 s)"),
    row(
        "AWS security group, Nitro v6",
        350,
        Expiry::Silent,
        "AWS API_ConnectionTrackingConfiguration",
    ),
    row(
        "Google Cloud VPC firewall",
        600,
        Expiry::Silent,
        "cloud.google.com, Compute Engine general tips (fixed)",
    ),
    row("Docker swarm, kube-proxy (IPVS)", 900, Expiry::Silent, "moby/moby issue 31208"),
    row(
        "Google Cloud NAT",
        1_200,
        Expiry::Silent,
        "Cloud NAT, tcpEstablishedIdleTimeoutSec of RouterNat",
    ),
    row("Juniper SRX", 1_800, Expiry::Silent, "Junos application junos-ssh, inactivity-timeout"),
    row("Cisco ASA", 3_600, Expiry::Silent, "ASA configuration guide, timeout conn 1:0:0"),
    row(
        "Palo Alto",
        3_600,
        Expiry::Silent,
        "docs.paloaltonetworks.com, Configure Session Timeouts (PAN-OS): TCP, default 3,600",
    ),
    row("FortiGate", 3_600, Expiry::Silent, "FortiOS CLI reference, system session-ttl"),
    row(
        "RFC 5382 home NAT (minimum)",
        7_440,
        Expiry::InsideRevives,
        "RFC 5382 REQ-5: not less than 2 h 4 min",
    ),
    row(
        "OpenWrt",
        7_440,
        Expiry::InsideRevives,
        "openwrt package/kernel/linux/files/sysctl-nf-conntrack.conf",
    ),
    row(
        "Linux connection tracking",
        432_000,
        Expiry::InsideRevives,
        "nf_conntrack_tcp_timeout_established, measured on Linux 6.18",
    ),
];

impl Expiry {
    /// Its stable name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Expiry::Silent => "silent",
            Expiry::Reset => "reset",
            Expiry::InsideRevives => "inside-revives",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_sourced() {
        assert!(MIDDLEBOXES.is_sorted_by_key(|row| row.idle));
        assert!(MIDDLEBOXES.iter().all(|row| row.source.len() > 15));
    }
}
