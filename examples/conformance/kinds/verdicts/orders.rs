//! Verdicts while removal orders bind, on the orders themselves, and on the replacement of silent hosts.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{self, Occupied, Proposal};
use incamera::wire::{Fingerprint, StayId};
use serde_json::{Value, json};

use super::scene::*;
use super::shown_occupied;
use crate::case::{Draft, good, refused};
use crate::fields::hex;

pub(super) fn drafts() -> Vec<Draft> {
    let mut drafts = under_orders();
    drafts.extend(orders());
    drafts.extend(replacements());
    drafts
}

fn under_orders() -> Vec<Draft> {
    let ordered = "attendee ordered out";
    let attendee = leaf(ATTENDEE);
    let renewal = |who: u8| Proposal { path: true, ..commit(who) };
    let add = Proposal { adds: vec![newcomer(40, ABSENT)], psk: live(), ..commit(HOST) };
    vec![
        accepts("an order carried out without the right to remove", &["G16"], ordered, &{
            removal(PRESENTER, &[attendee], &[])
        }),
        accepts("an order carried out, and somebody else removed", &["G16"], ordered, &{
            removal(HOST, &[attendee, leaf(PRESENTER)], &[])
        }),
        refuses(
            "a renewal that passes an order by",
            &["G16"],
            "OrderIgnored",
            ordered,
            &renewal(HOST),
        ),
        refuses("an Add that passes an order by", &["G16"], "OrderIgnored", ordered, &add),
        refuses("a removal that passes an order by", &["G16"], "OrderIgnored", ordered, &{
            removal(HOST, &[leaf(PRESENTER)], &[])
        }),
        refuses("an order carried out by a leave event", &["G16"], "OrderIgnored", ordered, &{
            removal(HOST, &[attendee], &[stay_at(attendee)])
        }),
        refuses("a commit of somebody who is ordered out", &["G16"], "OrderedOut", ordered, &{
            renewal(ATTENDEE)
        }),
    ]
}

fn order(scene: &str, author: &Occupied, target: Fingerprint, stay: StayId) -> Value {
    json!({
        "scene": scene,
        "order": {
            "author": shown_occupied(author), "target": hex(target.as_bytes()),
            "stay": hex(stay.as_bytes()),
        },
    })
}

fn orders() -> Vec<Draft> {
    let meeting = "meeting";
    let at = |who: u8| stay_at(leaf(who));
    let by_whom = |author: u8, whom: u8| order(meeting, &by(author), person(whom), at(whom));
    let stranger = Occupied { leaf: 20, stay: stay_at(20), ..by(HOST) };
    let void = "VoidOrder";
    vec![
        good("an order", &["G16"], by_whom(CO_HOST, ATTENDEE)),
        good("an order that names the second device", &["G16"], {
            order(meeting, &by(HOST), person(DOUBLE), stay_at(SECOND_DEVICE))
        }),
        refused(
            "an order without the right",
            &["G16"],
            "MissingRight(Remove)",
            by_whom(PRESENTER, ATTENDEE),
        ),
        refused(
            "an order by a bot",
            &["G16", "G18"],
            "MissingRight(Remove)",
            by_whom(BOT, ATTENDEE),
        ),
        refused(
            "an order against somebody of the same rank",
            &["G16"],
            "Outranked",
            by_whom(CO_HOST, HEIR),
        ),
        refused("an order against a host", &["G16"], "Outranked", by_whom(CO_HOST, HOST)),
        refused("an order against oneself", &["G16"], void, by_whom(HOST, HOST)),
        refused("an order by somebody who is not here", &["G16"], void, {
            order(meeting, &stranger, person(ATTENDEE), at(ATTENDEE))
        }),
        refused("an order that names a stay which has ended", &["G16"], void, {
            order(meeting, &by(HOST), person(ATTENDEE), StayId::new([9; 16]))
        }),
        refused("an order that names another's stay", &["G16"], void, {
            order(meeting, &by(HOST), person(ATTENDEE), at(PRESENTER))
        }),
        refused("an order for somebody who is ordered out", &["G16"], void, {
            order("attendee ordered out", &by(HOST), person(ATTENDEE), at(ATTENDEE))
        }),
        refused("an order by somebody who is ordered out", &["G16"], "OrderedOut", {
            order("co-host ordered out", &by(CO_HOST), person(ATTENDEE), at(ATTENDEE))
        }),
    ]
}

/// The commit that replaces the host on the word of these.
fn replacement(who: u8, words: &[u8]) -> Proposal {
    let state = testing::replaced(&state(), &roster(), &by(who)).unwrap();
    let word = |who: &u8| (person(*who), vec![person(HOST)]);
    let statements = words.iter().map(word).collect();
    Proposal { state: Some(state), statements, path: true, ..commit(who) }
}

fn replacements() -> Vec<Draft> {
    let meeting = "meeting";
    let both = || replacement(CO_HOST, &[CO_HOST, HEIR]);
    let why = "Statements";
    let saying = |who: u8, hosts: Vec<Fingerprint>| {
        let mut commit = both();
        commit.statements[1] = (person(who), hosts);
        commit
    };
    vec![
        accepts("a silent host replaced", &["G17"], meeting, &both()),
        accepts("a silent host replaced by the second of the list", &["G17"], meeting, &{
            replacement(HEIR, &[CO_HOST, HEIR])
        }),
        refuses("a replacement by somebody who is not listed", &["G17"], why, meeting, &{
            Proposal { committer: leaf(BOT), ..both() }
        }),
        refuses("a replacement on the word of half the list", &["G17"], why, meeting, &{
            replacement(CO_HOST, &[CO_HOST])
        }),
        refuses("a replacement on one word twice", &["G17"], why, meeting, &{
            replacement(CO_HOST, &[CO_HOST, CO_HOST])
        }),
        refuses(
            "a replacement on the word of somebody who is not listed",
            &["G17"],
            why,
            meeting,
            &{ saying(PRESENTER, vec![person(HOST)]) },
        ),
        refuses("a replacement on words that do not name every host", &["G17"], why, meeting, &{
            saying(HEIR, vec![person(PRESENTER)])
        }),
        refuses(
            "a replacement that makes its author host out of turn",
            &["G17"],
            "State",
            meeting,
            &{
                let mut commit = both();
                if let Some(state) = &mut commit.state {
                    state.members[1].role = incamera::Role::CoHost;
                    state.members[4].role = incamera::Role::Host;
                    state.succession = vec![person(CO_HOST)];
                }
                commit
            },
        ),
        refuses("a replacement without a state", &["G17"], "State", meeting, &{
            Proposal { state: None, ..both() }
        }),
        refuses(
            "a replacement while an order binds",
            &["G16"],
            "OrderIgnored",
            "attendee ordered out",
            &both(),
        ),
    ]
}
