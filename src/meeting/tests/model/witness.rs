//! What a witness of a client writes down: where it was, what it sealed, and what its people were told.

use std::collections::{BTreeMap, BTreeSet};

use incamera_wire::{Envelope, EnvelopeKind, FrameHeader, StayId};
use sha2::{Digest as _, Sha256};

use super::cast::{Cast, Checked, START_MS};
use super::client::Client;
use super::parcel::Parcel;
use crate::meeting::face::Event;
use crate::meeting::machine::Core;
use crate::meeting::member::{Member, Standing};
use crate::meeting::roster::Roster;
use crate::mls::Symbolic;

/// An epoch in which a client was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visit {
    pub(super) epoch: u64,
    pub(super) authenticator: [u8; 32],
    pub(super) stay: StayId,
    /// Whether a member had confirmed this client by then.
    pub(super) confirmed: bool,
}

/// A frame that was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Of the epoch that it was sealed in.
    pub(super) authenticator: [u8; 32],
    pub(super) kid: u64,
    pub(super) counter: u64,
    /// Whom its sender saw in the meeting as it sealed.
    pub(super) roster: BTreeSet<StayId>,
}

/// All that matters of a client's past.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness {
    pub(super) visits: Vec<Visit>,
    pub(super) frames: Vec<Frame>,
    /// Whom the application has been told of.
    pub(super) shown: BTreeSet<StayId>,
    /// Whether it has lost its way and comes back by a fresh leaf.
    pub(super) resyncs: bool,
    /// Who is ordered out, and since when.
    pub(super) ordered: BTreeMap<StayId, u64>,
    /// Alarms and refusals, in order.
    pub(super) alarms: Vec<String>,
    /// The epochs of the commits that reached it, by sequence number.
    pub(super) commits: BTreeMap<u64, u64>,
}

fn stays(roster: &Roster) -> BTreeSet<StayId> {
    roster.seats().iter().map(|seat| seat.occupant.stay).collect()
}

impl Witness {
    /// Whether the people were told that something is wrong with the group or the client.
    pub(super) fn is_alarmed(&self) -> bool {
        let serious = ["Unreadable", "Disagreement", "Clone", "LogShrank"];
        self.alarms.iter().any(|alarm| serious.iter().any(|word| alarm.contains(word)))
    }

    /// Everything that tells two of them apart.
    pub(super) fn digest(&self, hash: &mut Sha256) {
        let Self { visits, frames, shown, resyncs, ordered, alarms, commits } = self;
        for Visit { epoch, authenticator, stay, confirmed } in visits {
            hash.update(epoch.to_be_bytes());
            hash.update(authenticator);
            hash.update(stay.as_bytes());
            hash.update([u8::from(*confirmed)]);
        }
        for Frame { authenticator, kid, counter, roster } in frames {
            hash.update(authenticator);
            hash.update([kid.to_be_bytes(), counter.to_be_bytes()].concat());
            roster.iter().for_each(|stay| hash.update(stay.as_bytes()));
        }
        hash.update([0xff; 16]);
        shown.iter().for_each(|stay| hash.update(stay.as_bytes()));
        hash.update(format!("{resyncs} {ordered:?} {alarms:?}"));
        for (seq, epoch) in commits {
            hash.update([seq.to_be_bytes(), epoch.to_be_bytes()].concat());
        }
    }

    /// The application starts anew and knows nothing.
    pub(super) fn forget(&mut self) {
        self.shown.clear();
        self.ordered.clear();
        self.resyncs = false;
    }

    /// An entry reaches the client.
    pub(super) fn note_entry(&mut self, seq: u64, entry: &Parcel) {
        if let Ok(Envelope { kind: EnvelopeKind::Handshake, epoch, .. }) =
            Envelope::decode(&entry.bytes)
        {
            self.commits.insert(seq, epoch);
        }
    }

    /// What an application makes of an event.
    pub(super) fn hear<E: Checked>(&mut self, core: &Core<E>, event: &Event, at_ms: u64)
    where
        E::Joiner: 'static,
    {
        match event {
            Event::Resyncing { .. } => self.resyncs = true,
            Event::Joined => {
                self.resyncs = false;
                if let Some(member) = &core.member {
                    let all = member.participants(&core.shared.contacts).into_iter();
                    self.shown = all.map(|participant| participant.member).collect();
                }
            }
            Event::Added { member, .. } => drop(self.shown.insert(*member)),
            Event::Returned { was, member, .. } => {
                self.shown.remove(was);
                self.shown.insert(*member);
            }
            Event::Gone { member, .. } => {
                self.shown.remove(member);
                self.ordered.remove(member);
            }
            Event::Ordered { member, .. } => drop(self.ordered.insert(*member, at_ms)),
            Event::Alarm(_) => self.alarms.push(format!("{event:?}")),
            _ => {}
        }
    }

    /// Where a member is.
    pub(super) fn visit<E: Checked>(&mut self, member: &Member<E>)
    where
        E::Joiner: 'static,
    {
        let current = member.epochs.current();
        let visit = Visit {
            epoch: current.epoch,
            authenticator: current.authenticator,
            stay: member.stay,
            confirmed: member.standing != Standing::Unconfirmed,
        };
        if self.visits.last() != Some(&visit) {
            self.visits.push(visit);
        }
    }

    /// The epoch between these that was left by a commit which had not just been read, when the log was
    /// read from `position` to `next`.
    pub(super) fn unread(&self, epochs: (u64, u64), position: u64, next: u64) -> Option<u64> {
        let read = self.commits.range(position.min(next)..next);
        let read: BTreeSet<u64> = read.map(|(_, epoch)| *epoch).collect();
        (epochs.0..epochs.1).find(|epoch| !read.contains(epoch))
    }

    /// A frame was sealed; gives what is wrong with that.
    pub(super) fn note_frame<E: Checked>(
        &mut self,
        member: &Member<E>,
        sealed: &[u8],
        at_ms: u64,
    ) -> Result<(), String>
    where
        E::Joiner: 'static,
    {
        let (FrameHeader { kid, ctr: counter }, _) = FrameHeader::parse(sealed).unwrap();
        let current = member.epochs.current();
        let mut epochs = (current.epoch.saturating_sub(64)..=current.epoch).rev();
        let epoch = epochs.find(|epoch| epoch % 256 == kid % 256);
        let view = epoch.and_then(|epoch| member.epochs.view(epoch));
        let view = view.ok_or("seals in an epoch that it does not know")?;
        let authenticator = view.authenticator;
        let same = |other: &Frame| {
            (other.authenticator, other.kid, other.counter) == (authenticator, kid, counter)
        };
        if self.frames.iter().any(same) {
            return Err("seals twice with one key and one nonce".to_owned());
        }
        let roster = stays(&current.roster);
        self.frames.push(Frame { authenticator, kid, counter, roster });
        if member.standing != Standing::Confirmed {
            return Err(format!("seals although it is {:?}", member.standing));
        }
        if !stays(&view.roster).is_subset(&self.shown) {
            return Err("seals for somebody whom it has not shown".to_owned());
        }
        let overdue = |since: &u64| *since + 1_000 <= at_ms;
        if self.ordered.values().any(overdue) {
            return Err("seals although an order is overdue".to_owned());
        }
        Ok(())
    }
}

#[test]
fn a_frame_under_a_key_and_a_nonce_that_were_used_is_seen() {
    // SPEC [K3]
    let cast = Cast::<Symbolic>::new(2, None, false);
    let client = Client::new(&cast, 0, START_MS);
    let member = client.core.member.as_ref().unwrap();
    let mut witness = client.witness.clone();
    assert_eq!(witness.frames.len(), 1);
    let kid = witness.frames[0].kid;
    let mut again = [0; incamera_wire::MAX_HEADER_LEN];
    FrameHeader { kid, ctr: 0 }.write(&mut again);
    let fault = witness.note_frame(member, &again, START_MS).unwrap_err();
    assert_eq!(fault, "seals twice with one key and one nonce");
    FrameHeader { kid, ctr: 1 }.write(&mut again);
    assert_eq!(witness.note_frame(member, &again, START_MS), Ok(()));
}
