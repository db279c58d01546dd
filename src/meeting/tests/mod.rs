//! Members that break the rules on purpose, from inside: each honest member alike refuses, names
//! the author, and the meeting goes on.

mod commits;
mod events;
mod examples;
mod joining;
#[path = "../../../tests/support/mod.rs"]
mod support;
mod unreadable;

use ed25519_dalek::SigningKey;
use incamera_wire::{Envelope, EnvelopeKind, StayId};
use support::{Who, World};

use super::Meeting;
use super::face::{Event, MemberId, Source};
use super::member::Member;
use crate::entropy::Entropy;
use crate::envelope::{self, Head};
use crate::error::Fault;
use crate::hpke;
use crate::identity::{Identity, certify};
use crate::mls::{CommitPlan, Engine, Group, Joiner, Stay};
use crate::secret::Secret;

/// A host, an attacker and an honest member.
fn world(seed: u8) -> World {
    World::meeting(seed, &["Ada", "Ben", "Cleo"])
}

/// The attacker.
const BEN: Who = 1;
/// The honest ones.
const HONEST: [Who; 2] = [0, 2];

fn member(meeting: &mut Meeting) -> &mut Member<Group> {
    meeting.core.member.as_mut().unwrap()
}

/// A log entry with what `author` builds, whatever the rules say.
fn forged_commit(author: &mut Meeting, plan: &CommitPlan<'_>) -> Vec<u8> {
    let own = member(author);
    let message = own.group.build(plan).unwrap().message;
    own.group.drop_pending().unwrap();
    seal(author, EnvelopeKind::Handshake, &message)
}

/// A log entry sealed under the current epoch's key of its kind.
fn seal(author: &mut Meeting, kind: EnvelopeKind, plaintext: &[u8]) -> Vec<u8> {
    let meeting = author.id();
    let own = member(author);
    let epoch = own.epochs.current().epoch;
    let key = match kind {
        EnvelopeKind::Handshake => &own.handshake_key,
        EnvelopeKind::Event => &own.epochs.current().event_key,
    };
    let head = Head { meeting, kind, epoch, welcome: None };
    envelope::seal(key, &Entropy::system(), head, plaintext).unwrap().encode()
}

/// The key package of somebody whose certificate is for `meeting`.
fn key_package(name: &str, meeting: &Meeting) -> Vec<u8> {
    key_package_of(name, meeting, StayId::new(Entropy::system().array().unwrap()))
}

/// The key package of somebody who claims this stay.
fn key_package_of(name: &str, meeting: &Meeting, stay: StayId) -> Vec<u8> {
    key_package_under(Identity::stay_key(&Entropy::system()).unwrap(), name, meeting, stay)
}

/// The key package of somebody whose leaf key is this.
fn key_package_under(key: SigningKey, name: &str, meeting: &Meeting, stay: StayId) -> Vec<u8> {
    let (entropy, id) = (Entropy::system(), meeting.id());
    let identity = Identity::generate(name).unwrap();
    let (_, direct_key) = hpke::generate_key(&entropy).unwrap();
    let leaf_key = key.verifying_key().to_bytes();
    let credential = certify(&identity, id, &leaf_key, stay, direct_key).encode();
    let stay = Stay { signing_key: std::sync::Arc::new(key), credential };
    let joiner = Group::joiner(&entropy, crate::Profile::Standard, &stay).unwrap();
    joiner.key_package().to_vec()
}

/// Every honest member refuses the entry for this reason and stays in its epoch; the meeting
/// goes on afterwards.
#[track_caller]
fn all_refuse(mut world: World, entry: Vec<u8>, author: Option<MemberId>, fault: Fault) {
    let epoch = world.clients[0].meeting.epoch();
    let seq = world.log.len() as u64;
    world.append(entry);
    world.settle();
    let refused = Event::Refused { source: Source::Log { seq }, author, fault };
    for who in HONEST {
        assert_eq!(world.clients[who].events.last(), Some(&refused), "client {who}");
        assert_eq!(world.clients[who].meeting.epoch(), epoch, "client {who}");
    }
    let dan = world.knock("Dan");
    world.admit_all(0);
    assert!(world.has_joined(dan));
    let code = world.clients[0].meeting.safety_code();
    for who in [2, dan] {
        assert_eq!(world.clients[who].meeting.safety_code(), code, "client {who}");
    }
}

fn zeros() -> Secret<32> {
    Secret::filled(|_| ())
}

/// Decodes what the server sees of an entry.
fn opened(entry: &[u8]) -> Envelope {
    Envelope::decode(entry).unwrap()
}
