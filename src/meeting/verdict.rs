//! From what the engine reads in a commit to the verdict of the group's rules.

use incamera_wire::{
    CommitNote, EventBody, EventKind, GroupState, KeyPackageRef, MeetingId, SignedEvent, StayId,
};

use super::events;
use super::events::Verified;
use super::roster::{Roster, Seat, VerifiedLeaf};
use crate::error::{Fault, Rule};
use crate::identity::{Certified, verify_certificate};
use crate::mls::{CommitFacts, KeyPackageFacts};
use crate::policy::{self, Newcomer, Proposed, Rejoin, Scene, Statement};

/// A commit that the rules accept.
#[derive(Default)]
pub(super) struct Accepted {
    /// The leaves that go by their own signed word.
    pub(super) departed: Vec<StayId>,
    /// The stays that end and begin of those who come back.
    pub(super) returned: Vec<(StayId, StayId)>,
    /// What the certificates of those who are added say.
    pub(super) newcomers: Vec<VerifiedLeaf>,
}

/// The verdict on a commit: a function of the epoch's state and roster, of the orders in the log
/// and of the commit, so that all members come to the same (SPEC \[G2\]).
pub(super) fn judge(
    scene: &Scene<'_>,
    roster: &Roster,
    meeting: MeetingId,
    epoch: u64,
    facts: &CommitFacts,
) -> Result<Accepted, Fault> {
    let note = CommitNote::decode(&facts.note)?;
    let (mut adds, mut newcomers) = (Vec::new(), Vec::new());
    for KeyPackageFacts { reference, credential, signature_key } in &facts.adds {
        // SPEC [I2], [G6]
        let certified = verify_certificate(credential, meeting, signature_key)
            .map_err(|_| Fault::Refused(Rule::Certificate))?;
        adds.push(newcomer(*reference, *signature_key, &certified));
        let (leaf_key, credential) = (*signature_key, credential.clone());
        newcomers.push(VerifiedLeaf { leaf_key, credential, certified });
    }
    let mut departed = Vec::with_capacity(note.departures.len());
    for evidence in &note.departures {
        departed.push(leaver(evidence, meeting, roster)?);
    }
    let mut statements: Vec<Statement> = Vec::with_capacity(note.statements.len());
    for evidence in &note.statements {
        statements.push(events::statement(evidence, meeting, epoch, roster)?);
    }
    let (mut rejoins, mut returned) = (Vec::new(), Vec::new());
    for evidence in &note.rejoins {
        let Returned { old, knock, .. } = returned_member(evidence, meeting, roster)?;
        let place = adds.iter().position(|add| add.reference == knock);
        let new = place.and_then(|place| newcomers.get(place));
        let other = Fault::Refused(Rule::Rejoin("evidence is for another key package"));
        let new = &new.ok_or(other)?.certified;
        let rejoin = compared(old, knock, new, meeting)?;
        returned.push((rejoin.stay, new.stay));
        rejoins.push(rejoin);
    }
    if let Some(renamed) = &facts.renamed {
        check_rename(renamed, meeting, roster, facts.committer)?;
    }
    let new_state = facts.state.as_ref().map(|state| GroupState::decode(state)).transpose()?;
    let proposed = Proposed {
        committer: facts.committer,
        adds: &adds,
        removes: &facts.removes,
        departed: &departed,
        state: new_state.as_ref(),
        psk: facts.psk,
        renames: facts.renamed.is_some(),
        path: facts.path,
        statements: &statements,
        rejoins: &rejoins,
    };
    policy::judge(scene, &proposed).map_err(Fault::Refused)?;
    Ok(Accepted { departed, returned, newcomers })
}

/// A changed credential differs in its display name alone (SPEC \[G21\]).
fn check_rename(
    credential: &[u8],
    meeting: MeetingId,
    roster: &Roster,
    committer: u32,
) -> Result<(), Fault> {
    let refused = Fault::Refused(Rule::Rename);
    let old = roster.at(committer).ok_or(refused)?;
    let certify = |credential: &[u8]| {
        verify_certificate(credential, meeting, &old.occupant.leaf_key).map_err(|_| refused)
    };
    // SPEC [G21], [I2]: the identity's signature covers all but the name.
    let (old, new) = (certify(&old.credential)?, certify(credential)?);
    let unchanged = Certified { name: new.name.clone(), ..old } == new;
    if unchanged { Ok(()) } else { Err(refused) }
}

/// Whoever holds a key package, as a verdict sees it.
pub(super) fn newcomer(
    reference: KeyPackageRef,
    leaf_key: [u8; 32],
    certified: &Certified,
) -> Newcomer {
    let (stay, fingerprint) = (certified.stay, certified.fingerprint);
    Newcomer { reference, stay, fingerprint, leaf_key }
}

/// A member's signed word that it comes back.
pub(super) struct Returned<'a> {
    /// Its old leaf.
    pub(super) old: &'a Seat,
    /// The key package that shall take the leaf's place.
    pub(super) knock: KeyPackageRef,
    /// The epoch that it could follow last.
    pub(super) epoch: u64,
    /// Of its words the highest counts.
    pub(super) counter: u64,
}

/// Whose signed word this is that it comes back (SPEC \[G26\]).
pub(super) fn returned_member<'a>(
    evidence: &[u8],
    meeting: MeetingId,
    roster: &'a Roster,
) -> Result<Returned<'a>, Fault> {
    let refused = |what| Fault::Refused(Rule::Rejoin(what));
    let signed = SignedEvent::decode(evidence).map_err(|_| refused("evidence does not parse"))?;
    // SPEC [G26], [G11]: stay ids are never used twice, so it is void once its leaf is gone.
    let verified = events::verify(&signed, meeting, roster);
    let Verified { body, author } = verified.map_err(|_| refused("evidence does not verify"))?;
    let EventBody { epoch, counter, kind, .. } = body;
    match kind {
        EventKind::Rejoin { knock } => Ok(Returned { old: author, knock, epoch, counter }),
        _ => Err(refused("evidence says something else")),
    }
}

/// The word of a member whose new certificate says the same of it as the old one, the name aside.
pub(super) fn compared(
    old: &Seat,
    knock: KeyPackageRef,
    new: &Certified,
    meeting: MeetingId,
) -> Result<Rejoin, Fault> {
    let refused = |what| Fault::Refused(Rule::Rejoin(what));
    let before = verify_certificate(&old.credential, meeting, &old.occupant.leaf_key)
        .map_err(|_| refused("evidence does not verify"))?;
    // SPEC [G26], [G18]: nobody takes a label off on the way.
    if before.label != new.label || before.attestation != new.attestation {
        return Err(refused("it changes a label or an attestation"));
    }
    Ok(Rejoin { stay: before.stay, knock, renames: before.name != new.name })
}

/// Whose signed leave event this is (SPEC \[G8\]).
fn leaver(evidence: &[u8], meeting: MeetingId, roster: &Roster) -> Result<StayId, Fault> {
    let refused = Fault::Refused(Rule::Evidence);
    let signed = SignedEvent::decode(evidence).map_err(|_| refused)?;
    // SPEC [G8], [G11]: stay ids are never used twice, so a leave event of an earlier stay of the
    // same person says nothing about this one.
    let verified = events::verify(&signed, meeting, roster).map_err(|_| refused)?;
    match verified.body.kind {
        EventKind::Leave => Ok(verified.body.stay),
        _ => Err(refused),
    }
}
