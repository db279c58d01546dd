//! Frames of whole meetings, in both directions: every profile and suite, members who come and go, every
//! kind of track, every codec.

use incamera::wire::TrackKind;
use incamera::{Codec, Framing, Opened, Receiver, Sealer, Track};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::reader::{Reader, each, hex, unhex};
use crate::support::{Who, World};
use crate::watch::{Make, enter, id, makes, secrets};

/// A frame of an encoder's, and the form in which it comes out.
struct Picture {
    framing: Framing,
    frame: Vec<u8>,
    opened: Vec<u8>,
}

/// How the readers are told of a framing.
fn name(framing: Framing) -> &'static str {
    match framing {
        Framing::WebRtc(codec) => codec.name(),
        _ => "whole",
    }
}

/// The frames of the codecs' vectors.
fn pictures() -> Vec<Picture> {
    let file: Value = serde_json::from_str(include_str!("../vectors/codecs/frames.json")).unwrap();
    let picture = |case: &Value| Picture {
        framing: Framing::WebRtc(Codec::from_name(case["codec"].as_str().unwrap()).unwrap()),
        frame: unhex(&case["frame"]),
        opened: unhex(&case["opened"]),
    };
    file["sealed"].as_array().unwrap().iter().map(picture).collect()
}

/// What is sent on a track in one epoch.
fn shown_on(track: Track, chance: &mut Chance) -> Vec<Picture> {
    let plain = |framing, len: usize, chance: &mut Chance| {
        let frame = chance.bytes(len);
        Picture { framing, opened: frame.clone(), frame }
    };
    match track.kind() {
        TrackKind::Camera => pictures(),
        TrackKind::Microphone => {
            let framing = Framing::WebRtc(Codec::Opus);
            (1..12).map(|len| plain(framing, 11 * len, chance)).collect()
        }
        TrackKind::Screen => vec![plain(Framing::WebRtc(Codec::Vp9), 700, chance)],
        TrackKind::ScreenAudio => vec![plain(Framing::Whole, 0, chance)],
        TrackKind::Data => (0..9).map(|len| plain(Framing::Whole, len, chance)).collect(),
    }
}

fn tracks() -> Vec<Track> {
    let new = |kind, index| Track::new(kind, index).unwrap();
    let extra =
        [new(TrackKind::Camera, 1), new(TrackKind::Data, 31), new(TrackKind::Microphone, 2)];
    let first = [Track::MICROPHONE, Track::CAMERA, Track::SCREEN, Track::SCREEN_AUDIO, Track::DATA];
    first.into_iter().chain(extra).collect()
}

/// One meeting, with a reader in the place of its member Ada.
struct Call<'a> {
    reader: &'a mut Reader,
    world: World,
    make: Make,
    chance: Chance,
    /// How many frames went either way.
    frames: usize,
}

impl Call<'_> {
    /// Everybody but Ada sends, and the reader opens it in her place.
    fn listen(&mut self, members: &[Who]) {
        let told = self.make.told("ada", &id(&self.world), secrets(&self.world, 0).own_leaf);
        // A receiver of its own in each epoch: counters start anew.
        self.reader.get("meeting", told);
        let epoch = secrets(&self.world, 0);
        enter(self.reader, "ada", &epoch);
        for &who in members.iter().filter(|&&who| who != 0) {
            let leaf = secrets(&self.world, who).own_leaf;
            for track in tracks() {
                for (counter, picture) in shown_on(track, &mut self.chance).iter().enumerate() {
                    let now_ms = self.world.now_ms;
                    let mut sealed = Vec::new();
                    let mut sealer = self.sealer(who, track, picture.framing);
                    sealer.seal(&picture.frame, now_ms, &mut sealed).unwrap();
                    let request = json!({
                        "in": "ada", "framing": name(picture.framing), "frame": hex(&sealed),
                    });
                    let expected = json!({
                        "epoch": epoch.epoch.to_string(), "leaf": leaf,
                        "context": track.context(), "counter": counter.to_string(),
                        "content": hex(&picture.opened),
                    });
                    self.spoil(picture.framing, &sealed);
                    self.reader.says("open", request.clone(), &expected);
                    // It came already.
                    self.reader.refuses("open", request);
                    self.frames += 1;
                }
            }
        }
    }

    fn sealer(&mut self, who: Who, track: Track, framing: Framing) -> Sealer {
        self.world.clients[who].meeting.sealer(track, framing).unwrap()
    }

    /// A frame that was changed on its way is refused, and does not use its counter up.
    fn spoil(&mut self, framing: Framing, sealed: &[u8]) {
        let at = self.chance.below(sealed.len());
        let mut spoilt = sealed.to_vec();
        spoilt[at] ^= 1 << self.chance.below(8);
        let request = json!({ "in": "ada", "framing": name(framing), "frame": hex(&spoilt) });
        // A size of AV1's or a start code may be written in other ways: then nothing was changed.
        let escapes_sizes =
            matches!(framing, Framing::WebRtc(Codec::Av1 | Codec::H264 | Codec::H265));
        if !escapes_sizes {
            self.reader.refuses("open", request);
        }
    }

    /// The reader sends in the place of a member, and another one of this crate's opens it.
    fn speak(&mut self, as_who: Who, to: Who) {
        let (speaker, member) = (secrets(&self.world, as_who), self.world.member_id(as_who));
        let mut receiver = self.world.clients[to].meeting.receiver();
        for track in tracks() {
            for (place, picture) in shown_on(track, &mut self.chance).iter().enumerate() {
                // Far above those that the member itself has used.
                let counter = (place as u64 + 1) << 20;
                let sealed = self.reader.get(
                    "seal",
                    json!({
                        "in": "ada", "epoch": speaker.epoch.to_string(), "leaf": speaker.own_leaf,
                        "context": track.context(), "counter": counter.to_string(),
                        "framing": name(picture.framing), "frame": hex(&picture.frame),
                    }),
                );
                let sealed = unhex(&sealed["frame"]);
                let opened = self.opened(&mut receiver, picture.framing, &sealed);
                let (sender, sent_on) = match opened.0 {
                    Opened::Frame { member, track, .. } | Opened::Silence { member, track } => {
                        (member, track)
                    }
                    other => panic!("{other:?}"),
                };
                assert_eq!((sender, sent_on), (member, track));
                assert_eq!(opened.1, picture.opened, "{track:?} {}", name(picture.framing));
                self.frames += 1;
            }
        }
    }

    fn opened(
        &self,
        receiver: &mut Receiver,
        framing: Framing,
        sealed: &[u8],
    ) -> (Opened, Vec<u8>) {
        let mut out = Vec::new();
        let outcome = receiver.open_framed(framing, 0, sealed, self.world.now_ms, &mut out);
        (outcome.unwrap_or_else(|error| panic!("{error:?}: {}", hex(sealed))), out)
    }
}

/// People come in, one has another name, the one in the middle is removed, then the one at the highest leaf.
fn go_through(reader: &mut Reader, make: Make) -> usize {
    let world = make.meeting(&["Ada", "Ben", "Cleo", "Dan"]);
    let mut call = Call { reader, world, make, chance: Chance(make.seed.into()), frames: 0 };
    call.listen(&[0, 1, 2, 3]);
    call.speak(1, 3);
    call.world.ask(1, |ben, now| ben.rename("Benjamin", now));
    call.world.pass(1_000);
    call.listen(&[0, 1, 2, 3]);
    call.speak(2, 1);
    for (gone, left) in [(2, &[0, 1, 3][..]), (3, &[0, 1])] {
        let member = call.world.member_id(gone);
        call.world.ask(0, |ada, now| ada.remove(member, now));
        call.world.pass(1_000);
        assert_eq!(call.world.names(0).len(), left.len());
        call.listen(left);
        call.speak(0, 1);
    }
    call.frames
}

#[test]
fn frames_of_meetings_of_every_profile_open_on_the_other_side() {
    each(|reader| {
        for make in makes() {
            let frames = go_through(reader, make);
            assert!(frames > 300, "{frames}");
        }
    });
}
