//! What a search is about, and what can happen next in a run.

use super::cast::Checked;
use super::client::{Call, Phase, Step, Stimulus};
use super::run::Stage;
use super::table::Node;
use super::view::View;
use crate::meeting::mistakes::Mistake;

/// How often the network and the clients may misbehave in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// Entries that are lost on their way to a client, or to the server.
    pub(super) lost: u8,
    /// Entries that come twice.
    pub(super) twice: u8,
    /// Entries that overtake another.
    pub(super) early: u8,
    /// Clients that crash and knock anew.
    pub(super) crashes: u8,
    /// Clients that crash and come back from their newest snapshots.
    pub(super) restores: u8,
    /// Clients that come back from the snapshots before those.
    pub(super) old: u8,
    /// Times that a second goes by.
    pub(super) seconds: u8,
}

/// What a search is about.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// How many are in from the start.
    pub(super) members: usize,
    /// How many more knock from the start.
    pub(super) knockers: usize,
    /// What each does at any time, each once.
    pub(super) calls: Vec<(usize, Call)>,
    pub(super) faults: Faults,
    /// Whether what a client posts may be under way for a while; if not, the server has it at once.
    pub(super) uplink: bool,
    /// Whether steps that nobody else can notice go first.
    pub(super) reduced: bool,
    /// Who makes which mistake.
    pub(super) mistake: Option<(usize, Mistake)>,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// A client makes the call of this number.
    Call(usize),
    /// The next entry reaches a client.
    Deliver(usize),
    /// The entry after the next reaches a client.
    Early(usize),
    /// The next entry reaches a client, and will once more.
    Twice(usize),
    /// The next entry is lost on its way to a client.
    Lose(usize),
    /// What a client posted first reaches the server.
    Post(usize),
    /// What it posted next overtakes that.
    PostEarly(usize),
    /// What it posted first is lost.
    LosePost(usize),
    /// A client is gone, and its person knocks with a new one.
    Crash(usize),
    /// A client comes back from its newest snapshot.
    Restore(usize),
    /// A client comes back from the snapshot before that.
    RestoreOld(usize),
    /// The next entry reaches a client, which stores itself and crashes before it has sent anything.
    DeliverTorn(usize),
    /// A client makes a call, stores itself and crashes before it has sent anything.
    CallTorn(usize),
    /// A second goes by.
    Second,
}

impl Setup {
    /// Whether clients store snapshots.
    pub(super) fn stores(&self) -> bool {
        self.faults.restores > 0 || self.faults.old > 0
    }
}

impl<E: Checked> Stage<'_, E>
where
    E::Joiner: 'static,
{
    /// What can happen next.
    pub(super) fn actions(&mut self, view: &View) -> Vec<Action> {
        if view.flaw.is_some() {
            return Vec::new();
        }
        if self.setup.reduced
            && let Some(who) = self.alone(view)
        {
            return vec![Action::Deliver(who)];
        }
        let mut actions = Vec::new();
        for (number, (who, _)) in self.setup.calls.iter().enumerate() {
            if view.called & (1 << number) == 0 && self.node(view, *who).phase == Phase::In {
                actions.push(Action::Call(number));
                actions.extend((view.left.restores > 0).then_some(Action::CallTorn(number)));
            }
        }
        for who in 0..view.clients.len() {
            self.actions_at(view, who, &mut actions);
        }
        if view.left.seconds > 0 {
            actions.push(Action::Second);
        }
        actions
    }

    /// Somebody whose next step is to read the next entry, whatever the others do, and who then sends
    /// nothing. The order of such a step and of what the others do makes no difference: to explore
    /// it first, and nothing else, loses no outcome (partial-order reduction; its steps are no part
    /// of a cycle, since each uses up an entry that is under way).
    fn alone(&mut self, view: &View) -> Option<usize> {
        if view.left != Faults::default() {
            return None;
        }
        let waits = |who: usize| {
            let mut calls = self.setup.calls.iter().enumerate();
            calls.any(|(number, (by, _))| *by == who && view.called & (1 << number) == 0)
        };
        let alone = |who: &usize| !view.flight[*who].is_empty() && !waits(*who);
        let candidates: Vec<_> = (0..view.clients.len()).filter(alone).collect();
        candidates.into_iter().find(|who| {
            let Some(at) = view.flight[*who].get(0) else { return false };
            let what = Stimulus::Entry { seq: at as u64, entry: view.log[at].clone() };
            let step = Step { at_ms: view.at_ms, what };
            let taken = self.table.step(view.clients[*who], &step);
            taken.is_some_and(|(_, outcome)| outcome.sent.is_empty())
        })
    }

    fn actions_at(&self, view: &View, who: usize, actions: &mut Vec<Action>) {
        let Faults { lost, twice, early, crashes, restores, old, .. } = view.left;
        let (flight, uplink) = (&view.flight[who], &view.uplink[who]);
        if !flight.is_empty() {
            actions.push(Action::Deliver(who));
            actions.extend((twice > 0).then_some(Action::Twice(who)));
            actions.extend((lost > 0).then_some(Action::Lose(who)));
            actions.extend((restores > 0).then_some(Action::DeliverTorn(who)));
        }
        actions.extend((flight.len() > 1 && early > 0).then_some(Action::Early(who)));
        if !uplink.is_empty() {
            actions.push(Action::Post(who));
            actions.extend((lost > 0).then_some(Action::LosePost(who)));
        }
        actions.extend((uplink.len() > 1 && early > 0).then_some(Action::PostEarly(who)));
        let Node { phase, stored, .. } = &*self.node(view, who);
        let lives = *phase != Phase::Over;
        actions.extend((lives && crashes > 0).then_some(Action::Crash(who)));
        actions.extend((lives && restores > 0 && *stored > 0).then_some(Action::Restore(who)));
        actions.extend((lives && old > 0 && *stored > 1).then_some(Action::RestoreOld(who)));
    }
}
