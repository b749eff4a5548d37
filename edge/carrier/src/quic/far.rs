//! The keeper's QUIC endpoint: one UDP port that lets in only keys handed out through ssh.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use abide_terms::LinkId;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connecting, ConnectionError, Endpoint, Incoming, Runtime, ServerConfig, TokioRuntime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;

use super::admitted::DoorKeys;
use super::doorman::Doorman;
use super::gate::{Gate, KNOCKERS_MAX, Pass, STRANGERS_MAX, Source, Verdict};
use super::identity::Identity;
use super::lanes::{Lane, QuicParts};
use super::settings;
use super::trust::{KnownClients, provider};
use crate::greeting::{GREETING_MAX, GreetingError, welcome_on};

/// How long QUIC keeps what it knows of a connection that failed in its handshake: three probe
/// time-outs (RFC 9000, 10.2), which take no more than a second each. So long it counts as under way, which bounds the memory of such connections.
pub const CLOSING_FOR: Duration = Duration::from_secs(3);
/// How long a refused client may take to hear why.
const HEARD_WITHIN: Duration = Duration::from_secs(1);
/// How long a keeper that ends lets QUIC say so.
const FINISH_WITHIN: Duration = Duration::from_millis(500);

/// The keeper's endpoint.
#[derive(Debug)]
pub struct FarEndpoint {
    endpoint: Endpoint,
    /// For peers on this machine.
    local: Arc<ServerConfig>,
    keys: DoorKeys,
    gate: Gate,
    port: u16,
}

impl FarEndpoint {
    /// Listens on `socket`.
    pub fn new(socket: UdpSocket, identity: &Identity, keys: DoorKeys) -> io::Result<Self> {
        let port = socket.local_addr()?.port();
        let config = server_config(identity, &keys)?;
        let mut local = config.clone();
        local.transport_config(Arc::new(settings::transport(true, settings::RTT_ASSUMED)));
        let runtime = Arc::new(TokioRuntime);
        let inner = runtime.wrap_udp_socket(socket)?;
        let doorman = Arc::new(Doorman { inner, keys: keys.clone() });
        let endpoint = Endpoint::new_with_abstract_socket(
            settings::local_endpoint(),
            Some(config),
            doorman,
            runtime,
        )?;
        Ok(FarEndpoint { endpoint, local: Arc::new(local), keys, gate: Gate::default(), port })
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
    /// to, or why it was refused. In a flood of handshakes `arrived` hears of some, about as many as
    /// may be under way at once in each [`CLOSING_FOR`].
    pub async fn serve(
        self,
        arrived: impl Fn(Result<(LinkId, QuicParts), Refusal>) + Clone + Send + 'static,
    ) {
        while let Some(incoming) = self.endpoint.accept().await {
            let (source, proved) = self.source(&incoming);
            match self.gate.ask(source, proved) {
                Verdict::Enter(pass) => self.take_in(incoming, pass, arrived.clone()),
                // Who proved already is not asked again.
                Verdict::Prove => drop(incoming.retry()),
                Verdict::Shut { under_way, news } => {
                    let address = address(&incoming);
                    incoming.ignore();
                    if news {
                        arrived(Err(Refusal { address, why: GreetingError::Crowded(under_way) }));
                    }
                }
            }
        }
    }

    /// Where a handshake comes from, and whether it is proved to, or can prove it no better.
    fn source(&self, incoming: &Incoming) -> (Source, bool) {
        let from = incoming.remote_address();
        let source = if self.keys.has_knocked(from) {
            Source::Knocker(from)
        } else {
            Source::stranger(from)
        };
        (source, incoming.remote_address_validated() || !incoming.may_retry())
    }

    fn take_in(
        &self,
        incoming: Incoming,
        pass: Pass,
        arrived: impl Fn(Result<(LinkId, QuicParts), Refusal>) + Send + 'static,
    ) {
        let address = address(&incoming);
        let (keys, endpoint) = (self.keys.clone(), self.endpoint.clone());
        let accepted = match settings::is_local(address) {
            true => incoming.accept_with(self.local.clone()),
            false => incoming.accept(),
        };
        tokio::spawn(async move {
            let work = tokio::time::timeout(GREETING_MAX, admit(accepted, keys, endpoint));
            let result = work.await.unwrap_or(Err(GreetingError::TooSlow(GREETING_MAX)));
            let failed = result.is_err();
            arrived(result.map_err(|why| Refusal { address, why }));
            if failed {
                tokio::time::sleep(CLOSING_FOR).await;
            }
            drop(pass);
        });
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

fn server_config(identity: &Identity, keys: &DoorKeys) -> io::Result<ServerConfig> {
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_client_cert_verifier(Arc::new(KnownClients(keys.clone())))
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(identity.certified())));
    tls.alpn_protocols = vec![settings::ALPN.to_vec()];
    tls.send_tls13_tickets = 0;
    let crypto = QuicServerConfig::try_from(tls).map_err(io::Error::other)?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(Arc::new(settings::transport(false, settings::RTT_ASSUMED)));
    config.max_incoming(STRANGERS_MAX + KNOCKERS_MAX);
    Ok(config)
}

/// Who sent it, as people write it.
fn address(incoming: &Incoming) -> SocketAddr {
    let from = incoming.remote_address();
    SocketAddr::new(from.ip().to_canonical(), from.port())
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
    let welcomed = welcome_on(&mut control, |link| keys.key(link), &binding).await;
    match welcomed {
        Ok(link) => Ok((link, QuicParts::new(endpoint, connection, control))),
        Err(why) => {
            // What was said last would be lost with the connection.
            let _ = tokio::time::timeout(HEARD_WITHIN, control.finish()).await;
            Err(why)
        }
    }
}
