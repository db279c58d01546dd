//! Seeded constructors, a meeting in a box, and a modified client to attack with, for tests, examples
//! and replays (feature `testing`).
//!
//! A meeting made here takes all its randomness from 32 bytes: two runs with the same seeds and
//! inputs give the same outputs, byte for byte, but for commits that remove several leaves: the engine takes
//! these in the order of a hash map, which no seed fixes. Nothing here belongs in a product.

mod rules;
mod values;

use core::ops::{Index, IndexMut};
use std::collections::{HashMap, HashSet};

use incamera_wire::{BlobHash, Destination, MessageId};

use crate::admission::Invite;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::identity::Identity;
use crate::meeting::{
    Event, Expected, Input, Meeting, MemberId, Message, Now, Output, RestoreError, Settings,
};

pub use crate::admission::testing::Confirmation;
pub use crate::media::testing::{EpochKeys, KeyedMedia, pair, seal_unasked};
pub use crate::meeting::inside::{
    EpochSecrets, HostileBuilt, HostileCommit, HostilePsk, JoinerKeys, View, build_hostile,
    credentials, epoch_secrets, joiner_keys, log_hashes, open_snapshot, seal_snapshot, sign_event,
    view,
};
pub use crate::meeting::testing::{
    BareEpoch, Forgery, MemberSecrets, forge, key_package, pair_under, secrets,
};
pub use crate::mls::testing::{OddKeyPackage, Oddity};
pub use crate::sframe::{Ledger, RustCrypto};
pub use rules::{
    Added, Occupied, PasscodeBinding, Proposal, derived, judge, order_binds, passcode_challenge,
    passcode_share, passcode_tag, replaced, validate,
};
pub use values::{
    InviteParts, certify, fingerprint, heartbeat_keys, inspect_key_package, invite_parts,
    key_package_of, kid, media_key, open_answer, open_blob, open_direct, open_envelope, open_knock,
    pair_code, public_key, resync_id, safety_code, seal_answer, seal_blob, seal_direct,
    seal_envelope, seal_knock, seal_knock_under, sign, verify, verify_certificate, verify_relay,
    verifying_key,
};

/// An identity whose key follows from `seed`.
///
/// # Errors
/// As [`Identity::generate`].
pub fn identity(seed: [u8; 32], name: &str) -> Result<Identity, Error> {
    Identity::generate_from(&Entropy::seeded(seed), name)
}

/// As [`Meeting::create`], from a seed.
///
/// # Errors
/// As [`Meeting::create`].
pub fn create(
    seed: [u8; 32],
    identity: &Identity,
    settings: Settings,
    now: Now,
) -> Result<Meeting, Error> {
    Meeting::create_from(Entropy::seeded(seed), identity, settings, now)
}

/// As [`Meeting::join`], from a seed.
///
/// # Errors
/// As [`Meeting::join`].
pub fn join(
    seed: [u8; 32],
    identity: &Identity,
    invite: &Invite,
    now: Now,
) -> Result<Meeting, Error> {
    Meeting::join_from(Entropy::seeded(seed), identity, invite, None, now)
}

/// As [`Meeting::join_with_passcode`], from a seed.
///
/// # Errors
/// As [`Meeting::join_with_passcode`].
pub fn join_with_passcode(
    seed: [u8; 32],
    identity: &Identity,
    invite: &Invite,
    passcode: &str,
    now: Now,
) -> Result<Meeting, Error> {
    Meeting::join_from(Entropy::seeded(seed), identity, invite, Some(passcode), now)
}

/// As [`Meeting::restore`], from a seed: another than its former self's, or it would draw the same
/// keys again.
///
/// # Errors
/// As [`Meeting::restore`].
pub fn restore(
    seed: [u8; 32],
    identity: &Identity,
    snapshot: &[u8],
    key: &[u8; 32],
    expected: Expected,
    now: Now,
) -> Result<Meeting, RestoreError> {
    Meeting::restore_from(Entropy::seeded(seed), identity, snapshot, key, expected, now)
}

/// A digest of everything that a failed call must leave as it was: group, state, log position,
/// queues, timers, counters and replay windows.
#[must_use]
pub fn digest(meeting: &Meeting) -> [u8; 32] {
    meeting.digest()
}

/// A digest of everything that an entry of the log which is refused must leave as it was: as [`digest`], but for
/// what has been read of the log.
#[must_use]
pub fn digest_unread(meeting: &Meeting) -> [u8; 32] {
    meeting.digest_unread()
}

/// Every key that the client of `meeting` holds now, by name: to look for it where it must not be.
#[must_use]
pub fn exposed(meeting: &Meeting) -> Vec<(&'static str, Vec<u8>)> {
    meeting.exposed()
}

/// A meeting in a box: clients, an honest server and a clock that moves when told to, all in memory.
///
/// `room[0]` is the [`Meeting`] of the first name, who is host, `room[1]` that of the second, and so
/// on. A name stands for the same identity in every room.
#[derive(Default)]
pub struct Room {
    clients: Vec<Meeting>,
    inboxes: Vec<Vec<Input>>,
    events: Vec<Vec<Event>>,
    cut_off: HashSet<usize>,
    log: Vec<Vec<u8>>,
    seen: HashSet<MessageId>,
    blobs: HashMap<BlobHash, Vec<u8>>,
    now_ms: u64,
}

impl Room {
    /// A room of people who are all in, the first of them the host.
    ///
    /// # Errors
    /// As [`Identity::generate`] and [`Meeting::create`].
    pub fn new(names: &[&str]) -> Result<Self, Error> {
        Self::with(Settings::default(), names)
    }

    /// As [`Room::new`], with the host's choice of settings.
    ///
    /// # Errors
    /// As [`Room::new`].
    pub fn with(settings: Settings, names: &[&str]) -> Result<Self, Error> {
        let mut room = Self::default();
        let Some((host, guests)) = names.split_first() else { return Ok(room) };
        let (now, passcode) = (room.now(), settings.passcode.clone());
        room.add(create([0; 32], &Self::identity(host)?, settings, now)?);
        for name in guests {
            let invite = room[0].invite()?;
            room.knock(name, &invite, passcode.as_deref())?;
            room[0].admit_all(now)?;
            room.run();
        }
        Ok(room)
    }

    /// The identity that a name stands for.
    ///
    /// # Errors
    /// As [`Identity::generate`].
    pub fn identity(name: &str) -> Result<Identity, Error> {
        let mut seed = [0; 32];
        seed.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        identity(seed, name)
    }

    /// Somebody knocks; gives the index of its client.
    ///
    /// # Errors
    /// As [`Meeting::join_with_passcode`].
    pub fn knock(
        &mut self,
        name: &str,
        at: &Invite,
        passcode: Option<&str>,
    ) -> Result<usize, Error> {
        let entropy = Entropy::seeded([u8::try_from(self.clients.len()).unwrap_or(u8::MAX); 32]);
        let (identity, now) = (Self::identity(name)?, self.now());
        Ok(self.add(Meeting::join_from(entropy, &identity, at, passcode, now)?))
    }

    /// Connects a client that was made elsewhere; gives its index.
    pub fn add(&mut self, meeting: Meeting) -> usize {
        self.clients.push(meeting);
        self.inboxes.push(vec![Input::Connected { next: self.log.len() as u64 }]);
        self.events.push(Vec::new());
        self.run();
        self.clients.len().saturating_sub(1)
    }

    /// The server no longer delivers anything to a client.
    pub fn cut_off(&mut self, who: usize) {
        self.cut_off.insert(who);
    }

    /// A client's process dies, and another takes its place and connects.
    #[allow(clippy::indexing_slicing, reason = "a test that names nobody fails by panicking")]
    pub fn restart(&mut self, who: usize, meeting: Meeting) {
        self.clients[who] = meeting;
        self.inboxes[who] = vec![Input::Connected { next: self.log.len() as u64 }];
        self.run();
    }

    /// The number of the next log entry.
    #[must_use]
    pub fn log_position(&self) -> u64 {
        self.log.len() as u64
    }

    /// The time, which [`wait`](Self::wait) and [`run`](Self::run) alone move.
    #[must_use]
    pub fn now(&self) -> Now {
        let unix_ms = self.now_ms.saturating_add(1_790_000_000_000);
        Now { monotonic_ms: self.now_ms, unix_ms }
    }

    /// Lets seconds pass, with every timer that falls due.
    pub fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds.saturating_mul(10) {
            self.tick();
        }
    }

    /// Delivers until nobody has anything more to say, and lets a tenth of a second pass, in which
    /// those are let in who were to wait for company.
    pub fn run(&mut self) {
        self.deliver();
        self.tick();
    }

    /// A tenth of a second.
    fn tick(&mut self) {
        self.now_ms = self.now_ms.saturating_add(100);
        let now = self.now();
        for client in &mut self.clients {
            // Who is out has no timers any more.
            let _ = client.handle_timeout(now);
        }
        self.deliver();
    }

    fn deliver(&mut self) {
        let now = self.now();
        loop {
            let mut outputs = Vec::new();
            for (who, (client, inbox)) in self.clients.iter_mut().zip(&mut self.inboxes).enumerate()
            {
                for input in inbox.drain(..).filter(|_| !self.cut_off.contains(&who)) {
                    // Who is out takes in nothing any more.
                    let _ = client.handle(input, now);
                }
                outputs.extend(core::iter::from_fn(|| client.poll()).map(|output| (who, output)));
            }
            if outputs.is_empty() {
                return;
            }
            outputs.into_iter().for_each(|(who, output)| self.carry_out(who, output));
        }
    }

    /// What a client has told its people since this was asked last.
    pub fn events(&mut self, who: usize) -> Vec<Event> {
        self.events.get_mut(who).map(core::mem::take).unwrap_or_default()
    }

    /// How the others name a client; zeros if it is not in.
    #[must_use]
    pub fn member(&self, who: usize) -> MemberId {
        let own = self[who].roster().into_iter().find(|participant| participant.own);
        own.map_or(MemberId::new([0; 16]), |own| own.member)
    }

    #[allow(clippy::indexing_slicing, reason = "every client has an inbox")]
    fn carry_out(&mut self, who: usize, output: Output) {
        match output {
            Output::Event(event) => self.events[who].push(event),
            Output::Fetch { from } => {
                let entries = (0..).zip(&self.log).filter(|(seq, _)| *seq >= from);
                let entry =
                    |(seq, bytes): (u64, &Vec<u8>)| Input::Log { seq, bytes: bytes.clone() };
                self.inboxes[who].extend(entries.map(entry));
            }
            Output::FetchBlob { hash } => {
                self.inboxes[who].extend(self.blobs.get(&hash).cloned().map(Input::Blob));
            }
            Output::Send(Message { id, to, bytes }) => self.post(id, to, bytes),
        }
    }

    fn post(&mut self, id: MessageId, to: Destination, bytes: Vec<u8>) {
        let input = match to {
            Destination::Log => Input::Log { seq: self.log.len() as u64, bytes: bytes.clone() },
            Destination::Lobby => Input::Lobby(bytes.clone()),
            Destination::Direct(_) => Input::Direct(bytes.clone()),
            Destination::Blob(hash) => return drop(self.blobs.insert(hash, bytes)),
        };
        if to == Destination::Log && !self.seen.insert(id) {
            return;
        }
        if to == Destination::Log {
            self.log.push(bytes);
        }
        for (client, inbox) in self.clients.iter().zip(&mut self.inboxes) {
            let mailbox = client.mailbox().map(Destination::Direct);
            if !matches!(to, Destination::Direct(_)) || mailbox == Some(to) {
                inbox.push(input.clone());
            }
        }
    }
}

impl Index<usize> for Room {
    type Output = Meeting;

    #[allow(clippy::indexing_slicing, reason = "a test that names nobody fails by panicking")]
    fn index(&self, who: usize) -> &Meeting {
        &self.clients[who]
    }
}

impl IndexMut<usize> for Room {
    #[allow(clippy::indexing_slicing, reason = "a test that names nobody fails by panicking")]
    fn index_mut(&mut self, who: usize) -> &mut Meeting {
        &mut self.clients[who]
    }
}
