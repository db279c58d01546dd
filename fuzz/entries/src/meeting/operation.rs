//! What people, networks and attackers do. Whoever is named and is not there does nothing.

use std::collections::VecDeque;

use arbitrary::Arbitrary;
use incamera::testing::{self, Forgery, Room};
use incamera::{
    AnnouncedFraming, AnnouncedTrack, DenyReason, Door, Expected, Fingerprint, Input,
    InviteOptions, MemberId, Rights, Role, Track, TrackKinds,
};

use super::hostile::Said;
use super::server::World;

/// Of whom a meeting may consist. Names may come twice: a second device.
const NAMES: [&str; 4] = ["Ada", "Ben", "Cleo", "Dan"];
/// The most clients: commits cost more with each.
const CLIENTS: usize = 6;
const KEY: [u8; 32] = [7; 32];
const WAITS_MS: [u64; 8] = [1, 100, 300, 1_000, 5_000, 16_000, 31_000, 61_000];

#[derive(Arbitrary, Debug)]
pub(super) enum Operation {
    Join(u8, u8),
    Admit(u8),
    DenyAll(u8, u8),
    Leave(u8),
    End(u8),
    Remove(u8, u8),
    RemoveDevice(u8, u8),
    Mute(u8, u8, u8),
    Unmute(u8, u8, u8),
    MuteAll(u8, u8),
    ForbidUnmute(u8, bool),
    Role(u8, u8, u8),
    RoleRights(u8, u8, u16),
    Exceptions(u8, u8, u16, u16),
    TransferHost(u8, u8),
    Succession(u8, u8),
    DeclareSilent(u8),
    Ban(u8, u8, bool),
    Door(u8, u8),
    Passcode(u8, bool),
    NewInvite(u8),
    RotateInvite(u8),
    Record(u8, bool),
    Rename(u8, u8),
    Chat(u8, u8),
    ChatTo(u8, u8),
    Talk(u8, u8, u8),
    KeyFrame(u8, u8),
    Wait(u8),
    Frame(u8, u8),
    Forge(u8, u8, u8),
    Hold(u8, bool),
    Swap(u8),
    Lose(u8),
    Repeat(u8, u8),
    Change(u8, u16, u8),
    Bytes(u8, u8, i8, Vec<u8>),
    Entry(Vec<u8>),
    Say(u8, Said),
    Snapshot(u8),
    Restore(u8),
    Connect(u8, u8),
}

fn kinds(bits: u8) -> TrackKinds {
    TrackKinds::from_bits(u32::from(bits) & TrackKinds::ALL.bits()).unwrap_or(TrackKinds::ALL)
}

fn rights(bits: u16) -> Rights {
    Rights::from_bits(u32::from(bits) & Rights::ALL.bits()).unwrap_or(Rights::ALL)
}

fn of<T: Copy>(all: &[T], at: u8) -> T {
    all[usize::from(at) % all.len()]
}

impl World {
    pub(super) fn who(&self, at: u8) -> usize {
        usize::from(at) % self.clients.len()
    }

    /// How the others name a client; zeros before it is in.
    pub(super) fn member(&self, at: u8) -> MemberId {
        let roster = self.clients[self.who(at)].meeting.roster();
        let own = roster.into_iter().find(|participant| participant.own);
        own.map_or(MemberId::new([0; 16]), |own| own.member)
    }

    pub(super) fn perform(&mut self, operation: &Operation) {
        use Operation as O;
        match *operation {
            O::Hold(at, held) => {
                let who = self.who(at);
                self.clients[who].is_held = held;
            }
            O::Wait(choice) => self.wait(of(&WAITS_MS, choice)),
            O::Frame(at, track) => self.send_frame(self.who(at), track),
            O::Swap(at) | O::Lose(at) | O::Change(at, ..) | O::Repeat(at, _) => {
                let who = self.who(at);
                self.meddle(who, operation);
            }
            O::Bytes(..) | O::Entry(_) | O::Say(..) | O::Forge(..) | O::Connect(..) => {
                self.attack(operation);
            }
            O::Join(..) | O::Snapshot(_) | O::Restore(_) => self.come(operation),
            O::Mute(..) | O::Unmute(..) | O::MuteAll(..) | O::ForbidUnmute(..) => {
                self.silence(operation);
            }
            O::Role(..)
            | O::RoleRights(..)
            | O::Exceptions(..)
            | O::TransferHost(..)
            | O::Succession(..)
            | O::Ban(..) => self.rule(operation),
            O::Door(..) | O::Passcode(..) | O::NewInvite(_) | O::RotateInvite(_) => {
                self.keep_door(operation);
            }
            _ => self.ask(operation),
        }
        self.deliver();
    }

    fn come(&mut self, operation: &Operation) {
        match *operation {
            Operation::Join(at, name) if self.clients.len() < CLIENTS => {
                let who = self.who(at);
                if let Ok(invite) = self.clients[who].meeting.invite() {
                    self.join(of(&NAMES, name), &invite);
                }
            }
            Operation::Snapshot(at) => {
                let who = self.who(at);
                let client = &mut self.clients[who];
                client.snapshot = client.meeting.snapshot(&KEY).ok().or(client.snapshot.take());
            }
            Operation::Restore(at) => {
                let (who, seed, now) = (self.who(at), self.seed(), self.now());
                let client = &self.clients[who];
                let Some(snapshot) = &client.snapshot else { return };
                let identity = Room::identity(client.name).unwrap();
                let expected = Expected::default();
                let restored = testing::restore(seed, &identity, snapshot, &KEY, expected, now);
                let meeting = restored.expect("a genuine snapshot");
                self.restart(who, meeting);
            }
            _ => {}
        }
    }

    fn silence(&mut self, operation: &Operation) {
        match *operation {
            Operation::Mute(at, other, bits) => {
                let member = self.member(other);
                self.call(self.who(at), |meeting, now| meeting.mute(member, kinds(bits), now));
            }
            Operation::Unmute(at, other, bits) => {
                let member = self.member(other);
                self.call(self.who(at), |meeting, now| meeting.unmute(member, kinds(bits), now));
            }
            Operation::MuteAll(at, bits) => {
                self.call(self.who(at), |meeting, now| meeting.mute_all(kinds(bits), now));
            }
            Operation::ForbidUnmute(at, on) => {
                self.call(self.who(at), |meeting, now| meeting.forbid_unmute(on, now));
            }
            _ => {}
        }
    }

    fn rule(&mut self, operation: &Operation) {
        use Operation as O;
        match *operation {
            O::Role(at, other, role) => {
                let (who, role) = (self.fingerprint(other), of(Role::ALL, role));
                self.call(self.who(at), |meeting, now| meeting.set_role(who, role, now));
            }
            O::RoleRights(at, role, bits) => {
                let role = of(Role::ALL, role);
                self.call(self.who(at), |meeting, now| {
                    meeting.set_role_rights(role, rights(bits), now)
                });
            }
            O::Exceptions(at, other, granted, withheld) => {
                let member = self.member(other);
                self.call(self.who(at), |meeting, now| {
                    meeting.set_exceptions(member, rights(granted), rights(withheld), now)
                });
            }
            O::TransferHost(at, other) => {
                let member = self.member(other);
                self.call(self.who(at), |meeting, now| meeting.transfer_host(member, now));
            }
            O::Succession(at, other) => {
                let heirs = vec![self.fingerprint(other)];
                self.call(self.who(at), |meeting, now| meeting.set_succession(heirs, now));
            }
            O::Ban(at, other, on) => {
                let who = self.fingerprint(other);
                self.call(self.who(at), |meeting, now| {
                    if on { meeting.ban(who, now) } else { meeting.unban(who, now) }
                });
            }
            _ => {}
        }
    }

    fn fingerprint(&self, at: u8) -> Fingerprint {
        Room::identity(self.clients[self.who(at)].name).unwrap().fingerprint()
    }

    fn keep_door(&mut self, operation: &Operation) {
        match *operation {
            Operation::Door(at, door) => {
                self.call(self.who(at), |meeting, now| meeting.set_door(of(Door::ALL, door), now));
            }
            Operation::Passcode(at, on) => {
                let passcode = on.then_some("passcode");
                self.call(self.who(at), |meeting, now| meeting.set_passcode(passcode, now));
            }
            Operation::NewInvite(at) => self.call(self.who(at), |meeting, now| {
                meeting.create_invite(InviteOptions::default(), now).map(drop)
            }),
            Operation::RotateInvite(at) => self.call(self.who(at), |meeting, now| {
                let Some(invite) = meeting.invites()?.pop() else { return Ok(()) };
                meeting.rotate_invite(invite.id, now).map(drop)
            }),
            _ => {}
        }
    }

    fn ask(&mut self, operation: &Operation) {
        use Operation as O;
        match *operation {
            O::Admit(at) => self.call(self.who(at), |meeting, now| meeting.admit_all(now)),
            O::DenyAll(at, reason) => self.deny_all(at, of(DenyReason::ALL, reason)),
            O::Leave(at) => self.call(self.who(at), |meeting, now| meeting.leave(now)),
            O::End(at) => self.call(self.who(at), |meeting, now| meeting.end(now)),
            O::Remove(at, other) => {
                let member = self.member(other);
                self.call(self.who(at), |meeting, now| meeting.remove(member, now));
            }
            O::RemoveDevice(at, other) => {
                let member = self.member(other);
                self.call(self.who(at), |meeting, now| meeting.remove_device(member, now));
            }
            O::DeclareSilent(at) => {
                self.call(self.who(at), |meeting, now| meeting.declare_hosts_silent(now));
            }
            O::Record(at, on) => {
                self.call(self.who(at), |meeting, now| meeting.set_recording(on, now));
            }
            O::Rename(at, len) => {
                let name = "n".repeat(len.into());
                self.call(self.who(at), |meeting, now| meeting.rename(&name, now));
            }
            O::Chat(at, len) => {
                let text = "c".repeat(usize::from(len) * 10);
                self.call(self.who(at), |meeting, now| meeting.chat(&text, now));
            }
            O::ChatTo(at, other) => {
                let member = self.member(other);
                self.call(self.who(at), |meeting, now| meeting.chat_to(member, "hush", now));
            }
            O::KeyFrame(at, other) => {
                let member = self.member(other);
                self.call(self.who(at), |meeting, now| {
                    meeting.request_key_frame(member, Track::CAMERA, now)
                });
            }
            O::Talk(at, other, what) => self.talk(at, other, what),
            _ => {}
        }
    }

    fn deny_all(&mut self, at: u8, reason: DenyReason) {
        let knocks: Vec<_> = self.knocks(self.who(at));
        for knock in knocks {
            self.call(self.who(at), |meeting, now| meeting.deny(knock, reason, now));
        }
    }

    fn talk(&mut self, at: u8, other: u8, what: u8) {
        let member = self.member(other);
        let track = AnnouncedTrack {
            track: Track::CAMERA,
            codec: "VP8".to_owned(),
            framing: AnnouncedFraming::WebRtc,
            transport: what.to_string(),
            muted: what & 4 != 0,
        };
        self.call(self.who(at), |meeting, now| match what & 3 {
            0 => meeting.react("+", now),
            1 => meeting.raise_hand(what & 4 != 0, now),
            2 => meeting.announce(vec![track], now),
            _ => meeting.ask_to_send(member, kinds(what >> 3), now),
        });
    }

    /// What the server does to what it has for one client.
    fn meddle(&mut self, who: usize, operation: &Operation) {
        let log = self.log.clone();
        let client = &mut self.clients[who];
        let inbox: &mut VecDeque<Input> = &mut client.inbox;
        match *operation {
            Operation::Swap(_) if inbox.len() > 1 => inbox.swap(0, 1),
            Operation::Lose(_) => {
                client.is_deceived |= inbox.pop_front().is_some();
            }
            Operation::Repeat(_, seq) => {
                let seq = usize::from(seq) % log.len().max(1);
                let Some(bytes) = log.get(seq) else { return };
                inbox.push_front(Input::Log { seq: seq as u64, bytes: bytes.clone() });
            }
            Operation::Change(_, at, mask) => {
                let Some(
                    Input::Log { bytes, .. }
                    | Input::Lobby(bytes)
                    | Input::Direct(bytes)
                    | Input::Blob(bytes),
                ) = inbox.front_mut()
                else {
                    return;
                };
                client.is_deceived = true;
                if let Some(at) = usize::from(at).checked_rem(bytes.len()) {
                    bytes[at] ^= mask;
                }
            }
            _ => {}
        }
    }

    fn attack(&mut self, operation: &Operation) {
        match operation {
            Operation::Bytes(at, kind, ahead, bytes) => {
                let (who, bytes) = (self.who(*at), bytes.clone());
                let seq = (self.log.len() as u64).saturating_add_signed((*ahead).into());
                self.clients[who].is_deceived = true;
                let input = match kind % 5 {
                    0 => Input::Lobby(bytes),
                    1 => Input::Direct(bytes),
                    2 => Input::Blob(bytes),
                    _ => Input::Log { seq, bytes },
                };
                self.hand_in(who, input);
            }
            Operation::Connect(at, shift) => {
                let who = self.who(*at);
                let next = if *shift < 64 { u64::MAX >> shift } else { self.log.len() as u64 };
                self.clients[who].is_deceived |= *shift < 64;
                self.hand_in(who, Input::Connected { next });
            }
            Operation::Entry(bytes) => self.append(bytes.clone()),
            Operation::Say(at, said) => self.say(self.who(*at), said),
            Operation::Forge(at, choice, other) => self.forge(*at, *choice, *other),
            _ => {}
        }
    }

    fn forge(&mut self, at: u8, choice: u8, other: u8) {
        let (who, member, now) = (self.who(at), self.member(other), self.now());
        let key_package = testing::key_package(&self.clients[self.who(other)].meeting);
        let forgery = match (choice % 6, key_package) {
            (0, Some(key_package)) => Forgery::Add { key_package },
            (1, _) => Forgery::Mute { member, kinds: TrackKinds::ALL },
            (2, _) => Forgery::Removal { member },
            (3, _) => Forgery::Order { member },
            (4, _) => Forgery::End,
            _ => Forgery::Promotion,
        };
        let client = &mut self.clients[who];
        client.forges |= testing::forge(&mut client.meeting, &forgery, now).is_ok();
        client.is_deceived |= client.forges;
        self.call(who, |_, _| Ok(()));
    }
}
