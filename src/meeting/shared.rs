//! What every part of a meeting needs, joined or not.

use std::collections::VecDeque;
use std::sync::Arc;

use incamera_wire::{Destination, MeetingId, MessageId, Profile, StayId, Track};

use super::face::{Event, Message, Output, Resync, Source};
use super::hook::IdentityHook;
use super::key_frames::KeyFrames;
use super::outbox::Outbox;
use super::relays::Relays;
use crate::entropy::Entropy;
use crate::error::{Error, Fault};
use crate::identity::{Contacts, Identity};
use crate::keyring::Keyring;
use crate::secret::Secret;
use crate::sframe::Suite;

/// How many outputs wait before refusals are told no more (SPEC 7.15).
pub(super) const MAX_OUTPUTS: usize = 4096;

/// What every part of a meeting needs.
pub(super) struct Shared {
    pub(super) entropy: Entropy,
    /// Certifies each stay.
    pub(super) identity: Identity,
    pub(super) meeting: MeetingId,
    pub(super) profile: Profile,
    pub(super) keyring: Arc<Keyring>,
    pub(super) outbox: Outbox,
    pub(super) outputs: VecDeque<Output>,
    /// The sequence number of the log entry to read next.
    pub(super) log_position: u64,
    /// The tracks for which a sealer was ever taken.
    pub(super) tracks: Vec<Track>,
    /// Of these, those of which key frames are due; and what was asked of others.
    pub(super) key_frames: KeyFrames,
    /// Milliseconds since 1970-01-01T00:00:00Z, as the caller told last.
    pub(super) unix_ms: u64,
    /// The X25519 private key for messages to this client alone.
    pub(super) direct_key: Secret<32>,
    /// The application's judgement on identities.
    pub(super) hook: Option<Box<dyn IdentityHook>>,
    /// Whom this client knows.
    pub(super) contacts: Contacts,
    /// Where media go.
    pub(super) relays: Relays,
    /// How long nothing may show that the log is current before sealing stops, in milliseconds (SPEC
    /// \[M14\]); `None` if it never stops for that.
    pub(super) stop_ms: Option<u64>,
    /// Why this client can follow no more, if it cannot: the first reason found.
    pub(super) wants_resync: Option<Resync>,
    /// The number of the last snapshot, this client's own or the one that it comes from.
    pub(super) generation: u64,
    /// Whether something has changed that must be stored before the outputs are carried out (SPEC
    /// \[R3\]).
    pub(super) snapshot_due: bool,
    /// What a test has this client do wrong.
    #[cfg(test)]
    pub(super) mistake: Option<super::mistakes::Mistake>,
}

/// Something refused, its author if known, and what was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) author: Option<StayId>,
    pub(super) fault: Fault,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { author: None, fault }
    }
}

impl Refusal {
    pub(super) fn by(author: StayId, fault: Fault) -> Self {
        Self { author: Some(author), fault }
    }
}

impl Shared {
    pub(super) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Tells of something refused, unless the caller has left thousands of outputs lying.
    pub(super) fn refuse(&mut self, source: Source, refusal: impl Into<Refusal>) {
        // SPEC [G29]
        if self.outputs.len() >= MAX_OUTPUTS {
            return;
        }
        let Refusal { author, fault } = refusal.into();
        self.tell(Event::Refused { source, author, fault });
    }

    /// Sends, and again until something shows that it arrived.
    pub(super) fn post(
        &mut self,
        to: Destination,
        bytes: Vec<u8>,
        now_ms: u64,
    ) -> Result<MessageId, Error> {
        let message = self.outbox.post(&self.entropy, to, bytes, now_ms)?;
        let id = message.id;
        self.outputs.push_back(Output::Send(message));
        Ok(id)
    }

    /// Says that this client can follow no more.
    pub(super) fn lose_track(&mut self, why: Resync) {
        self.wants_resync.get_or_insert(why);
    }

    /// Sends once.
    pub(super) fn send(&mut self, to: Destination, bytes: Vec<u8>) -> Result<(), Error> {
        let id = MessageId::new(self.entropy.array()?);
        self.outputs.push_back(Output::Send(Message { id, to, bytes }));
        Ok(())
    }
}

/// SPEC \[K11\]: the SFrame suite of sound in meetings with short tags, if the profile has one.
pub(super) const fn audio_suite(profile: Profile) -> Option<Suite> {
    match profile {
        Profile::Standard => Some(Suite::AesCtr128HmacSha256_80),
        Profile::Portable => None,
        Profile::PostQuantum => Some(Suite::AesCtr256HmacSha512_80),
    }
}

/// The SFrame suite of a profile.
pub(super) fn suite(profile: Profile) -> Suite {
    match profile {
        Profile::Standard => Suite::AesGcm128Sha256_128,
        Profile::Portable => Suite::ChaCha20Poly1305Sha256_128,
        Profile::PostQuantum => Suite::AesGcm256Sha512_128,
    }
}
