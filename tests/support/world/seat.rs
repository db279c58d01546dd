//! One client's place in the world: the client itself, its clock, its connection, and what it has
//! shown of each epoch.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use incamera::wire::{ToServer, TrackKind};
use incamera::{
    Event, Fingerprint, Framing, Identity, Meeting, MemberId, Receiver, SafetyCode, Sealer, Track,
    TrackKinds,
};

use super::clock::Clock;
use super::network::Link;
use super::server::Push;

/// Names a seat.
pub(crate) type Who = usize;
/// A person's name.
pub(crate) type Name = &'static str;

/// What runs on a client's machine.
pub(crate) struct Client {
    pub(crate) meeting: Meeting,
    /// `None` if it may seal no more as it begins: it has said that it leaves.
    pub(crate) microphone: Option<Sealer>,
    pub(crate) camera: Option<Sealer>,
    pub(crate) receiver: Receiver,
}

impl Client {
    pub(crate) fn new(mut meeting: Meeting) -> Self {
        let microphone = meeting.sealer(Track::MICROPHONE, Framing::Whole).ok();
        let camera = meeting.sealer(Track::CAMERA, Framing::Whole).ok();
        let receiver = meeting.receiver();
        Self { meeting, microphone, camera, receiver }
    }

    pub(crate) fn sealer(&mut self, kind: TrackKind) -> Option<&mut Sealer> {
        if kind == TrackKind::Camera { self.camera.as_mut() } else { self.microphone.as_mut() }
    }
}

/// How a client stands to the meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It knocks, or is not confirmed yet.
    Knocking,
    In,
    /// It has said that it leaves.
    Leaving,
    /// Restored, and without fresh keys of its own yet.
    Restoring,
    /// It can follow no more, and comes back by a fresh leaf.
    Resyncing,
    /// It can follow no more, and its people know.
    Stuck,
    /// Denied, removed, gone, or the meeting has ended.
    Over,
    /// It is no more, and its leaf may be in the group still.
    Crashed,
}

/// Whether a client runs, and whether its transport does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The transport asks for a connection.
    Connecting,
    Connected,
    Offline,
    /// Neither the client nor its transport runs.
    Asleep,
}

/// At which point of a step a client dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    BeforeStoring,
    BeforeSending,
    AfterSending,
}

/// Which way a message goes, and on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
    Media,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Up, Self::Down, Self::Media];
}

/// What is on its way between a client and the server, of one connection, or the relay.
#[derive(Clone)]
pub(crate) enum Parcel {
    Request {
        connection: u64,
        request: Rc<ToServer>,
    },
    Push {
        connection: u64,
        push: Push,
    },
    /// A frame, and the bit of it that was altered.
    Frame {
        frame: usize,
        altered: Option<u64>,
    },
}

/// Who was in an epoch, and what each might send.
pub(crate) type Roster = Rc<Vec<(MemberId, TrackKinds)>>;

/// What a client has shown of an epoch.
pub(crate) struct Shown {
    pub(crate) epoch: u64,
    pub(crate) code: SafetyCode,
    pub(crate) roster: Roster,
    /// By the client's own clock: when it erases the epoch's media keys.
    pub(crate) expires_ms: u64,
}

impl Shown {
    pub(crate) fn kinds_of(&self, member: MemberId) -> Option<TrackKinds> {
        self.roster.iter().find(|(stay, _)| *stay == member).map(|(_, kinds)| *kinds)
    }
}

/// One client's place.
pub(crate) struct Seat {
    pub(crate) name: Name,
    pub(crate) fingerprint: Fingerprint,
    /// `None` once it has crashed.
    pub(crate) client: Option<Client>,
    pub(crate) clock: Clock,
    pub(crate) standing: Standing,
    pub(crate) reach: Reach,
    /// Its number; messages of earlier ones arrive no more.
    pub(crate) connection: u64,
    pub(crate) links: [Link<Parcel>; 3],
    pub(crate) timer: Option<u64>,
    /// A client that has been tampered with so that it reads nothing of the server any more.
    pub(crate) deaf: bool,
    /// What it has shown, the newest last, since it came in.
    pub(crate) shown: Vec<Shown>,
    /// Its own stay, once it has one.
    pub(crate) stay: Option<MemberId>,
    /// The epoch and roster are to be looked at, whatever their number.
    pub(crate) looks_anew: bool,
    /// The frames that it opened.
    pub(crate) opened: HashSet<usize>,
    /// One more than the highest counter accepted, by epoch, sender and kind.
    pub(crate) windows: HashMap<(u64, MemberId, TrackKind), u64>,
    pub(crate) events: Vec<(u64, Event)>,
    /// What it stored, the newest last.
    pub(crate) stored: Vec<Vec<u8>>,
    /// Which of its person's identities it has.
    pub(crate) life: u8,
    /// It has been told that it does not get back.
    pub(crate) hopeless: bool,
    /// It was gone before it knew its stay.
    pub(crate) loose: bool,
    /// It dies at its next step.
    pub(crate) dies: Option<Death>,
    /// When it began.
    pub(crate) since_ms: u64,
    /// What it sent and took in, if anybody wants to know.
    pub(crate) traffic: Option<Vec<(u64, String)>>,
}

impl Seat {
    pub(crate) fn new(name: Name, identity: &Identity, meeting: Meeting, clock: Clock) -> Self {
        Self {
            name,
            fingerprint: identity.fingerprint(),
            client: Some(Client::new(meeting)),
            clock,
            standing: Standing::Knocking,
            reach: Reach::Connecting,
            connection: 0,
            links: [Link::new(), Link::new(), Link::new()],
            timer: None,
            deaf: false,
            shown: Vec::new(),
            stay: None,
            looks_anew: false,
            opened: HashSet::new(),
            windows: HashMap::new(),
            events: Vec::new(),
            stored: Vec::new(),
            life: 0,
            dies: None,
            hopeless: false,
            loose: false,
            since_ms: 0,
            traffic: None,
        }
    }

    pub(crate) fn link(&mut self, way: Way) -> &mut Link<Parcel> {
        &mut self.links[way as usize]
    }

    /// Whether it is a member that follows the meeting as well as it can.
    pub(crate) fn is_live(&self) -> bool {
        self.client.is_some() && !self.deaf && self.standing == Standing::In
    }

    /// Whether it waits at the door, or is not let back in.
    pub(crate) fn waits(&self) -> bool {
        (self.standing == Standing::Knocking || self.hopeless) && !self.deaf && self.is_about()
    }

    /// Whether the person in front of it can do something.
    pub(crate) fn is_awake(&self) -> bool {
        self.is_live() && self.reach != Reach::Asleep
    }

    /// Whether it is or may come to be a member.
    pub(crate) fn is_about(&self) -> bool {
        self.client.is_some() && !matches!(self.standing, Standing::Over | Standing::Crashed)
    }

    pub(crate) fn current(&self) -> Option<&Shown> {
        self.shown.last()
    }

    /// What it has shown of an epoch by number.
    pub(crate) fn shown(&self, epoch: u64) -> Option<&Shown> {
        self.shown.iter().rev().find(|shown| shown.epoch == epoch)
    }

    /// Looks at the epoch and the roster after each input, as an application does; `gone` says that
    /// somebody was told to be out. Gives the size of a new roster.
    pub(crate) fn look(&mut self, now_ms: u64, gone: bool) -> Option<usize> {
        let meeting = &self.client.as_ref()?.meeting;
        let epoch = meeting.epoch()?;
        let same = self.current().is_some_and(|shown| shown.epoch == epoch);
        let knocks = matches!(self.standing, Standing::Knocking | Standing::Resyncing);
        if same && !self.looks_anew && !knocks {
            return None;
        }
        let code = meeting.safety_code().ok()?;
        if same && self.current().is_some_and(|shown| shown.code == code) {
            self.looks_anew = false;
            return None;
        }
        let people = meeting.roster();
        let own = people.iter().find(|member| member.own).map(|member| member.member);
        let entry = |member: &incamera::Participant| (member.member, member.may_send);
        let roster: Roster = Rc::new(people.iter().map(entry).collect());
        // Another Welcome, or another stay: the keys of before are gone.
        if knocks || own != self.stay || self.looks_anew {
            self.shown.clear();
            self.windows.clear();
        }
        self.stay = own;
        self.looks_anew = false;
        let stays = |stay: &MemberId| roster.iter().any(|(other, _)| other == stay);
        let left =
            self.current().is_some_and(|old| !old.roster.iter().all(|(stay, _)| stays(stay)));
        // SPEC [K7]
        let lifetime_ms = if left || gone { 2_000 } else { 10_000 };
        for old in &mut self.shown {
            old.expires_ms = old.expires_ms.min(now_ms + lifetime_ms);
        }
        let size = roster.len();
        self.shown.push(Shown { epoch, code, roster, expires_ms: u64::MAX });
        Some(size)
    }
}
