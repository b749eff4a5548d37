//! The Ed25519 keys that the two ends of a QUIC carrier pin (raw public keys, RFC 7250). Each is
//! made for one process and never stored; public keys travel inside ssh.

use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

/// Why no key could be made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The cryptographic library refused.
    #[error("no Ed25519 key could be made")]
    Generate,
    /// TLS refused the key.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// DER of a SubjectPublicKeyInfo up to the Ed25519 key itself (RFC 8410, section 4).
const SPKI_HEAD: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

impl PublicKey {
    /// From bytes that travelled; `None` if they are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(PublicKey)
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        [&SPKI_HEAD[..], &self.0].concat()
    }

    pub(crate) fn from_spki(der: &[u8]) -> Option<Self> {
        Self::from_slice(der.strip_prefix(&SPKI_HEAD)?)
    }
}

/// DER of a PKCS #8 private key up to the Ed25519 seed itself (RFC 8410, section 7).
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A key pair of this process.
#[derive(Clone, Debug)]
pub struct Identity {
    public: PublicKey,
    certified: Arc<CertifiedKey>,
}

impl Identity {
    /// Makes a new key pair. The seed is the kernel's: the library's own generator takes some 30 ms
    /// to start, which the person would wait for at both ends before the first prompt.
    pub fn generate() -> Result<Self, IdentityError> {
        let seed = abide_host::random::bytes::<32>();
        let pair =
            Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| IdentityError::Generate)?;
        let public =
            PublicKey::from_slice(pair.public_key().as_ref()).ok_or(IdentityError::Generate)?;
        let der = PrivatePkcs8KeyDer::from([&PKCS8_HEAD[..], &seed].concat());
        let signing = rustls::crypto::aws_lc_rs::sign::any_eddsa_type(&der)?;
        let certified =
            Arc::new(CertifiedKey::new(vec![CertificateDer::from(public.spki())], signing));
        Ok(Identity { public, certified })
    }

    /// The half that may be seen.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }
}
