//! Reading a commit: refused by all, unreadable to this member alone, or ready to merge.

use openmls::framing::{
    ContentType, MlsMessageBodyIn, MlsMessageIn, ProcessedMessage, ProcessedMessageContent,
    ProtocolMessage, PublicMessageIn, Sender,
};
use openmls::group::{ProcessMessageError, StageCommitError, StagedCommit};
use openmls_traits::OpenMlsProvider as _;
use tls_codec::Deserialize as _;

use super::facts::commit_facts;
use super::group::{Group, Staged, StagedKind};
use super::{CommitFacts, Engine as _, StageFault};

/// Reads `message` as a commit for the group's current epoch.
pub(super) fn stage(group: &mut Group, bytes: &[u8]) -> Result<(Staged, CommitFacts), StageFault> {
    let message = parse(bytes)?;
    let committer = check_frame(group, &message)?;
    let Group { mls, provider, .. } = &mut *group;
    let processed = match mls.process_message(provider, message.clone()) {
        Ok(processed) => processed,
        // SPEC [G2]
        Err(ProcessMessageError::InvalidCommit(_)) if is_own_with_other_tags(group, bytes) => {
            return Err(refused("the confirmation tag", Some(committer)));
        }
        Err(ProcessMessageError::InvalidCommit(fault)) => {
            return Err(judge_public_part(group, message, committer, &fault));
        }
        Err(fault) => return Err(refused(reason(&fault), None)),
    };
    let staged_commit = match processed.content() {
        ProcessedMessageContent::StagedCommitMessage(commit) => Some(&**commit),
        ProcessedMessageContent::OwnPendingCommit => group.mls.pending_commit(),
        _ => None,
    };
    let facts = facts(group, staged_commit, committer, processed.aad())?;
    let pending = matches!(processed.content(), ProcessedMessageContent::OwnPendingCommit);
    // SPEC [R7]: without a path it could be merged like anybody's.
    if facts.own && !pending {
        return Err(StageFault::NotMine(Box::new(facts)));
    }
    Ok((Staged { epoch: group.epoch(), commit: kind(group, processed)? }, facts))
}

/// Whether this is one's own pending commit but for its tags, which any member can recompute: the
/// others refuse it for the confirmation tag, which its author cannot come as far as to check.
fn is_own_with_other_tags(group: &Group, bytes: &[u8]) -> bool {
    /// Confirmation and membership tag, each a length byte and 32 bytes (RFC 9420 §6.2).
    const TAGS: usize = 66;
    let Some(own) = &group.pending_message else { return false };
    let content = own.len().checked_sub(TAGS).and_then(|end| own.get(..end));
    own.len() == bytes.len() && content.is_some_and(|content| bytes.starts_with(content))
}

/// Exactly one PublicMessage with a commit.
fn parse(bytes: &[u8]) -> Result<PublicMessageIn, StageFault> {
    match MlsMessageIn::tls_deserialize_exact(bytes).map(MlsMessageIn::extract) {
        Ok(MlsMessageBodyIn::PublicMessage(message))
            if message.content_type() == ContentType::Commit =>
        {
            Ok(message)
        }
        _ => Err(StageFault::Malformed),
    }
}

/// What is to be known before any cryptography: the committer that the message claims.
fn check_frame(group: &Group, message: &PublicMessageIn) -> Result<u32, StageFault> {
    // SPEC [W8]
    if message.group_id() != group.mls.group_id() {
        return Err(StageFault::WrongGroup);
    }
    let epoch = message.epoch().as_u64();
    if epoch != group.epoch() {
        return Err(StageFault::WrongEpoch { epoch });
    }
    // SPEC [G4]
    match message.sender() {
        Sender::Member(committer) => Ok(committer.u32()),
        _ => Err(refused("a commit by a non-member", None)),
    }
}

fn kind(group: &Group, processed: ProcessedMessage) -> Result<StagedKind, StageFault> {
    match processed.into_content() {
        ProcessedMessageContent::StagedCommitMessage(commit) => Ok(StagedKind::Read(commit)),
        _ => {
            let pending = group.mls.pending_commit().and_then(StagedCommit::epoch_authenticator);
            let pending = pending.ok_or_else(|| refused("not a commit", None))?;
            Ok(StagedKind::Own { authenticator: pending.as_slice().to_vec() })
        }
    }
}

fn facts(
    group: &Group,
    commit: Option<&StagedCommit>,
    committer: u32,
    note: &[u8],
) -> Result<CommitFacts, StageFault> {
    let refused = |reason| refused(reason, Some(committer));
    let commit = commit.ok_or_else(|| refused("not a commit"))?;
    let crypto = group.provider.crypto();
    let mut facts =
        commit_facts(crypto, group.mls.public_group(), commit, committer, note).map_err(refused)?;
    // SPEC [G7]: also where the engine did not come as far as the key schedule.
    if facts.psk.is_some_and(|psk| !group.knows_psk(psk)) {
        return Err(refused("a PSK of no live invite"));
    }
    facts.own = committer == group.own_leaf();
    Ok(facts)
}

/// A commit with a good signature and membership tag failed. The tag and the PSK come after the
/// path, so their failures are seen by all; whatever else the public part does not explain lies
/// in what was sealed to this member (SPEC \[G3\]).
fn judge_public_part(
    group: &Group,
    message: PublicMessageIn,
    committer: u32,
    fault: &StageCommitError,
) -> StageFault {
    let refused = |reason| refused(reason, Some(committer));
    match fault {
        // SPEC [G2]
        StageCommitError::ConfirmationTagMismatch => return refused("the confirmation tag"),
        StageCommitError::PskError(_) => return refused("a PSK of no live invite"),
        _ => {}
    }
    let public = group.mls.public_group();
    let message = ProtocolMessage::from(message);
    // It does not check the membership tag: the group has done so before it came to the path.
    let Ok(processed) = public.process_message(group.provider.crypto(), message) else {
        return refused("an invalid commit");
    };
    let commit = match processed.content() {
        ProcessedMessageContent::StagedCommitMessage(commit) => Some(&**commit),
        _ => None,
    };
    match facts(group, commit, committer, processed.aad()) {
        // SPEC [R7]
        Ok(facts) if facts.own => StageFault::NotMine(Box::new(facts)),
        // SPEC [G3]
        Ok(facts) => StageFault::Unreadable(Box::new(facts)),
        Err(fault) => fault,
    }
}

fn refused(reason: &'static str, committer: Option<u32>) -> StageFault {
    StageFault::Refused { reason, committer }
}

fn reason<E>(fault: &ProcessMessageError<E>) -> &'static str {
    use openmls::group::ValidationError as Invalid;
    match fault {
        ProcessMessageError::ValidationError(Invalid::InvalidSignature) => "the signature",
        ProcessMessageError::ValidationError(
            Invalid::InvalidMembershipTag | Invalid::MissingMembershipTag,
        ) => "the membership tag",
        ProcessMessageError::ValidationError(Invalid::UnknownMember) => "no such member",
        _ => "an invalid message",
    }
}
