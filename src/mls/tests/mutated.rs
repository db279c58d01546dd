//! Bytes from anywhere: no panic, no trace, and no second reading of a mutated message.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// A group of three, the same each time, with a commit for it and a Welcome for a candidate.
struct Scene {
    commit: Vec<u8>,
    welcome: Vec<u8>,
    tree: Vec<u8>,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let mut groups = meeting(3);
    let adds = [candidate(9).key_package().to_vec()];
    let secret = link();
    let plan = CommitPlan { removes: &[2], state: Some(b"state 1"), ..adding(&adds, &secret) };
    let built = groups[0].build(&plan).unwrap();
    let BuiltWelcome { welcome, tree, .. } = built.welcome.unwrap();
    Scene { commit: built.message.to_vec(), welcome, tree }
});

/// Flips a bit, cuts off, or appends.
fn mutate(bytes: &[u8], place: prop::sample::Index, bit: u8, kind: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let place = place.index(bytes.len());
    match kind {
        0 => bytes[place] ^= 1 << bit,
        1 => bytes.truncate(place),
        2 => bytes.insert(place, bit),
        _ => bytes.push(bit),
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_no_commit_key_package_or_welcome(
        bytes in prop::collection::vec(any::<u8>(), 0..512),
    ) {
        let mut group = create(1);
        let before = trace(&group);
        prop_assert_eq!(group.stage(&bytes).err(), Some(StageFault::Malformed));
        prop_assert_eq!(trace(&group), before);
        prop_assert!(Group::inspect_key_package(Profile::Standard, &bytes).is_err());
        let joiner = candidate(9);
        let joined = open_and_join(&joiner, &MEETING, &bytes, &SCENE.tree, (INVITE, &link()));
        prop_assert_eq!(joined.err(), Some(WelcomeFault::Malformed));
        let joined = open_and_join(&joiner, &MEETING, &SCENE.welcome, &bytes, (INVITE, &link()));
        prop_assert!(joined.is_err());
    }

    #[test]
    fn a_mutated_message_is_refused_and_costs_nothing(
        place: prop::sample::Index, bit in 0u8..8, kind in 0u8..4,
    ) {
        let scene = &*SCENE;
        let mut group = meeting(3).remove(1);
        let before = trace(&group);
        let message = mutate(&scene.commit, place, bit, kind);
        prop_assert!(group.stage(&message).is_err());
        prop_assert!(group.stage(&scene.commit).is_ok());
        prop_assert_eq!(trace(&group), before);
        let joiner = candidate(9);
        let package = mutate(joiner.key_package(), place, bit, kind);
        prop_assert!(Group::inspect_key_package(Profile::Standard, &package).is_err());
        let psk = (INVITE, &link());
        let welcome = mutate(&scene.welcome, place, bit, kind);
        prop_assert!(open_and_join(&joiner, &MEETING, &welcome, &scene.tree, psk).is_err());
        let tree = mutate(&scene.tree, place, bit, kind);
        prop_assert!(open_and_join(&joiner, &MEETING, &scene.welcome, &tree, psk).is_err());
        prop_assert!(open_and_join(&joiner, &MEETING, &scene.welcome, &scene.tree, psk).is_ok());
    }
}
