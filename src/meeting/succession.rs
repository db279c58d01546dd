//! Hosts that fall silent: their listed followers say so, and with the word of most of them the
//! first takes their place (SPEC \[G17\]).

use incamera_wire::{EventKind, Fingerprint};

use super::events;
use super::member::Member;
use super::shared::Shared;
use crate::error::{Error, Rule};
use crate::mls::Engine;
use crate::policy::{self, Statement};

/// The most hosts that a statement names.
const MAX_HOSTS: usize = 16;
/// How much later each next of the succession commits, in milliseconds.
const REPLACE_STAGGER_MS: u64 = 1_000;

impl<E: Engine> Member<E> {
    /// Says that nothing is heard of the hosts, and goes on saying so in each epoch until one of them
    /// is heard or they are replaced.
    pub(super) fn declare_silent(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        self.require_in()?;
        let own = self.own_occupant()?.fingerprint;
        // SPEC [G17]
        if !self.state.succession.contains(&own) {
            return Err(Rule::Statements("you are not listed to follow the host").into());
        }
        self.say_silent(shared, now_ms)?;
        self.declares_silent = true;
        Ok(())
    }

    fn say_silent(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        let hosts = self.present_hosts();
        if hosts.is_empty() {
            return Err(Rule::Statements("no host is here").into());
        }
        if hosts.len() > MAX_HOSTS {
            return Err(Rule::Statements("more than 16 hosts are here").into());
        }
        self.say(shared, EventKind::HostSilent { hosts }, now_ms)
    }

    /// Statements hold for one epoch: says it again in a new one, of the same hosts.
    pub(super) fn restate_silence(
        &mut self,
        shared: &mut Shared,
        hosts_before: &[Fingerprint],
        now_ms: u64,
    ) {
        self.statements.clear();
        // SPEC [G17]: who has taken their place is not silent.
        self.declares_silent = self.declares_silent && self.present_hosts() == hosts_before;
        let own = self.own_seat().map(|seat| seat.occupant.fingerprint);
        let listed = own.is_some_and(|own| self.state.succession.contains(&own));
        // Said only by who means it; who cannot say it now does not mean it any more.
        self.declares_silent =
            self.declares_silent && listed && self.say_silent(shared, now_ms).is_ok();
    }

    /// A host was heard, if this is one.
    pub(super) fn heard_host(&mut self, who: &Fingerprint, now_ms: u64) {
        if policy::role_of(&self.state, who) == incamera_wire::Role::Host {
            self.declares_silent = false;
            self.live.heard_host(now_ms);
        }
    }

    /// Keeps a statement of this epoch; once they suffice, the hosts are replaced.
    pub(super) fn read_silence(
        &mut self,
        author: Fingerprint,
        named: &[Fingerprint],
        signed: &[u8],
        now_ms: u64,
    ) {
        // SPEC [G17]
        if !self.state.succession.contains(&author) {
            return;
        }
        // SPEC [G17]: one that spares a host would make the others' commit void.
        if self.present_hosts().iter().any(|host| !named.contains(host)) {
            return;
        }
        self.statements.insert(author, signed.to_vec());
        let own = self.own_seat().map(|seat| seat.occupant.fingerprint);
        let place = self.state.succession.iter().position(|who| Some(*who) == own);
        let Some(place) = place else { return };
        // SPEC [G17]: most of those listed.
        if self.statements.len() * 2 > self.state.succession.len() {
            let wait = REPLACE_STAGGER_MS.saturating_mul(place as u64);
            self.intents.replace_hosts_at.get_or_insert(now_ms.saturating_add(wait));
        }
    }

    /// The statements as a verdict sees them, and as a commit carries them.
    pub(super) fn collected(&self, shared: &Shared) -> (Vec<Statement>, Vec<Vec<u8>>) {
        let epoch = self.epochs.current().epoch;
        let mut statements = Vec::new();
        let mut evidence: Vec<Vec<u8>> = Vec::new();
        for signed in self.statements.values() {
            if let Ok(statement) = events::statement(signed, shared.meeting, epoch, self.roster()) {
                statements.push(statement);
                evidence.push(signed.clone());
            }
        }
        (statements, evidence)
    }
}
