//! What a member posts that has the keys and writes whatever it likes, as SPEC.md 4.3, 4.5 and 5.2 say.

use arbitrary::Arbitrary;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ed25519_dalek::{Signer as _, SigningKey};
use hkdf::Hkdf;
use incamera::testing::{self, MemberSecrets};
use incamera::wire::{
    BlobHash, Envelope, EnvelopeKind, EventBody, EventKind, GroupState, Heartbeat, KeyPackageRef,
    SignedEvent, StayId, WelcomeNote,
};
use incamera::{Fingerprint, Track, TrackKinds};
use sha2::{Digest as _, Sha256};

use super::server::World;

/// What is sealed with a member's keys.
#[derive(Arbitrary, Debug)]
pub(super) struct Said {
    kind: u8,
    epoch: i8,
    counter: i8,
    is_signed: bool,
    content: Content,
}

#[derive(Arbitrary, Debug)]
enum Content {
    /// Any plaintext, and perhaps any Welcome.
    Bytes(Vec<u8>, Option<Vec<u8>>),
    /// Any body under a signature.
    Body(Vec<u8>),
    Leave,
    End,
    Confirm(bool),
    Chat(String),
    PrivateChat(u8, [u8; 32], Vec<u8>),
    Hand(bool),
    Ask(u8, u8),
    KeyFrame(u8),
    Attend([u8; 32], bool),
    HostSilent(u8),
    Order(u8, u8),
    Heartbeat {
        is_genuine: bool,
        position: i8,
        hash: [u8; 32],
        time_ms: u64,
        orders: Vec<Vec<u8>>,
    },
    Rejoin([u8; 32]),
}

impl World {
    /// Has a member's keys say something: its own client is none the wiser.
    pub(super) fn say(&mut self, who: usize, said: &Said) {
        let Some(secrets) = testing::secrets(&self.clients[who].meeting) else { return };
        self.clients[who].is_deceived = true;
        let kind = EnvelopeKind::ALL[usize::from(said.kind) % EnvelopeKind::ALL.len()];
        let epoch = secrets.epoch.saturating_add_signed(said.epoch.into());
        let (plaintext, welcome) = match &said.content {
            Content::Bytes(bytes, welcome) => (bytes.clone(), welcome.clone()),
            Content::Body(body) => (signed(&secrets, body.clone(), said.is_signed), None),
            content => {
                let counter = secrets.counter.saturating_add_signed(said.counter.into());
                let meeting = self.clients[who].meeting.id();
                let stay = self.member(who as u8);
                let kind = self.event(content, &secrets);
                let body = EventBody { meeting, epoch, stay, counter, kind };
                (signed(&secrets, body.encode(), said.is_signed), None)
            }
        };
        let Some(key) = key(&secrets, kind) else { return };
        let tree = BlobHash::new([3; 32]);
        let welcome = welcome.map(|welcome| WelcomeNote { welcome, tree });
        let meeting = self.clients[who].meeting.id();
        // One key and nonce for many texts: an attacker does not mind.
        let nonce = [5; 24];
        let mut envelope = Envelope { meeting, kind, epoch, nonce, ciphertext: vec![], welcome };
        let aad = envelope.associated_data();
        let payload = Payload { msg: &plaintext, aad: &aad };
        let cipher = XChaCha20Poly1305::new(&key.into());
        envelope.ciphertext = cipher.encrypt(XNonce::from_slice(&nonce), payload).unwrap();
        self.append(envelope.encode());
    }

    fn event(&self, content: &Content, secrets: &MemberSecrets) -> EventKind {
        match content {
            Content::Leave | Content::Bytes(..) | Content::Body(_) => EventKind::Leave,
            Content::End => EventKind::End,
            Content::Confirm(is_genuine) => {
                let authenticator = if *is_genuine { secrets.authenticator } else { [0; 32] };
                EventKind::Confirm { authenticator }
            }
            Content::Chat(text) => EventKind::Chat { text: text.clone() },
            Content::PrivateChat(to, encapsulated_key, ciphertext) => EventKind::PrivateChat {
                to: self.member(*to),
                encapsulated_key: *encapsulated_key,
                ciphertext: ciphertext.clone(),
            },
            Content::Hand(raised) => EventKind::Hand { raised: *raised },
            Content::Ask(to, bits) => {
                let kinds = TrackKinds::from_bits(u32::from(*bits)).unwrap_or(TrackKinds::ALL);
                EventKind::Ask { to: self.member(*to), kinds }
            }
            Content::KeyFrame(to) => {
                EventKind::KeyFrameRequest { to: self.member(*to), track: Track::CAMERA }
            }
            Content::Attend(knock, proved) => {
                EventKind::Attend { knock: KeyPackageRef::new(*knock), proved: *proved }
            }
            Content::HostSilent(who) => EventKind::HostSilent { hosts: vec![self.identity(*who)] },
            Content::Order(who, stay) => {
                let stay: StayId = self.member(*stay);
                EventKind::RemovalOrder { target: self.identity(*who), stay }
            }
            Content::Heartbeat { is_genuine, position, hash, time_ms, orders } => {
                let authenticator = if *is_genuine { secrets.authenticator } else { *hash };
                let log_position =
                    (self.log.len() as u64).saturating_add_signed((*position).into());
                EventKind::Heartbeat(Heartbeat {
                    authenticator,
                    log_position,
                    log_hash: *hash,
                    time_ms: *time_ms,
                    orders: orders.clone(),
                })
            }
            Content::Rejoin(knock) => EventKind::Rejoin { knock: KeyPackageRef::new(*knock) },
        }
    }

    fn identity(&self, at: u8) -> Fingerprint {
        let member = self.member(at);
        let roster = self.clients[0].meeting.roster();
        let found = roster.into_iter().find(|participant| participant.member == member);
        found.map_or(Fingerprint::new([0; 32]), |participant| participant.fingerprint)
    }
}

/// SPEC.md 4.5.
fn signed(secrets: &MemberSecrets, body: Vec<u8>, is_genuine: bool) -> Vec<u8> {
    let key = if is_genuine { secrets.leaf_secret } else { [9; 32] };
    let statement = [b"incamera 1 event", body.as_slice()].concat();
    let signature = SigningKey::from_bytes(&key).sign(&statement).to_bytes();
    SignedEvent { body, signature }.encode()
}

/// SPEC.md 5.2: what seals an envelope of a kind.
fn key(secrets: &MemberSecrets, kind: EnvelopeKind) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    let label = match kind {
        EnvelopeKind::Handshake => return exported(secrets, "incamera 1 handshake"),
        EnvelopeKind::Event => return exported(secrets, "incamera 1 event"),
        EnvelopeKind::Order => "incamera 1 order",
        _ => "incamera 1 heartbeat",
    };
    let state = GroupState::decode(&secrets.state).ok()?;
    let newest = state.heartbeat_keys.first()?;
    Hkdf::<Sha256>::from_prk(newest.expose()).ok()?.expand(label.as_bytes(), &mut key).ok()?;
    Some(key)
}

/// RFC 9420 section 8.5.
fn exported(secrets: &MemberSecrets, label: &str) -> Option<[u8; 32]> {
    let derived = expand_with_label(&secrets.exporter_secret, label, &[])?;
    expand_with_label(&derived, "exported", &Sha256::digest([]))
}

/// RFC 9420 section 8, of 32 bytes.
fn expand_with_label(secret: &[u8], label: &str, context: &[u8]) -> Option<[u8; 32]> {
    let (label, mut out) = (format!("MLS 1.0 {label}"), [0; 32]);
    let lengths = [label.len() as u8, context.len() as u8];
    let info = [&[0, 32, lengths[0]], label.as_bytes(), &[lengths[1]], context].concat();
    Hkdf::<Sha256>::from_prk(secret).ok()?.expand(&info, &mut out).ok()?;
    Some(out)
}
