//! The client's QUIC endpoint: connects to one keeper, and moves to fresh sockets.

use std::io;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::sync::Arc;

use abide_link::LinkKey;
use abide_terms::LinkId;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint, EndpointConfig, TokioRuntime};
use rustls::client::AlwaysResolvesClientRawPublicKeys;

use super::identity::{Identity, PublicKey};
use super::lanes::{Lane, QuicParts, binding};
use super::settings;
use super::trust::{OneKeeper, provider};
use crate::greeting::{GREETING_MAX, GreetingError, greet_on};

/// One connection to a keeper, with the socket under it.
#[derive(Clone, Debug)]
pub struct NearEndpoint {
    endpoint: Endpoint,
}

impl NearEndpoint {
    /// Connects through `socket`, which has a path to `address`, and proves to be the link's client.
    pub async fn connect(
        socket: UdpSocket,
        address: SocketAddr,
        identity: &Identity,
        keeper: PublicKey,
        key: &LinkKey,
        link: LinkId,
    ) -> Result<(Self, QuicParts), GreetingError> {
        let endpoint =
            Endpoint::new(EndpointConfig::default(), None, socket, Arc::new(TokioRuntime))?;
        let config = client_config(identity, keeper)?;
        let work = async {
            let connecting =
                endpoint.connect_with(config, address, "keeper").map_err(io::Error::other)?;
            let connection = connecting.await.map_err(io::Error::from)?;
            let (send, receive) = connection.open_bi().await.map_err(io::Error::from)?;
            let mut control = Lane::new(send, receive);
            let binding = binding(&connection)?;
            greet_on(&mut control, key, link, &binding).await?;
            Ok(QuicParts::new(endpoint.clone(), connection, control))
        };
        let parts =
            tokio::time::timeout(GREETING_MAX, work).await.unwrap_or(Err(GreetingError::Closed))?;
        Ok((NearEndpoint { endpoint }, parts))
    }

    /// Goes on through another socket: a new mapping at once, no waiting for QUIC's back-off.
    pub fn rebind(&self, socket: UdpSocket) -> io::Result<()> {
        self.endpoint.rebind(socket)
    }
}

fn client_config(identity: &Identity, keeper: PublicKey) -> io::Result<ClientConfig> {
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
    config.transport_config(settings::transport());
    Ok(config)
}
