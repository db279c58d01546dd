//! The group's state: how it begins, and what it becomes when somebody goes (SPEC \[G9\]).

use incamera_wire::{
    Door, Fingerprint, GroupState, InviteEntry, InviteId, MemberEntry, Profile, Role, RoleRights,
    SecretText, TrackKinds,
};
use sha2::{Digest, Sha256};

use super::Occupant;
use crate::entropy::{Entropy, NoEntropy};
use crate::error::Rule;
use crate::secret::Secret;

/// The most identities that a state bans.
const MAX_BANS: usize = 1024;

/// What the creator of a meeting chooses.
pub(crate) struct Opening {
    /// The cryptographic parts.
    pub(crate) profile: Profile,
    /// Who may admit.
    pub(crate) door: Door,
    /// What each role may do.
    pub(crate) rights: RoleRights,
    /// The kinds of tracks muted for all but those who may mute others.
    pub(crate) muted: TrackKinds,
    /// Whether only those who may mute others lift a mute.
    pub(crate) unmute_forbidden: bool,
    /// What whoever knocks has to prove.
    pub(crate) passcode: Option<SecretText>,
}

/// The state of a new meeting: one host and one invite, which asks for the passcode if there is one.
pub(crate) fn initial(
    opening: Opening,
    host: Fingerprint,
    entropy: &Entropy,
) -> Result<GroupState, NoEntropy> {
    let Opening { profile, door, rights, muted, unmute_forbidden, passcode } = opening;
    let mut invite = InviteEntry::new(entropy.secret()?);
    invite.passcode = passcode.is_some();
    Ok(GroupState {
        profile,
        door,
        rights,
        members: vec![MemberEntry { role: Role::Host, ..MemberEntry::plain(host) }],
        succession: Vec::new(),
        muted,
        unmute_forbidden,
        invites: vec![invite],
        lobby_key: entropy.secret()?,
        passcode,
        bans: Vec::new(),
        relays: Vec::new(),
        heartbeat_keys: vec![entropy.secret()?],
    })
}

/// First 16 bytes of SHA-256("incamera 1 invite id" || link secret).
pub(crate) fn invite_id(link_secret: &Secret<32>) -> InviteId {
    let hash = Sha256::new_with_prefix(b"incamera 1 invite id").chain_update(link_secret.expose());
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    InviteId::new(id)
}

/// The invite of this id, if it is live.
pub(crate) fn live_invite(state: &GroupState, id: InviteId) -> Option<&InviteEntry> {
    state.invites.iter().find(|invite| invite_id(&invite.secret) == id)
}

/// Who goes with a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removal {
    /// Identities removed for cause.
    pub(crate) for_cause: Vec<Fingerprint>,
    /// Identities whose last leaf departs by its own signed word.
    pub(crate) departed: Vec<Fingerprint>,
}

/// Fresh secrets for a state that shuts somebody out.
pub(crate) struct Rotation {
    /// One link secret for each invite.
    pub(crate) invites: Vec<Secret<32>>,
    /// The lobby's X25519 private key.
    pub(crate) lobby_key: Secret<32>,
    /// The passcode, if there was one: eight random digits.
    pub(crate) passcode: Option<SecretText>,
    /// The newest heartbeat key.
    pub(crate) heartbeat_key: Secret<32>,
}

impl Rotation {
    /// Fresh secrets for each secret of `state`.
    pub(crate) fn fresh(state: &GroupState, entropy: &Entropy) -> Result<Self, NoEntropy> {
        let invites: Result<_, _> = state.invites.iter().map(|_| entropy.secret()).collect();
        let passcode = match &state.passcode {
            Some(_) => Some(fresh_passcode(entropy)?),
            None => None,
        };
        let (lobby_key, heartbeat_key) = (entropy.secret()?, entropy.secret()?);
        Ok(Self { invites: invites?, lobby_key, passcode, heartbeat_key })
    }
}

/// Eight random digits.
fn fresh_passcode(entropy: &Entropy) -> Result<SecretText, NoEntropy> {
    // 64 bits modulo 10^8: no digit is likelier than another by more than one in 10^11.
    let number = u64::from_be_bytes(entropy.array()?) % 100_000_000;
    Ok(SecretText::new(&zeroize::Zeroizing::new(format!("{number:08}"))))
}

/// The state after `removal`, or `None` if it changes nothing (SPEC \[G9\]).
pub(crate) fn derive(
    state: &GroupState,
    roster: &[Occupant],
    removal: &Removal,
    rotation: impl FnOnce() -> Result<Rotation, NoEntropy>,
) -> Result<Option<GroupState>, NoEntropy> {
    let gone =
        |who: &Fingerprint| removal.for_cause.contains(who) || removal.departed.contains(who);
    let mut next = state.duplicate();
    next.members.retain(|entry| !gone(&entry.fingerprint));
    next.succession.retain(|who| !gone(who));
    let _ = roster;
    if removal.for_cause.is_empty() {
        return Ok((next != *state).then_some(next));
    }
    next.bans = banned(state, removal);
    let rotation = rotation()?;
    next.lobby_key = rotation.lobby_key;
    next.passcode = rotation.passcode;
    next.heartbeat_keys.insert(0, rotation.heartbeat_key);
    next.heartbeat_keys.truncate(2);
    if next.door == Door::Open {
        next.door = Door::WaitingRoom;
    }
    for (invite, secret) in next.invites.iter_mut().zip(rotation.invites) {
        invite.secret = secret;
    }
    Ok(Some(next))
}

/// Checks that `new` is what [`derive`] makes of `old`, whatever the fresh secrets (SPEC \[G9\]).
pub(super) fn check_derived(
    old: &GroupState,
    roster: &[Occupant],
    new: Option<&GroupState>,
    removal: &Removal,
) -> Result<(), Rule> {
    let given = || {
        // What is missing here differs below.
        let new = new.ok_or(NoEntropy)?;
        let first = new.heartbeat_keys.first().ok_or(NoEntropy)?;
        Ok(Rotation {
            invites: new.invites.iter().map(|invite| invite.secret.duplicate()).collect(),
            lobby_key: new.lobby_key.duplicate(),
            passcode: new.passcode.as_ref().map(SecretText::duplicate),
            heartbeat_key: first.duplicate(),
        })
    };
    let expected = derive(old, roster, removal, given);
    match (expected, new) {
        (Ok(None), None) => Ok(()),
        (Ok(None), Some(_)) => Err(Rule::State("nothing in the commit changes the state")),
        (_, None) => Err(Rule::State("the new state is missing")),
        (Ok(Some(expected)), Some(new)) if expected == *new => {
            if removal.for_cause.is_empty() {
                Ok(())
            } else {
                check_rotated(old, new)
            }
        }
        _ => Err(Rule::State("it is not what follows from the removal")),
    }
}

/// Whoever was removed for cause knows the old secrets: none may stay (SPEC \[G9\]).
fn check_rotated(old: &GroupState, new: &GroupState) -> Result<(), Rule> {
    let kept = |secret: &Secret<32>| old.invites.iter().any(|invite| invite.secret == *secret);
    let same_key = new.heartbeat_keys.first().is_some_and(|key| old.heartbeat_keys.contains(key));
    if new.invites.iter().any(|invite| kept(&invite.secret))
        || new.lobby_key == old.lobby_key
        || same_key
        || (new.passcode == old.passcode && old.passcode.is_some())
    {
        return Err(Rule::State("a removal replaces every secret"));
    }
    if new.passcode.is_some() != old.passcode.is_some() {
        return Err(Rule::State("a removal keeps whether there is a passcode"));
    }
    Ok(())
}

/// Old bans and those removed for cause, sorted, while there is room: the rotated secrets keep
/// out whom a full list cannot name.
fn banned(state: &GroupState, removal: &Removal) -> Vec<Fingerprint> {
    let mut bans = state.bans.clone();
    for fingerprint in &removal.for_cause {
        if bans.len() < MAX_BANS && !bans.contains(fingerprint) {
            bans.push(*fingerprint);
        }
    }
    bans.sort_unstable();
    bans
}

/// What a joiner asks of the state it is given, beyond its encoding (SPEC \[A7\]).
pub(crate) fn validate(state: &GroupState, profile: Profile) -> Result<(), &'static str> {
    if state.profile != profile {
        return Err("its profile is not the invite's");
    }
    Ok(())
}
