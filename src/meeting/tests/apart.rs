//! One client apart from a world: with a clock of its own, and a server that takes its time.

use super::*;
use crate::{FrameError, Framing, Input, Now, Output, Sealer, Track};

/// One client apart from a world.
pub(super) struct Apart {
    pub(super) meeting: Meeting,
    pub(super) events: Vec<Event>,
    /// When each entry of the log came to the server.
    came: Vec<u64>,
    next: usize,
    microphone: Sealer,
    /// What its clock shows at the world's time.
    pub(super) clock: fn(u64) -> u64,
    /// How long entries are on their way at the world's time, in milliseconds.
    pub(super) delay: fn(u64) -> u64,
}

impl Apart {
    /// Takes a client out of the world; it has read everything.
    pub(super) fn new(world: &mut World, who: Who) -> Self {
        let client = world.clients.remove(who);
        let mut meeting = client.meeting;
        let came = vec![0; world.log.len()];
        let next = came.len();
        let microphone = meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
        let events = client.events;
        Self { meeting, events, came, next, microphone, clock: |at| at, delay: |_| 0 }
    }

    fn now(&self, world: &World) -> Now {
        Now { monotonic_ms: (self.clock)(world.now_ms), ..world.now() }
    }

    /// Lets time pass for everybody.
    pub(super) fn pass(&mut self, world: &mut World, ms: u64) {
        for _ in 0..ms / 100 {
            world.pass(100);
            self.came.resize(world.log.len(), world.now_ms);
            let (now, late) = (self.now(world), (self.delay)(world.now_ms));
            while self.came.get(self.next).is_some_and(|at| at + late <= world.now_ms) {
                let (seq, bytes) = (self.next as u64, world.log[self.next].clone());
                self.meeting.handle(Input::Log { seq, bytes }, now).unwrap();
                self.next += 1;
            }
            if self.meeting.poll_timeout().is_some_and(|at| at <= now.monotonic_ms) {
                self.meeting.handle_timeout(now).unwrap();
            }
            while let Some(output) = self.meeting.poll() {
                match output {
                    Output::Event(event) => self.events.push(event),
                    Output::Send(message) => world.serve(message),
                    _ => {}
                }
            }
            world.settle();
        }
    }

    /// Lets time pass until something happens, and says how long that took.
    pub(super) fn until(&mut self, world: &mut World, most: u64, what: &Event) -> Option<u64> {
        let (start, before) = (world.now_ms, self.count(what));
        while world.now_ms < start + most {
            self.pass(world, 100);
            if self.count(what) > before {
                return Some(world.now_ms - start);
            }
        }
        None
    }

    pub(super) fn count(&self, what: &Event) -> usize {
        self.events.iter().filter(|event| *event == what).count()
    }

    /// Whether it may seal now.
    pub(super) fn seals(&mut self, world: &World) -> bool {
        let now_ms = self.now(world).monotonic_ms;
        match self.microphone.seal(b"frame", now_ms, &mut Vec::new()) {
            Ok(()) => true,
            Err(FrameError::Stopped) => false,
            Err(other) => panic!("{other}"),
        }
    }
}
