//! The public face of a meeting.

use core::fmt;
use std::collections::VecDeque;

use incamera_wire::{MailboxId, MeetingId, StayId, ToServer, Track};
use zeroize::Zeroizing;

use super::epochs::read_roster;
use super::face::{Input, Now, Output};
use super::knocking::Knocking;
use super::machine::Core;
use super::member::{Member, Standing};
use super::outbox::Outbox;
use super::relays::Relays;
use super::settings::{Settings, checked_passcode};
use super::shared::{Shared, suite};
use crate::admission::Invite;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::hpke;
use crate::identity::{Contacts, Identity, certify};
use crate::keyring::Keyring;
use crate::media::{FrameError, Framing, Receiver, Sealer};
use crate::mls::{Engine, EngineFault, Group, Stay};
use crate::policy;
use crate::secret::Secret;

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
    /// [`Error::UnsupportedProfile`], [`Error::NoEntropy`].
    pub fn create(identity: &Identity, settings: Settings, now: Now) -> Result<Self, Error> {
        Self::create_from(Entropy::system(), identity, settings, now)
    }

    /// Prepares to knock with an invite. The knock goes out once [`Input::Connected`] comes in;
    /// [`Event::Joined`](super::Event::Joined) tells that this client is in.
    ///
    /// # Errors
    /// [`Error::Invite`] if the lobby's key is unusable, [`Error::UnsupportedProfile`],
    /// [`Error::NoEntropy`].
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
        let meeting = MeetingId::new(entropy.array()?);
        let opening = settings.opening()?;
        let profile = opening.profile;
        let mut shared = Shared::new(entropy, meeting, profile)?;
        let stay = new_stay(&mut shared, identity)?;
        let state = policy::initial(opening, identity.fingerprint(), &shared.entropy)?;
        let encoded = Zeroizing::new(state.encode());
        let group =
            Group::create(&shared.entropy, profile, &stay, &meeting, &encoded).map_err(engine)?;
        let roster = read_roster(&group, meeting, None)
            .map_err(|_| Error::Internal("the creator's certificate"))?;
        shared.unix_ms = now.unix_ms;
        let (standing, at) = (Standing::Confirmed, now.monotonic_ms);
        let member = Member::enter(&shared, group, state, roster, standing, at)?;
        shared.keyring.allow_sealing(true);
        Ok(Self { core: Core::created(shared, member, now), mailbox: None })
    }

    pub(crate) fn join_from(
        entropy: Entropy,
        identity: &Identity,
        invite: &Invite,
        passcode: Option<&str>,
        now: Now,
    ) -> Result<Self, Error> {
        let passcode = passcode.map(checked_passcode).transpose()?;
        if !hpke::is_usable(&invite.lobby_key) {
            return Err(Error::Invite(
                "its lobby key is no usable X25519 key: ask the host for the link",
            ));
        }
        let mut shared = Shared::new(entropy, invite.meeting, invite.profile)?;
        let stay = new_stay(&mut shared, identity)?;
        let joiner = Group::joiner(&shared.entropy, invite.profile, &stay).map_err(engine)?;
        let mailbox = MailboxId::new(shared.entropy.array()?);
        let knocking = Knocking::new(invite.duplicate(), passcode, joiner, mailbox);
        Ok(Self { core: Core::joining(shared, knocking, now), mailbox: Some(mailbox) })
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
}

impl fmt::Debug for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meeting")
            .field("id", &self.id())
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn new(
        entropy: Entropy,
        meeting: MeetingId,
        profile: incamera_wire::Profile,
    ) -> Result<Self, Error> {
        Ok(Self {
            entropy,
            meeting,
            profile,
            keyring: std::sync::Arc::new(Keyring::new(suite(profile)?)),
            outbox: Outbox::default(),
            outputs: VecDeque::new(),
            log_position: 0,
            tracks: Vec::new(),
            unix_ms: 0,
            // Of the stay, which is made next.
            direct_key: Secret::filled(|_| ()),
            hook: None,
            contacts: Contacts::default(),
            relays: Relays::default(),
        })
    }
}

/// The key material of a new stay.
fn new_stay(shared: &mut Shared, identity: &Identity) -> Result<Stay, Error> {
    let entropy = &shared.entropy;
    let signing_key = Identity::stay_key(entropy)?;
    let id = StayId::new(entropy.array()?);
    let (direct_private, direct_key) = hpke::generate_key(entropy)?;
    let leaf_key = signing_key.verifying_key().to_bytes();
    let credential = certify(identity, shared.meeting, &leaf_key, id, direct_key).encode();
    shared.direct_key = direct_private;
    Ok(Stay { signing_key: std::sync::Arc::new(signing_key), credential })
}

fn engine(fault: EngineFault) -> Error {
    match fault {
        EngineFault::UnsupportedProfile => Error::UnsupportedProfile,
        EngineFault::NoEntropy => Error::NoEntropy,
        _ => Error::Internal("the MLS engine"),
    }
}
