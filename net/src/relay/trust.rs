//! Whose certificate is believed.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError};
use rustls::{RootCertStore, SignatureScheme};
use thiserror::Error as DeriveError;

use super::address::AddressError;
use super::hex::to_hex;

/// Whose certificate is believed.
#[derive(Clone)]
pub(crate) enum Trust {
    /// Nobody's: no connection is made.
    Nobody,
    /// The one with this SHA-256.
    Pin([u8; 32]),
    /// Those of the host's name under these roots.
    Roots(Roots),
    /// Any: to see what it is.
    Any,
}

/// Root certificates.
#[derive(Clone)]
pub(crate) struct Roots(Arc<RootCertStore>);

impl Roots {
    pub(super) fn read(pem: &[u8]) -> Result<Self, AddressError> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let read = read.map_err(|error| AddressError::Roots(error.to_string()))?;
        let mut roots = RootCertStore::empty();
        if let (0, _) = roots.add_parsable_certificates(read) {
            return Err(AddressError::Roots("it has none that can be used".to_owned()));
        }
        Ok(Self(Arc::new(roots)))
    }
}

/// The certificate that the other end showed: its SHA-256.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Option<[u8; 32]>>>);

impl Seen {
    /// The SHA-256, once the handshake came that far.
    pub(crate) fn sha256(&self) -> Option<[u8; 32]> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, certificate: &CertificateDer<'_>) -> [u8; 32] {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, certificate).as_ref());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sha256);
        sha256
    }
}

/// The relay shows another certificate than the one pinned.
#[derive(Debug, DeriveError)]
#[error("the relay shows another certificate than the one pinned, {}", to_hex(&self.0))]
pub(crate) struct OtherCertificate(pub(crate) [u8; 32]);

/// The TLS settings of a connection.
///
/// # Errors
/// If the roots cannot be used.
pub(crate) fn client_config(trust: &Trust, seen: &Seen) -> Result<ClientConfig, Error> {
    let provider = Arc::new(provider::default_provider());
    let by_roots = match trust {
        Trust::Roots(roots) => {
            let roots = WebPkiServerVerifier::builder_with_provider(
                Arc::clone(&roots.0),
                Arc::clone(&provider),
            );
            Some(roots.build().map_err(|error| Error::General(error.to_string()))?)
        }
        _ => None,
    };
    let verifier =
        Verifier { trust: trust.clone(), by_roots, seen: seen.clone(), provider: provider.clone() };
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let dangerous = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = dangerous.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Compares the certificate with the pin, or asks the roots. That the other end has the certificate's key
/// is checked in any case.
struct Verifier {
    trust: Trust,
    by_roots: Option<Arc<WebPkiServerVerifier>>,
    seen: Seen,
    provider: Arc<CryptoProvider>,
}

impl core::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = self.seen.note(certificate);
        match (&self.trust, &self.by_roots) {
            (Trust::Pin(pinned), _) if *pinned == shown => Ok(ServerCertVerified::assertion()),
            (Trust::Pin(_), _) => {
                let other = OtherError(Arc::new(OtherCertificate(shown)));
                Err(Error::InvalidCertificate(CertificateError::Other(other)))
            }
            (Trust::Any, _) => Ok(ServerCertVerified::assertion()),
            (_, Some(roots)) => {
                roots.verify_server_cert(certificate, intermediates, name, ocsp, now)
            }
            _ => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
