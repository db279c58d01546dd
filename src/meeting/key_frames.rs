//! Key frames: who asks whom for one, and how often a client tells its own encoder to make one (SPEC
//! \[M45\] to \[M48\]).

use std::collections::{BTreeMap, BTreeSet};

use incamera_wire::{EventKind, Fingerprint, MessageId, StayId, Track};

use super::face::{Event, MemberId};
use super::member::Member;
use super::outbox::Outbox;
use super::roster::Roster;
use super::shared::Shared;
use crate::error::Error;
use crate::keyring::LINGER_MS;
use crate::mls::Engine;
use crate::policy::{self, Occupant};

/// How far apart key frames of one track are told, in milliseconds; and one's own requests for them.
const APART_MS: u64 = 1_000;
/// How many requests of one identity count in a row.
const IN_A_ROW: u64 = 4;
/// How long it takes until one more of them counts, in milliseconds.
const REFILL_MS: u64 = 10_000;

/// The key frames that this client has to make, and those that it has asked others for.
#[derive(Default)]
pub(super) struct KeyFrames {
    /// The own tracks of which a key frame is due, and from when on.
    due: BTreeMap<Track, u64>,
    /// When one of a track was told last.
    told: BTreeMap<Track, u64>,
    /// When sealers have entered an epoch with newcomers: the first that no key frame was made for, and
    /// the latest.
    entered: Option<(u64, u64)>,
    /// Until when each identity's requests are spent: each that counts takes 10 s of the 40 ahead of now.
    pub(super) spent: BTreeMap<Fingerprint, u64>,
    /// One's own requests, when each was posted and as what.
    pub(super) asked: BTreeMap<(StayId, Track), (u64, MessageId)>,
}

impl KeyFrames {
    /// Nobody can show this track before its next key frame.
    pub(super) fn need(&mut self, track: Track) {
        self.due.insert(track, 0);
    }

    /// Newcomers are in the epoch that begins now; sealers enter it a little later.
    pub(super) fn need_for_newcomers(&mut self, now_ms: u64) {
        let latest = now_ms.saturating_add(LINGER_MS);
        // Where one commit follows upon another, the first newcomers do not wait for the last.
        let (first, _) = self.entered.unwrap_or((latest, latest));
        self.entered = Some((first, latest));
    }

    /// Somebody asks for a key frame of a track that is sent.
    fn request(&mut self, who: Fingerprint, track: Track, now_ms: u64) {
        // What is due anyway is no more work.
        if self.due.contains_key(&track) {
            return;
        }
        // SPEC [M47]
        let spent = self.spent.get(&who).copied().unwrap_or_default().max(now_ms);
        let after = spent.saturating_add(REFILL_MS);
        if after > now_ms.saturating_add(IN_A_ROW * REFILL_MS) {
            return;
        }
        self.spent.insert(who, after);
        // A newcomer's: a frame that is made now may still be one of the epoch before.
        self.due.insert(track, self.entered.map_or(now_ms, |(first, _)| first));
    }

    /// The tracks among `own` of which a key frame is to be made now.
    fn take(&mut self, own: &[Track], now_ms: u64) -> Vec<Track> {
        if let Some((_, latest)) = self.entered.filter(|(first, _)| *first <= now_ms) {
            self.entered = (now_ms < latest).then_some((latest, latest));
            own.iter().filter(|track| track.kind().is_video()).for_each(|track| self.need(*track));
        }
        let due = self.due.iter().filter(|due| self.ready_at(*due) <= now_ms);
        let now: Vec<_> = due.map(|(track, _)| *track).collect();
        for track in &now {
            self.due.remove(track);
            self.told.insert(*track, now_ms);
        }
        now
    }

    /// When a key frame that is due may be told.
    fn ready_at(&self, (track, from): (&Track, &u64)) -> u64 {
        // SPEC [M45]
        let rested = self.told.get(track).map_or(0, |at| at.saturating_add(APART_MS));
        rested.max(*from)
    }

    /// When [`take`](Self::take) may give something.
    fn deadline(&self) -> Option<u64> {
        let entered = self.entered.map(|(first, _)| first);
        self.due.iter().map(|due| self.ready_at(due)).chain(entered).min()
    }

    /// Whether this client has just asked a member for a key frame of this track, or its request is
    /// still on its way.
    fn is_asked(&self, who: StayId, track: Track, outbox: &Outbox, now_ms: u64) -> bool {
        let asked = self.asked.get(&(who, track));
        asked.is_some_and(|asked| is_fresh(*asked, outbox, now_ms))
    }

    /// This client has asked. What is kept is bounded by the messages under way and one second.
    fn note_asked(
        &mut self,
        who: StayId,
        track: Track,
        posted: MessageId,
        outbox: &Outbox,
        now_ms: u64,
    ) {
        self.asked.retain(|_, asked| is_fresh(*asked, outbox, now_ms));
        self.asked.insert((who, track), (now_ms, posted));
    }

    /// Forgets the identities that are gone, and those that have all their requests again. What is kept is
    /// bounded by the roster.
    pub(super) fn settle(&mut self, roster: &Roster, now_ms: u64) {
        // SPEC [G29]
        self.spent.retain(|_, spent| *spent > now_ms);
        if !self.spent.is_empty() {
            let here: BTreeSet<_> = roster.occupants().iter().map(|who| who.fingerprint).collect();
            self.spent.retain(|who, _| here.contains(who));
        }
    }

    /// Everything that tells two of them apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        use sha2::Digest as _;
        let Self { due, told, entered, spent, asked } = self;
        hash.update(format!("{due:?} {told:?} {entered:?} {spent:?} {asked:?}"));
    }
}

fn is_fresh((at, posted): (u64, MessageId), outbox: &Outbox, now_ms: u64) -> bool {
    now_ms < at.saturating_add(APART_MS) || outbox.holds(posted)
}

impl<E: Engine> Member<E> {
    /// Asks a member for a key frame of its track.
    pub(super) fn request_key_frame(
        &mut self,
        shared: &mut Shared,
        to: MemberId,
        track: Track,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        if !track.kind().is_video() {
            return Err(Error::Argument(
                "key frames are of cameras and screens: name one of these",
            ));
        }
        if to == self.stay {
            return Err(Error::Argument("this is your own track: tell its encoder"));
        }
        self.seat(to)?;
        // SPEC [M48]
        if shared.key_frames.is_asked(to, track, &shared.outbox, now_ms) {
            return Ok(());
        }
        let posted = self.post_event(shared, EventKind::KeyFrameRequest { to, track }, now_ms)?;
        shared.key_frames.note_asked(to, track, posted, &shared.outbox, now_ms);
        Ok(())
    }

    /// Takes in that somebody asks for a key frame.
    pub(super) fn read_key_frame_request(
        &self,
        shared: &mut Shared,
        author: &Occupant,
        to: StayId,
        track: Track,
        now_ms: u64,
    ) {
        let sends = || {
            let own = self.own_seat();
            let may = own.is_some_and(|own| {
                policy::kinds_of(&self.state, &own.occupant).contains(track.kind())
            });
            may && shared.keyring.is_leased(track)
        };
        // SPEC [M46]
        if to != self.stay || self.intents.orders_out(&author.fingerprint) || !sends() {
            return;
        }
        shared.key_frames.request(author.fingerprint, track, now_ms);
    }

    /// Tells of the key frames that are to be made now, and says when the next are.
    pub(super) fn drive_key_frames(&self, shared: &mut Shared, now_ms: u64) -> Option<u64> {
        // Whoever seals nothing makes none in vain: they are due once it does.
        if self.require_in().is_err() {
            return None;
        }
        for track in shared.key_frames.take(&shared.tracks, now_ms) {
            shared.tell(Event::KeyFrameNeeded { track });
        }
        shared.key_frames.deadline()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: Track = Track::CAMERA;
    const SCREEN: Track = Track::SCREEN;
    const OWN: [Track; 3] = [Track::MICROPHONE, CAMERA, SCREEN];

    fn identity(number: u64) -> Fingerprint {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Fingerprint::new(bytes)
    }

    /// A sender on a clock, driven when it asks to be and with every input, as a meeting is.
    #[derive(Default)]
    struct Sender {
        frames: KeyFrames,
        now_ms: u64,
        /// When it was told to make a key frame of which track.
        told: Vec<(u64, Track)>,
    }

    impl Sender {
        fn drive(&mut self) {
            let told = self.frames.take(&OWN, self.now_ms).into_iter();
            self.told.extend(told.map(|track| (self.now_ms, track)));
            let deadline = self.frames.deadline();
            assert!(deadline.is_none_or(|at| at > self.now_ms), "{deadline:?} {}", self.now_ms);
        }

        /// Goes to this time, by way of everything that is due before.
        fn at(&mut self, ms: u64) -> &mut Self {
            while let Some(due) = self.frames.deadline().filter(|due| *due <= ms) {
                self.now_ms = due;
                self.drive();
            }
            self.now_ms = ms;
            self
        }

        fn request(&mut self, who: u64, track: Track) {
            self.frames.request(identity(who), track, self.now_ms);
            self.drive();
        }

        fn admit(&mut self) {
            self.frames.need_for_newcomers(self.now_ms);
            self.drive();
        }

        /// When it was told to make a key frame of the camera.
        fn camera(&self) -> Vec<u64> {
            self.told.iter().filter(|(_, track)| *track == CAMERA).map(|(at, _)| *at).collect()
        }
    }

    #[test]
    fn one_who_floods_gets_four_in_a_row_and_then_one_in_ten_seconds() {
        // SPEC [M45], [M47]
        let mut sender = Sender::default();
        for ms in (0..60_000).step_by(10) {
            sender.at(ms).request(1, CAMERA);
        }
        sender.at(100_000);
        let rest = (1..6).map(|tens| tens * 10_000);
        assert_eq!(
            sender.camera(),
            [0, 1_000, 2_000, 3_000].into_iter().chain(rest).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_flood_over_two_tracks_has_no_more_than_one_over_one() {
        // SPEC [M47]
        let mut sender = Sender::default();
        for ms in (0..9_000).step_by(10) {
            sender.at(ms).request(1, CAMERA);
            sender.request(1, SCREEN);
        }
        assert_eq!(sender.told, [(0, CAMERA), (0, SCREEN), (1_000, CAMERA), (1_000, SCREEN)]);
    }

    #[test]
    fn a_flood_takes_nothing_from_others() {
        // SPEC [M47]
        let mut sender = Sender::default();
        for ms in (0..9_000).step_by(10) {
            sender.at(ms).request(1, CAMERA);
        }
        sender.request(2, CAMERA);
        assert_eq!(sender.camera(), [0, 1_000, 2_000, 3_000, 8_990]);
    }

    #[test]
    fn requests_of_many_within_a_second_are_answered_by_one_at_its_end() {
        // SPEC [M45]
        let mut sender = Sender::default();
        for ms in 0..1_000 {
            sender.at(ms).request(ms, CAMERA);
        }
        sender.at(5_000);
        assert_eq!(sender.camera(), [0, 1_000]);
        // Who came second or later to what was due has spent nothing.
        assert_eq!(sender.frames.spent.len(), 2);
    }

    #[test]
    fn no_request_is_lost_around_the_end_of_a_second() {
        // SPEC [M45]
        for (asked, answered) in
            [(0, 1_000), (1, 1_000), (999, 1_000), (1_000, 1_000), (1_001, 1_001)]
        {
            let mut sender = Sender::default();
            sender.request(1, CAMERA);
            sender.at(asked).request(2, CAMERA);
            sender.at(9_000);
            assert_eq!(sender.camera(), [0, answered], "asked at {asked}");
        }
        // The key frame of one track is none of another.
        let mut sender = Sender::default();
        sender.request(1, CAMERA);
        sender.at(10).request(2, SCREEN);
        assert_eq!(sender.told, [(0, CAMERA), (10, SCREEN)]);
    }

    #[test]
    fn a_budget_comes_back_one_by_one_and_no_further_than_four() {
        // SPEC [M47]
        let counted = |frames: &mut KeyFrames, now_ms: u64| {
            let counts = |_: &i32| {
                frames.request(identity(1), CAMERA, now_ms);
                frames.due.remove(&CAMERA).is_some()
            };
            (0..6).filter(counts).count()
        };
        let after = [(9_999, 0), (10_000, 1), (19_999, 1), (20_000, 2), (39_999, 3), (40_000, 4)];
        for (pause, granted) in after.into_iter().chain([(999_000, 4)]) {
            let mut frames = KeyFrames::default();
            assert_eq!(counted(&mut frames, 7), 4);
            assert_eq!(counted(&mut frames, 7 + pause), granted, "after {pause} ms");
        }
    }

    #[test]
    fn a_storm_of_newcomers_costs_one_key_frame_a_second_and_none_of_them_waits_longer() {
        // SPEC [M45]
        for apart in [10, 100, 149, 150, 151, 400, 1_300] {
            let mut sender = Sender::default();
            let came: Vec<u64> = (0..100).map(|number| number * apart).collect();
            for ms in &came {
                sender.at(*ms).admit();
            }
            sender.at(1_000_000);
            let told = sender.camera();
            assert!(told.is_sorted_by(|a, b| a + APART_MS <= *b), "{told:?}");
            for ms in came {
                let sees = ms + LINGER_MS..=ms + LINGER_MS + APART_MS;
                assert!(told.iter().any(|at| sees.contains(at)), "{ms} of every {apart}: {told:?}");
            }
            assert!(sender.frames.spent.is_empty());
            assert!(!sender.told.iter().any(|(_, track)| !track.kind().is_video()));
        }
    }

    #[test]
    fn a_request_of_a_newcomer_waits_until_sealers_are_in_its_epoch() {
        // SPEC [M45]
        let mut sender = Sender::default();
        sender.at(5_000).admit();
        sender.at(5_010).request(7, CAMERA);
        sender.at(9_000);
        assert_eq!(sender.camera(), [5_000 + LINGER_MS]);
    }

    #[test]
    fn newcomers_get_theirs_whatever_a_flood_has_spent() {
        // SPEC [M47]
        let mut sender = Sender::default();
        for ms in (0..5_000).step_by(10) {
            sender.at(ms).request(1, CAMERA);
        }
        sender.admit();
        sender.at(6_000);
        assert_eq!(sender.camera(), [0, 1_000, 2_000, 3_000, 4_990 + LINGER_MS]);
    }
}
