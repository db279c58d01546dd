//! What comes out of a client, as data.

use incamera::{AnnouncedTrack, Event, Fault, Meeting, Source, testing};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fields::hex;
use crate::kinds::shown;

/// An event: its name, and what it says.
pub(super) fn event(event: &Event) -> Value {
    let member = |member: &incamera::MemberId| hex(member.as_bytes());
    match event {
        Event::Knock { knock, name, fingerprint, label, proof } => json!({
            "event": "Knock", "knock": hex(knock.as_bytes()), "name": name,
            "fingerprint": hex(fingerprint.as_bytes()), "label": label.map(|label| label.number()),
            "proof": format!("{proof:?}"),
        }),
        Event::KnockProof { knock, proof } => json!({
            "event": "KnockProof", "knock": hex(knock.as_bytes()), "proof": format!("{proof:?}"),
        }),
        Event::KnockVoid { knock } => {
            json!({ "event": "KnockVoid", "knock": hex(knock.as_bytes()) })
        }
        Event::Denied { reason } => json!({ "event": "Denied", "reason": reason.number() }),
        Event::Added { member: who, name, by } => {
            json!({ "event": "Added", "member": member(who), "name": name, "by": member(by) })
        }
        Event::Gone { member: who, name, by } => json!({
            "event": "Gone", "member": member(who), "name": name, "by": by.as_ref().map(member),
        }),
        Event::Returned { was, member: who, name, by } => json!({
            "event": "Returned", "was": member(was), "member": member(who), "name": name,
            "by": member(by),
        }),
        Event::Resyncing { why } => json!({ "event": "Resyncing", "why": format!("{why:?}") }),
        Event::Removed { by } => json!({ "event": "Removed", "by": member(by) }),
        Event::Ended { by } => json!({ "event": "Ended", "by": member(by) }),
        Event::Renamed { member: who, name } => {
            json!({ "event": "Renamed", "member": member(who), "name": name })
        }
        Event::Ordered { member: who, by } => {
            json!({ "event": "Ordered", "member": member(who), "by": member(by) })
        }
        Event::Refused { source, author, fault: why } => json!({
            "event": "Refused", "source": from(source), "author": author.as_ref().map(member),
            "fault": fault(why),
        }),
        Event::Alarm(alarm) => json!({ "event": "Alarm", "alarm": format!("{alarm:?}") }),
        other => said(other),
    }
}

/// Events of the room and of those in it.
fn said(event: &Event) -> Value {
    let member = |member: &incamera::MemberId| hex(member.as_bytes());
    match event {
        Event::Door { door, by } => {
            json!({ "event": "Door", "door": door.number(), "by": member(by) })
        }
        Event::Role { who, role, by } => json!({
            "event": "Role", "who": hex(who.as_bytes()), "role": role.number(), "by": member(by),
        }),
        Event::Recording { who, on } => {
            json!({ "event": "Recording", "who": hex(who.as_bytes()), "on": on })
        }
        Event::MaySend { kinds } => json!({ "event": "MaySend", "kinds": kinds.bits() }),
        Event::Rules { by } => json!({ "event": "Rules", "by": member(by) }),
        Event::Chat { member: who, text, private } => json!({
            "event": "Chat", "member": member(who), "text": text, "private": private,
        }),
        Event::Reaction { member: who, symbol } => {
            json!({ "event": "Reaction", "member": member(who), "symbol": symbol })
        }
        Event::Hand { member: who, raised } => {
            json!({ "event": "Hand", "member": member(who), "raised": raised })
        }
        Event::AskedToSend { by, kinds } => {
            json!({ "event": "AskedToSend", "by": member(by), "kinds": kinds.bits() })
        }
        Event::Tracks { member: who, tracks } => json!({
            "event": "Tracks", "member": member(who),
            "tracks": tracks.iter().map(track).collect::<Vec<_>>(),
        }),
        Event::KeyFrameNeeded { track } => {
            json!({ "event": "KeyFrameNeeded", "track": shown(*track) })
        }
        // Joined, Left, LogCurrent.
        other => json!({ "event": format!("{other:?}") }),
    }
}

fn track(of: &AnnouncedTrack) -> Value {
    json!({
        "track": shown(of.track), "codec": of.codec, "framing": of.framing.number(),
        "transport": of.transport, "muted": of.muted,
    })
}

fn from(source: &Source) -> Value {
    match source {
        Source::Log { seq } => json!({ "log": seq }),
        other => format!("{other:?}").into(),
    }
}

/// What was wrong, in a word and what stands behind it.
pub(super) fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Malformed(malformed) => format!("Malformed({:?})", malformed.rule()),
        other => format!("{other:?}"),
    }
}

/// What all members of an epoch who have read the same log have alike, as one hash; `null` for who is no member.
pub(super) fn digest(meeting: &Meeting) -> Value {
    let Some(view) = testing::view(meeting) else { return Value::Null };
    let mut hash = Sha256::new_with_prefix(view.epoch.to_be_bytes());
    hash.update(view.authenticator);
    hash.update(Sha256::digest(&view.state));
    hash.update(view.log_position.to_be_bytes());
    hash.update(view.log_hash);
    hex(hash.finalize()).into()
}

/// Everything that [`digest`] covers, the roster, the safety code, and the secrets of the epoch; `null` for who is
/// no member.
pub(super) fn view(meeting: &Meeting) -> Value {
    let (Some(view), Some(secrets)) = (testing::view(meeting), testing::epoch_secrets(meeting))
    else {
        return Value::Null;
    };
    let member = |it: incamera::Participant| {
        json!({
            "leaf": it.leaf, "member": hex(it.member.as_bytes()), "name": it.name,
            "fingerprint": hex(it.fingerprint.as_bytes()), "role": it.role.number(),
            "may_send": it.may_send.bits(),
        })
    };
    let roster: Vec<_> = meeting.roster().into_iter().map(member).collect();
    json!({
        "epoch": view.epoch, "authenticator": hex(view.authenticator), "state": hex(view.state),
        "log_position": view.log_position, "log_hash": hex(view.log_hash), "roster": roster,
        "safety_code": meeting.safety_code().ok().map(|code| code.to_string()),
        "base_key": hex(secrets.base_key), "audio_base_key": secrets.audio_base_key.map(hex),
        "handshake_key": hex(secrets.handshake), "event_key": hex(secrets.event),
        "direct_psk": hex(secrets.direct), "tree_key": hex(secrets.tree),
    })
}
