//! [`Joiner`] by symbols.

#![cfg(test)]

use std::collections::BTreeMap;

use super::build::welcome_key;
use super::crypto::{Key, open, public_key};
use super::group::{Epoch, Symbolic, own_leaf, sign};
use super::message::{
    GroupInfo, GroupSecrets, KeyPackage, Message, Tree, Welcome, decode, encode, name_of,
    tree_hash, verifies,
};
use crate::entropy::Entropy;
use crate::mls::group::TREE_LABEL;
use crate::mls::{EngineFault, Joiner, MeetingId, PskId, Stay, WelcomeFault};
use crate::secret::Secret;

/// Holds a key package and its private keys.
pub(crate) struct SymbolicJoiner {
    entropy: Entropy,
    stay: Stay,
    init_key: Key,
    leaf_key: Key,
    key_package: KeyPackage,
    encoded: Vec<u8>,
}

/// A Welcome that has been opened.
pub(crate) struct Opened {
    info: GroupInfo,
    joiner_secret: Key,
    psk: Key,
}

impl Opened {
    /// The epoch that it leads to; its secret does not depend on the tree, whose hash is known.
    fn epoch(&self, tree: Tree) -> Epoch {
        Epoch::enter(self.info.context.clone(), tree, &self.joiner_secret, &[self.psk])
    }
}

impl SymbolicJoiner {
    /// A new key package for this stay.
    pub(super) fn new(entropy: &Entropy, stay: &Stay) -> Result<Self, EngineFault> {
        let (init_key, leaf_key): (Key, Key) = (entropy.array()?, entropy.array()?);
        let (leaf, public) = (own_leaf(stay, &leaf_key), public_key(&init_key));
        let signature = sign(stay, &KeyPackage::to_sign(&leaf, &public));
        let key_package = KeyPackage { leaf, init_key: public, signature };
        let encoded = encode(&key_package);
        let (entropy, stay) = (entropy.clone(), stay.clone());
        Ok(Self { entropy, stay, init_key, leaf_key, key_package, encoded })
    }

    fn part<'a>(&self, welcome: &'a Welcome) -> Option<&'a Vec<u8>> {
        let reference = self.key_package.reference();
        let part = welcome.secrets.iter().find(|(newcomer, _)| *newcomer == reference);
        part.map(|(_, sealed)| sealed)
    }
}

impl Joiner for SymbolicJoiner {
    type Group = Symbolic;
    type Opened = Opened;

    fn key_package(&self) -> &[u8] {
        &self.encoded
    }

    fn stay(&self) -> Stay {
        self.stay.clone()
    }

    fn addressed(&self, welcome: &[u8]) -> bool {
        parse(welcome).is_ok_and(|welcome| self.part(&welcome).is_some())
    }

    fn open(
        &self,
        welcome: &[u8],
        (psk, secret): (PskId, &Secret<32>),
    ) -> Result<Opened, WelcomeFault> {
        let refused = WelcomeFault::Refused;
        let welcome = parse(welcome)?;
        let part = self.part(&welcome).ok_or(WelcomeFault::NotAddressed)?;
        let secrets = open(&self.init_key, &welcome.group_info, part);
        let secrets: Option<GroupSecrets> = secrets.and_then(|bytes| decode(&bytes));
        let secrets = secrets.ok_or(refused("its part for this KeyPackage does not open"))?;
        if secrets.psks.iter().any(|other| *other != name_of(psk)) {
            return Err(refused("a PSK that is not this invite's"));
        }
        let psks = vec![*secret.expose(); secrets.psks.len()];
        let info =
            open(&welcome_key(&secrets.joiner_secret, &psks), b"GroupInfo", &welcome.group_info);
        let info: Option<GroupInfo> = info.and_then(|bytes| decode(&bytes));
        let info = info.ok_or(refused("its GroupInfo does not open: another link secret?"))?;
        let [psk] = psks[..] else { return Err(refused("not exactly this invite's PSK")) };
        Ok(Opened { info, joiner_secret: secrets.joiner_secret, psk })
    }

    fn tree_secret(&self, opened: &Opened) -> Result<Secret<32>, WelcomeFault> {
        let exported = opened.epoch(Vec::new()).export(TREE_LABEL, b"", 32)?;
        let fault = EngineFault::Internal("exporting the tree's secret");
        Ok(Secret::read(&exported).ok_or(fault)?)
    }

    fn join(
        &self,
        meeting: &MeetingId,
        opened: Opened,
        tree: &[u8],
    ) -> Result<(Symbolic, u32), WelcomeFault> {
        let refused = WelcomeFault::Refused;
        let tree: Tree = decode(tree).ok_or(WelcomeFault::Malformed)?;
        let info = &opened.info;
        let signer = tree.get(info.signer as usize).and_then(Option::as_ref);
        let to_sign = GroupInfo::to_sign(&info.context, &info.confirmation_tag);
        let signed = |key: &Key| verifies(key, &to_sign, &info.signature);
        if tree_hash(&tree) != info.context.tree_hash {
            return Err(refused("not the ratchet tree of this group"));
        }
        if !signer.is_some_and(|signer| signed(&signer.signature_key)) {
            return Err(refused("the GroupInfo's signature"));
        }
        if info.context.group != *meeting.as_bytes() {
            return Err(WelcomeFault::WrongGroup);
        }
        let own = tree.iter().position(|node| node.as_ref() == Some(&self.key_package.leaf));
        let own_leaf = own.ok_or(refused("not one's own leaf"))? as u32;
        let epoch = opened.epoch(tree);
        if epoch.confirmation_tag() != info.confirmation_tag {
            return Err(refused("the confirmation tag"));
        }
        let author = info.signer;
        let group = Symbolic {
            entropy: self.entropy.clone(),
            stay: self.stay.clone(),
            own_leaf,
            epoch,
            leaf_key: Some(self.leaf_key),
            psks: BTreeMap::new(),
            pending: None,
        };
        Ok((group, author))
    }
}

/// Exactly one Welcome.
fn parse(bytes: &[u8]) -> Result<Welcome, WelcomeFault> {
    match decode(bytes) {
        Some(Message::Welcome(welcome)) => Ok(welcome),
        _ => Err(WelcomeFault::Malformed),
    }
}
