//! Every state in which a client was found, so that none is computed twice. A client is a function of
//! its seed and of the steps that it took: what comes of a step is kept, and a client that is needed
//! again is played anew from its beginning, or from the nearest state that is still at hand.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use incamera_wire::StayId;

use super::cast::{Cast, Checked, START_MS};
use super::client::{Client, Outcome, Phase, Step};
use super::witness::Witness;

/// How many clients are kept running.
const MOST_RUNNING: usize = 4_000;

/// Names a state of a client.
pub(super) type NodeId = usize;

/// A state of a client.
pub(super) struct Node {
    /// The person.
    pub(super) who: usize,
    /// The state before, and the step that led here first.
    parent: Option<(NodeId, Step)>,
    pub(super) key: [u8; 32],
    pub(super) witness: Arc<Witness>,
    pub(super) phase: Phase,
    /// When something is due.
    pub(super) deadline: Option<u64>,
    pub(super) mailbox: Option<incamera_wire::MailboxId>,
    /// What has to agree between members: epoch, authenticator and state.
    pub(super) stand: String,
    /// Who is in its roster.
    pub(super) roster: BTreeSet<StayId>,
    /// How many knocks wait for this client's people.
    pub(super) waiting: usize,
    /// Whether nothing of its own is under way.
    pub(super) idle: bool,
    /// How many snapshots it has stored.
    pub(super) stored: usize,
}

/// What a step leads to, and what came of it; nothing if the call was refused.
pub(super) type Move = Option<(NodeId, Arc<Outcome>)>;

/// All states of all clients.
pub(super) struct Table<E: Checked>
where
    E::Joiner: 'static,
{
    pub(super) cast: Cast<E>,
    nodes: Vec<Arc<Node>>,
    by_key: HashMap<[u8; 32], NodeId>,
    moves: HashMap<(NodeId, Step), Move>,
    running: HashMap<NodeId, Client<E>>,
    oldest: VecDeque<NodeId>,
    /// How many steps were carried out, those of replays too.
    pub(super) steps: usize,
}

impl<E: Checked> Table<E> {
    pub(super) fn new(cast: Cast<E>) -> Self {
        Self {
            cast,
            nodes: Vec::new(),
            by_key: HashMap::new(),
            moves: HashMap::new(),
            running: HashMap::new(),
            oldest: VecDeque::new(),
            steps: 0,
        }
    }

    /// The first state of a person's client.
    pub(super) fn root(&mut self, who: usize) -> NodeId {
        let client = Client::new(&self.cast, who, START_MS);
        self.settle(client, None)
    }

    pub(super) fn node(&self, id: NodeId) -> &Arc<Node> {
        &self.nodes[id]
    }

    /// How many states of clients there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// What comes of a step in a state.
    pub(super) fn step(&mut self, from: NodeId, step: &Step) -> Move {
        let place = (from, step.clone());
        if let Some(known) = self.moves.get(&place) {
            return known.clone();
        }
        let mut client = self.client(from);
        self.steps += 1;
        let taken = match client.take(&self.cast, step) {
            Some(outcome) => {
                let to = self.settle(client, Some((from, step.clone())));
                Some((to, Arc::new(outcome)))
            }
            None => {
                self.keep(from, client);
                None
            }
        };
        self.moves.insert(place, taken.clone());
        taken
    }

    /// The state of a client, new or known.
    fn settle(&mut self, client: Client<E>, parent: Option<(NodeId, Step)>) -> NodeId {
        let key = client.key();
        if let Some(known) = self.by_key.get(&key) {
            // Not kept running: its next messages would be other bytes than those of the known one.
            return *known;
        }
        let id = self.nodes.len();
        self.nodes.push(Arc::new(node(&client, parent, key)));
        self.by_key.insert(key, id);
        self.keep(id, client);
        id
    }

    fn keep(&mut self, id: NodeId, client: Client<E>) {
        self.running.insert(id, client);
        self.oldest.push_back(id);
        while self.running.len() > MOST_RUNNING {
            let Some(oldest) = self.oldest.pop_front() else { break };
            self.running.remove(&oldest);
        }
    }

    /// A running client in a state.
    fn client(&mut self, id: NodeId) -> Client<E> {
        let (mut at, mut path) = (id, Vec::new());
        let mut client = loop {
            if let Some(running) = self.running.remove(&at) {
                break running;
            }
            match self.nodes[at].parent.clone() {
                Some((parent, step)) => {
                    path.push(step);
                    at = parent;
                }
                None => break Client::new(&self.cast, self.nodes[at].who, START_MS),
            }
        };
        for step in path.iter().rev() {
            self.steps += 1;
            client.take(&self.cast, step);
        }
        // A replay that led elsewhere would make the search worth nothing.
        assert!(client.key() == self.nodes[id].key, "a replay differs: {path:?}");
        client
    }
}

fn node<E: Checked>(client: &Client<E>, parent: Option<(NodeId, Step)>, key: [u8; 32]) -> Node {
    let seats = client.core.member.as_ref().map(|member| member.roster().seats());
    let roster: BTreeSet<StayId> =
        seats.unwrap_or_default().iter().map(|seat| seat.occupant.stay).collect();
    let stand = client.core.member.as_ref().map(|member| {
        let current = member.epochs.current();
        format!("{} {:?} {roster:?}", current.epoch, current.authenticator)
    });
    Node {
        who: client.who,
        parent,
        key,
        witness: Arc::new(client.witness.clone()),
        phase: client.phase(),
        deadline: client.core.poll_timeout(),
        mailbox: client.mailbox,
        stand: stand.unwrap_or_default(),
        roster,
        waiting: client.waiting(),
        idle: client.is_idle(),
        stored: client.stored.len(),
    }
}
