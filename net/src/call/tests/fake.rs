//! A small relay inside of the test, which fails as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use futures_util::{SinkExt as _, StreamExt as _};
use incamera::Destination;
use incamera::wire::server::OrderedLog;
use incamera::wire::{MailboxId, Refusal, RefusalReason, RelayChallenge, RelayEntry, RelayProof};
use incamera::wire::{ToClient, ToServer, relay_statement};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use crate::relay::Relay;

/// The relay's key.
fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// The relay, as a meeting lists it.
pub(super) fn listed() -> RelayEntry {
    let key = key().public_key().as_ref().try_into().unwrap();
    RelayEntry { key, region: "Iceland".to_owned() }
}

/// What the relay does with a post to its log.
pub(super) enum Fault {
    /// Drops the connection, and the post with it.
    Lose,
    /// Takes the post, and drops the connection before it says so.
    Forget,
    /// Refuses it.
    Refuse { retry_after_ms: u32 },
}

pub(super) struct Place {
    log: OrderedLog,
    guests: Vec<(Option<MailboxId>, mpsc::UnboundedSender<ToClient>)>,
    faults: VecDeque<Fault>,
    pub(super) turns_away: Option<Refusal>,
    blobs: Vec<Vec<u8>>,
}

#[derive(Clone)]
pub(super) struct Fake(pub(super) Arc<Mutex<Place>>);

impl Fake {
    pub(super) async fn start() -> (Self, Relay) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let (log, guests, faults) = (OrderedLog::new(1 << 24), Vec::new(), VecDeque::new());
        let place = Place { log, guests, faults, turns_away: None, blobs: Vec::new() };
        let fake = Self(Arc::new(Mutex::new(place)));
        let relay = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(relay.clone().serve(stream));
            }
        });
        (fake, Relay::parse(&at).unwrap())
    }

    pub(super) fn fail(&self, fault: Fault) {
        self.0.lock().unwrap().faults.push_back(fault);
    }

    pub(super) fn turn_away(&self, reason: RefusalReason, retry_after_ms: u32) {
        let detail = "as the test wants".to_owned();
        let refusal = Refusal { post: None, reason, detail, retry_after_ms };
        let mut place = self.0.lock().unwrap();
        place.turns_away = Some(refusal.clone());
        let told = |(_, guest): (_, mpsc::UnboundedSender<ToClient>)| {
            let _ = guest.send(ToClient::Refused(refusal.clone()));
        };
        std::mem::take(&mut place.guests).into_iter().for_each(told);
    }

    async fn serve(self, stream: TcpStream) {
        let Ok(mut stream) = accept_async(stream).await else { return };
        let (own, mut inbox) = mpsc::unbounded_channel::<ToClient>();
        loop {
            tokio::select! {
                message = inbox.recv() => {
                    let Some(message) = message else { return };
                    let bytes = message.encode();
                    let ends = matches!(message, ToClient::Refused(Refusal { post: None, .. }));
                    if stream.send(Message::Binary(bytes.into())).await.is_err() || ends {
                        return;
                    }
                }
                message = stream.next() => match message {
                    Some(Ok(Message::Binary(bytes))) => {
                        let message = ToServer::decode(&bytes).unwrap();
                        if !self.0.lock().unwrap().take(&own, message) {
                            return;
                        }
                    }
                    Some(Ok(_)) => {}
                    _ => return,
                },
            }
        }
    }
}

impl Place {
    /// Does what a client asks; false if its connection is to be dropped.
    fn take(&mut self, own: &mpsc::UnboundedSender<ToClient>, message: ToServer) -> bool {
        let answer = |message| own.send(message).unwrap();
        match message {
            ToServer::Hello { mailbox, .. } => match &self.turns_away {
                Some(refusal) => answer(ToClient::Refused(refusal.clone())),
                None => {
                    self.guests.push((mailbox, own.clone()));
                    answer(ToClient::Connected { next: self.log.next() });
                }
            },
            ToServer::Fetch { from } => {
                for (seq, bytes) in self.log.read(from) {
                    answer(ToClient::Log { seq, bytes: bytes.to_vec() });
                }
            }
            ToServer::FetchBlob { .. } => {
                self.blobs.iter().for_each(|blob| answer(ToClient::Blob { bytes: blob.clone() }));
            }
            ToServer::Post { id, to: Destination::Log, bytes } => {
                let fault = self.faults.pop_front();
                match fault {
                    Some(Fault::Lose) => return false,
                    Some(Fault::Refuse { retry_after_ms }) => {
                        let (post, detail) = (Some(id), "later".to_owned());
                        let reason = RefusalReason::TooFast;
                        answer(ToClient::Refused(Refusal { post, reason, detail, retry_after_ms }));
                        return true;
                    }
                    _ => {}
                }
                let before = self.log.next();
                let seq = self.log.append(id, &bytes).unwrap().seq;
                if self.log.next() != before {
                    self.tell(None, &ToClient::Log { seq, bytes });
                }
                if matches!(fault, Some(Fault::Forget)) {
                    return false;
                }
                answer(ToClient::Accepted { id, seq: Some(seq) });
            }
            ToServer::Post { id, to, bytes } => {
                match to {
                    Destination::Direct(to) => self.tell(Some(to), &ToClient::Direct { bytes }),
                    Destination::Lobby => self.tell(None, &ToClient::Lobby { bytes }),
                    _ => self.blobs.push(bytes),
                }
                answer(ToClient::Accepted { id, seq: None });
            }
            ToServer::Prove { challenge, certificate_sha256 } => {
                let challenge = RelayChallenge::decode(&challenge).unwrap();
                let signed = key().sign(&relay_statement(&challenge, &certificate_sha256));
                let signature = signed.as_ref().try_into().unwrap();
                let proof = RelayProof { key: listed().key, signature }.encode();
                answer(ToClient::Proof { proof, region: String::new() });
            }
            _ => {}
        }
        true
    }

    fn tell(&self, to: Option<MailboxId>, message: &ToClient) {
        for (mailbox, guest) in &self.guests {
            if to.is_none() || to == *mailbox {
                // One that has gone hears nothing.
                let _ = guest.send(message.clone());
            }
        }
    }
}
