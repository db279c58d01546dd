//! What a modified client posts with its genuine keys.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{
    self, Forgery, HostileBuilt, HostileCommit, HostilePsk, OddKeyPackage, Oddity,
};
use incamera::wire::{
    BlobHash, CommitNote, Envelope, EnvelopeKind, EventBody, EventKind, GroupState, MemberEntry,
    SealedBlob, SignedEvent, StayId, WelcomeNote,
};
use incamera::{Identity, Meeting, Output, Profile};
use sha2::{Digest, Sha256};

use super::live::{Live, Who};

/// The state that a client has.
pub(super) fn state(live: &Live, who: Who) -> GroupState {
    GroupState::decode(&testing::view(live.meeting(who)).unwrap().state).unwrap()
}

/// Where in a state an identity's entry is, which is there or is made.
pub(super) fn entry(state: &mut GroupState, who: incamera::Fingerprint) -> &mut MemberEntry {
    if !state.members.iter().any(|entry| entry.fingerprint == who) {
        state.members.push(MemberEntry::plain(who));
        state.members.sort_unstable_by_key(|entry| entry.fingerprint);
    }
    state.members.iter_mut().find(|entry| entry.fingerprint == who).unwrap()
}

/// The key that seals such an entry in the epoch of a client.
pub(super) fn key(meeting: &Meeting, kind: EnvelopeKind) -> [u8; 32] {
    let secrets = testing::epoch_secrets(meeting).unwrap();
    let state = GroupState::decode(&testing::view(meeting).unwrap().state).unwrap();
    let (order, heartbeat) = testing::heartbeat_keys(state.heartbeat_keys[0].expose());
    match kind {
        EnvelopeKind::Handshake => secrets.handshake,
        EnvelopeKind::Event => secrets.event,
        EnvelopeKind::Order => order,
        EnvelopeKind::Heartbeat => heartbeat,
    }
}

/// An entry as it can be made with a client's keys: what is not said is as it should be.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) key: Option<[u8; 32]>,
    pub(super) epoch: Option<u64>,
    pub(super) welcome: Option<WelcomeNote>,
}

impl Entry {
    pub(super) fn seal(self, live: &Live, who: Who, kind: EnvelopeKind, text: &[u8]) -> Vec<u8> {
        let meeting = live.meeting(who);
        let view = testing::view(meeting).unwrap();
        let key = self.key.unwrap_or_else(|| key(meeting, kind));
        let clear = Envelope {
            meeting: meeting.id(),
            kind,
            epoch: self.epoch.unwrap_or(view.epoch),
            nonce: [0; 24],
            ciphertext: Vec::new(),
            welcome: self.welcome,
        };
        // A nonce of its own for every text.
        let seed = Sha256::digest(text).into();
        testing::seal_envelope(seed, &key, &clear, text).unwrap().encode()
    }
}

/// What a client signs, whatever the rules say.
pub(super) struct Word {
    pub(super) epoch: u64,
    pub(super) stay: StayId,
    pub(super) counter: u64,
    pub(super) kind: EventKind,
}

impl Word {
    /// In its epoch, under a counter that nothing before has.
    pub(super) fn of(live: &Live, who: Who, kind: EventKind) -> Self {
        let epoch = live.meeting(who).epoch().unwrap();
        Self { epoch, stay: live.member(who), counter: 1_000, kind }
    }

    pub(super) fn sign(self, live: &Live, who: Who) -> SignedEvent {
        let meeting = live.meeting(who);
        let Self { epoch, stay, counter, kind } = self;
        let body = EventBody { meeting: meeting.id(), epoch, stay, counter, kind }.encode();
        let signature = testing::sign_event(meeting, &body).unwrap();
        SignedEvent { body, signature }
    }
}

/// An entry with an event of a client, whatever the rules say.
pub(super) fn event(live: &Live, who: Who, kind: EventKind) -> Vec<u8> {
    let signed = Word::of(live, who, kind).sign(live, who).encode();
    Entry::default().seal(live, who, EnvelopeKind::Event, &signed)
}

/// A note that says nothing.
pub(super) fn note() -> Vec<u8> {
    CommitNote::default().encode()
}

/// A commit with nothing in it but an empty note.
pub(super) fn plan() -> HostileCommit {
    HostileCommit { note: note(), ..HostileCommit::default() }
}

/// The PSK of the first live invite.
pub(super) fn psk(live: &Live, who: Who) -> Option<HostilePsk> {
    let secret = *state(live, who).invites[0].secret.expose();
    Some(psk_of(false, secret))
}

/// The PSK of the newest resync key.
pub(super) fn resync_psk(live: &Live, who: Who) -> Option<HostilePsk> {
    Some(psk_of(true, *state(live, who).resync_keys[0].secret.expose()))
}

pub(super) fn psk_of(resync: bool, secret: [u8; 32]) -> HostilePsk {
    let id = if resync {
        testing::resync_id(&secret)
    } else {
        let hash = Sha256::new_with_prefix(b"incamera 1 invite id").chain_update(secret);
        incamera::InviteId::new(hash.finalize()[..16].try_into().unwrap())
    };
    HostilePsk { resync, id, secret }
}

/// A commit, built and sealed: the entry, and the sealed tree of those whom it adds.
pub(super) fn commit(
    live: &mut Live,
    who: Who,
    plan: &HostileCommit,
) -> (Vec<u8>, Option<Vec<u8>>) {
    let built = testing::build_hostile(live.rogue(who), plan);
    assert!(built.is_ok(), "{:?}: {:?}", plan.oddity, built.err());
    let HostileBuilt { message, welcome } = built.unwrap();
    let (mut entry, mut blob) = (Entry::default(), None);
    if let Some((welcome, tree, secret)) = welcome {
        let sealed = sealed_tree(&secret, &tree);
        entry.welcome = Some(WelcomeNote { welcome, tree: address(&sealed) });
        blob = Some(sealed);
    }
    (entry.seal(live, who, EnvelopeKind::Handshake, &message), blob)
}

pub(super) fn sealed_tree(secret: &[u8; 32], tree: &[u8]) -> Vec<u8> {
    let sealed: SealedBlob = testing::seal_blob([0x7b; 32], secret, tree).unwrap();
    sealed.encode()
}

pub(super) fn address(blob: &[u8]) -> BlobHash {
    BlobHash::new(Sha256::digest(blob).into())
}

/// The entry alone.
pub(super) fn committed(live: &mut Live, who: Who, plan: &HostileCommit) -> Vec<u8> {
    commit(live, who, plan).0
}

/// A renewal whose part for one leaf does not open.
pub(super) fn unreadable(live: &mut Live, who: Who, victim: u32) -> Vec<u8> {
    let psk = psk(live, who);
    let oddity = Some(Oddity::Unreadable(victim));
    committed(live, who, &HostileCommit { oddity, psk, ..plan() })
}

/// What a client posts to the log at a forgery.
pub(super) fn forged(live: &mut Live, who: Who, forgery: &Forgery) -> Vec<u8> {
    let now = live.now();
    let meeting = live.rogue(who);
    testing::forge(meeting, forgery, now).unwrap();
    let mut entry = None;
    while let Some(output) = meeting.poll() {
        if let Output::Send(message) = output
            && message.to == incamera::Destination::Log
        {
            entry.get_or_insert(message.bytes);
        }
    }
    entry.unwrap()
}

/// Somebody who wants to come in: its identity, its leaf key, and what it claims.
pub(super) struct Stranger {
    pub(super) identity: Identity,
    pub(super) leaf_key: [u8; 32],
    pub(super) stay: StayId,
    pub(super) odd: OddKeyPackage,
    /// For which meeting its certificate is, if not for the one where it knocks.
    pub(super) meeting: Option<incamera::wire::MeetingId>,
}

impl Stranger {
    pub(super) fn new(number: u8) -> Self {
        Self {
            identity: Identity::from_secret_key(&[number; 32], "Mallory").unwrap(),
            leaf_key: [number ^ 0x80; 32],
            stay: StayId::new([number; 16]),
            odd: OddKeyPackage::Proper,
            meeting: None,
        }
    }

    pub(super) fn key_package(&self, live: &Live) -> Vec<u8> {
        let meeting = self.meeting.unwrap_or_else(|| live.meeting(0).id());
        let public = testing::verifying_key(&self.leaf_key);
        let direct = testing::public_key(&[0x44; 32]);
        let credential =
            testing::certify(&self.identity, meeting, &public, self.stay, direct).encode();
        let seed = [self.stay.as_bytes()[0]; 32];
        let profile = Profile::Standard;
        testing::key_package_of(seed, profile, &self.leaf_key, credential, self.odd).unwrap()
    }
}
