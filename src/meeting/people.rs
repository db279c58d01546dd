//! What hosts and their helpers do to people: roles, rights, labels, mutes, and who follows whom. As
//! with every power, the rules that every member applies judge it at once.

use incamera_wire::{Fingerprint, Label, Rights, Role, TrackKinds};

use super::client::Meeting;
use super::face::{MemberId, Now};
use crate::error::Error;
use crate::policy::Change;

impl Meeting {
    /// Gives an identity a role, whether or not it is here. Without further exceptions it has that
    /// role's rights.
    ///
    /// ```
    /// # use incamera::Role;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben", "Cleo"])?;
    /// # let now = room.now();
    /// let ben = Room::identity("Ben")?.fingerprint();
    /// room[0].set_role(ben, Role::CoHost, now)?;
    /// room.run();
    /// assert_eq!(room[2].roster()[1].role, Role::CoHost);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn set_role(&mut self, who: Fingerprint, role: Role, now: Now) -> Result<(), Error> {
        self.change(Change::Role(who, role), now)
    }

    /// Makes another member host, and the caller, if it is one, a co-host.
    ///
    /// ```
    /// # use incamera::Role;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let ben = room.member(1);
    /// room[0].transfer_host(ben, now)?;
    /// room.run();
    /// let roles: Vec<_> = room[1].roster().into_iter().map(|participant| participant.role).collect();
    /// assert_eq!(roles, [Role::CoHost, Role::Host]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// # use incamera::{Right, Role};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// // Screens are for hosts alone.
    /// let old = room[0].rules()?.rights;
    /// for (role, rights) in [(Role::CoHost, old.co_host), (Role::Presenter, old.presenter)] {
    ///     room[0].set_role_rights(role, rights.without(Right::ShareScreen), now)?;
    /// }
    /// room.run();
    /// let new = room[1].rules()?.rights;
    /// assert!(!new.co_host.union(new.presenter).contains(Right::ShareScreen));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] for [`Role::Host`]; those of [`set_door`](Self::set_door).
    pub fn set_role_rights(&mut self, role: Role, rights: Rights, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| {
            // With what waits: another role's rights are not to be put back.
            let mut all = own.changed().state.rights;
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
    /// ```
    /// # use incamera::{Right, Rights};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let (ben, granted) = (room.member(1), Rights::of(&[Right::ShareScreen, Right::Record]));
    /// room[0].set_exceptions(ben, granted, Rights::NONE, now)?;
    /// room.run();
    /// assert!(room[1].roster()[1].rights.contains(Right::Record));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// # use incamera::{Label, Right};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben", "Cleo"])?;
    /// # let now = room.now();
    /// let ben = room.member(1);
    /// room[0].set_label(ben, Some(Label::Recorder), now)?;
    /// room.run();
    /// let seen = &room[2].roster()[1];
    /// assert_eq!(seen.label, Some(Label::Recorder));
    /// assert!(!seen.rights.contains(Right::Speak));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// # use incamera::{TrackKind, TrackKinds};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben", "Cleo"])?;
    /// # let now = room.now();
    /// let (ben, sound) = (room.member(1), TrackKinds::of(&[TrackKind::Microphone]));
    /// room[0].mute(ben, sound, now)?;
    /// room.run();
    /// assert_eq!(room[2].roster()[1].muted, sound);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownMember`]; those of [`set_door`](Self::set_door).
    pub fn mute(&mut self, member: MemberId, kinds: TrackKinds, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.mute(shared, member, kinds, at))
    }

    /// Lifts a mute of a member, or the caller's own where that is not forbidden.
    ///
    /// ```
    /// # use incamera::{TrackKind, TrackKinds};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let (ben, sound) = (room.member(1), TrackKinds::of(&[TrackKind::Microphone]));
    /// room[0].mute(ben, sound, now)?;
    /// room.run();
    /// room[1].unmute(ben, sound, now)?;
    /// room.run();
    /// assert!(room[0].roster()[1].may_send.contains(TrackKind::Microphone));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// # use incamera::{TrackKind, TrackKinds};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// room[0].mute_all(TrackKinds::of(&[TrackKind::Microphone]), now)?;
    /// room.run();
    /// let ben = &room[1].roster()[1];
    /// assert!(!ben.may_send.contains(TrackKind::Microphone));
    /// assert!(ben.may_send.contains(TrackKind::Camera));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn mute_all(&mut self, kinds: TrackKinds, now: Now) -> Result<(), Error> {
        self.change(Change::MuteAll(kinds), now)
    }

    /// Lifts every mute of these kinds.
    ///
    /// ```
    /// # use incamera::{TrackKind, TrackKinds};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let sound = TrackKinds::of(&[TrackKind::Microphone]);
    /// room[0].mute_all(sound, now)?;
    /// room[0].unmute_all(sound, now)?;
    /// room.run();
    /// assert!(room[1].roster()[1].may_send.contains(TrackKind::Microphone));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn unmute_all(&mut self, kinds: TrackKinds, now: Now) -> Result<(), Error> {
        self.change(Change::UnmuteAll(kinds), now)
    }

    /// Forbids members to lift their own mute, or allows it.
    ///
    /// ```
    /// # use incamera::{TrackKind, TrackKinds};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let (ben, sound) = (room.member(1), TrackKinds::of(&[TrackKind::Microphone]));
    /// room[0].forbid_unmute(true, now)?;
    /// room[0].mute(ben, sound, now)?;
    /// room.run();
    /// assert!(room[1].unmute(ben, sound, now).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn forbid_unmute(&mut self, forbidden: bool, now: Now) -> Result<(), Error> {
        self.change(Change::ForbidUnmute(forbidden), now)
    }

    /// Lifts a mute of another member and asks it to send: its client asks the person in front of
    /// it. Nobody can switch on another's microphone.
    ///
    /// ```
    /// # use incamera::{Event, TrackKind, TrackKinds};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let (ada, ben) = (room.member(0), room.member(1));
    /// let sound = TrackKinds::of(&[TrackKind::Microphone]);
    /// room[0].mute(ben, sound, now)?;
    /// room.run();
    /// room[0].ask_to_send(ben, sound, now)?;
    /// room.run();
    /// assert!(room.events(1).contains(&Event::AskedToSend { by: ada, kinds: sound }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// # use incamera::Role;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben", "Cleo"])?;
    /// # let now = room.now();
    /// let ben = Room::identity("Ben")?.fingerprint();
    /// room[0].set_role(ben, Role::CoHost, now)?;
    /// room[0].set_succession(vec![ben], now)?;
    /// room.run();
    /// room[0].leave(now)?;
    /// room.run();
    /// assert_eq!(room[2].roster()[0].role, Role::Host); // Ben
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn set_succession(&mut self, co_hosts: Vec<Fingerprint>, now: Now) -> Result<(), Error> {
        self.change(Change::Succession(co_hosts), now)
    }

    /// Says that nothing is heard of the hosts, until one of them is heard: with the word of most of
    /// those in the succession, its first member who is here takes their place (SPEC \[G17\]).
    ///
    /// ```
    /// # use incamera::Role;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben", "Cleo"])?;
    /// # let now = room.now();
    /// let ben = Room::identity("Ben")?.fingerprint();
    /// room[0].set_role(ben, Role::CoHost, now)?;
    /// room[0].set_succession(vec![ben], now)?;
    /// room.run();
    /// room[1].declare_hosts_silent(now)?;
    /// room.run();
    /// let roles: Vec<_> = room[2].roster().into_iter().map(|participant| participant.role).collect();
    /// assert_eq!(roles, [Role::CoHost, Role::Host, Role::Attendee]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn declare_hosts_silent(&mut self, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.declare_silent(shared, at))
    }
}
