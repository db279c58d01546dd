//! A passcode, proved to the admitter without showing it to anybody, and by the admitter as well:
//! CPace, in which whoever knocks is the initiator (SPEC \[A11\], \[A12\]).
//!
//! The knock carries the share of whoever knocks. An admitter answers with its own share and tag.
//! A second knock, of the same key package, carries the tag that answers them; only then may the
//! admitter add. Each side takes part in a run once: its state is used up by the peer's message,
//! so that no message can be guessed at twice.

use core::fmt;

use incamera_wire::{Challenge, InviteId, KeyPackageRef, MailboxId, MeetingId, SecretText, StayId};
use sha2::{Digest as _, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::cpace::{Ephemeral, Said, Tags, lv_cat, tags};
use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

/// What begins the input of a run's identifier.
const SESSION: &[u8] = b"incamera 1 passcode";
/// Who begins a run, in the channel's identifier.
const KNOCKER: &[u8] = b"incamera 1 knocker";
/// Who answers it.
const ADMITTER: &[u8] = b"incamera 1 admitter";

/// What a run is about: what is proved in one run counts in no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PasscodeRun {
    /// The meeting.
    pub(crate) meeting: MeetingId,
    /// The invite of the knock that offers the share.
    pub(crate) invite: InviteId,
    /// The reference of its key package.
    pub(crate) knock: KeyPackageRef,
    /// Its mailbox.
    pub(crate) mailbox: MailboxId,
}

/// The other side does not know the passcode, or does not take part in this very run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongPasscode;

/// Why an admitter cannot answer a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasscodeFault {
    /// There is no randomness.
    NoEntropy,
    /// The share is no group element, or the identity.
    BadShare,
}

impl From<NoEntropy> for PasscodeFault {
    fn from(NoEntropy: NoEntropy) -> Self {
        Self::NoEntropy
    }
}

impl PasscodeRun {
    /// CPace's sid: 64 bytes. All of its inputs have fixed lengths.
    fn session(&self) -> [u8; 64] {
        let Self { meeting, invite, knock, mailbox } = self;
        // SPEC [A11]
        let hash = Sha512::new_with_prefix(SESSION)
            .chain_update(meeting.as_bytes())
            .chain_update(invite.as_bytes())
            .chain_update(knock.as_bytes())
            .chain_update(mailbox.as_bytes());
        hash.finalize().into()
    }

    /// CPace's CI.
    fn channel(&self) -> Zeroizing<Vec<u8>> {
        // SPEC [A11]
        lv_cat(&[KNOCKER, self.meeting.as_bytes(), ADMITTER])
    }

    fn share(&self, secret: &Ephemeral, passcode: &SecretText) -> [u8; 32] {
        secret.share(passcode.expose().as_bytes(), &self.channel(), &self.session())
    }

    /// The tags of both sides, from what both of them said and K.
    fn tags(
        &self,
        key: &Secret<32>,
        knocker_share: &[u8; 32],
        admitter_share: &[u8; 32],
        admitter: StayId,
    ) -> Tags {
        // SPEC [A11]
        let knocker = Said { share: knocker_share, bound_to: self.knock.as_bytes() };
        // SPEC [A11]
        let admitter = Said { share: admitter_share, bound_to: admitter.as_bytes() };
        tags(&self.session(), key, knocker, admitter)
    }
}

/// Whether two tags are the same, in a time that does not tell where they differ.
fn confirms(expected: &Secret<64>, tag: &[u8; 64]) -> Result<(), WrongPasscode> {
    if expected.expose().ct_eq(tag).into() { Ok(()) } else { Err(WrongPasscode) }
}

/// Whoever knocks, between its share and the answer to it.
pub(crate) struct Prover {
    run: PasscodeRun,
    secret: Ephemeral,
    share: [u8; 32],
}

impl Prover {
    /// Begins a run, and gives the share that the knock carries.
    pub(crate) fn start(
        entropy: &Entropy,
        passcode: &SecretText,
        run: &PasscodeRun,
    ) -> Result<(Self, [u8; 32]), NoEntropy> {
        let secret = Ephemeral::draw(entropy)?;
        let share = run.share(&secret, passcode);
        Ok((Self { run: *run, secret, share }, share))
    }

    /// Checks the admitter's tag and gives the own one, which the next knock carries.
    ///
    /// The admitter shows first that it knows the passcode: one that does not, learns nothing but
    /// that its guess was wrong.
    pub(crate) fn finish(self, challenge: &Challenge) -> Result<[u8; 64], WrongPasscode> {
        let Self { run, secret, share: own } = self;
        let Challenge { admitter, share, tag } = challenge;
        let key = secret.agree(share).ok_or(WrongPasscode)?;
        let tags = run.tags(&key, &own, share, *admitter);
        // SPEC [A12]
        confirms(&tags.responder, tag)?;
        Ok(*tags.initiator.expose())
    }
}

#[cfg(any(test, feature = "testing"))]
impl Prover {
    /// Its secret, for tests that look for it.
    pub(crate) fn exposed(&self) -> Vec<u8> {
        self.secret.exposed()
    }
}

#[cfg(any(test, feature = "testing"))]
impl Verifier {
    /// The tag that it waits for, for tests that look for it.
    pub(crate) fn exposed(&self) -> Vec<u8> {
        self.0.expose().to_vec()
    }
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, secret: _, share: _ } = self;
        f.debug_struct("Prover").field("run", run).finish_non_exhaustive()
    }
}

/// An admitter, between its challenge and the tag that answers it.
pub(crate) struct Verifier(Secret<64>);

impl Verifier {
    /// Answers the share of a knock, as the member `admitter`.
    pub(crate) fn answer(
        entropy: &Entropy,
        passcode: &SecretText,
        run: &PasscodeRun,
        prover_share: &[u8; 32],
        admitter: StayId,
    ) -> Result<(Self, Challenge), PasscodeFault> {
        let secret = Ephemeral::draw(entropy)?;
        // SPEC [A11]
        let key = secret.agree(prover_share).ok_or(PasscodeFault::BadShare)?;
        let share = run.share(&secret, passcode);
        let Tags { initiator, responder } = run.tags(&key, prover_share, &share, admitter);
        let challenge = Challenge { admitter, share, tag: *responder.expose() };
        Ok((Self(initiator), challenge))
    }

    /// Checks the tag of whoever knocks: `Ok` if it knows the passcode.
    pub(crate) fn confirm(self, tag: &[u8; 64]) -> Result<(), WrongPasscode> {
        let Self(expected) = self;
        // SPEC [A12]
        confirms(&expected, tag)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("Verifier(..)")
    }
}

#[cfg(test)]
mod tests;
