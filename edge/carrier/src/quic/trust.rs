//! Who is trusted on QUIC: exactly the keys that travelled through ssh. No names, no dates, no chains.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::admitted::DoorKeys;
use super::identity::PublicKey;

/// TLS 1.3 with a post-quantum key exchange only, as OpenSSH's own: without it the QUIC leg would be
/// weaker than the ssh connection that its keys travelled through.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519MLKEM768];
    Arc::new(provider)
}

/// The client's view: one keeper.
#[derive(Debug)]
pub(crate) struct OneKeeper(pub(crate) PublicKey);

/// The keeper's view: the clients of its links.
#[derive(Debug)]
pub(crate) struct KnownClients(pub(crate) DoorKeys);

/// What TLS asks about signatures, in the words of either side's trait: Ed25519 by raw public keys,
/// in TLS 1.3.
macro_rules! signatures_by_raw_keys {
    () => {
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(Error::General("TLS 1.2 is not spoken here".to_owned()))
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            key: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let key = SubjectPublicKeyInfoDer::from(key.as_ref());
            verify_tls13_signature_with_raw_key(message, &key, signature, &algorithms())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ED25519]
        }

        fn requires_raw_public_keys(&self) -> bool {
            true
        }
    };
}

impl ServerCertVerifier for OneKeeper {
    fn verify_server_cert(
        &self,
        key: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let is_it = PublicKey::from_spki(key) == Some(self.0);
        is_it.then(ServerCertVerified::assertion).ok_or_else(stranger)
    }

    signatures_by_raw_keys!();
}

impl ClientCertVerifier for KnownClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        key: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let known = PublicKey::from_spki(key).is_some_and(|key| self.0.knows_client(key));
        known.then(ClientCertVerified::assertion).ok_or_else(stranger)
    }

    signatures_by_raw_keys!();
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    aws_lc_rs::default_provider().signature_verification_algorithms
}

fn stranger() -> Error {
    Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
}
