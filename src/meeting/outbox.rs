//! What was sent and not yet seen to arrive: sent again until it is.

use incamera_wire::{Destination, MessageId};
use sha2::{Digest, Sha256};

use super::face::Message;
use crate::entropy::Entropy;
use crate::error::Error;

/// How long to wait before sending again at first, in milliseconds; doubled each time.
const FIRST_RESEND_MS: u64 = 1_000;
/// The longest wait, in milliseconds.
const LAST_RESEND_MS: u64 = 16_000;

/// The most messages that wait for a sign of arrival (SPEC 7.15).
pub(super) const MAX_UNCONFIRMED: usize = 1024;

/// Messages without a sign of arrival.
#[derive(Default)]
pub(super) struct Outbox(Vec<Unconfirmed>);

struct Unconfirmed {
    message: Message,
    hash: [u8; 32],
    posted_ms: u64,
    wait_ms: u64,
    resend_at: u64,
}

impl Outbox {
    /// A message with a fresh id that is sent again until [`Outbox::arrived`] or
    /// [`Outbox::forget`].
    pub(super) fn post(
        &mut self,
        entropy: &Entropy,
        to: Destination,
        bytes: Vec<u8>,
        now_ms: u64,
    ) -> Result<Message, Error> {
        // SPEC [G29]
        if self.0.len() >= MAX_UNCONFIRMED {
            return Err(Error::Argument(
                "1,024 messages wait for a sign of arrival: connect, and hand in what the server sends",
            ));
        }
        let message = Message { id: MessageId::new(entropy.array()?), to, bytes };
        self.keep(message.clone(), now_ms, now_ms);
        Ok(message)
    }

    /// An outbox with these messages, as a former self posted them.
    pub(super) fn restored(messages: Vec<Message>, now_ms: u64) -> Self {
        let mut outbox = Self::default();
        // When the former self posted them is not known: they anchor nothing.
        messages.into_iter().for_each(|message| outbox.keep(message, 0, now_ms));
        outbox
    }

    /// What has not been seen to arrive.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.0.iter().map(|unconfirmed| &unconfirmed.message)
    }

    fn keep(&mut self, message: Message, posted_ms: u64, now_ms: u64) {
        let hash = match message.to {
            // It is its name, and long.
            Destination::Blob(name) => *name.as_bytes(),
            _ => Sha256::digest(&message.bytes).into(),
        };
        self.0.push(Unconfirmed {
            hash,
            message,
            posted_ms,
            wait_ms: FIRST_RESEND_MS,
            resend_at: now_ms.saturating_add(FIRST_RESEND_MS),
        });
    }

    /// Whether the entry with this SHA-256, read in the log, is one's own, and if so, when it was
    /// posted first; it is not sent again.
    pub(super) fn arrived(&mut self, entry: &[u8; 32]) -> Option<u64> {
        let index = self.0.iter().position(|unconfirmed| unconfirmed.hash == *entry)?;
        Some(self.0.remove(index).posted_ms)
    }

    /// Whether this message has not been seen to arrive.
    pub(super) fn holds(&self, id: MessageId) -> bool {
        self.0.iter().any(|unconfirmed| unconfirmed.message.id == id)
    }

    /// Sends this message no more.
    pub(super) fn forget(&mut self, id: MessageId) {
        self.0.retain(|unconfirmed| unconfirmed.message.id != id);
    }

    /// Sends nothing more of what was sent so far.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What is due, to be sent again under the same id.
    pub(super) fn due(&mut self, now_ms: u64) -> Vec<Message> {
        let mut due = Vec::new();
        for unconfirmed in self.0.iter_mut().filter(|unconfirmed| unconfirmed.resend_at <= now_ms) {
            unconfirmed.wait_ms = unconfirmed.wait_ms.saturating_mul(2).min(LAST_RESEND_MS);
            unconfirmed.resend_at = now_ms.saturating_add(unconfirmed.wait_ms);
            due.push(unconfirmed.message.clone());
        }
        due
    }

    /// Everything is due: the transport is new.
    pub(super) fn expire(&mut self, now_ms: u64) {
        for unconfirmed in &mut self.0 {
            unconfirmed.wait_ms = FIRST_RESEND_MS / 2;
            unconfirmed.resend_at = now_ms;
        }
    }

    /// When something is due, in milliseconds.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.0.iter().map(|unconfirmed| unconfirmed.resend_at).min()
    }

    /// Everything that tells two outboxes apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut Sha256) {
        for Unconfirmed { message, hash: _, posted_ms, wait_ms, resend_at } in &self.0 {
            hash.update(format!("{message:?} {posted_ms} {wait_ms} {resend_at}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_sent_again_under_its_id_until_it_is_read_back() {
        // SPEC [S2]
        let mut outbox = Outbox::default();
        let entropy = Entropy::seeded([1; 32]);
        let message = outbox.post(&entropy, Destination::Log, vec![1, 2, 3], 100).unwrap();
        assert_eq!(outbox.due(1_099), []);
        assert_eq!(outbox.due(1_100), std::slice::from_ref(&message));
        assert_eq!(outbox.deadline(), Some(3_100));
        outbox.expire(2_500);
        assert_eq!(outbox.due(2_500), std::slice::from_ref(&message));
        assert_eq!(outbox.arrived(&Sha256::digest([1, 2]).into()), None);
        assert!(outbox.holds(message.id));
        let entry = Sha256::digest([1, 2, 3]).into();
        assert_eq!(outbox.arrived(&entry), Some(100), "when it was posted first");
        assert_eq!(outbox.arrived(&entry), None);
        assert!(!outbox.holds(message.id));
        assert_eq!(outbox.due(u64::MAX), []);
    }

    #[test]
    fn what_waits_for_a_sign_of_arrival_is_bounded() {
        // SPEC [G29]
        let mut outbox = Outbox::default();
        let entropy = Entropy::seeded([1; 32]);
        for _ in 0..MAX_UNCONFIRMED {
            outbox.post(&entropy, Destination::Log, vec![1], 0).unwrap();
        }
        let refused = outbox.post(&entropy, Destination::Log, vec![1], 0);
        assert!(matches!(refused, Err(Error::Argument(_))));
        assert_eq!(outbox.messages().count(), MAX_UNCONFIRMED);
        let first = outbox.messages().next().unwrap().id;
        outbox.forget(first);
        assert!(outbox.post(&entropy, Destination::Log, vec![1], 0).is_ok());
    }

    #[test]
    fn waits_double_up_to_sixteen_seconds() {
        let mut outbox = Outbox::default();
        outbox.post(&Entropy::seeded([1; 32]), Destination::Lobby, vec![], 0).unwrap();
        let mut waits = Vec::new();
        for _ in 0..6 {
            let at = outbox.deadline().unwrap();
            outbox.due(at);
            waits.push(outbox.deadline().unwrap() - at);
        }
        assert_eq!(waits, [2_000, 4_000, 8_000, 16_000, 16_000, 16_000]);
    }
}
