//! The ordering server: log, lobby, mailboxes and blobs. It holds no key, and keeps a copy of
//! all that it sees.

use std::collections::{BTreeMap, BTreeSet};

use crate::net::{FromClient, FromServer, Id, To};

/// What a client of the server is sent next.
pub(crate) struct Mail {
    /// The seat of the client.
    pub(crate) to: usize,
    /// What it gets.
    pub(crate) what: FromServer,
}

/// One meeting's server.
#[derive(Default)]
pub(crate) struct Server {
    log: Vec<Vec<u8>>,
    known: BTreeSet<Id>,
    blobs: BTreeMap<[u8; 32], Vec<u8>>,
    connected: BTreeMap<usize, Option<Id>>,
    seen: Vec<Vec<u8>>,
}

impl Server {
    /// Serves one request.
    pub(crate) fn serve(&mut self, from: usize, request: FromClient) -> Vec<Mail> {
        match request {
            FromClient::Hello { mailbox } => {
                self.connected.insert(from, mailbox);
                let next = self.log.len() as u64;
                vec![Mail { to: from, what: FromServer::Connected { next } }]
            }
            FromClient::Post { id, to, bytes } => {
                self.seen.push(bytes.clone());
                if self.known.insert(id) { self.post(from, to, bytes) } else { Vec::new() }
            }
            FromClient::Fetch { from: seq } => self.replay(from, seq),
            FromClient::FetchBlob { hash } => {
                let blob = self.blobs.get(&hash).cloned();
                blob.map(|bytes| Mail { to: from, what: FromServer::Blob(bytes) })
                    .into_iter()
                    .collect()
            }
        }
    }

    /// Delivers a new message.
    fn post(&mut self, from: usize, to: To, bytes: Vec<u8>) -> Vec<Mail> {
        match to {
            To::Log => {
                let seq = self.log.len() as u64;
                self.log.push(bytes.clone());
                let everyone = self.connected.keys();
                let entry = |to: &usize| Mail {
                    to: *to,
                    what: FromServer::Log { seq, bytes: bytes.clone() },
                };
                everyone.map(entry).collect()
            }
            To::Lobby => {
                let others = self.connected.keys().filter(|seat| **seat != from);
                others.map(|to| Mail { to: *to, what: FromServer::Lobby(bytes.clone()) }).collect()
            }
            To::Direct(mailbox) => {
                let owners = self.connected.iter().filter(|(_, box_of)| **box_of == Some(mailbox));
                owners
                    .map(|(to, _)| Mail { to: *to, what: FromServer::Direct(bytes.clone()) })
                    .collect()
            }
            To::Blob(hash) => {
                self.blobs.insert(hash, bytes);
                Vec::new()
            }
        }
    }

    /// Sends the log again from `seq` on.
    fn replay(&self, to: usize, seq: u64) -> Vec<Mail> {
        let numbered = self.log.iter().zip(0..).skip(usize::try_from(seq).unwrap_or(usize::MAX));
        numbered
            .map(|(bytes, seq)| Mail { to, what: FromServer::Log { seq, bytes: bytes.clone() } })
            .collect()
    }

    /// The client's connection is closed.
    pub(crate) fn hang_up(&mut self, seat: usize) {
        self.connected.remove(&seat);
    }

    /// Who is connected: the relay sends media to all of them.
    pub(crate) fn connected(&self) -> impl Iterator<Item = usize> {
        self.connected.keys().copied()
    }

    /// The log, as the server reads it.
    pub(crate) fn log(&self) -> &[Vec<u8>] {
        &self.log
    }

    /// A copy of every message that was posted.
    pub(crate) fn seen(&self) -> &[Vec<u8>] {
        &self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_one_order_without_duplicates_and_can_be_read_again() {
        let mut server = Server::default();
        server.serve(3, FromClient::Hello { mailbox: Some([9; 16]) });
        let post = |id, to, bytes: &[u8]| FromClient::Post { id, to, bytes: bytes.to_vec() };
        assert_eq!(server.serve(1, post([1; 16], To::Log, b"one")).len(), 1);
        assert_eq!(server.serve(1, post([1; 16], To::Log, b"one")).len(), 0);
        assert_eq!(server.serve(1, post([2; 16], To::Log, b"two")).len(), 1);
        assert_eq!(server.serve(2, FromClient::Fetch { from: 0 }).len(), 2);
        assert_eq!(server.serve(2, FromClient::Fetch { from: u64::MAX }).len(), 0);
        assert_eq!(server.serve(1, post([3; 16], To::Direct([9; 16]), b"yes")).len(), 1);
        assert_eq!(server.serve(1, post([4; 16], To::Direct([8; 16]), b"no")).len(), 0);
        assert_eq!(server.log().len(), 2);
        assert_eq!(server.seen().len(), 5);
    }
}
