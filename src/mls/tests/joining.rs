//! Welcomes, genuine and not.

use super::*;

/// A group of one, a candidate, and the commit that adds it.
fn invited() -> (Group, Candidate, BuiltCommit) {
    let mut group = create(1);
    let joiner = candidate(2);
    let adds = [joiner.key_package().to_vec()];
    let built = group.build(&adding(&adds, &link())).unwrap();
    (group, joiner, built)
}

#[test]
fn the_joiner_exports_the_secret_of_the_tree() {
    // SPEC [A9]
    let (mut group, joiner, built) = invited();
    let welcome = built.welcome.as_ref().unwrap();
    let secret = tree_secret_of(&joiner, &welcome.welcome, (INVITE, &link())).unwrap();
    assert_eq!(secret, welcome.tree_secret);
    let (staged, _) = group.stage(&built.message).unwrap();
    group.merge(staged).unwrap();
    assert_eq!(group.export("incamera 1 tree", b"", 32).unwrap().as_slice(), secret.expose());
}

#[test]
fn a_tampered_welcome_costs_nothing_and_the_genuine_one_works() {
    // SPEC [A5]
    let (_, joiner, built) = invited();
    let BuiltWelcome { welcome, tree, .. } = built.welcome.as_ref().unwrap();
    for position in (4..welcome.len()).step_by(23) {
        let mut tampered = welcome.clone();
        tampered[position] ^= 1;
        assert!(open_and_join(&joiner, &MEETING, &tampered, tree, (INVITE, &link())).is_err());
        assert!(tree_secret_of(&joiner, &tampered, (INVITE, &link())).is_err());
    }
    let mut tampered = tree.clone();
    *tampered.last_mut().unwrap() ^= 1;
    assert!(open_and_join(&joiner, &MEETING, welcome, &tampered, (INVITE, &link())).is_err());
    agree(&[join(&joiner, &built), join(&joiner, &built)]);
}

#[test]
fn another_link_secret_or_invite_opens_nothing() {
    // SPEC [A6]
    let (_, joiner, built) = invited();
    let BuiltWelcome { welcome, tree, .. } = built.welcome.as_ref().unwrap();
    let other = Secret::filled(|bytes| *bytes = [0x44; 32]);
    let refused = |psk: (PskId, &Secret<32>)| {
        assert!(matches!(tree_secret_of(&joiner, welcome, psk), Err(WelcomeFault::Refused(_))));
        open_and_join(&joiner, &MEETING, welcome, tree, psk).err()
    };
    assert!(matches!(refused((INVITE, &other)), Some(WelcomeFault::Refused(_))));
    let unknown = PskId::Invite(InviteId::new([0x55; 16]));
    assert_eq!(
        refused((unknown, &link())),
        Some(WelcomeFault::Refused("a PSK that is not this invite's"))
    );
}

#[test]
fn a_welcome_into_another_meeting_is_refused() {
    // SPEC [W8]
    let (_, joiner, built) = invited();
    let BuiltWelcome { welcome, tree, .. } = built.welcome.as_ref().unwrap();
    let other = MeetingId::new([0x12; 16]);
    assert_eq!(
        open_and_join(&joiner, &other, welcome, tree, (INVITE, &link())).err(),
        Some(WelcomeFault::WrongGroup)
    );
}

#[test]
fn a_welcome_is_addressed_to_those_it_names() {
    let (_, joiner, built) = invited();
    let BuiltWelcome { welcome, tree, .. } = built.welcome.as_ref().unwrap();
    assert!(joiner.addressed(welcome));
    let other = candidate(3);
    assert!(!other.addressed(welcome) && !joiner.addressed(&built.message));
    let psk = (INVITE, &link());
    assert_eq!(
        open_and_join(&other, &MEETING, welcome, tree, psk).err(),
        Some(WelcomeFault::NotAddressed)
    );
    let trailing = [&welcome[..], &[0]].concat();
    assert_eq!(tree_secret_of(&joiner, &trailing, psk).err(), Some(WelcomeFault::Malformed));
}

#[test]
fn a_losing_adds_welcome_leads_into_an_epoch_where_nobody_is() {
    // SPEC [A8]
    let mut groups = meeting(2);
    let joiner = candidate(9);
    let adds = [joiner.key_package().to_vec()];
    let lost = groups[1].build(&adding(&adds, &link())).unwrap();
    let won = groups[0].build(&renewing()).unwrap();
    merge_all(&mut groups, &won.message);
    let phantom = join(&joiner, &lost);
    assert_eq!(phantom.epoch(), groups[0].epoch());
    assert_ne!(phantom.authenticator(), groups[0].authenticator());
}

#[test]
fn a_leaf_may_be_replaced_by_one_of_the_same_stay_in_one_commit() {
    let mut groups = meeting(3);
    let back = Group::joiner(&entropy(66), Profile::Standard, &stay(3)).unwrap();
    let adds = [back.key_package().to_vec()];
    let secret = link();
    let plan = CommitPlan { removes: &[2], ..adding(&adds, &secret) };
    let built = groups[1].build(&plan).unwrap();
    groups.pop();
    merge_all(&mut groups, &built.message);
    groups.push(join(&back, &built));
    agree(&groups);
    assert_eq!(groups[2].own_leaf(), 2);
}

/// The PSK of a resync key whose id is that of [`INVITE`].
const RESYNC: PskId = PskId::Resync(InviteId::new([0x22; 16]));

#[test]
fn a_leaf_gives_its_place_to_a_fresh_one_in_one_commit_and_the_joiner_learns_by_whom() {
    // SPEC [G26], [A17], [G10]
    let mut groups = meeting(4);
    let secret = Secret::filled(|bytes| *bytes = [0x77; 32]);
    for group in &mut groups {
        group.set_psks(&[(INVITE, &link()), (RESYNC, &secret)]).unwrap();
    }
    let joiner = candidate(9);
    let adds = [joiner.key_package().to_vec()];
    let plan = CommitPlan {
        adds: &adds,
        removes: &[1],
        psk: Some((RESYNC, &secret)),
        note: b"note",
        ..CommitPlan::default()
    };
    let built = groups[2].build(&plan).unwrap();
    // Whose place is taken reads that it is out.
    let mut gone = groups.remove(1);
    assert_eq!(gone.stage(&built.message).unwrap().1.removes, [1]);
    let facts = merge_all(&mut groups, &built.message);
    assert_eq!((facts.removes, facts.adds.len(), facts.psk), (vec![1], 1, Some(RESYNC)));
    assert!(facts.path && facts.state.is_none());
    let BuiltWelcome { welcome, tree, .. } = built.welcome.as_ref().unwrap();
    // The same id and secret as an invite's open nothing.
    let invite = (INVITE, &secret);
    assert!(open_and_join(&joiner, &MEETING, welcome, tree, invite).is_err());
    assert!(tree_secret_of(&joiner, welcome, invite).is_err());
    assert!(open_and_join(&joiner, &MEETING, welcome, tree, (RESYNC, &link())).is_err());
    let (group, author) =
        open_and_join(&joiner, &MEETING, welcome, tree, (RESYNC, &secret)).unwrap();
    assert_eq!((group.own_leaf(), author), (1, 2));
    assert_eq!(group.stay().unwrap().credential, joiner.stay().credential);
    groups.push(group);
    agree(&groups);
}

#[test]
fn an_invite_of_the_same_id_is_no_resync_key() {
    // SPEC [G7]
    let mut groups = meeting(3);
    let secret = Secret::filled(|bytes| *bytes = [0x77; 32]);
    groups[0].set_psks(&[(RESYNC, &secret)]).unwrap();
    let adds = [candidate(9).key_package().to_vec()];
    let psk = Some((RESYNC, &secret));
    let plan = CommitPlan { adds: &adds, psk, note: b"note", ..CommitPlan::default() };
    let message = groups[0].build(&plan).unwrap().message;
    // The others know the invite, and no such resync key.
    assert_eq!(refusal(&mut groups[1], &message).0, "a PSK of no live invite");
}
