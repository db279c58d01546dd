//! CPace, a password-authenticated key exchange: draft-irtf-cfrg-cpace-21, suite
//! CPACE-RISTR255-SHA512, initiator and responder, with confirmation. Whoever does not know the
//! passcode gets one guess for each run, and nothing to guess at afterwards.
//!
//! Names are the draft's: PRS is the passcode, CI the channel's identifier, sid the run's, A the
//! initiator, B the responder, Y a share, AD what its owner is bound to, ISK the session's key.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity as _;
use hmac::digest::FixedOutput;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

/// The suite's domain separation.
const DSI: &[u8] = b"CPaceRistretto255";
/// The same for the session's key.
const DSI_ISK: &[u8] = b"CPaceRistretto255_ISK";
/// The same for the key of the confirmations.
const DSI_MAC: &[u8] = b"CPaceMac";
/// Bytes that SHA-512 takes in at once: the passcode is padded to fill its first block, so that
/// the time of hashing does not tell its length.
const BLOCK: usize = 128;

/// What a side says: its share, and what it is bound to.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    /// Y: 32 bytes, the encoding of a group element.
    pub(super) share: &'a [u8; 32],
    /// AD.
    pub(super) bound_to: &'a [u8],
}

/// The confirmations of one run: Ta and Tb. Each is secret until its owner has sent it.
pub(super) struct Tags {
    pub(super) initiator: Secret<64>,
    pub(super) responder: Secret<64>,
}

/// A side's secret scalar, drawn for one run.
///
/// It is kept as the 64 bytes that are reduced to the scalar: reduced from that many, no scalar is
/// likelier than another. That it is zero has a chance of 2^-252, and then the peer refuses the
/// share.
pub(super) struct Ephemeral(Secret<64>);

impl Ephemeral {
    /// Draws a scalar.
    pub(super) fn draw(entropy: &Entropy) -> Result<Self, NoEntropy> {
        Ok(Self(entropy.secret()?))
    }

    /// What it was drawn as, for tests that look for it.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn exposed(&self) -> Vec<u8> {
        self.0.expose().to_vec()
    }

    fn scalar(&self) -> Zeroizing<Scalar> {
        Zeroizing::new(Scalar::from_bytes_mod_order_wide(self.0.expose()))
    }

    /// Y, the share to send: the passcode's generator times the scalar.
    pub(super) fn share(&self, passcode: &[u8], channel: &[u8], session: &[u8]) -> [u8; 32] {
        let generator = generator(passcode, channel, session);
        (*generator * *self.scalar()).compress().to_bytes()
    }

    /// K, the draft's `scalar_mult_vfy`: the peer's share times the scalar. `None` if the share is
    /// no encoding of a group element, or if the product is the identity, which says nothing of
    /// the passcode.
    pub(super) fn agree(&self, share: &[u8; 32]) -> Option<Secret<32>> {
        // SPEC [A11]
        let share = CompressedRistretto(*share).decompress()?;
        let product = Zeroizing::new(share * *self.scalar());
        // SPEC [A11]
        if product.is_identity() {
            return None;
        }
        Some(Secret::filled(|bytes| *bytes = product.compress().to_bytes()))
    }
}

/// `lv_cat`: every part behind its length, so that no two lists of parts give the same bytes.
pub(super) fn lv_cat(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    // Room for all of it: a vector that grows leaves its content behind.
    let room = parts.iter().map(|part| part.len().saturating_add(10)).sum();
    let mut joined = Zeroizing::new(Vec::with_capacity(room));
    for part in parts {
        push_length(&mut joined, part.len());
        joined.extend_from_slice(part);
    }
    joined
}

/// Writes a length as LEB128: seven bits a byte, lowest first, the eighth set if more follow.
fn push_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push((length % 0x80) as u8 + 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

/// The draft's `calculate_generator`: a group element that only the passcode gives.
fn generator(passcode: &[u8], channel: &[u8], session: &[u8]) -> Zeroizing<RistrettoPoint> {
    let before = lv_cat(&[DSI, passcode]).len().saturating_add(1);
    let padding = [0; BLOCK];
    let padding = padding.get(..BLOCK.saturating_sub(before)).unwrap_or_default();
    let seed = hash(&[&lv_cat(&[DSI, passcode, padding, channel, session])]);
    Zeroizing::new(RistrettoPoint::from_uniform_bytes(seed.expose()))
}

/// The tags that show each side that the other has the same K and the same view of the run:
/// section 10.4 of the draft. `key` is K.
pub(super) fn tags(session: &[u8], key: &Secret<32>, a: Said<'_>, b: Said<'_>) -> Tags {
    let [said_a, said_b] = [a, b].map(|said| lv_cat(&[said.share, said.bound_to]));
    let isk = session_key(session, key, &said_a, &said_b);
    let mac_key = hash(&[DSI_MAC, session, isk.expose()]);
    Tags { initiator: tag(&mac_key, &said_a), responder: tag(&mac_key, &said_b) }
}

/// ISK, in the order of initiator and responder.
fn session_key(session: &[u8], key: &Secret<32>, said_a: &[u8], said_b: &[u8]) -> Secret<64> {
    hash(&[&lv_cat(&[DSI_ISK, session, key.expose()]), said_a, said_b])
}

fn tag(mac_key: &Secret<64>, said: &[u8]) -> Secret<64> {
    // No key is too long or too short for HMAC; 64 bytes are padded to SHA-512's block.
    let mut padded = Zeroizing::new([0; BLOCK]);
    padded.iter_mut().zip(mac_key.expose()).for_each(|(to, from)| *to = *from);
    let mac = Hmac::<Sha512>::new((&*padded).into()).chain_update(said);
    Secret::filled(|bytes| FixedOutput::finalize_into(mac, bytes.into()))
}

fn hash(parts: &[&[u8]]) -> Secret<64> {
    let mut hash = Sha512::new();
    parts.iter().for_each(|part| hash.update(part));
    Secret::filled(|bytes| FixedOutput::finalize_into(hash, bytes.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const DRAFT: &str = include_str!("../../tests/vectors/cpace/ristretto255.json");
    const DERIVED: &str = include_str!("../../tests/vectors/cpace/derived-kats.json");

    fn section(file: &str, name: &str) -> Value {
        serde_json::from_str::<Value>(file).unwrap()[name].clone()
    }

    fn bytes(value: &Value) -> Vec<u8> {
        let text = value.as_str().unwrap();
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }

    fn element(value: &Value) -> [u8; 32] {
        bytes(value).try_into().unwrap()
    }

    /// A scalar of 32 bytes, as the draft writes it.
    fn ephemeral(scalar: &Value) -> Ephemeral {
        Ephemeral(Secret::filled(|wide| wide[..32].copy_from_slice(&element(scalar))))
    }

    #[test]
    fn the_drafts_generator_shares_and_keys_are_reproduced() {
        // SPEC [A11]
        let case = section(DRAFT, "G_Coffee25519");
        let [prs, ci, sid] = ["PRS", "CI", "sid"].map(|name| bytes(&case[name]));
        assert_eq!(generator(&prs, &ci, &sid).compress().to_bytes(), element(&case["g"]));
        let [ya, yb] = ["ya", "yb"].map(|name| ephemeral(&case[name]));
        let [share_a, share_b] = ["Ya", "Yb"].map(|name| element(&case[name]));
        assert_eq!(ya.share(&prs, &ci, &sid), share_a);
        assert_eq!(yb.share(&prs, &ci, &sid), share_b);
        let key = ya.agree(&share_b).unwrap();
        assert_eq!(*key.expose(), element(&case["K"]));
        assert_eq!(yb.agree(&share_a).unwrap(), key);
        let said = |share: &[u8; 32], ad| lv_cat(&[share, &bytes(&case[ad])]);
        let isk = session_key(&sid, &key, &said(&share_a, "ADa"), &said(&share_b, "ADb"));
        assert_eq!(isk.expose()[..], bytes(&case["ISK_IR"]));
    }

    #[test]
    fn the_confirmations_of_the_drafts_run_are_those_of_another_program() {
        // SPEC [A12]
        let case = section(DRAFT, "G_Coffee25519");
        let key = Secret::read(&bytes(&case["K"])).unwrap();
        let [share_a, share_b] = ["Ya", "Yb"].map(|name| element(&case[name]));
        let [ad_a, ad_b] = ["ADa", "ADb"].map(|name| bytes(&case[name]));
        let a = Said { share: &share_a, bound_to: &ad_a };
        let b = Said { share: &share_b, bound_to: &ad_b };
        let Tags { initiator, responder } = tags(&bytes(&case["sid"]), &key, a, b);
        let expected = section(DERIVED, "G_Coffee25519_tags");
        assert_eq!(initiator.expose()[..], bytes(&expected["Ta"]));
        assert_eq!(responder.expose()[..], bytes(&expected["Tb"]));
    }

    #[test]
    fn the_drafts_invalid_shares_are_refused() {
        // SPEC [A11]
        let points = section(DRAFT, "G_Coffee25519_points");
        let valid = &points["Valid"];
        let secret = ephemeral(&valid["s"]);
        let product = secret.agree(&element(&valid["X"])).unwrap();
        assert_eq!(*product.expose(), element(&valid["G.scalar_mult_vfy(s,X)"]));
        for name in ["Invalid Y1", "Invalid Y2"] {
            assert_eq!(secret.agree(&element(&points[name])), None, "{name}");
        }
    }

    #[test]
    fn a_product_that_is_the_identity_is_refused() {
        // SPEC [A11]
        let zero = Ephemeral(Secret::filled(|_| ()));
        let points = section(DRAFT, "G_Coffee25519_points");
        assert_eq!(zero.agree(&element(&points["Valid"]["X"])), None);
    }

    #[test]
    fn passcodes_without_room_for_padding_have_their_generators() {
        for name in ["no_padding", "long_passcode"] {
            let case = section(DERIVED, name);
            let [prs, ci, sid] = ["PRS", "CI", "sid"].map(|name| bytes(&case[name]));
            let generator = generator(&prs, &ci, &sid).compress().to_bytes();
            assert_eq!(generator, element(&case["g"]), "{name}");
        }
    }

    #[test]
    fn parts_stand_behind_their_lengths() {
        let joined = lv_cat(&[b"1234", b"5", b"", b"678"]);
        assert_eq!(joined[..], *b"\x041234\x015\x00\x03678");
        assert_ne!(lv_cat(&[b"12", b"3"]), lv_cat(&[b"1", b"23"]));
        let heads: [(usize, &[u8]); 5] = [
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (300, &[0xac, 2]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 1]),
        ];
        for (length, head) in heads {
            let part = vec![9; length];
            assert_eq!(lv_cat(&[&part])[..], [head, &part].concat(), "{length}");
        }
    }

    #[test]
    fn a_joined_secret_is_written_in_one_place() {
        let long = vec![9; 20_000];
        assert_eq!(lv_cat(&[&long, b"1"]).capacity(), 20_021);
    }

    #[test]
    fn two_draws_are_two_scalars() {
        let entropy = Entropy::seeded([7; 32]);
        let share = || Ephemeral::draw(&entropy).unwrap().share(b"1234", b"", b"");
        assert_ne!(share(), share());
    }
}
