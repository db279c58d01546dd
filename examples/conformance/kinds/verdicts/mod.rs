//! Verdicts as functions of state, roster, orders and commit (SPEC.md 7.4 to 7.9).

mod changes;
mod commits;
mod orders;
mod scene;

use incamera::testing::{self, Added, HostilePsk, Occupied, Proposal};
use incamera::wire::{Fingerprint, GroupState, InviteId, KeyPackageRef, StayId};
use incamera::{Label, Rule};
use serde_json::{Value, json};

use crate::case::{Kind, Made};
use crate::fields::{Bad, Fields, Read, array, bad, each, hex, number};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "verdicts",
    about: "verdicts on commits (7.4, 7.5, 7.7, 7.9) and orders (7.8), and states that contradict themselves (4.6); \
            all evidence is taken as verified",
    make,
    run,
    // A verdict is about what signatures hold for already.
    flips: Flips::None,
};

fn make() -> Made {
    let mut drafts = commits::drafts();
    drafts.extend(changes::drafts());
    drafts.extend(orders::drafts());
    Made { drafts, scenes: Some(scene::scenes()) }
}

/// State, roster and orders.
pub(super) struct Scene {
    pub(super) state: GroupState,
    pub(super) roster: Vec<Occupied>,
    pub(super) orders: Vec<Fingerprint>,
}

fn run(input: &Fields<'_>, scenes: &Value) -> Read<Value> {
    if let Some(state) = input.find("state") {
        return Ok(said(match GroupState::decode(&crate::fields::bytes(state, "state")?) {
            Ok(state) => testing::validate(&state).map_err(|why| format!("Inconsistent({why:?})")),
            Err(malformed) => Err(format!("Malformed({:?})", malformed.rule())),
        }));
    }
    let name = input.text("scene")?;
    let scene = scenes.get(name).ok_or_else(|| Bad(format!("there is no scene `{name}`")))?;
    let scene = read_scene(&Fields::of(scene, name)?)?;
    let Scene { state, roster, orders } = &scene;
    let rule = |verdict: Result<(), Rule>| verdict.map_err(|rule| format!("{rule:?}"));
    if input.find("order").is_some() {
        let order = input.object("order")?;
        let author = occupied(&order.object("author")?)?;
        let target = Fingerprint::new(order.array("target")?);
        let named = (target, StayId::new(order.array("stay")?));
        return Ok(said(rule(testing::order_binds(state, roster, orders, &author, named))));
    }
    let commit = proposal(&input.object("commit")?)?;
    Ok(said(rule(testing::judge(state, roster, orders, &commit))))
}

fn said(verdict: Result<(), String>) -> Value {
    match verdict {
        Ok(()) => json!({}),
        Err(refused) => json!({ "refused": refused }),
    }
}

fn decoded(bytes: &[u8]) -> Read<GroupState> {
    GroupState::decode(bytes).map_err(|malformed| Bad(format!("`state`: {malformed}")))
}

fn read_scene(fields: &Fields<'_>) -> Read<Scene> {
    let orders = match fields.find("orders") {
        Some(_) => fingerprints(fields.list("orders")?)?,
        None => Vec::new(),
    };
    let mut roster = each(fields.list("roster")?, |value| occupied(&Fields::of(value, "roster")?))?;
    // Who is at the other leaves of a large meeting says nothing: four bytes of leaf, then zeros.
    if fields.find("filled_to").is_some() {
        for leaf in roster.len() as u32..fields.small("filled_to")? {
            roster.push(filler(leaf));
        }
    }
    Ok(Scene { state: decoded(&fields.bytes("group_state")?)?, roster, orders })
}

fn filler(leaf: u32) -> Occupied {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(leaf.to_be_bytes()).for_each(|(to, from)| *to = from);
    let mut stay = [0xff; 16];
    stay.iter_mut().zip(leaf.to_be_bytes()).for_each(|(to, from)| *to = from);
    let (fingerprint, label) = (Fingerprint::new(bytes), None);
    Occupied { leaf, stay: StayId::new(stay), fingerprint, leaf_key: bytes, label }
}

fn fingerprints(list: &[Value]) -> Read<Vec<Fingerprint>> {
    each(list, |value| Ok(Fingerprint::new(array(value, "fingerprint")?)))
}

fn occupied(fields: &Fields<'_>) -> Read<Occupied> {
    let label = |value| {
        let label = u8::try_from(number(value, "label")?).ok().and_then(Label::from_number);
        label.ok_or_else(|| Bad("`label` is none".to_owned()))
    };
    Ok(Occupied {
        leaf: fields.small("leaf")?,
        stay: StayId::new(fields.array("stay")?),
        fingerprint: Fingerprint::new(fields.array("fingerprint")?),
        leaf_key: fields.array("leaf_key")?,
        label: fields.find("label").map(label).transpose()?,
    })
}

/// What [`occupied`] reads.
fn shown_occupied(of: &Occupied) -> Value {
    let mut shown = json!({
        "leaf": of.leaf, "stay": hex(of.stay.as_bytes()),
        "fingerprint": hex(of.fingerprint.as_bytes()), "leaf_key": hex(of.leaf_key),
    });
    if let Some(label) = of.label {
        shown["label"] = label.number().into();
    }
    shown
}

/// A list that may be missing.
fn some<'a>(fields: &Fields<'a>, name: &str) -> Read<&'a [Value]> {
    if fields.find(name).is_some() { fields.list(name) } else { Ok(&[]) }
}

fn proposal(fields: &Fields<'_>) -> Read<Proposal> {
    let added = |value| {
        let added = Fields::of(value, "adds")?;
        Ok(Added {
            reference: KeyPackageRef::new(added.array("reference")?),
            stay: StayId::new(added.array("stay")?),
            fingerprint: Fingerprint::new(added.array("fingerprint")?),
            leaf_key: added.array("leaf_key")?,
        })
    };
    let statement = |value| {
        let statement = Fields::of(value, "statements")?;
        let author = Fingerprint::new(statement.array("author")?);
        Ok((author, fingerprints(statement.list("hosts")?)?))
    };
    let rejoin = |value| {
        let rejoin = Fields::of(value, "rejoins")?;
        let reference = KeyPackageRef::new(rejoin.array("reference")?);
        Ok((StayId::new(rejoin.array("stay")?), reference, rejoin.flag("renames")?))
    };
    let leaf = |value| {
        let leaf = number(value, "removes")?;
        u32::try_from(leaf).map_err(|_| Bad(format!("{leaf} is no leaf")))
    };
    let flag = |name| if fields.find(name).is_some() { fields.flag(name) } else { Ok(false) };
    let psk = match fields.find("psk") {
        Some(_) => {
            let (whose, id) = fields.object("psk")?.only()?;
            if !["invite", "resync"].contains(&whose) {
                return bad("a PSK is that of an invite or a resync key");
            }
            let id = InviteId::new(array(id, whose)?);
            Some(HostilePsk { resync: whose == "resync", id, secret: [0; 32] })
        }
        None => None,
    };
    let state = match fields.find("state") {
        Some(_) => Some(decoded(&fields.bytes("state")?)?),
        None => None,
    };
    Ok(Proposal {
        committer: fields.small("committer")?,
        adds: each(some(fields, "adds")?, added)?,
        removes: each(some(fields, "removes")?, leaf)?,
        departed: each(some(fields, "departed")?, |stay| {
            Ok(StayId::new(array(stay, "departed")?))
        })?,
        state,
        psk,
        renames: flag("renames")?,
        path: flag("path")?,
        statements: each(some(fields, "statements")?, statement)?,
        rejoins: each(some(fields, "rejoins")?, rejoin)?,
    })
}

/// What [`proposal`] reads.
pub(super) fn shown(of: &Proposal) -> Value {
    let mut shown = json!({ "committer": of.committer });
    let added = |added: &Added| {
        json!({
            "reference": hex(added.reference.as_bytes()), "stay": hex(added.stay.as_bytes()),
            "fingerprint": hex(added.fingerprint.as_bytes()), "leaf_key": hex(added.leaf_key),
        })
    };
    let all = |list: &[Fingerprint]| list.iter().map(|one| hex(one.as_bytes())).collect::<Vec<_>>();
    let statement = |(author, hosts): &(Fingerprint, Vec<Fingerprint>)| json!({ "author": hex(author.as_bytes()), "hosts": all(hosts) });
    let rejoin = |(stay, reference, renames): &(StayId, KeyPackageRef, bool)| {
        json!({
            "stay": hex(stay.as_bytes()), "reference": hex(reference.as_bytes()),
            "renames": renames,
        })
    };
    let lists: [(&str, Vec<Value>); 5] = [
        ("adds", of.adds.iter().map(added).collect()),
        ("removes", of.removes.iter().copied().map(Value::from).collect()),
        ("departed", of.departed.iter().map(|stay| hex(stay.as_bytes()).into()).collect()),
        ("statements", of.statements.iter().map(statement).collect()),
        ("rejoins", of.rejoins.iter().map(rejoin).collect()),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            shown[name] = list.into();
        }
    }
    if let Some(state) = &of.state {
        shown["state"] = hex(state.encode()).into();
    }
    if let Some(psk) = &of.psk {
        let whose = if psk.resync { "resync" } else { "invite" };
        shown["psk"] = json!({ whose: hex(psk.id.as_bytes()) });
    }
    for (name, flag) in [("renames", of.renames), ("path", of.path)] {
        if flag {
            shown[name] = true.into();
        }
    }
    shown
}
