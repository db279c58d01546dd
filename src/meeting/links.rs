//! Invites: what a meeting's links are, and the face of making, changing and revoking them.

use core::num::NonZeroU64;

use incamera_wire::{InviteEntry, InviteId};

use super::client::Meeting;
use super::face::Now;
use crate::admission::Invite;
use crate::error::Error;
use crate::hpke;
use crate::policy::{self, Change};

/// What a new invite is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InviteOptions {
    /// What hosts call it: at most 64 bytes of UTF-8. Whoever gets the link does not see it.
    pub name: String,
    /// Whether the meeting's passcode is asked for.
    pub passcode: bool,
    /// Seconds since 1970-01-01T00:00:00Z from which on nobody is admitted under it, by the clock of
    /// whoever admits; `None`: never.
    pub expires_s: Option<NonZeroU64>,
}

/// A live invite and what hosts know of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct LiveInvite {
    /// Names it. A rotation gives it another.
    pub id: InviteId,
    /// What hosts call it.
    pub name: String,
    /// Seconds since 1970-01-01T00:00:00Z from which on nobody is admitted under it.
    pub expires_s: Option<NonZeroU64>,
    /// What to send to those who shall knock.
    pub invite: Invite,
}

impl Meeting {
    /// The first invite, to send to those who shall knock. A removal replaces it.
    ///
    /// ```
    /// # use incamera::{Event, Invite};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada"])?;
    /// # let now = room.now();
    /// let link = room[0].invite()?.link();
    /// let ben = room.knock("Ben", &Invite::parse(&link)?, None)?;
    /// assert!(matches!(room.events(0).pop(), Some(Event::Knock { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if all were revoked, [`Error::NotJoined`], [`Error::Broken`],
    /// [`Error::Ended`].
    pub fn invite(&self) -> Result<Invite, Error> {
        let first = self.invites()?.into_iter().next();
        let none = Error::Argument("the meeting has no invite: make one with `create_invite`");
        first.map(|live| live.invite).ok_or(none)
    }

    /// All live invites. A removal replaces every link.
    ///
    /// ```
    /// # use incamera::InviteOptions;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let name = "staff".to_owned();
    /// room[0].create_invite(InviteOptions { name, ..InviteOptions::default() }, now)?;
    /// room.run();
    /// let names: Vec<_> = room[1].invites()?.into_iter().map(|live| live.name).collect();
    /// assert_eq!(names, ["", "staff"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotJoined`], [`Error::Broken`], [`Error::Ended`].
    pub fn invites(&self) -> Result<Vec<LiveInvite>, Error> {
        let (_, member) = self.core.look()?;
        member.require_in()?;
        let live = |entry: &InviteEntry| LiveInvite {
            id: policy::invite_id(&entry.secret),
            name: entry.name.clone(),
            expires_s: entry.expires_s,
            invite: self.link(entry, &member.state.lobby_key),
        };
        Ok(member.state.invites.iter().map(live).collect())
    }

    /// Makes an invite. It works once the change is in the state, as
    /// [`Event::Rules`](crate::Event::Rules) tells.
    ///
    /// ```
    /// # use incamera::{Event, InviteOptions};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada"])?;
    /// # let now = room.now();
    /// // Nobody is admitted under it an hour from now.
    /// let expires_s = core::num::NonZeroU64::new(now.unix_ms / 1_000 + 3_600);
    /// let options = InviteOptions { name: "guests".to_owned(), expires_s, ..InviteOptions::default() };
    /// let invite = room[0].create_invite(options, now)?;
    /// room.run();
    /// let dan = room.knock("Dan", &invite, None)?;
    /// assert!(matches!(room.events(0).pop(), Some(Event::Knock { name, .. }) if name == "Dan"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if the name is too long; those of [`set_door`](Self::set_door).
    pub fn create_invite(&mut self, options: InviteOptions, now: Now) -> Result<Invite, Error> {
        let InviteOptions { name, passcode, expires_s } = options;
        if name.len() > 64 {
            return Err(Error::Argument("an invite's name has at most 64 bytes of UTF-8"));
        }
        let (shared, member) = self.core.look()?;
        let secret = shared.entropy.secret()?;
        let entry = InviteEntry { secret, passcode, name, expires_s };
        let invite = self.link(&entry, &member.state.lobby_key);
        self.change(Change::AddInvite(entry), now)?;
        Ok(invite)
    }

    /// Gives an invite another secret, so that its link works no more, and gives the new link.
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let old = room[0].invites()?.remove(0);
    /// let new = room[0].rotate_invite(old.id, now)?;
    /// room.run();
    /// assert_eq!(room[1].invite()?.link(), new.link());
    /// assert_ne!(old.invite.link(), new.link());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if no live invite has this id; those of [`set_door`](Self::set_door).
    pub fn rotate_invite(&mut self, id: InviteId, now: Now) -> Result<Invite, Error> {
        let (shared, member) = self.core.look()?;
        let entry = policy::live_invite(&member.state, id).ok_or(NO_SUCH_INVITE)?;
        let secret = shared.entropy.secret()?;
        let rotated = InviteEntry { secret: secret.duplicate(), ..entry.duplicate() };
        let invite = self.link(&rotated, &member.state.lobby_key);
        self.change(Change::RotateInvite(id, secret), now)?;
        Ok(invite)
    }

    /// Ends an invite: its link works no more.
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let invite = room[0].invites()?.remove(0);
    /// room[0].revoke_invite(invite.id, now)?;
    /// room.run();
    /// assert!(room[1].invites()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if no live invite has this id; those of [`set_door`](Self::set_door).
    pub fn revoke_invite(&mut self, id: InviteId, now: Now) -> Result<(), Error> {
        let (_, member) = self.core.look()?;
        policy::live_invite(&member.state, id).ok_or(NO_SUCH_INVITE)?;
        self.change(Change::RevokeInvite(id), now)
    }

    fn link(&self, entry: &InviteEntry, lobby_key: &crate::secret::Secret<32>) -> Invite {
        let shared = &self.core.shared;
        Invite {
            profile: shared.profile,
            passcode: entry.passcode,
            meeting: shared.meeting,
            lobby_key: hpke::public_key(lobby_key),
            link_secret: entry.secret.duplicate(),
        }
    }
}

/// What a caller is told who names an invite that is not live.
const NO_SUCH_INVITE: Error = Error::Argument("no live invite has this id: read `invites` again");
