//! Verdicts on commits that are given as data, for vectors, and the proof of a passcode in single steps.

use incamera_wire::{
    Challenge, Fingerprint, GroupState, InviteId, KeyPackageRef, Label, MailboxId, MeetingId,
    SecretText, StayId,
};

use crate::admission::{PasscodeFault, PasscodeRun, Prover, Verifier};
use crate::entropy::Entropy;
use crate::error::{Error, Rule};
use crate::meeting::inside::HostilePsk;
use crate::policy::{
    self, Newcomer, Occupant, Proposed, PskId, Rejoin, Rotation, Scene, Statement,
};

/// A leaf and who is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupied {
    /// Its index.
    pub leaf: u32,
    /// The stay.
    pub stay: StayId,
    /// The identity.
    pub fingerprint: Fingerprint,
    /// The Ed25519 key of the leaf.
    pub leaf_key: [u8; 32],
    /// What it says that it is.
    pub label: Option<Label>,
}

/// Somebody whom a commit adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its key package.
    pub reference: KeyPackageRef,
    /// The stay.
    pub stay: StayId,
    /// The identity.
    pub fingerprint: Fingerprint,
    /// The Ed25519 key of the leaf.
    pub leaf_key: [u8; 32],
}

/// A commit as a verdict sees it, all evidence verified.
#[derive(Default, PartialEq, Eq)]
pub struct Proposal {
    /// The leaf of its author.
    pub committer: u32,
    /// Whom it adds.
    pub adds: Vec<Added>,
    /// The leaves that it removes.
    pub removes: Vec<u32>,
    /// Stays that say in it that they leave.
    pub departed: Vec<StayId>,
    /// The state that it sets.
    pub state: Option<GroupState>,
    /// The PSK that it names; its secret does not count.
    pub psk: Option<HostilePsk>,
    /// Whether its path changes the author's name.
    pub renames: bool,
    /// Whether it has a path.
    pub path: bool,
    /// Who calls which hosts silent in it.
    pub statements: Vec<(Fingerprint, Vec<Fingerprint>)>,
    /// Which stays come back in it, by which key package, and whether under another name.
    pub rejoins: Vec<(StayId, KeyPackageRef, bool)>,
}

fn occupant(of: &Occupied) -> Occupant {
    let Occupied { leaf, stay, fingerprint, leaf_key, label } = *of;
    Occupant { leaf, stay, fingerprint, leaf_key, label }
}

/// The verdict on a commit (SPEC 7.4).
///
/// # Errors
/// The rule that it breaks.
pub fn judge(
    state: &GroupState,
    roster: &[Occupied],
    orders: &[Fingerprint],
    proposal: &Proposal,
) -> Result<(), Rule> {
    let roster: Vec<_> = roster.iter().map(occupant).collect();
    let newcomer = |of: &Added| {
        let Added { reference, stay, fingerprint, leaf_key } = *of;
        Newcomer { reference, stay, fingerprint, leaf_key }
    };
    let adds: Vec<_> = proposal.adds.iter().map(newcomer).collect();
    let statement = |(author, hosts): &(Fingerprint, Vec<Fingerprint>)| Statement {
        author: *author,
        hosts: hosts.clone(),
    };
    let statements: Vec<_> = proposal.statements.iter().map(statement).collect();
    let rejoin = |&(stay, knock, renames): &_| Rejoin { stay, knock, renames };
    let rejoins: Vec<_> = proposal.rejoins.iter().map(rejoin).collect();
    let psk = |psk: &HostilePsk| match psk.resync {
        true => PskId::Resync(psk.id),
        false => PskId::Invite(psk.id),
    };
    let proposed = Proposed {
        committer: proposal.committer,
        adds: &adds,
        removes: &proposal.removes,
        departed: &proposal.departed,
        state: proposal.state.as_ref(),
        psk: proposal.psk.as_ref().map(psk),
        renames: proposal.renames,
        path: proposal.path,
        statements: &statements,
        rejoins: &rejoins,
    };
    policy::judge(&Scene { state, roster: &roster, orders }, &proposed)
}

/// Whether a removal order binds (SPEC \[G16\]).
///
/// # Errors
/// Why it is void.
pub fn order_binds(
    state: &GroupState,
    roster: &[Occupied],
    orders: &[Fingerprint],
    author: &Occupied,
    (target, stay): (Fingerprint, StayId),
) -> Result<(), Rule> {
    let roster: Vec<_> = roster.iter().map(occupant).collect();
    let scene = Scene { state, roster: &roster, orders };
    policy::order_binds(&scene, &occupant(author), &target, stay)
}

/// The state that follows from the removals of a proposal (SPEC 7.5), with fresh secrets from a seed; `None` if it
/// does not change.
///
/// # Errors
/// The rule that the removals break.
pub fn derived(
    seed: [u8; 32],
    state: &GroupState,
    roster: &[Occupied],
    proposal: &Proposal,
) -> Result<Option<GroupState>, Rule> {
    let roster: Vec<_> = roster.iter().map(occupant).collect();
    let committer = roster.iter().find(|one| one.leaf == proposal.committer);
    let committer = committer.ok_or(Rule::UnknownCommitter)?;
    let removal = policy::removal(&roster, committer, &proposal.removes, &proposal.departed)?;
    let entropy = Entropy::seeded(seed);
    let derived = policy::derive(state, &roster, &removal, || Rotation::fresh(state, &entropy));
    derived.map_err(|_| Rule::State("no randomness"))
}

/// The hosts of a state replaced, as `committer` commits it (SPEC \[G17\]).
///
/// # Errors
/// The rule that forbids it.
pub fn replaced(
    state: &GroupState,
    roster: &[Occupied],
    committer: &Occupied,
) -> Result<GroupState, Rule> {
    let roster: Vec<_> = roster.iter().map(occupant).collect();
    let mut next = state.duplicate();
    policy::apply(&mut next, &roster, &occupant(committer), &policy::Change::ReplaceHosts)?;
    Ok(next)
}

/// What a joiner finds wrong with a state (SPEC \[A7\], \[G22\]).
///
/// # Errors
/// What contradicts itself.
pub fn validate(state: &GroupState) -> Result<(), &'static str> {
    policy::validate(state, state.profile)
}

/// What a proof of a passcode is bound to (SPEC \[A11\]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasscodeBinding {
    /// The meeting.
    pub meeting: MeetingId,
    /// The invite.
    pub invite: InviteId,
    /// The reference of the key package that knocks.
    pub knock: KeyPackageRef,
    /// Where answers go.
    pub mailbox: MailboxId,
}

impl PasscodeBinding {
    fn run(self) -> PasscodeRun {
        let Self { meeting, invite, knock, mailbox } = self;
        PasscodeRun { meeting, invite, knock, mailbox }
    }
}

/// The knocker's share, whose scalar is the first 64 bytes of the seeded stream (ChaCha20 under the seed).
///
/// # Errors
/// None that a caller could cause.
pub fn passcode_share(
    seed: [u8; 32],
    passcode: &str,
    binding: PasscodeBinding,
) -> Result<[u8; 32], Error> {
    let passcode = SecretText::new(passcode);
    Ok(Prover::start(&Entropy::seeded(seed), &passcode, &binding.run())?.1)
}

/// The knocker's answer to a challenge; `None` if the admitter has not shown that it knows the passcode.
///
/// # Errors
/// None that a caller could cause.
pub fn passcode_tag(
    seed: [u8; 32],
    passcode: &str,
    binding: PasscodeBinding,
    challenge: &Challenge,
) -> Result<Option<[u8; 64]>, Error> {
    let passcode = SecretText::new(passcode);
    let (prover, _) = Prover::start(&Entropy::seeded(seed), &passcode, &binding.run())?;
    Ok(prover.finish(challenge).ok())
}

/// The admitter's side, whose scalar is as that of [`passcode_share`]: its challenge, and whether it takes a tag as
/// the proof. `None` for a share that cannot be one.
///
/// # Errors
/// None that a caller could cause.
pub fn passcode_challenge(
    seed: [u8; 32],
    passcode: &str,
    binding: PasscodeBinding,
    share: &[u8; 32],
    (admitter, tag): (StayId, &[u8; 64]),
) -> Result<Option<(Challenge, bool)>, Error> {
    let (entropy, passcode) = (Entropy::seeded(seed), SecretText::new(passcode));
    match Verifier::answer(&entropy, &passcode, &binding.run(), share, admitter) {
        Ok((verifier, challenge)) => Ok(Some((challenge, verifier.confirm(tag).is_ok()))),
        Err(PasscodeFault::BadShare) => Ok(None),
        Err(PasscodeFault::NoEntropy) => Err(Error::NoEntropy),
    }
}
