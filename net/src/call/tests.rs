//! Calls over a small relay inside of the test, which fails as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use incamera::wire::server::OrderedLog;
use incamera::wire::{MailboxId, Refusal, RefusalReason, ToClient, ToServer};
use incamera::{Destination, Event, Identity, Settings};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::{Call, CallError, CallEvent, Ending, Events, Options};
use crate::relay::Relay;

/// What the relay does with a post to its log.
enum Fault {
    /// Drops the connection, and the post with it.
    Lose,
    /// Takes the post, and drops the connection before it says so.
    Forget,
    /// Refuses it.
    Refuse { retry_after_ms: u32 },
}

struct Place {
    log: OrderedLog,
    guests: Vec<(Option<MailboxId>, mpsc::UnboundedSender<ToClient>)>,
    faults: VecDeque<Fault>,
    turns_away: Option<Refusal>,
    blobs: Vec<Vec<u8>>,
}

#[derive(Clone)]
struct Fake(Arc<Mutex<Place>>);

impl Fake {
    async fn start() -> (Self, Relay) {
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

    fn fail(&self, fault: Fault) {
        self.0.lock().unwrap().faults.push_back(fault);
    }

    fn turn_away(&self, reason: RefusalReason, retry_after_ms: u32) {
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

/// The next event that is wanted, within ten seconds.
async fn wait<T>(events: &mut Events, mut wanted: impl FnMut(CallEvent) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.recv().await.expect("the call has not ended");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    timeout(Duration::from_secs(10), found).await.expect("it comes in time")
}

fn joined(event: CallEvent) -> Option<()> {
    matches!(event, CallEvent::Meeting(Event::Joined)).then_some(())
}

fn chat(event: CallEvent) -> Option<String> {
    if let CallEvent::Meeting(Event::Chat { text, .. }) = event { Some(text) } else { None }
}

/// Ada's meeting, with Ben in it.
async fn meeting(relay: &Relay) -> ((Call, Events), (Call, Events)) {
    let [ada, ben] = ["Ada", "Ben"].map(|name| Identity::generate(name).unwrap());
    let options = Options::default();
    let host = Call::create(&ada, Settings::default(), relay.clone(), options.clone()).await;
    let (host, mut host_events) = host.unwrap();
    wait(&mut host_events, joined).await;
    let invite = host.link().await.unwrap().invite;
    let guest = Call::join(&ben, &invite, relay.clone(), options).await;
    let (guest, mut guest_events) = guest.unwrap();
    let knocks = |event| match event {
        CallEvent::Meeting(Event::Knock { knock, .. }) => Some(knock),
        _ => None,
    };
    host.admit(wait(&mut host_events, knocks).await).await.unwrap();
    wait(&mut guest_events, joined).await;
    ((host, host_events), (guest, guest_events))
}

#[tokio::test]
async fn two_meet_talk_and_part() {
    let (_, relay) = Fake::start().await;
    let ((host, mut host_events), (guest, mut guest_events)) = meeting(&relay).await;
    guest.chat("hello").await.unwrap();
    assert_eq!(wait(&mut host_events, chat).await, "hello");
    assert_eq!(host.roster().await.unwrap().len(), 2);
    let codes = (host.safety_code().await.unwrap(), guest.safety_code().await.unwrap());
    assert_eq!(codes.0.to_string(), codes.1.to_string());
    guest.leave().await.unwrap();
    let ended = |event| if let CallEvent::Ended(ending) = event { Some(ending) } else { None };
    assert!(matches!(wait(&mut guest_events, ended).await, Ending::Left));
    assert!(guest_events.recv().await.is_none());
    assert!(matches!(guest.chat("?").await, Err(CallError::Over)));
    let gone = |event| matches!(event, CallEvent::Meeting(Event::Gone { .. })).then_some(());
    wait(&mut host_events, gone).await;
}

#[tokio::test]
async fn a_post_survives_the_connection_and_counts_once() {
    for fault in [Fault::Lose, Fault::Forget] {
        let (fake, relay) = Fake::start().await;
        let ((_host, mut host_events), (guest, mut guest_events)) = meeting(&relay).await;
        fake.fail(fault);
        // Whoever posts next loses its connection, be it by a heartbeat.
        guest.chat("once").await.unwrap();
        guest.chat("twice").await.unwrap();
        assert_eq!(wait(&mut host_events, chat).await, "once");
        assert_eq!(wait(&mut host_events, chat).await, "twice");
        assert_eq!(wait(&mut guest_events, chat).await, "once");
        assert_eq!(wait(&mut guest_events, chat).await, "twice");
        let more = timeout(Duration::from_millis(500), wait(&mut host_events, chat)).await;
        assert!(more.is_err(), "{more:?}");
    }
}

#[tokio::test]
async fn a_refused_post_is_told_and_posted_again() {
    let (fake, relay) = Fake::start().await;
    let ((host, mut host_events), (_guest, mut guest_events)) = meeting(&relay).await;
    fake.fail(Fault::Refuse { retry_after_ms: 50 });
    host.chat("in the end").await.unwrap();
    let refused = |event| match event {
        CallEvent::Refused(refusal) => Some(refusal.retry_after_ms),
        _ => None,
    };
    assert_eq!(wait(&mut host_events, refused).await, 50);
    assert_eq!(wait(&mut guest_events, chat).await, "in the end");
}

#[tokio::test]
async fn a_relay_that_turns_away_for_a_while_is_come_back_to() {
    let (fake, relay) = Fake::start().await;
    let ((host, mut host_events), _guest) = meeting(&relay).await;
    fake.turn_away(RefusalReason::Draining, 100);
    let lost = |event| matches!(event, CallEvent::Disconnected { .. }).then_some(());
    wait(&mut host_events, lost).await;
    fake.0.lock().unwrap().turns_away = None;
    host.chat("still here").await.unwrap();
    let back = |event| matches!(event, CallEvent::Reconnected).then_some(());
    wait(&mut host_events, back).await;
    assert_eq!(wait(&mut host_events, chat).await, "still here");
}

#[tokio::test]
async fn a_relay_that_does_not_want_one_ends_the_call() {
    let (fake, relay) = Fake::start().await;
    let (_host, (_guest, mut guest_events)) = meeting(&relay).await;
    fake.turn_away(RefusalReason::Ended, 0);
    let ended = |event| if let CallEvent::Ended(ending) = event { Some(ending) } else { None };
    let ending = wait(&mut guest_events, ended).await;
    assert!(matches!(ending, Ending::Refused(refusal) if refusal.reason == RefusalReason::Ended));
    fake.turn_away(RefusalReason::Unauthorized, 0);
    let eve = Identity::generate("Eve").unwrap();
    let refused = Call::create(&eve, Settings::default(), relay, Options::default()).await;
    assert!(matches!(refused, Err(CallError::Refused(_))));
}

#[tokio::test]
async fn without_a_connection_the_call_ends_when_it_was_told_to() {
    let (fake, relay) = Fake::start().await;
    let options = Options { give_up_after: Some(Duration::from_millis(300)), ..Options::default() };
    let ada = Identity::generate("Ada").unwrap();
    let call = Call::create(&ada, Settings::default(), relay, options).await;
    let (_call, mut events) = call.unwrap();
    fake.turn_away(RefusalReason::Unavailable, 60_000);
    let ended = |event| if let CallEvent::Ended(ending) = event { Some(ending) } else { None };
    assert!(matches!(wait(&mut events, ended).await, Ending::Unreachable(_)));
}
