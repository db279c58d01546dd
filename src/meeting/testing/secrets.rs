//! What another implementation is given to derive all else from, as SPEC.md says: for tests of the two
//! against each other.

use core::fmt;

use incamera_wire::{Padding, Profile, StayId, TrackKinds};
use zeroize::Zeroizing;

use super::super::client::Meeting;
use super::super::shared::{audio_suite, suite};
use crate::keyring::EpochInstall;
use crate::media::testing::KeyedMedia;
use crate::mls::Engine as _;

/// What a member has in its current epoch. The numbers are those of SPEC.md.
#[derive(Clone)]
#[non_exhaustive]
pub struct MemberSecrets {
    /// The epoch.
    pub epoch: u64,
    /// MLS's exporter secret of the epoch, 32 bytes.
    pub exporter_secret: Vec<u8>,
    /// The epoch authenticator.
    pub authenticator: [u8; 32],
    /// The encoded ratchet tree.
    pub ratchet_tree: Vec<u8>,
    /// The encoded state.
    pub state: Vec<u8>,
    /// The member's leaf.
    pub own_leaf: u32,
    /// The occupied leaves.
    pub leaves: Vec<u32>,
    /// The Ed25519 key that signs for the leaf.
    pub leaf_secret: [u8; 32],
    /// The X25519 key that opens private chats.
    pub direct_secret: [u8; 32],
    /// The counter of the member's next event.
    pub counter: u64,
}

impl fmt::Debug for MemberSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberSecrets").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// The secrets of a member; `None` before a Welcome.
#[must_use]
pub fn secrets(meeting: &Meeting) -> Option<MemberSecrets> {
    let (shared, member) = (&meeting.core.shared, meeting.core.member.as_deref()?);
    let group = &member.group;
    Some(MemberSecrets {
        epoch: group.epoch(),
        exporter_secret: group.exporter_secret()?.to_vec(),
        authenticator: group.authenticator(),
        ratchet_tree: group.ratchet_tree()?,
        state: group.state().to_vec(),
        own_leaf: group.own_leaf(),
        leaves: group.leaves().iter().map(|leaf| leaf.index).collect(),
        leaf_secret: group.leaf_secret(),
        direct_secret: *shared.direct_key.expose(),
        counter: member.counter,
    })
}

/// An epoch of which nothing is there but media keys.
#[derive(Clone)]
pub struct BareEpoch {
    /// The meeting's profile.
    pub profile: Profile,
    /// Its number.
    pub epoch: u64,
    /// The base key, of the length that the profile's SFrame suite asks for.
    pub base_key: Vec<u8>,
    /// That of sound with short tags, if the meeting has them.
    pub audio_base_key: Option<Vec<u8>>,
    /// How frames are padded.
    pub padding: Padding,
    /// The leaf of the member that looks at it.
    pub own_leaf: u32,
    /// The occupied leaves.
    pub leaves: Vec<u32>,
}

impl fmt::Debug for BareEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BareEpoch").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl BareEpoch {
    /// The media of the member at `own_leaf`, in an epoch in which everyone may use every track; `None` if the
    /// keys have other lengths or that leaf is not occupied.
    #[must_use]
    pub fn media(self) -> Option<KeyedMedia> {
        let Self { profile, epoch, base_key, audio_base_key, padding, own_leaf, leaves } = self;
        let audio = match audio_base_key {
            Some(key) => Some((audio_suite(profile)?, Zeroizing::new(key))),
            None => None,
        };
        let leaf = |leaf: u32| (leaf, Self::stay(leaf), TrackKinds::ALL);
        let leaves = leaves.into_iter().map(leaf).collect();
        let (adds, removes, base_key) = (false, false, Zeroizing::new(base_key));
        let install =
            EpochInstall { epoch, base_key, audio, padding, own_leaf, leaves, adds, removes };
        KeyedMedia::in_one_epoch(suite(profile), install).ok()
    }

    /// The stay of the member at a leaf.
    #[must_use]
    pub fn stay(leaf: u32) -> StayId {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(leaf.to_be_bytes()).for_each(|(to, from)| *to = from);
        StayId::new(bytes)
    }
}
