//! Who may come in: the links of a keeper with their keys, and from where their clients have knocked.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use abide_link::{LinkKey, knock};
use abide_terms::LinkId;

use super::identity::PublicKey;

/// Addresses remembered of each link's right knocks: at it the oldest goes. One knock may come from
/// two addresses (IPv4 and IPv6), and a client that looks for a way knocks four times a second.
const KNOCKS_KEPT: usize = 16;

/// Which links and clients may come in. Shared between the keeper and its sockets.
#[derive(Clone, Debug, Default)]
pub struct DoorKeys(Arc<Mutex<HashMap<LinkId, Admitted>>>);

/// One link.
#[derive(Debug)]
struct Admitted {
    key: LinkKey,
    /// Its client's key, if it may come by QUIC.
    client: Option<PublicKey>,
    /// Where right knocks came from, as the socket names it, oldest first.
    knocked: VecDeque<SocketAddr>,
}

impl DoorKeys {
    /// Lets a link's client in, by QUIC too when its public key is known.
    pub fn admit(&self, link: LinkId, key: LinkKey, client: Option<PublicKey>) {
        self.lock().insert(link, Admitted { key, client, knocked: VecDeque::new() });
    }

    /// Lets it in no more.
    pub fn dismiss(&self, link: LinkId) {
        self.lock().remove(&link);
    }

    /// A link's key.
    pub fn key(&self, link: LinkId) -> Option<LinkKey> {
        self.lock().get(&link).map(|admitted| admitted.key.clone())
    }

    pub(super) fn knows_client(&self, client: PublicKey) -> bool {
        self.lock().values().any(|admitted| admitted.client == Some(client))
    }

    /// The answer to a knock, if it is right. Where it came from is remembered.
    pub(super) fn answer(
        &self,
        claim: &knock::Claim,
        from: SocketAddr,
    ) -> Option<[u8; knock::LENGTH]> {
        let mut links = self.lock();
        let admitted = links.get_mut(&claim.link)?;
        let answer = claim.answer(&admitted.key)?;
        if !admitted.knocked.contains(&from) {
            if admitted.knocked.len() >= KNOCKS_KEPT {
                admitted.knocked.pop_front();
            }
            admitted.knocked.push_back(from);
        }
        Some(answer)
    }

    /// Somebody who has a link's key knocked from there not long ago.
    pub(super) fn has_knocked(&self, from: SocketAddr) -> bool {
        self.lock().values().any(|admitted| admitted.knocked.contains(&from))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LinkId, Admitted>> {
        // Nothing panics while it is held; if it did, the map would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: usize) -> SocketAddr {
        ([192, 0, 2, 1], u16::try_from(port).unwrap()).into()
    }

    #[test]
    fn only_right_knocks_are_remembered_and_not_for_ever() {
        let (keys, link, key) =
            (DoorKeys::default(), LinkId([1; 16]), LinkKey::from_bytes([2; 32]));
        keys.admit(link, key.clone(), None);
        let knock = |key: &LinkKey, port| {
            let claim = knock::read(&knock::knock(key, link, 1)).unwrap();
            keys.answer(&claim, address(port)).is_some()
        };
        assert!(!knock(&LinkKey::from_bytes([3; 32]), 1), "a wrong key");
        assert!(!keys.has_knocked(address(1)));
        (0..=KNOCKS_KEPT).for_each(|port| assert!(knock(&key, port)));
        assert!(!keys.has_knocked(address(0)), "the oldest makes room");
        assert!(keys.has_knocked(address(1)) && keys.has_knocked(address(KNOCKS_KEPT)));
        keys.dismiss(link);
        assert!(!keys.has_knocked(address(1)), "gone with its link");
    }
}
