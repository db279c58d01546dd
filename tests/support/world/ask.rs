//! What people ask of their clients.

use incamera::wire::TrackKind;
use incamera::{
    AnnouncedFraming, AnnouncedTrack, Door, Error, Fingerprint, InviteOptions, Meeting, MemberId,
    Now, Role, Track, TrackKinds, testing,
};

use super::World;
use super::clock::Clock;
use super::operation::{Operation, Trick};
use super::seat::{Name, Standing, Who};

/// What everyone knows who should.
const PASSCODE: &str = "blue heron";

/// Somebody as others name them.
#[derive(Clone, Copy)]
struct Person {
    member: MemberId,
    who: Fingerprint,
}

impl World {
    /// Somebody opens a link.
    pub(crate) fn join(&mut self, name: Name, second: bool) {
        let about = self.find(name).filter(|who| self.seats[*who].is_about());
        let live: Vec<Who> =
            (0..self.seats.len()).filter(|who| self.seats[*who].is_awake()).collect();
        let (true, Some(friend)) = (about.is_some() == second, self.chance.pick(&live)) else {
            return;
        };
        let Some(client) = &self.seats[friend].client else { return };
        let Ok(invite) = client.meeting.invite() else { return };
        let (identity, clock) = (self.identity(name), Clock::new(&mut self.chance));
        let (seed, now) = (self.chance.seed(), clock.now(self.queue.now_ms()));
        let knows = !self.chance.permille(100);
        let passcode = if knows { PASSCODE } else { "red heron" };
        let meeting = testing::join_with_passcode(seed, &identity, &invite, passcode, now).unwrap();
        self.add(name, &identity, meeting, clock);
    }

    /// A member by name that somebody can ask something.
    pub(crate) fn awake(&self, name: Name) -> Option<Who> {
        self.find(name).filter(|who| self.seats[*who].is_awake())
    }

    fn person(&self, name: Name) -> Option<Person> {
        let seat = &self.seats[self.find(name)?];
        Some(Person { member: seat.stay?, who: seat.fingerprint })
    }

    /// Somebody talks.
    pub(crate) fn talk(&mut self, operation: Operation) {
        let (name, count, kind, unasked) = match operation {
            Operation::Speak(name, count) => (name, count, TrackKind::Microphone, false),
            Operation::Burst(name) => (name, 1_200, TrackKind::Microphone, false),
            Operation::SendUnasked(name) => (name, 1, TrackKind::Camera, true),
            _ => return,
        };
        let Some(who) = self.awake(name) else { return };
        for _ in 0..count {
            self.speak(who, kind, unasked);
        }
    }

    /// Somebody asks something of the meeting. A refusal must leave everything as it was.
    pub(crate) fn ask(&mut self, operation: Operation) {
        let (name, other) = operation.people();
        let Some(who) = self.awake(name) else { return };
        let Some(person) = self.person(other.unwrap_or(name)) else { return };
        let now = self.local(who);
        let seat = &mut self.seats[who];
        let Some(client) = &mut seat.client else { return };
        let meeting = &mut client.meeting;
        let before = testing::digest(meeting);
        let asked = call(operation, meeting, person, now);
        let changed = asked.is_err() && before != testing::digest(meeting);
        match (asked, operation) {
            (Ok(()), Operation::Leave(_)) if seat.standing == Standing::In => {
                seat.standing = Standing::Leaving;
            }
            (Ok(()), Operation::Remove(..) | Operation::RemoveDeaf(..)) => {
                self.removed.entry(person.member).or_insert((self.queue.now_ms(), who));
                if let (Operation::RemoveDeaf(_, victim), Some(who)) =
                    (operation, other.and_then(|name| self.awake(name)))
                {
                    self.seats[who].deaf = true;
                    *self.lives.entry(victim).or_default() += 1;
                }
            }
            (Ok(()), Operation::Forge(..)) => self.tally.forgeries += 1,
            (Err(_), _) => self.tally.refused += 1,
            _ => {}
        }
        if changed {
            self.fail(format!("{operation:?} failed and changed something"));
        }
        self.pump(who);
    }
}

impl Operation {
    /// Who does it, and to whom.
    fn people(self) -> (Name, Option<Name>) {
        match self {
            Self::Remove(by, whom)
            | Self::RemoveDeaf(by, whom)
            | Self::Mute(by, whom)
            | Self::Unmute(by, whom)
            | Self::SetRole(by, whom, _)
            | Self::TransferHost(by, whom)
            | Self::Whisper(by, whom)
            | Self::AskToSend(by, whom)
            | Self::Forge(by, _, whom) => (by, Some(whom)),
            Self::Leave(by)
            | Self::End(by)
            | Self::MuteAll(by)
            | Self::UnmuteAll(by)
            | Self::ForbidUnmute(by, _)
            | Self::Lock(by)
            | Self::Unlock(by)
            | Self::OpenDoor(by)
            | Self::SetSuccession(by)
            | Self::DeclareSilent(by)
            | Self::Chat(by)
            | Self::React(by)
            | Self::RaiseHand(by, _)
            | Self::Announce(by)
            | Self::Rename(by)
            | Self::Record(by, _)
            | Self::NewLink(by)
            | Self::RotateLink(by)
            | Self::Passcode(by, _)
            | Self::Unban(by) => (by, None),
            _ => ("", None),
        }
    }
}

fn call(asked: Operation, meeting: &mut Meeting, other: Person, now: Now) -> Result<(), Error> {
    let sound = TrackKinds::of(&[TrackKind::Microphone]);
    let Person { member, who } = other;
    match asked {
        Operation::Leave(_) => meeting.leave(now),
        Operation::End(_) => meeting.end(now),
        Operation::Remove(..) | Operation::RemoveDeaf(..) => meeting.remove(member, now),
        Operation::Mute(..) => meeting.mute(member, sound, now),
        Operation::Unmute(..) => meeting.unmute(member, sound, now),
        Operation::MuteAll(_) => meeting.mute_all(sound, now),
        Operation::UnmuteAll(_) => meeting.unmute_all(sound, now),
        Operation::ForbidUnmute(_, forbidden) => meeting.forbid_unmute(forbidden, now),
        Operation::Lock(_) => meeting.set_door(Door::Locked, now),
        Operation::Unlock(_) => meeting.set_door(Door::WaitingRoom, now),
        Operation::OpenDoor(_) => meeting.set_door(Door::Open, now),
        Operation::SetRole(_, _, role) => meeting.set_role(who, role, now),
        Operation::TransferHost(..) => meeting.transfer_host(member, now),
        Operation::SetSuccession(_) => {
            let here = meeting.roster().into_iter().filter(|member| member.role == Role::CoHost);
            let mut listed: Vec<Fingerprint> = here.map(|member| member.fingerprint).collect();
            listed.sort_unstable();
            listed.dedup();
            meeting.set_succession(listed, now)
        }
        Operation::DeclareSilent(_) => meeting.declare_hosts_silent(now),
        Operation::Forge(_, trick, _) => forge(trick, meeting, member, now),
        _ => say(asked, meeting, member, now),
    }
}

fn say(asked: Operation, meeting: &mut Meeting, to: MemberId, now: Now) -> Result<(), Error> {
    match asked {
        Operation::Chat(_) => meeting.chat("to all", now),
        Operation::Whisper(..) => meeting.chat_to(to, "to one", now),
        Operation::React(_) => meeting.react("+", now),
        Operation::RaiseHand(_, raised) => meeting.raise_hand(raised, now),
        Operation::Announce(_) => {
            let (framing, muted) = (AnnouncedFraming::Whole, false);
            let (codec, transport) = ("opus".to_owned(), "1".to_owned());
            let track = Track::MICROPHONE;
            meeting.announce(vec![AnnouncedTrack { track, codec, framing, transport, muted }], now)
        }
        Operation::AskToSend(..) => {
            meeting.ask_to_send(to, TrackKinds::of(&[TrackKind::Microphone]), now)
        }
        Operation::Rename(name) => meeting.rename(&format!("{name} at {}", now.unix_ms), now),
        Operation::Record(_, on) => meeting.set_recording(on, now),
        Operation::NewLink(_) => meeting.create_invite(InviteOptions::default(), now).map(drop),
        Operation::RotateLink(_) => match meeting.invites()?.first() {
            Some(link) => meeting.rotate_invite(link.id, now).map(drop),
            None => Ok(()),
        },
        Operation::Passcode(_, on) => meeting.set_passcode(on.then_some(PASSCODE), now),
        Operation::Unban(_) => match meeting.rules()?.bans.first() {
            Some(banned) => meeting.unban(*banned, now),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn forge(trick: Trick, meeting: &mut Meeting, member: MemberId, now: Now) -> Result<(), Error> {
    // Whoever has the right needs no forgery.
    let mut roster = meeting.roster().into_iter();
    if roster.any(|own| own.own && matches!(own.role, Role::Host | Role::CoHost)) {
        return Ok(());
    }
    let kinds = TrackKinds::of(&[TrackKind::Microphone]);
    let forgery = match trick {
        Trick::Promotion => testing::Forgery::Promotion,
        Trick::Mute => testing::Forgery::Mute { member, kinds },
        Trick::Removal => testing::Forgery::Removal { member },
        Trick::Order => testing::Forgery::Order { member },
        Trick::End => testing::Forgery::End,
    };
    testing::forge(meeting, &forgery, now)
}
