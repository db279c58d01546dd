//! What a snapshot holds, when one is due, and which are refused (SPEC 7.14).

use incamera::testing;

use super::*;
use crate::error::Error;
use crate::meeting::restore::{Expected, RestoreError};
use crate::meeting::snapshot::associated_data;

const KEY: [u8; 32] = [9; 32];
const SEED: u8 = 170;

/// A world, Ben's identity, and his snapshot.
fn stored() -> (World, Identity, Vec<u8>) {
    let mut world = world(SEED);
    let ben = ben();
    let snapshot = world.clients[BEN].meeting.snapshot(&KEY).unwrap();
    (world, ben, snapshot)
}

fn ben() -> Identity {
    let mut seed = [SEED; 32];
    seed[0] = BEN as u8;
    testing::identity(seed, "Ben").unwrap()
}

fn restore(
    world: &World,
    identity: &Identity,
    snapshot: &[u8],
    key: &[u8; 32],
    expected: Expected,
) -> Result<Meeting, RestoreError> {
    testing::restore([SEED + 1; 32], identity, snapshot, key, expected, world.now())
}

/// Why a snapshot is refused.
#[track_caller]
fn refusal(world: &World, identity: &Identity, snapshot: &[u8]) -> RestoreError {
    restore(world, identity, snapshot, &KEY, Expected::default()).err().unwrap()
}

#[test]
fn a_snapshot_is_laid_out_as_the_specification_says() {
    // SPEC [R1]
    let (world, _, snapshot) = stored();
    let meeting = world.clients[BEN].meeting.id();
    assert_eq!(snapshot[0], 1);
    assert_eq!(snapshot[1..9], 1_u64.to_be_bytes());
    assert_eq!(snapshot[9..25], *meeting.as_bytes());
    let expected = [b"incamera 1 snapshot".as_slice(), &snapshot[..25]].concat();
    assert_eq!(associated_data(1, &meeting), expected);
    let nonce = snapshot[25..49].try_into().unwrap();
    let key = Secret::filled(|bytes| *bytes = KEY);
    assert!(envelope::open_stored(&key, nonce, &expected, &snapshot[49..]).is_ok());
}

#[test]
fn a_changed_byte_another_key_or_another_version_opens_nothing() {
    // SPEC [R1]
    let (world, ben, snapshot) = stored();
    for place in (0..49).chain((49..snapshot.len()).step_by(97)) {
        let mut changed = snapshot.clone();
        changed[place] ^= 1;
        let expected = if place == 0 { RestoreError::Version(0) } else { RestoreError::Unopenable };
        assert_eq!(refusal(&world, &ben, &changed), expected, "byte {place}");
    }
    for length in [0, 1, 48] {
        assert_eq!(refusal(&world, &ben, &snapshot[..length]), RestoreError::Malformed);
    }
    for length in [49, 65, snapshot.len() - 1] {
        assert_eq!(refusal(&world, &ben, &snapshot[..length]), RestoreError::Unopenable);
    }
    let other = restore(&world, &ben, &snapshot, &[8; 32], Expected::default());
    assert_eq!(other.err(), Some(RestoreError::Unopenable));
    assert!(restore(&world, &ben, &snapshot, &KEY, Expected::default()).is_ok());
}

#[test]
fn another_meeting_identity_or_an_older_generation_is_refused() {
    // SPEC [R8]
    let (mut world, ben, first) = stored();
    let second = world.clients[BEN].meeting.snapshot(&KEY).unwrap();
    assert_eq!(world.clients[BEN].meeting.snapshot_generation(), 2);
    let id = world.clients[BEN].meeting.id();
    let expected = |meeting, generation| Expected { meeting, generation };
    let attempt = |snapshot, expected| restore(&world, &ben, snapshot, &KEY, expected).err();
    let rolled_back = Some(RestoreError::RolledBack { generation: 1 });
    assert_eq!(attempt(&first, expected(Some(id), 2)), rolled_back);
    assert_eq!(attempt(&second, expected(Some(id), 2)), None);
    let elsewhere = incamera_wire::MeetingId::new([1; 16]);
    assert_eq!(attempt(&second, expected(Some(elsewhere), 0)), Some(RestoreError::OtherMeeting));
    let cleo = Identity::generate("Ben").unwrap();
    assert_eq!(refusal(&world, &cleo, &second), RestoreError::OtherIdentity);
    // The next one goes on from the generation that it comes from.
    let mut restored = restore(&world, &ben, &second, &KEY, Expected::default()).unwrap();
    assert!(restored.snapshot_due());
    restored.snapshot(&KEY).unwrap();
    assert_eq!(restored.snapshot_generation(), 3);
}

/// Ben's snapshot with another plaintext, under the right key.
fn resealed(world: &World, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let meeting = &world.clients[BEN].meeting;
    let mut plaintext = meeting.core.snapshot_plaintext().to_vec();
    change(&mut plaintext);
    let (key, aad) = (Secret::filled(|bytes| *bytes = KEY), associated_data(7, &meeting.id()));
    let (nonce, sealed) =
        envelope::seal_stored(&key, &Entropy::system(), &aad, &plaintext).unwrap();
    [aad[19..].to_vec(), nonce.to_vec(), sealed].concat()
}

#[test]
fn what_does_not_hold_together_is_refused() {
    // SPEC [R8]
    let (world, ben, _) = stored();
    assert!(restore(&world, &ben, &resealed(&world, |_| ()), &KEY, Expected::default()).is_ok());
    let stay = *world.member_id(BEN).as_bytes();
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let refused = refusal(&world, &ben, &resealed(&world, |bytes| change(bytes)));
        assert!(matches!(refused, RestoreError::Damaged(_)), "{refused:?}");
    };
    damaged(&|bytes| bytes.truncate(bytes.len() / 2));
    damaged(&|bytes| bytes.push(0));
    damaged(&|bytes| bytes.clear());
    // The stay follows profile and identity.
    let place = 1 + 32;
    damaged(&|bytes| {
        assert_eq!(bytes[place..place + 16], stay);
        bytes[place] ^= 1;
    });
    // The direct key follows stay, standing, counter and log position.
    let direct = *world.clients[BEN].meeting.core.shared.direct_key.expose();
    damaged(&|bytes| {
        let place = bytes.windows(32).position(|window| window == direct).unwrap();
        bytes[place + 5] ^= 1;
    });
    let profile = resealed(&world, |bytes| bytes[0] = 4);
    assert_eq!(refusal(&world, &ben, &profile), RestoreError::UnsupportedProfile);
}

#[test]
fn a_snapshot_holds_neither_media_keys_nor_the_identity_key() {
    // SPEC [R2]
    let mut world = world(SEED);
    let now_ms = world.now_ms;
    let mut sealer =
        world.clients[BEN].meeting.sealer(crate::Track::MICROPHONE, crate::Framing::Whole).unwrap();
    sealer.seal(b"x", now_ms, &mut Vec::new()).unwrap();
    let plaintext = world.clients[BEN].meeting.core.snapshot_plaintext();
    let holds = |key: &[u8]| plaintext.windows(key.len()).any(|window| window == key);
    let own = member(&mut world.clients[BEN].meeting);
    let base_key = own.group.export("SFrame 1.0 Base Key", b"", 16).unwrap();
    assert!(!holds(&base_key));
    assert!(!holds(own.handshake_key.expose()));
    assert!(!holds(own.epochs.current().event_key.expose()));
    // What it has to hold is found in this way.
    assert!(holds(world.clients[BEN].meeting.core.shared.direct_key.expose()));
    let sealed = world.clients[BEN].meeting.snapshot(&KEY).unwrap();
    let name = sealed.windows(4).any(|window| window == b"Cleo");
    assert!(!name && plaintext.windows(4).any(|window| window == b"Cleo"));
    let eve = Identity::generate("Eve").unwrap();
    let meeting = Meeting::create(&eve, crate::Settings::default(), world.now()).unwrap();
    let plaintext = meeting.core.snapshot_plaintext();
    let key = eve.secret_key();
    assert!(!plaintext.windows(32).any(|window| window == key.as_slice()));
}

#[test]
fn a_snapshot_is_due_after_each_commit_of_ones_own_and_each_merge() {
    // SPEC [R3]
    let mut world = World::meeting(SEED, &["Ada", "Ben"]);
    let due = |world: &mut World| {
        [0, BEN].map(|who| {
            let meeting = &mut world.clients[who].meeting;
            let due = meeting.snapshot_due();
            meeting.snapshot(&KEY).unwrap();
            assert!(!meeting.snapshot_due());
            due
        })
    };
    assert_eq!(due(&mut world), [true, true]);
    let now = world.now();
    world.clients[0].meeting.rename("Bea", now).unwrap();
    assert_eq!(due(&mut world), [true, false], "built");
    world.settle();
    assert_eq!(due(&mut world), [true, true], "merged");
    // Events are not waited for.
    act(&mut world, BEN, |ben, now| ben.chat("hello", now));
    assert_eq!(due(&mut world), [false, false]);
}

#[test]
fn who_is_not_in_stores_nothing() {
    let mut world = World::meeting(SEED, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    assert!(!world.clients[dan].meeting.snapshot_due());
    assert_eq!(world.clients[dan].meeting.snapshot(&KEY), Err(Error::NotJoined));
    world.admit_all(0);
    assert!(world.clients[dan].meeting.snapshot_due());
    let ben = world.member_id(BEN);
    act(&mut world, 0, |ada, now| ada.remove(ben, now));
    assert!(!world.clients[BEN].meeting.snapshot_due());
    assert_eq!(world.clients[BEN].meeting.snapshot(&KEY), Err(Error::Ended));
}

#[test]
fn what_the_room_knows_comes_back() {
    let (mut world, _, _) = stored();
    act(&mut world, 0, |ada, now| ada.raise_hand(true, now));
    let (codec, transport) = ("opus".to_owned(), "mid 0".to_owned());
    let framing = incamera_wire::AnnouncedFraming::Whole;
    let track = crate::Track::MICROPHONE;
    let tracks =
        vec![incamera_wire::AnnouncedTrack { track, codec, framing, transport, muted: false }];
    act(&mut world, 0, |ada, now| ada.announce(tracks, now));
    let ada = world.member_id(0);
    world.clients[BEN].meeting.mark_verified(ada, true).unwrap();
    let snapshot = world.clients[BEN].meeting.snapshot(&KEY).unwrap();
    let restored = restore(&world, &ben(), &snapshot, &KEY, Expected::default()).unwrap();
    let (was, is) = (world.clients[BEN].meeting.roster(), restored.roster());
    for (was, is) in was.into_iter().zip(is) {
        assert_eq!(
            crate::Participant { since_ms: was.since_ms, heard_ms: was.heard_ms, ..is },
            was
        );
    }
    assert_eq!(restored.contacts(), world.clients[BEN].meeting.contacts());
    let (was, is) = (world.clients[BEN].meeting.safety_code(), restored.safety_code());
    assert_eq!(was, is);
}

#[test]
fn a_knock_that_was_answered_does_not_count_again_after_a_restore() {
    // SPEC [A4]
    let mut world = World::meeting(SEED, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    let (knock, now) = (world.last_knock(0), world.now());
    let eve = world.knock("Eve");
    let reason = incamera_wire::DenyReason::NotExpected;
    world.clients[0].meeting.deny(knock, reason, now).unwrap();
    world.clients[dan].online = false;
    world.settle();
    let mut seed = [SEED; 32];
    seed[0] = 0;
    let ada = testing::identity(seed, "Ada").unwrap();
    let snapshot = world.clients[0].meeting.snapshot(&KEY).unwrap();
    let meeting = restore(&world, &ada, &snapshot, &KEY, Expected::default()).unwrap();
    world.clients[0].events.clear();
    world.restart(0, meeting);
    world.settle();
    let again = world.lobby[0].clone();
    world.serve(crate::Message {
        id: incamera_wire::MessageId::new([5; 16]),
        to: incamera_wire::Destination::Lobby,
        bytes: again,
    });
    world.settle();
    assert_eq!(world.count(0, |event| matches!(event, Event::Knock { .. })), 0);
    // Who was waiting is shown again, as it knocks again.
    world.pass(20_000);
    assert_eq!(world.count(0, |event| matches!(event, Event::Knock { .. })), 1);
    world.admit_all(0);
    assert!(world.has_joined(eve));
}

#[test]
fn what_is_shown_of_a_snapshot_tells_nothing() {
    let fault = RestoreError::Unopenable;
    assert_eq!(
        fault.to_string(),
        "the snapshot does not open: another key, or it was changed; join again"
    );
    let (world, ben, snapshot) = stored();
    let restored = restore(&world, &ben, &snapshot, &KEY, Expected::default()).unwrap();
    let shown = format!("{restored:?}");
    assert_eq!(shown, format!("{:?}", world.clients[BEN].meeting));
    assert!(!shown.contains("Ben") && shown.len() < 120, "{shown}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(8))]

    #[test]
    fn no_plaintext_makes_a_restore_panic(
        rounds in proptest::collection::vec(
            proptest::collection::vec((0_usize..1 << 16, 0_u8..), 1..6),
            16,
        ),
        cut in 0_usize..1 << 14,
    ) {
        let (world, ben, _) = stored();
        let attempt = |snapshot: &[u8]| {
            // What is no secret may be anything: what counts is that nothing breaks.
            let _ = restore(&world, &ben, snapshot, &KEY, Expected::default());
        };
        for changes in rounds {
            attempt(&resealed(&world, |bytes| {
                for (place, byte) in changes {
                    let place = place % bytes.len();
                    bytes[place] = byte;
                }
            }));
        }
        attempt(&resealed(&world, |bytes| bytes.truncate(cut)));
    }
}
