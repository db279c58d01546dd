//! What hosts and their helpers do: the face of every power over the room; those over its people
//! are in `people`. What is asked for is judged at once by the rules that every member applies, kept
//! until the group's state shows it, and tried again after a lost race.

use incamera_wire::{DenyReason, Door, Fingerprint, RelayEntry};

use super::client::Meeting;
use super::face::{KnockId, MemberId, Now};
use super::settings::checked_passcode;
use crate::error::Error;
use crate::policy::Change;

impl Meeting {
    /// Lets somebody in who knocks. [`Event::Added`](super::Event::Added) tells when it is done.
    ///
    /// ```
    /// # use incamera::Event;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada"])?;
    /// # let now = room.now();
    /// let invite = room[0].invite()?;
    /// let ben = room.knock("Ben", &invite, None)?;
    /// let Some(Event::Knock { knock, .. }) = room.events(0).pop() else { panic!("nobody knocks") };
    /// room[0].admit(knock, now)?;
    /// room.run();
    /// assert!(room.events(ben).contains(&Event::Joined));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingRight`], [`Error::UnknownKnock`], [`Error::Argument`] (its link has expired),
    /// [`Error::Refused`] (the door is locked), [`Error::NotJoined`], [`Error::Broken`],
    /// [`Error::Ended`], [`Error::NoEntropy`], [`Error::Internal`].
    pub fn admit(&mut self, knock: KnockId, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, member, at| member.admit(shared, knock, at))
    }

    /// Lets everybody in who knocks, but for those who were asked for a passcode and have not proved
    /// it, and those whose link has expired.
    ///
    /// ```
    /// # use incamera::Event;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada"])?;
    /// # let now = room.now();
    /// let invite = room[0].invite()?;
    /// let (ben, cleo) = (room.knock("Ben", &invite, None)?, room.knock("Cleo", &invite, None)?);
    /// room[0].admit_all(now)?;
    /// room.run();
    /// assert!(room.events(ben).contains(&Event::Joined) && room.events(cleo).contains(&Event::Joined));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`admit`](Self::admit), but for [`Error::UnknownKnock`] and [`Error::Argument`].
    pub fn admit_all(&mut self, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, member, at| member.admit_all(shared, at))
    }

    /// Turns somebody away who knocks, with a reason.
    ///
    /// ```
    /// # use incamera::{DenyReason, Event};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada"])?;
    /// # let now = room.now();
    /// let invite = room[0].invite()?;
    /// let mallory = room.knock("Mallory", &invite, None)?;
    /// let Some(Event::Knock { knock, .. }) = room.events(0).pop() else { panic!("nobody knocks") };
    /// room[0].deny(knock, DenyReason::NotExpected, now)?;
    /// room.run();
    /// assert_eq!(room.events(mallory), [Event::Denied { reason: DenyReason::NotExpected }]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// # use incamera::Event;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben", "Cleo"])?;
    /// # let now = room.now();
    /// let (ada, ben) = (room.member(0), room.member(1));
    /// room[0].remove(ben, now)?;
    /// room.run();
    /// assert_eq!(room.events(1).pop(), Some(Event::Removed { by: ada }));
    /// assert_eq!(room[2].roster().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingRight`], [`Error::UnknownMember`], [`Error::Argument`] (oneself),
    /// [`Error::Refused`],
    /// [`Error::NotJoined`], [`Error::Broken`], [`Error::Ended`], [`Error::NoEntropy`],
    /// [`Error::Internal`].
    pub fn remove(&mut self, member: MemberId, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.remove(shared, member, at))
    }

    /// Removes another member of the caller's own identity, such as the ghost of a client that crashed:
    /// it needs no right, bans nobody and changes nothing else (SPEC \[G27\]).
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben", "Ben"])?; // on two devices
    /// # let now = room.now();
    /// let ghost = room.member(1);
    /// room[2].remove_device(ghost, now)?;
    /// room.run();
    /// assert_eq!(room[0].roster().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownMember`], [`Error::Argument`] (this very client, or another identity),
    /// [`Error::NotJoined`], [`Error::Broken`], [`Error::Ended`], [`Error::NoEntropy`],
    /// [`Error::Internal`].
    pub fn remove_device(&mut self, member: MemberId, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.remove_device(shared, member, at))
    }

    /// Leaves. Nothing is sealed or opened from here on; keep driving until
    /// [`Event::Left`](super::Event::Left), so that the others have the signed word.
    ///
    /// ```
    /// # use incamera::Event;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// room[1].leave(now)?;
    /// room.run();
    /// assert_eq!(room.events(1).pop(), Some(Event::Left));
    /// assert_eq!(room[0].roster().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Ended`], [`Error::NoEntropy`].
    pub fn leave(&mut self, now: Now) -> Result<(), Error> {
        self.core.leave(now)
    }

    /// Ends the meeting for everyone, once [`Event::Ended`](super::Event::Ended) comes.
    ///
    /// ```
    /// # use incamera::Event;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let ada = room.member(0);
    /// room[0].end(now)?;
    /// room.run();
    /// assert_eq!(room.events(1).pop(), Some(Event::Ended { by: ada }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingRight`], [`Error::NotJoined`], [`Error::Broken`], [`Error::Ended`],
    /// [`Error::NoEntropy`].
    pub fn end(&mut self, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, member, at| member.end(shared, at))
    }

    /// Has people wait, opens the door to whoever has the link, or locks it for everyone.
    ///
    /// ```
    /// # use incamera::Door;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// room[0].set_door(Door::Locked, now)?;
    /// room.run();
    /// assert_eq!(room[1].rules()?.door, Door::Locked);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingRight`], [`Error::Refused`]; [`Error::NotJoined`], [`Error::Broken`],
    /// [`Error::Ended`], [`Error::NoEntropy`], [`Error::Internal`].
    pub fn set_door(&mut self, door: Door, now: Now) -> Result<(), Error> {
        self.change(Change::Door(door), now)
    }

    /// Bans an identity that is not here; [`remove`](Self::remove) bans one that is.
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let mallory = Room::identity("Mallory")?.fingerprint();
    /// room[0].ban(mallory, now)?;
    /// room.run();
    /// assert_eq!(room[1].rules()?.bans, [mallory]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn ban(&mut self, who: Fingerprint, now: Now) -> Result<(), Error> {
        self.change(Change::Ban(who), now)
    }

    /// Lifts the ban of an identity.
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let mallory = Room::identity("Mallory")?.fingerprint();
    /// room[0].ban(mallory, now)?;
    /// room[0].unban(mallory, now)?;
    /// room.run();
    /// assert!(room[1].rules()?.bans.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn unban(&mut self, who: Fingerprint, now: Now) -> Result<(), Error> {
        self.change(Change::Unban(who), now)
    }

    /// Sets what those have to prove who knock with an invite that asks for it; `None` if nothing.
    ///
    /// ```
    /// # use incamera::{DenyReason, Event, InviteOptions};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada"])?;
    /// # let now = room.now();
    /// room[0].set_passcode(Some("4711"), now)?;
    /// room.run();
    /// let options = InviteOptions { passcode: true, ..InviteOptions::default() };
    /// let invite = room[0].create_invite(options, now)?;
    /// room.run();
    /// let ben = room.knock("Ben", &invite, Some("1234"))?;
    /// let denied = Event::Denied { reason: DenyReason::WrongPasscode };
    /// assert_eq!(room.events(ben), [denied]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// # use incamera::{FrameError, Framing, RelayEntry, Track};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let relay = RelayEntry { key: [7; 32], region: "Iceland".to_owned() };
    /// room[0].set_relays(vec![relay.clone()], now)?;
    /// room.run();
    /// assert_eq!(room[1].rules()?.relays, [relay]);
    /// let mut microphone = room[1].sealer(Track::MICROPHONE, Framing::Whole)?;
    /// let sealed = microphone.seal(b"an Opus packet", now.monotonic_ms, &mut Vec::new());
    /// assert_eq!(sealed, Err(FrameError::NoRelay));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// # use incamera::Event;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// room[0].set_recording(true, now)?;
    /// room.run();
    /// let ada = Room::identity("Ada")?.fingerprint();
    /// assert!(room.events(1).contains(&Event::Recording { who: ada, on: true }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`set_door`](Self::set_door).
    pub fn set_recording(&mut self, on: bool, now: Now) -> Result<(), Error> {
        self.change(Change::Recording(on), now)
    }

    /// Takes on another display name.
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// room[1].rename("Benjamin", now)?;
    /// room.run();
    /// assert_eq!(room[0].roster()[1].name, "Benjamin");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
