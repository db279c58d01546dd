//! One participant's client: the one place where the example meets the library. It turns what the
//! server sends into inputs, outputs into requests and notices, and frames into sealed ones and
//! back.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use incamera::wire::{FrameHeader, MailboxId, MeetingId, ToClient};
use incamera::{
    DenyReason, Event, Framing, Input, Invite, KnockId, Meeting, MemberId, Now, Opened, Receiver,
    Sealer, Settings, Source, Track, testing,
};

use crate::net::{Action, Heard, Kind, Notice};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the simulated clock adds to Unix time, in milliseconds.
const UNIX_START_MS: u64 = 1_700_000_000_000;

/// A participant's client.
pub(crate) struct Client {
    meeting: Meeting,
    microphone: Sealer,
    camera: Sealer,
    receiver: Receiver,
    /// Everybody who was ever in the roster.
    names: BTreeMap<MemberId, String>,
    knocks: Vec<KnockId>,
}

fn at(now: u64) -> Now {
    Now { monotonic_ms: now, unix_ms: UNIX_START_MS + now }
}

impl Client {
    /// The client of somebody who creates the meeting.
    pub(crate) fn host(seed: [u8; 32], name: &str, now: u64) -> Outcome<Self> {
        let identity = testing::identity(seed, name)?;
        let meeting = testing::create(seed, &identity, Settings::default(), at(now))?;
        Self::new(meeting)
    }

    /// The client of somebody who opens a link.
    pub(crate) fn guest(seed: [u8; 32], name: &str, link: &str, now: u64) -> Outcome<Self> {
        let identity = testing::identity(seed, name)?;
        Self::new(testing::join(seed, &identity, &Invite::parse(link)?, at(now))?)
    }

    /// Takes sealers and a receiver once and for all: nobody has to rekey them.
    fn new(mut meeting: Meeting) -> Outcome<Self> {
        let microphone = meeting.sealer(Track::MICROPHONE, Framing::Whole)?;
        let camera = meeting.sealer(Track::CAMERA, Framing::Whole)?;
        let receiver = meeting.receiver();
        let (names, knocks) = Default::default();
        Ok(Self { meeting, microphone, camera, receiver, names, knocks })
    }

    /// The link that lets others knock.
    pub(crate) fn link(&mut self) -> Outcome<String> {
        Ok(self.meeting.invite()?.link())
    }

    /// The same link with an invented secret, which is what its text ends with.
    pub(crate) fn made_up_link(link: &str, noise: [u8; 32]) -> Outcome<String> {
        let invented = |byte: &u8| char::from(b'a' + byte % 26);
        let kept = link.len().checked_sub(33).and_then(|at| link.get(..at)).ok_or("short")?;
        // The last character has two bits that must be 0, as `A` has.
        Ok(format!("{kept}{}A", noise.iter().map(invented).collect::<String>()))
    }

    pub(crate) fn meeting(&self) -> MeetingId {
        self.meeting.id()
    }

    pub(crate) fn mailbox(&self) -> Option<MailboxId> {
        self.meeting.mailbox()
    }

    /// Takes in what the server sends.
    pub(crate) fn handle(&mut self, input: ToClient, now: u64) -> Outcome<()> {
        match Input::from_server(input) {
            Some(input) => Ok(self.meeting.handle(input, at(now))?),
            None => Ok(()),
        }
    }

    /// Does what is due.
    pub(crate) fn timeout(&mut self, now: u64) -> Outcome<()> {
        match self.meeting.poll_timeout().is_some_and(|due| due <= now) {
            true => Ok(self.meeting.handle_timeout(at(now))?),
            false => Ok(()),
        }
    }

    /// When something is due.
    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        self.meeting.poll_timeout()
    }

    /// The next step that this client wants done.
    pub(crate) fn poll(&mut self) -> Option<Action> {
        loop {
            let action = match self.meeting.poll()?.into_request() {
                Ok(request) => Some(Action::Send(request)),
                Err(event) => self.notice(event).map(Action::Notice),
            };
            if action.is_some() {
                return action;
            }
        }
    }

    fn notice(&mut self, event: Event) -> Option<Notice> {
        Some(match event {
            Event::Knock { knock, name, .. } => {
                self.knocks.push(knock);
                Notice::Knock { knock: self.knocks.len() - 1, name }
            }
            Event::Joined => Notice::Joined,
            Event::Denied { .. } => Notice::Denied,
            Event::Gone { name, .. } => Notice::Gone(name),
            Event::Removed { .. } => Notice::Over("was removed"),
            Event::Left => Notice::Over("has left"),
            Event::Ended { .. } => Notice::Over("learns that the meeting has ended"),
            Event::KeyFrameNeeded { .. } => Notice::KeyFrame,
            Event::Refused { source, fault, .. } => {
                let what = match source {
                    Source::Log { .. } => "a log entry",
                    Source::Lobby => "a knock",
                    Source::Direct => "a direct message",
                    _ => "a blob",
                };
                Notice::Refused(format!("{what}: {fault}"))
            }
            Event::Alarm(alarm) => Notice::Alarm(format!("{alarm:?}")),
            _ => return None,
        })
    }

    fn knock(&self, knock: usize) -> Outcome<KnockId> {
        Ok(*self.knocks.get(knock).ok_or("no such knock")?)
    }

    pub(crate) fn admit(&mut self, knock: usize, now: u64) -> Outcome<()> {
        Ok(self.meeting.admit(self.knock(knock)?, at(now))?)
    }

    pub(crate) fn deny(&mut self, knock: usize, now: u64) -> Outcome<()> {
        Ok(self.meeting.deny(self.knock(knock)?, DenyReason::NotExpected, at(now))?)
    }

    pub(crate) fn remove(&mut self, name: &str, now: u64) -> Outcome<()> {
        let member = self.meeting.roster().into_iter().find(|member| member.name == name);
        Ok(self.meeting.remove(member.ok_or("not in the roster")?.member, at(now))?)
    }

    pub(crate) fn leave(&mut self, now: u64) -> Outcome<()> {
        Ok(self.meeting.leave(at(now))?)
    }

    pub(crate) fn end(&mut self, now: u64) -> Outcome<()> {
        Ok(self.meeting.end(at(now))?)
    }

    /// The epoch that this client has come to; `None` before a Welcome and after the end.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.meeting.epoch()
    }

    /// The names of the members.
    pub(crate) fn roster(&mut self) -> BTreeSet<String> {
        let roster = self.meeting.roster();
        self.names.extend(roster.iter().map(|member| (member.member, member.name.clone())));
        roster.into_iter().map(|member| member.name).collect()
    }

    /// Seals a frame; gives the epoch whose key sealed it: for a moment after a commit that adds
    /// it is the one before, and only the key id tells.
    pub(crate) fn seal(&mut self, kind: Kind, plain: &[u8], now: u64) -> Outcome<(Vec<u8>, u64)> {
        let mut sealed = Vec::new();
        match kind {
            Kind::Speech => self.microphone.seal(plain, now, &mut sealed)?,
            Kind::Video => self.camera.seal(plain, now, &mut sealed)?,
        }
        let (header, _) = FrameHeader::parse(&sealed)?;
        let epoch = self.meeting.epoch().ok_or("sealed outside of a meeting")?;
        let behind = epoch.wrapping_sub(header.kid) & 0xff;
        Ok((sealed, epoch.checked_sub(behind).ok_or("sealed in no epoch")?))
    }

    /// Gives a frame to the receiver.
    pub(crate) fn open(&mut self, tag: u64, sealed: &[u8], now: u64, out: &mut Vec<u8>) -> Heard {
        match self.receiver.open(tag, sealed, now, out) {
            Ok(opened) => self.heard(opened),
            Err(_) => Heard::Refused,
        }
    }

    /// The next frame that was held and need not be any more.
    pub(crate) fn released(&mut self, now: u64, out: &mut Vec<u8>) -> Option<(u64, Heard)> {
        let released = self.receiver.poll(now, out)?;
        Some((released.tag, released.outcome.map_or(Heard::Refused, |opened| self.heard(opened))))
    }

    fn heard(&self, opened: Opened) -> Heard {
        match opened {
            Opened::Frame { member, track } => Heard::Frame {
                from: self.names.get(&member).cloned().unwrap_or_default(),
                kind: if track == Track::CAMERA { Kind::Video } else { Kind::Speech },
            },
            Opened::Held => Heard::Held,
            _ => Heard::Refused,
        }
    }
}
