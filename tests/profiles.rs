//! What a meeting is made of: every profile, and sound with short tags.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking and prints its seed"
)]

mod support;

use incamera::wire::FrameHeader;
use incamera::{
    Error, Expected, Framing, Identity, Meeting, Opened, PadTo, Padding, Profile, Settings, Track,
    testing,
};
use support::World;

fn settings(profile: Profile, short_audio_tags: bool) -> Settings {
    let mut settings = Settings::OPEN;
    (settings.profile, settings.short_audio_tags) = (profile, short_audio_tags);
    settings
}

fn meeting(seed: u8, settings: Settings) -> World {
    let mut world = World::new(seed);
    world.create_with("Ada", settings);
    for name in ["Ben", "Cleo"] {
        let who = world.knock(name);
        world.pass(1_000);
        assert!(world.has_joined(who));
    }
    world.assert_agreed(&[0, 1, 2]);
    world
}

/// Seals a frame of each track, lets everybody else open it, and gives the lengths of the tags.
fn tag_lengths(world: &mut World, from: usize) -> Vec<(Track, usize)> {
    let now = world.now_ms;
    let tracks =
        [Track::MICROPHONE, Track::CAMERA, Track::SCREEN, Track::SCREEN_AUDIO, Track::DATA];
    tracks
        .map(|track| {
            let mut sealer = world.clients[from].meeting.sealer(track, Framing::Whole).unwrap();
            let mut sealed = Vec::new();
            sealer.seal(b"a frame", now, &mut sealed).unwrap();
            assert!(sealed.len() <= sealer.max_sealed_len(7));
            for (_, client) in world.clients.iter().enumerate().filter(|(who, _)| *who != from) {
                let mut out = Vec::new();
                let opened = client.meeting.receiver().open(0, &sealed, now, &mut out).unwrap();
                assert!(matches!(opened, Opened::Frame { track: of, .. } if of == track));
                assert_eq!(out, b"a frame");
            }
            (track, sealed.len() - FrameHeader::parse(&sealed).unwrap().1 - 7)
        })
        .into()
}

#[test]
fn a_meeting_of_every_profile_goes_through_removal_and_return() {
    for (seed, &profile) in (1..).zip(Profile::ALL) {
        let mut world = meeting(seed, settings(profile, false));
        assert!(tag_lengths(&mut world, 1).iter().all(|(_, length)| *length == 16));
        let cleo = world.member_id(2);
        world.ask(0, |meeting, now| meeting.remove(cleo, now));
        world.pass(1_000);
        world.assert_agreed(&[0, 1]);
        // The removal has closed the door to all whom nobody lets in.
        let dan = world.knock("Dan");
        world.admit_all(0);
        world.pass(1_000);
        assert!(world.has_joined(dan), "{profile:?}");
        world.assert_agreed(&[0, 1, dan]);
        let key = [7; 32];
        let snapshot = world.clients[1].meeting.snapshot(&key).unwrap();
        let mut born = [seed; 32];
        born[0] = 1;
        let ben = testing::identity(born, "Ben").unwrap();
        let again =
            testing::restore([99; 32], &ben, &snapshot, &key, Expected::default(), world.now());
        world.restart(1, again.unwrap());
        world.pass(5_000);
        world.assert_agreed(&[0, 1, dan]);
    }
}

#[test]
fn sound_has_tags_of_10_bytes_where_the_host_chose_them() {
    // SPEC [K11]
    for (seed, profile) in [(11, Profile::Standard), (12, Profile::PostQuantum)] {
        let mut world = meeting(seed, settings(profile, true));
        for client in &world.clients {
            assert!(client.meeting.rules().unwrap().short_audio_tags);
        }
        for (track, length) in tag_lengths(&mut world, 2) {
            let sound = [Track::MICROPHONE, Track::SCREEN_AUDIO].contains(&track);
            assert_eq!(length, if sound { 10 } else { 16 }, "{track:?}");
        }
    }
}

#[test]
fn the_portable_profile_has_no_short_tags() {
    let identity = testing::identity([1; 32], "Ada").unwrap();
    let now = World::new(13).now();
    let refused = Meeting::create(&identity, settings(Profile::Portable, true), now).err();
    assert!(matches!(refused, Some(Error::Argument(_))), "{refused:?}");
}

#[test]
fn a_meeting_pads_as_its_host_chose_in_every_profile() {
    // SPEC [M40]
    for (seed, &profile) in (20..).zip(Profile::ALL) {
        let mut padded = settings(profile, false);
        padded.padding = Padding { audio: PadTo::Multiple(100), other: PadTo::Padme };
        let mut world = meeting(seed, padded);
        for client in &world.clients {
            assert_eq!(client.meeting.rules().unwrap().padding.audio, PadTo::Multiple(100));
        }
        for (track, rest) in tag_lengths(&mut world, 1) {
            let sound = [Track::MICROPHONE, Track::SCREEN_AUDIO].contains(&track);
            // Seven bytes become 100, or 8.
            assert_eq!(rest - 16, if sound { 100 - 7 } else { 8 - 7 }, "{track:?}");
        }
        // After a removal as before.
        let cleo = world.member_id(2);
        world.ask(0, |meeting, now| meeting.remove(cleo, now));
        world.pass(1_000);
        world.clients.truncate(2);
        assert!(tag_lengths(&mut world, 0).iter().all(|(_, rest)| [109, 17].contains(rest)));
    }
}

#[test]
fn padding_that_pads_nothing_is_refused() {
    let identity = testing::identity([1; 32], "Ada").unwrap();
    let now = World::new(15).now();
    for bytes in [0, 1] {
        let mut padded = Settings::MEETING;
        padded.padding.other = PadTo::Multiple(bytes);
        let refused = Meeting::create(&identity, padded, now).err();
        assert!(matches!(refused, Some(Error::Argument(_))), "{refused:?}");
    }
}

#[test]
fn an_identity_is_of_no_profile() {
    // One identity in meetings of every profile at once.
    let identity = Identity::generate("Ada").unwrap();
    let now = World::new(14).now();
    for &profile in Profile::ALL {
        let meeting = Meeting::create(&identity, settings(profile, false), now).unwrap();
        assert_eq!(meeting.roster().len(), 1);
    }
}
