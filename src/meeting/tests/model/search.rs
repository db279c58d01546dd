//! The search: stateright goes through all runs. A state is the list of actions that led to it, and
//! two of them are the same if the digests of all clients, the server and the network are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use stateright::{Checker as _, HasDiscoveries, Model, Property};

use super::cast::{Cast, Checked, NAMES};
use super::choices::{Action, Setup};
use super::client::Call;
use super::run::Stage;
use super::table::Table;
use super::view::{Flaw, Rule, View};

/// A run so far.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) script: Vec<Action>,
    pub(super) view: Arc<View>,
    key: [u8; 32],
}

impl Hash for Run {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// The script of a run after which nothing is under way, and what is wrong with its end.
type End = (Vec<Action>, Option<Flaw>);

/// All runs of a setup.
pub(super) struct Search<E: Checked>
where
    E::Joiner: 'static,
{
    setup: Setup,
    /// The longest script.
    depth: usize,
    table: Mutex<Table<E>>,
    /// The quiet moments whose end has been seen, and what was wrong with it.
    ends: Mutex<HashMap<[u8; 32], End>>,
    /// How many runs went on beyond the depth.
    cut: AtomicUsize,
}

impl<E: Checked> Search<E>
where
    E::Joiner: 'static,
{
    pub(super) fn new(setup: Setup, depth: usize) -> Self {
        let table = Table::new(Cast::new(setup.members, setup.mistake, setup.stores()));
        Self {
            setup,
            depth,
            table: Mutex::new(table),
            ends: Mutex::default(),
            cut: AtomicUsize::new(0),
        }
    }

    fn on_stage<R>(&self, act: impl FnOnce(&mut Stage<'_, E>) -> R) -> R {
        let mut table = self.table.lock().unwrap();
        act(&mut Stage { setup: &self.setup, table: &mut table })
    }

    fn run(&self, script: Vec<Action>, view: View) -> Run {
        let key = view.key(&self.table.lock().unwrap());
        Run { script, view: Arc::new(view), key }
    }

    /// What is wrong with a run.
    fn flaw(&self, run: &Run) -> Option<Flaw> {
        if run.view.flaw.is_some() {
            return run.view.flaw.clone();
        }
        if !run.view.is_quiet() {
            return None;
        }
        if let Some(known) = self.ends.lock().unwrap().get(&run.key) {
            return known.1.clone();
        }
        let end = self.on_stage(|stage| stage.end(&run.view)).err();
        self.ends.lock().unwrap().insert(run.key, (run.script.clone(), end.clone()));
        end
    }

    fn holds(&self, run: &Run, rule: Rule) -> bool {
        self.flaw(run).is_none_or(|flaw| flaw.rule != rule)
    }
}

impl<E: Checked> Model for Search<E>
where
    E::Joiner: 'static,
{
    type State = Run;
    type Action = Action;

    fn init_states(&self) -> Vec<Run> {
        let view = self.on_stage(|stage| stage.begin());
        vec![self.run(Vec::new(), view)]
    }

    fn actions(&self, run: &Run, actions: &mut Vec<Action>) {
        actions.extend(self.on_stage(|stage| stage.actions(&run.view)));
    }

    fn next_state(&self, run: &Run, action: Action) -> Option<Run> {
        let view = self.on_stage(|stage| stage.act(&run.view, action))?;
        let script = run.script.iter().copied().chain([action]).collect();
        Some(self.run(script, view))
    }

    fn within_boundary(&self, run: &Run) -> bool {
        let within = run.script.len() <= self.depth;
        if !within {
            self.cut.fetch_add(1, Ordering::Relaxed);
        }
        within
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(Rule::Agreement.name(), |search, run| {
                search.holds(run, Rule::Agreement)
            }),
            Property::always(Rule::Client.name(), |search, run| search.holds(run, Rule::Client)),
            Property::always(Rule::Removed.name(), |search, run| search.holds(run, Rule::Removed)),
            Property::always(Rule::Ending.name(), |search, run| search.holds(run, Rule::Ending)),
        ]
    }
}

/// What a search came to.
#[derive(Debug)]
pub(super) struct Report {
    /// Different states.
    pub(super) states: usize,
    /// Steps between them.
    pub(super) transitions: usize,
    /// The longest script.
    pub(super) depth: usize,
    /// Different states of clients.
    pub(super) clients: usize,
    /// Steps of clients that were carried out, again ones too.
    pub(super) steps: usize,
    /// Moments at which nothing was under way, and whose end was seen.
    pub(super) ends: BTreeMap<[u8; 32], Vec<Action>>,
    /// Runs that would have gone on.
    pub(super) cut: usize,
    /// A script for each property that does not hold.
    pub(super) found: Vec<(&'static str, Vec<Action>, Option<Flaw>)>,
}

/// Goes through all runs of a setup, of at most `depth` actions, the shortest first; or until one is
/// found that breaks a rule.
pub(super) fn search<E: Checked>(setup: &Setup, depth: usize, until: Option<Rule>) -> Report
where
    E::Joiner: 'static,
{
    let until = until
        .map_or(HasDiscoveries::All, |rule| HasDiscoveries::AnyOf(BTreeSet::from([rule.name()])));
    let checker = Search::<E>::new(setup.clone(), depth).checker().finish_when(until);
    let checker = checker.spawn_bfs().join();
    let discoveries = checker.discoveries().into_iter();
    let found = discoveries.map(|(name, path)| {
        let run = path.last_state();
        (name, run.script.clone(), checker.model().flaw(run))
    });
    let found = found.collect();
    let model = checker.model();
    let table = model.table.lock().unwrap();
    let ends = model.ends.lock().unwrap();
    let ends = ends.iter().map(|(key, (script, _))| (*key, script.clone())).collect();
    Report {
        states: checker.unique_state_count(),
        transitions: checker.state_count(),
        depth: checker.max_depth() - 1,
        clients: table.len(),
        steps: table.steps,
        ends,
        cut: model.cut.load(Ordering::Relaxed),
        found,
    }
}

/// Plays a script in a table of its own, and gives the digest of where it leads.
pub(super) fn play<E: Checked>(setup: &Setup, script: &[Action]) -> [u8; 32]
where
    E::Joiner: 'static,
{
    let table = &mut Table::<E>::new(Cast::new(setup.members, setup.mistake, setup.stores()));
    let mut stage = Stage { setup, table };
    let mut view = stage.begin();
    for action in script {
        view = stage.act(&view, *action).unwrap();
    }
    view.key(stage.table)
}

/// A script as people read it.
pub(super) fn told(setup: &Setup, script: &[Action]) -> String {
    let line = |(number, action): (usize, &Action)| {
        let told = match action {
            Action::Call(call) => {
                let (who, call): (usize, Call) = setup.calls[*call];
                format!("{} {call}", NAMES[who])
            }
            Action::Deliver(who) => format!("the next entry reaches {}", NAMES[*who]),
            Action::Early(who) => format!("the entry after the next reaches {}", NAMES[*who]),
            Action::Twice(who) => {
                format!("the next entry reaches {}, and is still under way", NAMES[*who])
            }
            Action::Lose(who) => format!("the next entry is lost on its way to {}", NAMES[*who]),
            Action::Post(who) => format!("what {} posted first is in", NAMES[*who]),
            Action::PostEarly(who) => format!("what {} posted second is in", NAMES[*who]),
            Action::LosePost(who) => format!("what {} posted first is lost", NAMES[*who]),
            Action::Crash(who) => format!("{} crashes, and knocks anew", NAMES[*who]),
            Action::Restore(who) => format!("{} crashes, and is restored", NAMES[*who]),
            Action::RestoreOld(who) => {
                format!("{} crashes, and is restored from an old snapshot", NAMES[*who])
            }
            Action::DeliverTorn(who) => {
                let who = NAMES[*who];
                format!(
                    "the next entry reaches {who}, who crashes before it sends, and is restored"
                )
            }
            Action::CallTorn(call) => {
                let (who, call): (usize, Call) = setup.calls[*call];
                format!("{} {call}, crashes before it sends, and is restored", NAMES[who])
            }
            Action::Second => "a second goes by".to_owned(),
        };
        format!("{:3}. {told}\n", number + 1)
    };
    script.iter().enumerate().map(line).collect()
}
