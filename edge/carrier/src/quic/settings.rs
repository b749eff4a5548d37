//! Settings of QUIC that both ends share, and why each is what it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::{EndpointConfig, IdleTimeout, MtuDiscoveryConfig, TransportConfig, VarInt};

use super::bounded::BoundedConfig;

/// Names the protocol in TLS, so that nothing else can be taken for it.
pub(crate) const ALPN: &[u8] = b"abide/1";
/// A label for the secret that binds the link's handshake to this TLS connection.
pub(crate) const EXPORTER: &[u8] = b"EXPORTER-abide-link";
/// Lanes that a peer may have open: one for each stream that is in use at once. At it, further streams
/// wait for one that rests. The library keeps some bytes for each, used or not.
const LANES_MAX: u32 = 2048;
/// Bytes that one lane may hold unread. Larger windows kill connections on fast paths in older
/// releases of the library ("too many gaps"); the link has windows of its own anyway.
const LANE_WINDOW: u32 = 4 * 1024 * 1024;
/// Bytes that all lanes may hold unread.
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
/// Bytes accepted from us and not yet acknowledged.
const SEND_WINDOW: u64 = 4 * 1024 * 1024;
/// Datagrams that wait on either side; at it the oldest go, and the link sends them again.
const DATAGRAM_BUFFER: usize = 64 * 1024;

/// What a keeper takes a path to be until it was measured. RFC 9002 (6.2.2) says 333 ms, so that a lost
/// first answer is missed after a second; the person waits for it, and one that was only slow is
/// repeated at most once or twice.
pub(crate) const RTT_ASSUMED: Duration = Duration::from_millis(100);
/// A knock's answer may come sooner than a handshake's, which has keys to compute.
const RTT_LEAST: Duration = Duration::from_millis(20);

/// Largest datagram between two programs of one machine, where nothing on the way is Ethernet: ten of
/// them, as many as go to the kernel at once, stay below the 64 KiB that it takes.
const LOCAL_DATAGRAM_MAX: u16 = 6 * 1024;

/// The peer is on this machine.
pub(crate) fn is_local(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

/// For an endpoint whose peers may be on this machine.
pub(crate) fn local_endpoint() -> EndpointConfig {
    let mut config = EndpointConfig::default();
    let limits = "between 1200 and 65527";
    config.max_udp_payload_size(LOCAL_DATAGRAM_MAX).expect(limits);
    config
}

/// For a connection; `local` when the peer is on this machine. `rtt`: how long the path is taken to be
/// until it was measured.
pub(crate) fn transport(local: bool, rtt: Duration) -> TransportConfig {
    let mut config = TransportConfig::default();
    if local {
        let mut discovery = MtuDiscoveryConfig::default();
        discovery.upper_bound(LOCAL_DATAGRAM_MAX);
        config.mtu_discovery_config(Some(discovery));
    }
    config
        .initial_rtt(rtt.max(RTT_LEAST))
        // Keystrokes wait in the queues that bulk fills.
        .congestion_controller_factory(Arc::new(BoundedConfig))
        // The link decides what is alive; QUIC never gives up by itself.
        .max_idle_timeout(None::<IdleTimeout>)
        // The link sends its own keepalives, when it needs them.
        .keep_alive_interval(None)
        .max_concurrent_uni_streams(VarInt::from_u32(LANES_MAX))
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .stream_receive_window(VarInt::from_u32(LANE_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(SEND_WINDOW)
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER))
        .datagram_send_buffer_size(DATAGRAM_BUFFER);
    config
}
