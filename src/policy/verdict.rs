//! The verdict on a commit: total, default-deny, and the rule's name where it refuses.

use incamera_wire::{Door, Fingerprint, GroupState, KeyPackageRef, Label, Right, StayId};

use super::derive::{Removal, check_derived};
use super::judge_change::judge_change;
use super::orders::check_orders;
use super::resync::judge_resync;
use super::rights::{label_of, require, require_rank, role_of};
use super::silence::judge_replacement;
use super::state::{PskId, capacity, live_invite};
use crate::error::Rule;

/// A leaf of the tree and who is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occupant {
    /// Leaf index.
    pub(crate) leaf: u32,
    /// This stay in the meeting.
    pub(crate) stay: StayId,
    /// The identity.
    pub(crate) fingerprint: Fingerprint,
    /// The leaf's MLS signature key.
    pub(crate) leaf_key: [u8; 32],
    /// What it says that it is, if it is no person.
    pub(crate) label: Option<Label>,
}

/// Somebody whom a commit adds, the certificate already verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Newcomer {
    /// The reference of its key package.
    pub(crate) reference: KeyPackageRef,
    /// The stay that begins.
    pub(crate) stay: StayId,
    /// The identity.
    pub(crate) fingerprint: Fingerprint,
    /// The leaf's MLS signature key.
    pub(crate) leaf_key: [u8; 32],
}

/// A commit, as far as a verdict looks at it: the MLS layer has refused before what nobody may
/// commit, whatever the state (SPEC \[G4\], \[G5\], \[G10\], \[G14\]).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposed<'a> {
    /// The committer's leaf.
    pub(crate) committer: u32,
    /// Whom it adds.
    pub(crate) adds: &'a [Newcomer],
    /// Which leaves it removes.
    pub(crate) removes: &'a [u32],
    /// Stays whose signed leave events it carries, already verified.
    pub(crate) departed: &'a [StayId],
    /// The new state, if it sets one.
    pub(crate) state: Option<&'a GroupState>,
    /// The invite or the resync key whose secret entered its key schedule.
    pub(crate) psk: Option<PskId>,
    /// Whether its path changes the committer's display name, and the rest of the leaf not.
    pub(crate) renames: bool,
    /// Whether it takes an update path.
    pub(crate) path: bool,
    /// The statements about silent hosts that it carries, already verified: of members of this epoch,
    /// said in this epoch.
    pub(crate) statements: &'a [Statement],
    /// The words of members who come back that it carries, already verified: of members of this epoch.
    pub(crate) rejoins: &'a [Rejoin],
}

/// A member's signed word that a key package shall take the place of its leaf (SPEC \[G26\]). That the
/// new certificate says the same of it, but for the name, has been seen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rejoin {
    /// The stay that ends.
    pub(crate) stay: StayId,
    /// The key package.
    pub(crate) knock: KeyPackageRef,
    /// Whether it comes back under another display name.
    pub(crate) renames: bool,
}

/// Somebody's signed word that it hears nothing of these hosts (SPEC \[G17\]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Whose word.
    pub(crate) author: Fingerprint,
    /// The hosts.
    pub(crate) hosts: Vec<Fingerprint>,
}

/// Everything that a verdict depends on beside the commit: all members have the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// The state of the epoch.
    pub(crate) state: &'a GroupState,
    /// Who is in the epoch, by ascending leaf.
    pub(crate) roster: &'a [Occupant],
    /// The identities that binding removal orders name, all of them in the roster (SPEC \[G16\]).
    pub(crate) orders: &'a [Fingerprint],
}

/// What a commit is for. Each kind stands alone in its commit.
enum Kind<'a> {
    Adds,
    Removes,
    Resync,
    Rename,
    Renewal,
    Replacement(Option<&'a GroupState>),
    Change(&'a GroupState),
}

/// Every field of a commit is named here, so that a new one does not compile before it has a place.
fn kind<'a>(commit: &Proposed<'a>) -> Result<Kind<'a>, Rule> {
    let Proposed {
        committer: _,
        adds,
        removes,
        departed,
        state,
        psk,
        renames,
        path,
        statements,
        rejoins,
    } = *commit;
    let returns = !rejoins.is_empty();
    let parts = (!adds.is_empty(), !removes.is_empty(), returns, renames, !statements.is_empty());
    // SPEC [G4], [G15], [G17], [G21], [G23], [G26]
    let kind = match (parts, state) {
        ((true, false, false, false, false), _) => Kind::Adds,
        ((false, true, false, false, false), _) => Kind::Removes,
        ((true, true, true, false, false), None) => Kind::Resync,
        ((false, false, false, true, false), None) => Kind::Rename,
        ((false, false, false, false, true), state) => Kind::Replacement(state),
        ((false, false, false, false, false), Some(state)) => Kind::Change(state),
        ((false, false, false, false, false), None) if path => Kind::Renewal,
        ((false, false, false, false, false), None) => return Err(Rule::Empty),
        _ => return Err(Rule::Mixed),
    };
    // SPEC [G8]: evidence of a leave is for a removal.
    if (removes.is_empty() || returns) && !departed.is_empty() {
        return Err(Rule::Evidence);
    }
    // SPEC [G7]
    if adds.is_empty() && psk.is_some() {
        return Err(Rule::Psk);
    }
    Ok(kind)
}

/// The verdict on a commit (SPEC \[G4\], \[G6\] to \[G9\], \[G15\] to \[G17\], \[G21\] to \[G23\], \[G26\],
/// \[G27\], \[G30\]).
pub(crate) fn judge(scene: &Scene<'_>, commit: &Proposed<'_>) -> Result<(), Rule> {
    let Scene { state, roster, orders: _ } = *scene;
    // SPEC [G8]
    let committer = at(roster, commit.committer).ok_or(Rule::UnknownCommitter)?;
    let kind = kind(commit)?;
    check_orders(scene, committer, commit)?;
    match kind {
        Kind::Adds => judge_adds(state, roster, committer, commit),
        Kind::Removes => judge_removes(scene, committer, commit),
        Kind::Resync => judge_resync(scene, commit),
        // SPEC [G21]
        Kind::Rename => require(state, committer, Right::RenameSelf),
        // SPEC [G23]: fresh keys are everybody's to give.
        Kind::Renewal => Ok(()),
        Kind::Replacement(new) => judge_replacement(scene, committer, new, commit.statements),
        Kind::Change(new) => judge_change(scene, committer, new),
    }
}

fn judge_adds(
    state: &GroupState,
    roster: &[Occupant],
    committer: &Occupant,
    commit: &Proposed<'_>,
) -> Result<(), Rule> {
    may_add(state, committer)?;
    // SPEC [G30]
    if roster.len().saturating_add(commit.adds.len()) > capacity(state.profile) {
        return Err(Rule::Full);
    }
    // SPEC [G7]
    match commit.psk {
        Some(PskId::Invite(id)) => live_invite(state, id).ok_or(Rule::Psk)?,
        Some(PskId::Resync(_)) | None => return Err(Rule::Psk),
    };
    // SPEC [G9]
    check_derived(state, roster, commit.state, &Removal::default())?;
    for (index, newcomer) in commit.adds.iter().enumerate() {
        let earlier = commit.adds.iter().take(index);
        judge_newcomer(state, roster, earlier, newcomer)?;
    }
    Ok(())
}

/// Whether the door lets a member commit an Add.
pub(crate) fn may_add(state: &GroupState, who: &Occupant) -> Result<(), Rule> {
    // SPEC [G8]: the waiting room is opened from inside only, and a program opens no door.
    match state.door {
        Door::Open if label_of(state, who).is_none() => Ok(()),
        Door::WaitingRoom | Door::Open => require(state, who, Right::Admit),
        Door::Locked => Err(Rule::Locked),
    }
}

/// Whether a member may commit the removals for cause.
pub(crate) fn may_remove(scene: &Scene<'_>, who: &Occupant, removal: &Removal) -> Result<(), Rule> {
    // SPEC [G16]: whom an order names, anybody may remove.
    for gone in removal.for_cause.iter().filter(|gone| !scene.orders.contains(gone)) {
        // SPEC [G8]
        require(scene.state, who, Right::Remove)?;
        // SPEC [G15]
        require_rank(scene.state, who, role_of(scene.state, gone))?;
    }
    Ok(())
}

pub(super) fn judge_newcomer<'a>(
    state: &GroupState,
    roster: &[Occupant],
    mut earlier: impl Iterator<Item = &'a Newcomer>,
    newcomer: &Newcomer,
) -> Result<(), Rule> {
    // SPEC [G6]
    if state.bans.contains(&newcomer.fingerprint) {
        return Err(Rule::Banned);
    }
    // SPEC [G6]
    let taken = |stay: &StayId, key: &[u8; 32]| *stay == newcomer.stay || *key == newcomer.leaf_key;
    if roster.iter().any(|member| taken(&member.stay, &member.leaf_key))
        || earlier.any(|other| taken(&other.stay, &other.leaf_key))
    {
        return Err(Rule::Duplicate);
    }
    Ok(())
}

fn judge_removes(
    scene: &Scene<'_>,
    committer: &Occupant,
    commit: &Proposed<'_>,
) -> Result<(), Rule> {
    let Scene { state, roster, orders: _ } = *scene;
    let removal = removal(roster, committer, commit.removes, commit.departed)?;
    // SPEC [G8]
    if commit.removes.contains(&committer.leaf) {
        return Err(Rule::NoSuchLeaf);
    }
    may_remove(scene, committer, &removal)?;
    // SPEC [G9]
    check_derived(state, roster, commit.state, &removal)
}

/// Who goes, and why: those with a signed leave event depart; of the committer's own identity a leaf
/// goes because it says so, which changes nothing; the others go for cause.
pub(crate) fn removal(
    roster: &[Occupant],
    committer: &Occupant,
    removes: &[u32],
    departed: &[StayId],
) -> Result<Removal, Rule> {
    let mut gone = Vec::with_capacity(removes.len());
    for (index, leaf) in removes.iter().enumerate() {
        let twice = removes.iter().take(index).any(|earlier| earlier == leaf);
        gone.push(at(roster, *leaf).filter(|_| !twice).ok_or(Rule::NoSuchLeaf)?);
    }
    // SPEC [G8]: evidence names leaves that go, each once.
    for (index, stay) in departed.iter().enumerate() {
        let twice = departed.iter().take(index).any(|earlier| earlier == stay);
        if twice || !gone.iter().any(|occupant| occupant.stay == *stay) {
            return Err(Rule::Evidence);
        }
    }
    let stays_on = |fingerprint: &Fingerprint| {
        roster.iter().any(|o| o.fingerprint == *fingerprint && !removes.contains(&o.leaf))
    };
    let mut removal = Removal::default();
    for occupant in gone {
        // SPEC [G27]: whoever removes a leaf of its own identity stays with another.
        let is_own = occupant.fingerprint == committer.fingerprint;
        let leaves_itself = is_own || departed.contains(&occupant.stay);
        match (leaves_itself, stays_on(&occupant.fingerprint)) {
            (false, true) => return Err(Rule::PartialRemoval),
            (false, false) => push_once(&mut removal.for_cause, occupant.fingerprint),
            (true, false) => push_once(&mut removal.departed, occupant.fingerprint),
            (true, true) => {}
        }
    }
    Ok(removal)
}

fn push_once(list: &mut Vec<Fingerprint>, fingerprint: Fingerprint) {
    if !list.contains(&fingerprint) {
        list.push(fingerprint);
    }
}

pub(super) fn at(roster: &[Occupant], leaf: u32) -> Option<&Occupant> {
    roster.iter().find(|occupant| occupant.leaf == leaf)
}
