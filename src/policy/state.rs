//! The group's state: how it begins, what a joiner asks of it, and the secrets in it.

use incamera_wire::{
    Door, Fingerprint, GroupState, InviteEntry, InviteId, MemberEntry, Padding, Profile, ResyncKey,
    Role, RoleRights, SecretText, TrackKinds,
};
use sha2::{Digest, Sha256};

use super::consistency;
use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

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
    /// Whether frames of sound have tags of 10 bytes.
    pub(crate) short_audio_tags: bool,
    pub(crate) padding: Padding,
}

/// The state of a new meeting: one host and one invite, which asks for the passcode if there is one.
pub(crate) fn initial(
    opening: Opening,
    host: Fingerprint,
    entropy: &Entropy,
) -> Result<GroupState, NoEntropy> {
    let Opening {
        profile,
        door,
        rights,
        muted,
        unmute_forbidden,
        passcode,
        short_audio_tags,
        padding,
    } = opening;
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
        resync_keys: vec![fresh_resync_key(entropy)?],
        short_audio_tags,
        padding,
    })
}

/// Whose secret the external PSK of a commit that adds is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PskId {
    /// The link secret of an invite.
    Invite(InviteId),
    /// The secret of a resync key, by its id.
    Resync(InviteId),
}

/// First 16 bytes of SHA-256("incamera 1 invite id" || link secret).
pub(crate) fn invite_id(link_secret: &Secret<32>) -> InviteId {
    short_hash(b"incamera 1 invite id", link_secret)
}

/// First 16 bytes of SHA-256("incamera 1 resync id" || resync secret): where a knock names an invite.
pub(crate) fn resync_id(secret: &Secret<32>) -> InviteId {
    // SPEC [A16]
    short_hash(b"incamera 1 resync id", secret)
}

fn short_hash(label: &[u8], secret: &Secret<32>) -> InviteId {
    let hash = Sha256::new_with_prefix(label).chain_update(secret.expose());
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

/// The resync key of this id, if it is live.
pub(crate) fn live_resync_key(state: &GroupState, id: InviteId) -> Option<&ResyncKey> {
    state.resync_keys.iter().find(|key| resync_id(&key.secret) == id)
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
    /// The newest resync key.
    pub(crate) resync_key: ResyncKey,
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
        let resync_key = fresh_resync_key(entropy)?;
        Ok(Self { invites: invites?, lobby_key, passcode, heartbeat_key, resync_key })
    }
}

/// A random resync key.
fn fresh_resync_key(entropy: &Entropy) -> Result<ResyncKey, NoEntropy> {
    Ok(ResyncKey { lobby_key: entropy.secret()?, secret: entropy.secret()? })
}

/// Eight random digits.
fn fresh_passcode(entropy: &Entropy) -> Result<SecretText, NoEntropy> {
    // 64 bits modulo 10^8: no digit is likelier than another by more than one in 10^11.
    let number = u64::from_be_bytes(entropy.array()?) % 100_000_000;
    Ok(SecretText::new(&zeroize::Zeroizing::new(format!("{number:08}"))))
}

/// SPEC \[G30\]: the most leaves of a meeting. A path that encrypts to each of them, a whole state and a
/// whole note fit into one log entry: 83 bytes a leaf, 1,171 by X-Wing.
pub(crate) const fn capacity(profile: Profile) -> usize {
    match profile {
        Profile::Standard | Profile::Portable => 7_000,
        Profile::PostQuantum => 500,
    }
}

/// What a joiner asks of the state it is given, beyond its encoding (SPEC \[A7\]).
pub(crate) fn validate(state: &GroupState, profile: Profile) -> Result<(), &'static str> {
    // SPEC [A7]
    if state.profile != profile {
        return Err("its profile is not the invite's");
    }
    // SPEC [G22]: but for the rule that a host is here, which a departure may break.
    consistency::check(state)
}
