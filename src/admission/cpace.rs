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

    fn scalar(&self) -> Zeroizing<Scalar> {
        Zeroizing::new(Scalar::from_bytes_mod_order_wide(self.0.expose()))
    }

    /// Y, the share to send: the passcode's generator times the scalar.
    pub(super) fn share(&self, passcode: &[u8], channel: &[u8], session: &[u8]) -> [u8; 32] {
        let generator = generator(passcode, channel, session);
        (&*generator * &*self.scalar()).compress().to_bytes()
    }

    /// K, the draft's `scalar_mult_vfy`: the peer's share times the scalar. `None` if the share is
    /// no encoding of a group element, or if the product is the identity, which says nothing of
    /// the passcode.
    pub(super) fn agree(&self, share: &[u8; 32]) -> Option<Secret<32>> {
        // SPEC [A11]
        let share = CompressedRistretto(*share).decompress()?;
        let product = Zeroizing::new(&share * &*self.scalar());
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
        out.push((length & 0x7f) as u8 | 0x80);
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
