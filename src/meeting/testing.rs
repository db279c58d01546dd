//! What a modified client posts with its genuine keys if it asks no rule: the attack that every
//! other member has to refuse by itself.

mod secrets;

use incamera_wire::{CommitNote, EventKind, Profile, Role, TrackKinds};
use zeroize::Zeroizing;

use super::client::Meeting;
use super::face::{MemberId, Now};
use super::member::Member;
use super::shared::{Shared, audio_suite, suite};
use crate::error::Error;
use crate::media::testing::{MAX_BASE_KEY_LEN, pair_of};
use crate::media::{Receiver, Sealer};
use crate::mls::{CommitPlan, Engine};
use crate::policy::{self, Change, PskId, Rotation};

pub use secrets::{BareEpoch, MemberSecrets, secrets};

/// Something that a modified client posts although it may not. Every honest client answers with
/// [`Event::Refused`](super::Event::Refused) and goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forgery {
    /// A commit that adds whoever holds this key package, under the first live invite.
    Add {
        /// The encoded key package, as [`key_package`] gives it.
        key_package: Vec<u8>,
    },
    /// A commit that makes its author a host.
    Promotion,
    /// A commit that mutes a member.
    Mute {
        /// Who.
        member: MemberId,
        /// What of it.
        kinds: TrackKinds,
    },
    /// A commit that removes a member for cause.
    Removal {
        /// Who.
        member: MemberId,
    },
    /// An order to remove a member.
    Order {
        /// Who.
        member: MemberId,
    },
    /// The word that the meeting is over.
    End,
}

/// Has the client of `meeting` build, sign, seal and post a forgery without asking the rules. It
/// comes out of [`Meeting::poll`] like anything else.
///
/// # Errors
/// [`Error::UnknownMember`]; [`Error::Refused`] if the state cannot even express it;
/// [`Error::Internal`] while a commit of its own is on its way; those of [`Meeting::chat`].
pub fn forge(meeting: &mut Meeting, forgery: &Forgery, now: Now) -> Result<(), Error> {
    meeting.core.call(now, |shared, member, at| member.forge(shared, forgery, at))
}

/// As [`pair`](crate::testing::pair), in a profile's suites, with base keys that are the first bytes of
/// `key`.
///
/// # Errors
/// None that a caller could cause.
pub fn pair_under(
    profile: Profile,
    short_audio_tags: bool,
    key: &[u8; MAX_BASE_KEY_LEN],
) -> Result<(Sealer, Receiver), Box<dyn core::error::Error>> {
    pair_of(suite(profile), audio_suite(profile).filter(|_| short_audio_tags), key)
}

/// The key package that a joiner knocks with; `None` once it is in or turned away.
#[must_use]
pub fn key_package(meeting: &Meeting) -> Option<Vec<u8>> {
    Some(meeting.core.knocking.as_ref()?.key_package().to_vec())
}

impl<E: Engine> Member<E> {
    fn forge(&mut self, shared: &mut Shared, forgery: &Forgery, now_ms: u64) -> Result<(), Error> {
        self.require_in()?;
        let own = self.own_occupant()?.fingerprint;
        match forgery {
            Forgery::Add { key_package } => self.forge_add(shared, key_package.clone(), now_ms),
            Forgery::Promotion => self.forge_change(shared, &Change::Role(own, Role::Host), now_ms),
            Forgery::Mute { member, kinds } => {
                let who = self.identity_of(*member)?;
                self.forge_change(shared, &Change::Mute(who, *kinds), now_ms)
            }
            Forgery::Removal { member } => self.forge_removal(shared, *member, now_ms),
            Forgery::Order { member } => {
                let who = self.identity_of(*member)?;
                self.order(shared, who, *member, now_ms)
            }
            Forgery::End => self.say(shared, EventKind::End, now_ms),
        }
    }

    fn forge_add(
        &mut self,
        shared: &mut Shared,
        key_package: Vec<u8>,
        now_ms: u64,
    ) -> Result<(), Error> {
        let invite = self.state.invites.first().ok_or(Error::UnknownKnock)?;
        let id = PskId::Invite(policy::invite_id(&invite.secret));
        let secret = invite.secret.duplicate();
        let adds = [key_package];
        let plan = CommitPlan { adds: &adds, psk: Some((id, &secret)), ..CommitPlan::default() };
        self.forge_commit(shared, plan, now_ms)
    }

    fn forge_change(
        &mut self,
        shared: &mut Shared,
        change: &Change,
        now_ms: u64,
    ) -> Result<(), Error> {
        let (own, mut state) = (self.own_occupant()?, self.state.duplicate());
        policy::apply(&mut state, self.roster().occupants(), &own, change)?;
        let state = Zeroizing::new(state.encode());
        let plan = CommitPlan { state: Some(state.as_slice()), ..CommitPlan::default() };
        self.forge_commit(shared, plan, now_ms)
    }

    fn forge_removal(
        &mut self,
        shared: &mut Shared,
        member: MemberId,
        now_ms: u64,
    ) -> Result<(), Error> {
        let who = self.identity_of(member)?;
        let removes: Vec<u32> = self.roster().leaves_of(who).collect();
        let occupants = self.roster().occupants();
        let removal = policy::removal(occupants, &self.own_occupant()?, &removes, &[])?;
        let fresh = || Rotation::fresh(&self.state, &shared.entropy);
        let state = policy::derive(&self.state, occupants, &removal, fresh)?;
        let state = state.map(|state| Zeroizing::new(state.encode()));
        let state = state.as_deref().map(Vec::as_slice);
        let plan = CommitPlan { removes: &removes, state, ..CommitPlan::default() };
        self.forge_commit(shared, plan, now_ms)
    }

    /// Builds and posts, as honest commits are, what no rule was asked about.
    fn forge_commit(
        &mut self,
        shared: &mut Shared,
        plan: CommitPlan<'_>,
        now_ms: u64,
    ) -> Result<(), Error> {
        let log_position = shared.log_position;
        let note = CommitNote { log_position, ..CommitNote::default() }.encode();
        let built = self.group.build(&CommitPlan { note: &note, ..plan });
        let built = built.map_err(|_| Error::Internal("the building of a forgery"))?;
        let posted = self.post(shared, built, now_ms);
        if posted.is_err() {
            let _ = self.group.drop_pending();
        }
        posted
    }
}
