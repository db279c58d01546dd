//! A meeting of this crate's, and a reader that is told of one member of it what SPEC.md derives the
//! rest from.

use incamera::testing::{self, MemberSecrets};
use incamera::wire::GroupState;
use incamera::{PadTo, Padding, Profile, Right, Settings};
use serde_json::{Value, json};

use crate::reader::{Reader, hex};
use crate::support::{Who, World};

/// What the meetings here are made with.
#[derive(Clone, Copy)]
pub(crate) struct Make {
    pub(crate) seed: u8,
    pub(crate) profile: Profile,
    pub(crate) short_audio_tags: bool,
    pub(crate) padding: Padding,
}

/// All suites and kinds of padding.
pub(crate) fn makes() -> [Make; 5] {
    let padding = |audio, other| Padding { audio, other };
    let make = |seed, profile, short_audio_tags, padding| Make {
        seed,
        profile,
        short_audio_tags,
        padding,
    };
    [
        make(1, Profile::Standard, false, Padding::NONE),
        make(2, Profile::Standard, true, padding(PadTo::Multiple(160), PadTo::Padme)),
        make(3, Profile::Portable, false, padding(PadTo::Padme, PadTo::Multiple(2))),
        make(4, Profile::PostQuantum, false, padding(PadTo::Nothing, PadTo::Padme)),
        make(5, Profile::PostQuantum, true, Padding::NONE),
    ]
}

impl Make {
    fn settings(self) -> Settings {
        let mut settings = Settings::MEETING;
        settings.profile = self.profile;
        settings.short_audio_tags = self.short_audio_tags;
        settings.padding = self.padding;
        settings.attendee = settings.attendee.with(Right::ShareScreen);
        settings
    }

    /// What a reader is told of the meeting's life.
    pub(crate) fn told(self, name: &str, meeting: &str, own_leaf: u32) -> Value {
        json!({
            "name": name, "meeting": meeting, "own_leaf": own_leaf,
            "profile": self.profile.number(), "short_audio_tags": self.short_audio_tags,
            "audio_padding": self.padding.audio.number(),
            "other_padding": self.padding.other.number(),
        })
    }

    /// A meeting with these members.
    pub(crate) fn meeting(self, names: &[&'static str]) -> World {
        let mut world = World::new(self.seed);
        world.create_with(names[0], self.settings());
        world.settle();
        for name in &names[1..] {
            let who = world.knock(name);
            world.admit_all(0);
            assert!(world.has_joined(who), "{name} must be in");
        }
        world.pass(1_000);
        world
    }
}

/// What a member has.
#[track_caller]
pub(crate) fn secrets(world: &World, who: Who) -> MemberSecrets {
    testing::secrets(&world.clients[who].meeting).unwrap()
}

/// The meeting's state as this crate reads it.
pub(crate) fn state(world: &World, who: Who) -> GroupState {
    GroupState::decode(&secrets(world, who).state).unwrap()
}

/// The meeting's id in hex.
pub(crate) fn id(world: &World) -> String {
    hex(world.clients[0].meeting.id().as_bytes())
}

/// Tells a reader of the epoch that a member is in.
pub(crate) fn enter(reader: &mut Reader, name: &str, secrets: &MemberSecrets) -> Value {
    let MemberSecrets { epoch, leaves, exporter_secret, .. } = secrets;
    reader.get(
        "epoch",
        json!({
            "in": name, "epoch": epoch.to_string(), "leaves": leaves,
            "exporter_secret": hex(exporter_secret),
        }),
    )
}
