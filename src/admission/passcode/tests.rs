//! Runs between a knock and an admitter, honest and not.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const ADA: StayId = StayId::new([0xa5; 16]);

fn run() -> PasscodeRun {
    PasscodeRun {
        meeting: MeetingId::new([0xa1; 16]),
        invite: InviteId::new([0xa2; 16]),
        knock: KeyPackageRef::new([0xa3; 32]),
        mailbox: MailboxId::new([0xa4; 16]),
    }
}

fn passcode() -> SecretText {
    SecretText::new("Käse 4711")
}

/// A run of another meeting, invite, knock or mailbox.
fn other_runs() -> [PasscodeRun; 4] {
    [
        PasscodeRun { meeting: MeetingId::new([9; 16]), ..run() },
        PasscodeRun { invite: InviteId::new([9; 16]), ..run() },
        PasscodeRun { knock: KeyPackageRef::new([9; 32]), ..run() },
        PasscodeRun { mailbox: MailboxId::new([9; 16]), ..run() },
    ]
}

/// Whoever knocks, and its share.
fn knocker(seed: u8, passcode: &SecretText, run: &PasscodeRun) -> (Prover, [u8; 32]) {
    Prover::start(&Entropy::seeded([seed; 32]), passcode, run).unwrap()
}

/// Ada, who answers a share.
fn admitter(seed: u8, run: &PasscodeRun, share: &[u8; 32]) -> (Verifier, Challenge) {
    Verifier::answer(&Entropy::seeded([seed; 32]), &passcode(), run, share, ADA).unwrap()
}

/// The tag of one that knocks and does not look at the admitter's.
fn unchecked_tag(prover: &Prover, challenge: &Challenge) -> [u8; 64] {
    let Prover { run, secret, share } = prover;
    let key = secret.agree(&challenge.share).unwrap();
    *run.tags(&key, share, &challenge.share, challenge.admitter).initiator.expose()
}

#[test]
fn whoever_knows_the_passcode_is_confirmed_and_confirms() {
    // SPEC [A12]
    let (prover, share) = knocker(1, &passcode(), &run());
    let (verifier, challenge) = admitter(2, &run(), &share);
    assert_eq!(challenge.admitter, ADA);
    let tag = prover.finish(&challenge).unwrap();
    assert_eq!(verifier.confirm(&tag), Ok(()));
}

#[test]
fn a_run_is_that_of_another_program() {
    // SPEC [A11], [A12]
    let vectors = include_str!("../../../tests/vectors/cpace/derived-kats.json");
    let case = &serde_json::from_str::<Value>(vectors).unwrap()["incamera_passcode"];
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(passcode().expose(), case["passcode"]);
    assert_eq!(hex(&run().session()), case["sid"]);
    assert_eq!(hex(&run().channel()), case["CI"]);
    let (prover, share) = knocker(1, &passcode(), &run());
    assert_eq!(hex(&share), case["Ya"]);
    let (verifier, challenge) = admitter(2, &run(), &share);
    assert_eq!(hex(&challenge.share), case["Yb"]);
    assert_eq!(hex(&challenge.tag), case["Tb"]);
    let tag = prover.finish(&challenge).unwrap();
    assert_eq!(hex(&tag), case["Ta"]);
    assert_eq!(verifier.confirm(&tag), Ok(()));
}

#[test]
fn a_wrong_passcode_is_refused_by_both_sides() {
    // SPEC [A12]
    for wrong in ["", "Käse 4712", "Käse 471", "Käse 47111", "käse 4711", "Käse 4711\0"] {
        let (prover, share) = knocker(1, &SecretText::new(wrong), &run());
        let (verifier, challenge) = admitter(2, &run(), &share);
        let tag = unchecked_tag(&prover, &challenge);
        assert_eq!(prover.finish(&challenge), Err(WrongPasscode), "{wrong}");
        assert_eq!(verifier.confirm(&tag), Err(WrongPasscode), "{wrong}");
    }
}

#[test]
fn a_proof_for_another_run_is_refused_by_both_sides() {
    // SPEC [A11]
    for (index, other) in other_runs().iter().enumerate() {
        let (prover, share) = knocker(1, &passcode(), other);
        let (verifier, challenge) = admitter(2, &run(), &share);
        let tag = unchecked_tag(&prover, &challenge);
        assert_eq!(prover.finish(&challenge), Err(WrongPasscode), "run {index}");
        assert_eq!(verifier.confirm(&tag), Err(WrongPasscode), "run {index}");
    }
}

#[test]
fn the_key_package_and_the_admitter_are_bound_by_the_tags_alone() {
    // SPEC [A11]: beside the run's identifier, so that either binding stands without the other.
    let (prover, share) = knocker(1, &passcode(), &run());
    let (_, challenge) = admitter(2, &run(), &share);
    let key = prover.secret.agree(&challenge.share).unwrap();
    let tags_of = |knock: &[u8], admitter: &[u8]| {
        let knocker = Said { share: &share, bound_to: knock };
        let admitter = Said { share: &challenge.share, bound_to: admitter };
        tags(&run().session(), &key, knocker, admitter)
    };
    let right = tags_of(&[0xa3; 32], &[0xa5; 16]);
    assert_eq!(*right.responder.expose(), challenge.tag);
    for other in [tags_of(&[9; 32], &[0xa5; 16]), tags_of(&[0xa3; 32], &[9; 16])] {
        assert_ne!(*other.responder.expose(), challenge.tag);
        assert_ne!(other.initiator, right.initiator);
    }
}

#[test]
fn a_challenge_in_another_members_name_is_refused() {
    // SPEC [A11]
    let (prover, share) = knocker(1, &passcode(), &run());
    let (verifier, mut challenge) = admitter(2, &run(), &share);
    challenge.admitter = StayId::new([9; 16]);
    let tag = unchecked_tag(&prover, &challenge);
    assert_eq!(prover.finish(&challenge), Err(WrongPasscode));
    assert_eq!(verifier.confirm(&tag), Err(WrongPasscode));
}

#[test]
fn a_share_that_is_changed_on_its_way_is_refused() {
    // SPEC [A11]
    let (prover, own) = knocker(1, &passcode(), &run());
    let (_, other) = knocker(3, &passcode(), &run());
    let (_, challenge) = admitter(2, &run(), &other);
    assert_eq!(prover.finish(&challenge), Err(WrongPasscode));

    let (prover, _) = knocker(1, &passcode(), &run());
    let (verifier, mut challenge) = admitter(2, &run(), &own);
    challenge.share = admitter(4, &run(), &own).1.share;
    let tag = unchecked_tag(&prover, &challenge);
    assert_eq!(prover.finish(&challenge), Err(WrongPasscode));
    assert_eq!(verifier.confirm(&tag), Err(WrongPasscode));
}

#[test]
fn a_reflected_share_or_tag_is_refused() {
    // SPEC [A12]
    let (_, own) = knocker(1, &passcode(), &run());
    let (verifier, challenge) = admitter(2, &run(), &own);
    assert_eq!(verifier.confirm(&challenge.tag), Err(WrongPasscode));

    let (verifier, honest) = admitter(2, &run(), &own);
    let (prover, _) = knocker(1, &passcode(), &run());
    let mut reflected = Challenge { share: own, ..honest };
    reflected.tag = unchecked_tag(&prover, &reflected);
    assert_eq!(prover.finish(&reflected), Err(WrongPasscode));
    let (prover, _) = knocker(1, &passcode(), &run());
    let swapped = Challenge { tag: unchecked_tag(&prover, &honest), ..honest };
    assert_eq!(prover.finish(&swapped), Err(WrongPasscode));

    // The admitter's own share comes back to it as that of whoever knocks.
    let (_, again) = admitter(2, &run(), &honest.share);
    assert_eq!(verifier.confirm(&again.tag), Err(WrongPasscode));
}

#[test]
fn a_tag_of_one_run_is_refused_in_another() {
    // SPEC [A12]
    let (prover, share) = knocker(1, &passcode(), &run());
    let (_, challenge) = admitter(2, &run(), &share);
    let (verifier, _) = admitter(3, &run(), &share);
    let tag = prover.finish(&challenge).unwrap();
    assert_eq!(verifier.confirm(&tag), Err(WrongPasscode));
}

#[test]
fn a_share_that_is_no_group_element_or_the_identity_is_refused() {
    // SPEC [A11]
    let mut not_canonical = [0xff; 32];
    not_canonical[0] = 0xed;
    not_canonical[31] = 0x7f;
    let negative = [1; 32];
    for share in [[0; 32], [0xff; 32], not_canonical, negative] {
        let entropy = Entropy::seeded([2; 32]);
        let refused = Verifier::answer(&entropy, &passcode(), &run(), &share, ADA);
        assert_eq!(refused.err(), Some(PasscodeFault::BadShare), "{share:?}");
        let (prover, _) = knocker(1, &passcode(), &run());
        let challenge = Challenge { admitter: ADA, share, tag: [0; 64] };
        assert_eq!(prover.finish(&challenge), Err(WrongPasscode), "{share:?}");
    }
}

#[test]
fn every_flipped_bit_of_a_tag_is_refused() {
    // SPEC [A12]
    let (prover, share) = knocker(1, &passcode(), &run());
    let (Verifier(expected), challenge) = admitter(2, &run(), &share);
    let tag = prover.finish(&challenge).unwrap();
    assert_eq!(confirms(&expected, &tag), Ok(()));
    for bit in 0..512 {
        let mut changed = tag;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(confirms(&expected, &changed), Err(WrongPasscode), "bit {bit}");
    }
}

#[test]
fn a_lack_of_randomness_is_told_from_a_bad_share() {
    assert_eq!(PasscodeFault::from(NoEntropy), PasscodeFault::NoEntropy);
}

#[test]
fn a_side_takes_part_in_a_run_once() {
    // SPEC [A12]: `finish` and `confirm` use their side up. This compiles only while neither side
    // is `Clone`: were one, which of the two implementations is meant would be open.
    trait NotClone<T> {
        fn holds() {}
    }
    impl<S> NotClone<()> for S {}
    impl<S: Clone> NotClone<u8> for S {}
    <Prover as NotClone<_>>::holds();
    <Verifier as NotClone<_>>::holds();
    <Ephemeral as NotClone<_>>::holds();
    let (first, again) = (knocker(1, &passcode(), &run()), knocker(2, &passcode(), &run()));
    assert_ne!(first.1, again.1);
}

#[test]
fn debug_shows_no_secret() {
    let (prover, share) = knocker(1, &passcode(), &run());
    let (verifier, _) = admitter(2, &run(), &share);
    assert_eq!(format!("{prover:?}"), format!("Prover {{ run: {:?}, .. }}", run()));
    assert_eq!(format!("{verifier:?}"), "Verifier(..)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_share_is_answered_or_refused(share in any::<[u8; 32]>(), tag in any::<[u8; 64]>()) {
        let entropy = Entropy::seeded([2; 32]);
        match Verifier::answer(&entropy, &passcode(), &run(), &share, ADA) {
            Ok((verifier, _)) => prop_assert_eq!(verifier.confirm(&tag), Err(WrongPasscode)),
            Err(fault) => prop_assert_eq!(fault, PasscodeFault::BadShare),
        }
        let (prover, _) = knocker(1, &passcode(), &run());
        let challenge = Challenge { admitter: ADA, share, tag };
        prop_assert_eq!(prover.finish(&challenge), Err(WrongPasscode));
    }

    #[test]
    fn any_passcode_proves_itself_and_no_other(text in ".{0,80}", other in ".{0,80}") {
        let entropy = Entropy::seeded([2; 32]);
        let (prover, share) = knocker(1, &SecretText::new(&text), &run());
        let passcode = SecretText::new(&other);
        let answered = Verifier::answer(&entropy, &passcode, &run(), &share, ADA);
        let (verifier, challenge) = answered.unwrap();
        let tag = unchecked_tag(&prover, &challenge);
        prop_assert_eq!(prover.finish(&challenge).is_ok(), text == other);
        prop_assert_eq!(verifier.confirm(&tag).is_ok(), text == other);
    }
}
