//! The secret of a link and the proofs made with it. How proofs are exchanged is in `handshake`.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::frame::Proof;

/// A secret that only the two ends of one link have; it travels inside ssh alone.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey([u8; 32]);

impl LinkKey {
    /// From 32 random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        LinkKey(bytes)
    }

    /// The secret itself, to be sent through ssh.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 of `parts`, each preceded by its length so that none can pass for another.
    pub fn prove(&self, parts: &[&[u8]]) -> Proof {
        self.mac(parts).finalize().into_bytes().into()
    }

    /// Whether `proof` is right, in constant time.
    pub fn verify(&self, parts: &[&[u8]], proof: &[u8]) -> bool {
        proof.len() >= 16 && self.mac(parts).verify_truncated_left(proof).is_ok()
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_bind_key_and_parts() {
        let (key, other) = (LinkKey::from_bytes([1; 32]), LinkKey::from_bytes([2; 32]));
        let proof = key.prove(&[b"ab", b"c"]);
        assert!(key.verify(&[b"ab", b"c"], &proof));
        assert!(key.verify(&[b"ab", b"c"], &proof[..16]));
        assert!(!key.verify(&[b"ab", b"c"], &proof[..8]), "too short to prove anything");
        assert!(!key.verify(&[b"a", b"bc"], &proof), "parts must not run together");
        assert!(!other.verify(&[b"ab", b"c"], &proof));
        assert!(!format!("{key:?}").contains('1'));
    }
}
