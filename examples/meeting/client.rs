//! One participant's client. A stand-in without cryptography that is worth the name: it speaks
//! through the face of the real one, so that the simulation can be tried.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::error::Error;

use incamera_wire::{
    Destination as To, Envelope, EnvelopeKind, MailboxId, MeetingId, MessageId, ToClient, ToServer,
};
use sha2::{Digest, Sha256};

use crate::forge;
use crate::net::{Action, Heard, Kind, Notice};

type Id = [u8; 16];
type Outcome<T> = Result<T, Box<dyn Error>>;

/// A participant's client.
pub(crate) struct Client {
    name: String,
    secret: [u8; 32],
    joined: bool,
    epoch: u64,
    roster: BTreeSet<String>,
    next: u64,
    early: BTreeMap<u64, Vec<u8>>,
    actions: VecDeque<Action>,
    knocks: Vec<(Id, String)>,
    ended: Vec<(u64, u64)>,
    ctr: BTreeMap<u64, u64>,
    seen: BTreeSet<(u64, u64, u64)>,
    held: Vec<(u64, Vec<u8>)>,
    posts: u64,
    first: u64,
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn id_of(bytes: [u8; 32]) -> Id {
    std::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0))
}

fn masked(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| byte ^ 0x55).collect()
}

impl Client {
    fn new(name: &str, secret: [u8; 32]) -> Self {
        let (roster, early, actions) = Default::default();
        let (knocks, ended, ctr, seen, held) = Default::default();
        let name = name.into();
        Self {
            name,
            secret,
            joined: false,
            epoch: 0,
            roster,
            next: 0,
            early,
            actions,
            knocks,
            ended,
            ctr,
            seen,
            held,
            posts: 0,
            first: 0,
        }
    }

    pub(crate) fn host(seed: [u8; 32], name: &str, _now: u64) -> Outcome<Self> {
        let mut client = Self::new(name, seed);
        client.joined = true;
        client.roster.insert(name.into());
        client.actions.push_back(Action::Notice(Notice::Joined));
        Ok(client)
    }

    pub(crate) fn guest(_seed: [u8; 32], name: &str, link: &str, _now: u64) -> Outcome<Self> {
        let byte =
            |i: usize| link.get(2 * i..2 * i + 2).and_then(|b| u8::from_str_radix(b, 16).ok());
        let secret: Option<Vec<u8>> = (0..32).map(byte).collect();
        let secret = secret.and_then(|s| s.try_into().ok()).ok_or("not a link")?;
        Ok(Self::new(name, secret))
    }

    pub(crate) fn link(&self) -> Outcome<String> {
        Ok(self.secret.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The same link with an invented secret.
    pub(crate) fn made_up_link(link: &str, _noise: [u8; 32]) -> Outcome<String> {
        Ok(format!("00{}", link.get(2..).ok_or("short")?))
    }

    pub(crate) fn meeting(&self) -> MeetingId {
        MeetingId::new([1; 16])
    }

    pub(crate) fn mailbox(&self) -> Option<MailboxId> {
        Some(MailboxId::new(id_of(hash(&[self.name.as_bytes()]))))
    }

    fn post(&mut self, to: To, bytes: Vec<u8>) {
        self.posts += 1;
        let id =
            MessageId::new(id_of(hash(&[&bytes, self.name.as_bytes(), &self.posts.to_be_bytes()])));
        self.actions.push_back(Action::Send(ToServer::Post { id, to, bytes }));
    }

    fn entry(&mut self, op: u8, text: &str) {
        let body = [&[op][..], &self.epoch.to_be_bytes(), &masked(text.as_bytes())].concat();
        let tag = hash(&[&self.secret, &body]);
        let (meeting, kind, epoch) = (self.meeting(), EnvelopeKind::Handshake, self.epoch);
        let (nonce, ciphertext, welcome) = ([0; 24], [&tag[..], &body].concat(), None);
        let envelope = Envelope { meeting, kind, epoch, nonce, ciphertext, welcome };
        self.post(To::Log, envelope.encode());
    }

    pub(crate) fn handle(&mut self, input: ToClient, now: u64) -> Outcome<()> {
        match input {
            ToClient::Connected { next } => {
                self.next = next;
                if !self.joined {
                    let tag = hash(&[&self.secret]);
                    let knock = [&tag[..], &masked(self.name.as_bytes())].concat();
                    self.post(To::Lobby, knock);
                }
            }
            ToClient::Log { seq, bytes } => {
                if seq >= self.next {
                    self.early.insert(seq, bytes);
                }
                while let Some(bytes) = self.early.remove(&self.next) {
                    self.next += 1;
                    self.apply(&bytes, now);
                }
                if !self.early.is_empty() {
                    self.actions.push_back(Action::Send(ToServer::Fetch { from: self.next }));
                }
            }
            ToClient::Lobby { bytes } if self.joined => {
                match bytes.strip_prefix(&hash(&[&self.secret])) {
                    Some(name) => {
                        let name = String::from_utf8(masked(name))?;
                        let mailbox = id_of(hash(&[name.as_bytes()]));
                        self.knocks.push((mailbox, name.clone()));
                        let knock = self.knocks.len() - 1;
                        self.actions.push_back(Action::Notice(Notice::Knock { knock, name }));
                    }
                    None => self.refuse("a knock that no live invite opens"),
                }
            }
            ToClient::Direct { .. } => self.actions.push_back(Action::Notice(Notice::Denied)),
            _ => {}
        }
        Ok(())
    }

    fn refuse(&mut self, why: &str) {
        self.actions.push_back(Action::Notice(Notice::Refused(why.into())));
    }

    fn apply(&mut self, bytes: &[u8], now: u64) {
        let Ok(Envelope { ciphertext, .. }) = Envelope::decode(bytes) else {
            return self.refuse("not an envelope");
        };
        let Some((tag, body)) = ciphertext.split_at_checked(32) else {
            return self.refuse("short");
        };
        let good = hash(&[&self.secret, body]).as_slice() == tag;
        let Some((op, rest)) = body.split_first().filter(|_| good) else {
            return self.refuse("forged");
        };
        let Some((epoch, text)) = rest.split_at_checked(8) else { return };
        let epoch = epoch.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
        let text = String::from_utf8_lossy(&masked(text)).into_owned();
        if !self.joined {
            let names: Vec<&str> = text.split('\n').collect();
            if *op == 1 && names.last() == Some(&&*self.name) {
                (self.joined, self.epoch, self.first) = (true, epoch + 1, epoch + 1);
                self.roster = names.iter().map(|name| (*name).into()).collect();
                self.actions.push_back(Action::Notice(Notice::Joined));
            }
            return;
        }
        if *op < 3 && epoch != self.epoch {
            return self.refuse("a commit for another epoch");
        }
        match op {
            1 => {
                let name = text.split('\n').next_back().unwrap_or("").to_owned();
                self.roster.insert(name);
                self.step(now + 10_000);
                self.actions.push_back(Action::Notice(Notice::KeyFrame));
            }
            2 => {
                self.roster.remove(&text);
                self.step(now + 2_000);
                self.actions.push_back(Action::Notice(Notice::Removed(text)));
            }
            3 if text != self.name
                && self.roster.iter().find(|n| **n != text) == Some(&self.name) =>
            {
                self.entry(2, &text);
            }
            4 => self.actions.push_back(Action::Notice(Notice::Over("ended"))),
            _ => {}
        }
    }

    fn step(&mut self, end: u64) {
        self.ended.push((self.epoch, end));
        self.ended.iter_mut().for_each(|(_, old)| *old = (*old).min(end));
        self.epoch += 1;
    }

    pub(crate) fn timeout(&mut self, _now: u64) -> Outcome<()> {
        Ok(())
    }

    pub(crate) fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        None
    }

    pub(crate) fn admit(&mut self, knock: usize, _now: u64) -> Outcome<()> {
        let (_, name) = self.knocks.get(knock).cloned().ok_or("no such knock")?;
        let names: Vec<String> = self.roster.iter().cloned().chain([name]).collect();
        self.entry(1, &names.join("\n"));
        Ok(())
    }

    pub(crate) fn deny(&mut self, knock: usize, _now: u64) -> Outcome<()> {
        let (mailbox, _) = self.knocks.get(knock).cloned().ok_or("no such knock")?;
        self.post(To::Direct(MailboxId::new(mailbox)), b"no".to_vec());
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &str, _now: u64) -> Outcome<()> {
        self.entry(2, name);
        Ok(())
    }

    pub(crate) fn leave(&mut self, _now: u64) -> Outcome<()> {
        let name = self.name.clone();
        self.entry(3, &name);
        self.actions.push_back(Action::Notice(Notice::Over("left")));
        Ok(())
    }

    pub(crate) fn end(&mut self, _now: u64) -> Outcome<()> {
        self.entry(4, "");
        Ok(())
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn roster(&self) -> BTreeSet<String> {
        self.roster.clone()
    }

    fn leaf(name: &str) -> u64 {
        u64::from(hash(&[name.as_bytes()])[0])
    }

    fn crypt(&self, epoch: u64, header: &[u8], body: &[u8]) -> Vec<u8> {
        let epoch = epoch.to_be_bytes();
        let block = |n: usize| hash(&[&self.secret, &epoch, header, &n.to_be_bytes()]);
        let pad = (0..).flat_map(block);
        body.iter().zip(pad).map(|(byte, pad)| byte ^ pad).collect()
    }

    /// Seals a frame; gives the epoch it is sealed in.
    pub(crate) fn seal(&mut self, _kind: Kind, plain: &[u8], _now: u64) -> Outcome<(Vec<u8>, u64)> {
        let kid = Self::leaf(&self.name) << 8 | self.epoch & 0xff;
        let slot = self.ctr.entry(kid).or_default();
        let header = forge::header(kid, *slot);
        *slot += 1;
        let body = self.crypt(self.epoch, &header, plain);
        let tag = hash(&[&self.secret, &header, &body]);
        Ok(([&header[..], &body, &tag].concat(), self.epoch))
    }

    pub(crate) fn open(&mut self, tag: u64, sealed: &[u8], now: u64, out: &mut Vec<u8>) -> Heard {
        let Some(kid) = forge::key_id(sealed) else { return Heard::Refused };
        let ahead = (kid & 0xff).wrapping_sub(self.epoch) & 0xff;
        if self.joined && (1..=32).contains(&ahead) {
            self.held.push((tag, sealed.to_vec()));
            return Heard::Held;
        }
        let from = self.roster.iter().find(|name| Self::leaf(name) == kid >> 8).cloned();
        let Some(from) = from.filter(|name| self.joined && *name != self.name) else {
            return Heard::Ignored;
        };
        let epoch = self.epoch.wrapping_sub(self.epoch.wrapping_sub(kid) & 0xff);
        if epoch < self.first {
            return Heard::Refused;
        }
        if self.ended.iter().any(|(old, end)| *old == epoch && now >= *end) {
            return Heard::Refused;
        }
        let (len, tag_at) = (forge::header(kid, 0).len(), sealed.len().saturating_sub(32));
        let Some((rest, seal)) = sealed.split_at_checked(tag_at) else { return Heard::Refused };
        let ctr_len =
            sealed.first().map_or(0, |c| if c & 8 == 0 { 0 } else { usize::from(c & 7) + 1 });
        let Some((header, body)) = rest.split_at_checked(len + ctr_len) else {
            return Heard::Refused;
        };
        if hash(&[&self.secret, header, body]).as_slice() != seal {
            return Heard::Refused;
        }
        let ctr = u64::from_be_bytes(std::array::from_fn(|i| seal.get(i).copied().unwrap_or(0)));
        if !self.seen.insert((epoch, kid, ctr)) {
            return Heard::Refused;
        }
        out.extend(self.crypt(epoch, header, body));
        Heard::Frame { from }
    }

    /// The next frame that was held and need not be any more.
    pub(crate) fn released(&mut self, now: u64, out: &mut Vec<u8>) -> Option<(u64, Heard)> {
        let ready = |sealed: &[u8]| {
            let ahead = forge::key_id(sealed)?.wrapping_sub(self.epoch) & 0xff;
            Some(!(1..=32).contains(&ahead))
        };
        let at = self.held.iter().position(|(_, sealed)| ready(sealed) == Some(true))?;
        let (tag, sealed) = self.held.remove(at);
        Some((tag, self.open(tag, &sealed, now, out)))
    }
}
