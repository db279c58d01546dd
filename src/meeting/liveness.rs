//! Whether the log that this client reads is the one that the others read, up to now: what shows it,
//! who is told when nothing does, and when sealing stops (SPEC \[G24\], \[M14\]).

use std::collections::{BTreeMap, VecDeque};

use incamera_wire::{Fingerprint, MessageId};

use super::clocks::Anchors;
use super::face::{Alarm, Event};
use super::member::{Member, Standing};
use super::prefix::{Place, Prefix};
use super::shared::Shared;
use super::voices::{OFTEN_MS, Voices, seldom};
use crate::mls::Engine;
use crate::policy::{self, Occupant, Part};

/// How old the newest sign that the log is current may be before people are told, in milliseconds.
pub(super) const ALARM_MS: u64 = 30_000;
/// How young one has to be to end the alarm, in milliseconds: a delay of just that length must not
/// start and end it again and again.
const CALM_MS: u64 = 20_000;
/// How old it may be before sealing stops, unless the caller says otherwise, in milliseconds.
pub(super) const STOP_MS: u64 = 60_000;
/// How long hosts are silent before those who follow them say so by themselves, in milliseconds.
pub(super) const SILENT_MS: u64 = 25_000;
/// How much of that silence an own entry must have come through, in milliseconds: or it is this
/// client that hears nobody.
const THROUGH_MS: u64 = 20_000;
/// How soon one beats who has just come to beat often, in milliseconds.
const FIRST_BEAT_MS: u64 = 1_000;
/// How old that sign is when a member gives the authorities a new anchor to read, in milliseconds, and
/// how much later each next member does, at most.
const ANCHOR_MS: u64 = 15_000;
const ANCHOR_STAGGER_MS: u64 = 10;
const ANCHOR_LATEST_MS: u64 = 5_000;
/// How long after its last heartbeat a member gives an anchor at the earliest, in milliseconds, and how
/// much seldomer for each member.
const ANCHOR_AGAIN_MS: u64 = 10_000;

/// What a member knows of the others' being there.
pub(super) struct Liveness {
    /// What was read of the log.
    pub(super) prefix: Prefix,
    /// Own entries read back.
    pub(super) anchors: Anchors,
    pub(super) voices: Voices,
    /// The origin of the clock that this member's heartbeats show.
    pub(super) origin_ms: u64,
    /// The log as it was read is known to have been current at this time.
    pub(super) fresh_ms: u64,
    /// Whether people know that nothing shows that it still is.
    withheld: bool,
    /// How many members come before this one in the tree.
    rank: u64,
    /// When this member beats next, and when it did last.
    pub(super) beat_at: u64,
    pub(super) beaten_ms: Option<u64>,
    /// Own heartbeats that are sent until they are read back.
    pub(super) beats: VecDeque<MessageId>,
    /// Since when nothing was heard of any host, and whether this member has said so by itself.
    silent_from: u64,
    called: bool,
    /// Hosts that were replaced for their silence, and the place in the log behind that: if they have
    /// read another log, it is the meeting's.
    pub(super) replaced: BTreeMap<Fingerprint, u64>,
}

impl Liveness {
    pub(super) fn new(prefix: Prefix, now_ms: u64) -> Self {
        Self {
            prefix,
            anchors: Anchors::default(),
            voices: Voices::default(),
            origin_ms: now_ms,
            fresh_ms: now_ms,
            withheld: false,
            rank: 0,
            beat_at: u64::MAX,
            beaten_ms: None,
            beats: VecDeque::new(),
            silent_from: now_ms,
            called: false,
            replaced: BTreeMap::new(),
        }
    }

    /// A host was heard.
    pub(super) fn heard_host(&mut self, now_ms: u64) {
        (self.silent_from, self.called) = (now_ms, false);
    }

    /// The log was current at this time.
    pub(super) fn shows(&mut self, made_ms: Option<u64>) {
        self.fresh_ms = self.fresh_ms.max(made_ms.unwrap_or_default());
    }

    /// Everything that tells two of them apart but what was read of the log, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        let Self { origin_ms, fresh_ms, withheld, beat_at, beaten_ms, beats, .. } = self;
        let Self { silent_from, called, replaced, .. } = self;
        self.anchors.digest(hash);
        self.voices.digest(hash);
        let times = format!("{origin_ms} {fresh_ms} {withheld} {beat_at} {beaten_ms:?} {beats:?}");
        sha2::Digest::update(hash, format!("{times} {silent_from} {called} {replaced:?}"));
    }
}

impl<E: Engine> Member<E> {
    /// From now on this member is one of those who keep the meeting together.
    pub(super) fn begin_liveness(&mut self, now_ms: u64) {
        self.settle_parts(now_ms);
        let live = &mut self.live;
        live.voices.count_from(now_ms);
        live.heard_host(now_ms);
        live.shows(Some(now_ms));
        let (often, members) = (self.beats_often(), self.roster().seats().len() as u64);
        let turn = self.live.rank.saturating_add(1);
        let seldom = seldom(self.roster().seats().len());
        let turn = seldom.saturating_mul(turn).checked_div(members).unwrap_or(seldom);
        let wait = if often { FIRST_BEAT_MS } else { turn };
        self.live.beat_at = now_ms.saturating_add(wait);
    }

    /// Notes who plays which part, after a commit or an order.
    pub(super) fn settle_parts(&mut self, now_ms: u64) {
        let parts = policy::parts(&self.scene(&self.intents.ordered()));
        let (before, rank) = (self.beats_often(), self.rank(|_| true));
        let live = &mut self.live;
        live.rank = rank;
        live.voices.settle(&self.epochs.current().roster, &parts, now_ms);
        let shown = live.voices.authorities().filter_map(|(_, voice)| voice.made_ms).max();
        live.shows(shown);
        if self.beats_often() && !before {
            let soon = now_ms.saturating_add(FIRST_BEAT_MS);
            self.live.beat_at = self.live.beat_at.min(soon);
        }
    }

    /// After a merge: who speaks for the meeting now.
    pub(super) fn settle_liveness(
        &mut self,
        committer: Option<&Occupant>,
        hosts_before: &[Fingerprint],
        now_ms: u64,
    ) {
        let hosts = self.present_hosts();
        if hosts != hosts_before {
            self.live.heard_host(now_ms);
        }
        // SPEC [G24]: nobody but a host takes the role away from a host who is here, unless they are
        // replaced for their silence.
        if committer.is_some_and(|committer| !hosts_before.contains(&committer.fingerprint)) {
            let demoted = hosts_before.iter().filter(|host| !hosts.contains(host));
            let behind = self.live.prefix.position().saturating_add(1);
            self.live.replaced.extend(demoted.map(|host| (*host, behind)));
        }
        let roster = &self.epochs.current().roster;
        self.live.replaced.retain(|who, _| roster.leaves_of(*who).next().is_some());
        self.settle_parts(now_ms);
        if let Some(committer) = committer {
            self.hear(committer, now_ms);
        }
    }

    /// An entry has been read, whatever came of it.
    pub(super) fn note_read(&mut self, place: Place) {
        let current = self.epochs.current();
        let live = &mut self.live;
        // A joiner goes back to read on from its Welcome.
        if place.seq == live.prefix.position() {
            live.prefix.read(place, current.epoch, &current.authenticator);
        }
        if let Some(posted_ms) = place.posted_ms {
            live.anchors.note(place.seq, posted_ms);
        }
    }

    /// Something of a member was read.
    pub(super) fn hear(&mut self, author: &Occupant, now_ms: u64) {
        self.live.voices.hear(author.stay, now_ms);
        self.heard_host(&author.fingerprint, now_ms);
    }

    /// Whether this member beats often: others rely on it, or will.
    fn beats_often(&self) -> bool {
        self.live.voices.of(self.stay).is_some_and(|own| own.part != Part::Other)
    }

    /// When sealing stops because nothing shows that the log is current (SPEC \[M14\]).
    pub(super) fn stops_at(&self, shared: &Shared) -> Option<u64> {
        let counts = self.standing == Standing::Confirmed;
        let stop_ms = shared.stop_ms.filter(|_| counts)?;
        Some(self.live.fresh_ms.saturating_add(stop_ms))
    }

    /// Does what is due, and says when something is due next.
    pub(super) fn drive_liveness(&mut self, shared: &mut Shared, now_ms: u64) -> Option<u64> {
        // Who yields no longer speaks for anybody.
        if self.standing != Standing::Confirmed || shared.wants_resync.is_some() {
            return None;
        }
        let alarm = self.judge_freshness(shared, now_ms);
        let unheard = self.tell_unheard(shared, now_ms);
        let call = self.call_silent(shared, now_ms);
        let due = |at: u64| at <= now_ms;
        if due(self.live.beat_at) || self.anchor_at().is_some_and(due) {
            let often = self.beat(shared, now_ms) || self.beats_often();
            let wait = if often { OFTEN_MS } else { seldom(self.roster().seats().len()) };
            self.live.beat_at = now_ms.saturating_add(wait);
            self.live.beaten_ms = Some(now_ms);
        }
        let own = [alarm, unheard, call, Some(self.live.beat_at), self.anchor_at()];
        own.into_iter().flatten().min()
    }

    /// Tells people that nothing shows that the log is current, and that it is again.
    fn judge_freshness(&mut self, shared: &mut Shared, now_ms: u64) -> Option<u64> {
        let limit = if self.live.withheld { CALM_MS } else { ALARM_MS };
        let withheld = self.live.fresh_ms.saturating_add(limit) <= now_ms;
        let before = std::mem::replace(&mut self.live.withheld, withheld);
        if withheld && !before {
            shared.tell(Event::Alarm(Alarm::Withheld));
        }
        if before && !withheld {
            // What was kept back comes now.
            self.live.voices.count_from(now_ms);
            shared.tell(Event::LogCurrent);
        }
        Some(self.live.fresh_ms.saturating_add(ALARM_MS)).filter(|_| !withheld)
    }

    /// Tells people who is silent; while nothing shows that the log is current, everybody is.
    fn tell_unheard(&mut self, shared: &mut Shared, now_ms: u64) -> Option<u64> {
        if self.live.withheld {
            return None;
        }
        let (silent, next) = self.live.voices.silent(self.stay, now_ms);
        for member in silent {
            shared.tell(Event::Alarm(Alarm::Unheard { member }));
        }
        next
    }

    /// One of the succession says that it hears nothing of the hosts (SPEC \[G17\]).
    fn call_silent(&mut self, shared: &mut Shared, now_ms: u64) -> Option<u64> {
        let own = self.own_seat()?.occupant.fingerprint;
        if self.live.called || !self.state.succession.contains(&own) {
            return None;
        }
        let at = self.live.silent_from.saturating_add(SILENT_MS);
        if at > now_ms {
            return Some(at);
        }
        // SPEC [G17]: who reads nothing at all knows nothing of the hosts.
        let since = self.live.silent_from.saturating_add(THROUGH_MS);
        if self.live.anchors.newest().is_some_and(|posted| posted >= since) {
            self.live.called = true;
            // No host may be here.
            let _ = self.declare_silent(shared, now_ms);
        }
        None
    }

    /// When an own heartbeat is due for others to answer, so that theirs prove something.
    fn anchor_at(&self) -> Option<u64> {
        if self.beats_often() {
            return None;
        }
        let members = self.roster().seats().len() as u64;
        let stagger = self.live.rank.saturating_mul(ANCHOR_STAGGER_MS);
        let wait = ANCHOR_MS.saturating_add(stagger.min(ANCHOR_LATEST_MS));
        let again = ANCHOR_AGAIN_MS.saturating_add(members.saturating_mul(ANCHOR_STAGGER_MS));
        let earliest = self.live.beaten_ms.map(|beaten| beaten.saturating_add(again));
        Some(self.live.fresh_ms.saturating_add(wait).max(earliest.unwrap_or_default()))
    }
}
