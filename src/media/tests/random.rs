//! Arbitrary and mutated bytes, and random orders of everything.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::{CAMERA, MIC, from, open, receiver, seal, sealer};
use crate::keyring::Keyring;
use crate::keyring::fixture::{counter, epoch, epoch_byte, members};
use crate::media::{FrameError, Framing, Opened, Receiver, Sealer};

fn is_frame(opened: &Result<(Opened, Vec<u8>), FrameError>) -> bool {
    matches!(opened, Ok((Opened::Frame { .. } | Opened::Silence { .. }, _)))
}

proptest! {
    #[test]
    fn arbitrary_bytes_open_nothing_and_change_nothing(
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 1..20),
    ) {
        // SPEC [M11]
        let [_, bob_keys] = members::<2>(1);
        let before = bob_keys.digest();
        let mut bob = receiver(&bob_keys);
        for frame in &frames {
            let opened = open(&mut bob, 0, frame, 0);
            prop_assert!(!is_frame(&opened));
        }
        prop_assert_eq!(bob_keys.digest(), before);
    }

    #[test]
    fn a_mutated_frame_opens_nothing_and_changes_nothing(
        text in proptest::collection::vec(any::<u8>(), 0..200),
        skipped in 0..300_usize,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 1..=u8::MAX), 1..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        // SPEC [M1] [M11]
        let [alice, bob_keys] = members(1);
        let mut camera = sealer(&alice, CAMERA);
        (0..skipped).for_each(|_| drop(seal(&mut camera, b"")));
        let frame = seal(&mut camera, &text);
        let mut mutated = frame.clone();
        for (at, mask) in edits {
            let at = at.index(mutated.len());
            mutated[at] ^= mask;
        }
        if let Some(cut) = cut {
            mutated.truncate(cut.index(mutated.len()));
        }
        prop_assume!(mutated != frame);
        let before = bob_keys.digest();
        let mut bob = receiver(&bob_keys);
        let opened = open(&mut bob, 0, &mutated, 0);
        prop_assert!(!is_frame(&opened));
        prop_assert_eq!(bob_keys.digest(), before);
        prop_assert_eq!(open(&mut bob, 0, &frame, 0), Ok((from(0, CAMERA), text)));
    }
}

/// One step of a random run.
#[derive(Clone, Debug)]
enum Step {
    Seal,
    SealWithoutRoom,
    TakeAgain,
    Deliver(prop::sample::Index),
    Replay(prop::sample::Index),
    Forge(prop::sample::Index),
    SenderCommits { removes: bool },
    ReceiverCommits,
    NewReceiver,
    Wait(u64),
    Stop(bool),
    NeedRelay(bool),
    ProveRelay(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => Just(Step::Seal),
        1 => Just(Step::SealWithoutRoom),
        1 => Just(Step::TakeAgain),
        6 => index().prop_map(Step::Deliver),
        3 => index().prop_map(Step::Replay),
        3 => index().prop_map(Step::Forge),
        1 => any::<bool>().prop_map(|removes| Step::SenderCommits { removes }),
        2 => Just(Step::ReceiverCommits),
        1 => Just(Step::NewReceiver),
        1 => (0..400_u64).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::Stop),
        1 => any::<bool>().prop_map(Step::NeedRelay),
        1 => any::<bool>().prop_map(Step::ProveRelay),
    ]
}

/// A sender and a receiver, what has been sent, and what has been accepted.
struct World {
    sender: Arc<Keyring>,
    keys: Arc<Keyring>,
    sealer: Option<Sealer>,
    receiver: Receiver,
    commits: Vec<bool>,
    received: usize,
    now_ms: u64,
    sent: Vec<Vec<u8>>,
    accepted: BTreeSet<usize>,
    stopped: bool,
    /// Whether a relay is needed, and whether one is proved.
    relay: (bool, bool),
}

impl World {
    fn new() -> Self {
        let [sender, keys] = members(1);
        let (sealer, receiver) = (Some(sealer(&sender, MIC)), receiver(&keys));
        Self {
            sender,
            keys,
            sealer,
            receiver,
            commits: vec![],
            received: 0,
            now_ms: 0,
            sent: vec![],
            accepted: BTreeSet::new(),
            stopped: false,
            relay: (false, false),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Seal => self.seal(),
            Step::SealWithoutRoom => self.seal_without_room(),
            Step::TakeAgain => self.take_again(),
            Step::Deliver(at) => self.deliver(&at),
            Step::Replay(at) if !self.accepted.is_empty() => {
                let seen = *self.accepted.iter().nth(at.index(self.accepted.len())).unwrap();
                let opened = open(&mut self.receiver, 0, &self.sent[seen].clone(), self.now_ms);
                assert!(opened.is_err());
            }
            Step::Forge(at) if !self.sent.is_empty() => {
                let mut frame = self.sent[at.index(self.sent.len())].clone();
                *frame.last_mut().unwrap() ^= 1;
                let before = self.keys.digest();
                let opened = open(&mut self.receiver, u64::MAX, &frame, self.now_ms);
                assert!(opened.is_err() || opened == Ok((Opened::Held, vec![])));
                assert_eq!(self.keys.digest(), before);
            }
            Step::SenderCommits { removes } if self.commits.len() < self.received + 32 => {
                self.commits.push(removes);
                let number = self.commits.len() as u64 + 1;
                self.sender.install(epoch(number, 0, &[0, 1], removes), self.now_ms).unwrap();
            }
            Step::ReceiverCommits if self.received < self.commits.len() => {
                let removes = self.commits[self.received];
                self.received += 1;
                let number = self.received as u64 + 1;
                self.keys.install(epoch(number, 1, &[0, 1], removes), self.now_ms).unwrap();
                self.poll();
            }
            Step::NewReceiver => {
                self.poll();
                self.receiver = receiver(&self.keys);
            }
            Step::Wait(ms) => {
                self.now_ms += ms;
                self.sender.sweep(self.now_ms);
                self.keys.sweep(self.now_ms);
                self.poll();
            }
            Step::Stop(stop) => {
                self.stopped = stop;
                self.sender.allow_sealing(!stop);
            }
            Step::NeedRelay(needed) => {
                self.relay.0 = needed;
                self.sender.require_relay(needed);
            }
            Step::ProveRelay(proved) => {
                self.relay.1 = proved;
                self.sender.prove_relay(proved);
            }
            _ => {}
        }
    }

    fn seal(&mut self) {
        let before = self.sender.digest();
        let (text, mut out) = (self.sent.len().to_be_bytes(), Vec::new());
        let sealed = self.sealer.as_mut().unwrap().seal(&text, self.now_ms, &mut out);
        let refusal = match (self.stopped, self.relay) {
            (true, _) => Some(FrameError::Stopped),
            (false, (true, false)) => Some(FrameError::NoRelay),
            (false, _) => None,
        };
        if let Some(refusal) = refusal {
            assert_eq!((sealed, out.len()), (Err(refusal), 0));
            assert_eq!(self.sender.digest(), before);
        } else {
            sealed.unwrap();
            // SPEC [K3]: no (epoch, counter) twice; few enough epochs for the byte to tell.
            let name = |frame: &[u8]| (epoch_byte(frame), counter(frame));
            assert!(self.sent.iter().all(|sent| name(sent) != name(&out)));
            self.sent.push(out);
        }
    }

    fn seal_without_room(&mut self) {
        let before = self.sender.digest();
        let sealer = self.sealer.as_mut().unwrap();
        assert!(sealer.seal_into(b"text", self.now_ms, &mut [0; 5]).is_err());
        assert_eq!(self.sender.digest(), before);
    }

    fn take_again(&mut self) {
        let take = || Sealer::lease(Arc::clone(&self.sender), MIC, Framing::Whole);
        assert_eq!(take().map(|_| ()), Err(FrameError::AlreadyLeased));
        self.sealer = None;
        self.sealer = Some(take().unwrap());
    }

    fn deliver(&mut self, at: &prop::sample::Index) {
        if self.sent.is_empty() {
            return;
        }
        let at = at.index(self.sent.len());
        let frame = self.sent[at].clone();
        if let Ok((Opened::Frame { .. }, text)) =
            open(&mut self.receiver, at as u64, &frame, self.now_ms)
        {
            self.accept(at, &text);
        }
    }

    fn poll(&mut self) {
        let mut out = Vec::new();
        while let Some(released) = self.receiver.poll(self.now_ms, &mut out) {
            if released.outcome.is_ok() {
                self.accept(released.tag as usize, &out);
            }
            out.clear();
        }
    }

    /// SPEC \[M2\]: every frame at most once, and as it was sealed.
    fn accept(&mut self, at: usize, text: &[u8]) {
        assert_eq!(text, at.to_be_bytes());
        assert!(self.accepted.insert(at), "frame {at} was accepted twice");
    }
}

proptest! {
    #[test]
    fn no_order_of_events_repeats_a_counter_or_accepts_a_replay(
        steps in proptest::collection::vec(step(), 1..200),
    ) {
        // SPEC [K3] [M2] [M9] [M11] [M13]
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
    }
}
