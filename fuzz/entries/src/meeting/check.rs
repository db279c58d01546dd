//! What has to hold.

use incamera::{Framing, Input, KnockId, Opened, Track};

use super::server::World;

impl World {
    /// Members whose safety codes are the same are in one epoch and see the same people and rules.
    pub(super) fn members_of_one_epoch_agree(&self) {
        // SPEC [I4]
        let views = self.clients.iter().filter_map(|client| {
            let meeting = &client.meeting;
            let code = meeting.safety_code().ok()?;
            let people: Vec<_> = meeting
                .roster()
                .into_iter()
                .map(|it| (it.member, it.fingerprint, it.name, it.role, it.rights, it.may_send))
                .collect();
            let rules = format!("{:?}", meeting.rules().ok()?);
            Some((code.words(), meeting.epoch(), people, rules))
        });
        let views: Vec<_> = views.collect();
        for (at, one) in views.iter().enumerate() {
            for other in &views[at + 1..] {
                assert!(one.0 != other.0 || one == other, "{one:?}\n{other:?}");
            }
        }
    }

    /// The server becomes honest, and time passes.
    pub(super) fn come_to_rest(&mut self) {
        let next = self.log.len() as u64;
        for client in &mut self.clients {
            client.is_held = false;
            client.inbox.push_back(Input::Connected { next });
        }
        self.deliver();
        self.wait(5_000);
    }

    /// Whoever read the server's log and nothing else, and is in, is where all others of the kind are.
    pub(super) fn who_was_not_lied_to_follows(&self) {
        // SPEC [G2]
        let followers = self.clients.iter().filter(|c| c.follows && !c.is_deceived);
        let mut views = followers.map(|client| {
            let code = client.meeting.safety_code().expect("it is in").words();
            (client.meeting.epoch(), code)
        });
        let Some(first) = views.next() else { return };
        views.for_each(|other| assert_eq!(first, other));
    }

    /// The knocks that a client may answer.
    pub(super) fn knocks(&self, who: usize) -> Vec<KnockId> {
        self.clients[who].knocks.clone()
    }

    /// A member seals a frame: who is not in its roster does not open it, nor does anyone twice.
    pub(super) fn send_frame(&mut self, who: usize, track: u8) {
        let (now_ms, sender) = (self.now().monotonic_ms, &mut self.clients[who]);
        let track = [Track::MICROPHONE, Track::CAMERA][usize::from(track) % 2];
        if sender.sealer.as_ref().is_none_or(|sealer| sealer.track() != track) {
            sender.sealer = None;
            sender.sealer = sender.meeting.sealer(track, Framing::Whole).ok();
        }
        let Some(sealer) = &mut sender.sealer else { return };
        let mut sealed = Vec::new();
        if sealer.seal(b"said", now_ms, &mut sealed).is_err() {
            assert!(sealed.is_empty());
            return;
        }
        let roster = sender.meeting.roster();
        for other in (0..self.clients.len()).filter(|other| *other != who) {
            let own = self.member(other as u8);
            let may = roster.iter().any(|participant| participant.member == own);
            let mut out = Vec::new();
            let receiver = &mut self.clients[other].receiver;
            let outcome = receiver.open(0, &sealed, now_ms, &mut out);
            if matches!(outcome, Ok(Opened::Frame { .. })) {
                // SPEC [K7], [M6]
                assert!(may && out == b"said", "who is not in the roster has opened a frame");
                // SPEC [M2]
                assert!(receiver.open(0, &sealed, now_ms, &mut out).is_err());
            }
            while receiver.poll(now_ms, &mut out).is_some() {}
        }
    }
}
