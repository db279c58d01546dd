//! A whole symbolic group as one value, out and in.

#![cfg(test)]

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::crypto::{Key, hash};
use super::group::{Epoch, Next, Pending, Symbolic};
use super::message::{Message, PskName, decode, encode, name_of, psk_of};
use super::stage::facts;
use crate::entropy::Entropy;
use crate::mls::{EngineFault, MeetingId, Stay};

#[derive(Serialize, Deserialize)]
struct Saved {
    signing_key: Key,
    credential: Vec<u8>,
    own_leaf: u32,
    epoch: Epoch,
    leaf_key: Option<Key>,
    psks: Vec<(PskName, Key)>,
    pending: Option<(Vec<u8>, Next)>,
}

/// The group as one value, behind a hash of it.
pub(super) fn save(group: &Symbolic) -> Zeroizing<Vec<u8>> {
    let psks = group.psks.iter().map(|(psk, secret)| (name_of(*psk), *secret));
    let pending = group.pending.as_ref();
    let bytes = encode(&Saved {
        signing_key: group.stay.signing_key.to_bytes(),
        credential: group.stay.credential.clone(),
        own_leaf: group.own_leaf,
        epoch: group.epoch.clone(),
        leaf_key: group.leaf_key,
        psks: psks.collect(),
        pending: pending.map(|pending| (pending.message.clone(), pending.next.clone())),
    });
    [&hash("saved", &[&bytes])[..], &bytes].concat().into()
}

/// The group that [`save`] saved, if it holds together.
pub(super) fn load(
    entropy: &Entropy,
    meeting: &MeetingId,
    saved: &[u8],
) -> Result<Symbolic, EngineFault> {
    let torn = EngineFault::Saved;
    let (digest, bytes) = saved.split_at_checked(32).ok_or(torn("it does not decode"))?;
    if hash("saved", &[bytes]) != digest {
        return Err(torn("records that do not belong together"));
    }
    let saved: Saved = decode(bytes).ok_or(torn("it does not decode"))?;
    if saved.epoch.context.group != *meeting.as_bytes() {
        return Err(torn("a record of this meeting's group is missing"));
    }
    if saved.leaf_key.is_none() {
        return Err(torn("the leaf's private key is missing"));
    }
    let signing_key = Arc::new(SigningKey::from_bytes(&saved.signing_key));
    let psks = saved.psks.iter().map(|(psk, secret)| (psk_of(*psk), *secret));
    let mut group = Symbolic {
        entropy: entropy.clone(),
        stay: Stay { signing_key, credential: saved.credential },
        own_leaf: saved.own_leaf,
        epoch: saved.epoch,
        leaf_key: saved.leaf_key,
        psks: psks.collect(),
        pending: None,
    };
    if let Some((message, next)) = saved.pending {
        let Some(Message::Commit(commit)) = decode(&message) else {
            return Err(torn("the pending commit is not whole"));
        };
        let facts = facts(&group, &commit.content);
        let facts = facts.map_err(|_| torn("the pending commit is not whole"))?;
        let confirmation_tag = commit.confirmation_tag;
        group.pending = Some(Pending { message, confirmation_tag, next, facts });
    }
    Ok(group)
}
