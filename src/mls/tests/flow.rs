//! Members who follow the rules.

use super::*;

#[test]
fn members_agree_after_adds_removals_and_changes_of_state() {
    // SPEC [K1]
    let mut groups = meeting(4);
    let plan = CommitPlan { removes: &[2], state: Some(b"state 1"), ..renewing() };
    let built = groups[1].build(&plan).unwrap();
    assert!(built.welcome.is_none());
    let (staged, facts) = groups[2].stage(&built.message).unwrap();
    assert_eq!(
        (facts.removes.as_slice(), facts.state.as_deref().map(Vec::as_slice)),
        (&[2][..], Some(&b"state 1"[..]))
    );
    assert_eq!(groups[2].merge(staged), Err(EngineFault::Removed));
    groups.remove(2);
    let facts = merge_all(&mut groups, &built.message);
    assert_eq!((facts.committer, facts.path, facts.note.as_slice()), (1, true, &b"note"[..]));
    assert_eq!((facts.adds.len(), facts.psk), (0, None));
    agree(&groups);
    assert_eq!(groups[0].state(), b"state 1");
    let leaves: Vec<u32> = groups[0].leaves().iter().map(|leaf| leaf.index).collect();
    assert_eq!(leaves, [0, 1, 3]);
}

#[test]
fn an_add_is_pathless_and_its_facts_are_those_of_the_key_package() {
    let mut groups = meeting(2);
    let joiners = [candidate(8), candidate(9)];
    let adds = joiners.each_ref().map(|joiner| joiner.key_package().to_vec());
    let built = groups[1].build(&adding(&adds, &link())).unwrap();
    let facts = merge_all(&mut groups, &built.message);
    assert_eq!((facts.path, facts.psk), (false, Some(INVITE)));
    let inspected: Vec<KeyPackageFacts> = adds
        .iter()
        .map(|bytes| Group::inspect_key_package(Profile::Standard, bytes).unwrap())
        .collect();
    assert_eq!(facts.adds, inspected);
    assert_eq!(facts.adds[1].credential, stay(9).credential);
    assert_eq!(facts.adds[1].signature_key, stay(9).signing_key.verifying_key().to_bytes());
    groups.extend(joiners.iter().map(|joiner| join(joiner, &built)));
    agree(&groups);
}

#[test]
fn the_first_commit_in_the_log_wins_and_the_loser_builds_again() {
    // SPEC [G1]
    let mut groups = meeting(3);
    let won = groups[1].build(&renewing()).unwrap().message;
    let joiner = candidate(9);
    let adds = [joiner.key_package().to_vec()];
    let lost = groups[2].build(&adding(&adds, &link())).unwrap();
    assert!(groups[1].has_pending() && groups[2].has_pending());
    merge_all(&mut groups, &won);
    agree(&groups);
    for group in &mut groups {
        assert!(!group.has_pending());
        assert_eq!(
            group.stage(&lost.message).err(),
            Some(StageFault::WrongEpoch { epoch: group.epoch() - 1 })
        );
    }
    let again = groups[2].build(&adding(&adds, &link())).unwrap();
    merge_all(&mut groups, &again.message);
    groups.push(join(&joiner, &again));
    agree(&groups);
}

#[test]
fn an_author_merges_nothing_before_it_reads_it_back() {
    // SPEC [G1]
    let mut groups = meeting(2);
    let epoch = groups[0].epoch();
    let built = groups[0].build(&renewing()).unwrap();
    assert_eq!(groups[0].epoch(), epoch);
    assert_eq!(groups[0].build(&renewing()).err(), Some(EngineFault::Pending));
    let (staged, facts) = groups[0].stage(&built.message).unwrap();
    assert!(facts.own && groups[0].epoch() == epoch);
    groups[0].merge(staged).unwrap();
    assert_eq!(groups[0].epoch(), epoch + 1);
}

#[test]
fn staging_changes_nothing_and_can_be_repeated() {
    let mut groups = meeting(3);
    let message = groups[0].build(&removing(&[2])).unwrap().message;
    let before = trace(&groups[1]);
    let (_, first) = groups[1].stage(&message).unwrap();
    let (staged, second) = groups[1].stage(&message).unwrap();
    assert_eq!(trace(&groups[1]), before);
    assert_eq!(first, second);
    groups[1].merge(staged).unwrap();
    let (stale, _) = groups[0].stage(&message).unwrap();
    let (staged, _) = groups[0].stage(&message).unwrap();
    groups[0].merge(staged).unwrap();
    assert_eq!(groups[0].merge(stale), Err(EngineFault::Stale));
    groups.pop();
    agree(&groups);
}

#[test]
fn a_failed_build_leaves_no_trace() {
    let mut groups = meeting(2);
    let member = stay(2);
    let again = Group::joiner(&entropy(77), Profile::Standard, &member).unwrap();
    let before = trace(&groups[0]);
    // Its signature key is a member's already, which the engine finds out late.
    let adds = [again.key_package().to_vec()];
    let fault = groups[0].build(&adding(&adds, &link())).err();
    assert!(matches!(fault, Some(EngineFault::Plan(_))), "{fault:?}");
    assert_eq!(trace(&groups[0]), before);
    for plan in [
        removing(&[0]),
        removing(&[1, 1]),
        removing(&[9]),
        CommitPlan { adds: &adds, ..CommitPlan::default() },
        CommitPlan { psk: Some((INVITE, &link())), ..CommitPlan::default() },
        adding(&[b"no key package".to_vec()], &link()),
    ] {
        assert!(groups[0].build(&plan).is_err());
        assert_eq!(trace(&groups[0]), before);
    }
    let built = groups[0].build(&renewing()).unwrap();
    merge_all(&mut groups, &built.message);
    agree(&groups);
}

#[test]
fn a_commit_of_the_own_leaf_that_is_not_pending_is_told_apart_with_a_path_and_without() {
    // SPEC [R7]
    let mut groups = meeting(2);
    let path = groups[0].build(&renewing()).unwrap().message;
    groups[0].drop_pending().unwrap();
    assert!(!groups[0].has_pending());
    match groups[0].stage(&path).err() {
        Some(StageFault::NotMine(facts)) => assert!(facts.own && facts.path),
        fault => panic!("{fault:?}"),
    }
    // While another is pending as well.
    let pending = groups[0].build(&removing(&[1])).unwrap().message;
    assert!(matches!(groups[0].stage(&path), Err(StageFault::NotMine(_))));
    assert!(groups[0].stage(&pending).is_ok());
    groups[0].drop_pending().unwrap();
    let adds = [candidate(9).key_package().to_vec()];
    let pathless = groups[0].build(&adding(&adds, &link())).unwrap().message;
    groups[0].drop_pending().unwrap();
    // It could be merged, and would lead where somebody else is at home.
    match groups[0].stage(&pathless).err() {
        Some(StageFault::NotMine(facts)) => assert!(facts.own && facts.adds.len() == 1),
        fault => panic!("{fault:?}"),
    }
    assert!(groups[1].stage(&pathless).is_ok());
}

#[test]
fn a_seeded_run_repeats_byte_for_byte() {
    let run = || {
        let mut groups = meeting(5);
        // One removal: the engine puts several in an order of its own.
        let built = groups[3].build(&removing(&[1])).unwrap();
        let (_, facts) = groups[0].stage(&built.message).unwrap();
        (built.message, groups[0].authenticator(), facts)
    };
    assert_eq!(run(), run());
}

#[test]
fn a_signature_is_of_the_leaf_key() {
    let groups = meeting(2);
    let signature = ed25519_dalek::Signature::from_bytes(&groups[1].sign(b"event"));
    let key = groups[0].leaves()[1].signature_key;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
    assert!(key.verify_strict(b"event", &signature).is_ok());
}

#[test]
fn an_export_that_is_too_long_is_an_error() {
    let group = create(1);
    assert_eq!(group.export("label", b"", 64).unwrap().len(), 64);
    assert!(group.export("label", b"", 8161).is_err());
    assert!(group.export("label", b"", 70_000).is_err());
}
