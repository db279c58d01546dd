//! What people ask of a client, as data.

use core::num::NonZeroU64;

use incamera::wire::{InviteId, KeyPackageRef, StayId, TrackKinds};
use incamera::{
    AnnouncedFraming, AnnouncedTrack, DenyReason, Door, Error, Fingerprint, InviteOptions, Label,
    Meeting, Now, Role,
};

use crate::fields::{Bad, Fields, Read, array, bad, each};
use crate::kinds::track;

/// What a number stands for.
fn choice<T>(fields: &Fields<'_>, name: &str, read: fn(u8) -> Option<T>) -> Read<T> {
    let number = fields.small(name)?;
    read(number).ok_or_else(|| Bad(format!("`{name}` is no such number: {number}")))
}

fn kinds(fields: &Fields<'_>) -> Read<TrackKinds> {
    let kinds = TrackKinds::from_bits(fields.small("kinds")?);
    kinds.ok_or_else(|| Bad("`kinds` has bits of no kind".to_owned()))
}

fn member(fields: &Fields<'_>) -> Read<StayId> {
    Ok(StayId::new(fields.array("member")?))
}

fn who(fields: &Fields<'_>) -> Read<Fingerprint> {
    Ok(Fingerprint::new(fields.array("who")?))
}

fn knock(fields: &Fields<'_>) -> Read<KeyPackageRef> {
    Ok(KeyPackageRef::new(fields.array("knock")?))
}

fn options(fields: &Fields<'_>) -> Read<InviteOptions> {
    let expires_s = match fields.find("expires_s") {
        Some(_) => NonZeroU64::new(fields.number("expires_s")?),
        None => None,
    };
    let name = fields.text("name")?.to_owned();
    Ok(InviteOptions { name, passcode: fields.flag("passcode")?, expires_s })
}

fn announced(fields: &Fields<'_>) -> Read<Vec<AnnouncedTrack>> {
    let one = |value| {
        let fields = Fields::of(value, "tracks")?;
        Ok(AnnouncedTrack {
            track: track(&fields.object("track")?)?,
            codec: fields.text("codec")?.to_owned(),
            framing: choice(&fields, "framing", AnnouncedFraming::from_number)?,
            transport: fields.text("transport")?.to_owned(),
            muted: fields.flag("muted")?,
        })
    };
    each(fields.list("tracks")?, one)
}

/// Does what a call says.
pub(super) fn call(
    meeting: &mut Meeting,
    name: &str,
    fields: &Fields<'_>,
    now: Now,
) -> Read<Result<(), Error>> {
    Ok(match name {
        "admit_all" => meeting.admit_all(now),
        "admit" => meeting.admit(knock(fields)?, now),
        "deny" => {
            let reason = choice(fields, "reason", DenyReason::from_number)?;
            meeting.deny(knock(fields)?, reason, now)
        }
        "remove" => meeting.remove(member(fields)?, now),
        "remove_device" => meeting.remove_device(member(fields)?, now),
        "leave" => meeting.leave(now),
        "end" => meeting.end(now),
        "ban" => meeting.ban(who(fields)?, now),
        "set_door" => meeting.set_door(choice(fields, "door", Door::from_number)?, now),
        "set_passcode" => match fields.find("passcode") {
            Some(_) => meeting.set_passcode(Some(fields.text("passcode")?), now),
            None => meeting.set_passcode(None, now),
        },
        "set_role" => {
            meeting.set_role(who(fields)?, choice(fields, "role", Role::from_number)?, now)
        }
        "set_label" => {
            let label = choice(fields, "label", Label::from_number)?;
            meeting.set_label(member(fields)?, Some(label), now)
        }
        "set_succession" => {
            let list = each(fields.list("who")?, |one| Ok(Fingerprint::new(array(one, "who")?)))?;
            meeting.set_succession(list, now)
        }
        "transfer_host" => meeting.transfer_host(member(fields)?, now),
        "declare_hosts_silent" => meeting.declare_hosts_silent(now),
        "create_invite" => meeting.create_invite(options(fields)?, now).map(drop),
        "rotate_invite" => {
            meeting.rotate_invite(InviteId::new(fields.array("invite")?), now).map(drop)
        }
        _ => return speak(meeting, name, fields, now),
    })
}

/// The calls of those who have no power over the room, and mutes.
fn speak(
    meeting: &mut Meeting,
    name: &str,
    fields: &Fields<'_>,
    now: Now,
) -> Read<Result<(), Error>> {
    Ok(match name {
        "mute" => meeting.mute(member(fields)?, kinds(fields)?, now),
        "unmute" => meeting.unmute(member(fields)?, kinds(fields)?, now),
        "mute_all" => meeting.mute_all(kinds(fields)?, now),
        "forbid_unmute" => meeting.forbid_unmute(fields.flag("forbidden")?, now),
        "ask_to_send" => meeting.ask_to_send(member(fields)?, kinds(fields)?, now),
        "rename" => meeting.rename(fields.text("name")?, now),
        "chat" => meeting.chat(fields.text("text")?, now),
        "chat_to" => meeting.chat_to(member(fields)?, fields.text("text")?, now),
        "react" => meeting.react(fields.text("symbol")?, now),
        "raise_hand" => meeting.raise_hand(fields.flag("raised")?, now),
        "announce" => meeting.announce(announced(fields)?, now),
        "request_key_frame" => {
            let track = track(&fields.object("track")?)?;
            meeting.request_key_frame(member(fields)?, track, now)
        }
        "set_recording" => meeting.set_recording(fields.flag("on")?, now),
        name => return bad(format!("there is no call `{name}`")),
    })
}
