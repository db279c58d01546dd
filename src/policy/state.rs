//! The group's state: how it begins, and what it becomes when somebody goes (SPEC \[G9\]).

use incamera_wire::{
    Door, Fingerprint, GroupState, InviteEntry, InviteId, Profile, Role, RoleEntry,
};
use sha2::{Digest, Sha256};

use crate::entropy::{Entropy, NoEntropy};
use crate::error::Rule;
use crate::secret::Secret;

/// The most identities that a state bans.
const MAX_BANS: usize = 1024;

/// The state of a new meeting: one host, one invite, a waiting room.
pub(crate) fn initial(
    profile: Profile,
    host: Fingerprint,
    entropy: &Entropy,
) -> Result<GroupState, NoEntropy> {
    Ok(GroupState {
        profile,
        door: Door::WaitingRoom,
        roles: vec![RoleEntry { fingerprint: host, role: Role::Host }],
        invites: vec![InviteEntry { secret: entropy.secret()?, passcode: false }],
        lobby_key: entropy.secret()?,
        bans: Vec::new(),
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
}

impl Rotation {
    /// Fresh secrets for each secret of `state`.
    pub(crate) fn fresh(state: &GroupState, entropy: &Entropy) -> Result<Self, NoEntropy> {
        let invites: Result<_, _> = state.invites.iter().map(|_| entropy.secret()).collect();
        Ok(Self { invites: invites?, lobby_key: entropy.secret()? })
    }
}

/// The state after `removal`, or `None` if it changes nothing (SPEC \[G9\]).
pub(crate) fn derive(
    state: &GroupState,
    removal: &Removal,
    rotation: impl FnOnce() -> Result<Rotation, NoEntropy>,
) -> Result<Option<GroupState>, NoEntropy> {
    let mut next = state.duplicate();
    next.roles.retain(|entry| {
        !removal.for_cause.contains(&entry.fingerprint)
            && !removal.departed.contains(&entry.fingerprint)
    });
    if removal.for_cause.is_empty() {
        return Ok((next.roles.len() != state.roles.len()).then_some(next));
    }
    next.bans = banned(state, removal);
    let rotation = rotation()?;
    next.lobby_key = rotation.lobby_key;
    for (invite, secret) in next.invites.iter_mut().zip(rotation.invites) {
        invite.secret = secret;
    }
    Ok(Some(next))
}

/// Checks that `new` is what [`derive`] makes of `old`, whatever the fresh secrets (SPEC \[G9\]).
pub(super) fn check_derived(
    old: &GroupState,
    new: Option<&GroupState>,
    removal: &Removal,
) -> Result<(), Rule> {
    let Some(new) = new else {
        let unchanged = removal.for_cause.is_empty() && !loses_a_role(old, removal);
        return if unchanged { Ok(()) } else { Err(Rule::State("the new state is missing")) };
    };
    if removal.for_cause.is_empty() && !loses_a_role(old, removal) {
        return Err(Rule::State("nothing in the commit changes the state"));
    }
    if !removal.for_cause.is_empty() {
        check_rotated(old, new)?;
    }
    // Everything but the fresh secrets is determined: derive with the ones given and compare all.
    let given = || {
        let invites = new.invites.iter().map(|invite| invite.secret.duplicate()).collect();
        Ok(Rotation { invites, lobby_key: new.lobby_key.duplicate() })
    };
    match derive(old, removal, given) {
        Ok(Some(expected)) if expected.encode() == new.encode() => Ok(()),
        _ => Err(Rule::State("roles, bans, door, profile or secrets differ")),
    }
}

fn loses_a_role(old: &GroupState, removal: &Removal) -> bool {
    old.roles.iter().any(|entry| {
        removal.departed.contains(&entry.fingerprint)
            || removal.for_cause.contains(&entry.fingerprint)
    })
}

/// Whoever was removed for cause knows the old secrets: none may stay (SPEC \[G9\]).
fn check_rotated(old: &GroupState, new: &GroupState) -> Result<(), Rule> {
    if new.invites.len() != old.invites.len() {
        return Err(Rule::State("a removal keeps the number of invites"));
    }
    let kept = |secret: &Secret<32>| old.invites.iter().any(|invite| invite.secret == *secret);
    if new.invites.iter().any(|invite| kept(&invite.secret)) || new.lobby_key == old.lobby_key {
        return Err(Rule::State("a removal replaces every link secret and the lobby key"));
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
