//! Every key that a client holds, for tests that look for them where they must not be: in what is shown
//! and in memory that is given back.

use incamera_wire::{GroupState, ResyncKey};

use super::client::Meeting;
use super::heartbeat::heartbeat_key;
use super::knocking::{Entitlement, Knocking};
use super::member::Member;
use super::orders::order_key;
use super::shared::Shared;
use crate::mls::Group;
use crate::secret::Exposed;

impl Meeting {
    /// All of them by name; some are there twice.
    pub(crate) fn exposed(&self) -> Exposed {
        let mut into = Exposed::new();
        self.core.shared.expose(&mut into);
        if let Some(knocking) = &self.core.knocking {
            knocking.expose(&mut into);
        }
        if let Some(member) = &self.core.member {
            member.expose(&mut into);
            // The engine keeps it among its secrets, and every heartbeat says it.
            let said = |key: &[u8]| member.epochs.views().any(|view| view.authenticator == *key);
            into.retain(|(_, key)| !said(key));
        }
        into
    }
}

impl Shared {
    fn expose(&self, into: &mut Exposed) {
        into.push(("the identity key", self.identity.secret_key().to_vec()));
        into.push(("the key of private chats", self.direct_key.expose().to_vec()));
        into.extend(self.entropy.exposed().map(|seed| ("the seed", seed)));
        self.keyring.expose(into);
    }
}

impl Knocking<Group> {
    fn expose(&self, into: &mut Exposed) {
        self.joiner.expose(into);
        match &self.entitlement {
            Entitlement::Invite(invite, passcode) => {
                into.push(("a link secret", invite.link_secret.expose().to_vec()));
                let passcode = passcode.as_ref().map(|text| text.expose().as_bytes().to_vec());
                into.extend(passcode.map(|text| ("the passcode", text)));
            }
            Entitlement::Leaf(back) => back.expose(into),
        }
        let Some(sent) = &self.sent else { return };
        let answers = sent.answer_keys.iter().map(|key| key.expose().to_vec());
        into.extend(answers.map(|key| ("the key of an answer", key)));
        let scalar = sent.prover.as_ref().map(|prover| prover.exposed());
        into.extend(scalar.map(|scalar| ("a scalar of CPace", scalar)));
    }
}

impl Member<Group> {
    fn expose(&self, into: &mut Exposed) {
        self.group.expose(into);
        expose_state(&self.state, into);
        into.push(("a key of handshakes", self.handshake_key.expose().to_vec()));
        for view in self.epochs.views() {
            into.push(("a key of events", view.event_key.expose().to_vec()));
            into.push(("a PSK of private chats", view.direct_psk.expose().to_vec()));
        }
        let answers = self.lobby.waiting().map(|waiting| waiting.answer_key.expose().to_vec());
        into.extend(answers.map(|key| ("the key of an answer", key)));
        self.handling.expose(into);
    }
}

/// Both halves of each.
pub(super) fn expose_resync_keys(keys: &[ResyncKey], into: &mut Exposed) {
    for key in keys {
        into.push(("a resync key", key.secret.expose().to_vec()));
        into.push(("a resync key's private key", key.lobby_key.expose().to_vec()));
    }
}

fn expose_state(state: &GroupState, into: &mut Exposed) {
    into.push(("a lobby's private key", state.lobby_key.expose().to_vec()));
    let passcode = state.passcode.as_ref().map(|text| text.expose().as_bytes().to_vec());
    into.extend(passcode.map(|text| ("the passcode", text)));
    let invites = state.invites.iter().map(|invite| invite.secret.expose().to_vec());
    into.extend(invites.map(|secret| ("a link secret", secret)));
    expose_resync_keys(&state.resync_keys, into);
    for key in &state.heartbeat_keys {
        into.push(("a heartbeat key", key.expose().to_vec()));
        let derived = [order_key(key), heartbeat_key(key)].into_iter().flatten();
        into.extend(derived.map(|key| ("a key of orders or heartbeats", key.expose().to_vec())));
    }
}
