//! Members that could follow no more, as the others see them: their knocks are read by everybody, and
//! one commit puts each one's new leaf in the place of its old one (SPEC \[A16\], \[G26\]).

use std::collections::BTreeMap;

use incamera_wire::{InviteId, Knock, StayId};

use super::intents::{Batch, MAX_RETURNING};
use super::member::Member;
use super::roster::Roster;
use super::shared::Shared;
use super::verdict::{self, Returned};
use crate::admission::{FRESHNESS, OpenedKnock, open_knock};
use crate::error::{Error, Fault, Rule};
use crate::identity::verify_certificate;
use crate::mls::Engine;
use crate::policy::{self, Newcomer, Proposed, PskId, Rejoin};

/// How much later each next leaf brings somebody back, in milliseconds.
const RETURN_STAGGER_MS: u64 = 1_000;
/// The longest that any member waits to bring somebody back, in milliseconds.
const RETURN_LATEST_MS: u64 = 10_000;

/// A member on its way back.
pub(super) struct Returning {
    /// The resync key of its knock.
    pub(super) key: InviteId,
    pub(super) key_package: Vec<u8>,
    /// Whoever holds the key package.
    pub(super) newcomer: Newcomer,
    /// Its word, verified, and as it was signed.
    pub(super) rejoin: Rejoin,
    pub(super) evidence: Vec<u8>,
    /// The word's counter: the highest counts.
    pub(super) counter: u64,
    /// When this member commits it, if nobody else has.
    pub(super) not_before: u64,
}

/// In which epoch each member was here at the latest, as far as this one knows: who comes back takes no
/// Welcome from those who came after it could follow last (SPEC \[A17\]).
#[derive(Default)]
pub(super) struct Arrivals(BTreeMap<StayId, u64>);

impl Arrivals {
    /// Forgets those who are gone and notes the others. What is kept is bounded by the roster.
    pub(super) fn settle(&mut self, roster: &Roster, epoch: u64) {
        roster.settle(&mut self.0, || epoch);
    }

    /// Whether a member was here in this epoch for certain.
    fn was_here(&self, stay: StayId, epoch: u64) -> bool {
        self.0.get(&stay).is_some_and(|since| *since <= epoch)
    }
}

impl<E: Engine> Member<E> {
    /// Reads the knock of a member that comes back, whatever the door says.
    pub(super) fn read_rejoin(
        &mut self,
        shared: &mut Shared,
        knock: &Knock,
        now_ms: u64,
    ) -> Result<(), Fault> {
        if self.require_in().is_err() {
            return Ok(());
        }
        // SPEC [W8]
        if knock.meeting != shared.meeting {
            return Err(Fault::OtherMeeting);
        }
        let key = policy::live_resync_key(&self.state, knock.invite).ok_or(Fault::DeadInvite)?;
        // SPEC [A2], [A16]
        let OpenedKnock { content, .. } = open_knock(&key.lobby_key, &key.secret, knock)?;
        let facts = E::inspect_key_package(shared.profile, &content.key_package)
            .map_err(|_| Fault::Certificate)?;
        // SPEC [A3], [I2]
        let certified = verify_certificate(&facts.credential, shared.meeting, &facts.signature_key)
            .map_err(|_| Fault::Certificate)?;
        if self.roster().of(certified.stay).is_some() {
            return self.send_tree_again(shared, facts.reference);
        }
        // SPEC [A16], [A4]
        if content.log_position.abs_diff(shared.log_position) > FRESHNESS {
            return Err(Fault::StaleKnock);
        }
        let none = Fault::Refused(Rule::Rejoin("there is no evidence"));
        let evidence = content.rejoin.ok_or(none)?;
        // SPEC [A16]
        let returned = verdict::returned_member(&evidence, shared.meeting, self.roster())?;
        let Returned { old, knock: named, epoch, counter } = returned;
        let rejoin = verdict::compared(old, named, &certified, shared.meeting)?;
        if self.intents.orders_out(&old.occupant.fingerprint) {
            return Err(Fault::Refused(Rule::OrderedOut));
        }
        let newcomer = verdict::newcomer(facts.reference, facts.signature_key, &certified);
        self.judge_return(knock.invite, &newcomer, rejoin, old.occupant.leaf)
            .map_err(Fault::Refused)?;
        // SPEC [A17]: it would refuse the Welcome of somebody whom it does not know.
        if !self.arrivals.was_here(self.stay, epoch) {
            return Ok(());
        }
        let not_before = now_ms.saturating_add(self.return_after(rejoin.stay, epoch));
        let (key, key_package) = (knock.invite, content.key_package);
        self.keep_returning(Returning {
            key,
            key_package,
            newcomer,
            rejoin,
            evidence,
            counter,
            not_before,
        })
    }

    /// The verdict on a commit that brings back this one alone, once no order binds.
    fn judge_return(
        &self,
        key: InviteId,
        newcomer: &Newcomer,
        rejoin: Rejoin,
        leaf: u32,
    ) -> Result<(), Rule> {
        let proposed = Proposed {
            committer: self.group.own_leaf(),
            adds: std::slice::from_ref(newcomer),
            removes: &[leaf],
            departed: &[],
            state: None,
            psk: Some(PskId::Resync(key)),
            renames: false,
            path: true,
            statements: &[],
            rejoins: &[rejoin],
        };
        policy::judge(&self.scene(&[]), &proposed)
    }

    /// How long this member leaves it to those before it to bring somebody back, in milliseconds.
    fn return_after(&self, stay: StayId, epoch: u64) -> u64 {
        let comes_back = |other: StayId| {
            other == stay || self.intents.returning.iter().any(|one| one.rejoin.stay == other)
        };
        let rank = self.rank(|seat| {
            let member = seat.occupant.stay;
            !comes_back(member) && self.arrivals.was_here(member, epoch)
        });
        RETURN_STAGGER_MS.saturating_mul(rank).min(RETURN_LATEST_MS)
    }

    /// Keeps a member's latest word, within bounds. A retry does not start its wait anew.
    fn keep_returning(&mut self, new: Returning) -> Result<(), Fault> {
        let all = &mut self.intents.returning;
        let full = all.len() >= MAX_RETURNING;
        match all.iter_mut().find(|one| one.rejoin.stay == new.rejoin.stay) {
            Some(known) if new.counter <= known.counter => {}
            Some(known) => {
                let not_before = known.not_before;
                *known = Returning { not_before, ..new };
            }
            None if full => return Err(Fault::Full),
            None => all.push(new),
        }
        Ok(())
    }

    /// Refuses a batch of members that come back as the others would.
    pub(super) fn may_bring_back(&self, batch: &Batch, key: InviteId) -> Result<(), Error> {
        let returning = self.intents.returning.iter();
        let chosen: Vec<_> =
            returning.filter(|one| batch.rejoins.contains(&one.evidence)).collect();
        let adds: Vec<_> = chosen.iter().map(|one| one.newcomer.clone()).collect();
        let rejoins: Vec<_> = chosen.iter().map(|one| one.rejoin).collect();
        let proposed = Proposed {
            committer: self.group.own_leaf(),
            adds: &adds,
            removes: &batch.removes,
            departed: &[],
            state: None,
            psk: Some(PskId::Resync(key)),
            renames: false,
            path: true,
            statements: &[],
            rejoins: &rejoins,
        };
        Ok(policy::judge(&self.scene(&self.intents.ordered()), &proposed)?)
    }

    /// Removes another leaf of the caller's own identity (SPEC \[G27\]).
    pub(super) fn remove_device(
        &mut self,
        shared: &mut Shared,
        member: StayId,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        let own = self.own_occupant()?;
        if member == own.stay {
            return Err(Error::Argument("this is this very client: call `leave`"));
        }
        // SPEC [G27]
        if self.identity_of(member)? != own.fingerprint {
            return Err(Error::Argument("this member has another identity: call `remove`"));
        }
        if !self.intents.devices.contains(&member) {
            self.intents.devices.push(member);
        }
        let committed = self.commit_due(shared, now_ms);
        if committed.is_err() {
            self.intents.devices.retain(|device| *device != member);
        }
        committed
    }
}
