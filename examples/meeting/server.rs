//! The ordering server: log, lobby, mailboxes and blobs. It holds no key, and keeps a copy of
//! all that it sees.

use std::collections::BTreeMap;

use incamera::wire::server::OrderedLog;
use incamera::wire::{BlobHash, Destination, MailboxId, ToClient, ToServer};

use crate::world::Outcome;

/// Bytes that the log may hold.
const LOG_CAPACITY: usize = 16 << 20;

/// What a client of the server is sent next.
pub(crate) struct Mail {
    /// The seat of the client.
    pub(crate) to: usize,
    /// What it gets.
    pub(crate) what: ToClient,
}

/// One meeting's server.
pub(crate) struct Server {
    log: OrderedLog,
    blobs: BTreeMap<BlobHash, Vec<u8>>,
    connected: BTreeMap<usize, Option<MailboxId>>,
    seen: Vec<Vec<u8>>,
}

impl Server {
    /// A server that has seen nothing.
    pub(crate) fn new() -> Self {
        let (blobs, connected) = (BTreeMap::new(), BTreeMap::new());
        Self { log: OrderedLog::new(LOG_CAPACITY), blobs, connected, seen: Vec::new() }
    }

    /// Serves one request.
    pub(crate) fn serve(&mut self, from: usize, request: ToServer) -> Outcome<Vec<Mail>> {
        self.seen.push(request.encode());
        let reply = |what| vec![Mail { to: from, what }];
        Ok(match request {
            ToServer::Hello { mailbox, .. } => {
                self.connected.insert(from, mailbox);
                reply(ToClient::Connected { next: self.log.next() })
            }
            ToServer::Post { id, to: Destination::Log, bytes } => {
                let entry = self.log.append(id, &bytes)?;
                let what = ToClient::Log { seq: entry.seq, bytes };
                if entry.duplicate { Vec::new() } else { self.push(&what, |_, _| true) }
            }
            ToServer::Post { to: Destination::Lobby, bytes, .. } => {
                self.push(&ToClient::Lobby { bytes }, |seat, _| seat != from)
            }
            ToServer::Post { to: Destination::Direct(mailbox), bytes, .. } => {
                self.push(&ToClient::Direct { bytes }, |_, of| of == Some(mailbox))
            }
            ToServer::Post { to: Destination::Blob(hash), bytes, .. } => {
                self.blobs.insert(hash, bytes);
                Vec::new()
            }
            ToServer::Fetch { from: first } => {
                let entry = |(seq, bytes): (u64, &[u8])| ToClient::Log { seq, bytes: bytes.into() };
                self.log.read(first).map(entry).map(|what| Mail { to: from, what }).collect()
            }
            ToServer::FetchBlob { hash } => {
                let blob = self.blobs.get(&hash).cloned();
                blob.map(|bytes| reply(ToClient::Blob { bytes })).unwrap_or_default()
            }
            _ => Vec::new(), // what clients ask of a relay beside
        })
    }

    /// The same message for every connection that `wants` it.
    fn push(&self, what: &ToClient, wants: impl Fn(usize, Option<MailboxId>) -> bool) -> Vec<Mail> {
        let all = self.connected.iter().filter(|(seat, mailbox)| wants(**seat, **mailbox));
        all.map(|(to, _)| Mail { to: *to, what: what.clone() }).collect()
    }

    /// The client's connection is closed.
    pub(crate) fn hang_up(&mut self, seat: usize) {
        self.connected.remove(&seat);
    }

    /// Who is connected: the relay sends media to all of them.
    pub(crate) fn connected(&self) -> impl Iterator<Item = usize> {
        self.connected.keys().copied()
    }

    /// How many entries the log has.
    pub(crate) fn log_len(&self) -> u64 {
        self.log.next()
    }

    /// The log, as the server reads it.
    pub(crate) fn log(&self) -> Vec<Vec<u8>> {
        self.log.read(0).map(|(_, bytes)| bytes.to_vec()).collect()
    }

    /// A copy of every request as it came over the wire.
    pub(crate) fn seen(&self) -> &[Vec<u8>] {
        &self.seen
    }
}

#[cfg(test)]
mod tests {
    use incamera::wire::{MeetingId, MessageId};

    use super::*;

    #[test]
    fn each_destination_reaches_those_it_is_for() {
        let mut server = Server::new();
        let mut serve = |from, request| server.serve(from, request).unwrap();
        let meeting = MeetingId::new([0; 16]);
        for seat in [1, 2, 3] {
            let mailbox = Some(MailboxId::new([seat as u8; 16]));
            assert_eq!(serve(seat, ToServer::Hello { meeting, mailbox }).len(), 1);
        }
        let post = |id, to| ToServer::Post { id: MessageId::new([id; 16]), to, bytes: vec![id] };
        let mailbox = |id| Destination::Direct(MailboxId::new([id; 16]));
        assert_eq!(serve(1, post(1, Destination::Log)).len(), 3);
        assert_eq!(serve(1, post(1, Destination::Log)).len(), 0);
        assert_eq!(serve(1, post(2, Destination::Lobby)).len(), 2);
        assert_eq!(serve(1, post(3, mailbox(2))).len(), 1);
        assert_eq!(serve(1, post(4, mailbox(9))).len(), 0);
        assert_eq!(serve(2, ToServer::Fetch { from: 0 }).len(), 1);
        assert_eq!(server.seen().len(), 9);
    }
}
