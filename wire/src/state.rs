//! The meeting's state, as the MLS group's context holds it.

mod entry;

use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use crate::choice::{Door, Profile};
use crate::codec::{Source, VERSION};
use crate::ids::Fingerprint;
use crate::limits;
use crate::malformed::{FormatRule, Malformed};
use crate::padding::{PadTo, Padding};
use crate::raw;
use crate::secret::{SecretBytes, SecretText};
use crate::track::TrackKinds;

pub use entry::{InviteEntry, MemberEntry, RelayEntry, ResyncKey, RoleRights};

/// The whole state of a meeting; at most 128 KiB encoded. It holds secrets: not `Clone`, see
/// [`duplicate`](Self::duplicate). SPEC \[W5\] \[G9\].
#[derive(Debug, PartialEq, Eq)]
pub struct GroupState {
    /// The cryptographic parts, for the meeting's life.
    pub profile: Profile,
    /// Who may admit.
    pub door: Door,
    /// What each role may do.
    pub rights: RoleRights,
    /// Exceptions to a plain attendee, sorted strictly by fingerprint; at most 1,024.
    pub members: Vec<MemberEntry>,
    /// The co-hosts that follow the last host, first to last, distinct; at most 16.
    pub succession: Vec<Fingerprint>,
    /// The kinds of tracks muted for all but those who may mute others.
    pub muted: TrackKinds,
    /// Whether only those who may mute others lift a mute.
    pub unmute_forbidden: bool,
    /// Live invites, with distinct secrets; at most 16.
    pub invites: Vec<InviteEntry>,
    /// X25519 private key that opens knocks.
    pub lobby_key: SecretBytes<32>,
    /// What whoever knocks under an invite that asks for it has to prove: 1 to 64 bytes of UTF-8.
    pub passcode: Option<SecretText>,
    /// Banned identities, sorted strictly; at most 1,024.
    pub bans: Vec<Fingerprint>,
    /// Where media may go, sorted strictly by key, at most 16; empty: anywhere.
    pub relays: Vec<RelayEntry>,
    /// Keys that seal removal orders and heartbeats, newest first, distinct; 1 or 2.
    pub heartbeat_keys: Vec<SecretBytes<32>>,
    /// What members knock under who can follow no more, newest first, with distinct secrets; 1 to 4.
    pub resync_keys: Vec<ResyncKey>,
    /// Whether frames of microphones and of screen audio have tags of 10 bytes, for the meeting's
    /// life.
    pub short_audio_tags: bool,
    /// To which lengths frames are padded, for the meeting's life.
    pub padding: Padding,
}

const STATE: Source = Source(&limits::GROUP_STATE);

/// Wipes the secrets that prost types held.
struct Wiped(raw::GroupState);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.lobby_key.zeroize();
        self.0.passcode.zeroize();
        self.0.heartbeat_keys.zeroize();
        for key in &mut self.0.resync_keys {
            key.lobby_key.zeroize();
            key.secret.zeroize();
        }
        self.0.invites.iter_mut().for_each(|invite| invite.secret.zeroize());
    }
}

impl GroupState {
    /// The encoding, which holds secrets: the caller wipes it. Whoever builds the value sorts
    /// `members`, `bans` and `relays`.
    pub fn encode(&self) -> Vec<u8> {
        self.to_raw().0.encode_to_vec()
    }

    /// Reads a state.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format (SPEC \[W1\] to \[W4\]), if entries are not
    /// sorted strictly or not distinct, or the state does not re-encode to the same bytes: SPEC
    /// \[W5\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut raw = Wiped(raw::GroupState::default());
        STATE.decode_secret(bytes, &mut raw.0)?;
        Self::validate(&raw, bytes)
    }

    /// What the schema cannot say: order, distinctness, and one encoding.
    fn validate(raw: &Wiped, bytes: &[u8]) -> Result<Self, Malformed> {
        let state = Self::from_raw(&raw.0)?;
        state.check_entries()?;
        // SPEC [W5]: members agree on the state's bytes, so a value has one encoding.
        if *Zeroizing::new(state.encode()) != bytes {
            return Err(STATE.fault("*", FormatRule::NotCanonical));
        }
        Ok(state)
    }

    /// A second holder of the same state, said aloud because `Clone` would be too quiet.
    pub fn duplicate(&self) -> Self {
        Self {
            profile: self.profile,
            door: self.door,
            rights: self.rights,
            members: self.members.clone(),
            succession: self.succession.clone(),
            muted: self.muted,
            unmute_forbidden: self.unmute_forbidden,
            invites: self.invites.iter().map(InviteEntry::duplicate).collect(),
            lobby_key: self.lobby_key.duplicate(),
            passcode: self.passcode.as_ref().map(SecretText::duplicate),
            bans: self.bans.clone(),
            relays: self.relays.clone(),
            heartbeat_keys: self.heartbeat_keys.iter().map(SecretBytes::duplicate).collect(),
            resync_keys: self.resync_keys.iter().map(ResyncKey::duplicate).collect(),
            short_audio_tags: self.short_audio_tags,
            padding: self.padding,
        }
    }

    fn check_entries(&self) -> Result<(), Malformed> {
        STATE.sorted(self.members.iter().map(|entry| entry.fingerprint), "members")?;
        STATE.sorted(&self.bans, "bans")?;
        STATE.sorted(self.relays.iter().map(|relay| relay.key), "relays")?;
        distinct(&self.succession, "succession")?;
        let secrets: Vec<_> = self.invites.iter().map(|invite| &invite.secret).collect();
        distinct(&secrets, "invites")?;
        distinct(&self.heartbeat_keys, "heartbeat_keys")?;
        let secrets: Vec<_> = self.resync_keys.iter().map(|key| &key.secret).collect();
        distinct(&secrets, "resync_keys")
    }

    fn to_raw(&self) -> Wiped {
        let fingerprints =
            |list: &[Fingerprint]| list.iter().map(|one| one.as_bytes().to_vec()).collect();
        Wiped(raw::GroupState {
            version: VERSION,
            profile: self.profile.into(),
            door: self.door.into(),
            rights: Some(self.rights.to_raw()),
            members: self.members.iter().copied().map(MemberEntry::to_raw).collect(),
            succession: fingerprints(&self.succession),
            muted: self.muted.bits(),
            unmute_forbidden: self.unmute_forbidden,
            invites: self.invites.iter().map(InviteEntry::to_raw).collect(),
            lobby_key: self.lobby_key.expose().to_vec(),
            passcode: self.passcode.as_ref().map(|passcode| passcode.expose().to_owned()),
            bans: fingerprints(&self.bans),
            relays: self.relays.iter().map(RelayEntry::to_raw).collect(),
            heartbeat_keys: self.heartbeat_keys.iter().map(|key| key.expose().to_vec()).collect(),
            resync_keys: self.resync_keys.iter().map(ResyncKey::to_raw).collect(),
            short_audio_tags: self.short_audio_tags,
            audio_padding: self.padding.audio.number(),
            other_padding: self.padding.other.number(),
        })
    }

    fn from_raw(raw: &raw::GroupState) -> Result<Self, Malformed> {
        let fingerprints = |list: &[Vec<u8>], field| {
            let one = |bytes: &Vec<u8>| STATE.array(bytes, field).map(Fingerprint::new);
            list.iter().map(one).collect::<Result<Vec<_>, _>>()
        };
        let key = |bytes: &Vec<u8>| STATE.present(SecretBytes::read(bytes), "heartbeat_keys");
        let rights = STATE.present(raw.rights.as_ref(), "rights")?;
        Ok(Self {
            profile: STATE.choice(raw.profile, Profile::from_number, "profile")?,
            door: STATE.choice(raw.door, Door::from_number, "door")?,
            rights: RoleRights::from_raw(*rights)?,
            members: raw.members.iter().map(MemberEntry::from_raw).collect::<Result<_, _>>()?,
            succession: fingerprints(&raw.succession, "succession")?,
            muted: STATE.set(raw.muted, TrackKinds::from_bits, "muted")?,
            unmute_forbidden: raw.unmute_forbidden,
            invites: raw.invites.iter().map(InviteEntry::from_raw).collect::<Result<_, _>>()?,
            lobby_key: STATE.present(SecretBytes::read(&raw.lobby_key), "lobby_key")?,
            passcode: raw.passcode.as_deref().map(SecretText::new),
            bans: fingerprints(&raw.bans, "bans")?,
            relays: raw.relays.iter().map(RelayEntry::from_raw).collect::<Result<_, _>>()?,
            heartbeat_keys: raw.heartbeat_keys.iter().map(key).collect::<Result<_, _>>()?,
            resync_keys: raw
                .resync_keys
                .iter()
                .map(ResyncKey::from_raw)
                .collect::<Result<_, _>>()?,
            short_audio_tags: raw.short_audio_tags,
            padding: Padding {
                audio: STATE.set(raw.audio_padding, PadTo::from_number, "audio_padding")?,
                other: STATE.set(raw.other_padding, PadTo::from_number, "other_padding")?,
            },
        })
    }
}

/// Demands that no two entries are equal. The lists are short.
fn distinct<T: PartialEq>(entries: &[T], field: &'static str) -> Result<(), Malformed> {
    let mut rest = entries;
    while let Some((first, others)) = rest.split_first() {
        if others.contains(first) {
            return Err(STATE.fault(field, FormatRule::NotSorted));
        }
        rest = others;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> SecretBytes<32> {
        SecretBytes::read(&[byte; 32]).unwrap()
    }

    /// A state whose invite writes out `passcode = false`, which prost alone would read.
    #[test]
    fn a_state_in_a_second_encoding_is_refused_even_behind_the_walk() {
        // SPEC [W5]
        let state = GroupState {
            profile: Profile::Standard,
            door: Door::Open,
            rights: RoleRights::default(),
            members: Vec::new(),
            succession: Vec::new(),
            muted: TrackKinds::NONE,
            unmute_forbidden: false,
            invites: vec![InviteEntry::new(secret(7))],
            lobby_key: secret(8),
            passcode: None,
            bans: Vec::new(),
            relays: Vec::new(),
            heartbeat_keys: vec![secret(9)],
            resync_keys: vec![ResyncKey { lobby_key: secret(10), secret: secret(11) }],
            short_audio_tags: false,
            padding: Padding::NONE,
        };
        let bytes = state.encode();
        // Version, profile, door, empty rights; the invite's tag, length and secret.
        let (head, tail) = bytes.split_at(8 + 2 + 34);
        let mut other = [head, &[0x10, 0], tail].concat();
        other[9] += 2;
        let raw = || Wiped(raw::GroupState::decode(&*other).unwrap());
        assert_eq!(GroupState::from_raw(&raw().0).unwrap(), state);
        let refused = GroupState::validate(&raw(), &other).unwrap_err();
        assert_eq!(refused.rule(), FormatRule::NotCanonical);
        assert_eq!(GroupState::decode(&other).unwrap_err().rule(), FormatRule::NotCanonical);
        assert_eq!(GroupState::validate(&raw(), &bytes).unwrap(), state);
    }
}
