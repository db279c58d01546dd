//! The public face of a meeting.

use core::fmt;
use incamera_wire::{MailboxId, MeetingId, ToServer, Track};

use super::face::{Input, Now, Output};
use super::liveness::ALARM_MS;
use super::machine::Core;
use super::settings::Settings;
use crate::admission::Invite;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::identity::Identity;
use crate::media::{FrameError, Framing, Receiver, Sealer};
use crate::mls::Group;

/// One client in one meeting.
///
/// Everything goes in through [`handle`](Self::handle) and comes out of [`poll`](Self::poll): the
/// library opens no socket, starts no thread and reads no clock. The caller hands in what its
/// transport receives, carries out what `poll` gives until it gives nothing, and calls
/// [`handle_timeout`](Self::handle_timeout) when [`poll_timeout`](Self::poll_timeout) says.
///
/// A call that returns an error has changed nothing. What other parties send never makes
/// `handle` fail: it ends in [`Event::Refused`](super::Event::Refused) and the meeting goes on.
pub struct Meeting {
    pub(super) core: Core<Group>,
    mailbox: Option<MailboxId>,
}

impl Meeting {
    /// Creates a meeting whose only member and host is the caller.
    ///
    /// # Errors
    /// [`Error::NoEntropy`].
    pub fn create(identity: &Identity, settings: Settings, now: Now) -> Result<Self, Error> {
        Self::create_from(Entropy::system(), identity, settings, now)
    }

    /// Prepares to knock with an invite. The knock goes out once [`Input::Connected`] comes in;
    /// [`Event::Joined`](super::Event::Joined) tells that this client is in.
    ///
    /// # Errors
    /// [`Error::Invite`] if the lobby's key is unusable, [`Error::NoEntropy`].
    pub fn join(identity: &Identity, invite: &Invite, now: Now) -> Result<Self, Error> {
        Self::join_from(Entropy::system(), identity, invite, None, now)
    }

    /// As [`join`](Self::join), with the passcode that the invite
    /// [asks for](Invite::asks_passcode). It is proved without being shown: neither the server nor
    /// whoever answers can try out more than one passcode (SPEC \[A11\]). Without it, or with too many
    /// wrong proofs before, a person decides.
    ///
    /// # Errors
    /// Those of [`join`](Self::join); [`Error::Argument`] if the passcode has not 1 to 64 bytes.
    pub fn join_with_passcode(
        identity: &Identity,
        invite: &Invite,
        passcode: &str,
        now: Now,
    ) -> Result<Self, Error> {
        Self::join_from(Entropy::system(), identity, invite, Some(passcode), now)
    }

    pub(crate) fn create_from(
        entropy: Entropy,
        identity: &Identity,
        settings: Settings,
        now: Now,
    ) -> Result<Self, Error> {
        Ok(Self { core: Core::create(entropy, identity, settings, now)?, mailbox: None })
    }

    pub(crate) fn join_from(
        entropy: Entropy,
        identity: &Identity,
        invite: &Invite,
        passcode: Option<&str>,
        now: Now,
    ) -> Result<Self, Error> {
        let (core, mailbox) = Core::join(entropy, identity, invite, passcode, now)?;
        Ok(Self { core, mailbox: Some(mailbox) })
    }

    /// A member from a snapshot: it has no mailbox, since it does not knock.
    pub(super) fn of(core: Core<Group>) -> Self {
        Self { core, mailbox: None }
    }

    /// The meeting.
    #[must_use]
    pub fn id(&self) -> MeetingId {
        self.core.shared.meeting
    }

    /// The mailbox whose messages this client wants as [`Input::Direct`]: that of a joiner.
    #[must_use]
    pub fn mailbox(&self) -> Option<MailboxId> {
        self.mailbox
    }

    /// The first message to a server that speaks `incamera-wire`'s transport: which meeting, and
    /// which mailbox. It answers with [`Input::Connected`].
    #[must_use]
    pub fn hello(&self) -> ToServer {
        ToServer::Hello { meeting: self.id(), mailbox: self.mailbox }
    }

    /// Takes in what the transport received.
    ///
    /// # Errors
    /// [`Error::Ended`] after the end of the membership; [`Error::NoEntropy`] if a knock cannot be
    /// sealed. Never because of what another party sent.
    pub fn handle(&mut self, input: Input, now: Now) -> Result<(), Error> {
        self.core.handle(input, now)
    }

    /// Does what is due. Call it when [`poll_timeout`](Self::poll_timeout) says, or earlier.
    /// Whoever stops calling stops sealing within 15 seconds (SPEC \[M9\]).
    ///
    /// # Errors
    /// [`Error::Ended`] after the end of the membership.
    pub fn handle_timeout(&mut self, now: Now) -> Result<(), Error> {
        self.core.handle_timeout(now)
    }

    /// Says after how many milliseconds without a sign that the log is current this client stops sealing:
    /// 60,000 at first, 30,000 at least; `None` if never (SPEC \[M14\]). People are told after 30,000 in
    /// any case, by [`Alarm::Withheld`](super::Alarm::Withheld). Whoever never stops goes on
    /// sealing for a removed member as long as the server withholds the removal.
    ///
    /// ```
    /// # use incamera::{Alarm, Event, FrameError, Framing, Track};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// room[1].set_liveness(Some(40_000), now)?;
    /// let mut microphone = room[1].sealer(Track::MICROPHONE, Framing::Whole)?;
    /// room.cut_off(1); // the server delivers nothing
    /// room.wait(41);
    /// # let now = room.now();
    /// assert!(room.events(1).contains(&Event::Alarm(Alarm::Withheld)));
    /// let sealed = microphone.seal(b"an Opus packet", now.monotonic_ms, &mut Vec::new());
    /// assert_eq!(sealed, Err(FrameError::Stopped));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if it is less than 30,000; [`Error::Ended`] after the end of the membership.
    pub fn set_liveness(&mut self, stop_after_ms: Option<u64>, now: Now) -> Result<(), Error> {
        if stop_after_ms.is_some_and(|ms| ms < ALARM_MS) {
            return Err(Error::Argument(
                "sealing stops 30 seconds after the last sign at the earliest",
            ));
        }
        self.core.set_stop(stop_after_ms, now)
    }

    /// The next thing for the caller to do; `None` until something else is handled.
    pub fn poll(&mut self) -> Option<Output> {
        self.core.poll()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), in milliseconds of
    /// [`Now::monotonic_ms`]; `None` once the membership is over. Every other call may change it.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.core.poll_timeout()
    }

    /// The exclusive right to seal one of the caller's tracks. It may be taken before joining; it
    /// seals once the meeting allows.
    ///
    /// # Errors
    /// [`FrameError::AlreadyLeased`] while another sealer of the track lives, [`FrameError::Ended`]
    /// after the end of the membership.
    pub fn sealer(&mut self, track: Track, framing: Framing) -> Result<Sealer, FrameError> {
        let shared = &mut self.core.shared;
        let sealer = Sealer::lease(shared.keyring.clone(), track, framing)?;
        if !shared.tracks.contains(&track) {
            shared.tracks.push(track);
        }
        Ok(sealer)
    }

    /// Opens the other members' frames, of every track. One for each transport or media thread;
    /// they share their replay windows.
    #[must_use]
    pub fn receiver(&self) -> Receiver {
        Receiver::new(self.core.shared.keyring.clone())
    }

    /// A digest of everything that a failed call must leave as it was.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.core.digest()
    }

    /// A digest of everything that an entry of the log which is refused must leave as it was.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn digest_unread(&self) -> [u8; 32] {
        self.core.digest_unread()
    }
}

impl fmt::Debug for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meeting")
            .field("id", &self.id())
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}
