//! The client's way to QUIC: knocks, connections, and moves to fresh sockets.

use std::net::SocketAddr;

use abide_carrier::quic::{Identity, NearEndpoint, PublicKey, QuicParts};
use abide_carrier::{Answered, GreetingError, knock_everywhere};
use abide_link::LinkKey;
use abide_session::Quic;
use abide_terms::LinkId;
use tokio::sync::mpsc;

use crate::paths::candidates;
use crate::plan::Plan;

/// Knocks that wait for an answer at once: at it, no further one is sent. Twice as many as eager knocks
/// add up to within the time that an answer may take.
const KNOCKS_MAX: usize = 32;

/// What came of knocks and connections.
pub(crate) enum Found {
    /// Addresses to knock at.
    Candidates(Vec<SocketAddr>),
    /// A knock got its answer, or none.
    Knock(Option<Answered>),
    /// A connection is ready, or failed.
    Connection(Box<Result<(NearEndpoint, QuicParts), GreetingError>>),
}

/// What moving to a path came to.
pub(crate) enum Moved {
    /// The present connection goes on there.
    Rebound,
    /// A new connection is under way.
    Connecting,
    /// Nothing was done.
    Nothing,
}

/// QUIC of one link.
pub(crate) struct QuicSide {
    identity: Identity,
    keeper: PublicKey,
    key: LinkKey,
    link: LinkId,
    candidates: Vec<SocketAddr>,
    near: Option<NearEndpoint>,
    rebinds: u32,
    knocks: usize,
    connecting: bool,
    found: mpsc::UnboundedSender<Found>,
}

impl QuicSide {
    /// Begins to look for ways to the keeper.
    pub(crate) fn new(
        plan: &Plan,
        quic: Quic,
        identity: Identity,
        (link, key): (LinkId, LinkKey),
        found: mpsc::UnboundedSender<Found>,
    ) -> Option<Self> {
        let keeper = PublicKey::from_slice(&quic.public_key)?;
        let (plan, told) = (plan.clone(), found.clone());
        // The receiver lives as long as the client.
        tokio::spawn(async move { told.send(Found::Candidates(candidates(&plan, &quic).await)) });
        let (near, candidates) = (None, Vec::new());
        Some(QuicSide {
            identity,
            keeper,
            key,
            link,
            candidates,
            near,
            rebinds: 0,
            knocks: 0,
            connecting: false,
            found,
        })
    }

    pub(crate) fn set_candidates(&mut self, candidates: Vec<SocketAddr>) {
        self.candidates = candidates;
    }

    /// Knocks at every candidate from a fresh socket.
    pub(crate) fn knock(&mut self) {
        if self.knocks >= KNOCKS_MAX || self.candidates.is_empty() {
            return;
        }
        self.knocks += 1;
        let (key, link, candidates) = (self.key.clone(), self.link, self.candidates.clone());
        let found = self.found.clone();
        tokio::spawn(async move {
            found.send(Found::Knock(knock_everywhere(&key, link, &candidates).await))
        });
    }

    /// A knock's time is over.
    pub(crate) fn handle_knock(&mut self) {
        self.knocks = self.knocks.saturating_sub(1);
    }

    /// Uses a path that was just proved. The present connection moves there first; if that did not
    /// help by the next answer, a new one is made.
    pub(crate) fn use_path(&mut self, answered: Answered, has_carrier: bool) -> Moved {
        if let Some(near) = self.near.as_ref().filter(|_| has_carrier && self.rebinds == 0) {
            self.rebinds += 1;
            return if near.rebind(answered.socket).is_ok() {
                Moved::Rebound
            } else {
                Moved::Nothing
            };
        }
        if std::mem::replace(&mut self.connecting, true) {
            return Moved::Nothing;
        }
        let (identity, keeper, key, link) =
            (self.identity.clone(), self.keeper, self.key.clone(), self.link);
        let found = self.found.clone();
        tokio::spawn(async move {
            let connection = NearEndpoint::connect(answered, &identity, keeper, &key, link).await;
            found.send(Found::Connection(Box::new(connection)))
        });
        Moved::Connecting
    }

    /// A connection is there.
    pub(crate) fn handle_connected(&mut self, near: NearEndpoint) {
        self.connecting = false;
        self.rebinds = 0;
        self.near = Some(near);
    }

    /// It is not.
    pub(crate) fn handle_failed(&mut self) {
        self.connecting = false;
    }

    /// QUIC answers again.
    pub(crate) fn handle_trusted(&mut self) {
        self.rebinds = 0;
    }
}
