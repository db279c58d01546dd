//! A meeting in which everything happens that makes an entry of the log, and what it leaves behind.

use incamera::testing::{self, MemberSecrets};
use incamera::wire::{Envelope, EnvelopeKind, GroupState, TrackKind};
use incamera::{
    AnnouncedFraming, AnnouncedTrack, Door, InviteOptions, Meeting, Role, Track, TrackKinds,
};

use crate::support::{Who, World};

const ADA: Who = 0;
const BEN: Who = 1;
const CLEO: Who = 2;
const DAN: Who = 3;
const EVE: Who = 4;

/// A meeting, and what a member had in each of its epochs.
pub(crate) struct History {
    pub(crate) world: World,
    /// By number of epoch.
    pub(crate) epochs: Vec<MemberSecrets>,
    /// What Cleo had before she was lost: a private chat is hers.
    pub(crate) cleo: MemberSecrets,
}

impl History {
    /// A meeting that is over.
    pub(crate) fn new(seed: u8) -> Self {
        let mut world = World::new(seed);
        world.create("Ada");
        world.settle();
        let cleo = testing::secrets(&world.clients[ADA].meeting).unwrap();
        let mut history = Self { world, epochs: Vec::new(), cleo };
        history.note();
        for name in ["Ben", "Cleo", "Dan"] {
            let who = history.world.knock(name);
            history.world.admit_all(ADA);
            assert!(history.world.has_joined(who));
            history.note();
        }
        history.cleo = testing::secrets(&history.world.clients[CLEO].meeting).unwrap();
        history.talk();
        history.change_the_rules();
        history.lose_cleo();
        history.part();
        history.fall_silent();
        history
    }

    /// Keeps what somebody has in the newest epoch.
    fn note(&mut self) {
        self.world.settle();
        let secrets =
            self.world.clients.iter().filter_map(|client| testing::secrets(&client.meeting));
        let mut newer: Vec<_> =
            secrets.filter(|secrets| secrets.epoch >= self.epochs.len() as u64).collect();
        newer.sort_by_key(|secrets| secrets.epoch);
        newer.dedup_by_key(|secrets| secrets.epoch);
        for secrets in newer {
            assert_eq!(secrets.epoch, self.epochs.len() as u64, "an epoch was missed");
            self.epochs.push(secrets);
        }
    }

    /// Lets time go by; one epoch at most begins in each step.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..4 * seconds {
            self.world.pass(250);
            self.note();
        }
    }

    /// Somebody does something.
    fn ask(
        &mut self,
        who: Who,
        what: impl FnOnce(&mut Meeting, incamera::Now) -> Result<(), incamera::Error>,
    ) {
        self.world.ask(who, what);
        self.note();
        self.pass(1);
    }

    fn talk(&mut self) {
        let [ada, ben, cleo] = [ADA, BEN, CLEO].map(|who| self.world.member_id(who));
        self.pass(1);
        self.ask(ADA, |it, now| it.chat("to all: gr\u{fc}\u{df} euch", now));
        self.ask(BEN, |it, now| it.chat_to(cleo, "to Cleo alone", now));
        self.ask(CLEO, |it, now| it.react("\u{1f44d}", now));
        self.ask(BEN, |it, now| it.raise_hand(true, now));
        let kinds = TrackKinds::of(&[TrackKind::Camera]);
        self.ask(ADA, |it, now| it.ask_to_send(ben, kinds, now));
        let tracks = vec![AnnouncedTrack {
            track: Track::CAMERA,
            codec: "VP8".to_owned(),
            framing: AnnouncedFraming::WebRtc,
            transport: "1".to_owned(),
            muted: false,
        }];
        self.ask(ADA, |it, now| it.announce(tracks, now));
        self.ask(BEN, |it, now| it.request_key_frame(ada, Track::CAMERA, now));
    }

    fn change_the_rules(&mut self) {
        let ben = self.world.clients[BEN].meeting.roster()[1].fingerprint;
        self.ask(ADA, |it, now| it.set_role(ben, Role::CoHost, now));
        self.ask(ADA, |it, now| it.set_succession(vec![ben], now));
        self.ask(BEN, |it, now| it.rename("Benjamin", now));
        self.ask(ADA, |it, now| it.set_passcode(Some("4711"), now));
        let options =
            InviteOptions { passcode: true, name: "guests".to_owned(), ..InviteOptions::default() };
        let invite = self.world.ask(ADA, |it, now| it.create_invite(options, now));
        self.note();
        let eve = self.world.knock_proving("Eve", &invite, "4711");
        assert_eq!(eve, EVE);
        self.pass(3);
        self.world.admit_all(ADA);
        self.note();
        assert!(self.world.has_joined(EVE));
    }

    /// Cleo loses an entry for good, and comes back by a fresh leaf.
    fn lose_cleo(&mut self) {
        let before = self.world.member_id(CLEO);
        self.world.lost.insert((CLEO, self.world.log.len() as u64));
        self.ask(ADA, |it, now| it.set_door(Door::Locked, now));
        for _ in 0..45 {
            self.ask(ADA, |it, now| it.chat("is everybody here?", now));
        }
        assert_ne!(self.world.member_id(CLEO), before);
    }

    fn part(&mut self) {
        let dan = self.world.member_id(DAN);
        self.ask(ADA, |it, now| it.remove(dan, now));
        self.ask(EVE, Meeting::leave);
        // Somebody renews.
        self.pass(260);
        assert_eq!(self.world.names(ADA).len(), 3);
    }

    /// The host is heard of no more, and its successor ends the meeting.
    fn fall_silent(&mut self) {
        self.world.clients[ADA].online = false;
        self.pass(45);
        self.world.ask(BEN, Meeting::end);
    }

    /// The state in an epoch.
    pub(crate) fn state(&self, epoch: usize) -> GroupState {
        GroupState::decode(&self.epochs[epoch].state).unwrap()
    }

    /// The sequence number of the commit that began an epoch; `None` for the first.
    pub(crate) fn began(&self, epoch: u64) -> Option<usize> {
        let begins = |entry: &&(usize, Envelope)| {
            entry.1.kind == EnvelopeKind::Handshake && entry.1.epoch + 1 == epoch
        };
        let entries: Vec<_> = self.envelopes().enumerate().collect();
        let found: Vec<_> = entries.iter().filter(begins).collect();
        assert!(found.len() <= 1, "two commits for an epoch: this meeting has no races");
        found.first().map(|(seq, _)| *seq)
    }

    fn envelopes(&self) -> impl Iterator<Item = Envelope> {
        self.world.log.iter().map(|entry| Envelope::decode(entry).unwrap())
    }
}
