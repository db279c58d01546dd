//! What happened, in words.

use std::collections::HashMap;

use incamera::{Alarm, Event, MemberId, Proof, Role, SafetyCode, Track, TrackKind, TrackKinds};
use incamera_net::CallEvent;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;

use crate::say::Printer;

/// Who is called what.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<MemberId, String>);

impl Names {
    pub(crate) fn learn(&mut self, member: MemberId, name: &str) {
        self.0.insert(member, name.to_owned());
    }

    pub(crate) fn of(&self, member: &MemberId) -> String {
        self.0.get(member).cloned().unwrap_or_else(|| "somebody".to_owned())
    }
}

/// Prints an event; knocks, joining and the end are the session's business.
pub(crate) fn tell(printer: Printer, event: &CallEvent, names: &Names) {
    match event {
        CallEvent::Meeting(event) => meeting(printer, event, names),
        CallEvent::Disconnected { why, retry_in } => {
            let ms = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX);
            let text = format!("disconnected: {why}; trying again in {ms} ms");
            printer.say("disconnected", json!({ "why": why.to_string(), "retry_ms": ms }), &text);
        }
        CallEvent::Reconnected => printer.say("reconnected", json!({}), "reconnected"),
        CallEvent::Refused(refusal) => {
            let fields = json!({ "detail": refusal.detail, "retry_ms": refusal.retry_after_ms });
            printer.say("relay-refused", fields, &format!("the relay refuses: {}", refusal.detail));
        }
        CallEvent::GivenUp { posts } => {
            let text =
                format!("{posts} messages waited for the relay for too long, and are dropped");
            printer.say("given-up", json!({ "posts": posts }), &text);
        }
        CallEvent::RelayProved { region } => {
            let text = format!("the relay is proved, region: {region}");
            printer.say("relay-proved", json!({ "region": region }), &text);
        }
        CallEvent::RelayNotListed { why } => {
            let text =
                format!("media may go through any relay, for this one was not listed: {why}");
            printer.say("relay-not-listed", json!({ "why": why }), &text);
        }
        CallEvent::RelayNotProved { why } => {
            let text = format!("nothing is sent, for the relay is none of the meeting's: {why}");
            printer.say("relay-not-proved", json!({ "why": why }), &text);
        }
        _ => {}
    }
}

fn meeting(printer: Printer, event: &Event, names: &Names) {
    let who = |member: &MemberId| names.of(member);
    match event {
        Event::Added { name, by, .. } => {
            let text = format!("{name} is in, let in by {}", who(by));
            printer.say("added", json!({ "name": name, "by": who(by) }), &text);
        }
        Event::Gone { name, by, .. } => {
            let by = by.as_ref().map(who);
            let how =
                by.as_ref().map_or("has left".to_owned(), |by| format!("was removed by {by}"));
            printer.say("gone", json!({ "name": name, "by": by }), &format!("{name} {how}"));
        }
        Event::Returned { name, .. } => {
            printer.say("returned", json!({ "name": name }), &format!("{name} is back"));
        }
        Event::Renamed { name, .. } => {
            printer.say("renamed", json!({ "name": name }), &format!("somebody is {name} now"));
        }
        Event::Resyncing { why } => {
            let text =
                format!("this client can follow no more ({why:?}) and is coming back by itself");
            printer.say("resyncing", json!({ "why": format!("{why:?}") }), &text);
        }
        Event::Chat { member, text, private } => {
            let fields = json!({ "from": who(member), "text": text, "private": private });
            let to = if *private { " (to you alone)" } else { "" };
            printer.say("chat", fields, &format!("{}{to}: {text}", who(member)));
        }
        Event::Reaction { member, symbol } => {
            let fields = json!({ "from": who(member), "symbol": symbol });
            printer.say("reaction", fields, &format!("{}: {symbol}", who(member)));
        }
        Event::Hand { member, raised } => {
            let text =
                format!("{} {} a hand", who(member), if *raised { "raises" } else { "lowers" });
            printer.say("hand", json!({ "from": who(member), "raised": raised }), &text);
        }
        Event::AskedToSend { by, kinds } => {
            let text = format!("{} asks you to send: {}", who(by), list(*kinds));
            printer.say("asked", json!({ "by": who(by), "kinds": list(*kinds) }), &text);
        }
        Event::Tracks { member, tracks } => {
            let of = |track: &incamera::AnnouncedTrack| {
                let muted = if track.muted { ", muted" } else { "" };
                format!("{} ({}{muted})", kind(track.track.kind()), track.codec)
            };
            let tracks: Vec<_> = tracks.iter().map(of).collect();
            let what = if tracks.is_empty() { "nothing".to_owned() } else { tracks.join(", ") };
            let text = format!("{} sends: {what}", who(member));
            printer.say("tracks", json!({ "from": who(member), "tracks": tracks }), &text);
        }
        other => rules(printer, other, names),
    }
}

fn rules(printer: Printer, event: &Event, names: &Names) {
    let who = |member: &MemberId| names.of(member);
    match event {
        Event::Ordered { member, by } => {
            let text = format!("{} is to go, by order of {}", who(member), who(by));
            printer.say("ordered", json!({ "name": who(member), "by": who(by) }), &text);
        }
        Event::Door { door, by } => {
            let door = format!("{door:?}").to_lowercase();
            let text = format!("the door: {door}, says {}", who(by));
            printer.say("door", json!({ "door": door, "by": who(by) }), &text);
        }
        Event::Role { role, by, .. } => {
            let (role, by) = (name_of(*role), who(by));
            let text = format!("{by} has made somebody {role}");
            printer.say("role", json!({ "role": role, "by": by }), &text);
        }
        Event::Recording { on, .. } => {
            let text = if *on { "somebody records" } else { "somebody records no longer" };
            printer.say("recording", json!({ "on": on }), text);
        }
        Event::MaySend { kinds } => {
            let text = format!("you may send: {}", list(*kinds));
            printer.say("may-send", json!({ "kinds": list(*kinds) }), &text);
        }
        Event::Rules { by } => {
            let text = format!("{} has changed the meeting's rules", who(by));
            printer.say("rules", json!({ "by": who(by) }), &text);
        }
        Event::Refused { fault, author, .. } => {
            let author = author.as_ref().map(who);
            let text = format!("something took no effect: {fault}");
            printer.say("refused", json!({ "why": fault.to_string(), "author": author }), &text);
        }
        Event::LogCurrent => printer.say("log-current", json!({}), "the log is current again"),
        Event::Alarm(alarm) => {
            let text = alarm_text(alarm, names);
            printer.say(
                "alarm",
                json!({ "alarm": format!("{alarm:?}"), "text": text }),
                &format!("alarm: {text}"),
            );
        }
        _ => {}
    }
}

fn alarm_text(alarm: &Alarm, names: &Names) -> String {
    match alarm {
        Alarm::Unreadable { by } => {
            format!("a change by {} cannot be read here; coming back by itself", names.of(by))
        }
        Alarm::Disagreement { member } => {
            format!(
                "{} is in another group or has read another log: compare codes",
                names.of(member)
            )
        }
        Alarm::Clone => "another client acts with this one's keys".to_owned(),
        Alarm::Withheld => {
            "nothing has shown for 30 seconds that the log is current: a host is gone, or the \
                            relay withholds it; sealing stops soon"
                .to_owned()
        }
        Alarm::Unheard { member } => format!("nothing is heard of {}", names.of(member)),
        Alarm::LogShrank => {
            "the relay has lost the meeting's log: if it does not come back, make a new \
                             meeting"
                .to_owned()
        }
        Alarm::RelayDropped => "the relay has left the meeting's list: nothing is sent".to_owned(),
        Alarm::NotBack => "nobody has brought this client back for two minutes: leave, and join \
                           again"
            .to_owned(),
        Alarm::CannotCommit(why) => format!("a change could not be made: {why}"),
        other => format!("{other:?}"),
    }
}

/// What the roster calls a role.
pub(crate) fn name_of(role: Role) -> String {
    format!("{role:?}").to_lowercase()
}

/// What is said of a proof of the passcode.
pub(crate) fn of_proof(proof: Proof) -> String {
    match proof {
        Proof::NotAsked => "not asked".to_owned(),
        proof => format!("{proof:?}").to_lowercase(),
    }
}

fn kind(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Microphone => "microphone",
        TrackKind::Camera => "camera",
        TrackKind::Screen => "screen",
        TrackKind::ScreenAudio => "screen audio",
        TrackKind::Data => "data",
    }
}

/// What a track is called.
pub(crate) fn track_name(track: Track) -> String {
    match track.index() {
        0 => kind(track.kind()).to_owned(),
        index => format!("{} {index}", kind(track.kind())),
    }
}

fn list(kinds: TrackKinds) -> String {
    let names: Vec<_> =
        TrackKind::ALL.iter().filter(|of| kinds.contains(**of)).map(|of| kind(*of)).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Prints a safety code: digits, words and, for people, a QR code.
pub(crate) fn code(printer: Printer, code: &SafetyCode) {
    let (digits, words) = (code.to_string(), code.words());
    let fields = json!({ "digits": digits, "words": words, "qr": code.qr_payload() });
    printer.say("code", fields, &format!("safety code: {digits} ({words})"));
    if let Ok(qr) = QrCode::new(code.qr_payload()) {
        // Terminals are dark, mostly: what is dark in the code stays unlit.
        let mut picture = qr.render::<Dense1x2>();
        printer.draw(&picture.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build());
    }
}
