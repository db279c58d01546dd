//! From what the engine reads in a commit to the verdict of the group's rules.

use incamera_wire::{CommitNote, EventKind, GroupState, MeetingId, SignedEvent, StayId};

use super::events;
use super::roster::Roster;
use crate::error::{Fault, Rule};
use crate::identity::{Certified, verify_certificate};
use crate::mls::{CommitFacts, KeyPackageFacts};
use crate::policy::{self, Newcomer, Proposed, Scene, Statement};

/// A commit that the rules accept.
pub(super) struct Accepted {
    /// The leaves that go by their own signed word.
    pub(super) departed: Vec<StayId>,
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
    let mut adds = Vec::with_capacity(facts.adds.len());
    for KeyPackageFacts { credential, signature_key, .. } in &facts.adds {
        // SPEC [I2], [G6]
        let certified = verify_certificate(credential, meeting, signature_key)
            .map_err(|_| Fault::Refused(Rule::Certificate))?;
        let (stay, fingerprint) = (certified.stay, certified.fingerprint);
        adds.push(Newcomer { stay, fingerprint, leaf_key: *signature_key });
    }
    let mut departed = Vec::with_capacity(note.departures.len());
    for evidence in &note.departures {
        departed.push(leaver(evidence, meeting, roster)?);
    }
    let mut statements: Vec<Statement> = Vec::with_capacity(note.statements.len());
    for evidence in &note.statements {
        statements.push(events::statement(evidence, meeting, epoch, roster)?);
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
    };
    policy::judge(scene, &proposed).map_err(Fault::Refused)?;
    Ok(Accepted { departed })
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
