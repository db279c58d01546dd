//! The narrow face of the MLS engine (RFC 9420): all that `meeting` knows of it.
//!
//! No type of the engine shows here, so that the state machine does not depend on which engine it is.
//! What no member may ever commit is refused behind this face ([`StageFault::Refused`]), so that
//! nobody can forget to ask; what depends on roles, bans and the state's content is left to the
//! caller, who reads it in [`CommitFacts`]. Every call that returns `Err` has changed nothing.

use core::fmt;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::{KeyPackageRef, MeetingId, Profile, PskId};
use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

/// The key material of one member for one stay in a meeting.
#[derive(Clone)]
pub(crate) struct Stay {
    /// Signs leaves, commits and events of this stay; zeroized with its last holder.
    pub(crate) signing_key: Arc<SigningKey>,
    /// The encoded `LeafCredential`: opaque here, the identity of a BasicCredential.
    pub(crate) credential: Vec<u8>,
}

impl Stay {
    /// Signs with the leaf's key, as [`Engine::sign`] does in the group.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        self.signing_key.sign(message).to_bytes()
    }
}

/// An occupied leaf of the ratchet tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leaf<'a> {
    /// Its index among the leaves. Indices are reused: never keep one beyond its epoch.
    pub(crate) index: u32,
    /// The encoded `LeafCredential`.
    pub(crate) credential: &'a [u8],
    /// The Ed25519 key that signs for this leaf.
    pub(crate) signature_key: [u8; 32],
}

/// What a KeyPackage says. Its signature, suite, version, capabilities, lifetime and extensions
/// have been checked and are exactly those that this engine writes: SPEC \[G6\], \[G14\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyPackageFacts {
    /// The hash that names it (RFC 9420 §5.2).
    pub(crate) reference: KeyPackageRef,
    /// The encoded `LeafCredential`, not verified.
    pub(crate) credential: Vec<u8>,
    /// The Ed25519 key of the leaf, not compared with the certificate's.
    pub(crate) signature_key: [u8; 32],
}

/// What a commit does, for the caller's verdict.
///
/// The engine has seen to it that the committer is a member and does not remove itself, that its
/// path changes nothing but keys of encryption and the credential's content (SPEC \[G5\]), that all proposals are by value and
/// are Add, Remove, at most one GroupContextExtensions and at most one external PSK (SPEC
/// \[G4\]), that a PSK is there if and only if it adds (SPEC \[G7\]), and a path if it removes or
/// changes the state (SPEC \[G10\]).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CommitFacts {
    /// The leaf of its author, in the old epoch.
    pub(crate) committer: u32,
    /// Whether that leaf is one's own.
    pub(crate) own: bool,
    /// The authenticated data: an encoded `CommitNote`, not decoded here.
    pub(crate) note: Vec<u8>,
    /// Who is added, in the order of the proposals.
    pub(crate) adds: Vec<KeyPackageFacts>,
    /// The leaves removed, of the old epoch, in the order of the proposals, none twice. It may
    /// hold one's own: then the confirmation tag cannot be checked, and there is nothing to merge.
    pub(crate) removes: Vec<u32>,
    /// The new state (extension 0xF0A1), or `None` if it stays. It holds secrets.
    pub(crate) state: Option<Zeroizing<Vec<u8>>>,
    /// The invite or the resync key whose secret entered the key schedule.
    pub(crate) psk: Option<PskId>,
    /// Whether it has an update path.
    pub(crate) path: bool,
    /// What its path puts in place of the committer's encoded `LeafCredential`: not decoded here,
    /// not verified, and not the same as before. `None` if the credential stays (SPEC \[G21\]).
    pub(crate) renamed: Option<Vec<u8>>,
}

impl fmt::Debug for CommitFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { committer, own, note: _, adds, removes, state, psk, path, renamed } = self;
        f.debug_struct("CommitFacts")
            .field("committer", committer)
            .field("own", own)
            .field("adds", adds)
            .field("removes", removes)
            .field("sets_state", &state.is_some())
            .field("psk", psk)
            .field("path", path)
            .field("renames", &renamed.is_some())
            .finish_non_exhaustive()
    }
}

/// A commit to build. With removals, a new state, `rename` or `path` it takes an update path;
/// otherwise, as with a plain Add, none.
#[derive(Clone, Copy, Default)]
pub(crate) struct CommitPlan<'a> {
    /// Encoded KeyPackages to add, as [`Engine::inspect_key_package`] takes them.
    pub(crate) adds: &'a [Vec<u8>],
    /// Leaves to remove, not one's own.
    pub(crate) removes: &'a [u32],
    /// The new state.
    pub(crate) state: Option<&'a [u8]>,
    /// The invite or the resync key of those added and its secret: with `adds`, and only then.
    pub(crate) psk: Option<(PskId, &'a Secret<32>)>,
    /// The encoded `CommitNote`.
    pub(crate) note: &'a [u8],
    /// Take an update path even if nothing asks for one.
    pub(crate) path: bool,
    /// The encoded `LeafCredential` to put in place of that of one's own leaf; its keys stay. All
    /// later commits keep it.
    pub(crate) rename: Option<&'a [u8]>,
}

/// A commit that is built and pending. Its author merges it when it reads it in the log.
pub(crate) struct BuiltCommit {
    /// The encoded MLS PublicMessage, in clear: it may hold a state.
    pub(crate) message: Zeroizing<Vec<u8>>,
    /// For those it adds, if any.
    pub(crate) welcome: Option<BuiltWelcome>,
}

/// What those need whom a commit adds.
pub(crate) struct BuiltWelcome {
    /// The encoded MLS Welcome, one for all.
    pub(crate) welcome: Vec<u8>,
    /// The encoded ratchet tree of the new epoch, in clear.
    pub(crate) tree: Vec<u8>,
    /// The secret of the new epoch to seal the tree under: SPEC \[A9\].
    pub(crate) tree_secret: Secret<32>,
}

/// One member's view of one group. Epochs change at [`merge`](Self::merge) and nowhere else.
pub(crate) trait Engine: Sized + Send {
    /// A prospective member of such a group.
    type Joiner: Joiner<Group = Self>;
    /// A commit that has been read and not merged. Dropping it costs nothing.
    type Staged: Send;

    /// A new group at epoch 0 with one leaf. The MLS group id is `meeting`.
    fn create(
        entropy: &Entropy,
        profile: Profile,
        stay: &Stay,
        meeting: &MeetingId,
        state: &[u8],
    ) -> Result<Self, EngineFault>;

    /// A KeyPackage with its private keys, to be added by.
    fn joiner(
        entropy: &Entropy,
        profile: Profile,
        stay: &Stay,
    ) -> Result<Self::Joiner, EngineFault>;

    /// Reads and fully checks an encoded KeyPackage, without a group.
    fn inspect_key_package(profile: Profile, bytes: &[u8]) -> Result<KeyPackageFacts, EngineFault>;

    /// The current epoch.
    fn epoch(&self) -> u64;

    /// The epoch authenticator (RFC 9420 §8.7).
    fn authenticator(&self) -> [u8; 32];

    /// The index of one's own leaf.
    fn own_leaf(&self) -> u32;

    /// The occupied leaves in ascending order of index.
    fn leaves(&self) -> Vec<Leaf<'_>>;

    /// The group's state: the bytes of the GroupContext extension 0xF0A1.
    fn state(&self) -> &[u8];

    /// MLS-Exporter of the current epoch (RFC 9420 §8.5); `length` in bytes, at most 8,160.
    fn export(
        &self,
        label: &str,
        context: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, EngineFault>;

    /// The key material of one's own leaf.
    fn stay(&self) -> Result<Stay, EngineFault>;

    /// Signs with the key of one's own leaf. `message` begins with a printable ASCII character,
    /// which nothing does that MLS signs.
    fn sign(&self, message: &[u8]) -> [u8; 64];

    /// Replaces the PSKs that commits may name: those of the current state's invites and resync keys.
    /// To be called after each merge and before the next `stage`.
    fn set_psks(&mut self, psks: &[(PskId, &Secret<32>)]) -> Result<(), EngineFault>;

    /// Builds a commit for the current epoch, which is pending from then on.
    fn build(&mut self, plan: &CommitPlan<'_>) -> Result<BuiltCommit, EngineFault>;

    /// Whether a commit of one's own is pending.
    fn has_pending(&self) -> bool;

    /// Forgets the pending commit: only when it has been read in the log and refused, or can
    /// reach the log no more. If it comes back afterwards it is [`StageFault::NotMine`].
    fn drop_pending(&mut self) -> Result<(), EngineFault>;

    /// Reads an MLS PublicMessage with a commit for the current epoch, one's own included, and
    /// changes nothing.
    fn stage(&mut self, message: &[u8]) -> Result<(Self::Staged, CommitFacts), StageFault>;

    /// The whole group as one value: the engine's store, the pending commit, the key of one's own
    /// leaf. It holds secrets.
    fn save(&self) -> Result<Zeroizing<Vec<u8>>, EngineFault>;

    /// The group that [`save`](Self::save) saved. A value of another group or version, and one that
    /// does not hold together, is refused: [`EngineFault::Saved`].
    fn load(
        entropy: &Entropy,
        profile: Profile,
        meeting: &MeetingId,
        saved: &[u8],
    ) -> Result<Self, EngineFault>;

    /// Enters the new epoch. A pending commit of one's own is gone, be it this one or not.
    fn merge(&mut self, staged: Self::Staged) -> Result<(), EngineFault>;
}

/// Who holds a KeyPackage and waits for a Welcome. Nothing here uses the KeyPackage up: a
/// tampered Welcome or tree costs nothing, and the genuine one still works (SPEC \[A5\]).
pub(crate) trait Joiner: Sized + Send {
    /// What joining gives.
    type Group;
    /// A Welcome that has been opened, once for its tree's secret and for joining. Dropping it costs nothing.
    type Opened: Send;

    /// The encoded KeyPackage.
    fn key_package(&self) -> &[u8];

    /// The key material of its leaf.
    fn stay(&self) -> Stay;

    /// Whether this encoded Welcome has a part for this KeyPackage. No proof of anything.
    fn addressed(&self, welcome: &[u8]) -> bool;

    /// Opens an encoded Welcome. Its only PSK is the one given (SPEC \[A6\]).
    fn open(&self, welcome: &[u8], psk: (PskId, &Secret<32>))
    -> Result<Self::Opened, WelcomeFault>;

    /// The secret that the ratchet tree is sealed under (SPEC \[A9\]).
    fn tree_secret(&self, opened: &Self::Opened) -> Result<Secret<32>, WelcomeFault>;

    /// The group, at the epoch of the Welcome, and the leaf there of the Welcome's author, whose
    /// signature holds. The caller still has to verify every certificate and the state (SPEC
    /// \[A7\]), whether it knows the author where it must (SPEC \[A17\]), and that this epoch won (SPEC
    /// \[A8\]).
    fn join(
        &self,
        meeting: &MeetingId,
        opened: Self::Opened,
        tree: &[u8],
    ) -> Result<(Self::Group, u32), WelcomeFault>;
}

/// Why a call of one's own failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EngineFault {
    /// The source of randomness gave nothing.
    #[error("no randomness: nothing can be done safely")]
    NoEntropy,
    /// The KeyPackage is malformed or not as this protocol writes it.
    #[error("the KeyPackage is not acceptable: {0}")]
    KeyPackage(&'static str),
    /// The commit asked for cannot be built.
    #[error("the commit cannot be built: {0}")]
    Plan(&'static str),
    /// A commit is pending: merge it, drop it, or merge another.
    #[error("a commit is pending")]
    Pending,
    /// The staged commit is for another epoch, or its pending original is gone.
    #[error("the staged commit is stale: stage it again")]
    Stale,
    /// The commit removes one's own leaf: there is no epoch to enter.
    #[error("the commit removes this member: there is nothing to merge")]
    Removed,
    /// A saved group is torn, foreign or of another version.
    #[error("the saved group cannot be loaded: {0}")]
    Saved(&'static str),
    /// The engine failed where it should not.
    #[error("the MLS engine failed: {0}")]
    Internal(&'static str),
}

impl From<NoEntropy> for EngineFault {
    fn from(NoEntropy: NoEntropy) -> Self {
        Self::NoEntropy
    }
}

/// Why a message is not a commit to merge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StageFault {
    /// Not exactly one MLS PublicMessage with a commit. Every member sees this alike.
    #[error("not an MLS commit")]
    Malformed,
    /// Of another group (SPEC \[W8\]).
    #[error("of another group")]
    WrongGroup,
    /// For another epoch: too late, or too early.
    #[error("for epoch {epoch}, not the current one")]
    WrongEpoch {
        /// The epoch it is for.
        epoch: u64,
    },
    /// Refused by every member alike: it takes no epoch (SPEC \[G2\]).
    #[error("refused: {reason}")]
    Refused {
        /// The first rule it breaks.
        reason: &'static str,
        /// The leaf of its author, if the signature holds.
        committer: Option<u32>,
    },
    /// Valid for others as far as can be seen, but this member's own part of the path fails.
    /// If the caller's verdict on the facts accepts, it takes the epoch (SPEC \[G3\]).
    #[error("this member cannot read a commit that others can")]
    Unreadable(Box<CommitFacts>),
    /// Signed by one's own leaf, and not the pending commit: somebody else acts with this key, or
    /// one's own former self did whose store was lost. If the caller's verdict on the facts accepts,
    /// it takes the epoch, and cannot be merged here (SPEC \[R7\]).
    #[error("a commit of one's own leaf that one has not made")]
    NotMine(Box<CommitFacts>),
}

/// Why a Welcome did not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WelcomeFault {
    /// Not exactly one MLS Welcome, or the tree not exactly one ratchet tree.
    #[error("malformed Welcome or ratchet tree")]
    Malformed,
    /// No part for this KeyPackage.
    #[error("a Welcome for others")]
    NotAddressed,
    /// Made for another group (SPEC \[W8\]).
    #[error("a Welcome of another group")]
    WrongGroup,
    /// Tampered with, made without this secret, or breaks a rule.
    #[error("Welcome refused: {0}")]
    Refused(&'static str),
    /// Nothing was tried.
    #[error("{0}")]
    Engine(#[from] EngineFault),
}
