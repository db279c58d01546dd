//! The lobby as an admitter sees it: knocks that wait, and those that came before (SPEC \[A4\]).

use std::collections::{BTreeMap, VecDeque};

use incamera_wire::{Fingerprint, InviteId, KeyPackageRef, Label, MailboxId};

use super::Proof;
use crate::error::Fault;
use crate::secret::Secret;

/// The most knocks that wait for an answer.
pub(crate) const MAX_WAITING: usize = 256;
/// The most knocks that are remembered so that none counts twice.
pub(crate) const MAX_SEEN: usize = 4096;
/// The most denials that are kept to be sent again.
pub(crate) const MAX_DENIALS: usize = 64;
/// How many log entries old a knock may be, and how many ahead of the reader.
pub(crate) const FRESHNESS: u64 = 1024;
/// How long a knock waits for an answer, in milliseconds.
pub(crate) const KNOCK_WAITS_MS: u64 = 600_000;

/// A knock that waits for an answer.
pub(crate) struct Waiting {
    /// The key package's reference: the knock's name.
    pub(crate) reference: KeyPackageRef,
    /// The invite under which it came.
    pub(crate) invite: InviteId,
    /// The key package.
    pub(crate) key_package: Vec<u8>,
    /// Where an answer goes.
    pub(crate) mailbox: MailboxId,
    /// The key for an answer.
    pub(crate) answer_key: Secret<32>,
    /// The name in its certificate.
    pub(crate) name: String,
    /// The identity in it.
    pub(crate) fingerprint: Fingerprint,
    /// What it says there that it is, if it is no person.
    pub(crate) label: Option<Label>,
    /// What it has shown of the passcode.
    pub(crate) proof: Proof,
    /// Whether the open door has let it in, and no person.
    pub(crate) by_door: bool,
    /// When it came, in the milliseconds of the caller's monotonic clock.
    pub(crate) arrived_ms: u64,
}

impl Waiting {
    /// When it has waited long enough.
    fn expires_ms(&self) -> u64 {
        self.arrived_ms.saturating_add(KNOCK_WAITS_MS)
    }
}

/// Knocks that wait, and those that came before.
#[derive(Default)]
pub(crate) struct Lobby {
    waiting: Vec<Waiting>,
    /// Reference to log position of every fresh knock that came.
    seen: BTreeMap<KeyPackageRef, u64>,
    /// The latest denials, oldest first, for those who missed theirs.
    denials: VecDeque<Denial>,
}

struct Denial {
    reference: KeyPackageRef,
    mailbox: MailboxId,
    answer: Vec<u8>,
}

impl Lobby {
    /// Whether a knock of this reference, made at `position` of the log, may count when the reader
    /// is at `now`.
    pub(crate) fn check(
        &self,
        reference: KeyPackageRef,
        position: u64,
        now: u64,
    ) -> Result<(), Fault> {
        // SPEC [A4]
        if position.abs_diff(now) > FRESHNESS {
            return Err(Fault::StaleKnock);
        }
        // SPEC [A4]
        if self.seen.contains_key(&reference) {
            return Err(Fault::Replayed);
        }
        let fresh = self.seen.values().filter(|seen| now.saturating_sub(**seen) <= FRESHNESS);
        if self.waiting.len() >= MAX_WAITING || fresh.count() >= MAX_SEEN {
            return Err(Fault::Full);
        }
        Ok(())
    }

    /// The knocks that came and have been answered, with their log positions, to be stored: those that
    /// wait come again by themselves.
    pub(crate) fn answered(&self) -> impl Iterator<Item = (KeyPackageRef, u64)> {
        let waits = |reference| self.waiting.iter().any(|waiting| waiting.reference == reference);
        self.seen.iter().map(|(of, at)| (*of, *at)).filter(move |(of, _)| !waits(*of))
    }

    /// Remembers a knock that [`answered`](Self::answered) gave.
    pub(crate) fn remember(&mut self, reference: KeyPackageRef, position: u64) {
        self.seen.insert(reference, position);
    }

    /// Lets a checked knock wait.
    pub(crate) fn push(&mut self, waiting: Waiting, position: u64, now: u64) {
        // One that is no longer fresh is refused for its position: it need not be remembered.
        self.seen.retain(|_, seen| now.saturating_sub(*seen) <= FRESHNESS);
        self.seen.insert(waiting.reference, position);
        self.waiting.push(waiting);
    }

    /// Takes a waiting knock out, to answer it, and says which place it had.
    pub(crate) fn take(&mut self, reference: KeyPackageRef) -> Option<(usize, Waiting)> {
        let place = self.waiting.iter().position(|waiting| waiting.reference == reference)?;
        Some((place, self.waiting.remove(place)))
    }

    /// Puts back what [`Lobby::take`] took.
    pub(crate) fn put_back(&mut self, place: usize, waiting: Waiting) {
        self.waiting.insert(place.min(self.waiting.len()), waiting);
    }

    /// Keeps an answer for a knock that comes again because its answer was lost.
    pub(crate) fn remember_denial(
        &mut self,
        reference: KeyPackageRef,
        mailbox: MailboxId,
        answer: Vec<u8>,
    ) {
        self.denials.push_back(Denial { reference, mailbox, answer });
        if self.denials.len() > MAX_DENIALS {
            self.denials.pop_front();
        }
    }

    /// Where the denial of this knock goes, and its bytes, if it is still kept.
    pub(crate) fn denial(&self, reference: KeyPackageRef) -> Option<(MailboxId, &[u8])> {
        let denial = self.denials.iter().find(|denial| denial.reference == reference)?;
        Some((denial.mailbox, &denial.answer))
    }

    /// The denial that went to this mailbox, if it is still kept.
    pub(crate) fn denial_to(&self, mailbox: MailboxId) -> Option<&[u8]> {
        let denial = self.denials.iter().find(|denial| denial.mailbox == mailbox)?;
        Some(&denial.answer)
    }

    /// Drops what waits under invites that are no longer live, and gives it back.
    pub(crate) fn drop_dead(&mut self, is_live: impl Fn(InviteId) -> bool) -> Vec<Waiting> {
        let (live, dead) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|waiting| is_live(waiting.invite));
        self.waiting = live;
        dead
    }

    /// Drops what has waited for [`KNOCK_WAITS_MS`], and gives it back.
    pub(crate) fn expired(&mut self, now_ms: u64) -> Vec<Waiting> {
        let (old, young) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|waiting| waiting.expires_ms() <= now_ms);
        self.waiting = young;
        old
    }

    /// When [`Lobby::expired`] next has something to drop.
    pub(crate) fn next_expiry(&self) -> Option<u64> {
        self.waiting.iter().map(Waiting::expires_ms).min()
    }

    /// A knock that waits, to note what it has proved.
    pub(crate) fn waiting_mut(&mut self, reference: KeyPackageRef) -> Option<&mut Waiting> {
        self.waiting.iter_mut().find(|waiting| waiting.reference == reference)
    }

    /// As [`Lobby::waiting`], to change them.
    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Waiting> {
        self.waiting.iter_mut()
    }

    /// The knocks that wait, oldest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(n: usize) -> KeyPackageRef {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
        KeyPackageRef::new(bytes)
    }

    fn waiting(n: usize) -> Waiting {
        Waiting {
            reference: reference(n),
            invite: InviteId::new([1; 16]),
            key_package: vec![],
            mailbox: MailboxId::new([3; 16]),
            answer_key: Secret::filled(|_| ()),
            name: "Ada".to_owned(),
            fingerprint: Fingerprint::new([4; 32]),
            label: None,
            proof: Proof::NotAsked,
            by_door: false,
            arrived_ms: n as u64,
        }
    }

    #[test]
    fn a_replayed_knock_is_refused_also_after_its_answer() {
        // SPEC [A4]
        let mut lobby = Lobby::default();
        assert_eq!(lobby.check(reference(1), 10, 10), Ok(()));
        lobby.push(waiting(1), 10, 10);
        assert_eq!(lobby.check(reference(1), 10, 11), Err(Fault::Replayed));
        assert!(lobby.take(reference(1)).is_some());
        assert_eq!(lobby.check(reference(1), 10, 10 + FRESHNESS), Err(Fault::Replayed));
        lobby.push(waiting(2), 12 + FRESHNESS, 12 + FRESHNESS);
        assert_eq!(lobby.check(reference(1), 10, 11 + FRESHNESS), Err(Fault::StaleKnock));
    }

    #[test]
    fn a_stale_or_future_knock_is_refused() {
        // SPEC [A4]
        let lobby = Lobby::default();
        assert_eq!(lobby.check(reference(1), 10, 11 + FRESHNESS), Err(Fault::StaleKnock));
        assert_eq!(lobby.check(reference(1), 11 + FRESHNESS, 10), Err(Fault::StaleKnock));
        assert_eq!(lobby.check(reference(1), 10, 10 + FRESHNESS), Ok(()));
    }

    #[test]
    fn the_lobby_is_bounded() {
        let mut lobby = Lobby::default();
        for n in 0..MAX_WAITING {
            assert_eq!(lobby.check(reference(n), 1, 1), Ok(()));
            lobby.push(waiting(n), 1, 1);
        }
        assert_eq!(lobby.check(reference(9999), 1, 1), Err(Fault::Full));
        for n in MAX_WAITING..MAX_SEEN {
            let _ = lobby.take(reference(n - MAX_WAITING));
            lobby.push(waiting(n), 1, 1);
        }
        let _ = lobby.take(reference(MAX_SEEN - 1));
        assert_eq!(lobby.check(reference(9999), 1, 1), Err(Fault::Full));
        assert_eq!(lobby.check(reference(9999), 900, 2 + FRESHNESS), Ok(()));
    }

    #[test]
    fn a_knock_is_remembered_as_long_as_its_position_is_fresh() {
        // SPEC [A4]
        let mut lobby = Lobby::default();
        lobby.push(waiting(1), 10, 10);
        lobby.push(waiting(2), 10 + FRESHNESS, 10 + FRESHNESS);
        assert_eq!(lobby.check(reference(1), 10, 10 + FRESHNESS), Err(Fault::Replayed));
        lobby.push(waiting(3), 11 + FRESHNESS, 11 + FRESHNESS);
        assert_eq!(lobby.seen.keys().copied().collect::<Vec<_>>(), [reference(2), reference(3)]);
    }

    #[test]
    fn only_fresh_knocks_fill_the_lobbys_memory() {
        let seen = (0..MAX_SEEN).map(|n| (reference(n), 1)).collect();
        let mut lobby = Lobby { seen, ..Lobby::default() };
        assert_eq!(lobby.check(reference(9999), 1, 1 + FRESHNESS), Err(Fault::Full));
        assert_eq!(lobby.check(reference(9999), 2, 2 + FRESHNESS), Ok(()));
        lobby.seen.remove(&reference(0));
        assert_eq!(lobby.check(reference(9999), 1, 1 + FRESHNESS), Ok(()));
    }

    #[test]
    fn the_latest_denials_are_kept() {
        let mut lobby = Lobby::default();
        for n in 0..=MAX_DENIALS {
            lobby.remember_denial(reference(n), MailboxId::new([3; 16]), vec![1]);
        }
        assert_eq!(lobby.denial(reference(0)), None);
        assert_eq!(lobby.denial(reference(1)), Some((MailboxId::new([3; 16]), &[1][..])));
        assert_eq!(lobby.denials.len(), MAX_DENIALS);
    }

    #[test]
    fn knocks_of_a_dead_invite_are_dropped() {
        let mut lobby = Lobby::default();
        lobby.push(waiting(1), 1, 1);
        lobby.push(Waiting { invite: InviteId::new([2; 16]), ..waiting(2) }, 1, 1);
        let dead = lobby.drop_dead(|invite| invite == InviteId::new([2; 16]));
        assert_eq!(
            dead.iter().map(|waiting| waiting.reference).collect::<Vec<_>>(),
            [reference(1)]
        );
        assert_eq!(lobby.waiting().map(|w| w.reference).collect::<Vec<_>>(), [reference(2)]);
    }

    #[test]
    fn a_knock_waits_for_ten_minutes() {
        assert_eq!(KNOCK_WAITS_MS, 600_000);
        let mut lobby = Lobby::default();
        assert_eq!(lobby.next_expiry(), None);
        for n in [7, 5, 9] {
            lobby.push(waiting(n), 1, 1);
        }
        let names = |gone: Vec<Waiting>| gone.iter().map(|w| w.reference).collect::<Vec<_>>();
        assert_eq!(lobby.next_expiry(), Some(600_005));
        assert_eq!(names(lobby.expired(600_004)), []);
        assert_eq!(names(lobby.expired(600_007)), [reference(7), reference(5)]);
        assert_eq!(lobby.next_expiry(), Some(600_009));
        assert_eq!(lobby.waiting().map(|w| w.reference).collect::<Vec<_>>(), [reference(9)]);
        assert_eq!(lobby.check(reference(5), 1, 1), Err(Fault::Replayed));
        assert_eq!(names(lobby.expired(u64::MAX)), [reference(9)]);
        assert_eq!(lobby.next_expiry(), None);
    }

    #[test]
    fn what_a_knock_has_proved_is_noted_in_its_place() {
        let mut lobby = Lobby::default();
        lobby.push(waiting(1), 1, 1);
        lobby.push(waiting(2), 1, 1);
        lobby.waiting_mut(reference(2)).unwrap().proof = Proof::Proved;
        assert!(lobby.waiting_mut(reference(3)).is_none());
        let proofs = lobby.waiting().map(|waiting| waiting.proof);
        assert_eq!(proofs.collect::<Vec<_>>(), [Proof::NotAsked, Proof::Proved]);
    }

    #[test]
    fn what_was_taken_goes_back_to_its_place() {
        let mut lobby = Lobby::default();
        (1..=3).for_each(|n| lobby.push(waiting(n), 1, 1));
        let names = |lobby: &Lobby| lobby.waiting().map(|w| w.reference).collect::<Vec<_>>();
        let (place, taken) = lobby.take(reference(2)).unwrap();
        assert_eq!((place, taken.reference), (1, reference(2)));
        assert_eq!(names(&lobby), [reference(1), reference(3)]);
        assert!(lobby.take(reference(2)).is_none());
        lobby.put_back(place, taken);
        assert_eq!(names(&lobby), [reference(1), reference(2), reference(3)]);
        lobby.put_back(99, waiting(4));
        assert_eq!(names(&lobby)[3], reference(4));
    }
}
