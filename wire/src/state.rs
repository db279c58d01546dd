//! The meeting's state, as the MLS group's context holds it.

use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use crate::choice::{Door, Profile, Role};
use crate::codec::{Source, VERSION};
use crate::ids::Fingerprint;
use crate::limits;
use crate::malformed::{FormatRule, Malformed};
use crate::raw;
use crate::secret::SecretBytes;

/// The whole state of a meeting; at most 64 KiB encoded. It holds secrets: not `Clone`, see
/// [`duplicate`](Self::duplicate). SPEC \[W5\] \[G9\].
#[derive(Debug, PartialEq, Eq)]
pub struct GroupState {
    /// The cryptographic parts, for the meeting's life.
    pub profile: Profile,
    /// Who may admit.
    pub door: Door,
    /// Exceptions to [`Role::Attendee`], sorted strictly by fingerprint; at most 256.
    pub roles: Vec<RoleEntry>,
    /// Live invites, with distinct secrets; 1 to 16.
    pub invites: Vec<InviteEntry>,
    /// X25519 private key that opens knocks.
    pub lobby_key: SecretBytes<32>,
    /// Banned identities, sorted strictly; at most 1,024.
    pub bans: Vec<Fingerprint>,
}

/// One identity's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleEntry {
    /// The identity.
    pub fingerprint: Fingerprint,
    /// Its role: never [`Role::Attendee`].
    pub role: Role,
}

/// One live invite. SPEC \[A2\] \[G7\].
#[derive(Debug, PartialEq, Eq)]
pub struct InviteEntry {
    /// The link secret.
    pub secret: SecretBytes<32>,
    /// Whether a passcode is asked for.
    pub passcode: bool,
}

impl InviteEntry {
    /// A second holder of the same invite.
    pub fn duplicate(&self) -> Self {
        Self { secret: self.secret.duplicate(), passcode: self.passcode }
    }
}

const STATE: Source = Source(&limits::GROUP_STATE);
const ROLE: Source = Source(&limits::ROLE_ENTRY);
const INVITE: Source = Source(&limits::INVITE_ENTRY);

/// Wipes the secrets that prost types held.
struct Wiped(raw::GroupState);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.lobby_key.zeroize();
        self.0.invites.iter_mut().for_each(|invite| invite.secret.zeroize());
    }
}

impl GroupState {
    /// The encoding, which holds secrets: the caller wipes it. Whoever builds the value sorts
    /// `roles` and `bans`.
    pub fn encode(&self) -> Vec<u8> {
        self.to_raw().0.encode_to_vec()
    }

    /// Reads a state.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format (SPEC \[W1\] to \[W4\]), if roles or bans are not
    /// sorted strictly, an attendee is listed, two invites share a secret, or the state does not
    /// re-encode to the same bytes: SPEC \[W5\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::validate(&Wiped(STATE.decode(bytes)?), bytes)
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
            roles: self.roles.clone(),
            invites: self.invites.iter().map(InviteEntry::duplicate).collect(),
            lobby_key: self.lobby_key.duplicate(),
            bans: self.bans.clone(),
        }
    }

    fn check_entries(&self) -> Result<(), Malformed> {
        STATE.sorted(self.roles.iter().map(|entry| entry.fingerprint), "roles")?;
        STATE.sorted(&self.bans, "bans")?;
        let mut rest = self.invites.as_slice();
        while let Some((first, others)) = rest.split_first() {
            if others.iter().any(|other| other.secret == first.secret) {
                return Err(STATE.fault("invites", FormatRule::NotSorted));
            }
            rest = others;
        }
        Ok(())
    }

    fn to_raw(&self) -> Wiped {
        let role = |entry: &RoleEntry| raw::RoleEntry {
            fingerprint: entry.fingerprint.as_bytes().to_vec(),
            role: entry.role.into(),
        };
        let invite = |entry: &InviteEntry| raw::InviteEntry {
            secret: entry.secret.expose().to_vec(),
            passcode: entry.passcode,
        };
        Wiped(raw::GroupState {
            version: VERSION,
            profile: self.profile.into(),
            door: self.door.into(),
            roles: self.roles.iter().map(role).collect(),
            invites: self.invites.iter().map(invite).collect(),
            lobby_key: self.lobby_key.expose().to_vec(),
            bans: self.bans.iter().map(|ban| ban.as_bytes().to_vec()).collect(),
        })
    }

    fn from_raw(raw: &raw::GroupState) -> Result<Self, Malformed> {
        let role = |entry: &raw::RoleEntry| {
            Ok(RoleEntry {
                fingerprint: Fingerprint::new(ROLE.array(&entry.fingerprint, "fingerprint")?),
                role: ROLE.choice(entry.role, Role::from_number, "role")?,
            })
        };
        let invite = |entry: &raw::InviteEntry| {
            let secret = INVITE.present(SecretBytes::read(&entry.secret), "secret")?;
            Ok(InviteEntry { secret, passcode: entry.passcode })
        };
        let ban = |ban: &Vec<u8>| STATE.array(ban, "bans").map(Fingerprint::new);
        Ok(Self {
            profile: STATE.choice(raw.profile, Profile::from_number, "profile")?,
            door: STATE.choice(raw.door, Door::from_number, "door")?,
            roles: raw.roles.iter().map(role).collect::<Result<_, _>>()?,
            invites: raw.invites.iter().map(invite).collect::<Result<_, _>>()?,
            lobby_key: STATE.present(SecretBytes::read(&raw.lobby_key), "lobby_key")?,
            bans: raw.bans.iter().map(ban).collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state whose invite writes out `passcode = false`, which prost alone would read.
    #[test]
    fn a_state_in_a_second_encoding_is_refused_even_behind_the_walk() {
        // SPEC [W5]
        let state = GroupState {
            profile: Profile::Standard,
            door: Door::Open,
            roles: Vec::new(),
            invites: vec![InviteEntry {
                secret: SecretBytes::read(&[7; 32]).unwrap(),
                passcode: false,
            }],
            lobby_key: SecretBytes::read(&[8; 32]).unwrap(),
            bans: Vec::new(),
        };
        let bytes = state.encode();
        let (head, tail) = bytes.split_at(6 + 2 + 34);
        let mut other = [head, &[0x10, 0], tail].concat();
        other[7] += 2;
        let raw = || Wiped(raw::GroupState::decode(&*other).unwrap());
        assert_eq!(GroupState::from_raw(&raw().0).unwrap(), state);
        let refused = GroupState::validate(&raw(), &other).unwrap_err();
        assert_eq!(refused.rule(), FormatRule::NotCanonical);
        assert_eq!(GroupState::decode(&other).unwrap_err().rule(), FormatRule::NotCanonical);
        assert_eq!(GroupState::validate(&raw(), &bytes).unwrap(), state);
    }
}
