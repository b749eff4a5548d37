//! The keeper's QUIC endpoint: one UDP port that lets in only keys handed out through ssh.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use abide_link::LinkKey;
use abide_terms::LinkId;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connecting, ConnectionError, Endpoint, Runtime, ServerConfig, TokioRuntime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;

use super::doorman::Doorman;
use super::identity::{Identity, PublicKey};
use super::lanes::{Lane, QuicParts};
use super::settings;
use super::trust::{KnownClients, provider};
use crate::greeting::{GREETING_MAX, GreetingError, welcome_on};

/// Handshakes under way at once without proof of address; further ones must first prove that they
/// receive at the address they claim (a Retry, RFC 9000, 8.1.2), which costs us no memory.
const UNPROVEN_MAX: usize = 8;
/// Handshakes under way at once; further ones are dropped.
const HANDSHAKES_MAX: usize = 64;
/// How long a keeper that ends lets QUIC say so.
const FINISH_WITHIN: Duration = Duration::from_millis(500);

/// Which links and clients may come in. Shared between the keeper and its sockets.
#[derive(Clone, Debug, Default)]
pub struct DoorKeys(Arc<Mutex<Admitted>>);

/// Each link's key, and its client's key if it may come by QUIC.
type Admitted = HashMap<LinkId, (LinkKey, Option<PublicKey>)>;

impl DoorKeys {
    /// Lets a link's client in, by QUIC too when its public key is known.
    pub fn admit(&self, link: LinkId, key: LinkKey, client: Option<PublicKey>) {
        self.lock().insert(link, (key, client));
    }

    /// Lets it in no more.
    pub fn dismiss(&self, link: LinkId) {
        self.lock().remove(&link);
    }

    /// A link's key.
    pub fn key(&self, link: LinkId) -> Option<LinkKey> {
        self.lock().get(&link).map(|(key, _)| key.clone())
    }

    pub(crate) fn knows_client(&self, client: PublicKey) -> bool {
        self.lock().values().any(|(_, known)| *known == Some(client))
    }

    fn lock(&self) -> MutexGuard<'_, Admitted> {
        // Nothing panics while it is held; if it did, the map would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keeper's endpoint.
#[derive(Debug)]
pub struct FarEndpoint {
    endpoint: Endpoint,
    /// For peers on this machine.
    local: Arc<ServerConfig>,
    keys: DoorKeys,
    slots: Arc<tokio::sync::Semaphore>,
    port: u16,
}

impl FarEndpoint {
    /// Listens on `socket`.
    pub fn new(socket: UdpSocket, identity: &Identity, keys: DoorKeys) -> io::Result<Self> {
        let port = socket.local_addr()?.port();
        let tls = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(io::Error::other)?
            .with_client_cert_verifier(Arc::new(KnownClients(keys.clone())))
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(
                identity.certified(),
            )));
        let mut tls = tls;
        tls.alpn_protocols = vec![settings::ALPN.to_vec()];
        tls.send_tls13_tickets = 0;
        let crypto = QuicServerConfig::try_from(tls).map_err(io::Error::other)?;
        let mut config = ServerConfig::with_crypto(Arc::new(crypto));
        config.transport_config(Arc::new(settings::transport(false)));
        config.max_incoming(HANDSHAKES_MAX);
        let mut local = config.clone();
        local.transport_config(Arc::new(settings::transport(true)));
        let runtime = Arc::new(TokioRuntime);
        let inner = runtime.wrap_udp_socket(socket)?;
        let doorman = Arc::new(Doorman { inner, keys: keys.clone() });
        let endpoint = Endpoint::new_with_abstract_socket(
            settings::local_endpoint(),
            Some(config),
            doorman,
            runtime,
        )?;
        let slots = Arc::new(tokio::sync::Semaphore::new(HANDSHAKES_MAX));
        Ok(FarEndpoint { endpoint, local: Arc::new(local), keys, slots, port })
    }

    /// A handle to end it by, apart from serving.
    pub fn handle(&self) -> FarHandle {
        FarHandle(self.endpoint.clone())
    }

    /// The UDP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Takes in carriers for ever, giving each to `arrived` with the link that it proved to belong
    /// to, or why it was refused.
    pub async fn serve(
        self,
        arrived: impl Fn(Result<(LinkId, QuicParts), Refusal>) + Clone + Send + 'static,
    ) {
        while let Some(incoming) = self.endpoint.accept().await {
            let under_way = HANDSHAKES_MAX - self.slots.available_permits();
            if under_way >= UNPROVEN_MAX
                && incoming.may_retry()
                && !incoming.remote_address_validated()
            {
                let _ = incoming.retry();
                continue;
            }
            let Ok(slot) = self.slots.clone().try_acquire_owned() else {
                incoming.ignore();
                continue;
            };
            let (keys, arrived) = (self.keys.clone(), arrived.clone());
            let from = incoming.remote_address();
            let address = SocketAddr::new(from.ip().to_canonical(), from.port());
            let endpoint = self.endpoint.clone();
            let accepted = match settings::is_local(address) {
                true => incoming.accept_with(self.local.clone()),
                false => incoming.accept(),
            };
            tokio::spawn(async move {
                let result =
                    tokio::time::timeout(GREETING_MAX, admit(accepted, keys, endpoint)).await;
                drop(slot);
                let result = result.unwrap_or(Err(GreetingError::TooSlow(GREETING_MAX)));
                arrived(result.map_err(|why| Refusal { address, why }));
            });
        }
    }
}

/// A carrier that was not let in.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {why}")]
pub struct Refusal {
    /// Where it came from.
    pub address: SocketAddr,
    /// What was wrong.
    pub why: GreetingError,
}

/// Ends a keeper's endpoint.
#[derive(Clone, Debug)]
pub struct FarHandle(Endpoint);

impl FarHandle {
    /// Closes every connection and waits until their peers could be told.
    pub async fn finish(self) {
        self.0.close(0u32.into(), b"");
        // Waiting longer helps nobody: a peer out of reach learns it from its next knock.
        let _ = tokio::time::timeout(FINISH_WITHIN, self.0.wait_idle()).await;
    }
}

async fn admit(
    accepted: Result<Connecting, ConnectionError>,
    keys: DoorKeys,
    endpoint: Endpoint,
) -> Result<(LinkId, QuicParts), GreetingError> {
    let connection = accepted.map_err(io::Error::from)?.await.map_err(io::Error::from)?;
    let (send, receive) = connection.accept_bi().await.map_err(io::Error::from)?;
    let mut control = Lane::new(send, receive);
    let binding = super::lanes::binding(&connection)?;
    let link = welcome_on(&mut control, |link| keys.key(link), &binding).await?;
    Ok((link, QuicParts::new(endpoint, connection, control)))
}
