//! Whether a relay holds the key that it says it holds, behind the connection that the client sees.

use incamera_wire::{RelayChallenge, RelayProof, relay_statement};

use super::signature::verify_strict;

/// Whether `proof` answers `challenge` for the connection whose certificate (DER) has this SHA-256.
///
/// It says that whoever holds `proof.key` stands behind that certificate. Whether the meeting's
/// state names the key is the caller's to check.
pub(crate) fn verify_relay(
    challenge: &RelayChallenge,
    certificate_sha256: &[u8; 32],
    proof: &RelayProof,
) -> bool {
    // SPEC [M12]: the certificate is the one that this client sees, or a stranger in between could
    // pass the challenge on to a genuine relay.
    verify_strict(&proof.key, &relay_statement(challenge, certificate_sha256), &proof.signature)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};
    use incamera_wire::MeetingId;

    use super::*;

    const CERTIFICATE: [u8; 32] = [5; 32];
    const CHALLENGE: RelayChallenge =
        RelayChallenge { meeting: MeetingId::new([1; 16]), challenge: [2; 32] };

    fn proof(key: [u8; 32]) -> RelayProof {
        let key = SigningKey::from_bytes(&key);
        let signature = key.sign(&relay_statement(&CHALLENGE, &CERTIFICATE)).to_bytes();
        RelayProof { key: key.verifying_key().to_bytes(), signature }
    }

    #[test]
    fn a_genuine_proof_verifies() {
        // SPEC [M12]
        assert!(verify_relay(&CHALLENGE, &CERTIFICATE, &proof([3; 32])));
    }

    #[test]
    fn a_proof_for_another_meeting_challenge_or_certificate_is_refused() {
        // SPEC [M12]
        let proof = proof([3; 32]);
        let meeting = RelayChallenge { meeting: MeetingId::new([9; 16]), ..CHALLENGE };
        assert!(!verify_relay(&meeting, &CERTIFICATE, &proof));
        let challenge = RelayChallenge { challenge: [9; 32], ..CHALLENGE };
        assert!(!verify_relay(&challenge, &CERTIFICATE, &proof));
        assert!(!verify_relay(&CHALLENGE, &[9; 32], &proof));
    }

    #[test]
    fn a_proof_under_another_key_or_with_a_flipped_signature_is_refused() {
        // SPEC [M12]
        let genuine = proof([3; 32]);
        let other = RelayProof { key: proof([4; 32]).key, ..genuine };
        assert!(!verify_relay(&CHALLENGE, &CERTIFICATE, &other));
        for at in 0..64 {
            let mut flipped = genuine;
            flipped.signature[at] ^= 1;
            assert!(!verify_relay(&CHALLENGE, &CERTIFICATE, &flipped), "byte {at}");
        }
    }

    #[test]
    fn a_proof_under_a_small_order_key_is_refused() {
        // SPEC [M12] [I1]: lax verification accepts it for every statement.
        let (mut key, mut signature) = ([0; 32], [0; 64]);
        (key[0], signature[0]) = (1, 1);
        assert!(!verify_relay(&CHALLENGE, &CERTIFICATE, &RelayProof { key, signature }));
    }
}
