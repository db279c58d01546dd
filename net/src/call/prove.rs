//! Relays that are listed in a meeting's rules, and that prove to be the ones listed.

use std::collections::VecDeque;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use incamera::wire::{RelayChallenge, RelayEntry, ToServer, relay_statement};
use incamera::{ProvedRelay, RelayProof};

use super::clock::now;
use super::driver::Driver;
use super::event::CallEvent;

/// The longest region label of a list, in bytes.
const MAX_REGION: usize = 32;

/// A question put to the relay.
struct Question {
    challenge: RelayChallenge,
    certificate_sha256: [u8; 32],
    /// What the answer is for.
    what: What,
}

enum What {
    /// Which key the relay has, over the connection whose certificate was checked.
    Key,
    /// Whether it is one of the meeting's, over the media connection (SPEC \[M12\]).
    Media,
}

/// The questions whose answers are awaited, in their order.
#[derive(Default)]
pub(super) struct Questions {
    asked: VecDeque<Question>,
    /// Whether something has changed, so that the relay may have to prove itself.
    pub(super) proof_due: bool,
}

impl Questions {
    /// The connection on which they were asked has gone.
    pub(super) fn lost(&mut self) {
        self.asked.clear();
    }
}

impl Driver {
    /// Asks for the relay's key, to list it.
    pub(super) fn ask_key(&mut self) {
        match self.certificate_sha256() {
            Some(certificate_sha256) => self.ask(certificate_sha256, What::Key),
            None => {
                let why = "the connection to it is not encrypted".to_owned();
                self.outlet.tell(CallEvent::RelayNotListed { why });
            }
        }
    }

    /// Asks the relay to prove that it is one of the meeting's, if something has changed, the meeting lists
    /// any and the media connection stands.
    pub(super) fn ask_proof(&mut self) {
        if !std::mem::take(&mut self.questions.proof_due) || !self.is_up() {
            return;
        }
        let listed = self.meeting.rules().is_ok_and(|rules| !rules.relays.is_empty());
        let Some(certificate_sha256) = self.media.certificate_sha256 else { return };
        self.media.relays_listed(listed);
        if listed {
            self.ask(certificate_sha256, What::Media);
        }
    }

    fn ask(&mut self, certificate_sha256: [u8; 32], what: What) {
        // After the end of the membership there is nothing to ask.
        let Ok(challenge) = self.meeting.relay_challenge() else { return };
        self.request(&ToServer::Prove { challenge: challenge.encode(), certificate_sha256 });
        self.questions.asked.push_back(Question { challenge, certificate_sha256, what });
    }

    /// The relay's answer to the first question.
    pub(super) fn answered(&mut self, proof: &[u8], region: &str) {
        let Some(question) = self.questions.asked.pop_front() else { return };
        let event = match question.what {
            What::Key => match self.list(&question, proof, region) {
                Ok(()) => return,
                Err(why) => CallEvent::RelayNotListed { why },
            },
            What::Media => match self.use_relay(&question, proof) {
                Ok(relay) => CallEvent::RelayProved { region: relay.region().to_owned() },
                Err(why) => CallEvent::RelayNotProved { why },
            },
        };
        self.outlet.tell(event);
    }

    fn list(&mut self, question: &Question, proof: &[u8], region: &str) -> Result<(), String> {
        let entry = entry(question, proof, region)?;
        self.meeting.set_relays(vec![entry], now()).map_err(|error| error.to_string())
    }

    fn use_relay(&mut self, question: &Question, proof: &[u8]) -> Result<ProvedRelay, String> {
        let Question { challenge, certificate_sha256, .. } = question;
        let proof = RelayProof::decode(proof).map_err(|error| error.to_string())?;
        let proved = self.meeting.verify_relay(challenge, certificate_sha256, &proof);
        let proved = proved.map_err(|fault| fault.to_string())?;
        self.meeting.use_relay(&proved).map_err(|error| error.to_string())?;
        self.media.proved(*certificate_sha256);
        Ok(proved)
    }
}

/// The entry of the list that an answer speaks for.
fn entry(question: &Question, proof: &[u8], region: &str) -> Result<RelayEntry, String> {
    let proof = RelayProof::decode(proof).map_err(|error| error.to_string())?;
    let statement = relay_statement(&question.challenge, &question.certificate_sha256);
    let key = UnparsedPublicKey::new(&ED25519, &proof.key);
    let verified = key.verify(&statement, &proof.signature);
    verified.map_err(|_| "its signature is not over this connection".to_owned())?;
    let fits = (1..=MAX_REGION).contains(&region.len());
    let region = if fits { region.to_owned() } else { "relay".to_owned() };
    Ok(RelayEntry { key: proof.key, region })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use incamera::wire::MeetingId;

    use super::*;

    #[test]
    fn a_relay_is_listed_by_a_signature_over_this_connection_alone() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let key: [u8; 32] = pair.public_key().as_ref().try_into().unwrap();
        let challenge = RelayChallenge { meeting: MeetingId::new([1; 16]), challenge: [2; 32] };
        let proof_over = |certificate_sha256: [u8; 32]| {
            let signed = pair.sign(&relay_statement(&challenge, &certificate_sha256));
            let signature = signed.as_ref().try_into().unwrap();
            RelayProof { key, signature }.encode()
        };
        let question = Question { challenge, certificate_sha256: [3; 32], what: What::Key };
        let listed = entry(&question, &proof_over([3; 32]), "Iceland").unwrap();
        assert_eq!(listed, RelayEntry { key, region: "Iceland".to_owned() });
        for region in ["", &"x".repeat(33)] {
            let listed = entry(&question, &proof_over([3; 32]), region).unwrap();
            assert_eq!(listed.region, "relay");
        }
        assert!(entry(&question, &proof_over([4; 32]), "Iceland").is_err());
        assert!(entry(&question, b"no proof", "Iceland").is_err());
    }
}
