//! Carriers: what they report, those that come to a link, those that were refused, and the QUIC
//! endpoint. Links and their clients are not made here.

use std::net::IpAddr;

use abide_carrier::quic::{self, FarEndpoint, Identity, QuicParts};
use abide_carrier::{Event, Parts, What};
use abide_session::Quic;
use abide_terms::{LinkId, Moment};

use super::Keeper;
use crate::attachment::kind_name;
use crate::login::Login;
use crate::refusals::Refusal;

/// A carrier by QUIC, or why it is none.
pub(crate) type Arrival = Result<(LinkId, QuicParts), quic::Refusal>;

/// What a refused carrier used of the heap for a while, in bytes, rounded up. After a flood of them
/// the heap is looked through for what can be given back.
const REFUSED_USED: usize = 64 * 1024;

impl Keeper {
    pub(super) fn on_carrier(&mut self, now: Moment, event: Event) {
        let tag = event.link;
        let found = self.attachments.iter_mut().find(|(known, _)| *known == tag);
        let Some((_, client)) = found else { return };
        if matches!(event.what, What::Frames(_)) {
            client.presence.handle_heard(now);
        }
        if let Some(loss) = client.driver.handle(now, event) {
            tracing::info!(link = %client.link, kind = kind_name(loss.kind), why = loss.why, "carrier lost");
            client.presence.handle_lost(now);
            if loss.dropped {
                client.ask_whether_there(now);
            }
        }
    }

    pub(super) fn on_new_carrier(&mut self, now: Moment, link: LinkId, parts: Parts) {
        let kind = kind_name(parts.kind());
        let client = self.attachments.iter_mut().find(|(_, client)| client.link == link);
        // A link dismissed between its handshake and now simply gets no carrier.
        if let Some((_, client)) = client {
            tracing::info!(%link, kind, "carrier");
            client.driver.join(now, parts, false);
        }
    }

    pub(super) fn on_arrival(&mut self, now: Moment, arrival: Arrival) {
        match arrival {
            Ok((link, parts)) => self.on_new_carrier(now, link, Parts::Quic(parts)),
            Err(quic::Refusal { address, why }) => {
                self.on_refused(now, &Refusal { kind: "quic", from: address.to_string(), why });
                self.heap.handle_passed(now + quic::CLOSING_FOR, 0);
            }
        }
    }

    pub(super) fn on_refused(&mut self, now: Moment, refusal: &Refusal) {
        self.refusals.tell(now, refusal);
        self.heap.handle_passed(now, REFUSED_USED);
    }

    /// The keeper's QUIC endpoint, opened when the first client wants it.
    pub(super) fn quic(&mut self) -> Option<Quic> {
        if std::mem::take(&mut self.wants_quic) {
            match self.open_quic() {
                Ok(quic) => self.quic = Some(quic),
                Err(error) => tracing::warn!(%error, "no QUIC: ssh's own connection serves alone"),
            }
        }
        self.quic.clone()
    }

    fn open_quic(&mut self) -> std::io::Result<Quic> {
        let port = |value: u32| u16::try_from(value).map_err(std::io::Error::other);
        let ports = port(self.start.udp_low)?..=port(self.start.udp_high)?;
        let socket = abide_host::udp::bind_in_range(ports)?;
        let identity = Identity::generate().map_err(std::io::Error::other)?;
        let endpoint = FarEndpoint::new(socket, &identity, self.keys.clone())?;
        let port = endpoint.port();
        self.endpoint = Some(endpoint.handle());
        let arrivals = self.outlets.arrivals.clone();
        // What finds no room is closed again, and its client makes another one.
        tokio::spawn(endpoint.serve(move |arrival| drop(arrivals.try_send(arrival))));
        Ok(Quic {
            port: u32::from(port),
            public_key: identity.public().0.to_vec(),
            addresses: own_addresses().iter().map(IpAddr::to_string).collect(),
        })
    }
}

/// Where clients may reach this machine, best first: where ssh did, then every other address.
fn own_addresses() -> Vec<IpAddr> {
    let all = abide_host::network::addresses().unwrap_or_default();
    let usable = all.into_iter().filter(|address| !address.loopback && !address.link_local);
    let mut addresses: Vec<IpAddr> = Login::own()
        .map(|login| login.to.ip())
        .into_iter()
        .chain(usable.map(|address| address.ip))
        .collect();
    addresses.dedup();
    addresses
}
