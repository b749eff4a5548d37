//! Which way a tunnel goes: over a link, whose connections live on while the network fails, or over plain
//! ssh, against any server.

use serde::{Deserialize, Serialize};

/// The way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Supervised ssh.
    #[default]
    Plain,
    /// A supervised link.
    Link,
}

/// What a link may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkOptions {
    /// Only ssh's own connection.
    pub no_udp: bool,
    /// UDP ports that the keeper may listen on, as `LOW-HIGH`.
    pub udp_ports: Option<String>,
}

/// What carries a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// The stdio of an ssh process.
    Ssh,
    /// A QUIC connection.
    Quic,
}
