//! The client's QUIC endpoint: connects to one keeper, and moves to fresh sockets.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;

use abide_link::LinkKey;
use abide_terms::LinkId;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, TokioRuntime, TransportConfig};
use rustls::client::AlwaysResolvesClientRawPublicKeys;

use super::identity::{Identity, PublicKey};
use super::lanes::{DATAGRAM_LEAST, Lane, QuicParts, binding};
use super::settings;
use super::trust::{OneKeeper, provider};
use super::window::DeadPath;
use crate::greeting::{GREETING_MAX, GreetingError, greet_on};
use crate::knocking::Answered;

/// Datagrams of padding that go before all else through another socket.
const PAID: usize = 2;

/// One connection to a keeper, with the socket under it.
#[derive(Clone, Debug)]
pub struct NearEndpoint {
    endpoint: Endpoint,
    connection: Connection,
    path: DeadPath,
}

impl NearEndpoint {
    /// Connects over the path that a knock has proved, and proves to be the link's client.
    pub async fn connect(
        path: Answered,
        identity: &Identity,
        keeper: PublicKey,
        key: &LinkKey,
        link: LinkId,
    ) -> Result<(Self, QuicParts), GreetingError> {
        let Answered { socket, address, rtt } = path;
        let local = settings::is_local(address);
        let config = if local { settings::local_endpoint() } else { EndpointConfig::default() };
        let endpoint = Endpoint::new(config, None, socket, Arc::new(TokioRuntime))?;
        let path = DeadPath::default();
        let transport = client_transport(settings::transport(local, rtt), &path);
        let config = client_config(identity, keeper, transport)?;
        let work = async {
            let connecting =
                endpoint.connect_with(config, address, "keeper").map_err(io::Error::other)?;
            let connection = connecting.await.map_err(io::Error::from)?;
            let (send, receive) = connection.open_bi().await.map_err(io::Error::from)?;
            let mut control = Lane::new(send, receive);
            let binding = binding(&connection)?;
            greet_on(&mut control, key, link, &binding).await?;
            let parts = QuicParts::new(endpoint.clone(), connection.clone(), control);
            Ok((NearEndpoint { endpoint: endpoint.clone(), connection, path }, parts))
        };
        tokio::time::timeout(GREETING_MAX, work).await.unwrap_or(Err(GreetingError::Closed))
    }

    /// Goes on through another socket: a new mapping at once, no waiting for QUIC's back-off.
    pub fn rebind(&self, socket: UdpSocket) -> io::Result<()> {
        self.path.forgive();
        self.endpoint.rebind(socket)?;
        self.pay_the_way();
        Ok(())
    }

    /// To an address that it has not proved yet the keeper may send three bytes for each that came
    /// from there (RFC 9000, 9.3.1), and its proof alone takes 1200: without more than our few
    /// bytes, its answer waits a round trip longer.
    fn pay_the_way(&self) {
        for _ in 0..PAID {
            // Lost at worst.
            let _ = self.connection.send_datagram(abide_link::padding(DATAGRAM_LEAST));
        }
    }
}

fn client_transport(mut transport: TransportConfig, path: &DeadPath) -> TransportConfig {
    transport.congestion_controller_factory(Arc::new(path.clone()));
    transport
}

fn client_config(
    identity: &Identity,
    keeper: PublicKey,
    transport: TransportConfig,
) -> io::Result<ClientConfig> {
    let mut tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(OneKeeper(keeper)))
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(
            identity.certified(),
        )));
    tls.alpn_protocols = vec![settings::ALPN.to_vec()];
    tls.enable_sni = false;
    let crypto = QuicClientConfig::try_from(tls).map_err(io::Error::other)?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport));
    Ok(config)
}
