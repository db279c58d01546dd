//! A whole group as one value, out and in: the store's map, the commit that is pending, and the key
//! of one's own leaf. Never single records: the engine loads a torn store without complaint, and the
//! error comes at the next commit, or never.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use openmls::group::{GroupId, MlsGroup};
use openmls_traits::OpenMlsProvider as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::group::Group;
use super::leaf;
use super::provider::Provider;
use super::signer::LeafSigner;
use super::store::{Label, Store, decode_exactly, encode};
use super::{Engine as _, EngineFault, MeetingId, Profile};
use crate::entropy::Entropy;

/// Who wrote a value: another version of the engine may lay its records out in another way.
const WRITTEN_BY: &str = "openmls 0.9.2";

#[derive(Serialize, Deserialize)]
struct Saved<'a> {
    written_by: &'a str,
    epoch: u64,
    authenticator: [u8; 32],
    /// The private key of one's own leaf.
    signing_key: &'a [u8],
    /// The encoded commit that is pending.
    #[serde(borrow)]
    pending: Option<&'a [u8]>,
    #[serde(borrow)]
    records: Records<'a>,
    /// Over the records, which belong together.
    digest: [u8; 32],
}

type Records<'a> = Vec<(&'a [u8], &'a [u8])>;

fn digest(records: &Records<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in records.iter().flat_map(|(key, value)| [key, value]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The group as one value. It holds secrets.
pub(super) fn save(group: &Group) -> Result<Zeroizing<Vec<u8>>, EngineFault> {
    let (epoch, authenticator) = (group.epoch(), group.authenticator());
    let saved = group.provider.storage().with_records(|records| {
        encode(&Saved {
            written_by: WRITTEN_BY,
            epoch,
            authenticator,
            signing_key: group.signer.secret_key(),
            pending: group.pending_message.as_deref().map(Vec::as_slice),
            digest: digest(&records),
            records,
        })
    });
    saved.map_err(|_| EngineFault::Internal("saving a group"))
}

/// The group that [`save`] saved, if it holds together.
pub(super) fn load(
    entropy: &Entropy,
    profile: Profile,
    meeting: &MeetingId,
    saved: &[u8],
) -> Result<Group, EngineFault> {
    let torn = EngineFault::Saved;
    let saved: Saved<'_> = decode_exactly(saved).map_err(|_| torn("it does not decode"))?;
    if saved.written_by != WRITTEN_BY {
        return Err(torn("another version of the engine wrote it"));
    }
    // SPEC [R8]
    if saved.digest != digest(&saved.records) {
        return Err(torn("records that do not belong together"));
    }
    let key: &[u8; 32] = saved.signing_key.try_into().map_err(|_| torn("no leaf key"))?;
    let signer = LeafSigner::new(&Arc::new(SigningKey::from_bytes(key)));
    let store = Store::of(&saved.records).ok_or(torn("a record is there twice"))?;
    let provider = Provider::with_store(entropy, profile, store);
    let id = GroupId::from_slice(meeting.as_bytes());
    let mls =
        MlsGroup::load(provider.storage(), &id).map_err(|_| torn("a record is unreadable"))?;
    let mls = mls.ok_or(torn("a record of this meeting's group is missing"))?;
    let pending_message = saved.pending.map(|pending| Zeroizing::new(pending.to_vec()));
    let group = Group { mls, provider, signer, pending_message };
    check(&group, &saved)?;
    Ok(group)
}

/// SPEC \[R8\]: what the engine itself does not look at.
fn check(group: &Group, saved: &Saved<'_>) -> Result<(), EngineFault> {
    let torn = |what| Err(EngineFault::Saved(what));
    let mls = &group.mls;
    // SPEC [R8]
    if group.epoch() != saved.epoch || group.authenticator() != saved.authenticator {
        return torn("records of another epoch");
    }
    if mls.ciphersuite() != group.provider.crypto().suite()
        || leaf::state_of(mls.extensions()).is_none()
    {
        return torn("another GroupContext");
    }
    // SPEC [R8]
    let Some(own) = mls.own_leaf_node() else { return torn("no leaf of one's own") };
    if leaf::signature_key(own) != Some(group.signer.public_key()) {
        return torn("the leaf is not of this key");
    }
    if group.has_pending() != group.pending_message.is_some() {
        return torn("the pending commit is not whole");
    }
    // Without it no later path could be read.
    let Some(public) = leaf::encryption_key(own) else { return torn("no encryption key") };
    let labels = [Label::EpochKeyPairs, Label::EncryptionKeyPair];
    let holds = |value: &[u8]| value.windows(public.len()).any(|window| window == public);
    if !group.provider.storage().any_of(&labels, holds) {
        return torn("the leaf's private key is missing");
    }
    Ok(())
}
