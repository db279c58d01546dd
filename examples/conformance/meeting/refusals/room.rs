//! The scene of most cases: a meeting that has everybody in it.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{self, Occupied, Proposal};
use serde_json::{Value, json};

use super::super::hostile::{self, Stranger};
use super::super::live::{Live, Who};
use crate::fields::hex;

/// What it is called.
pub(super) const SCENE: &str = "a meeting of six";

/// Created the meeting, and is host.
pub(super) const ADA: Who = 0;
/// Reads what the cases hand over; a host, too.
pub(super) const OLGA: Who = 1;
/// An attendee.
pub(super) const BEN: Who = 2;
/// A co-host, and first in the succession.
pub(super) const CLEO: Who = 3;
/// A recorder: it may do nothing but record.
pub(super) const DAN: Who = 4;
/// Ben's other device.
pub(super) const BENS_OTHER: Who = 5;
/// Has come and gone.
pub(super) const FINN: Who = 6;

/// An identity that is banned.
pub(super) const BANNED: u8 = 90;

/// The meeting, and its record as Olga has it.
pub(super) fn room() -> Live {
    let mut live = Live::of(20, &["Ada", "Olga", "Ben", "Cleo", "Dan"]);
    live.set_role(OLGA, 1);
    let link = live.link();
    let other = live.knock_as("Ben", BEN as u8, &link, None);
    live.admit_all(ADA);
    let finn = live.knock("Finn");
    live.admit_all(ADA);
    assert_eq!((other, finn), (BENS_OTHER, FINN));
    live.ask(finn, json!({ "call": "leave" }));
    live.pass(100);
    live.set_role(CLEO, 2);
    let cleo = hex(live.fingerprint(CLEO).as_bytes());
    live.ask(ADA, json!({ "call": "set_succession", "who": [cleo] }));
    let dan = hex(live.member(DAN).as_bytes());
    live.ask(ADA, json!({ "call": "set_label", "member": dan, "label": 1 }));
    let banned = hex(Stranger::new(BANNED).identity.fingerprint().as_bytes());
    live.ask(ADA, json!({ "call": "ban", "who": banned }));
    // It has expired by the end of the scene.
    let invite = json!({
        "call": "create_invite", "name": "brief", "passcode": false, "expires_s": 1_790_000_001_u64,
    });
    live.ask(ADA, invite);
    live.pass(1_000);
    live.agree(&[ADA, OLGA, BEN, CLEO, DAN, BENS_OTHER]);
    live
}

/// The roster as verdicts see it.
pub(super) fn roster(live: &Live) -> Vec<Occupied> {
    let occupied = |it: incamera::Participant| Occupied {
        leaf: it.leaf,
        stay: it.member,
        fingerprint: it.fingerprint,
        leaf_key: [0; 32],
        label: None,
    };
    live.meeting(OLGA).roster().into_iter().map(occupied).collect()
}

/// The state that follows from removing these leaves for cause, encoded.
pub(super) fn without(live: &Live, by: Who, removes: &[u32]) -> Option<Vec<u8>> {
    let plan =
        Proposal { committer: live.leaf(by), removes: removes.to_vec(), ..Proposal::default() };
    let state = hostile::state(live, by);
    let derived = testing::derived([0x77; 32], &state, &roster(live), &plan).unwrap();
    derived.map(|state| state.encode())
}

/// The record of the scene.
pub(super) fn record(live: &Live) -> Value {
    live.record_of(OLGA)
}
