//! Members that break the rules on purpose, from inside: each honest member alike refuses, names
//! the author, and the meeting goes on.

mod alive;
mod apart;
mod bounds;
mod changes;
mod commits;
mod events;
mod examples;
mod followers;
mod gates;
mod heartbeats;
mod joining;
mod key_frames;
mod media;
mod model;
mod names;
mod orders;
mod powers;
mod recovery;
mod rejoins;
mod resync;
mod silence;
mod snapshots;
mod splits;
#[path = "../../../tests/support/mod.rs"]
mod support;
mod talk;
mod unreadable;
mod upkeep;

use ed25519_dalek::SigningKey;
use incamera_wire::{
    CommitNote, Envelope, EnvelopeKind, EventBody, EventKind, Fingerprint, GroupState, Role,
    SignedEvent, StayId,
};
use support::{Who, World};

use super::Meeting;
use super::face::{Event, MemberId, Source};
use super::member::Member;
use crate::entropy::Entropy;
use crate::envelope::{self, Head};
use crate::error::{Fault, Rule};
use crate::hpke;
use crate::identity::{Identity, certify};
use crate::mls::{CommitPlan, Engine, Group, Joiner, Stay};
use crate::policy::PskId;
use crate::secret::Secret;

/// A host, an attacker and an honest member.
fn world(seed: u8) -> World {
    World::meeting(seed, &["Ada", "Ben", "Cleo"])
}

/// The attacker.
const BEN: Who = 1;
/// The honest ones.
const HONEST: [Who; 2] = [0, 2];

fn state_of(world: &mut World, who: Who) -> GroupState {
    member(&mut world.clients[who].meeting).state.duplicate()
}

fn fingerprint(world: &World, who: Who) -> Fingerprint {
    let roster = world.clients[who].meeting.roster();
    roster.into_iter().find(|participant| participant.own).unwrap().fingerprint
}

/// One client does something, and everybody reads what comes of it.
#[track_caller]
fn act(
    world: &mut World,
    who: Who,
    call: impl FnOnce(&mut Meeting, crate::Now) -> Result<(), crate::Error>,
) {
    let now = world.now();
    call(&mut world.clients[who].meeting, now).unwrap();
    world.settle();
}

/// The host gives somebody a role.
#[track_caller]
fn give_role(world: &mut World, who: Who, role: Role) {
    let identity = fingerprint(world, who);
    act(world, 0, |meeting, now| meeting.set_role(identity, role, now));
}

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

/// A log entry by which `author` sets the state that `change` makes of the present one.
fn forged_state(world: &mut World, author: Who, change: impl FnOnce(&mut GroupState)) -> Vec<u8> {
    let mut state = state_of(world, author);
    change(&mut state);
    let (state, note) = (state.encode(), CommitNote::default().encode());
    let plan = CommitPlan { state: Some(&state), note: &note, ..CommitPlan::default() };
    forged_commit(&mut world.clients[author].meeting, &plan)
}

/// What `author` signs, whatever the rules say, under its next counter.
fn signed(author: &mut Meeting, kind: EventKind) -> SignedEvent {
    let meeting = author.id();
    let own = member(author);
    let (stay, epoch, counter) = (own.stay, own.epochs.current().epoch, own.counter);
    own.counter += 1;
    let body = EventBody { meeting, epoch, stay, counter, kind }.encode();
    let signature = own.group.sign(&[b"incamera 1 event".as_slice(), &body].concat());
    SignedEvent { body, signature }
}

/// A log entry with what `author` says, whatever the rules say.
fn forged_event(world: &mut World, author: Who, kind: EventKind) -> Vec<u8> {
    let author = &mut world.clients[author].meeting;
    let signed = signed(author, kind).encode();
    seal(author, EnvelopeKind::Event, &signed)
}

/// A log entry sealed under the current epoch's key of its kind.
fn seal(author: &mut Meeting, kind: EnvelopeKind, plaintext: &[u8]) -> Vec<u8> {
    let meeting = author.id();
    let own = member(author);
    let epoch = own.epochs.current().epoch;
    let key = match kind {
        EnvelopeKind::Handshake => &own.handshake_key,
        EnvelopeKind::Event => &own.epochs.current().event_key,
        EnvelopeKind::Order => &order_key(&own.state.heartbeat_keys[0]),
        EnvelopeKind::Heartbeat => &heartbeat_key(&own.state.heartbeat_keys[0]),
    };
    let head = Head { meeting, kind, epoch, welcome: None };
    envelope::seal(key, &Entropy::system(), head, plaintext).unwrap().encode()
}

/// The key that seals orders under this heartbeat key.
fn order_key(heartbeat_key: &Secret<32>) -> Secret<32> {
    // SPEC [K9]
    let expander = hkdf::Hkdf::<sha2::Sha256>::from_prk(heartbeat_key.expose()).unwrap();
    Secret::filled(|bytes| expander.expand(b"incamera 1 order", bytes).unwrap())
}

/// The key that seals heartbeats under this heartbeat key.
fn heartbeat_key(heartbeat_key: &Secret<32>) -> Secret<32> {
    // SPEC [K10]
    let expander = hkdf::Hkdf::<sha2::Sha256>::from_prk(heartbeat_key.expose()).unwrap();
    Secret::filled(|bytes| expander.expand(b"incamera 1 heartbeat", bytes).unwrap())
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

/// A co-host orders somebody out, and falls silent before it commits what it has ordered.
fn order_alone(world: &mut World, author: Who, target: Who) {
    give_role(world, author, Role::CoHost);
    let (member, now) = (world.member_id(target), world.now());
    let order = incamera::testing::Forgery::Order { member };
    incamera::testing::forge(&mut world.clients[author].meeting, &order, now).unwrap();
    while let Some(output) = world.clients[author].meeting.poll() {
        if let crate::Output::Send(message) = output {
            world.serve(message);
        }
    }
    world.clients[author].unheard = true;
    world.settle();
}

/// These refuse the entry for this reason, name its author, and stay in their epoch and state.
#[track_caller]
fn refused_by(
    world: &mut World,
    honest: &[Who],
    entry: Vec<u8>,
    author: Option<MemberId>,
    fault: Fault,
) {
    let epoch = world.clients[honest[0]].meeting.epoch();
    let state = state_of(world, honest[0]);
    let seq = world.log.len() as u64;
    world.append(entry);
    world.settle();
    let refused = Event::Refused { source: Source::Log { seq }, author, fault };
    for who in honest {
        assert_eq!(world.clients[*who].events.last(), Some(&refused), "client {who}");
        assert_eq!(world.clients[*who].meeting.epoch(), epoch, "client {who}");
        assert_eq!(state_of(world, *who), state, "client {who}");
    }
}

/// What Ben commits breaks this rule to the host and Cleo alike.
#[track_caller]
fn ben_breaks(world: &mut World, entry: Vec<u8>, rule: Rule) {
    let ben = world.member_id(BEN);
    refused_by(world, &HONEST, entry, Some(ben), Fault::Refused(rule));
}

/// Every honest member refuses the entry for this reason and stays in its epoch; the meeting
/// goes on afterwards.
#[track_caller]
fn all_refuse(mut world: World, entry: Vec<u8>, author: Option<MemberId>, fault: Fault) {
    refused_by(&mut world, &HONEST, entry, author, fault);
    goes_on(world);
}

/// The host lets somebody in, and all honest members agree on it.
#[track_caller]
fn goes_on(mut world: World) {
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
