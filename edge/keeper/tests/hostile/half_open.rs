//! First packets of QUIC handshakes that nobody goes on with: as a real client makes them, each with
//! keys and connection ids of its own. At most they prove where they come from.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use quinn_proto::crypto::rustls::QuicClientConfig;
use quinn_proto::{ClientConfig, Connection, DatagramEvent, Endpoint, EndpointConfig};
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// A long header of the kind Retry (RFC 9000, 17.2), as far as the first byte is not random.
const RETRY: u8 = 0xf0;

/// Makes them.
pub(crate) struct HalfOpener {
    endpoint: Endpoint,
    config: ClientConfig,
    to: SocketAddr,
    now: Instant,
}

impl HalfOpener {
    pub(crate) fn new(to: SocketAddr) -> Self {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519MLKEM768];
        let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(NeverAsked))
            .with_client_cert_resolver(Arc::new(NeverAsked));
        tls.alpn_protocols = vec![b"abide/1".to_vec()];
        tls.enable_sni = false;
        let config = QuicClientConfig::try_from(tls).expect("suites for QUIC");
        let endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), None, false, None);
        // A time that stands still: these connections have none.
        #[expect(clippy::disallowed_methods, reason = "what the library takes")]
        let now = Instant::now();
        HalfOpener { endpoint, config: ClientConfig::new(Arc::new(config)), to, now }
    }

    /// Sends the first flight of one handshake, and forgets it.
    pub(crate) fn open(&mut self, socket: &UdpSocket) {
        self.begin(socket);
    }

    /// The same from an address that is proved when the other end asks for it, by a Retry.
    pub(crate) fn open_proved(&mut self, socket: &UdpSocket) {
        let mut connection = self.begin(socket);
        let mut answer = [0; 2048];
        let Ok(length) = socket.recv(&mut answer) else { return };
        if answer[0] & 0xf0 != RETRY {
            return;
        }
        let data = BytesMut::from(&answer[..length]);
        let event = self.endpoint.handle(self.now, self.to, None, None, data, &mut Vec::new());
        if let Some(DatagramEvent::ConnectionEvent(_, event)) = event {
            connection.handle_event(event);
            self.send(&mut connection, socket);
        }
    }

    fn begin(&mut self, socket: &UdpSocket) -> Connection {
        let connected = self.endpoint.connect(self.now, self.config.clone(), self.to, "keeper");
        let (_, mut connection) = connected.expect("a connection");
        self.send(&mut connection, socket);
        connection
    }

    fn send(&self, connection: &mut Connection, socket: &UdpSocket) {
        let mut datagram = Vec::new();
        while let Some(transmit) = connection.poll_transmit(self.now, 1, &mut datagram) {
            let _full_queue = socket.send_to(&datagram[..transmit.size], self.to);
            datagram.clear();
        }
    }
}

/// Verifies nothing, as nothing comes back.
#[derive(Debug)]
struct NeverAsked;

impl ResolvesClientCert for NeverAsked {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn only_raw_public_keys(&self) -> bool {
        true
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ServerCertVerifier for NeverAsked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Err(Error::General("never asked".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("never asked".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("never asked".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
