//! The certificate in each leaf's credential: the identity key vouches for one leaf key in one
//! stay in one meeting (SPEC \[I2\]).

use ed25519_dalek::Signer;
use incamera_wire::{Fingerprint, Label, LeafCredential, MeetingId, StayId};
use sha2::{Digest, Sha256};

use super::signature::verify_strict;
use super::{DisplayName, Identity, fingerprint};

/// What a verified certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certified {
    /// The identity behind the leaf.
    pub(crate) fingerprint: Fingerprint,
    /// Its Ed25519 key, 32 bytes.
    pub(crate) identity_key: [u8; 32],
    /// This stay in the meeting.
    pub(crate) stay: StayId,
    /// The X25519 key for messages to this member alone.
    pub(crate) direct_key: [u8; 32],
    /// The display name.
    pub(crate) name: String,
    /// What it says that it is, if it is no person.
    pub(crate) label: Option<Label>,
    /// What the application may judge it by.
    pub(crate) attestation: Vec<u8>,
}

/// The certificate does not verify, or the name cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadCertificate;

/// The leaf credential by which `identity` vouches for `leaf_key` in one stay.
pub(crate) fn certify(
    identity: &Identity,
    meeting: MeetingId,
    leaf_key: &[u8; 32],
    stay: StayId,
    direct_key: [u8; 32],
) -> LeafCredential {
    let mut credential = LeafCredential {
        identity_key: identity.key.verifying_key().to_bytes(),
        stay,
        direct_key,
        name: identity.name().to_owned(),
        signature: [0; 64],
        label: identity.label,
        attestation: identity.attestation.clone(),
    };
    let statement = statement(meeting, leaf_key, &credential);
    credential.signature = identity.key.sign(&statement).to_bytes();
    credential
}

/// The credential under another display name, which the identity's signature does not cover.
///
/// # Errors
/// If the credential does not parse or the name cannot be shown.
pub(crate) fn renamed(credential: &[u8], name: &str) -> Result<Vec<u8>, BadCertificate> {
    // SPEC [I3]
    let name = DisplayName::new(name).map_err(|_| BadCertificate)?.as_str().to_owned();
    let old = LeafCredential::decode(credential).map_err(|_| BadCertificate)?;
    Ok(LeafCredential { name, ..old }.encode())
}

/// Verifies the credential of a leaf whose MLS signature key is `leaf_key` (SPEC \[I2\], \[I3\]).
pub(crate) fn verify_certificate(
    credential: &[u8],
    meeting: MeetingId,
    leaf_key: &[u8; 32],
) -> Result<Certified, BadCertificate> {
    let credential = LeafCredential::decode(credential).map_err(|_| BadCertificate)?;
    // SPEC [I2]
    let statement = statement(meeting, leaf_key, &credential);
    let LeafCredential { identity_key, stay, direct_key, name, signature, label, attestation } =
        credential;
    if !verify_strict(&identity_key, &statement, &signature) {
        return Err(BadCertificate);
    }
    // SPEC [I3]
    let name = DisplayName::new(&name).map_err(|_| BadCertificate)?.as_str().to_owned();
    let fingerprint = fingerprint(&identity_key);
    Ok(Certified { fingerprint, identity_key, stay, direct_key, name, label, attestation })
}

/// What an identity key signs: all of the credential but the name (SPEC "Identity").
fn statement(meeting: MeetingId, leaf_key: &[u8; 32], credential: &LeafCredential) -> Vec<u8> {
    let LeafCredential { identity_key: _, stay, direct_key, name: _, signature: _, .. } =
        credential;
    // SPEC [I7]: nobody can take a label off its bearer or lend an attestation to somebody else.
    let LeafCredential { label, attestation, .. } = credential;
    let label = [label.map_or(0, Label::number)];
    let attestation = Sha256::digest(attestation);
    let head: &[u8] = b"incamera 1 certificate";
    let parts: [&[u8]; 7] =
        [head, meeting.as_bytes(), leaf_key, stay.as_bytes(), direct_key, &label, &attestation];
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEETING: MeetingId = MeetingId::new([1; 16]);
    const LEAF_KEY: [u8; 32] = [2; 32];

    fn credential() -> LeafCredential {
        let ada = Identity::from_secret_key(&[7; 32], "Ada").unwrap();
        certify(&ada, MEETING, &LEAF_KEY, StayId::new([3; 16]), [4; 32])
    }

    #[test]
    fn what_an_identity_signs_is_as_specified() {
        // SPEC [I2], [I7]
        let counting = |first: u8| std::array::from_fn(|n| first + n as u8);
        let credential = LeafCredential {
            direct_key: counting(0x40),
            label: None,
            attestation: Vec::new(),
            ..credential()
        };
        let stay = StayId::new(std::array::from_fn(|n| 0xb0 + n as u8));
        let credential = LeafCredential { stay, ..credential };
        let meeting = MeetingId::new(std::array::from_fn(|n| 0xa0 + n as u8));
        let statement = statement(meeting, &counting(0x80), &credential);
        assert_eq!(statement.len(), 151);
        let hash = Fingerprint::new(Sha256::digest(&statement).into()).to_string();
        assert!(include_str!("../../SPEC.md").contains(&hash), "not in SPEC.md: {hash}");
    }

    #[test]
    fn a_genuine_certificate_names_its_identity() {
        let ada = Identity::from_secret_key(&[7; 32], "Ada").unwrap();
        let certified = verify_certificate(&credential().encode(), MEETING, &LEAF_KEY).unwrap();
        assert_eq!(certified.fingerprint, ada.fingerprint());
        assert_eq!(certified.name, "Ada");
        assert_eq!(certified.stay, StayId::new([3; 16]));
    }

    #[test]
    fn a_certificate_for_another_meeting_leaf_stay_or_direct_key_is_refused() {
        // SPEC [I2]
        let verify = |credential: &LeafCredential, meeting, key: &[u8; 32]| {
            verify_certificate(&credential.encode(), meeting, key)
        };
        let genuine = credential();
        assert_eq!(verify(&genuine, MeetingId::new([9; 16]), &LEAF_KEY), Err(BadCertificate));
        assert_eq!(verify(&genuine, MEETING, &[9; 32]), Err(BadCertificate));
        let changes: [fn(&mut LeafCredential); 4] = [
            |c| c.stay = StayId::new([9; 16]),
            |c| c.direct_key[0] ^= 1,
            |c| {
                c.identity_key =
                    *ed25519_dalek::SigningKey::from_bytes(&[8; 32]).verifying_key().as_bytes()
            },
            |c| c.signature[0] ^= 1,
        ];
        for (index, change) in changes.iter().enumerate() {
            let mut changed = credential();
            change(&mut changed);
            assert_eq!(verify(&changed, MEETING, &LEAF_KEY), Err(BadCertificate), "{index}");
        }
    }

    /// Something that is no person, with something to judge it by.
    fn labelled(label: Label, attestation: &[u8]) -> LeafCredential {
        let clerk = Identity::from_secret_key(&[7; 32], "Clerk").unwrap().labelled(label);
        let clerk = clerk.with_attestation(attestation.to_vec()).unwrap();
        certify(&clerk, MEETING, &LEAF_KEY, StayId::new([3; 16]), [4; 32])
    }

    #[test]
    fn a_certificate_says_label_and_attestation() {
        // SPEC [I7]
        for label in Label::ALL {
            for attestation in [&b""[..], b"token", &[b'x'; 2048]] {
                let credential = labelled(*label, attestation).encode();
                let certified = verify_certificate(&credential, MEETING, &LEAF_KEY).unwrap();
                assert_eq!(certified.label, Some(*label));
                assert_eq!(certified.attestation, attestation);
            }
        }
    }

    #[test]
    fn a_certificate_with_another_label_or_attestation_is_refused() {
        // SPEC [I7]
        let refused = |changed: &LeafCredential| {
            let verdict = verify_certificate(&changed.encode(), MEETING, &LEAF_KEY);
            assert_eq!(verdict, Err(BadCertificate), "{changed:?}");
        };
        for label in Label::ALL {
            let genuine = labelled(*label, b"token");
            let others = Label::ALL.iter().filter(|other| *other != label).copied().map(Some);
            for label in others.chain([None]) {
                refused(&LeafCredential { label, ..genuine.clone() });
            }
            for attestation in [&b""[..], b"Token", b"token ", b"toke"] {
                let attestation = attestation.to_vec();
                refused(&LeafCredential { attestation, ..genuine.clone() });
            }
            refused(&LeafCredential { label: Some(*label), ..credential() });
        }
        refused(&LeafCredential { attestation: b"token".to_vec(), ..credential() });
    }

    #[test]
    fn a_new_name_changes_nothing_that_is_certified() {
        // SPEC [I3] [I7]
        let old = labelled(Label::ALL[0], b"token");
        let renamed = renamed(&old.encode(), "Ada Lovelace").unwrap();
        let verify = |credential: &[u8]| verify_certificate(credential, MEETING, &LEAF_KEY);
        let before = verify(&old.encode()).unwrap();
        let after = verify(&renamed).unwrap();
        assert_eq!(after, Certified { name: "Ada Lovelace".to_owned(), ..before });
        let name = "Ada Lovelace".to_owned();
        assert_eq!(LeafCredential::decode(&renamed), Ok(LeafCredential { name, ..old }));
    }

    #[test]
    fn an_unshowable_new_name_or_a_malformed_credential_is_refused() {
        // SPEC [I3]
        let old = credential().encode();
        for name in ["", "a\nb", "a\u{202e}b", "x".repeat(65).as_str()] {
            assert_eq!(renamed(&old, name), Err(BadCertificate), "{name:?}");
        }
        assert_eq!(renamed(&old[1..], "Ada"), Err(BadCertificate));
    }

    #[test]
    fn a_certificate_with_an_unshowable_name_is_refused() {
        // SPEC [I3]
        let mut changed = credential();
        changed.name = "a\u{202e}b".to_owned();
        let verdict = verify_certificate(&changed.encode(), MEETING, &LEAF_KEY);
        assert_eq!(verdict, Err(BadCertificate));
    }
}
