//! Tests of the engine, by topic, and what they share.

mod conformance;
mod flow;
mod hostile;
mod joining;
mod mutated;
mod primitives;
mod profiles;
mod refused;
mod renamed;
mod rogue;
mod saved;
mod sizes;
mod trees;
mod unreadable;

use std::sync::Arc;

use incamera_wire::InviteId;

use super::welcome::Candidate;
use super::*;
use crate::entropy::Entropy;
use crate::secret::Secret;

pub(super) const MEETING: MeetingId = MeetingId::new([0x11; 16]);
pub(super) const INVITE: PskId = PskId::Invite(InviteId::new([0x22; 16]));
pub(super) const STATE: &[u8] = b"state 0";
/// The suite of the profile that most tests use.
pub(super) const SUITE: openmls_traits::types::Ciphersuite = suite::suite_of(Profile::Standard);

/// The link secret of [`INVITE`].
pub(super) fn link() -> Secret<32> {
    Secret::filled(|bytes| *bytes = [0x33; 32])
}

pub(super) fn entropy(seed: u8) -> Entropy {
    Entropy::seeded([seed; 32])
}

pub(super) fn stay(seed: u8) -> Stay {
    let signing_key = Arc::new(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]));
    Stay { signing_key, credential: vec![seed; 8] }
}

pub(super) fn create(seed: u8) -> Group {
    create_of(Profile::Standard, seed)
}

pub(super) fn create_of(profile: Profile, seed: u8) -> Group {
    let mut group = Group::create(&entropy(seed), profile, &stay(seed), &MEETING, STATE).unwrap();
    group.set_psks(&[(INVITE, &link())]).unwrap();
    group
}

pub(super) fn candidate(seed: u8) -> Candidate {
    candidate_of(Profile::Standard, seed)
}

pub(super) fn candidate_of(profile: Profile, seed: u8) -> Candidate {
    Group::joiner(&entropy(seed), profile, &stay(seed)).unwrap()
}

/// A plan to add these KeyPackages under [`INVITE`].
pub(super) fn adding<'a>(adds: &'a [Vec<u8>], link: &'a Secret<32>) -> CommitPlan<'a> {
    CommitPlan { adds, psk: Some((INVITE, link)), note: b"note", ..CommitPlan::default() }
}

pub(super) fn removing(removes: &[u32]) -> CommitPlan<'_> {
    CommitPlan { removes, note: b"note", ..CommitPlan::default() }
}

pub(super) fn renewing() -> CommitPlan<'static> {
    CommitPlan { path: true, note: b"note", ..CommitPlan::default() }
}

/// A plan that only puts this credential into one's own leaf.
pub(super) fn renaming(credential: &[u8]) -> CommitPlan<'_> {
    CommitPlan { rename: Some(credential), note: b"note", ..CommitPlan::default() }
}

/// What a Welcome and its tree lead to.
pub(super) fn open_and_join<J: Joiner>(
    joiner: &J,
    meeting: &MeetingId,
    welcome: &[u8],
    tree: &[u8],
    psk: (PskId, &Secret<32>),
) -> Result<(J::Group, u32), WelcomeFault> {
    joiner.join(meeting, joiner.open(welcome, psk)?, tree)
}

/// The secret of the tree beside a Welcome.
pub(super) fn tree_secret_of<J: Joiner>(
    joiner: &J,
    welcome: &[u8],
    psk: (PskId, &Secret<32>),
) -> Result<Secret<32>, WelcomeFault> {
    joiner.tree_secret(&joiner.open(welcome, psk)?)
}

pub(super) fn join(candidate: &Candidate, built: &BuiltCommit) -> Group {
    let welcome = built.welcome.as_ref().unwrap();
    let psk = (INVITE, &link());
    let (mut group, _) =
        open_and_join(candidate, &MEETING, &welcome.welcome, &welcome.tree, psk).unwrap();
    group.set_psks(&[(INVITE, &link())]).unwrap();
    group
}

/// Stages and merges `message` in each group, and gives the facts, which agree but for `own`.
pub(super) fn merge_all(groups: &mut [Group], message: &[u8]) -> CommitFacts {
    let mut seen: Option<CommitFacts> = None;
    for group in groups {
        let (staged, mut facts) = group.stage(message).unwrap();
        assert_eq!(facts.own, facts.committer == group.own_leaf());
        facts.own = false;
        group.merge(staged).unwrap();
        assert_eq!(*seen.get_or_insert_with(|| facts.clone()), facts);
    }
    seen.unwrap()
}

/// Members with seeds and leaves 1, 2... in one group.
pub(super) fn meeting(size: u8) -> Vec<Group> {
    meeting_of(Profile::Standard, size)
}

pub(super) fn meeting_of(profile: Profile, size: u8) -> Vec<Group> {
    let mut groups = vec![create_of(profile, 1)];
    for seed in 2..=size {
        let joiner = candidate_of(profile, seed);
        let adds = [joiner.key_package().to_vec()];
        let built = groups[0].build(&adding(&adds, &link())).unwrap();
        merge_all(&mut groups, &built.message);
        groups.push(join(&joiner, &built));
    }
    agree(&groups);
    groups
}

/// All groups are in the same epoch with the same secrets.
pub(super) fn agree(groups: &[Group]) {
    fn view(group: &Group) -> impl PartialEq {
        let exported = group.export("SFrame 1.0 Base Key", b"", 16).unwrap();
        (group.epoch(), group.authenticator(), group.leaves(), group.state(), exported)
    }
    let first = view(&groups[0]);
    for group in groups {
        assert!(view(group) == first);
    }
}

/// All that a failed call must leave as it was.
pub(super) fn trace(group: &Group) -> impl PartialEq + std::fmt::Debug + use<> {
    use openmls_traits::OpenMlsProvider as _;
    let aad = group.mls.aad().to_vec();
    (
        group.provider.storage().digest(),
        aad,
        group.epoch(),
        group.authenticator(),
        group.has_pending(),
    )
}

/// Why `stage` refused; panics if it did not.
pub(super) fn refusal(group: &mut Group, message: &[u8]) -> (&'static str, Option<u32>) {
    let before = trace(group);
    let fault = group.stage(message).err();
    assert_eq!(trace(group), before);
    match fault {
        Some(StageFault::Refused { reason, committer }) => (reason, committer),
        fault => panic!("not refused but {fault:?}"),
    }
}
