//! What a client asks of a relay behind Hello.

use std::collections::VecDeque;

use incamera_wire::server::EnvelopeHead;
use incamera_wire::{
    BlobHash, Destination, MessageId, Refusal, RefusalReason, RelayChallenge, ToClient, TransportId,
};

use super::appends::Appended;
use super::live::Live;
use super::{Ending, refused};
use crate::digest::sha256;
use crate::relay::of_store;
use crate::store::{Bytes, News, StoreError};

/// An entry of the log: bytes.
const ENTRY: usize = 1024 * 1024;
/// What goes to the lobby or to a mailbox: bytes.
const MESSAGE: usize = 64 * 1024;
/// A blob: bytes.
const BLOB: usize = 16 * 1024 * 1024;
/// From so many bytes on, hashing does not hold up other connections.
const LONG: usize = 256 * 1024;

/// How far a post has come.
enum Taken {
    Done,
    UnderWay,
}

/// Why a post is not taken.
struct NotTaken(RefusalReason, String, u32);

impl Live<'_> {
    /// Takes a post, or says why not. One to the log is answered when it is durable.
    pub(super) async fn post(&mut self, id: MessageId, to: Destination, bytes: Vec<u8>) {
        match self.take(id, to, bytes.into()).await {
            Ok(Taken::Done) => self.accept(id, &to, None),
            Ok(Taken::UnderWay) => {}
            Err(refused) => self.not_taken(id, refused),
        }
    }

    /// Answers a post to the log.
    pub(super) fn appended(&mut self, appended: Appended) {
        match appended.result {
            Ok(seq) => {
                self.relay.metrics.append_seconds.observe(appended.took.as_secs_f64());
                self.relay.metrics.log_bytes.inc_by(appended.bytes as u64);
                self.accept(appended.id, &Destination::Log, Some(seq));
            }
            Err(error) => self.not_taken(appended.id, not_stored(error)),
        }
    }

    fn accept(&mut self, id: MessageId, to: &Destination, seq: Option<u64>) {
        self.relay.metrics.posted(to);
        self.say(&ToClient::Accepted { id, seq });
    }

    fn not_taken(&mut self, id: MessageId, NotTaken(reason, detail, retry_after_ms): NotTaken) {
        self.refuse(Refusal { post: Some(id), reason, detail, retry_after_ms });
    }

    async fn take(
        &mut self,
        id: MessageId,
        to: Destination,
        bytes: Bytes,
    ) -> Result<Taken, NotTaken> {
        let meeting = self.opened.meeting;
        let store = &self.relay.store;
        let most = match to {
            Destination::Log => ENTRY,
            Destination::Lobby | Destination::Direct(_) => MESSAGE,
            Destination::Blob(_) => BLOB,
        };
        if bytes.len() > most {
            let detail = format!("what is posted there may have {most} bytes: send less at once");
            return Err(NotTaken(RefusalReason::TooLarge, detail, 0));
        }
        match to {
            Destination::Log => {
                let head = EnvelopeHead::peek(&bytes).map_err(|it| malformed(it.to_string()))?;
                // SPEC [S4]
                if head.meeting != meeting {
                    let text = "the envelope names another meeting: connect to that one";
                    return Err(malformed(text.to_owned()));
                }
                self.appends.add(self.relay, meeting, id, bytes);
                Ok(Taken::UnderWay)
            }
            Destination::Lobby => {
                self.own.add(&bytes);
                store.publish(meeting, News::Lobby(bytes)).await.map_err(not_stored)?;
                Ok(Taken::Done)
            }
            Destination::Direct(mailbox) => {
                let news = News::Direct { mailbox, bytes };
                store.publish(meeting, news).await.map_err(not_stored)?;
                Ok(Taken::Done)
            }
            Destination::Blob(hash) => {
                // SPEC [S6]
                if hashed(&bytes).await != *hash.as_bytes() {
                    let text = "the address is not the SHA-256 of the bytes";
                    return Err(malformed(text.to_owned()));
                }
                store.put_blob(meeting, hash, bytes).await.map_err(not_stored)?;
                Ok(Taken::Done)
            }
        }
    }

    /// A refusal names the address by its first 16 bytes, and the connection goes on: that a relay
    /// has forgotten a blob is nothing unusual.
    pub(super) async fn fetch_blob(&mut self, hash: BlobHash) {
        let (reason, detail, retry_after_ms) =
            match self.relay.store.blob(self.opened.meeting, hash).await {
                Ok(Some(bytes)) => return self.say(&ToClient::Blob { bytes: bytes.into() }),
                Ok(None) => {
                    let text = "the blob is not here: whoever has it may post it again";
                    (RefusalReason::NotFound, text.to_owned(), 0)
                }
                Err(error) => of_store(&error),
            };
        let name = hash.as_bytes().first_chunk().copied().unwrap_or_default();
        let post = Some(MessageId::new(name));
        self.refuse(Refusal { post, reason, detail, retry_after_ms });
    }

    /// SPEC \[M12\]: only for a certificate at this relay's end.
    pub(super) fn prove(&mut self, challenge: &[u8], certificate: &[u8; 32]) -> Result<(), Ending> {
        let malformed = |text: String| Err(Some(refused(RefusalReason::Malformed, text)));
        let challenge = match RelayChallenge::decode(challenge) {
            Ok(challenge) => challenge,
            Err(error) => return malformed(error.to_string()),
        };
        if challenge.meeting != self.opened.meeting {
            return malformed("the challenge is for another meeting".to_owned());
        }
        let relay = self.relay;
        if relay.certificate_sha256.as_ref() != Some(certificate)
            && relay.forwarder.certificate_sha256() != *certificate
        {
            let text = "this certificate is not the relay's: somebody may stand in between";
            return Err(Some(refused(RefusalReason::NotFound, text)));
        }
        let proof = relay.identity.prove(&challenge, certificate).encode();
        let region = relay.settings.region.clone().unwrap_or_default();
        self.say(&ToClient::Proof { proof, region });
        Ok(())
    }

    pub(super) fn end_transport(&self, transport: TransportId) -> Result<(), Ending> {
        if !self.opened.powers.may_end {
            let text = "your token does not let you end others: ask for one that may end";
            return Err(Some(refused(RefusalReason::Unauthorized, text)));
        }
        // Who has gone already is ended too: nothing to say.
        let found = self.relay.hub.end(transport, self.opened.meeting, self.relay.unix());
        tracing::debug!(found, "a transport is ended");
        Ok(())
    }
}

fn malformed(detail: String) -> NotTaken {
    NotTaken(RefusalReason::Malformed, detail, 0)
}

fn not_stored(error: StoreError) -> NotTaken {
    if let StoreError::Unavailable(why) = &error {
        tracing::error!(why, "the store cannot be used");
    }
    let (reason, detail, retry_after_ms) = of_store(&error);
    NotTaken(reason, detail, retry_after_ms)
}

/// The SHA-256, on another thread if that takes long.
async fn hashed(bytes: &Bytes) -> [u8; 32] {
    if bytes.len() < LONG {
        return sha256(bytes);
    }
    let shared = bytes.clone();
    let hashed = tokio::task::spawn_blocking(move || sha256(&shared)).await;
    hashed.unwrap_or_default()
}

/// The lobby's messages that this client posted: they come back from the store, and it has them.
#[derive(Debug, Default)]
pub(super) struct OwnPosts(VecDeque<[u8; 32]>);

impl OwnPosts {
    /// More are not under way at once.
    const MOST: usize = 64;

    fn add(&mut self, bytes: &[u8]) {
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(sha256(bytes));
    }

    /// Whether it is one of them; then it is forgotten.
    pub(super) fn is_own(&mut self, bytes: &[u8]) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let name = sha256(bytes);
        let found = self.0.iter().position(|it| *it == name);
        found.is_some_and(|at| self.0.remove(at).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_post_is_known_once() {
        let mut own = OwnPosts::default();
        own.add(b"knock");
        assert!(!own.is_own(b"other"));
        assert!(own.is_own(b"knock"));
        assert!(!own.is_own(b"knock"));
    }

    #[test]
    fn own_posts_are_bounded() {
        let mut own = OwnPosts::default();
        for n in 0..1000_u32 {
            own.add(&n.to_be_bytes());
        }
        assert_eq!(own.0.len(), OwnPosts::MOST);
        assert!(own.is_own(&999_u32.to_be_bytes()));
        assert!(!own.is_own(&0_u32.to_be_bytes()));
    }
}
