//! Makes the namespaces and what is fixed in them: devices, addresses, routes, NAT rules.

use std::process::Command;

use crate::addresses::{CONGESTION, OUTER_V4, OUTER_V6, SERVER_V4, SERVER_V6, inner_v4, inner_v6};
use crate::link::{LinkSettings, Pump};
use crate::names::{LabName, ROLES};
use crate::namespace::feed;
use crate::{LabError, LinkHandle, Namespace, tun};

/// Packets that a TUN device holds for the emulator; large, so that only the emulated queue drops.
const DEVICE_QUEUE: u32 = 20_000;

/// Mappings get a random outer port each time, packets of unknown connections are dropped in both
/// directions, and the gateway itself answers nothing: a forgotten mapping is silence.
const NAT_RULES: &str = r#"
table inet lab {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "wan0" ct state new,invalid drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    iifname "wan0" ct state new drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan0" masquerade fully-random
  }
}
"#;

/// The four namespaces.
#[derive(Debug)]
pub(crate) struct Topology {
    pub(crate) client: Namespace,
    pub(crate) gateways: [Namespace; 2],
    pub(crate) server: Namespace,
}

impl Topology {
    pub(crate) fn named(name: LabName) -> Self {
        let [client, first, second, server] =
            ROLES.map(|role| Namespace::new(name.namespace(role)));
        Topology { client, gateways: [first, second], server }
    }

    fn all(&self) -> [&Namespace; 4] {
        [&self.client, &self.gateways[0], &self.gateways[1], &self.server]
    }

    /// Makes everything and starts the link.
    pub(crate) fn build(&self, link: LinkSettings) -> Result<(Pump, LinkHandle), LabError> {
        let lines: String =
            self.all().map(|namespace| format!("netns add {}\n", namespace.name())).concat();
        let mut ip = Command::new("ip");
        ip.args(["-batch", "-"]);
        feed(ip, &lines)?;
        for namespace in self.all() {
            quieten(namespace)?;
        }
        self.client.ip(&self.client_lines())?;
        let ends = crate::link::Ends {
            gateways: [tun::open(&self.gateways[0])?, tun::open(&self.gateways[1])?],
            server: tun::open(&self.server)?,
        };
        for index in 0..2 {
            self.set_up_gateway(index)?;
        }
        self.server.ip(&format!(
            "link set lo up\n{}addr add {SERVER_V4}/32 dev wan0\n\
             addr add {SERVER_V6}/128 dev wan0 nodad\n\
             route add 0.0.0.0/0 dev wan0 congctl {CONGESTION}\n\
             route add ::/0 dev wan0 congctl {CONGESTION}\n",
            wan_lines()
        ))?;
        Pump::start(link, ends)
    }

    fn client_lines(&self) -> String {
        let cables = self.gateways.iter().enumerate().map(|(index, gateway)| {
            format!(
                "link add eth{index} type veth peer name lan0 netns {}\nlink set eth{index} up\n",
                gateway.name()
            )
        });
        format!("link set lo up\n{}", cables.collect::<String>())
    }

    fn set_up_gateway(&self, index: usize) -> Result<(), LabError> {
        let gateway = &self.gateways[index];
        gateway.ip(&format!(
            "link set lo up\nlink set lan0 up\naddr add {}/24 dev lan0\n\
             addr add {}/64 dev lan0 nodad\n{}addr add {}/32 dev wan0\n\
             addr add {}/128 dev wan0 nodad\nroute add 0.0.0.0/0 dev wan0\n\
             route add ::/0 dev wan0\n",
            inner_v4(index, 1),
            inner_v6(index, 1),
            wan_lines(),
            OUTER_V4[index],
            OUTER_V6[index],
        ))?;
        let on = || "1".to_owned();
        gateway.sysctl(&[("net/ipv4/ip_forward", on()), ("net/ipv6/conf/all/forwarding", on())])?;
        let mut nft = gateway.command("nft");
        nft.args(["-f", "-"]);
        feed(nft, NAT_RULES)?;
        // A connection that the gateway does not know may not be picked up in its middle.
        gateway.sysctl(&[("net/netfilter/nf_conntrack_tcp_loose", "0".to_owned())])
    }
}

fn wan_lines() -> String {
    format!("link set wan0 addrgenmode none\nlink set wan0 mtu 1500 txqueuelen {DEVICE_QUEUE} up\n")
}

/// Nothing in a lab sends packets by itself (no duplicate address detection, no router search), and
/// TCP is stock.
fn quieten(namespace: &Namespace) -> Result<(), LabError> {
    let off = || "0".to_owned();
    namespace.sysctl(&[
        ("net/ipv6/conf/default/accept_dad", off()),
        ("net/ipv6/conf/default/accept_ra", off()),
        ("net/ipv6/conf/default/router_solicitations", off()),
        ("net/ipv6/conf/default/addr_gen_mode", "1".to_owned()),
        ("net/ipv4/conf/default/rp_filter", off()),
        ("net/ipv4/conf/all/rp_filter", off()),
        // As Linux comes, whatever this machine is set to: figures are to mean the same everywhere.
        ("net/ipv4/tcp_rmem", "4096 131072 6291456".to_owned()),
        ("net/ipv4/tcp_wmem", "4096 16384 4194304".to_owned()),
    ])
}
