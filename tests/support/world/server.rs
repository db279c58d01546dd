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
}

/// The server.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) log: Vec<Shared>,
    /// Where each message is in the log.
    seen: HashMap<MessageId, u64>,
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
        let withheld = self.slot(from).withheld;
        match request {
            ToServer::Hello { mailbox, .. } => {
                *self.slot(from) = Served { connected: true, mailbox: *mailbox, withheld };
                vec![(from, Push::Connected { next: self.log.len() as u64 })]
            }
            ToServer::Fetch { .. } if withheld => Vec::new(),
            ToServer::Fetch { from: first } => {
                let entries = (0..).zip(&self.log).skip(*first as usize);
                entries
                    .map(|(seq, bytes)| (from, Push::Log { seq, bytes: Rc::clone(bytes) }))
                    .collect()
            }
            ToServer::FetchBlob { hash } => {
                let blob = self.blobs.get(hash).map(|blob| (from, Push::Blob(Rc::clone(blob))));
                blob.into_iter().collect()
            }
            ToServer::Post { id, to, bytes } => self.post(from, *id, *to, bytes),
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
            Destination::Log => match self.seen.get(&id).copied() {
                // SPEC [S2]: acknowledged like the first.
                Some(_) if self.slot(from).withheld => Vec::new(),
                Some(seq) => {
                    let bytes = Rc::clone(&self.log[seq as usize]);
                    vec![(from, Push::Log { seq, bytes })]
                }
                None => {
                    self.seen.insert(id, self.log.len() as u64);
                    self.append(bytes)
                }
            },
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

    /// Puts an entry at the end of the log.
    pub(crate) fn append(&mut self, bytes: Shared) -> Vec<(usize, Push)> {
        let seq = self.log.len() as u64;
        self.log.push(Rc::clone(&bytes));
        self.to_those(|served| !served.withheld, &Push::Log { seq, bytes })
    }

    fn to_those(&self, wanted: impl Fn(&Served) -> bool, push: &Push) -> Vec<(usize, Push)> {
        let served = self.served.iter().enumerate();
        let wanted = served.filter(|(_, served)| served.connected && wanted(served));
        wanted.map(|(who, _)| (who, push.clone())).collect()
    }
}
