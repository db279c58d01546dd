//! The certificate: a given one, or one made at start.

use std::io::ErrorKind::NotFound;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::digest::sha256;
use crate::exit::StartError;
use crate::identity::create;
use crate::settings::Settings;

/// What TLS is served with.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// Of the first certificate (DER).
    pub(crate) certificate_sha256: [u8; 32],
}

type Chain = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What the settings ask for; nothing with `plain`.
pub(crate) fn tls(settings: &Settings) -> Result<Option<Tls>, StartError> {
    if settings.plain {
        return Ok(None);
    }
    let (chain, key) = match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => load(certificate, key)?,
        _ => development(settings)?,
    };
    let fault = |text: String| StartError::Certificate(text);
    let first = chain.first().ok_or_else(|| fault("the file has no certificate in it".into()))?;
    let certificate_sha256 = sha256(first);
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| fault(format!("certificate and key do not fit: {error}")))?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Ok(Some(Tls { acceptor, certificate_sha256 }))
}

fn load(certificate: &Path, key: &Path) -> Result<Chain, StartError> {
    let fault = |path: &Path, error: rustls::pki_types::pem::Error| {
        let text = format!("{} cannot be read ({error}): give a PEM file", path.display());
        StartError::Certificate(text)
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fault(certificate, error))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| fault(key, error))?;
    Ok((chain, key))
}

/// For this machine's names alone. With a directory for data it is kept there, so that links, which pin
/// it, outlive a restart.
fn development(settings: &Settings) -> Result<Chain, StartError> {
    let directory = settings.data.as_deref().filter(|directory| directory.is_dir());
    let kept = directory.map(|at| (at.join("certificate.pem"), at.join("key.pem")));
    if let Some((certificate, key)) = &kept
        && certificate.exists()
    {
        return load(certificate, key);
    }
    let fault = |error: rcgen::Error| {
        StartError::Certificate(format!("no development certificate can be made: {error}"))
    };
    let mut names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let address = settings.listen_address().ip();
    if !address.is_unspecified() && !address.is_loopback() {
        names.push(address.to_string());
    }
    let made = rcgen::generate_simple_self_signed(names).map_err(fault)?;
    if let Some((certificate, key)) = &kept {
        // The certificate last: where it is, its key is.
        let written = std::fs::remove_file(key)
            .or_else(|error| if error.kind() == NotFound { Ok(()) } else { Err(error) })
            .and_then(|()| create(key, made.signing_key.serialize_pem().as_bytes()))
            .and_then(|()| create(certificate, made.cert.pem().as_bytes()));
        written.map_err(|error| {
            let text = format!("{} cannot be written: {error}", key.display());
            StartError::Certificate(text)
        })?;
    }
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    Ok((vec![made.cert.der().clone()], key.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Given;

    fn with(given: Given) -> Result<Option<Tls>, StartError> {
        tls(&given.into_settings())
    }

    #[test]
    fn a_development_certificate_is_made_afresh() {
        let one = with(Given::default()).unwrap().unwrap();
        let other = with(Given::default()).unwrap().unwrap();
        assert_ne!(one.certificate_sha256, other.certificate_sha256);
        assert!(with(Given { plain: Some(true), ..Given::default() }).unwrap().is_none());
    }

    #[test]
    fn a_file_that_is_no_certificate_is_refused_in_one_line() {
        let junk = std::env::current_exe().unwrap();
        for path in [junk, "/nowhere".into()] {
            let (certificate, key) = (Some(path.clone()), Some(path));
            let error = with(Given { certificate, key, ..Given::default() }).err().unwrap();
            assert!(matches!(error, StartError::Certificate(_)));
            assert_eq!(error.to_string().lines().count(), 1);
        }
    }
}
