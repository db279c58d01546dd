//! A meeting while it happens: a server in a box, and a record of all that the clients are given.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use std::collections::{BTreeSet, HashMap, VecDeque};

use incamera::wire::{
    BlobHash, Envelope, EnvelopeKind, Fingerprint, LeafCredential, MailboxId, MessageId,
};
use incamera::{Destination, Event, Meeting, MemberId, Message, Now, Output, testing};
use serde_json::{Value, json};

use super::party::{Done, Party, Posted, at, joiner_keys};
use super::shown;
use crate::fields::{Fields, hex};

/// A client of the meeting.
pub(super) type Who = usize;

/// The meeting, its server and its clock.
pub(super) struct Live {
    seed: u8,
    pub(super) now_ms: u64,
    specs: Vec<Value>,
    pub(super) parties: Vec<Party>,
    pub(super) posted: Posted,
    mailboxes: Vec<Option<MailboxId>>,
    inboxes: Vec<VecDeque<Value>>,
    pub(super) events: Vec<Vec<Event>>,
    /// Whom the server delivers nothing to.
    pub(super) deaf: BTreeSet<Who>,
    /// Whose words the server loses.
    pub(super) mute: BTreeSet<Who>,
    /// Whose commits alone the server loses.
    pub(super) uncommitted: BTreeSet<Who>,
    /// Whose clients have stopped.
    pub(super) gone: BTreeSet<Who>,
    /// Places in the log that a client does not get.
    pub(super) lost: BTreeSet<(Who, usize)>,
    ids: HashMap<MessageId, usize>,
    blobs: HashMap<BlobHash, usize>,
    steps: Vec<(Who, Value)>,
    /// Clients that were modified, and after how many steps.
    rogues: HashMap<Who, (usize, Party)>,
}

impl Live {
    pub(super) fn new(seed: u8) -> Self {
        Self {
            seed,
            now_ms: 1_000,
            specs: Vec::new(),
            parties: Vec::new(),
            posted: Posted::default(),
            mailboxes: Vec::new(),
            inboxes: Vec::new(),
            events: Vec::new(),
            deaf: BTreeSet::new(),
            mute: BTreeSet::new(),
            uncommitted: BTreeSet::new(),
            gone: BTreeSet::new(),
            lost: BTreeSet::new(),
            rogues: HashMap::new(),
            ids: HashMap::new(),
            blobs: HashMap::new(),
            steps: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Now {
        at(self.now_ms)
    }

    /// The secret key of an identity, by a number of its own.
    pub(super) fn identity_key(&self, number: u8) -> [u8; 32] {
        let mut key = [self.seed; 32];
        (key[0], key[1]) = (0x1d, number);
        key
    }

    fn spec(&self, name: &str, identity: u8) -> Value {
        let mut seed = [self.seed; 32];
        seed[0] = self.parties.len() as u8;
        json!({
            "name": name, "seed": hex(seed), "identity_key": hex(self.identity_key(identity)),
        })
    }

    /// A client that creates the meeting.
    pub(super) fn create(&mut self, name: &str, settings: Value) -> Who {
        let mut spec = self.spec(name, self.parties.len() as u8);
        spec["create"] = settings;
        self.enter(spec)
    }

    /// A client that knocks with this link.
    pub(super) fn knock_at(&mut self, name: &str, link: &str, passcode: Option<&str>) -> Who {
        self.knock_as(name, self.parties.len() as u8, link, passcode)
    }

    /// The same, under an identity of this number.
    pub(super) fn knock_as(
        &mut self,
        name: &str,
        identity: u8,
        link: &str,
        passcode: Option<&str>,
    ) -> Who {
        let mut spec = self.spec(name, identity);
        spec["join"] = json!({ "link": link });
        if let Some(passcode) = passcode {
            spec["join"]["passcode"] = passcode.into();
        }
        self.enter(spec)
    }

    /// A client that knocks with the host's first invite.
    pub(super) fn knock(&mut self, name: &str) -> Who {
        let link = self.link();
        self.knock_at(name, &link, None)
    }

    pub(super) fn link(&self) -> String {
        self.meeting(0).invite().unwrap().link()
    }

    fn enter(&mut self, mut spec: Value) -> Who {
        let mut party = Party::new(&spec);
        let begin = json!({ "begin": true });
        // The keys of a joiner are written down before it begins in the record.
        party.perform(&Fields::of(&begin, "begin").unwrap(), &self.posted, self.now()).unwrap();
        if let Some(keys) = joiner_keys(party.meeting().unwrap()) {
            spec["keys"] = keys;
        }
        let who = self.parties.len();
        self.mailboxes.push(party.meeting().unwrap().mailbox());
        self.parties.push(Party::new(&spec));
        self.specs.push(spec);
        self.inboxes.push(VecDeque::new());
        self.events.push(Vec::new());
        self.give(who, begin);
        let next = self.posted.log.len();
        self.give(who, json!({ "connected": next }));
        self.settle();
        who
    }

    /// Gives something to a client, and carries out what it wants.
    pub(super) fn give(&mut self, who: Who, what: Value) -> Vec<Value> {
        self.steps.push((who, json!({ "at_ms": self.now_ms, "party": who, "do": what.clone() })));
        let fields = Fields::of(&what, "a step").unwrap();
        let (posted, now) = (&self.posted, at(self.now_ms));
        let done = self.parties[who].perform(&fields, posted, now);
        assert!(done.is_ok(), "{what}: {:?}", done.err());
        let Done { outputs, said } = done.unwrap();
        for output in outputs {
            self.carry_out(who, output);
        }
        said
    }

    fn carry_out(&mut self, who: Who, output: Output) {
        match output {
            Output::Event(event) => self.events[who].push(event),
            Output::Fetch { from } => {
                let all = from as usize..self.posted.log.len();
                let there = all.filter(|seq| !self.lost.contains(&(who, *seq)));
                let entries: Vec<_> = there.map(|seq| json!({ "log": seq })).collect();
                self.inboxes[who].extend(entries);
            }
            Output::FetchBlob { hash } => {
                let blob = self.blobs.get(&hash).map(|place| json!({ "blob": place }));
                self.inboxes[who].extend(blob);
            }
            Output::Send(message) => self.post(who, message),
        }
    }

    fn post(&mut self, who: Who, Message { id, to, bytes }: Message) {
        let commits = || {
            let envelope = Envelope::decode(&bytes);
            envelope.is_ok_and(|envelope| envelope.kind == EnvelopeKind::Handshake)
        };
        let lost = to == Destination::Log && self.uncommitted.contains(&who) && commits();
        if self.mute.contains(&who) || lost {
            return;
        }
        match to {
            Destination::Blob(hash) => {
                if !self.blobs.contains_key(&hash) {
                    self.blobs.insert(hash, self.posted.blobs.len());
                    self.posted.blobs.push(bytes);
                }
            }
            Destination::Log => {
                if !self.ids.contains_key(&id) {
                    self.ids.insert(id, self.posted.log.len());
                    self.append(bytes);
                }
            }
            Destination::Lobby => {
                let place = Self::place(&mut self.posted.lobby, bytes);
                self.all(&json!({ "lobby": place }));
            }
            Destination::Direct(mailbox) => {
                let place = Self::place(&mut self.posted.direct, bytes);
                for (other, inbox) in self.mailboxes.iter().zip(&mut self.inboxes) {
                    if *other == Some(mailbox) {
                        inbox.push_back(json!({ "direct": place }));
                    }
                }
            }
        }
    }

    /// Where these bytes are in a list, in which they need not be twice.
    fn place(list: &mut Vec<Vec<u8>>, bytes: Vec<u8>) -> usize {
        list.iter().position(|known| *known == bytes).unwrap_or_else(|| {
            list.push(bytes);
            list.len() - 1
        })
    }

    /// Puts an entry at the end of the log.
    pub(super) fn append(&mut self, entry: Vec<u8>) -> usize {
        let seq = self.posted.log.len();
        self.posted.log.push(entry);
        self.all(&json!({ "log": seq }));
        seq
    }

    fn all(&mut self, input: &Value) {
        let seq = input.get("log").and_then(Value::as_u64);
        for (who, inbox) in self.inboxes.iter_mut().enumerate() {
            let lost = seq.is_some_and(|seq| self.lost.contains(&(who, seq as usize)));
            if !self.deaf.contains(&who) && !lost {
                inbox.push_back(input.clone());
            }
        }
    }

    /// Lets everything happen that happens without time passing.
    pub(super) fn settle(&mut self) {
        loop {
            let waits = |who: &Who| !self.inboxes[*who].is_empty();
            let waiting = (0..self.parties.len()).find(waits);
            let Some(who) = waiting else { return };
            let Some(next) = self.inboxes[who].pop_front() else { return };
            // Who is out takes in nothing any more.
            if self.meeting(who).poll_timeout().is_some() && !self.gone.contains(&who) {
                self.give(who, next);
            }
        }
    }

    /// Lets time pass, every timer on time.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        loop {
            self.settle();
            let here = (0..self.parties.len()).filter(|who| !self.gone.contains(who));
            let here: Vec<_> = here.collect();
            let next = here.iter().filter_map(|who| self.meeting(*who).poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now_ms = self.now_ms.max(next);
            for who in here {
                if timer_is_due(self.meeting(who), self.now_ms) {
                    self.give(who, json!({ "time": true }));
                }
            }
        }
        self.now_ms = end;
        self.settle();
    }

    /// Asks something of a client that it has to do.
    pub(super) fn ask(&mut self, who: Who, call: Value) {
        let said = self.give(who, call.clone());
        assert!(said.is_empty(), "{call}: {said:?}");
        self.settle();
    }

    /// The host lets everybody in who waits.
    pub(super) fn admit_all(&mut self, host: Who) {
        self.ask(host, json!({ "call": "admit_all" }));
        self.pass(100);
    }

    /// A meeting of these, who have all come in; the first is host.
    pub(super) fn of(seed: u8, names: &[&str]) -> Self {
        let mut live = Self::new(seed);
        live.create(names[0], json!({}));
        for name in &names[1..] {
            let who = live.knock(name);
            live.admit_all(0);
            assert!(live.has(who, &Event::Joined), "{name} is not in");
        }
        live
    }

    pub(super) fn has(&self, who: Who, event: &Event) -> bool {
        self.events[who].contains(event)
    }

    pub(super) fn meeting(&self, who: Who) -> &Meeting {
        self.parties[who].meeting().unwrap()
    }

    /// A copy of a client, which its owner has modified: what it does leaves the client as it is.
    pub(super) fn rogue(&mut self, who: Who) -> &mut Meeting {
        let own = || self.steps.iter().filter(|(of, _)| *of == who);
        let count = own().count();
        if self.rogues.get(&who).is_none_or(|(at, _)| *at != count) {
            let mut copy = Party::new(&self.specs[who]);
            for (_, step) in own() {
                let now = at(step["at_ms"].as_u64().unwrap());
                let does = Fields::of(&step["do"], "a step").unwrap();
                copy.perform(&does, &self.posted, now).unwrap();
            }
            self.rogues.insert(who, (count, copy));
        }
        self.rogues.get_mut(&who).unwrap().1.meeting_mut().unwrap()
    }

    /// How the others name a client.
    pub(super) fn member(&self, who: Who) -> MemberId {
        let own = self.meeting(who).roster().into_iter().find(|participant| participant.own);
        own.unwrap().member
    }

    pub(super) fn leaf(&self, who: Who) -> u32 {
        let own = self.meeting(who).roster().into_iter().find(|participant| participant.own);
        own.unwrap().leaf
    }

    /// The credential of a client's leaf.
    pub(super) fn credential(&self, who: Who) -> LeafCredential {
        let all = testing::credentials(self.meeting(who));
        let leaf = self.leaf(who);
        let own = all.iter().find(|(at, _)| *at == leaf);
        LeafCredential::decode(&own.unwrap().1).unwrap()
    }

    /// The public key to which private chats with a client are sealed.
    pub(super) fn direct_key(&self, who: Who) -> [u8; 32] {
        self.credential(who).direct_key
    }

    pub(super) fn fingerprint(&self, who: Who) -> Fingerprint {
        let own = self.meeting(who).roster().into_iter().find(|participant| participant.own);
        own.unwrap().fingerprint
    }

    pub(super) fn set_role(&mut self, who: Who, role: u8) {
        let whom = hex(self.fingerprint(who).as_bytes());
        self.ask(0, json!({ "call": "set_role", "who": whom, "role": role }));
    }

    /// All members see one group that has read one log.
    pub(super) fn agree(&self, members: &[Who]) {
        let digest = |who: Who| shown::digest(self.meeting(who));
        for who in members {
            assert_eq!(digest(*who), digest(members[0]), "client {who}");
        }
        assert!(testing::view(self.meeting(members[0])).is_some());
    }

    /// What a client began with.
    pub(super) fn specs_of(&self, who: Who) -> &Value {
        &self.specs[who]
    }

    /// The whole record.
    pub(super) fn record(&self) -> Value {
        let steps: Vec<_> = self.steps.iter().map(|(_, step)| step.clone()).collect();
        self.written(&self.specs, steps)
    }

    /// The record of one client, which is party 0 there.
    pub(super) fn record_of(&self, who: Who) -> Value {
        let own = self.steps.iter().filter(|(of, _)| *of == who);
        let steps = own.map(|(_, step)| {
            let mut step = step.clone();
            step["party"] = 0.into();
            step
        });
        let steps: Vec<_> = steps.collect();
        let mut record = self.written(&self.specs[who..=who], steps.clone());
        // What the client was not given is left out.
        for (name, given) in
            [("log", "log"), ("lobby", "lobby"), ("direct", "direct"), ("blobs", "blob")]
        {
            let is_given = |place: usize| steps.iter().any(|step| step["do"][given] == place);
            let own = |text: &Value| self.own_words(who, name, text);
            for (place, text) in record[name].as_array_mut().unwrap().iter_mut().enumerate() {
                if !is_given(place) && !own(text) {
                    *text = "".into();
                }
            }
        }
        record["digest"] = shown::digest(self.meeting(who));
        record
    }

    /// Whether a client posted this: its record names it by its place.
    fn own_words(&self, who: Who, name: &str, text: &Value) -> bool {
        name == "lobby"
            && self.mailboxes[who].is_some_and(|mailbox| {
                text.as_str().is_some_and(|text| text.contains(&hex(mailbox.as_bytes())))
            })
    }

    fn written(&self, specs: &[Value], steps: Vec<Value>) -> Value {
        let Posted { log, lobby, direct, blobs } = &self.posted;
        let all = |list: &Vec<Vec<u8>>| list.iter().map(hex).collect::<Vec<_>>();
        json!({
            "parties": specs, "log": all(log), "lobby": all(lobby), "direct": all(direct),
            "blobs": all(blobs), "steps": steps,
        })
    }
}

fn timer_is_due(meeting: &Meeting, now_ms: u64) -> bool {
    meeting.poll_timeout().is_some_and(|at| at <= now_ms)
}
