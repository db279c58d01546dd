//! How a client begins: as the creator of a meeting, or at its door.

use std::collections::VecDeque;

use incamera_wire::{MailboxId, MeetingId, Profile, StayId};
use zeroize::Zeroizing;

use super::face::Now;
use super::key_frames::KeyFrames;
use super::knocking::Knocking;
use super::liveness::STOP_MS;
use super::machine::Core;
use super::member::{Member, Standing};
use super::outbox::Outbox;
use super::prefix::Beginning;
use super::relays::Relays;
use super::roster::Roster;
use super::settings::{Settings, checked_passcode};
use super::shared::{Shared, suite};
use crate::admission::Invite;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::hpke;
use crate::identity::{Contacts, Identity, certify};
use crate::keyring::Keyring;
use crate::mls::{Engine, EngineFault, Stay};
use crate::policy;
use crate::secret::Secret;

impl<E: Engine> Core<E> {
    /// Creates a meeting whose only member and host is the caller.
    pub(super) fn create(
        entropy: Entropy,
        identity: &Identity,
        settings: Settings,
        now: Now,
    ) -> Result<Self, Error> {
        let meeting = MeetingId::new(entropy.array()?);
        let opening = settings.opening()?;
        let profile = opening.profile;
        let mut shared = Shared::new(entropy, identity, meeting, profile)?;
        let stay = new_stay(&mut shared)?;
        let state = policy::initial(opening, identity.fingerprint(), &shared.entropy)?;
        let encoded = Zeroizing::new(state.encode());
        let group =
            E::create(&shared.entropy, profile, &stay, &meeting, &encoded).map_err(engine)?;
        let roster = Roster::read(&group.leaves(), meeting)
            .map_err(|_| Error::Internal("the creator's certificate"))?;
        shared.unix_ms = now.unix_ms;
        let (standing, from, at) = (Standing::Confirmed, Beginning::Created, now.monotonic_ms);
        let member = Member::enter(&shared, group, state, roster, standing, from, at)?;
        shared.keyring.allow_sealing(true);
        Ok(Self::created(shared, member, now))
    }

    /// Prepares to knock; with it comes the mailbox for answers.
    pub(super) fn join(
        entropy: Entropy,
        identity: &Identity,
        invite: &Invite,
        passcode: Option<&str>,
        now: Now,
    ) -> Result<(Self, MailboxId), Error> {
        let passcode = passcode.map(checked_passcode).transpose()?;
        if !hpke::is_usable(&invite.lobby_key) {
            return Err(Error::Invite(
                "its lobby key is no usable X25519 key: ask the host for the link",
            ));
        }
        let mut shared = Shared::new(entropy, identity, invite.meeting, invite.profile)?;
        let stay = new_stay(&mut shared)?;
        let joiner = E::joiner(&shared.entropy, invite.profile, &stay).map_err(engine)?;
        let mailbox = MailboxId::new(shared.entropy.array()?);
        let knocking = Knocking::new(invite.duplicate(), passcode, joiner, mailbox);
        Ok((Self::joining(shared, knocking, now), mailbox))
    }
}

impl Shared {
    pub(super) fn new(
        entropy: Entropy,
        identity: &Identity,
        meeting: MeetingId,
        profile: Profile,
    ) -> Result<Self, Error> {
        Ok(Self {
            entropy,
            identity: identity.duplicate(),
            meeting,
            profile,
            keyring: std::sync::Arc::new(Keyring::new(suite(profile))),
            outbox: Outbox::default(),
            outputs: VecDeque::new(),
            log_position: 0,
            tracks: Vec::new(),
            key_frames: KeyFrames::default(),
            unix_ms: 0,
            // Of the stay, which is made next.
            direct_key: Secret::filled(|_| ()),
            hook: None,
            contacts: Contacts::default(),
            relays: Relays::default(),
            stop_ms: Some(STOP_MS),
            wants_resync: None,
            generation: 0,
            snapshot_due: false,
            #[cfg(test)]
            mistake: None,
        })
    }
}

/// The key material of a new stay.
pub(super) fn new_stay(shared: &mut Shared) -> Result<Stay, Error> {
    let (entropy, identity) = (&shared.entropy, &shared.identity);
    let signing_key = Identity::stay_key(entropy)?;
    let id = StayId::new(entropy.array()?);
    let (direct_private, direct_key) = hpke::generate_key(entropy)?;
    let leaf_key = signing_key.verifying_key().to_bytes();
    let credential = certify(identity, shared.meeting, &leaf_key, id, direct_key).encode();
    shared.direct_key = direct_private;
    Ok(Stay { signing_key: std::sync::Arc::new(signing_key), credential })
}

pub(super) fn engine(fault: EngineFault) -> Error {
    match fault {
        EngineFault::NoEntropy => Error::NoEntropy,
        _ => Error::Internal("the MLS engine"),
    }
}
