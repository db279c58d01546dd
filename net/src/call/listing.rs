//! How a relay is listed by whoever creates a meeting at it.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use incamera::RelayProof;
use incamera::wire::{RelayChallenge, RelayEntry, relay_statement};

/// The longest region label of a list, in bytes.
const MAX_REGION: usize = 32;

/// A question put to the relay, and what its answer is for.
pub(super) enum Question {
    /// Which key the relay has, over the connection whose certificate was checked.
    Key { challenge: RelayChallenge, certificate_sha256: [u8; 32] },
    /// Whether it is one of the meeting's, over the media connection (SPEC \[M12\]).
    Media { challenge: RelayChallenge, certificate_sha256: [u8; 32] },
}

/// The entry of the list that an answer speaks for.
pub(super) fn entry(
    challenge: &RelayChallenge,
    certificate_sha256: &[u8; 32],
    proof: &[u8],
    region: &str,
) -> Result<RelayEntry, String> {
    let proof = RelayProof::decode(proof).map_err(|_| "its answer is no proof".to_owned())?;
    let statement = relay_statement(challenge, certificate_sha256);
    let key = UnparsedPublicKey::new(&ED25519, &proof.key);
    key.verify(&statement, &proof.signature)
        .map_err(|_| "its signature is not over this connection".to_owned())?;
    let fits = (1..=MAX_REGION).contains(&region.len());
    let region = if fits { region.to_owned() } else { "relay".to_owned() };
    Ok(RelayEntry { key: proof.key, region })
}
