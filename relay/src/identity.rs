//! The relay's Ed25519 key: what clients know a relay by. SPEC 9.4.

use std::io::Write;
use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use incamera_wire::{RelayChallenge, RelayProof, relay_statement};

use crate::exit::StartError;

/// The key.
pub(crate) struct Identity {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl Identity {
    /// A fresh one.
    pub(crate) fn random() -> Result<Self, StartError> {
        let failed =
            |_| StartError::Other("no key can be made: the system has no randomness".into());
        Self::of(Ed25519KeyPair::generate().map_err(failed)?)
    }

    /// The one in this file (PKCS #8, DER), which is made if it is missing.
    pub(crate) fn load(path: &Path) -> Result<Self, StartError> {
        let fault =
            |text: String| StartError::Config(format!("identity {}: {text}", path.display()));
        match std::fs::read(path) {
            Ok(bytes) => {
                let pair = Ed25519KeyPair::from_pkcs8(&bytes).map_err(|_| {
                    fault(
                        "is no Ed25519 key (PKCS #8, DER): name another file, or remove it".into(),
                    )
                })?;
                Self::of(pair)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let identity = Self::random()?;
                let document = identity.pair.to_pkcs8().map_err(|e| fault(e.to_string()))?;
                create(path, document.as_ref())
                    .map_err(|error| fault(format!("cannot be written: {error}")))?;
                Ok(identity)
            }
            Err(error) => Err(fault(format!("cannot be read: {error}"))),
        }
    }

    fn of(pair: Ed25519KeyPair) -> Result<Self, StartError> {
        let public = pair.public_key().as_ref().try_into();
        let failed = |_| StartError::Other("the Ed25519 key has a wrong length".into());
        Ok(Self { public: public.map_err(failed)?, pair })
    }

    /// The public key.
    pub(crate) fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Signs that this relay stands behind a certificate: SPEC \[M12\].
    pub(crate) fn prove(&self, challenge: &RelayChallenge, certificate: &[u8; 32]) -> RelayProof {
        let signed = self.pair.sign(&relay_statement(challenge, certificate));
        let mut signature = [0; 64];
        // An Ed25519 signature has 64 bytes (RFC 8032).
        signature.iter_mut().zip(signed.as_ref()).for_each(|(to, from)| *to = *from);
        RelayProof { key: self.public, signature }
    }
}

/// Writes a file that did not exist and that its owner alone may read.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    use incamera_wire::MeetingId;

    use super::*;

    #[test]
    fn a_proof_verifies_over_the_statement() {
        let identity = Identity::random().unwrap();
        let challenge = RelayChallenge { meeting: MeetingId::new([1; 16]), challenge: [2; 32] };
        let proof = identity.prove(&challenge, &[3; 32]);
        assert_eq!(proof.key, identity.public());
        let key = UnparsedPublicKey::new(&ED25519, proof.key);
        key.verify(&relay_statement(&challenge, &[3; 32]), &proof.signature).unwrap();
        assert!(key.verify(&relay_statement(&challenge, &[4; 32]), &proof.signature).is_err());
    }

    #[test]
    fn a_key_that_was_made_is_found_again_and_is_private() {
        let directory =
            std::env::temp_dir().join(format!("incamera-identity-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("key");
        let first = Identity::load(&path).unwrap();
        assert_eq!(Identity::load(&path).unwrap().public(), first.public());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(&path, b"junk").unwrap();
        assert!(matches!(Identity::load(&path), Err(StartError::Config(_))));
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
