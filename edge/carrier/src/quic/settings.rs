//! Settings of QUIC that both ends share, and why each is what it is.

use std::sync::Arc;

use quinn::{IdleTimeout, TransportConfig, VarInt};

/// Names the protocol in TLS, so that nothing else can be taken for it.
pub(crate) const ALPN: &[u8] = b"abide/1";
/// A label for the secret that binds the link's handshake to this TLS connection.
pub(crate) const EXPORTER: &[u8] = b"EXPORTER-abide-link";
/// Lanes that a peer may have open.
const LANES_MAX: u32 = 256;
/// Bytes that one lane may hold unread. Larger windows kill connections on fast paths in older
/// releases of the library ("too many gaps"); the link has windows of its own anyway.
const LANE_WINDOW: u32 = 4 * 1024 * 1024;
/// Bytes that all lanes may hold unread.
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
/// Bytes accepted from us and not yet acknowledged.
const SEND_WINDOW: u64 = 4 * 1024 * 1024;
/// Datagrams that wait on either side; at it the oldest go, and the link sends them again.
const DATAGRAM_BUFFER: usize = 64 * 1024;

pub(crate) fn transport() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config
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
    Arc::new(config)
}
