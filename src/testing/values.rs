//! Single values and steps of the protocol under given keys, for vectors.

use ed25519_dalek::SigningKey;
use incamera_wire::{
    Envelope, Fingerprint, InviteId, Knock, KnockAnswer, KnockAnswerContent, KnockContent,
    LeafCredential, MailboxId, MeetingId, Profile, RelayChallenge, RelayProof, SafetyCodeInput,
    SealedBlob, StayId,
};
use zeroize::Zeroizing;

use crate::admission::{self, Invite, OpenedKnock};
use crate::entropy::Entropy;
use crate::envelope::{self, Head};
use crate::error::{Error, Fault};
use crate::hpke;
use crate::identity::{self, Identity, SafetyCode};
use crate::keyring;
use crate::mls::testing::{OddKeyPackage, odd_key_package};
use crate::mls::{Engine as _, Group, Stay};
use crate::policy;
use crate::secret::Secret;
use crate::sframe::{Backend, BaseKey, Suite};

fn secret<const N: usize>(bytes: &[u8; N]) -> Secret<N> {
    Secret::filled(|secret| *secret = *bytes)
}

/// SFrame's key and salt (RFC 9605 §4.4.2) of a KID; `None` for a suite that no profile has.
#[must_use]
pub fn media_key(suite: u16, base_key: &[u8], kid: u64) -> Option<(Vec<u8>, [u8; 12])> {
    let suite = Suite::of_profiles(suite)?;
    BaseKey::new(Backend::of_new_keyrings(), suite, base_key).key_and_salt(kid).ok()
}

/// The KID of a track of the member at `leaf` (SPEC \[K2\]).
#[must_use]
pub fn kid(epoch: u64, highest_leaf: u32, leaf: u32, track: incamera_wire::Track) -> u64 {
    keyring::kid(epoch, highest_leaf, leaf, track)
}

/// The keys that orders and heartbeats are sealed under (SPEC \[K9\], \[K10\]), for a heartbeat key.
#[must_use]
pub fn heartbeat_keys(heartbeat_key: &[u8; 32]) -> ([u8; 32], [u8; 32]) {
    crate::meeting::inside::sealing_keys(&secret(heartbeat_key))
}

/// Seals a log entry: `clear` gives everything but nonce and ciphertext.
///
/// # Errors
/// None that a caller could cause.
pub fn seal_envelope(
    seed: [u8; 32],
    key: &[u8; 32],
    clear: &Envelope,
    plaintext: &[u8],
) -> Result<Envelope, Error> {
    let Envelope { meeting, kind, epoch, nonce: _, ciphertext: _, welcome } = clear.clone();
    let head = Head { meeting, kind, epoch, welcome };
    Ok(envelope::seal(&secret(key), &Entropy::seeded(seed), head, plaintext)?)
}

/// What a log entry holds, if it opens.
#[must_use]
pub fn open_envelope(key: &[u8; 32], sealed: &Envelope) -> Option<Vec<u8>> {
    envelope::open(&secret(key), sealed).ok().map(|opened| opened.to_vec())
}

/// Seals a blob.
///
/// # Errors
/// None that a caller could cause.
pub fn seal_blob(seed: [u8; 32], key: &[u8; 32], plaintext: &[u8]) -> Result<SealedBlob, Error> {
    Ok(envelope::seal_blob(&secret(key), &Entropy::seeded(seed), plaintext)?)
}

/// What a blob holds, if it opens.
#[must_use]
pub fn open_blob(key: &[u8; 32], sealed: &SealedBlob) -> Option<Vec<u8>> {
    envelope::open_blob(&secret(key), sealed).ok().map(|opened| opened.to_vec())
}

/// What an invite's link says: the link secret in it admits.
#[derive(Clone, PartialEq, Eq)]
pub struct InviteParts {
    /// The profile.
    pub profile: Profile,
    /// Whether a passcode is asked.
    pub passcode: bool,
    /// The meeting.
    pub meeting: MeetingId,
    /// The lobby's public key.
    pub lobby_key: [u8; 32],
    /// The link secret.
    pub link_secret: [u8; 32],
    /// The invite's id.
    pub id: InviteId,
}

/// The parts of an invite.
#[must_use]
pub fn invite_parts(invite: &Invite) -> InviteParts {
    let Invite { profile, passcode, meeting, lobby_key, link_secret } = invite;
    InviteParts {
        profile: *profile,
        passcode: *passcode,
        meeting: *meeting,
        lobby_key: *lobby_key,
        link_secret: *link_secret.expose(),
        id: invite.id(),
    }
}

/// The id of a resync key by its secret.
#[must_use]
pub fn resync_id(secret_bytes: &[u8; 32]) -> InviteId {
    policy::resync_id(&secret(secret_bytes))
}

/// Seals a knock; gives the key for an answer as well.
///
/// # Errors
/// [`Error::Invite`] for a lobby key that cannot be used.
pub fn seal_knock(
    seed: [u8; 32],
    invite: &Invite,
    mailbox: MailboxId,
    content: &KnockContent,
) -> Result<(Knock, [u8; 32]), Error> {
    let (knock, key) = admission::seal_knock(invite, &Entropy::seeded(seed), mailbox, content)?;
    Ok((knock, *key.expose()))
}

/// As [`seal_knock`], under a resync key: `id` and the public key and the secret in the place of an invite's.
///
/// # Errors
/// As of [`seal_knock`].
pub fn seal_knock_under(
    seed: [u8; 32],
    (meeting, id): (MeetingId, InviteId),
    (lobby_key, link_secret): ([u8; 32], [u8; 32]),
    mailbox: MailboxId,
    content: &KnockContent,
) -> Result<Knock, Error> {
    let link_secret = secret(&link_secret);
    let key = admission::KnockKey { meeting, id, lobby_key, secret: &link_secret };
    Ok(admission::seal_knock_under(&key, &Entropy::seeded(seed), mailbox, content)?.0)
}

/// Opens a knock with the lobby's private key and the link secret; gives the key for an answer as well.
///
/// # Errors
/// [`Fault::Unopenable`]; [`Fault::Malformed`].
pub fn open_knock(
    lobby_key: &[u8; 32],
    link_secret: &[u8; 32],
    knock: &Knock,
) -> Result<(KnockContent, [u8; 32]), Fault> {
    let opened = admission::open_knock(&secret(lobby_key), &secret(link_secret), knock)?;
    let OpenedKnock { content, answer_key } = opened;
    Ok((content, *answer_key.expose()))
}

/// Seals an answer to a knock.
///
/// # Errors
/// None that a caller could cause.
pub fn seal_answer(
    seed: [u8; 32],
    key: &[u8; 32],
    mailbox: MailboxId,
    content: &KnockAnswerContent,
) -> Result<KnockAnswer, Error> {
    Ok(admission::seal_reply(&secret(key), &Entropy::seeded(seed), mailbox, content)?)
}

/// Opens an answer to a knock.
///
/// # Errors
/// [`Fault::Unopenable`]; [`Fault::Malformed`].
pub fn open_answer(
    key: &[u8; 32],
    mailbox: MailboxId,
    answer: &KnockAnswer,
) -> Result<KnockAnswerContent, Fault> {
    admission::open_reply(&secret(key), mailbox, answer)
}

/// The X25519 public key of a private key, which is any 32 bytes.
#[must_use]
pub fn public_key(private_key: &[u8; 32]) -> [u8; 32] {
    hpke::public_key(&secret(private_key))
}

/// The Ed25519 public key of a secret key, which is any 32 bytes.
#[must_use]
pub fn verifying_key(secret_key: &[u8; 32]) -> [u8; 32] {
    SigningKey::from_bytes(secret_key).verifying_key().to_bytes()
}

/// A signature under a secret key.
#[must_use]
pub fn sign(secret_key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    ed25519_dalek::Signer::sign(&SigningKey::from_bytes(secret_key), message).to_bytes()
}

/// Whether a signature verifies (SPEC \[I1\]).
#[must_use]
pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    identity::verify_strict(key, message, signature)
}

/// The fingerprint of an identity key.
#[must_use]
pub fn fingerprint(identity_key: &[u8; 32]) -> Fingerprint {
    identity::fingerprint(identity_key)
}

/// The credential by which an identity vouches for a leaf.
#[must_use]
pub fn certify(
    identity: &Identity,
    meeting: MeetingId,
    leaf_key: &[u8; 32],
    stay: StayId,
    direct_key: [u8; 32],
) -> LeafCredential {
    identity::certify(identity, meeting, leaf_key, stay, direct_key)
}

/// Whether an encoded credential vouches for a leaf (SPEC \[I2\], \[I3\]); the fingerprint if it does.
#[must_use]
pub fn verify_certificate(
    credential: &[u8],
    meeting: MeetingId,
    leaf_key: &[u8; 32],
) -> Option<Fingerprint> {
    identity::verify_certificate(credential, meeting, leaf_key).ok().map(|it| it.fingerprint)
}

/// The safety code of its input.
#[must_use]
pub fn safety_code(input: &SafetyCodeInput) -> SafetyCode {
    identity::safety_code(input)
}

/// The pair code of two identity keys.
#[must_use]
pub fn pair_code(one: &[u8; 32], other: &[u8; 32]) -> SafetyCode {
    identity::pair_code(one, other)
}

/// Whether a relay's signature covers a challenge and a certificate (SPEC \[M12\]).
#[must_use]
pub fn verify_relay(
    challenge: &RelayChallenge,
    certificate_sha256: &[u8; 32],
    proof: &RelayProof,
) -> bool {
    identity::verify_relay(challenge, certificate_sha256, proof)
}

/// An encoded key package under a leaf key of one's own, with any credential.
///
/// # Errors
/// None that a caller could cause.
pub fn key_package_of(
    seed: [u8; 32],
    profile: Profile,
    leaf_key: &[u8; 32],
    credential: Vec<u8>,
    odd: OddKeyPackage,
) -> Result<Vec<u8>, Error> {
    let signing_key = std::sync::Arc::new(SigningKey::from_bytes(leaf_key));
    let made = odd_key_package(seed, profile, &Stay { signing_key, credential }, odd);
    made.map_err(|_| Error::Internal("the making of a key package"))
}

/// The reference of an encoded key package, if it is as it must be (SPEC \[G14\]).
///
/// # Errors
/// What is wrong with it.
pub fn inspect_key_package(profile: Profile, bytes: &[u8]) -> Result<[u8; 32], String> {
    let facts = Group::inspect_key_package(profile, bytes).map_err(|fault| fault.to_string())?;
    Ok(*facts.reference.as_bytes())
}

/// A private chat from one stay to another, sealed (SPEC \[G20\]): the encapsulated key and the ciphertext.
///
/// # Errors
/// [`Error::Argument`] for a key that nobody can seal to.
pub fn seal_direct(
    seed: [u8; 32],
    direct_key: &[u8; 32],
    psk: &[u8; 32],
    binding: &[u8],
    text: &[u8],
) -> Result<([u8; 32], Vec<u8>), Error> {
    let label: &[u8] = b"incamera 1 direct";
    let (entropy, psk) = (Entropy::seeded(seed), secret(psk));
    let sealed = hpke::seal_psk(&entropy, direct_key, label, &psk, label, binding, text);
    let sealed = sealed.map_err(|_| Error::Argument("no key to seal to"))?;
    Ok((sealed.encapsulated_key, sealed.ciphertext))
}

/// The text of a private chat, if it opens.
#[must_use]
pub fn open_direct(
    private_key: &[u8; 32],
    encapsulated_key: &[u8; 32],
    psk: &[u8; 32],
    binding: &[u8],
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let label: &[u8] = b"incamera 1 direct";
    let (key, psk) = (secret(private_key), secret(psk));
    let opened = hpke::open_psk(&key, encapsulated_key, label, &psk, label, binding, ciphertext);
    opened.ok().map(|(text, _)| text)
}
