//! Runs of the passcode by themselves, for measurements.

use incamera_wire::{InviteId, KeyPackageRef, MailboxId, MeetingId, SecretText, StayId};

use super::{PasscodeRun, Prover, Verifier};
use crate::entropy::Entropy;

/// An admitter that waits for the tag of whoever knocks.
pub struct Confirmation(Verifier);

impl Confirmation {
    /// A run between two who know `passcode`: the admitter's side of it, and the tag that it waits for.
    /// `publish` sees what crosses the network, each of it before the other side does. `None` if
    /// it has changed any of that.
    pub fn new(
        seed: [u8; 32],
        passcode: &str,
        mut publish: impl FnMut(&mut [u8]),
    ) -> Option<(Self, [u8; 64])> {
        let (entropy, passcode) = (Entropy::seeded(seed), SecretText::new(passcode));
        let run = PasscodeRun {
            meeting: MeetingId::new([1; 16]),
            invite: InviteId::new([2; 16]),
            knock: KeyPackageRef::new([3; 32]),
            mailbox: MailboxId::new([4; 16]),
        };
        let (prover, mut share) = Prover::start(&entropy, &passcode, &run).ok()?;
        publish(&mut share);
        let admitter = StayId::new([5; 16]);
        let answered = Verifier::answer(&entropy, &passcode, &run, &share, admitter);
        let (verifier, mut challenge) = answered.ok()?;
        publish(&mut challenge.share);
        publish(&mut challenge.tag);
        let mut tag = prover.finish(&challenge).ok()?;
        publish(&mut tag);
        Some((Self(verifier), tag))
    }

    /// Whether this is the tag.
    #[must_use]
    pub fn confirm(self, tag: &[u8; 64]) -> bool {
        self.0.confirm(tag).is_ok()
    }
}
