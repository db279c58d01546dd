//! How a run ends if nothing more is asked for: everything arrives, time passes, and all agree.

use super::cast::{Checked, NAMES};
use super::choices::Faults;
use super::client::{Call, Phase, Stimulus};
use super::run::Stage;
use super::view::{Flaw, Rule, View};

/// How long the end is waited for, in milliseconds: longer than any member waits for its turn.
const PATIENCE_MS: u64 = 20_000;
/// The same if somebody knocks: longer than a joiner waits to be confirmed, and to be told otherwise.
const KNOCKER_PATIENCE_MS: u64 = 45_000;
/// What is due in the meantime is done at multiples of this, in milliseconds.
const PACE_MS: u64 = 500;

impl<E: Checked> Stage<'_, E>
where
    E::Joiner: 'static,
{
    /// Lets a run come to its end, and says what is wrong with it.
    pub(super) fn end(&mut self, view: &View) -> Result<View, Flaw> {
        let mut view = view.clone();
        let Faults { crashes, old, .. } = self.setup.faults;
        let back = |number: usize| self.setup.calls[number].1 == Call::LosePath;
        let knocks = self.setup.knockers > 0
            || crashes > view.left.crashes
            || old > view.left.old
            || (0..self.setup.calls.len()).any(back);
        let patience = if knocks { KNOCKER_PATIENCE_MS } else { PATIENCE_MS };
        let until = view.at_ms + patience;
        for who in 0..view.clients.len() {
            let next = view.log.len() as u64;
            self.step(&mut view, who, Stimulus::Connected { next });
        }
        loop {
            self.settle(&mut view);
            if let Some(flaw) = view.flaw {
                return Err(flaw);
            }
            let due = |who: usize| self.table.node(view.clients[who]).deadline;
            let due = (0..view.clients.len()).filter_map(due).min();
            let Some(due) = due.filter(|due| *due <= until) else { break };
            let at_ms = view.at_ms.max(due).next_multiple_of(PACE_MS);
            self.pass(&mut view, at_ms);
        }
        match self.complaint(&view) {
            Some(text) => Err(Flaw { rule: Rule::Ending, text }),
            None => Ok(view),
        }
    }

    /// Everything that is under way arrives, and whoever waits is let in.
    fn settle(&mut self, view: &mut View) {
        loop {
            for who in 0..view.clients.len() {
                while !view.uplink_is_empty(who) {
                    self.post(view, who, 0);
                }
            }
            let next = (0..view.clients.len()).find(|who| !view.flight[*who].is_empty());
            if let Some(who) = next {
                self.deliver(view, who, 0, false);
                continue;
            }
            let admits = |who: &usize| {
                let node = self.table.node(view.clients[*who]);
                node.phase == Phase::In && node.waiting > 0
            };
            let Some(who) = (0..view.clients.len()).find(admits) else { return };
            if !self.step(view, who, Stimulus::Call(Call::Admit)) {
                return;
            }
        }
    }

    fn complaint(&self, view: &View) -> Option<String> {
        let node = |who: &usize| self.table.node(view.clients[*who]);
        let all = 0..view.clients.len();
        // A link may be void by then, or the door locked.
        let shut = self.setup.calls.iter().enumerate().any(|(number, (_, call))| {
            view.called & (1 << number) != 0 && matches!(call, Call::Remove(_) | Call::Lock)
        });
        for who in all.clone() {
            let fine = match node(&who).phase {
                Phase::In => node(&who).idle,
                Phase::Over => true,
                Phase::Knocking => shut,
                Phase::Resyncing => !self.is_seated(view, who),
                Phase::Broken => node(&who).witness.is_alarmed(),
                Phase::Unconfirmed | Phase::Leaving | Phase::Restored => false,
            };
            if !fine {
                return Some(format!("{} is still {:?}", NAMES[who], node(&who).phase));
            }
        }
        if let Some(who) = self.alarmed(view) {
            let alarms = &node(&who).witness.alarms;
            return Some(format!("{} is alarmed for no reason: {alarms:?}", NAMES[who]));
        }
        let mut members = all.filter(|who| node(who).phase == Phase::In);
        let first = members.next()?;
        if let Some(other) = members.find(|other| node(other).stand != node(&first).stand) {
            return Some(format!("{} and {} are not in one group", NAMES[first], NAMES[other]));
        }
        self.unremoved(view)
    }

    /// Whether a member still sees the stay that a client had last.
    fn is_seated(&self, view: &View, who: usize) -> bool {
        let nodes = view.clients.iter().map(|client| self.table.node(*client));
        let stay = self.table.node(view.clients[who]).witness.visits.last().map(|visit| visit.stay);
        let mut rosters = nodes.filter(|node| node.phase == Phase::In).map(|node| &node.roster);
        stay.is_some_and(|stay| rosters.any(|roster| roster.contains(&stay)))
    }

    /// Somebody who is told that something is wrong although nothing was.
    fn alarmed(&self, view: &View) -> Option<usize> {
        let lost = |(number, (_, call)): (usize, &(usize, Call))| {
            view.called & (1 << number) != 0 && *call == Call::LosePath
        };
        let reason =
            self.setup.calls.iter().enumerate().any(lost) || self.setup.faults.old > view.left.old;
        let alarmed = |who: &usize| self.table.node(view.clients[*who]).witness.is_alarmed();
        (0..view.clients.len()).find(alarmed).filter(|_| !reason)
    }

    /// Somebody who was to be removed and is here.
    fn unremoved(&self, view: &View) -> Option<String> {
        for (number, (by, call)) in self.setup.calls.iter().enumerate() {
            let Call::Remove(whom) = call else { continue };
            let node = |who: usize| self.table.node(view.clients[who]);
            let called = view.called & (1 << number) != 0;
            let stays = node(*by).phase == Phase::In && node(*by).witness.alarms.is_empty();
            if called && stays && node(*whom).phase == Phase::In {
                return Some(format!("{} has removed {} in vain", NAMES[*by], NAMES[*whom]));
            }
        }
        None
    }
}
