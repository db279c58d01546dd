//! One participant's client: the one place where the example meets the library. It turns what the
//! server sends into inputs, outputs into requests and notices, and frames into sealed ones and
//! back.

use std::collections::BTreeMap;
use std::error::Error;

use incamera::wire::{MailboxId, MeetingId, Profile, ToClient, TrackKind, TrackKinds};
use incamera::{
    DenyReason, Door, Event, Input, Invite, KnockId, Meeting, MemberId, Now, Opened, Participant,
    Receiver, Role, Sealer, Settings, Source, Track, testing,
};

use crate::framing::{framing, header};
use crate::ledger::Standing;
use crate::net::{Action, Heard, Kind, Notice, Trick};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the simulated clock adds to Unix time, in milliseconds.
const UNIX_START_MS: u64 = 1_700_000_000_000;

/// What members are told when somebody raises a hand.
pub(crate) const HAND: &str = "a hand is up";
/// What members are told when somebody records.
pub(crate) const RECORDING: &str = "somebody records";

/// A participant's client.
pub(crate) struct Client {
    meeting: Meeting,
    microphone: Sealer,
    camera: Sealer,
    screen: Sealer,
    receiver: Receiver,
    /// Whether its sealers do not ask what they may: somebody has tampered with this client.
    pub(crate) modified: bool,
    /// What it knocks with.
    key_package: Vec<u8>,
    /// Everybody who was ever in the roster.
    names: BTreeMap<MemberId, String>,
    knocks: Vec<KnockId>,
}

fn at(now: u64) -> Now {
    Now { monotonic_ms: now, unix_ms: UNIX_START_MS + now }
}

impl Client {
    /// The client of somebody who creates the meeting.
    pub(crate) fn host(seed: [u8; 32], name: &str, profile: Profile, now: u64) -> Outcome<Self> {
        let identity = testing::identity(seed, name)?;
        let mut settings = Settings::default();
        settings.profile = profile;
        let meeting = testing::create(seed, &identity, settings, at(now))?;
        Self::new(meeting)
    }

    /// The client of somebody who opens a link.
    pub(crate) fn guest(seed: [u8; 32], name: &str, link: &str, now: u64) -> Outcome<Self> {
        let identity = testing::identity(seed, name)?;
        Self::new(testing::join(seed, &identity, &Invite::parse(link)?, at(now))?)
    }

    /// Takes sealers and a receiver once and for all: nobody has to rekey them.
    fn new(mut meeting: Meeting) -> Outcome<Self> {
        let microphone = meeting.sealer(Track::MICROPHONE, framing(Kind::Speech))?;
        let camera = meeting.sealer(Track::CAMERA, framing(Kind::Video))?;
        let screen = meeting.sealer(Track::SCREEN, framing(Kind::Screen))?;
        let receiver = meeting.receiver();
        let key_package = testing::key_package(&meeting).unwrap_or_default();
        let (names, knocks, modified) = Default::default();
        Ok(Self {
            meeting,
            microphone,
            camera,
            screen,
            receiver,
            modified,
            key_package,
            names,
            knocks,
        })
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
            Event::Denied { reason: DenyReason::Locked } => Notice::Denied(": the door is locked"),
            Event::Denied { .. } => Notice::Denied(""),
            Event::Chat { member, text, .. } if !self.is_own(member) => Notice::Word(text),
            Event::Hand { member, raised: true } if !self.is_own(member) => {
                Notice::Word(HAND.into())
            }
            Event::Recording { on: true, .. } => Notice::Word(RECORDING.into()),
            Event::MaySend { kinds } if kinds.contains(TrackKind::Screen) => Notice::MayShare,
            Event::Gone { name, .. } => Notice::Gone(name),
            Event::Removed { .. } => Notice::Over("was removed"),
            Event::Left => Notice::Over("has left"),
            Event::Ended { .. } => Notice::Over("learns that the meeting has ended"),
            Event::KeyFrameNeeded { .. } => Notice::KeyFrame,
            Event::Refused { source, fault, .. } => {
                let (seq, what) = match source {
                    Source::Log { seq } => (Some(seq), "a log entry"),
                    Source::Lobby => (None, "a knock"),
                    Source::Direct => (None, "a direct message"),
                    _ => (None, "a blob"),
                };
                Notice::Refused(seq, format!("{what}: {fault}"))
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

    /// The member of this name.
    fn find(&self, name: &str) -> Outcome<Participant> {
        let member = self.meeting.roster().into_iter().find(|member| member.name == name);
        Ok(member.ok_or("not in the roster")?)
    }

    fn is_own(&self, member: MemberId) -> bool {
        self.meeting.roster().iter().any(|other| other.own && other.member == member)
    }

    pub(crate) fn remove(&mut self, name: &str, now: u64) -> Outcome<()> {
        Ok(self.meeting.remove(self.find(name)?.member, at(now))?)
    }

    pub(crate) fn lock(&mut self, locked: bool, now: u64) -> Outcome<()> {
        let door = if locked { Door::Locked } else { Door::WaitingRoom };
        Ok(self.meeting.set_door(door, at(now))?)
    }

    pub(crate) fn mute(&mut self, name: &str, now: u64) -> Outcome<()> {
        let kinds = TrackKinds::of(&[TrackKind::Microphone]);
        Ok(self.meeting.mute(self.find(name)?.member, kinds, at(now))?)
    }

    pub(crate) fn set_role(&mut self, name: &str, role: Role, now: u64) -> Outcome<()> {
        Ok(self.meeting.set_role(self.find(name)?.fingerprint, role, at(now))?)
    }

    pub(crate) fn transfer_host(&mut self, name: &str, now: u64) -> Outcome<()> {
        Ok(self.meeting.transfer_host(self.find(name)?.member, at(now))?)
    }

    pub(crate) fn record(&mut self, now: u64) -> Outcome<()> {
        Ok(self.meeting.set_recording(true, at(now))?)
    }

    pub(crate) fn raise_hand(&mut self, now: u64) -> Outcome<()> {
        Ok(self.meeting.raise_hand(true, at(now))?)
    }

    /// Says something to all, or to one.
    pub(crate) fn say(&mut self, to: Option<&str>, text: &str, now: u64) -> Outcome<()> {
        match to {
            Some(name) => self.meeting.chat_to(self.find(name)?.member, text, at(now))?,
            None => self.meeting.chat(text, at(now))?,
        }
        Ok(())
    }

    /// What it knocks with.
    pub(crate) fn key_package(&self) -> Vec<u8> {
        self.key_package.clone()
    }

    /// Posts what this client may not, with its genuine keys: `victim` is whom it is about, and
    /// `key_package` whom it lets in.
    pub(crate) fn forge(
        &mut self,
        trick: Trick,
        victim: &str,
        key_package: Vec<u8>,
        now: u64,
    ) -> Outcome<()> {
        let member = self.find(victim)?.member;
        let forgery = match trick {
            Trick::Promotion => testing::Forgery::Promotion,
            Trick::End => testing::Forgery::End,
            Trick::Order => testing::Forgery::Order { member },
            Trick::Add => testing::Forgery::Add { key_package },
            Trick::Mute => {
                testing::Forgery::Mute { member, kinds: TrackKinds::of(&[TrackKind::Microphone]) }
            }
            Trick::Removal => testing::Forgery::Removal { member },
        };
        Ok(testing::forge(&mut self.meeting, &forgery, at(now))?)
    }

    /// Whether this client shows what a trick was to do.
    pub(crate) fn shows(&self, trick: Trick, author: &str, victim: &str, newcomer: &str) -> bool {
        let (author, victim) = (self.find(author), self.find(victim));
        match trick {
            Trick::Promotion => author.is_ok_and(|author| author.role == Role::Host),
            Trick::End => self.meeting.epoch().is_none(),
            Trick::Order => victim.map_or(true, |victim| victim.ordered_out),
            Trick::Add => self.find(newcomer).is_ok(),
            Trick::Mute => victim.is_ok_and(|victim| victim.muted.contains(TrackKind::Microphone)),
            Trick::Removal => victim.is_err(),
        }
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

    /// The names of the members, with what each is and what of it is muted.
    pub(crate) fn roster(&mut self) -> BTreeMap<String, Standing> {
        let roster = self.meeting.roster();
        self.names.extend(roster.iter().map(|member| (member.member, member.name.clone())));
        let kinds = |muted: TrackKinds| {
            let kinds = [
                (TrackKind::Microphone, Kind::Speech),
                (TrackKind::Camera, Kind::Video),
                (TrackKind::Screen, Kind::Screen),
            ];
            kinds
                .into_iter()
                .filter(|(kind, _)| muted.contains(*kind))
                .map(|(_, kind)| kind)
                .collect()
        };
        let standing =
            |member: &Participant| Standing { role: member.role, muted: kinds(member.muted) };
        roster.iter().map(|member| (member.name.clone(), standing(member))).collect()
    }

    /// Seals a frame; gives the epoch whose key sealed it: for a moment after a commit that adds
    /// it is the one before, and only the key id tells.
    pub(crate) fn seal(&mut self, kind: Kind, plain: &[u8], now: u64) -> Outcome<(Vec<u8>, u64)> {
        let mut sealed = Vec::new();
        let sealer = match kind {
            Kind::Speech => &mut self.microphone,
            Kind::Video => &mut self.camera,
            Kind::Screen => &mut self.screen,
        };
        match self.modified {
            true => testing::seal_unasked(sealer, plain, now, &mut sealed)?,
            false => sealer.seal(plain, now, &mut sealed)?,
        }
        let header = header(kind, &sealed).ok_or("sealed without a header")?;
        let epoch = self.meeting.epoch().ok_or("sealed outside of a meeting")?;
        let behind = epoch.wrapping_sub(header.kid) & 0xff;
        Ok((sealed, epoch.checked_sub(behind).ok_or("sealed in no epoch")?))
    }

    /// Gives a frame to the receiver, of the kind that the relay's packet says.
    pub(crate) fn open(
        &mut self,
        (tag, kind, sealed): (u64, Kind, &[u8]),
        now: u64,
        out: &mut Vec<u8>,
    ) -> Heard {
        match self.receiver.open_framed(framing(kind), tag, sealed, now, out) {
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
            Opened::Frame { member, track, .. } => Heard::Frame {
                from: self.names.get(&member).cloned().unwrap_or_default(),
                kind: match track {
                    Track::CAMERA => Kind::Video,
                    Track::SCREEN => Kind::Screen,
                    _ => Kind::Speech,
                },
            },
            Opened::Held => Heard::Held,
            _ => Heard::Refused,
        }
    }
}
