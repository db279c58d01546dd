//! Removal orders, and what is refused while one binds.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::HostileCommit;
use incamera::wire::{EnvelopeKind, EventKind, Fingerprint, StayId};

use super::super::hostile::{self, Entry, Stranger, Word, plan};
use super::super::live::{Live, Who};
use super::room::*;
use super::{Cases, entry};

pub(super) fn add(cases: &mut Cases, live: &mut Live) {
    orders(cases, live);
    under_order(cases, live);
}

fn word(live: &Live, who: Who, target: Fingerprint, stay: StayId) -> Word {
    Word::of(live, who, EventKind::RemovalOrder { target, stay })
}

fn order(live: &Live, who: Who, target: Fingerprint, stay: StayId) -> Vec<u8> {
    let signed = word(live, who, target, stay).sign(live, who).encode();
    Entry::default().seal(live, who, EnvelopeKind::Order, &signed)
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn orders(cases: &mut Cases, live: &Live) {
    let (dan, stay) = (live.fingerprint(DAN), live.member(DAN));
    let genuine = order(live, CLEO, dan, stay);
    cases.takes(SCENE, "an order", &["G16", "K9"], vec![entry(&genuine)]);
    let kind = EnvelopeKind::Order;
    let (ada, cleo) = (live.fingerprint(ADA), live.fingerprint(CLEO));
    let of_event = Entry {
        key: Some(hostile::key(live.meeting(CLEO), EnvelopeKind::Event)),
        ..Entry::default()
    };
    let signed = word(live, CLEO, dan, stay).sign(live, CLEO).encode();
    let mut spoilt = word(live, CLEO, dan, stay).sign(live, CLEO);
    spoilt.signature[0] ^= 1;
    let earlier = {
        let word = word(live, CLEO, dan, stay);
        let signed = Word { epoch: word.epoch - 1, ..word }.sign(live, CLEO).encode();
        Entry::default().seal(live, CLEO, kind, &signed)
    };
    let ahead = Entry { epoch: live.meeting(CLEO).epoch().map(|it| it + 1), ..Entry::default() };
    let a_chat = Word::of(live, CLEO, EventKind::Leave).sign(live, CLEO).encode();
    let void = "Refused(VoidOrder";
    let wrong: Vec<(&str, &'static [&'static str], &str, Vec<u8>)> = vec![
        (
            "an order from a member without the right",
            &["G16"],
            "Refused(MissingRight(Remove))",
            order(live, BEN, dan, stay),
        ),
        (
            "an order from a co-host against a host",
            &["G16"],
            "Refused(Outranked)",
            order(live, CLEO, ada, live.member(ADA)),
        ),
        (
            "an order from a co-host against itself",
            &["G16"],
            void,
            order(live, CLEO, cleo, live.member(CLEO)),
        ),
        (
            "an order that names no stay of its target",
            &["G16"],
            void,
            order(live, CLEO, dan, live.member(BEN)),
        ),
        (
            "an order under the key of events",
            &["K9"],
            "Unopenable",
            of_event.seal(live, CLEO, kind, &signed),
        ),
        (
            "an order that was not signed",
            &["G16", "G11"],
            "Signature",
            Entry::default().seal(live, CLEO, kind, &spoilt.encode()),
        ),
        ("an order of another epoch than its envelope's", &["G16"], "Signature", earlier),
        (
            "an order of an epoch to come",
            &["G16"],
            "EpochAhead",
            ahead.seal(live, CLEO, kind, &signed),
        ),
        (
            "a leave among the orders",
            &["G16"],
            "Signature",
            Entry::default().seal(live, CLEO, kind, &a_chat),
        ),
    ];
    for (name, must, why, bytes) in wrong {
        cases.refuses(SCENE, (name, must, why), vec![entry(&bytes)]);
    }
}

fn under_order(cases: &mut Cases, live: &mut Live) {
    // The order alone comes: the commit behind it is lost.
    let ordered = entry(&order(live, CLEO, live.fingerprint(DAN), live.member(DAN)));
    let behind = |bytes: &[u8]| vec![ordered.clone(), entry(bytes)];
    let dan = live.leaf(DAN);
    let carried = HostileCommit { removes: vec![dan], state: without(live, BEN, &[dan]), ..plan() };
    let carried = hostile::committed(live, BEN, &carried);
    cases.takes(SCENE, "an order that is carried out", &["G16"], behind(&carried));
    let adds = vec![Stranger::new(70).key_package(live)];
    let add = HostileCommit { adds, psk: hostile::psk(live, ADA), ..plan() };
    let renewal = HostileCommit { path: true, ..plan() };
    let wrong: [(&str, &str, Who, HostileCommit); 3] = [
        ("a commit that adds while an order binds", "Refused(OrderIgnored)", ADA, add),
        (
            "a commit that renews while an order binds",
            "Refused(OrderIgnored)",
            ADA,
            renewal.clone(),
        ),
        ("a commit of whoever is ordered out", "Refused(OrderedOut)", DAN, renewal),
    ];
    for (name, why, who, commit) in wrong {
        let bytes = hostile::committed(live, who, &commit);
        cases.refuses(SCENE, (name, &["G16"], why), behind(&bytes));
    }
    let chat = hostile::event(live, DAN, EventKind::End);
    let name = "an end from whoever is ordered out";
    cases.refuses(SCENE, (name, &["G12", "G16"], "MissingRight(End)"), behind(&chat));
    let again = order(live, ADA, live.fingerprint(DAN), live.member(DAN));
    cases.refuses(
        SCENE,
        ("an order for whoever is ordered out", &["G16"], "Ignored"),
        behind(&again),
    );
}
