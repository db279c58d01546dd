//! Where media go: relays that prove themselves, and those that only say so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::{Arc, Mutex};

use ed25519_dalek::{Signer, SigningKey};
use incamera::wire::relay_statement;
use incamera::{
    Alarm, Applicant, Event, Fault, FrameError, Framing, IdentityHook, RelayChallenge, RelayEntry,
    RelayProof, Sealer, Track,
};
use support::World;

const CERTIFICATE: [u8; 32] = [5; 32];

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn entry(n: u8) -> RelayEntry {
    RelayEntry { key: key(n).verifying_key().to_bytes(), region: format!("region {n}") }
}

/// What relay `n` answers over a connection that shows this certificate.
fn answer(n: u8, challenge: &RelayChallenge, certificate: &[u8; 32]) -> RelayProof {
    let signature = key(n).sign(&relay_statement(challenge, certificate)).to_bytes();
    RelayProof { key: key(n).verifying_key().to_bytes(), signature }
}

/// A meeting whose media go through relays 1 and 2.
fn world(seed: u8) -> World {
    let mut world = World::meeting(seed, &["Ada", "Ben"]);
    world.pass(500);
    world.ask(0, |host, now| host.set_relays(vec![entry(2), entry(1)], now));
    world.pass(500);
    world
}

/// Ben asks, and takes this for the answer over the connection he sees.
fn verify(world: &mut World, proof: impl Fn(&RelayChallenge) -> RelayProof) -> Result<(), Fault> {
    let ben = &mut world.clients[1].meeting;
    let challenge = ben.relay_challenge().unwrap();
    ben.verify_relay(&challenge, &CERTIFICATE, &proof(&challenge)).map(|_| ())
}

fn use_relay(world: &mut World, n: u8) {
    let ben = &mut world.clients[1].meeting;
    let challenge = ben.relay_challenge().unwrap();
    let proof = answer(n, &challenge, &CERTIFICATE);
    let relay = ben.verify_relay(&challenge, &CERTIFICATE, &proof).unwrap();
    assert_eq!((*relay.key(), relay.region()), (entry(n).key, entry(n).region.as_str()));
    ben.use_relay(&relay).unwrap();
}

fn seal(world: &World, sealer: &mut Sealer) -> Result<(), FrameError> {
    sealer.seal(b"a frame", world.now_ms, &mut Vec::new())
}

#[test]
fn nothing_is_sealed_before_a_relay_of_the_list_is_in_use() {
    // SPEC [M13]
    let mut world = world(160);
    let mut sealer = world.clients[1].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    assert_eq!(seal(&world, &mut sealer), Err(FrameError::NoRelay));
    // A proof alone is not yet the caller's word that media go there.
    assert_eq!(verify(&mut world, |asked| answer(1, asked, &CERTIFICATE)), Ok(()));
    assert_eq!(seal(&world, &mut sealer), Err(FrameError::NoRelay));
    use_relay(&mut world, 1);
    assert_eq!(seal(&world, &mut sealer), Ok(()));
}

#[test]
fn a_sealer_stops_with_an_alarm_when_its_relay_leaves_the_list() {
    // SPEC [M13]
    let mut world = world(161);
    use_relay(&mut world, 1);
    let mut sealer = world.clients[1].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    assert_eq!(seal(&world, &mut sealer), Ok(()));
    world.ask(0, |host, now| host.set_relays(vec![entry(2)], now));
    assert_eq!(seal(&world, &mut sealer), Err(FrameError::NoRelay));
    let dropped = |event: &Event| *event == Event::Alarm(Alarm::RelayDropped);
    assert_eq!(world.count(1, dropped), 1);
    use_relay(&mut world, 2);
    world.pass(500);
    assert_eq!(seal(&world, &mut sealer), Ok(()));
    world.ask(0, |host, now| host.set_relays(vec![], now));
    world.pass(500);
    assert_eq!(seal(&world, &mut sealer), Ok(()));
    assert_eq!(world.count(1, dropped), 1);
}

#[test]
fn a_relay_that_is_not_on_the_list_is_refused() {
    // SPEC [M12]
    let mut world = world(162);
    let refused = verify(&mut world, |asked| answer(3, asked, &CERTIFICATE));
    assert_eq!(refused, Err(Fault::Relay("its key is not in the meeting's list")));
}

#[test]
fn a_relay_that_names_anothers_key_is_refused() {
    // SPEC [M12]
    let mut world = world(163);
    let swapped =
        |asked: &RelayChallenge| RelayProof { key: entry(1).key, ..answer(3, asked, &CERTIFICATE) };
    assert!(matches!(verify(&mut world, swapped), Err(Fault::Relay(_))));
}

#[test]
fn a_genuine_relay_behind_somebody_elses_connection_is_refused() {
    // SPEC [M12]
    let mut world = world(164);
    let proxied = |asked: &RelayChallenge| answer(1, asked, &[6; 32]);
    let refused = Err(Fault::Relay("its signature does not cover this connection"));
    assert_eq!(verify(&mut world, proxied), refused);
}

#[test]
fn a_replayed_proof_is_refused() {
    // SPEC [M12]
    let mut world = world(165);
    let ben = &mut world.clients[1].meeting;
    let challenge = ben.relay_challenge().unwrap();
    let proof = answer(1, &challenge, &CERTIFICATE);
    assert!(ben.verify_relay(&challenge, &CERTIFICATE, &proof).is_ok());
    let again = ben.verify_relay(&challenge, &CERTIFICATE, &proof).map(|_| ());
    assert!(matches!(again, Err(Fault::Relay(_))));
    // An old answer to a new question.
    assert!(matches!(verify(&mut world, |_| proof), Err(Fault::Relay(_))));
}

#[test]
fn a_proof_for_another_meeting_or_another_client_is_refused() {
    // SPEC [M12]
    let mut world = world(166);
    let mut other = self::world(167);
    let foreign = other.clients[1].meeting.relay_challenge().unwrap();
    let proof = answer(1, &foreign, &CERTIFICATE);
    let adas = world.clients[0].meeting.relay_challenge().unwrap();
    let ben = &mut world.clients[1].meeting;
    let refused = Err(Fault::Relay("the challenge is not one of ours, or was used"));
    assert_eq!(ben.verify_relay(&foreign, &CERTIFICATE, &proof).map(|_| ()), refused);
    let proof = answer(1, &adas, &CERTIFICATE);
    assert_eq!(ben.verify_relay(&adas, &CERTIFICATE, &proof).map(|_| ()), refused);
    let own = ben.relay_challenge().unwrap();
    let relabelled = RelayChallenge { meeting: foreign.meeting, ..own };
    let proof = answer(1, &relabelled, &CERTIFICATE);
    assert_eq!(ben.verify_relay(&relabelled, &CERTIFICATE, &proof).map(|_| ()), refused);
    let proof = answer(1, &relabelled, &CERTIFICATE);
    assert!(ben.verify_relay(&own, &CERTIFICATE, &proof).is_err());
}

#[test]
fn a_relay_is_proved_anew_after_a_time_without_a_list() {
    // SPEC [M13]
    let mut world = world(168);
    use_relay(&mut world, 1);
    let mut sealer = world.clients[1].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    world.ask(0, |host, now| host.set_relays(vec![], now));
    // Media may go anywhere now, and nobody says where.
    assert_eq!(seal(&world, &mut sealer), Ok(()));
    world.ask(0, |host, now| host.set_relays(vec![entry(1)], now));
    assert_eq!(seal(&world, &mut sealer), Err(FrameError::NoRelay));
    use_relay(&mut world, 1);
    assert_eq!(seal(&world, &mut sealer), Ok(()));
}

/// Seals while the meeting is in the middle of a call, as a media thread does.
struct Beside(Mutex<Sealer>, Arc<Mutex<Vec<Result<(), FrameError>>>>);

impl IdentityHook for Beside {
    fn vouches_for(&self, _: &Applicant) -> bool {
        let sealed = self.0.lock().unwrap().seal(b"a frame", 0, &mut Vec::new());
        self.1.lock().unwrap().push(sealed);
        true
    }
}

#[test]
fn a_joiner_seals_nothing_at_the_moment_of_its_confirmation() {
    // SPEC [M13]
    let mut world = world(169);
    let cleo = world.knock("Cleo");
    let meeting = &mut world.clients[cleo].meeting;
    let sealer = meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    let sealed = Arc::default();
    meeting.set_identity_hook(Box::new(Beside(Mutex::new(sealer), Arc::clone(&sealed))));
    world.clients[0].unheard = true;
    world.admit_all(0);
    // The Welcome's epoch and its confirmation are read in one call.
    world.clients[0].unheard = false;
    world.release();
    world.pass(10_000);
    assert!(world.has_joined(cleo));
    let sealed = sealed.lock().unwrap();
    assert!(
        !sealed.is_empty() && sealed.iter().all(|s| *s == Err(FrameError::NoRelay)),
        "{sealed:?}"
    );
}
