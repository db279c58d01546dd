//! The accounts: which frames had to open, worked out from what was sealed, when it arrived and
//! what each client had merged by then, never from what the library said about the frame.

use std::collections::{BTreeMap, BTreeSet};

use incamera::Role;

use crate::framing::clear_len;
use crate::media::Plaintext;
use crate::net::Kind;

/// SPEC [K7]: keys of an old epoch serve this long after a commit that removes nobody, in
/// milliseconds.
const GRACE_MS: u64 = 10_000;
/// The same after a commit that removes somebody.
const GRACE_AFTER_REMOVAL_MS: u64 = 2_000;

/// Places of participants, as numbers of their seats.
pub(crate) type Seats = BTreeSet<usize>;

/// One genuine frame.
pub(crate) struct Frame {
    /// The seat that sealed it.
    pub(crate) sender: usize,
    /// Of microphone or camera.
    pub(crate) kind: Kind,
    /// The epoch whose key sealed it.
    pub(crate) epoch: u64,
    /// When it was sealed.
    pub(crate) sealed_at: u64,
    /// Whom its sender knew to be in the meeting at that moment.
    pub(crate) audience: Seats,
    /// What was sealed.
    pub(crate) plaintext: Plaintext,
    /// What the relay got.
    pub(crate) sealed: Vec<u8>,
}

impl Frame {
    /// How many bytes at its start are clear by the codec's framing, which the tag covers: none if they
    /// are not those of the plaintext.
    pub(crate) fn clear(&self) -> usize {
        let clear = self.plaintext.get(..clear_len(self.kind, &self.plaintext)).unwrap_or_default();
        if self.sealed.starts_with(clear) { clear.len() } else { 0 }
    }
}

/// What a member is in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Its role.
    pub(crate) role: Role,
    /// What of it is muted.
    pub(crate) muted: BTreeSet<Kind>,
}

impl Standing {
    /// Whether its frames of this kind are to be opened: in this meeting attendees share no screen,
    /// and whoever is muted is not heard.
    fn may_send(&self, kind: Kind) -> bool {
        let reserved = kind == Kind::Screen && self.role == Role::Attendee;
        !reserved && !self.muted.contains(&kind)
    }
}

/// Who is in the meeting, by seat, and what each is.
pub(crate) type Room = BTreeMap<usize, Standing>;

/// Who was in the meeting in each epoch, from what every member's roster said. Whoever makes a
/// commit has been in the epoch before it, so that no epoch is missing between two known ones.
#[derive(Default)]
pub(crate) struct Chain(BTreeMap<u64, Room>);

impl Chain {
    /// Notes a member's roster; false if another one had a different roster in this epoch.
    pub(crate) fn note(&mut self, epoch: u64, room: Room) -> bool {
        *self.0.entry(epoch).or_insert_with(|| room.clone()) == room
    }

    fn room(&self, epoch: u64) -> Room {
        self.0.get(&epoch).cloned().unwrap_or_default()
    }

    fn roster(&self, epoch: u64) -> Seats {
        self.0.get(&epoch).into_iter().flat_map(Room::keys).copied().collect()
    }

    /// The epoch in which `seat`, a member in `epoch`, became one.
    fn entry_of(&self, seat: usize, epoch: u64) -> u64 {
        let before = self.0.range(..epoch).rev();
        before.take_while(|(_, room)| room.contains_key(&seat)).last().map_or(epoch, |(at, _)| *at)
    }

    /// Whether the commit into `epoch` removed somebody.
    fn removes(&self, epoch: u64) -> bool {
        let before = epoch.checked_sub(1).map(|before| self.roster(before)).unwrap_or_default();
        before.difference(&self.roster(epoch)).next().is_some()
    }
}

/// One commit as this client merged it.
struct Merge {
    epoch: u64,
    at: u64,
    removes: bool,
    room: Room,
}

/// One participant's page.
#[derive(Default)]
pub(crate) struct Page {
    merges: Vec<Merge>,
    roster: Seats,
    present: bool,
    /// Frames of epochs that this client has not reached.
    ahead: Vec<usize>,
    delivered: BTreeSet<usize>,
    opened: BTreeSet<usize>,
    /// Frames of tracks that the rules of their epoch forbade.
    forbidden: BTreeSet<usize>,
    /// How many of these opened.
    pub(crate) forbidden_opened: u64,
    /// Frames it sealed.
    pub(crate) sent: u64,
    /// Copies of any kind that reached it.
    pub(crate) received: u64,
    /// Genuine frames that reached it and need not open.
    pub(crate) denied: u64,
    /// Genuine frames that waited for an epoch and then opened.
    pub(crate) held: u64,
    /// Copies of any kind that did not open.
    pub(crate) refused: u64,
    /// When it was let in, by the host's decision.
    pub(crate) admitted_at: Option<u64>,
    /// When its first frame opened.
    pub(crate) first_frame_at: Option<u64>,
}

impl Page {
    /// The client of `seat` has come to `epoch`: by a Welcome, by commits, or by both at once.
    pub(crate) fn reach(
        &mut self,
        seat: usize,
        epoch: u64,
        at: u64,
        chain: &Chain,
        frames: &[Frame],
    ) {
        let next = |last: &Merge| last.epoch + 1;
        let first = self.merges.last().map_or_else(|| chain.entry_of(seat, epoch), next);
        self.present |= self.merges.is_empty();
        let merge =
            |epoch| Merge { epoch, at, removes: chain.removes(epoch), room: chain.room(epoch) };
        self.merges.extend((first..=epoch).map(merge));
        self.roster = chain.roster(epoch);
        for id in std::mem::take(&mut self.ahead) {
            self.judge(id, at, frames);
        }
    }

    /// The client is no member any more: what arrives from here on is none of its business.
    pub(crate) fn part(&mut self) {
        self.present = false;
        self.denied += std::mem::take(&mut self.ahead).len() as u64;
    }

    /// Whether the client is a member.
    pub(crate) fn is_present(&self) -> bool {
        self.present
    }

    /// The epoch of this client.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.merges.last().map(|last| last.epoch)
    }

    /// Whom this client takes for members.
    pub(crate) fn roster(&self) -> &Seats {
        &self.roster
    }

    /// A genuine frame reached this client.
    pub(crate) fn arrive(&mut self, id: usize, at: u64, frames: &[Frame]) {
        match self.present {
            true => self.judge(id, at, frames),
            false => self.denied += 1,
        }
    }

    /// Sorts a frame into those that must open, those that must not, those that need not, and those
    /// to come.
    fn judge(&mut self, id: usize, at: u64, frames: &[Frame]) {
        let (Some(frame), Some(last)) = (frames.get(id), self.merges.last()) else { return };
        let of_epoch = self.merges.iter().find(|merge| merge.epoch == frame.epoch);
        let allowed = |merge: &Merge| {
            merge.room.get(&frame.sender).is_some_and(|who| who.may_send(frame.kind))
        };
        let serves = self.epoch_serves(frame.epoch, at) && self.roster.contains(&frame.sender);
        if frame.epoch > last.epoch {
            self.ahead.push(id);
        } else if serves && !of_epoch.is_some_and(allowed) {
            self.forbidden.insert(id);
        } else if serves && allowed(last) {
            self.delivered.insert(id);
        } else {
            // Also what was sealed just before its sender lost the right.
            self.denied += 1;
        }
    }

    /// Whether the rules forbade this frame.
    pub(crate) fn is_forbidden(&self, id: usize) -> bool {
        self.forbidden.contains(&id)
    }

    /// Frames that reached this client although the rules forbade them.
    pub(crate) fn forbidden(&self) -> u64 {
        self.forbidden.len() as u64
    }

    /// Whether this client was a member in `epoch` and its grace has not run out: the earliest
    /// end that any later commit sets.
    fn epoch_serves(&self, epoch: u64, at: u64) -> bool {
        let belongs = self.merges.first().is_some_and(|join| join.epoch <= epoch);
        let grace = |merge: &Merge| match merge.removes {
            true => merge.at + GRACE_AFTER_REMOVAL_MS,
            false => merge.at + GRACE_MS,
        };
        let later = self.merges.iter().filter(|merge| merge.epoch > epoch);
        belongs && later.map(grace).all(|end| at < end)
    }

    /// A genuine frame opened, and was what its sender had sealed.
    pub(crate) fn open(&mut self, id: usize, at: u64, was_held: bool) {
        if self.is_forbidden(id) {
            self.forbidden_opened += 1;
            return;
        }
        self.opened.insert(id);
        self.held += u64::from(was_held);
        self.first_frame_at.get_or_insert(at);
    }

    /// Frames that had to open.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered.len() as u64
    }

    /// Genuine frames that opened.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.len() as u64
    }

    /// The numbers of genuine frames that opened.
    pub(crate) fn opened_ids(&self) -> impl Iterator<Item = &usize> {
        self.opened.iter()
    }

    /// Frames that had to open and did not.
    pub(crate) fn lost(&self) -> impl Iterator<Item = &usize> {
        self.delivered.difference(&self.opened)
    }

    /// Frames that opened although they need not have.
    pub(crate) fn unexpected(&self) -> impl Iterator<Item = &usize> {
        self.opened.difference(&self.delivered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(seats: &[usize]) -> Room {
        let plain = Standing { role: Role::Attendee, muted: BTreeSet::new() };
        seats.iter().map(|seat| (*seat, plain.clone())).collect()
    }

    fn frame(sender: usize, epoch: u64) -> Frame {
        let plaintext = Plaintext::from(vec![1, 2, 3]);
        let (kind, audience, sealed) = (Kind::Speech, Seats::new(), Vec::new());
        Frame { sender, kind, epoch, sealed_at: 0, audience, plaintext, sealed }
    }

    /// Seat 1 comes in epoch 1, seat 3 in epoch 2; seat 2 goes in epoch 3.
    fn chain() -> Chain {
        let rosters: [&[usize]; 4] = [&[0, 2], &[0, 1, 2], &[0, 1, 2, 3], &[0, 1, 3]];
        let mut chain = Chain::default();
        for (epoch, roster) in (0..).zip(rosters) {
            assert!(chain.note(epoch, room(roster)));
        }
        chain
    }

    /// The page of seat 1, who has come to `epoch` at time 100, after a frame that came too early.
    fn page(epoch: u64, frames: &[Frame]) -> Page {
        let mut page = Page::default();
        page.arrive(0, 0, frames);
        assert_eq!(std::mem::take(&mut page.denied), 1);
        page.reach(1, epoch, 100, &chain(), frames);
        page
    }

    #[test]
    fn two_rosters_in_one_epoch_are_noticed() {
        assert!(chain().note(2, room(&[0, 1, 2, 3])));
        assert!(!chain().note(2, room(&[0, 1, 2])));
        let mut other = room(&[0, 1, 2, 3]);
        other.insert(2, Standing { role: Role::CoHost, muted: BTreeSet::new() });
        assert!(!chain().note(2, other));
    }

    #[test]
    fn epochs_before_the_join_and_graces_run_out() {
        let frames = [frame(0, 0), frame(0, 1), frame(2, 1)];
        let mut page = page(1, &frames);
        page.arrive(0, 100, &frames);
        assert_eq!((page.denied, page.delivered()), (1, 0));
        page.reach(1, 2, 1_000, &chain(), &frames);
        page.arrive(1, 10_999, &frames);
        page.arrive(2, 11_000, &frames);
        assert_eq!((page.denied, page.delivered()), (2, 1));
    }

    #[test]
    fn a_removal_shortens_the_grace_and_denies_the_removed_at_once() {
        let frames = [frame(0, 2), frame(2, 2), frame(0, 2)];
        let mut page = page(2, &frames);
        page.reach(1, 3, 1_000, &chain(), &frames);
        page.arrive(0, 2_999, &frames);
        page.arrive(1, 1_000, &frames);
        page.arrive(2, 3_000, &frames);
        assert_eq!((page.denied, page.delivered()), (2, 1));
    }

    #[test]
    fn whoever_comes_by_a_welcome_and_a_commit_at_once_was_in_both_epochs() {
        let frames = [frame(0, 1), frame(0, 2)];
        let mut page = page(2, &frames);
        page.arrive(0, 200, &frames);
        page.arrive(1, 200, &frames);
        assert_eq!((page.denied, page.delivered(), page.epoch()), (0, 2, Some(2)));
    }

    #[test]
    fn a_mute_and_a_reserved_screen_forbid_frames_and_an_old_frame_of_the_muted_need_not_open() {
        let screen = Frame { kind: Kind::Screen, ..frame(0, 2) };
        let frames = [frame(0, 1), frame(0, 2), frame(2, 2), screen];
        let (mut chain, mut page) = (Chain::default(), Page::default());
        assert!(chain.note(1, room(&[0, 1, 2])));
        page.reach(1, 1, 100, &chain, &frames);
        let mut muted = room(&[0, 1, 2]);
        muted.insert(0, Standing { role: Role::Attendee, muted: BTreeSet::from([Kind::Speech]) });
        assert!(chain.note(2, muted));
        page.reach(1, 2, 200, &chain, &frames);
        (0..4).for_each(|id| page.arrive(id, 300, &frames));
        assert_eq!((page.denied, page.delivered(), page.forbidden()), (1, 1, 2));
        page.open(1, 300, false);
        page.open(2, 300, false);
        assert_eq!((page.forbidden_opened, page.opened(), page.lost().count()), (1, 1, 0));
    }

    #[test]
    fn a_frame_ahead_counts_when_its_epoch_comes() {
        let frames = [frame(0, 2), frame(0, 3)];
        let mut page = page(1, &frames);
        page.arrive(0, 200, &frames);
        page.arrive(1, 200, &frames);
        assert_eq!(page.delivered(), 0);
        page.reach(1, 2, 300, &chain(), &frames);
        assert_eq!((page.delivered(), page.lost().count()), (1, 1));
        page.open(0, 300, true);
        page.part();
        assert_eq!((page.opened(), page.lost().count(), page.denied), (1, 0, 1));
    }
}
