//! Evidence, knocks and Welcomes of members that come back, forged: each honest member alike refuses
//! (SPEC \[A16\], \[A17\], \[G26\], \[G27\]).

use incamera_wire::{
    BlobHash, Door, InviteId, KeyPackageRef, Knock, KnockContent, Label, MailboxId, Profile, Right,
    Rights, WelcomeNote,
};
use sha2::{Digest, Sha256};

use super::*;
use crate::admission::{KnockKey, OpenedKnock, open_knock, seal_knock_under};
use crate::mls::{BuiltCommit, BuiltWelcome};
use crate::policy;

const CLEO: Who = 2;
const DAN: Who = 3;

fn resync_world(seed: u8) -> World {
    World::meeting(seed, &["Ada", "Ben", "Cleo", "Dan"])
}

/// The identity of a client of the world with this seed.
fn identity(world: &World, seed: u8, who: Who, name: &str) -> Identity {
    let mut bytes = [seed; 32];
    bytes[0] = who as u8;
    let _ = world;
    incamera::testing::identity(bytes, name).unwrap()
}

/// A fresh key package of an identity, and its reference.
fn package_of(identity: &Identity, world: &World) -> (Vec<u8>, KeyPackageRef) {
    let (entropy, id) = (Entropy::system(), world.clients[0].meeting.id());
    let key = Identity::stay_key(&entropy).unwrap();
    let (_, direct_key) = hpke::generate_key(&entropy).unwrap();
    let stay = StayId::new(entropy.array().unwrap());
    let leaf_key = key.verifying_key().to_bytes();
    let credential = certify(identity, id, &leaf_key, stay, direct_key).encode();
    let stay = Stay { signing_key: std::sync::Arc::new(key), credential };
    let joiner = Group::joiner(&entropy, Profile::Standard, &stay).unwrap();
    let package = joiner.key_package().to_vec();
    let facts = Group::inspect_key_package(Profile::Standard, &package).unwrap();
    (package, facts.reference)
}

/// A client's signed word that this key package shall take its place.
fn word(world: &mut World, who: Who, knock: KeyPackageRef) -> Vec<u8> {
    signed(&mut world.clients[who].meeting, EventKind::Rejoin { knock }).encode()
}

fn leaf_of(world: &mut World, who: Who) -> u32 {
    member(&mut world.clients[who].meeting).group.own_leaf()
}

/// The newest resync key, or the first invite, as a PSK.
fn psk_of(world: &mut World, resync: bool) -> (PskId, Secret<32>) {
    let state = state_of(world, 0);
    if resync {
        let secret = state.resync_keys[0].secret.duplicate();
        return (PskId::Resync(policy::resync_id(&secret)), secret);
    }
    let secret = state.invites[0].secret.duplicate();
    (PskId::Invite(policy::invite_id(&secret)), secret)
}

/// A log entry by which Ben brings back whom he likes.
fn forged_return(
    world: &mut World,
    packages: &[Vec<u8>],
    removes: &[u32],
    rejoins: Vec<Vec<u8>>,
    resync: bool,
) -> Vec<u8> {
    let (id, secret) = psk_of(world, resync);
    let note = CommitNote { rejoins, ..CommitNote::default() }.encode();
    let plan = CommitPlan {
        adds: packages,
        removes,
        psk: Some((id, &secret)),
        note: &note,
        ..CommitPlan::default()
    };
    forged_commit(&mut world.clients[BEN].meeting, &plan)
}

/// Everyone but Ben refuses it by this rule.
#[track_caller]
fn all_refuse_it(world: &mut World, entry: Vec<u8>, rule: Rule) {
    let ben = world.member_id(BEN);
    refused_by(world, &[0, CLEO, DAN], entry, Some(ben), Fault::Refused(rule));
}

#[test]
fn forged_evidence_brings_nobody_back() {
    // SPEC [G26]
    let seed = 220;
    let mut world = resync_world(seed);
    let cleo = identity(&world, seed, CLEO, "Cleo");
    let (own, reference) = package_of(&cleo, &world);
    let own = [own];
    let leaf = leaf_of(&mut world, CLEO);
    let words = word(&mut world, CLEO, reference);
    // Another identity.
    let mallory = Identity::generate("Cleo").unwrap();
    let (hers, other) = package_of(&mallory, &world);
    let stolen = word(&mut world, CLEO, other);
    let entry = forged_return(&mut world, &[hers], &[leaf], vec![stolen], true);
    all_refuse_it(&mut world, entry, Rule::Rejoin("another identity takes the place of a leaf"));
    // Another key package of the same.
    let (another, _) = package_of(&cleo, &world);
    let entry = forged_return(&mut world, &[another], &[leaf], vec![words.clone()], true);
    all_refuse_it(&mut world, entry, Rule::Rejoin("evidence is for another key package"));
    // Signed by another leaf.
    let meeting = world.clients[0].meeting.id();
    let stay = world.member_id(CLEO);
    let kind = EventKind::Rejoin { knock: reference };
    let body = EventBody { meeting, epoch: 3, stay, counter: 9, kind }.encode();
    let statement = [b"incamera 1 event".as_slice(), &body].concat();
    let signature = member(&mut world.clients[BEN].meeting).group.sign(&statement);
    let forged = SignedEvent { body, signature }.encode();
    let entry = forged_return(&mut world, &own, &[leaf], vec![forged], true);
    all_refuse_it(&mut world, entry, Rule::Rejoin("evidence does not verify"));
    // Of a leaf that stays.
    let dan = leaf_of(&mut world, DAN);
    let entry = forged_return(&mut world, &own, &[dan], vec![words.clone()], true);
    all_refuse_it(&mut world, entry, Rule::Rejoin("evidence is for a leaf that stays"));
    // Something else that was signed.
    let leaves = signed(&mut world.clients[CLEO].meeting, EventKind::Leave).encode();
    let entry = forged_return(&mut world, &own, &[leaf], vec![leaves], true);
    all_refuse_it(&mut world, entry, Rule::Rejoin("evidence says something else"));
    let entry = forged_return(&mut world, &own, &[leaf], vec![vec![1]], true);
    all_refuse_it(&mut world, entry, Rule::Rejoin("evidence does not parse"));
    // One word for two, two words for one, and none.
    let entry = forged_return(&mut world, &own, &[leaf, dan], vec![words.clone()], true);
    let uneven = Rule::Rejoin("it does not remove, add and prove one for one");
    all_refuse_it(&mut world, entry, uneven);
    let twice = vec![words.clone(), words.clone()];
    let entry = forged_return(&mut world, &own, &[leaf], twice, true);
    all_refuse_it(&mut world, entry, uneven);
    let entry = forged_return(&mut world, &own, &[leaf], vec![], true);
    all_refuse_it(&mut world, entry, Rule::Mixed);
    let entry = forged_return(&mut world, &own, &[], vec![words.clone()], true);
    all_refuse_it(&mut world, entry, Rule::Mixed);
    // The control: Cleo's word for her own key package. Ben's own client, which drops what it forges,
    // takes it for a clone's: nobody hears what it does then.
    world.clients[BEN].unheard = true;
    let entry = forged_return(&mut world, &own, &[leaf], vec![words], true);
    takes_cleos_place(&mut world, entry);
}

/// All take this entry of Ben's for what brings Cleo back.
#[track_caller]
fn takes_cleos_place(world: &mut World, entry: Vec<u8>) {
    let before = world.clients[0].meeting.epoch().unwrap();
    world.append(entry);
    world.settle();
    for who in [0, DAN] {
        assert_eq!(world.clients[who].meeting.epoch(), Some(before + 1), "client {who}");
        assert_eq!(world.names(who), ["Ada", "Ben", "Cleo", "Dan"]);
    }
    let ben = world.member_id(BEN);
    assert_eq!(world.clients[CLEO].events.last(), Some(&Event::Removed { by: ben }));
}

#[test]
fn the_psk_of_the_other_kind_is_refused_by_all() {
    // SPEC [G7]
    let seed = 221;
    let mut world = resync_world(seed);
    let cleo = identity(&world, seed, CLEO, "Cleo");
    let (own, reference) = package_of(&cleo, &world);
    let leaf = leaf_of(&mut world, CLEO);
    let words = word(&mut world, CLEO, reference);
    let entry = forged_return(&mut world, &[own], &[leaf], vec![words], false);
    all_refuse_it(&mut world, entry, Rule::Psk);
    act(&mut world, 0, |meeting, now| meeting.set_door(Door::Open, now));
    let stranger = key_package("Mallory", &world.clients[0].meeting);
    let entry = forged_return(&mut world, &[stranger], &[], vec![], true);
    all_refuse_it(&mut world, entry, Rule::Psk);
}

#[test]
fn nobody_takes_off_a_label_or_takes_a_name_without_the_right_on_the_way() {
    // SPEC [G26], [G18], [G21]
    let seed = 222;
    let mut world = resync_world(seed);
    let leaf = leaf_of(&mut world, CLEO);
    let label = identity(&world, seed, CLEO, "Cleo").labelled(Label::Bot);
    let attested = identity(&world, seed, CLEO, "Cleo").with_attestation(vec![1]).unwrap();
    for other in [label, attested] {
        let (package, reference) = package_of(&other, &world);
        let words = word(&mut world, CLEO, reference);
        let entry = forged_return(&mut world, &[package], &[leaf], vec![words], true);
        all_refuse_it(&mut world, entry, Rule::Rejoin("it changes a label or an attestation"));
    }
    let id = world.member_id(CLEO);
    let withheld = Rights::of(&[Right::RenameSelf]);
    act(&mut world, 0, |meeting, now| meeting.set_exceptions(id, Rights::NONE, withheld, now));
    let renamed = identity(&world, seed, CLEO, "Adele");
    let (package, reference) = package_of(&renamed, &world);
    let words = word(&mut world, CLEO, reference);
    let entry = forged_return(&mut world, &[package], &[leaf], vec![words], true);
    all_refuse_it(&mut world, entry, Rule::MissingRight(Right::RenameSelf));
}

#[test]
fn evidence_of_a_leaf_that_has_gone_brings_nobody_back() {
    // SPEC [G26]
    let seed = 223;
    let mut world = resync_world(seed);
    let cleo = identity(&world, seed, CLEO, "Cleo");
    let (package, reference) = package_of(&cleo, &world);
    let words = word(&mut world, CLEO, reference);
    member(&mut world.clients[CLEO].meeting).group.lose_path_keys();
    act(&mut world, 0, |meeting, now| meeting.set_door(Door::Locked, now));
    assert!(world.has_joined(CLEO));
    let leaf = leaf_of(&mut world, CLEO);
    let entry = forged_return(&mut world, &[package], &[leaf], vec![words], true);
    all_refuse_it(&mut world, entry, Rule::Rejoin("evidence does not verify"));
}

#[test]
fn a_return_in_place_of_what_an_order_asks_for_is_refused_by_all() {
    // SPEC [G26], [G16]
    let seed = 224;
    let mut world = resync_world(seed);
    let cleo = identity(&world, seed, CLEO, "Cleo");
    let (package, reference) = package_of(&cleo, &world);
    let leaf = leaf_of(&mut world, CLEO);
    let words = word(&mut world, CLEO, reference);
    order_alone(&mut world, DAN, CLEO);
    // It removes every leaf of the identity that the order names, and adds it again.
    let entry = forged_return(&mut world, &[package], &[leaf], vec![words], true);
    all_refuse_it(&mut world, entry, Rule::OrderIgnored);
    world.pass(12_000);
    assert_eq!(world.names(0), ["Ada", "Ben", "Dan"]);
}

/// Cleo cannot read a commit, and nobody hears her knock.
fn stranded(seed: u8) -> World {
    let mut world = resync_world(seed);
    world.clients[CLEO].events.clear();
    world.clients[CLEO].unheard = true;
    member(&mut world.clients[CLEO].meeting).group.lose_path_keys();
    act(&mut world, 0, |meeting, now| meeting.set_door(Door::Locked, now));
    act(&mut world, 0, |meeting, now| meeting.set_door(Door::WaitingRoom, now));
    world
}

/// What the knock says that is kept back, and the key that opens it.
fn overheard(world: &mut World) -> (KnockContent, PskId, Secret<32>) {
    let knock = Knock::decode(&world.withheld[0].bytes).unwrap();
    let state = state_of(world, 0);
    let key = policy::live_resync_key(&state, knock.invite).unwrap();
    let OpenedKnock { content, .. } = open_knock(&key.lobby_key, &key.secret, &knock).unwrap();
    (content, PskId::Resync(knock.invite), key.secret.duplicate())
}

#[test]
fn the_welcome_of_a_stranger_is_refused_and_costs_a_while() {
    // SPEC [A17]
    let mut world = stranded(225);
    let eve = world.knock("Eve");
    world.admit_all(0);
    assert!(world.has_joined(eve));
    let (content, id, secret) = overheard(&mut world);
    let cleo = world.member_id(CLEO);
    let leaf = member(&mut world.clients[0].meeting).roster().of(cleo).cloned();
    let removes = [leaf.unwrap().occupant.leaf];
    let (entry, hash, blob) = {
        let meeting = world.clients[0].meeting.id();
        let own = member(&mut world.clients[eve].meeting);
        let rejoins = vec![content.rejoin.clone().unwrap()];
        let note = CommitNote { rejoins, ..CommitNote::default() }.encode();
        let adds = [content.key_package.clone()];
        let psk = Some((id, &secret));
        let plan = CommitPlan {
            adds: &adds,
            removes: &removes,
            psk,
            note: &note,
            ..CommitPlan::default()
        };
        let BuiltCommit { message, welcome } = own.group.build(&plan).unwrap();
        let BuiltWelcome { welcome, tree, tree_secret } = welcome.unwrap();
        let entropy = Entropy::system();
        let blob = envelope::seal_blob(&tree_secret, &entropy, &tree).unwrap().encode();
        let hash = BlobHash::new(Sha256::digest(&blob).into());
        let welcome = Some(WelcomeNote { welcome, tree: hash });
        let epoch = own.epochs.current().epoch;
        let head = Head { meeting, kind: EnvelopeKind::Handshake, epoch, welcome };
        let entry = envelope::seal(&own.handshake_key, &entropy, head, &message).unwrap().encode();
        (entry, hash, blob)
    };
    world.blobs.insert(hash, blob);
    world.append(entry);
    world.settle();
    // The group takes it, since the evidence is genuine: Eve may, and her name is on it.
    let eve_id = world.member_id(eve);
    let by_eve = |event: &Event| matches!(event, Event::Returned { by, .. } if *by == eve_id);
    assert_eq!(world.count(0, by_eve), 1);
    let fault = Fault::Welcome("its author is nobody whom this client knew");
    let refused = Event::Refused { source: Source::Blob, author: None, fault };
    assert!(world.clients[CLEO].events.contains(&refused));
    assert!(!world.has_joined(CLEO));
    // Its word for the old leaf is used up; that of the leaf that she refused to use is not.
    world.withheld.clear();
    world.clients[CLEO].unheard = false;
    world.pass(60_000);
    assert!(world.has_joined(CLEO));
    world.assert_agreed(&[0, 1, CLEO, DAN, eve]);
    assert_eq!(world.names(0), ["Ada", "Ben", "Cleo", "Dan", "Eve"]);
}

#[test]
fn who_came_after_brings_nobody_back() {
    // SPEC [A17]
    let mut world = stranded(226);
    let ada = world.knock("Eve");
    world.admit_all(0);
    // Whom Cleo knew is silent; Eve hears her knock alone.
    for who in [0, BEN, DAN] {
        world.clients[who].online = false;
    }
    world.release();
    world.pass(15_000);
    assert!(
        !world.has_joined(CLEO)
            && member(&mut world.clients[ada].meeting).intents.returning.is_empty()
    );
    for who in [0, BEN, DAN] {
        world.connect(who);
    }
    world.pass(20_000);
    assert!(world.has_joined(CLEO));
}

fn lobby(world: &mut World, bytes: Vec<u8>) {
    let now = world.now();
    for who in [0, DAN] {
        world.clients[who].meeting.handle(crate::Input::Lobby(bytes.clone()), now).unwrap();
    }
    world.settle();
}

#[test]
fn a_replayed_resync_knock_changes_nothing() {
    // SPEC [A16]
    let mut world = stranded(227);
    world.release();
    assert!(world.has_joined(CLEO));
    let knock = world.lobby.last().unwrap().clone();
    let epoch = world.clients[0].meeting.epoch();
    lobby(&mut world, knock.clone());
    assert_eq!(world.clients[0].meeting.epoch(), epoch);
    assert!(world.refusals(0).is_empty());
    // Nor once she has left.
    act(&mut world, CLEO, |meeting, now| meeting.leave(now));
    let epoch = world.clients[0].meeting.epoch();
    lobby(&mut world, knock);
    world.pass(5_000);
    let fault = Fault::Refused(Rule::Rejoin("evidence does not verify"));
    let refused = Event::Refused { source: Source::Lobby, author: None, fault };
    assert_eq!(world.clients[0].events.last(), Some(&refused));
    assert_eq!(world.clients[0].meeting.epoch(), epoch);
    assert_eq!(world.names(0), ["Ada", "Ben", "Dan"]);
}

/// A knock under the newest resync key that says this.
fn resync_knock(
    world: &mut World,
    key_package: Vec<u8>,
    rejoin: Option<Vec<u8>>,
    at: u64,
) -> Vec<u8> {
    let state = state_of(world, 0);
    let key = &state.resync_keys[0];
    let knock_key = KnockKey {
        meeting: world.clients[0].meeting.id(),
        id: policy::resync_id(&key.secret),
        lobby_key: hpke::public_key(&key.lobby_key),
        secret: &key.secret,
    };
    let content = KnockContent {
        key_package,
        log_position: at,
        passcode_share: None,
        passcode_tag: None,
        rejoin,
    };
    let mailbox = MailboxId::new([1; 16]);
    seal_knock_under(&knock_key, &Entropy::system(), mailbox, &content).unwrap().0.encode()
}

#[test]
fn a_resync_knock_without_proof_or_freshness_is_refused() {
    // SPEC [A16], [A4]
    let seed = 228;
    let mut world = resync_world(seed);
    let cleo = identity(&world, seed, CLEO, "Cleo");
    let (package, reference) = package_of(&cleo, &world);
    let words = word(&mut world, CLEO, reference);
    let head = world.log.len() as u64;
    let stolen = word(&mut world, BEN, reference);
    let other = word(&mut world, CLEO, KeyPackageRef::new([9; 32]));
    let rule = |what| Fault::Refused(Rule::Rejoin(what));
    let cases = [
        (None, head, rule("there is no evidence")),
        (Some(stolen), head, rule("another identity takes the place of a leaf")),
        (Some(other), head, rule("evidence is for another key package")),
        (Some(words), head + 1_025, Fault::StaleKnock),
    ];
    for (rejoin, at, fault) in cases {
        let knock = resync_knock(&mut world, package.clone(), rejoin, at);
        lobby(&mut world, knock);
        let refused = Event::Refused { source: Source::Lobby, author: None, fault };
        for who in [0, DAN] {
            assert_eq!(world.clients[who].events.last(), Some(&refused), "client {who}");
        }
    }
    world.pass(12_000);
    assert!(member(&mut world.clients[0].meeting).intents.returning.is_empty());
    assert_eq!(world.names(0).len(), 4);
    // Under a key that is none it is not even looked at.
    let mut strange = Knock::decode(&resync_knock(&mut world, package, None, head)).unwrap();
    strange.invite = InviteId::new([9; 16]);
    lobby(&mut world, strange.encode());
    let refused = Event::Refused { source: Source::Lobby, author: None, fault: Fault::DeadInvite };
    assert_eq!(world.clients[0].events.last(), Some(&refused));
}

#[test]
fn one_of_anothers_leaves_is_not_removed_as_if_it_were_ones_own() {
    // SPEC [G27], [G8]
    let seed = 229;
    let mut world = resync_world(seed);
    let cleo = identity(&world, seed, CLEO, "Cleo");
    let invite = world.clients[0].meeting.invite().unwrap();
    let second = incamera::testing::join([77; 32], &cleo, &invite, world.now()).unwrap();
    let second = world.add("Cleo", second);
    world.settle();
    world.admit_all(0);
    let leaf = leaf_of(&mut world, second);
    let note = CommitNote::default().encode();
    let plan = CommitPlan { removes: &[leaf], note: &note, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[BEN].meeting, &plan);
    all_refuse_it(&mut world, entry, Rule::PartialRemoval);
    // By itself it is removed, and nothing follows: a state is refused.
    let state = state_of(&mut world, 0).encode();
    let plan = CommitPlan { state: Some(&state), ..plan };
    let entry = forged_commit(&mut world.clients[CLEO].meeting, &plan);
    let cleo = world.member_id(CLEO);
    let nothing = Rule::State("nothing in the commit changes the state");
    refused_by(&mut world, &[0, BEN, DAN], entry, Some(cleo), Fault::Refused(nothing));
}
