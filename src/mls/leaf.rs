//! The one shape that leaves, KeyPackages and the GroupContext have here: SPEC \[G14\].

use openmls::credentials::{BasicCredential, CredentialType, CredentialWithKey};
use openmls::extensions::{
    Extension, ExtensionType, Extensions, RequiredCapabilitiesExtension, UnknownExtension,
};
use openmls::group::GroupContext;
use openmls::key_packages::{KeyPackage, KeyPackageIn, Lifetime};
use openmls::messages::proposals::ProposalType;
use openmls::prelude::Capabilities;
use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};
use openmls::treesync::{LeafNode, LeafNodeSource};
use openmls::versions::ProtocolVersion;
use openmls_traits::types::Ciphersuite;
use tls_codec::{Deserialize as _, Serialize as _, VLBytes};

use super::provider::Crypto;
use super::suite::is_usable;
use super::{EngineFault, KeyPackageFacts, KeyPackageRef, PskId, Stay};
use incamera_wire::InviteId;

/// The GroupContext extension with the meeting's state.
pub(super) const STATE: u16 = 0xF0A1;
/// Precedes an invite's id in the id of its external PSK.
const INVITE_PREFIX: &[u8] = b"incamera 1 invite";
/// Precedes a resync key's id in the id of its external PSK.
const RESYNC_PREFIX: &[u8] = b"incamera 1 resync";
/// The length of the nonce of a PSK, in bytes: that of the suite's hash.
const PSK_NONCE: usize = 32;

/// What every leaf declares, in this order.
pub(super) fn capabilities(suite: Ciphersuite) -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[suite]),
        Some(&[ExtensionType::Unknown(STATE)]),
        Some(&[] as &[ProposalType]),
        Some(&[CredentialType::Basic]),
    )
}

/// Every KeyPackage is valid for ever, or validity would depend on a clock. How fresh a knock is
/// says its log position.
pub(super) fn lifetime() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}

fn required() -> RequiredCapabilitiesExtension {
    RequiredCapabilitiesExtension::new(&[ExtensionType::Unknown(STATE)], &[], &[])
}

/// What the GroupContext holds: the required capabilities and the state, in this order.
pub(super) fn context_extensions(state: &[u8]) -> Result<Extensions<GroupContext>, EngineFault> {
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(required()),
        Extension::Unknown(STATE, UnknownExtension(state.to_vec())),
    ])
    .map_err(|_| EngineFault::Internal("the GroupContext extensions"))
}

/// The state in a GroupContext, if it holds exactly what [`context_extensions`] writes.
pub(super) fn state_of(extensions: &Extensions<GroupContext>) -> Option<&[u8]> {
    let mut all = extensions.iter();
    match (all.next(), all.next(), all.next()) {
        (
            Some(Extension::RequiredCapabilities(capabilities)),
            Some(Extension::Unknown(STATE, UnknownExtension(state))),
            None,
        ) if *capabilities == required() => Some(state),
        _ => None,
    }
}

/// The credential and key of one's own leaf.
pub(super) fn credential(stay: &Stay) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(stay.credential.clone()).into(),
        signature_key: stay.signing_key.verifying_key().to_bytes().as_slice().into(),
    }
}

/// Another credential under a leaf's own key.
pub(super) fn with_credential(leaf: &LeafNode, credential: &[u8]) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(credential.to_vec()).into(),
        signature_key: leaf.signature_key().clone(),
    }
}

/// A leaf's HPKE key: 32 bytes of X25519, 1,216 of X-Wing.
pub(super) fn encryption_key(leaf: &LeafNode) -> Option<Vec<u8>> {
    let encoded = leaf.encryption_key().tls_serialize_detached().ok()?;
    Some(VLBytes::tls_deserialize_exact(encoded).ok()?.into())
}

/// The first thing in which a leaf differs from ours in shape.
pub(super) fn oddity(suite: Ciphersuite, leaf: &LeafNode) -> Option<&'static str> {
    if leaf.credential().credential_type() != CredentialType::Basic {
        return Some("a credential that is not basic");
    }
    // SPEC [G14]
    if *leaf.capabilities() != capabilities(suite) {
        return Some("other capabilities");
    }
    if leaf.extensions().iter().next().is_some() {
        return Some("a leaf extension");
    }
    match leaf.leaf_node_source() {
        // SPEC [G6]
        LeafNodeSource::KeyPackage(found) if *found != lifetime() => return Some("a lifetime"),
        LeafNodeSource::KeyPackage(_) | LeafNodeSource::Commit(_) => {}
        LeafNodeSource::Update => return Some("a leaf of an Update"),
    }
    // Nobody could encrypt a path to such a key, so nobody could commit one.
    match encryption_key(leaf) {
        Some(key) if is_usable(suite, &key) => None,
        _ => Some("an unusable encryption key"),
    }
}

/// The facts of a KeyPackage whose signatures have been verified.
pub(super) fn key_package_facts(
    crypto: &Crypto,
    key_package: &KeyPackage,
) -> Result<KeyPackageFacts, &'static str> {
    let suite = crypto.suite();
    if key_package.ciphersuite() != suite {
        return Err("another suite");
    }
    // SPEC [G14]
    if key_package.extensions().iter().next().is_some() {
        return Err("a KeyPackage extension");
    }
    let leaf = key_package.leaf_node();
    if let Some(oddity) = oddity(suite, leaf) {
        return Err(oddity);
    }
    if !is_usable(suite, key_package.hpke_init_key().as_slice()) {
        return Err("an unusable init key");
    }
    let reference = key_package.hash_ref(crypto).map_err(|_| "no reference")?;
    let reference = reference.as_slice().try_into().map_err(|_| "no reference")?;
    Ok(KeyPackageFacts {
        reference: KeyPackageRef::new(reference),
        credential: leaf.credential().serialized_content().to_vec(),
        signature_key: signature_key(leaf).ok_or("no Ed25519 key")?,
    })
}

/// A leaf's Ed25519 key.
pub(super) fn signature_key(leaf: &LeafNode) -> Option<[u8; 32]> {
    leaf.signature_key().as_slice().try_into().ok()
}

/// Reads and checks an encoded KeyPackage.
pub(super) fn read_key_package(
    crypto: &Crypto,
    bytes: &[u8],
) -> Result<(KeyPackage, KeyPackageFacts), EngineFault> {
    // Here and elsewhere from a reader: the decoders from slices assert on cut-off input in
    // debug builds.
    let read = KeyPackageIn::tls_deserialize_exact(bytes)
        .map_err(|_| EngineFault::KeyPackage("malformed"))?;
    let key_package = read
        .validate(crypto, ProtocolVersion::Mls10)
        .map_err(|_| EngineFault::KeyPackage("invalid"))?;
    let facts = key_package_facts(crypto, &key_package).map_err(EngineFault::KeyPackage)?;
    Ok((key_package, facts))
}

/// The PSK of an invite or of a resync key as a commit or Welcome names it.
pub(super) fn psk_id(psk: PskId, nonce: &[u8; PSK_NONCE]) -> PreSharedKeyId {
    let id = match psk {
        PskId::Invite(invite) => [INVITE_PREFIX, invite.as_bytes()].concat(),
        PskId::Resync(key) => [RESYNC_PREFIX, key.as_bytes()].concat(),
    };
    PreSharedKeyId::external(id, nonce.to_vec())
}

/// What a PSK belongs to, if it is one of ours and well-formed.
pub(super) fn owner_of(psk: &PreSharedKeyId) -> Option<PskId> {
    let Psk::External(external) = psk.psk() else { return None };
    if psk.psk_nonce().len() != PSK_NONCE {
        return None;
    }
    let id = ExternalPsk::psk_id(external);
    let rest = |prefix| Some(InviteId::new(id.strip_prefix(prefix)?.try_into().ok()?));
    // Neither prefix begins with the other.
    rest(INVITE_PREFIX).map(PskId::Invite).or_else(|| rest(RESYNC_PREFIX).map(PskId::Resync))
}
