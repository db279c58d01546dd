//! What a member knows and holds, for vectors; and what a modified client builds with it, whatever the
//! rules say.

use std::sync::Arc;

use incamera_wire::{InviteId, MeetingId};
use sha2::{Digest as _, Sha256};

use super::client::Meeting;
use super::events::LABEL;
use super::heartbeat::heartbeat_key;
use super::member::{BASE_KEY, Member, install_psks};
use super::orders::order_key;
use super::prefix::{Beginning, Place, Prefix};
use super::restore::{self, Expected, RestoreError};
use super::roster::Seat;
use super::shared::{audio_suite, suite};
use super::snapshot;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::mls::testing::{OddCommit, Oddity};
use crate::mls::{BuiltWelcome, CommitPlan, Engine as _, EngineFault, Group};
use crate::policy::PskId;
use crate::secret::Secret;

/// What all members of an epoch have alike, as one of them has it. It holds secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct View {
    /// The epoch.
    pub epoch: u64,
    /// The epoch authenticator.
    pub authenticator: [u8; 32],
    /// The encoded group state.
    pub state: Vec<u8>,
    /// The next entry of the log that this member has yet to read.
    pub log_position: u64,
    /// The log hash there (SPEC \[G25\]).
    pub log_hash: [u8; 32],
}

/// The secrets of an epoch, by their labels (SPEC 5.2).
#[derive(Clone, PartialEq, Eq)]
pub struct EpochSecrets {
    /// `SFrame 1.0 Base Key`, as long as the profile's suite asks for.
    pub base_key: Vec<u8>,
    /// The same for the suite of sound with short tags.
    pub audio_base_key: Option<Vec<u8>>,
    /// `incamera 1 handshake`.
    pub handshake: [u8; 32],
    /// `incamera 1 event`.
    pub event: [u8; 32],
    /// `incamera 1 direct`.
    pub direct: [u8; 32],
    /// `incamera 1 tree`.
    pub tree: [u8; 32],
}

/// What a joiner knocks with, and the private keys for it: another program can take its place.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinerKeys {
    /// The encoded key package.
    pub key_package: Vec<u8>,
    /// The private key of its init key.
    pub init: Vec<u8>,
    /// The private key of its leaf's encryption key.
    pub encryption: Vec<u8>,
    /// The Ed25519 private key of its leaf.
    pub signature: [u8; 32],
    /// The X25519 private key for private chats.
    pub direct: [u8; 32],
}

/// A commit of a modified client. The default renews nothing and proposes nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HostileCommit {
    /// Encoded key packages to add.
    pub adds: Vec<Vec<u8>>,
    /// Leaves to remove.
    pub removes: Vec<u32>,
    /// The encoded new state.
    pub state: Option<Vec<u8>>,
    /// The PSK of those added.
    pub psk: Option<HostilePsk>,
    /// The authenticated data, which should be an encoded commit note.
    pub note: Vec<u8>,
    /// Whether it takes a path that nothing asks for.
    pub path: bool,
    /// The encoded credential to put into the own leaf.
    pub rename: Option<Vec<u8>>,
    /// What no honest client could build at all.
    pub oddity: Option<Oddity>,
}

/// A PSK that a commit names.
#[derive(Clone, PartialEq, Eq)]
pub struct HostilePsk {
    /// Whether it is said to be a resync key's, and not an invite's.
    pub resync: bool,
    /// Whose.
    pub id: InviteId,
    /// The secret.
    pub secret: [u8; 32],
}

/// A hostile commit: an MLS message, and for those whom it adds the Welcome, the ratchet tree in clear, and
/// the secret that the tree is sealed under.
#[derive(Clone, PartialEq, Eq)]
pub struct HostileBuilt {
    /// The encoded PublicMessage.
    pub message: Vec<u8>,
    /// Welcome, tree, secret.
    pub welcome: Option<(Vec<u8>, Vec<u8>, [u8; 32])>,
}

/// What a member has in common with the others; `None` if this client is none.
#[must_use]
pub fn view(meeting: &Meeting) -> Option<View> {
    let member = meeting.core.member.as_ref()?;
    let current = member.epochs.current();
    let (epoch, authenticator) = (current.epoch, current.authenticator);
    let prefix = &member.live.prefix;
    let (log_position, log_hash) = (prefix.position(), prefix.hash());
    Some(View { epoch, authenticator, state: member.state.encode(), log_position, log_hash })
}

/// The secrets of a member's epoch; `None` if this client is no member.
#[must_use]
pub fn epoch_secrets(meeting: &Meeting) -> Option<EpochSecrets> {
    let profile = meeting.core.shared.profile;
    let member = meeting.core.member.as_ref()?;
    let export = |label: &str, len: usize| member.group.export(label, b"", len).ok();
    let fixed = |label| <[u8; 32]>::try_from(export(label, 32)?.as_slice()).ok();
    let base_key = |len| Some(export(BASE_KEY, len)?.to_vec());
    let audio = audio_suite(profile).filter(|_| member.state.short_audio_tags);
    Some(EpochSecrets {
        base_key: base_key(suite(profile).key_len())?,
        audio_base_key: audio.and_then(|suite| base_key(suite.key_len())),
        handshake: fixed("incamera 1 handshake")?,
        event: fixed("incamera 1 event")?,
        direct: fixed("incamera 1 direct")?,
        tree: fixed("incamera 1 tree")?,
    })
}

/// The encoded credentials of all leaves, by ascending leaf; none if this client is no member.
#[must_use]
pub fn credentials(meeting: &Meeting) -> Vec<(u32, Vec<u8>)> {
    let Some(member) = &meeting.core.member else { return Vec::new() };
    let credential = |seat: &Arc<Seat>| (seat.occupant.leaf, seat.credential.clone());
    member.roster().seats().iter().map(credential).collect()
}

/// The keys of a joiner; `None` once it is in or turned away.
#[must_use]
pub fn joiner_keys(meeting: &Meeting) -> Option<JoinerKeys> {
    let knocking = meeting.core.knocking.as_ref()?;
    let keys = knocking.joiner.keys()?;
    Some(JoinerKeys {
        key_package: knocking.key_package().to_vec(),
        init: keys.init,
        encryption: keys.encryption,
        signature: keys.signature,
        direct: *meeting.core.shared.direct_key.expose(),
    })
}

/// The keys under which orders and heartbeats are sealed. They cannot fail to be derived: zeros would.
pub(crate) fn sealing_keys(key: &Secret<32>) -> ([u8; 32], [u8; 32]) {
    let derived = |key: Result<Secret<32>, Error>| key.map_or([0; 32], |key| *key.expose());
    (derived(order_key(key)), derived(heartbeat_key(key)))
}

/// The log hash of a meeting's first epoch before and after each of its entries; or, if the first entry, at sequence
/// number `commit`, is the commit that began an epoch, after each of them (SPEC \[G25\]).
#[must_use]
pub fn log_hashes(meeting: MeetingId, commit: Option<u64>, entries: &[Vec<u8>]) -> Vec<[u8; 32]> {
    let mut hashed = entries.iter().map(|entry| Sha256::digest(entry).into());
    let from = match commit {
        Some(seq) => Beginning::Behind { seq, entry: hashed.next().unwrap_or_default() },
        None => Beginning::Created,
    };
    let mut prefix = Prefix::new(from, meeting, 0, &[0; 32]);
    let mut hashes = vec![prefix.hash()];
    for entry in hashed {
        prefix.read(Place { seq: prefix.position(), entry, posted_ms: None }, 0, &[0; 32]);
        hashes.push(prefix.hash());
    }
    hashes
}

/// A snapshot with this content, which no member made (SPEC \[R1\]).
///
/// # Errors
/// None that a caller could cause.
pub fn seal_snapshot(
    seed: [u8; 32],
    key: &[u8; 32],
    generation: u64,
    meeting: MeetingId,
    content: &[u8],
) -> Result<Vec<u8>, Error> {
    Ok(snapshot::seal(&Entropy::seeded(seed), key, generation, &meeting, content)?)
}

/// What is in a snapshot, whoever made it.
///
/// # Errors
/// Those of [`Meeting::restore`] but for what is wrong with the content.
pub fn open_snapshot(
    key: &[u8; 32],
    snapshot: &[u8],
    expected: Expected,
) -> Result<Vec<u8>, RestoreError> {
    restore::open(key, snapshot, expected).map(|opened| opened.plaintext.to_vec())
}

/// The signature under the encoded body of an event, by the key of one's own leaf; `None` if this client is no
/// member.
#[must_use]
pub fn sign_event(meeting: &Meeting, body: &[u8]) -> Option<[u8; 64]> {
    let member = meeting.core.member.as_ref()?;
    Some(member.group.sign(&[LABEL, body].concat()))
}

/// Builds a commit and forgets it: nothing is posted, and the member stays where it is.
///
/// # Errors
/// [`Error::NotJoined`]; [`Error::Internal`] if the engine cannot express it.
pub fn build_hostile(meeting: &mut Meeting, commit: &HostileCommit) -> Result<HostileBuilt, Error> {
    let member = meeting.core.member.as_mut().ok_or(Error::NotJoined)?;
    let secret = commit.psk.as_ref().map(|psk| Secret::filled(|bytes| *bytes = psk.secret));
    let psk = commit.psk.as_ref().zip(secret.as_ref()).map(|(psk, secret)| {
        let id = if psk.resync { PskId::Resync(psk.id) } else { PskId::Invite(psk.id) };
        (id, secret)
    });
    let built = member.build_hostile(commit, psk);
    install_psks(&mut member.group, &member.state)?;
    built.map_err(|fault| {
        Error::Internal(match fault {
            EngineFault::Plan(what) | EngineFault::Internal(what) => what,
            _ => "the building of a forgery",
        })
    })
}

impl Member<Group> {
    fn build_hostile(
        &mut self,
        commit: &HostileCommit,
        psk: Option<(PskId, &Secret<32>)>,
    ) -> Result<HostileBuilt, EngineFault> {
        let HostileCommit { adds, removes, state, psk: _, note, path, rename, oddity } = commit;
        if let Some(oddity) = oddity {
            let psk = psk.ok_or(EngineFault::Plan("an oddity needs a PSK"))?;
            let OddCommit { message, welcome } = self.group.build_odd(oddity, adds, psk, note)?;
            let welcome = welcome.map(|(welcome, tree, secret)| (welcome, tree, *secret.expose()));
            return Ok(HostileBuilt { message, welcome });
        }
        self.group.set_psks(&psk.into_iter().collect::<Vec<_>>())?;
        let (state, rename) = (state.as_deref(), rename.as_deref());
        let plan = CommitPlan { adds, removes, state, psk, note, path: *path, rename };
        let built = self.group.build(&plan)?;
        self.group.drop_pending()?;
        let welcome =
            |BuiltWelcome { welcome, tree, tree_secret }| (welcome, tree, *tree_secret.expose());
        Ok(HostileBuilt { message: built.message.to_vec(), welcome: built.welcome.map(welcome) })
    }
}
