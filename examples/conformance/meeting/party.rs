//! One client of a meeting: how it begins, and what it is given.

use std::collections::BTreeMap;

use incamera::wire::{PadTo, Padding, Profile};
use incamera::{
    Door, Expected, Framing, Identity, Input, Invite, Meeting, Now, Opened, Output, Receiver,
    Sealer, Settings, Track, TrackKinds, testing,
};
use serde_json::{Value, json};

use super::calls;
use crate::fields::{Bad, Fields, Read, array, bad, bytes, hex, number};
use crate::kinds::{shown, track};

/// Unix time at the beginning of a meeting's clock, in milliseconds.
const UNIX_MS: u64 = 1_790_000_000_000;

/// The time of a step.
pub(super) fn at(monotonic_ms: u64) -> Now {
    Now { monotonic_ms, unix_ms: monotonic_ms.saturating_add(UNIX_MS) }
}

/// What was posted in a meeting, in order: steps name it by its place.
#[derive(Default)]
pub(super) struct Posted {
    pub(super) log: Vec<Vec<u8>>,
    pub(super) lobby: Vec<Vec<u8>>,
    pub(super) direct: Vec<Vec<u8>>,
    pub(super) blobs: Vec<Vec<u8>>,
}

impl Posted {
    pub(super) fn read(fields: &Fields<'_>) -> Read<Self> {
        let all = |name| match fields.find(name) {
            Some(_) => crate::fields::each(fields.list(name)?, |one| bytes(one, name)),
            None => Ok(Vec::new()),
        };
        let (log, lobby) = (all("log")?, all("lobby")?);
        Ok(Self { log, lobby, direct: all("direct")?, blobs: all("blobs")? })
    }

    pub(super) fn list(&self, name: &str) -> &Vec<Vec<u8>> {
        match name {
            "log" => &self.log,
            "lobby" => &self.lobby,
            "direct" => &self.direct,
            _ => &self.blobs,
        }
    }

    fn get(&self, name: &str, place: &Value) -> Read<Vec<u8>> {
        let at = number(place, name)?;
        let found = usize::try_from(at).ok().and_then(|at| self.list(name).get(at));
        found.cloned().ok_or_else(|| Bad(format!("there is no {at} in `{name}`")))
    }
}

/// A client: before it begins there is no meeting.
pub(super) struct Party {
    spec: Value,
    meeting: Option<Meeting>,
    sealers: BTreeMap<Track, Sealer>,
    receiver: Option<Receiver>,
    restarts: u8,
    /// The log's next number for this client.
    next: u64,
}

/// What came of a step.
pub(super) struct Done {
    pub(super) outputs: Vec<Output>,
    /// What it gave beside outputs.
    pub(super) said: Vec<Value>,
}

impl Party {
    /// A client that begins when it is told to.
    pub(super) fn new(spec: &Value) -> Self {
        let (spec, sealers) = (spec.clone(), BTreeMap::new());
        Self { spec, meeting: None, sealers, receiver: None, restarts: 0, next: 0 }
    }

    pub(super) fn meeting(&self) -> Read<&Meeting> {
        self.meeting.as_ref().ok_or_else(not_begun)
    }

    pub(super) fn meeting_mut(&mut self) -> Read<&mut Meeting> {
        self.meeting.as_mut().ok_or_else(not_begun)
    }

    /// The log's next number, as far as this client has been told.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Does one step.
    pub(super) fn perform(&mut self, step: &Fields<'_>, posted: &Posted, now: Now) -> Read<Done> {
        let mut said = Vec::new();
        if step.find("begin").is_some() {
            self.begin(now)?;
        } else if let Some(name) = step.find("call") {
            let name = crate::fields::text(name, "call")?;
            if let Err(error) = calls::call(self.meeting_mut()?, name, step, now)? {
                said.push(json!({ "error": format!("{error:?}") }));
            }
        } else if let Some(frame) = step.find("seal") {
            said.push(self.seal(&Fields::of(frame, "seal")?, now)?);
        } else if let Some(frame) = step.find("open") {
            said.push(self.open(&bytes(frame, "open")?, now)?);
        } else if let Some(key) = step.find("restart") {
            self.restart(&array(key, "restart")?, now)?;
        } else if step.find("time").is_some() {
            // Whoever is out has no timers.
            let _ = self.meeting_mut()?.handle_timeout(now);
        } else {
            let input = self.input(step, posted)?;
            if let Err(error) = self.meeting_mut()?.handle(input, now) {
                said.push(json!({ "error": format!("{error:?}") }));
            }
        }
        Ok(Done { outputs: self.drain(), said })
    }

    pub(super) fn drain(&mut self) -> Vec<Output> {
        let meeting = &mut self.meeting;
        core::iter::from_fn(|| meeting.as_mut()?.poll()).collect()
    }

    fn input(&mut self, step: &Fields<'_>, posted: &Posted) -> Read<Input> {
        let (what, value) = step.only()?;
        Ok(match what {
            "connected" => {
                let next = number(value, what)?;
                // Whoever has read nothing yet reads from there on.
                self.next = if self.next == 0 { next } else { self.next };
                Input::Connected { next }
            }
            "log" => {
                let (seq, bytes) = (number(value, what)?, posted.get(what, value)?);
                self.next = self.next.max(seq.saturating_add(1));
                Input::Log { seq, bytes }
            }
            "lobby" => Input::Lobby(posted.get(what, value)?),
            "direct" => Input::Direct(posted.get(what, value)?),
            "blob" => Input::Blob(posted.get("blobs", value)?),
            "entry" => {
                let seq = self.next;
                self.next = self.next.saturating_add(1);
                Input::Log { seq, bytes: bytes(value, what)? }
            }
            "knock" => Input::Lobby(bytes(value, what)?),
            "answer" => Input::Direct(bytes(value, what)?),
            "tree" => Input::Blob(bytes(value, what)?),
            what => return bad(format!("a step cannot `{what}`")),
        })
    }

    fn identity(&self) -> Read<Identity> {
        let spec = Fields::of(&self.spec, "a party")?;
        let identity = Identity::from_secret_key(&spec.array("identity_key")?, spec.text("name")?);
        identity.map_err(|error| Bad(error.to_string()))
    }

    fn begin(&mut self, now: Now) -> Read<()> {
        let identity = self.identity()?;
        let spec = Fields::of(&self.spec, "a party")?;
        let seed = spec.array("seed")?;
        let begun = if spec.find("create").is_some() {
            testing::create(seed, &identity, settings(&spec.object("create")?)?, now)
        } else {
            let join = spec.object("join")?;
            let invite = Invite::parse(join.text("link")?);
            let invite = invite.map_err(|error| Bad(error.to_string()))?;
            match join.find("passcode") {
                Some(_) => {
                    let passcode = join.text("passcode")?;
                    testing::join_with_passcode(seed, &identity, &invite, passcode, now)
                }
                None => testing::join(seed, &identity, &invite, now),
            }
        };
        let meeting = begun.map_err(|error| Bad(error.to_string()))?;
        // The keys are there for others, who have no seed: they are those that the seed gives.
        if spec.find("keys").is_some_and(|keys| Some(keys) != joiner_keys(&meeting).as_ref()) {
            return bad("the seed gives other keys than the case says");
        }
        self.receiver = Some(meeting.receiver());
        self.meeting = Some(meeting);
        Ok(())
    }

    /// The process dies, and another comes back from a snapshot that was taken right before.
    fn restart(&mut self, key: &[u8; 32], now: Now) -> Read<()> {
        let identity = self.identity()?;
        self.restarts = self.restarts.saturating_add(1);
        let seed = [0xf0 ^ self.restarts; 32];
        let meeting = self.meeting_mut()?;
        let snapshot = meeting.snapshot(key).map_err(|error| Bad(error.to_string()))?;
        let restored = testing::restore(seed, &identity, &snapshot, key, Expected::default(), now);
        *meeting = restored.map_err(|error| Bad(error.to_string()))?;
        let receiver = meeting.receiver();
        self.receiver = Some(receiver);
        self.sealers.clear();
        Ok(())
    }

    fn seal(&mut self, frame: &Fields<'_>, now: Now) -> Read<Value> {
        let (track, plaintext) = (track(&frame.object("track")?)?, frame.bytes("plaintext")?);
        if !self.sealers.contains_key(&track) {
            let sealer = self.meeting_mut()?.sealer(track, Framing::Whole);
            match sealer {
                Ok(sealer) => drop(self.sealers.insert(track, sealer)),
                Err(error) => return Ok(json!({ "error": format!("{error:?}") })),
            }
        }
        let Some(sealer) = self.sealers.get_mut(&track) else { return bad("no sealer") };
        let mut sealed = Vec::new();
        Ok(match sealer.seal(&plaintext, now.monotonic_ms, &mut sealed) {
            Ok(()) => json!({ "sealed": hex(sealed) }),
            Err(error) => json!({ "error": format!("{error:?}") }),
        })
    }

    fn open(&mut self, frame: &[u8], now: Now) -> Read<Value> {
        let receiver = self.receiver.as_mut().ok_or_else(not_begun)?;
        let mut plaintext = Vec::new();
        Ok(match receiver.open(0, frame, now.monotonic_ms, &mut plaintext) {
            Ok(Opened::Frame { member, track, .. }) => json!({
                "opened": hex(plaintext), "member": hex(member.as_bytes()), "track": shown(track),
            }),
            Ok(other) => json!({ "opened": format!("{other:?}") }),
            Err(error) => json!({ "error": format!("{error:?}") }),
        })
    }
}

fn not_begun() -> Bad {
    Bad("a party is given something before it has begun".to_owned())
}

/// What a joiner holds, for those who have no seed.
pub(super) fn joiner_keys(meeting: &Meeting) -> Option<Value> {
    let keys = testing::joiner_keys(meeting)?;
    Some(json!({
        "key_package": hex(keys.key_package), "init_key": hex(keys.init),
        "encryption_key": hex(keys.encryption), "signature_key": hex(keys.signature),
        "direct_key": hex(keys.direct),
    }))
}

/// What the creator of a meeting chooses.
fn settings(fields: &Fields<'_>) -> Read<Settings> {
    let mut settings = Settings::MEETING;
    let unknown = |name: &str| Bad(format!("`{name}` is no such number"));
    if fields.find("profile").is_some() {
        let profile = Profile::from_number(fields.small("profile")?);
        settings.profile = profile.ok_or_else(|| unknown("profile"))?;
    }
    if fields.find("door").is_some() {
        settings.door = Door::from_number(fields.small("door")?).ok_or_else(|| unknown("door"))?;
    }
    if fields.find("passcode").is_some() {
        settings.passcode = Some(fields.text("passcode")?.to_owned());
    }
    if fields.find("short_audio_tags").is_some() {
        settings.short_audio_tags = fields.flag("short_audio_tags")?;
    }
    if fields.find("muted").is_some() {
        let muted = TrackKinds::from_bits(fields.small("muted")?);
        settings.muted = muted.ok_or_else(|| unknown("muted"))?;
    }
    if fields.find("padding").is_some() {
        let pad = PadTo::from_number(fields.small("padding")?).ok_or_else(|| unknown("padding"))?;
        settings.padding = Padding { audio: pad, other: pad };
    }
    Ok(settings)
}
