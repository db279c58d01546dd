//! The server: an ordered log, a lobby, mailboxes and blobs. It holds no key.

use std::collections::HashMap;
use std::rc::Rc;

use incamera::wire::{BlobHash, MailboxId, MessageId, ToServer};
use incamera::{Destination, Input};

/// Bytes that several may be sent.
pub(crate) type Shared = Rc<Vec<u8>>;

/// What the server sends to a client.
#[derive(Clone)]
pub(crate) enum Push {
    Connected { next: u64 },
    Log { seq: u64, bytes: Shared },
    Lobby(Shared),
    Direct(Shared),
    Blob(Shared),
}

impl Push {
    /// As the client takes it in.
    pub(crate) fn input(&self) -> Input {
        match self {
            Self::Connected { next } => Input::Connected { next: *next },
            Self::Log { seq, bytes } => Input::Log { seq: *seq, bytes: bytes.to_vec() },
            Self::Lobby(bytes) => Input::Lobby(bytes.to_vec()),
            Self::Direct(bytes) => Input::Direct(bytes.to_vec()),
            Self::Blob(bytes) => Input::Blob(bytes.to_vec()),
        }
    }

    /// An entry with a change that only a server can make.
    fn garbled(&self) -> Self {
        let Self::Log { seq, bytes } = self else { return self.clone() };
        let mut bytes = bytes.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        Self::Log { seq: *seq, bytes: Rc::new(bytes) }
    }

    /// With one bit flipped; `None` for what a network alone cannot alter.
    pub(crate) fn altered(&self, at: u64) -> Option<Self> {
        let alter = |bytes: &Shared| {
            let mut altered = bytes.to_vec();
            let bit = at % (altered.len() as u64 * 8).max(1);
            if let Some(byte) = altered.get_mut(bit as usize / 8) {
                *byte ^= 1 << (bit % 8);
            }
            Rc::new(altered)
        };
        match self {
            Self::Connected { .. } | Self::Log { .. } => None,
            Self::Lobby(bytes) => Some(Self::Lobby(alter(bytes))),
            Self::Direct(bytes) => Some(Self::Direct(alter(bytes))),
            Self::Blob(bytes) => Some(Self::Blob(alter(bytes))),
        }
    }
}

/// Whom the server serves on a connection.
#[derive(Clone, Default)]
struct Served {
    connected: bool,
    mailbox: Option<MailboxId>,
    /// The server keeps the log from it.
    withheld: bool,
    /// Which continuation of the log it is shown: the first but for a lie.
    branch: usize,
    /// How many entries it is shown with a change.
    garbled: u64,
}

/// One continuation of the log.
#[derive(Clone, Default)]
struct Log {
    entries: Vec<Shared>,
    /// Where each message is.
    seen: HashMap<MessageId, u64>,
}

/// The server.
#[derive(Default)]
pub(crate) struct Server {
    logs: Vec<Log>,
    blobs: HashMap<BlobHash, Shared>,
    served: Vec<Served>,
}

impl Server {
    fn slot(&mut self, who: usize) -> &mut Served {
        if self.served.len() <= who {
            self.served.resize(who + 1, Served::default());
        }
        &mut self.served[who]
    }

    /// How many entries the log has.
    pub(crate) fn entries(&mut self) -> u64 {
        self.log(0).entries.len() as u64
    }

    fn log(&mut self, branch: usize) -> &mut Log {
        if self.logs.len() <= branch {
            self.logs.resize(branch + 1, Log::default());
        }
        &mut self.logs[branch]
    }

    /// Shows some a continuation of the log that is theirs alone.
    pub(crate) fn split(&mut self, some: &[usize]) {
        let log = self.log(0).clone();
        self.logs.push(log);
        let branch = self.logs.len() - 1;
        some.iter().for_each(|who| self.slot(*who).branch = branch);
    }

    /// Shows somebody what all others see.
    pub(crate) fn rejoin(&mut self, who: usize) {
        self.slot(who).branch = 0;
    }

    /// Shows somebody another entry than all others see, so many times.
    pub(crate) fn garble(&mut self, who: usize, times: u64) {
        self.slot(who).garbled += times;
    }

    /// The connection of a client broke.
    pub(crate) fn disconnect(&mut self, who: usize) {
        self.slot(who).connected = false;
    }

    /// Keeps the log from a client, or does no longer.
    pub(crate) fn withhold(&mut self, who: usize, withheld: bool) {
        self.slot(who).withheld = withheld;
    }

    /// Answers a request: what goes to whom.
    pub(crate) fn serve(&mut self, from: usize, request: &ToServer) -> Vec<(usize, Push)> {
        let Served { withheld, branch, garbled, .. } = *self.slot(from);
        match request {
            ToServer::Hello { mailbox, .. } => {
                let (connected, mailbox) = (true, *mailbox);
                *self.slot(from) = Served { connected, mailbox, withheld, branch, garbled };
                vec![(from, Push::Connected { next: self.log(branch).entries.len() as u64 })]
            }
            ToServer::Fetch { .. } if withheld => Vec::new(),
            ToServer::Fetch { from: first } => {
                let entries = (0..).zip(&self.log(branch).entries).skip(*first as usize);
                entries
                    .map(|(seq, bytes)| (from, Push::Log { seq, bytes: Rc::clone(bytes) }))
                    .collect()
            }
            ToServer::FetchBlob { hash } => {
                let blob = self.blobs.get(hash).map(|blob| (from, Push::Blob(Rc::clone(blob))));
                blob.into_iter().collect()
            }
            ToServer::Post { id, to, bytes } => self.post(from, *id, *to, bytes),
            _ => Vec::new(),
        }
    }

    fn post(
        &mut self,
        from: usize,
        id: MessageId,
        to: Destination,
        bytes: &[u8],
    ) -> Vec<(usize, Push)> {
        let bytes = Rc::new(bytes.to_vec());
        match to {
            Destination::Log => self.append(from, id, bytes),
            Destination::Lobby => self.to_those(|_| true, &Push::Lobby(bytes)),
            Destination::Direct(mailbox) => {
                self.to_those(|served| served.mailbox == Some(mailbox), &Push::Direct(bytes))
            }
            Destination::Blob(hash) => {
                self.blobs.insert(hash, bytes);
                Vec::new()
            }
        }
    }

    fn append(&mut self, from: usize, id: MessageId, bytes: Shared) -> Vec<(usize, Push)> {
        let Served { withheld, branch, .. } = *self.slot(from);
        let log = self.log(branch);
        // SPEC [S2]: acknowledged like the first.
        if let Some(seq) = log.seen.get(&id).copied() {
            let bytes = Rc::clone(&log.entries[seq as usize]);
            return if withheld { Vec::new() } else { vec![(from, Push::Log { seq, bytes })] };
        }
        let seq = log.entries.len() as u64;
        log.seen.insert(id, seq);
        log.entries.push(Rc::clone(&bytes));
        let push = Push::Log { seq, bytes };
        let mut pushes = self.to_those(|served| !served.withheld && served.branch == branch, &push);
        for (who, push) in &mut pushes {
            let slot = self.slot(*who);
            if slot.garbled > 0 {
                slot.garbled -= 1;
                *push = push.garbled();
            }
        }
        pushes
    }

    fn to_those(&self, wanted: impl Fn(&Served) -> bool, push: &Push) -> Vec<(usize, Push)> {
        let served = self.served.iter().enumerate();
        let wanted = served.filter(|(_, served)| served.connected && wanted(served));
        wanted.map(|(who, _)| (who, push.clone())).collect()
    }
}
