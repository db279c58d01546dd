//! Where media may go: relays of the state's list that have proved themselves (SPEC \[M12\],
//! \[M13\]).

use std::collections::VecDeque;

use incamera_wire::{GroupState, MeetingId, RelayChallenge, RelayEntry, RelayProof};

use super::face::{Alarm, Event};
use super::shared::Shared;
use crate::error::{Error, Fault};
use crate::identity;

/// The most challenges that wait for their answer.
const MAX_CHALLENGES: usize = 8;

/// A relay that has proved that it is one of the meeting's. There is no other way to get one than
/// [`Meeting::verify_relay`](crate::Meeting::verify_relay).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "media go nowhere before `Meeting::use_relay` has it"]
pub struct ProvedRelay {
    meeting: MeetingId,
    key: [u8; 32],
    region: String,
}

impl ProvedRelay {
    /// Its Ed25519 key, 32 bytes.
    #[must_use]
    pub const fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// What its operator says of where it stands.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

/// The challenges on their way, and the relay in use.
#[derive(Default)]
pub(super) struct Relays {
    challenges: VecDeque<[u8; 32]>,
    used: Option<[u8; 32]>,
}

impl Shared {
    /// A question for a relay. A later one replaces the oldest of eight.
    pub(super) fn relay_challenge(&mut self) -> Result<RelayChallenge, Error> {
        let challenge = self.entropy.array()?;
        self.relays.challenges.push_back(challenge);
        if self.relays.challenges.len() > MAX_CHALLENGES {
            self.relays.challenges.pop_front();
        }
        Ok(RelayChallenge { meeting: self.meeting, challenge })
    }

    /// Checks a relay's answer. A challenge is good for one relay.
    pub(super) fn verify_relay(
        &mut self,
        state: &GroupState,
        challenge: &RelayChallenge,
        certificate_sha256: &[u8; 32],
        proof: &RelayProof,
    ) -> Result<ProvedRelay, Fault> {
        let asked = &mut self.relays.challenges;
        let place = asked.iter().position(|known| *known == challenge.challenge);
        // SPEC [M12]
        let place = place.filter(|_| challenge.meeting == self.meeting);
        let place = place.ok_or(Fault::Relay("the challenge is not one of ours, or was used"))?;
        // SPEC [M12]
        let listed = state.relays.iter().find(|relay| relay.key == proof.key);
        let RelayEntry { key, region } =
            listed.cloned().ok_or(Fault::Relay("its key is not in the meeting's list"))?;
        // SPEC [M12]
        if !identity::verify_relay(challenge, certificate_sha256, proof) {
            return Err(Fault::Relay("its signature does not cover this connection"));
        }
        asked.remove(place);
        Ok(ProvedRelay { meeting: self.meeting, key, region })
    }

    /// Media go through this relay from now on.
    pub(super) fn use_relay(
        &mut self,
        state: &GroupState,
        relay: &ProvedRelay,
    ) -> Result<(), Error> {
        // SPEC [M13]: the proof names the meeting.
        let listed = state.relays.iter().any(|listed| listed.key == relay.key);
        if relay.meeting != self.meeting || !listed {
            return Err(Error::Argument(
                "this relay is not one of the meeting's list: prove another with `verify_relay`",
            ));
        }
        self.relays.used = Some(relay.key);
        self.gate_relay(state);
        Ok(())
    }

    /// With a list in the state, sealing needs a proved relay that is still in it (SPEC \[M13\]).
    pub(super) fn gate_relay(&mut self, state: &GroupState) {
        let listed = |key: &[u8; 32]| state.relays.iter().any(|relay| relay.key == *key);
        let had = self.relays.used.is_some();
        // SPEC [M13]: without a list media may go elsewhere, so that none outlives its list.
        self.relays.used = self.relays.used.filter(listed);
        // SPEC [M13]
        self.keyring.prove_relay(self.relays.used.is_some());
        self.keyring.require_relay(!state.relays.is_empty());
        if had && self.relays.used.is_none() && !state.relays.is_empty() {
            self.tell(Event::Alarm(Alarm::RelayDropped));
        }
    }
}
