//! What a merged commit means to the people: who came and went, and what the state says now.

use incamera_wire::{GroupState, MemberEntry, TrackKind, TrackKinds};

use super::face::Event;
use super::member::Member;
use super::roster::Roster;
use super::shared::Shared;
use super::verdict::Accepted;
use crate::mls::{CommitFacts, Engine};
use crate::policy;

impl<E: Engine> Member<E> {
    /// Tells who came, went or goes by another name.
    pub(super) fn tell_changes(
        &self,
        shared: &mut Shared,
        before: &Roster,
        facts: &CommitFacts,
        accepted: &Accepted,
    ) {
        #[cfg(test)]
        if shared.errs(super::mistakes::Mistake::HidesPeople) {
            return;
        }
        let Some(by) = before.at(facts.committer).map(|seat| seat.occupant.stay) else { return };
        for leaf in &facts.removes {
            let Some(seat) = before.at(*leaf) else { continue };
            let member = seat.occupant.stay;
            if accepted.returned.iter().any(|(old, _)| *old == member) {
                continue;
            }
            let by = (!accepted.departed.contains(&member)).then_some(by);
            shared.tell(Event::Gone { member, name: seat.name.clone(), by });
        }
        for seat in self.roster().changed_since(before) {
            let member = seat.occupant.stay;
            let back = accepted.returned.iter().find(|(_, new)| *new == member);
            if let Some((was, _)) = back {
                let (was, name) = (*was, seat.name.clone());
                shared.tell(Event::Returned { was, member, name, by });
                if before.of(was).is_some_and(|old| old.name != seat.name) {
                    self.vet(shared, seat);
                }
            } else if before.of(member).is_none() {
                shared.tell(Event::Added { member, name: seat.name.clone(), by });
                self.vet(shared, seat);
            } else if before.of(member).is_some_and(|old| old.name != seat.name) {
                shared.tell(Event::Renamed { member, name: seat.name.clone() });
                self.vet(shared, seat);
            }
        }
    }

    /// Tells what of the state has changed.
    pub(super) fn tell_state(
        &self,
        shared: &mut Shared,
        before: &Roster,
        old: &GroupState,
        committer: u32,
    ) {
        let new = &self.state;
        if *new == *old {
            return;
        }
        let Some(by) = before.at(committer).map(|seat| seat.occupant.stay) else { return };
        if new.door != old.door {
            shared.tell(Event::Door { door: new.door, by });
        }
        for (was, is) in changed_entries(old, new) {
            let who = is.fingerprint;
            if was.role != is.role {
                shared.tell(Event::Role { who, role: is.role, by });
            }
            if was.recording != is.recording {
                shared.tell(Event::Recording { who, on: is.recording });
            }
        }
        self.tell_allowed(shared, before, old);
        shared.tell(Event::Rules { by });
    }

    /// Tells this client which kinds of tracks it may send from now on, if that has changed.
    fn tell_allowed(&self, shared: &mut Shared, before: &Roster, old: &GroupState) {
        let (Some(was), Some(is)) = (before.of(self.stay), self.own_seat()) else { return };
        let was = policy::kinds_of(old, &was.occupant);
        let is = policy::kinds_of(&self.state, &is.occupant);
        if was == is {
            return;
        }
        shared.tell(Event::MaySend { kinds: is });
        let video = TrackKinds::of(&[TrackKind::Camera, TrackKind::Screen]);
        let gained = is.difference(was).intersection(video);
        for track in shared.tracks.iter().filter(|track| gained.contains(track.kind())) {
            // Nobody has opened a frame of it for a while.
            shared.key_frames.need(*track);
        }
    }
}

/// The entries that differ, as they were and as they are.
fn changed_entries(old: &GroupState, new: &GroupState) -> Vec<(MemberEntry, MemberEntry)> {
    let mut who: Vec<_> =
        old.members.iter().chain(&new.members).map(|entry| entry.fingerprint).collect();
    who.sort_unstable();
    who.dedup();
    let both = |who| (policy::entry_of(old, &who), policy::entry_of(new, &who));
    who.into_iter().map(both).filter(|(was, is)| was != is).collect()
}
