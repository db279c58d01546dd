//! What hosts and their helpers do: the face of every power over the room. What is asked for is
//! judged at once by the rules that every member applies, kept until the group's state shows it, and
//! tried again after a lost race.

use incamera_wire::{DenyReason, Door, Fingerprint, Label, RelayEntry, Rights, Role, TrackKinds};

use super::client::Meeting;
use super::face::{KnockId, MemberId, Now};
use super::settings::checked_passcode;
use crate::error::Error;
use crate::policy::Change;

impl Meeting {
    /// Lets somebody in who knocks. [`Event::Added`](super::Event::Added) tells when it is done.
    ///
    /// # Errors
    /// [`Error::MissingRight`], [`Error::UnknownKnock`], [`Error::NotJoined`], [`Error::Broken`],
    /// [`Error::Ended`], [`Error::NoEntropy`], [`Error::Internal`].
    pub fn admit(&mut self, knock: KnockId, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, member, at| member.admit(shared, knock, at))
    }

    /// Lets everybody in who knocks, but for those who were asked for a passcode and have not proved
    /// it.
    ///
    /// # Errors
    /// As [`admit`](Self::admit), but for [`Error::UnknownKnock`].
    pub fn admit_all(&mut self, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, member, at| member.admit_all(shared, at))
    }

    /// Turns somebody away who knocks, with a reason.
    ///
    /// # Errors
    /// [`Error::MissingRight`], [`Error::UnknownKnock`], [`Error::NotJoined`], [`Error::Broken`],
    /// [`Error::Ended`], [`Error::NoEntropy`], [`Error::Internal`].
    pub fn deny(&mut self, knock: KnockId, reason: DenyReason, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, member, _| member.deny(shared, knock, reason))
    }

    /// Removes the identity behind a member for cause, with all of its stays: it is banned, and
    /// every link and the lobby's key are replaced in the same commit (SPEC 7.5). Links that were
    /// given out before no longer work.
    ///
    /// # Errors
    /// [`Error::MissingRight`], [`Error::UnknownMember`], [`Error::Argument`] (oneself),
    /// [`Error::Refused`],
    /// [`Error::NotJoined`], [`Error::Broken`], [`Error::Ended`], [`Error::NoEntropy`],
    /// [`Error::Internal`].
    pub fn remove(&mut self, member: MemberId, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.remove(shared, member, at))
    }

    /// Leaves. Nothing is sealed or opened from here on; keep driving until
    /// [`Event::Left`](super::Event::Left), so that the others have the signed word.
    ///
    /// # Errors
    /// [`Error::Ended`], [`Error::NoEntropy`].
    pub fn leave(&mut self, now: Now) -> Result<(), Error> {
        self.core.leave(now)
    }

    /// Ends the meeting for everyone, once [`Event::Ended`](super::Event::Ended) comes.
    ///
    /// # Errors
    /// [`Error::MissingRight`], [`Error::NotJoined`], [`Error::Broken`], [`Error::Ended`],
    /// [`Error::NoEntropy`].
    pub fn end(&mut self, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, member, at| member.end(shared, at))
    }

    /// Has people wait, opens the door to whoever has the link, or locks it for everyone.
    ///
    /// # Errors
    /// [`Error::MissingRight`], [`Error::Refused`]; [`Error::NotJoined`], [`Error::Broken`],
    /// [`Error::Ended`], [`Error::NoEntropy`], [`Error::Internal`].
    pub fn set_door(&mut self, door: Door, now: Now) -> Result<(), Error> {
        self.change(Change::Door(door), now)
    }

    /// Gives an identity a role, whether or not it is here. Without further exceptions it has that
    /// role's rights.
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn set_role(&mut self, who: Fingerprint, role: Role, now: Now) -> Result<(), Error> {
        self.change(Change::Role(who, role), now)
    }

    /// Makes another member host, and the caller, if it is one, a co-host.
    ///
    /// # Errors
    /// [`Error::UnknownMember`]; those of [`set_door`](Self::set_door).
    pub fn transfer_host(&mut self, member: MemberId, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| {
            let who = own.identity_of(member)?;
            own.change(shared, Change::TransferHost(who), at)
        })
    }

    /// Says what a role may do. A host may do everything always.
    ///
    /// # Errors
    /// [`Error::Argument`] for [`Role::Host`]; those of [`set_door`](Self::set_door).
    pub fn set_role_rights(&mut self, role: Role, rights: Rights, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| {
            let mut all = own.state.rights;
            match role {
                Role::Host => return Err(Error::Argument("a host has every right always")),
                Role::CoHost => all.co_host = rights,
                Role::Presenter => all.presenter = rights,
                Role::Attendee => all.attendee = rights,
            }
            own.change(shared, Change::RoleRights(all), at)
        })
    }

    /// Gives a member's identity rights beyond those of its role, and withholds others.
    ///
    /// # Errors
    /// [`Error::UnknownMember`]; those of [`set_door`](Self::set_door).
    pub fn set_exceptions(
        &mut self,
        member: MemberId,
        granted: Rights,
        withheld: Rights,
        now: Now,
    ) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| {
            let who = own.identity_of(member)?;
            own.change(shared, Change::Exceptions(who, granted, withheld), at)
        })
    }

    /// Says what a member's identity is, if it is no person: its rights narrow accordingly.
    ///
    /// # Errors
    /// [`Error::UnknownMember`]; those of [`set_door`](Self::set_door).
    pub fn set_label(
        &mut self,
        member: MemberId,
        label: Option<Label>,
        now: Now,
    ) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| {
            let who = own.identity_of(member)?;
            own.change(shared, Change::Label(who, label), at)
        })
    }

    /// Mutes a member's microphone, stops its video or its shared screen: every member drops such
    /// frames of it from then on, whatever its client does.
    ///
    /// # Errors
    /// [`Error::UnknownMember`]; those of [`set_door`](Self::set_door).
    pub fn mute(&mut self, member: MemberId, kinds: TrackKinds, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.mute(shared, member, kinds, at))
    }

    /// Lifts a mute of a member, or the caller's own where that is not forbidden.
    ///
    /// # Errors
    /// [`Error::UnknownMember`]; those of [`set_door`](Self::set_door).
    pub fn unmute(&mut self, member: MemberId, kinds: TrackKinds, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| {
            let who = own.identity_of(member)?;
            own.change(shared, Change::Unmute(who, kinds), at)
        })
    }

    /// Mutes everyone but those who may mute others, also who comes later.
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn mute_all(&mut self, kinds: TrackKinds, now: Now) -> Result<(), Error> {
        self.change(Change::MuteAll(kinds), now)
    }

    /// Lifts every mute of these kinds.
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn unmute_all(&mut self, kinds: TrackKinds, now: Now) -> Result<(), Error> {
        self.change(Change::UnmuteAll(kinds), now)
    }

    /// Forbids members to lift their own mute, or allows it.
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn forbid_unmute(&mut self, forbidden: bool, now: Now) -> Result<(), Error> {
        self.change(Change::ForbidUnmute(forbidden), now)
    }

    /// Lifts a mute of another member and asks it to send: its client asks the person in front of
    /// it. Nobody can switch on another's microphone.
    ///
    /// # Errors
    /// [`Error::Argument`] (oneself, or no kind), [`Error::UnknownMember`]; those of
    /// [`set_door`](Self::set_door).
    pub fn ask_to_send(
        &mut self,
        member: MemberId,
        kinds: TrackKinds,
        now: Now,
    ) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.ask_to_send(shared, member, kinds, at))
    }

    /// Says who becomes host, first to last, once no host is left: co-hosts all.
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn set_succession(&mut self, co_hosts: Vec<Fingerprint>, now: Now) -> Result<(), Error> {
        self.change(Change::Succession(co_hosts), now)
    }

    /// Says that nothing is heard of the hosts, until one of them is heard: with the word of most of
    /// those in the succession, its first member who is here takes their place (SPEC \[G17\]).
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn declare_hosts_silent(&mut self, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.declare_silent(shared, at))
    }

    /// Bans an identity that is not here; [`remove`](Self::remove) bans one that is.
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn ban(&mut self, who: Fingerprint, now: Now) -> Result<(), Error> {
        self.change(Change::Ban(who), now)
    }

    /// Lifts the ban of an identity.
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn unban(&mut self, who: Fingerprint, now: Now) -> Result<(), Error> {
        self.change(Change::Unban(who), now)
    }

    /// Sets what those have to prove who knock with an invite that asks for it; `None` if nothing.
    ///
    /// # Errors
    /// [`Error::Argument`] if it has not 1 to 64 bytes; those of [`set_door`](Self::set_door).
    pub fn set_passcode(&mut self, passcode: Option<&str>, now: Now) -> Result<(), Error> {
        let passcode = passcode.map(checked_passcode).transpose()?;
        self.change(Change::Passcode(passcode), now)
    }

    /// Says through which relays media may go; with none, through any. With a list, sealing needs a
    /// relay that has [proved itself](Self::verify_relay).
    ///
    /// # Errors
    /// [`Error::Argument`]; those of [`set_door`](Self::set_door).
    pub fn set_relays(&mut self, mut relays: Vec<RelayEntry>, now: Now) -> Result<(), Error> {
        relays.sort_unstable_by_key(|relay| relay.key);
        if relays.iter().any(|relay| !(1..=32).contains(&relay.region.len())) {
            return Err(Error::Argument("a region label has 1 to 32 bytes of UTF-8"));
        }
        self.change(Change::Relays(relays), now)
    }

    /// Tells everyone that the caller records, or does no longer. Recording needs the right to.
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn set_recording(&mut self, on: bool, now: Now) -> Result<(), Error> {
        self.change(Change::Recording(on), now)
    }

    /// Takes on another display name.
    ///
    /// # Errors
    /// [`Error::Argument`] if it cannot be shown; those of [`set_door`](Self::set_door).
    pub fn rename(&mut self, name: &str, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.rename(shared, name, at))
    }

    pub(super) fn change(&mut self, change: Change, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.change(shared, change, at))
    }
}
