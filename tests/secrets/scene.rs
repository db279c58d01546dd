//! The meeting: everything in it that makes, uses or ends a key, the same for one seed.

use std::any::type_name;
use std::fmt::{Debug, Display};

use incamera::testing::{self, RustCrypto};
use incamera::{
    DenyReason, Door, Event, Expected, Framing, InviteOptions, Meeting, Now, Profile, Receiver,
    Sealer, Settings, Track,
};

use crate::support::{Who, World};

pub(crate) const PASSCODE: &str = "qz7XkvPw9mJt4hRb2c";
const OTHER_PASSCODE: &str = "Vn3yLd8sGf6wUe1xTo";
const WRONG_PASSCODE: &str = "kB5rHj0aMi9pCq4ZvY";

const ADA: Who = 0;
const BEN: Who = 1;
const CLEO: Who = 2;
const DAN: Who = 3;
const EVE: Who = 4;

/// Called whenever something may have changed.
pub(crate) type Watch<'a> = dyn FnMut(&mut Scene) + 'a;

/// Everything there is.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) sealers: Vec<(Who, Sealer)>,
    pub(crate) receivers: Vec<Receiver>,
    /// What the library said, by its type: errors, invites, what became of frames. Empty unless somebody asks.
    pub(crate) said: Vec<(&'static str, String)>,
    notes: bool,
    profile: Profile,
    seed: u8,
}

/// 32 bytes that look random, of a seed and a number.
pub(crate) fn bytes(seed: u8, number: usize) -> [u8; 32] {
    let mut state = u64::from(seed) << 32 | (number as u64 + 1);
    std::array::from_fn(|_| {
        // splitmix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) as u8
    })
}

/// The key of snapshots.
pub(crate) fn snapshot_key(seed: u8) -> [u8; 32] {
    bytes(seed, 1_000)
}

/// Plays the whole meeting; all of it is gone at the end. With `notes`, [`Scene::said`] is filled.
pub(crate) fn play(profile: Profile, seed: u8, notes: bool, watch: &mut Watch<'_>) {
    let world = World::new(seed);
    let (sealers, receivers, said) = (Vec::new(), Vec::new(), Vec::new());
    let mut scene = Scene { world, sealers, receivers, said, notes, profile, seed };
    scene.come_in(watch);
    scene.talk(watch);
    scene.go_on_for_minutes(watch);
    scene.turn_somebody_away(watch);
    scene.remove_somebody(watch);
    scene.change_the_locks(watch);
    scene.crash(watch);
    scene.lose_track(watch);
    scene.end(watch);
}

impl Scene {
    /// Notes what somebody might show.
    fn note<T: Debug>(&mut self, shown: &T) {
        if self.notes {
            self.said.push((type_name::<T>(), format!("{shown:?}\n{shown:#?}")));
        }
    }

    /// Notes what became of something.
    fn note_result<T: Debug, E: Debug + Display>(&mut self, outcome: &Result<T, E>) {
        match outcome {
            Ok(done) => self.note(done),
            Err(error) if self.notes => {
                self.note(error);
                self.said.push((type_name::<E>(), error.to_string()));
            }
            Err(_) => {}
        }
    }

    /// Lets everything happen that happens without time passing.
    fn settle(&mut self, watch: &mut Watch<'_>) {
        for _ in 0..10_000 {
            watch(self);
            if !self.world.step() {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    fn pass(&mut self, ms: u64, watch: &mut Watch<'_>) {
        let end = self.world.now_ms + ms;
        while self.world.now_ms < end {
            self.world.pass(500.min(end - self.world.now_ms));
            self.settle(watch);
        }
    }

    #[track_caller]
    fn ask<T>(
        &mut self,
        who: Who,
        watch: &mut Watch<'_>,
        what: impl FnOnce(&mut Meeting, Now) -> Result<T, incamera::Error>,
    ) -> T {
        let now = self.world.now();
        let asked = what(&mut self.world.clients[who].meeting, now).unwrap();
        self.settle(watch);
        asked
    }

    fn identity(&self, who: Who, name: &str) -> incamera::Identity {
        testing::identity(bytes(self.seed, who), name).unwrap()
    }

    fn knock(&mut self, name: &'static str, passcode: &str, watch: &mut Watch<'_>) -> Who {
        let (who, now) = (self.world.clients.len(), self.world.now());
        let invite = self.world.clients[ADA].meeting.invite().unwrap();
        self.note(&invite);
        let identity = self.identity(who, name);
        self.note(&identity);
        let seed = bytes(self.seed, 100 + who);
        let meeting = testing::join_with_passcode(seed, &identity, &invite, passcode, now);
        drop((identity, invite));
        self.world.add(name, meeting.unwrap());
        self.settle(watch);
        // An admitter takes the proof on after a while.
        self.pass(3_000, watch);
        who
    }

    fn knock_and_enter(&mut self, name: &'static str, passcode: &str, watch: &mut Watch<'_>) {
        let who = self.knock(name, passcode, watch);
        let knock = self.world.last_knock(ADA);
        self.ask(ADA, watch, |ada, now| ada.admit(knock, now));
        self.pass(2_000, watch);
        assert!(self.world.has_joined(who), "{name} must be in");
        self.take_up_media(who);
    }

    /// Takes the sealers and the receiver that this client uses from now on.
    fn take_up_media(&mut self, who: Who) {
        self.sealers.retain(|(of, _)| *of != who);
        for track in [Track::MICROPHONE, Track::CAMERA] {
            let sealer = self.world.clients[who].meeting.sealer(track, Framing::Whole).unwrap();
            self.note(&sealer);
            self.sealers.push((who, sealer));
        }
        let receiver = self.world.clients[who].meeting.receiver();
        if who == self.receivers.len() {
            self.receivers.push(receiver);
        } else {
            self.receivers[who] = receiver;
        }
    }

    /// Everybody sends on every track, genuine frames and forged ones, and everybody listens. Gives how
    /// many were heard.
    fn media(&mut self, watch: &mut Watch<'_>) -> usize {
        let (now_ms, mut heard) = (self.world.now_ms, 0);
        let mut sealers = std::mem::take(&mut self.sealers);
        for (who, sealer) in &mut sealers {
            for round in 0..3 {
                let mut frame = Vec::new();
                let sealed = sealer.seal(&[round; 90], now_ms, &mut frame);
                self.note_result(&sealed);
                self.note(sealer);
                if sealed.is_err() {
                    continue;
                }
                let mut forged = frame.clone();
                *forged.last_mut().unwrap() ^= 1;
                for listener in 0..self.receivers.len() {
                    for sent in [&forged, &frame, &frame] {
                        let mut out = Vec::new();
                        let opened = self.receivers[listener].open(7, sent, now_ms, &mut out);
                        assert!(listener != *who || opened.is_err());
                        heard += usize::from(!out.is_empty());
                        self.note_result(&opened);
                    }
                }
                watch(self);
            }
        }
        self.sealers = sealers;
        heard
    }

    fn come_in(&mut self, watch: &mut Watch<'_>) {
        let mut settings = Settings::default();
        settings.profile = self.profile;
        settings.passcode = Some(PASSCODE.to_owned());
        settings.short_audio_tags = self.profile != Profile::Portable;
        self.note(&settings);
        let identity = self.identity(ADA, "Ada");
        let seed = bytes(self.seed, 100 + ADA);
        let ada = testing::create(seed, &identity, settings, self.world.now()).unwrap();
        drop(identity);
        self.world.add("Ada", ada);
        self.settle(watch);
        self.take_up_media(ADA);
        self.knock_and_enter("Ben", PASSCODE, watch);
        let instead = RustCrypto::instead();
        self.knock_and_enter("Cleo", PASSCODE, watch);
        drop(instead);
        assert_eq!(self.media(watch), 2 * 3 * 2 * 3);
    }

    fn talk(&mut self, watch: &mut Watch<'_>) {
        let ben = self.world.member_id(BEN);
        self.world.clients[ADA].meeting.mark_verified(ben, true).unwrap();
        let code = self.world.clients[ADA].meeting.pair_code(ben).unwrap();
        self.note(&code);
        self.ask(ADA, watch, |ada, now| ada.chat("hello", now));
        self.ask(CLEO, watch, |cleo, now| cleo.chat_to(ben, "a word", now));
        self.ask(BEN, watch, |ben, now| ben.rename("Benjamin", now));
        self.pass(1_000, watch);
    }

    fn go_on_for_minutes(&mut self, watch: &mut Watch<'_>) {
        let before = self.world.clients[ADA].meeting.epoch();
        self.pass(320_000, watch);
        assert!(self.world.clients[ADA].meeting.epoch() > before, "somebody has renewed");
        assert_eq!(self.media(watch), 2 * 3 * 2 * 3);
    }

    fn turn_somebody_away(&mut self, watch: &mut Watch<'_>) {
        let dan = self.knock("Dan", WRONG_PASSCODE, watch);
        assert_eq!(dan, DAN);
        let knock = self.world.last_knock(ADA);
        self.ask(ADA, watch, |ada, now| ada.deny(knock, DenyReason::NotExpected, now));
        assert_eq!(self.world.count(DAN, |event| matches!(event, Event::Denied { .. })), 1);
        // So that every client has a receiver.
        self.receivers.push(self.world.clients[DAN].meeting.receiver());
        self.knock_and_enter("Eve", PASSCODE, watch);
    }

    fn remove_somebody(&mut self, watch: &mut Watch<'_>) {
        let eve = self.world.member_id(EVE);
        self.ask(ADA, watch, |ada, now| ada.remove(eve, now));
        self.pass(4_000, watch);
        assert_eq!(self.world.names(ADA).len(), 3);
        self.media(watch);
    }

    fn change_the_locks(&mut self, watch: &mut Watch<'_>) {
        self.ask(ADA, watch, |ada, now| ada.set_passcode(Some(OTHER_PASSCODE), now));
        self.pass(1_000, watch);
        let options = InviteOptions { name: "friends".to_owned(), ..InviteOptions::default() };
        self.note(&options);
        let invite = self.ask(ADA, watch, |ada, now| ada.create_invite(options, now));
        self.note(&invite);
        self.pass(1_000, watch);
        let live = self.world.clients[ADA].meeting.invites().unwrap();
        live.iter().for_each(|live| self.note(live));
        let (first, last) = (live[0].id, live[1].id);
        drop(live);
        self.ask(ADA, watch, |ada, now| ada.rotate_invite(first, now));
        self.pass(1_000, watch);
        self.ask(ADA, watch, |ada, now| ada.revoke_invite(last, now));
        self.pass(1_000, watch);
    }

    fn crash(&mut self, watch: &mut Watch<'_>) {
        let (key, now) = (snapshot_key(self.seed), self.world.now());
        let snapshot = self.world.clients[BEN].meeting.snapshot(&key).unwrap();
        watch(self);
        let (identity, seed) = (self.identity(BEN, "Ben"), bytes(self.seed, 200));
        let restore = |key: &[u8; 32], snapshot: &[u8]| {
            testing::restore(seed, &identity, snapshot, key, Expected::default(), now)
        };
        let refused = [restore(&bytes(self.seed, 201), &snapshot), restore(&key, &snapshot[1..])];
        refused.iter().for_each(|refused| self.note_result(refused));
        assert!(refused.iter().all(Result::is_err));
        let restored = restore(&key, &snapshot).unwrap();
        self.sealers.retain(|(of, _)| *of != BEN);
        self.receivers[BEN] = restored.receiver();
        self.world.restart(BEN, restored);
        self.settle(watch);
        self.pass(5_000, watch);
        self.take_up_media(BEN);
        assert_eq!(self.media(watch), 2 * 3 * 2 * 3);
    }

    fn lose_track(&mut self, watch: &mut Watch<'_>) {
        self.world.lost.insert((CLEO, self.world.log.len() as u64));
        self.ask(ADA, watch, |ada, now| ada.set_door(Door::Open, now));
        self.ask(ADA, watch, |ada, now| ada.chat("is Cleo here?", now));
        self.pass(60_000, watch);
        self.take_up_media(CLEO);
        assert_eq!(self.media(watch), 2 * 3 * 2 * 3, "Cleo has come back");
    }

    fn end(&mut self, watch: &mut Watch<'_>) {
        self.ask(CLEO, watch, |cleo, now| cleo.leave(now));
        self.pass(3_000, watch);
        self.ask(ADA, watch, |ada, now| ada.end(now));
        self.pass(3_000, watch);
        self.media(watch);
    }
}
