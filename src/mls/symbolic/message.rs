//! What members of a symbolic group send each other.

#![cfg(test)]

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::crypto::{Key, derive, hash, is_usable};
use crate::identity::verify_strict;
use crate::mls::{EngineFault, KeyPackageFacts, KeyPackageRef, PskId};
use incamera_wire::InviteId;

/// An Ed25519 signature.
pub(super) type Signature = [[u8; 32]; 2];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeafNode {
    pub(super) credential: Vec<u8>,
    pub(super) signature_key: Key,
    pub(super) encryption_key: Key,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyPackage {
    pub(super) leaf: LeafNode,
    pub(super) init_key: Key,
    pub(super) signature: Signature,
}

/// The leaves by index.
pub(super) type Tree = Vec<Option<LeafNode>>;

/// What all members of an epoch agree on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Context {
    pub(super) group: [u8; 16],
    pub(super) epoch: u64,
    pub(super) tree_hash: Key,
    pub(super) transcript: Key,
    pub(super) state: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Proposal {
    Add(KeyPackage),
    Remove(u32),
    State(Vec<u8>),
    Psk { psk: PskName, nonce: Key },
}

/// An update path: the committer's new leaf, and the path's secret, sealed to each who stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Path {
    pub(super) leaf: LeafNode,
    pub(super) slots: Vec<(u32, Vec<u8>)>,
}

/// The signed part of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) group: [u8; 16],
    pub(super) epoch: u64,
    pub(super) committer: u32,
    pub(super) note: Vec<u8>,
    pub(super) proposals: Vec<Proposal>,
    pub(super) path: Option<Path>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Commit {
    pub(super) content: Content,
    pub(super) signature: Signature,
    pub(super) confirmation_tag: Key,
    pub(super) membership_tag: Key,
}

/// A newcomer's own part of a Welcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GroupSecrets {
    pub(super) joiner_secret: Key,
    pub(super) psks: Vec<PskName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GroupInfo {
    pub(super) context: Context,
    pub(super) confirmation_tag: Key,
    pub(super) signer: u32,
    pub(super) signature: Signature,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Welcome {
    /// By the reference of a newcomer's key package.
    pub(super) secrets: Vec<(Key, Vec<u8>)>,
    pub(super) group_info: Vec<u8>,
}

/// What MLS frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Message {
    Commit(Box<Commit>),
    Welcome(Welcome),
}

pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).unwrap()
}

/// Exactly one value.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

/// What is signed begins as nothing does that a meeting signs.
pub(super) fn signed(what: &str, parts: &[&[u8]]) -> Vec<u8> {
    [&[0][..], &hash(what, parts)].concat()
}

pub(super) fn verifies(key: &Key, message: &[u8], signature: &Signature) -> bool {
    signature.concat().try_into().is_ok_and(|signature| verify_strict(key, message, &signature))
}

impl KeyPackage {
    pub(super) fn to_sign(leaf: &LeafNode, init_key: &Key) -> Vec<u8> {
        signed("KeyPackage", &[&encode(leaf), init_key])
    }

    /// Reads and checks a key package.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, EngineFault> {
        let read: Self = decode(bytes).ok_or(EngineFault::KeyPackage("malformed"))?;
        let to_sign = Self::to_sign(&read.leaf, &read.init_key);
        if !verifies(&read.leaf.signature_key, &to_sign, &read.signature) {
            return Err(EngineFault::KeyPackage("invalid"));
        }
        read.facts().map_err(EngineFault::KeyPackage)?;
        Ok(read)
    }

    pub(super) fn reference(&self) -> Key {
        hash("reference", &[&encode(self)])
    }

    pub(super) fn facts(&self) -> Result<KeyPackageFacts, &'static str> {
        if !is_usable(&self.leaf.encryption_key) {
            return Err("an unusable encryption key");
        }
        if !is_usable(&self.init_key) {
            return Err("an unusable init key");
        }
        Ok(KeyPackageFacts {
            reference: KeyPackageRef::new(self.reference()),
            credential: self.leaf.credential.clone(),
            signature_key: self.leaf.signature_key,
        })
    }
}

impl Context {
    pub(super) fn hash(&self) -> Key {
        hash("GroupContext", &[&encode(self)])
    }
}

impl Content {
    pub(super) fn to_sign(&self, context: &Context) -> Vec<u8> {
        signed("FramedContent", &[&encode(self), &context.hash()])
    }

    /// The transcript hash of the epoch that this begins.
    pub(super) fn transcript(&self, old: &Key, signature: &Signature) -> Key {
        hash("transcript", &[old, &encode(self), &signature.concat()])
    }
}

impl Commit {
    /// The membership tag under the secret of the epoch that the commit is for.
    pub(super) fn membership_tag(&self, secret: &Key) -> Key {
        let parts: [&[u8]; 3] =
            [&encode(&self.content), &self.signature.concat(), &self.confirmation_tag];
        hash("membership tag", &[&derive(secret, "membership"), &parts.concat()])
    }
}

impl GroupInfo {
    pub(super) fn to_sign(context: &Context, confirmation_tag: &Key) -> Vec<u8> {
        signed("GroupInfo", &[&context.hash(), confirmation_tag])
    }
}

/// The hash of a tree.
pub(super) fn tree_hash(tree: &Tree) -> Key {
    hash("tree", &[&encode(tree)])
}

/// [`PskId`], to be encoded: whether it is a resync key's, and its 16 bytes.
pub(super) type PskName = (bool, [u8; 16]);

pub(super) fn name_of(psk: PskId) -> PskName {
    match psk {
        PskId::Invite(id) => (false, *id.as_bytes()),
        PskId::Resync(id) => (true, *id.as_bytes()),
    }
}

pub(super) fn psk_of((resync, id): PskName) -> PskId {
    let id = InviteId::new(id);
    if resync { PskId::Resync(id) } else { PskId::Invite(id) }
}
