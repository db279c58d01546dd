//! What members may not say, and what nobody else may say again (SPEC \[G19\], \[G20\], \[G11\]).

use incamera::testing;
use incamera_wire::{Right, Rights, TrackKind, TrackKinds};

use super::*;
use crate::meeting::epochs::direct_psk;

const MICROPHONE: TrackKinds = TrackKinds::of(&[TrackKind::Microphone]);

/// The last event of the log as everybody in its epoch can read it: body and signature.
fn last_said(world: &mut World, reader: Who) -> (SignedEvent, EventBody) {
    let entry = opened(world.log.last().unwrap());
    let key = &member(&mut world.clients[reader].meeting).epochs.current().event_key;
    let signed = SignedEvent::decode(&envelope::open(key, &entry).unwrap()).unwrap();
    let body = EventBody::decode(&signed.body).unwrap();
    (signed, body)
}

/// Everything that this client was told that somebody said.
fn chats(world: &World, who: Who) -> Vec<(MemberId, String, bool)> {
    let chat = |event: &Event| match event {
        Event::Chat { member, text, private } => Some((*member, text.clone(), *private)),
        _ => None,
    };
    world.clients[who].events.iter().filter_map(chat).collect()
}

#[test]
fn what_is_said_to_all_reaches_all_and_what_is_said_to_one_that_one() {
    // SPEC [G19], [G20]
    let mut world = world(180);
    let (ada, cleo) = (world.member_id(0), world.member_id(2));
    act(&mut world, 0, |meeting, now| meeting.chat("good morning", now));
    act(&mut world, 0, |meeting, now| meeting.chat_to(cleo, "stay on", now));
    let open = (ada, "good morning".to_owned(), false);
    let private = (ada, "stay on".to_owned(), true);
    assert_eq!(chats(&world, 0), std::slice::from_ref(&open));
    assert_eq!(chats(&world, BEN), std::slice::from_ref(&open));
    assert_eq!(chats(&world, 2), [open, private]);
}

#[test]
fn a_word_to_one_member_is_opened_by_nobody_else() {
    // SPEC [G20]
    let mut world = world(181);
    let cleo = world.member_id(2);
    act(&mut world, 0, |meeting, now| meeting.chat_to(cleo, "between us", now));
    let (signed, body) = last_said(&mut world, BEN);
    assert!(!signed.body.windows(10).any(|bytes| bytes == b"between us"));
    let EventKind::PrivateChat { encapsulated_key, ciphertext, .. } = &body.kind else {
        panic!("{body:?}")
    };
    let binding = [
        body.meeting.as_bytes().as_slice(),
        &body.epoch.to_be_bytes(),
        body.stay.as_bytes(),
        cleo.as_bytes(),
        &body.counter.to_be_bytes(),
    ]
    .concat();
    let info = b"incamera 1 direct";
    for (who, opens) in [(0, false), (BEN, false), (2, true)] {
        let psk = direct_psk(&member(&mut world.clients[who].meeting).group).unwrap();
        let key = &world.clients[who].meeting.core.shared.direct_key;
        let opened = hpke::open_psk(key, encapsulated_key, info, &psk, info, &binding, ciphertext);
        assert_eq!(opened.is_ok(), opens, "client {who}");
    }
}

#[test]
fn a_replayed_chat_is_refused_by_all() {
    // SPEC [G11], [G19]
    let mut world = world(182);
    let (ada, cleo) = (world.member_id(0), world.member_id(2));
    act(&mut world, 0, |meeting, now| meeting.chat("I agree", now));
    let entry = world.log.last().unwrap().clone();
    let (signed, _) = last_said(&mut world, BEN);
    refused_by(&mut world, &HONEST, entry, Some(ada), Fault::Replayed);
    // In an envelope of the replayer's own, too, and in a later epoch.
    let again = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Event, &signed.encode());
    refused_by(&mut world, &HONEST, again, Some(ada), Fault::Replayed);
    act(&mut world, 0, |meeting, now| meeting.mute(cleo, MICROPHONE, now));
    let again = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Event, &signed.encode());
    refused_by(&mut world, &HONEST, again, Some(ada), Fault::Signature);
    assert_eq!(chats(&world, 2).len(), 1);
    goes_on(world);
}

#[test]
fn what_is_said_without_the_right_is_refused_by_all() {
    // SPEC [G19]
    let mut world = world(183);
    let (ben, cleo) = (world.member_id(BEN), world.member_id(2));
    let ask = EventKind::Ask { to: cleo, kinds: MICROPHONE };
    let entry = forged_event(&mut world, BEN, ask);
    let fault = Fault::MissingRight(Right::MuteOthers);
    refused_by(&mut world, &HONEST, entry, Some(ben), fault);
    let withheld = Rights::of(&[Right::Chat, Right::React]);
    act(&mut world, 0, |m, now| m.set_exceptions(ben, Rights::NONE, withheld, now));
    let private =
        |ciphertext| EventKind::PrivateChat { to: cleo, encapsulated_key: [1; 32], ciphertext };
    let said = [
        (EventKind::Chat { text: "buy this".into() }, Right::Chat),
        (private(vec![0; 32]), Right::Chat),
        (EventKind::Reaction { symbol: "!".into() }, Right::React),
    ];
    for (kind, right) in said {
        let entry = forged_event(&mut world, BEN, kind);
        refused_by(&mut world, &HONEST, entry, Some(ben), Fault::MissingRight(right));
    }
    assert!(chats(&world, 2).is_empty());
    let now = world.now();
    let refused = world.clients[BEN].meeting.chat("buy this", now);
    assert_eq!(refused, Err(crate::Error::MissingRight(Right::Chat)));
    goes_on(world);
}

/// Cleo refuses it, and the others, to whom it is not, hear nothing of it.
#[track_caller]
fn cleo_refuses(world: &mut World, entry: Vec<u8>, author: MemberId) {
    let before = world.clients[0].events.len();
    refused_by(world, &[2], entry, Some(author), Fault::Unopenable);
    assert_eq!(world.clients[0].events.len(), before);
    assert!(chats(world, 2).iter().all(|(_, _, private)| *private));
}

#[test]
fn a_private_word_said_again_in_another_name_counter_epoch_or_to_another_is_refused() {
    // SPEC [G20]
    let mut world = world(184);
    let (ada, ben, cleo) = (world.member_id(0), world.member_id(BEN), world.member_id(2));
    act(&mut world, 0, |meeting, now| meeting.chat_to(cleo, "yes", now));
    let (_, body) = last_said(&mut world, BEN);
    assert_eq!(chats(&world, 2).len(), 1);
    // As a word of Ben's.
    let entry = forged_event(&mut world, BEN, body.kind.clone());
    cleo_refuses(&mut world, entry, ben);
    // As another word of Ada's, by her own client.
    let entry = forged_event(&mut world, 0, body.kind.clone());
    cleo_refuses(&mut world, entry, ada);
    // As a word to Ben, who cannot open it either.
    let EventKind::PrivateChat { encapsulated_key, ciphertext, .. } = body.kind.clone() else {
        panic!("{body:?}")
    };
    let moved = EventKind::PrivateChat { to: ben, encapsulated_key, ciphertext };
    let entry = forged_event(&mut world, 0, moved);
    refused_by(&mut world, &[BEN], entry, Some(ada), Fault::Unopenable);
    act(&mut world, 0, |meeting, now| meeting.mute(ben, MICROPHONE, now));
    let entry = forged_event(&mut world, 0, body.kind);
    cleo_refuses(&mut world, entry, ada);
    assert_eq!(chats(&world, 2).len(), 1);
    goes_on(world);
}

#[test]
fn a_private_word_that_is_no_text_is_refused() {
    // SPEC [G20]
    let mut world = world(185);
    let (ben, cleo) = (world.member_id(BEN), world.member_id(2));
    let own = member(&mut world.clients[BEN].meeting);
    let recipient = own.roster().of(cleo).unwrap().direct_key;
    let psk = direct_psk(&own.group).unwrap();
    let (epoch, counter) = (own.epochs.current().epoch.to_be_bytes(), own.counter.to_be_bytes());
    let meeting = world.clients[BEN].meeting.id();
    let binding =
        [meeting.as_bytes().as_slice(), &epoch, ben.as_bytes(), cleo.as_bytes(), &counter].concat();
    let info = b"incamera 1 direct";
    let entropy = Entropy::system();
    let sealed =
        hpke::seal_psk(&entropy, &recipient, info, &psk, info, &binding, b"\xff\xfe").unwrap();
    let hpke::SealedPsk { encapsulated_key, ciphertext, .. } = sealed;
    let kind = EventKind::PrivateChat { to: cleo, encapsulated_key, ciphertext };
    let entry = forged_event(&mut world, BEN, kind);
    cleo_refuses(&mut world, entry, ben);
    goes_on(world);
}

#[test]
fn an_oversized_or_undecodable_event_is_refused_by_all() {
    // SPEC [W2], [G19]
    let mut world = world(186);
    let no_event = SignedEvent::decode(b"\xff").unwrap_err();
    let entry = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Event, b"\xff");
    refused_by(&mut world, &HONEST, entry, None, Fault::Malformed(no_event));
    let tracks = (0..17).map(|index| incamera_wire::AnnouncedTrack {
        track: crate::Track::new(TrackKind::Camera, index).unwrap(),
        codec: "vp8".into(),
        framing: crate::AnnouncedFraming::Whole,
        transport: String::new(),
        muted: false,
    });
    let tracks: Vec<_> = tracks.collect();
    let twice = vec![tracks[0].clone(), tracks[0].clone()];
    let kinds = [
        EventKind::Chat { text: "x".repeat(2049) },
        EventKind::Chat { text: String::new() },
        EventKind::Reaction { symbol: "x".repeat(33) },
        EventKind::Ask { to: world.member_id(2), kinds: TrackKinds::NONE },
        EventKind::Announcement { tracks },
        EventKind::Announcement { tracks: twice },
    ];
    for kind in kinds {
        let author = &mut world.clients[BEN].meeting;
        let signed = signed(author, kind);
        let entry = seal(author, EnvelopeKind::Event, &signed.encode());
        let why = SignedEvent::decode(&signed.encode())
            .and_then(|signed| EventBody::decode(&signed.body))
            .unwrap_err();
        refused_by(&mut world, &HONEST, entry, None, Fault::Malformed(why));
    }
    goes_on(world);
}

#[test]
fn a_leave_replayed_after_a_rejoin_is_refused_by_all() {
    // SPEC [G8], [G11]
    let mut world = world(187);
    let old = world.member_id(BEN);
    let leave = signed(&mut world.clients[BEN].meeting, EventKind::Leave);
    let entry = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Event, &leave.encode());
    world.append(entry.clone());
    world.settle();
    assert_eq!(world.names(0), ["Ada", "Cleo"]);
    let mut seed = [187; 32];
    seed[0] = BEN as u8;
    let ben = testing::identity(seed, "Ben").unwrap();
    let invite = world.clients[0].meeting.invite().unwrap();
    let again = testing::join([7; 32], &ben, &invite, world.now()).unwrap();
    let again = world.add("Ben", again);
    world.settle();
    world.admit_all(0);
    assert!(world.has_joined(again));
    assert_ne!(world.member_id(again), old);
    // As an event, by the server.
    refused_by(&mut world, &HONEST, entry, Some(old), Fault::UnknownAuthor);
    // As evidence, by a member.
    let cleo = world.member_id(2);
    let note = CommitNote { departures: vec![leave.encode()], ..CommitNote::default() }.encode();
    let plan = CommitPlan { removes: &[1], note: &note, path: true, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[2].meeting, &plan);
    refused_by(&mut world, &[0, again], entry, Some(cleo), Fault::Refused(Rule::Evidence));
    world.pass(3_000);
    world.assert_agreed(&[0, 2, again]);
}

#[test]
fn who_is_asked_to_send_is_told_and_nobody_else() {
    // SPEC [G19]
    let mut world = world(188);
    let (ada, cleo) = (world.member_id(0), world.member_id(2));
    act(&mut world, 0, |meeting, now| meeting.mute(cleo, MICROPHONE, now));
    act(&mut world, 0, |meeting, now| meeting.ask_to_send(cleo, MICROPHONE, now));
    let asked = Event::AskedToSend { by: ada, kinds: MICROPHONE };
    assert!(world.clients[2].events.contains(&asked));
    assert!(!world.clients[BEN].events.contains(&asked));
    for who in 0..3 {
        let roster = world.clients[who].meeting.roster();
        assert!(roster[2].may_send.contains(TrackKind::Microphone), "client {who}");
    }
}

#[test]
fn hands_and_reactions_show_at_every_member() {
    // SPEC [G19]
    let mut world = world(189);
    let ben = world.member_id(BEN);
    act(&mut world, BEN, |meeting, now| meeting.raise_hand(true, now));
    act(&mut world, BEN, |meeting, now| meeting.react("+1", now));
    for who in 0..3 {
        let events = &world.clients[who].events;
        assert!(events.contains(&Event::Hand { member: ben, raised: true }), "client {who}");
        let reaction = Event::Reaction { member: ben, symbol: "+1".into() };
        assert!(events.contains(&reaction), "client {who}");
        assert!(world.clients[who].meeting.roster()[1].hand_raised, "client {who}");
    }
    act(&mut world, BEN, |meeting, now| meeting.raise_hand(false, now));
    assert!(!world.clients[2].meeting.roster()[1].hand_raised);
}
