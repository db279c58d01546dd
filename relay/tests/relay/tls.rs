//! TLS, and the proof that the relay stands behind its certificate.

use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use incamera_wire::{
    MeetingId, RefusalReason, RelayChallenge, RelayProof, ToClient, ToServer, relay_statement,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{Client, MEETING};
use crate::process::{Directory, Relay};

/// Takes any certificate: the test looks at it by itself.
#[derive(Debug)]
struct Any;

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A client over TLS, and the SHA-256 of the certificate that it sees.
async fn open(relay: &Relay) -> (Client<TlsStream<TcpStream>>, [u8; 32]) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Any))
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(&relay.address).await.unwrap();
    let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    let url = format!("wss://{}/v1/connect", relay.address);
    let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let certificate = &socket.get_ref().get_ref().1.peer_certificates().unwrap()[0];
    let sha256 = digest::digest(&digest::SHA256, certificate).as_ref().try_into().unwrap();
    (Client { socket }, sha256)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn the_relay_proves_its_certificate_with_its_key() {
    let directory = Directory::new();
    let identity = directory.path("identity");
    let arguments = ["--listen", "127.0.0.1:0", "--identity", &identity, "--region", "the attic"];
    let relay = Relay::start_bare(&arguments);
    let (client, certificate_sha256) = open(&relay).await;
    assert_eq!(hex(&certificate_sha256), relay.certificate);
    let mut client = client.hello(MEETING, None).await.client;
    let challenge = RelayChallenge { meeting: MEETING, challenge: [5; 32] };
    client.say(&ToServer::Prove { challenge: challenge.encode(), certificate_sha256 }).await;
    let ToClient::Proof { proof, region } = client.hear().await else { panic!("no proof") };
    assert_eq!(region, "the attic");
    let proof = RelayProof::decode(&proof).unwrap();
    assert_eq!(hex(&proof.key), relay.key);
    let key = UnparsedPublicKey::new(&ED25519, proof.key);
    key.verify(&relay_statement(&challenge, &certificate_sha256), &proof.signature).unwrap();
    // The key stays when the certificate does not.
    let again = Relay::start_bare(&arguments);
    assert_eq!(again.key, relay.key);
    assert_ne!(again.certificate, relay.certificate);
}

#[tokio::test]
async fn nothing_is_proved_for_another_certificate_or_meeting() {
    let relay = Relay::start_bare(&["--listen", "127.0.0.1:0"]);
    for (meeting, wrong, reason) in [
        (MEETING, true, RefusalReason::NotFound),
        (MeetingId::new([1; 16]), false, RefusalReason::Malformed),
    ] {
        let (client, mut certificate_sha256) = open(&relay).await;
        let mut client = client.hello(MEETING, None).await.client;
        certificate_sha256[0] ^= u8::from(wrong);
        let challenge = RelayChallenge { meeting, challenge: [5; 32] }.encode();
        client.say(&ToServer::Prove { challenge, certificate_sha256 }).await;
        assert_eq!(client.last_refusal().await.reason, reason);
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_closed() {
    use tokio::io::AsyncReadExt;

    let relay = Relay::start_bare(&["--listen", "127.0.0.1:0", "--handshake-seconds", "1"]);
    let mut stream = TcpStream::connect(&relay.address).await.unwrap();
    let mut rest = Vec::new();
    let ended =
        tokio::time::timeout(std::time::Duration::from_secs(10), stream.read_to_end(&mut rest));
    // It ends, by an alert or without.
    let _ = ended.await.unwrap();
}
