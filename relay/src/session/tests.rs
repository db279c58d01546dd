//! Sessions without a network: scripted messages in, and what a client would read out.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::extract::ws::Message;
use futures_util::stream::{self, Stream};
use futures_util::{Sink, StreamExt};
use incamera_wire::{
    Destination, Envelope, EnvelopeKind, MailboxId, MeetingId, MessageId, ToClient, ToServer,
};
use tokio::sync::{Semaphore, mpsc, watch};

use super::*;
use crate::hub::Hub;
use crate::identity::Identity;
use crate::limits::{Large, Places};
use crate::media::{Forwarder, MediaSettings};
use crate::metrics::Metrics;
use crate::settings::Given;
use crate::store::{News, Store, StoreLimits};

const MEETING: MeetingId = MeetingId::new([1; 16]);

/// A relay that nobody reaches.
fn relay() -> Arc<Relay> {
    let settings = Given::default().into_settings();
    let metrics = Metrics::new();
    let media = MediaSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        advertise: None,
        workers: 1,
        tracks_per_connection: 1,
        bits_per_second: 1_000_000,
        key_frame_interval_ms: 500,
    };
    let limits =
        StoreLimits { meetings: 9, log_bytes: 1 << 24, blob_bytes: 1 << 20, idle_seconds: 60 };
    Arc::new(Relay {
        store: Store::memory(limits, 1 << 26, 0),
        forwarder: Forwarder::start(media, Arc::clone(&metrics.media)).unwrap(),
        identity: Identity::random().unwrap(),
        certificate_sha256: None,
        tokens: None,
        hub: Hub::default(),
        places: Places::new(settings.place_limits()),
        metrics,
        backlog: Arc::new(Semaphore::new(settings.backlog_total_bytes)),
        large: Large::new(1, false),
        draining: watch::Sender::new(false),
        started: Instant::now(),
        settings,
    })
}

/// What a client reads.
struct Out(mpsc::UnboundedSender<ToClient>);

impl Sink<Message> for Out {
    type Error = axum::Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Self::Error> {
        if let Message::Binary(bytes) = message {
            // A test that has heard enough does not listen.
            let _ = self.0.send(ToClient::decode(&bytes).unwrap());
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
}

fn outbox(relay: &Relay) -> (outbox::Outbox, mpsc::UnboundedReceiver<ToClient>) {
    let backlog = Arc::clone(&relay.backlog);
    let (outbox, writer) = outbox::outbox(1 << 16, 64, backlog, Duration::from_secs(9));
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(writer.run(Out(sender)));
    (outbox, receiver)
}

/// What a client says, and then nothing for ever.
fn says(
    relay: &Relay,
    messages: &[ToServer],
) -> Receiver<impl Stream<Item = Result<Message, axum::Error>> + Unpin + use<>> {
    let seat = relay.places.enter("127.0.0.1".parse().unwrap(), relay.now()).unwrap();
    let messages: Vec<_> =
        messages.iter().map(|it| Ok(Message::Binary(it.encode().into()))).collect();
    Receiver::new(stream::iter(messages).chain(stream::pending()), seat, Inbound::default())
}

fn envelope(number: u64) -> Vec<u8> {
    let (meeting, kind, nonce) = (MEETING, EnvelopeKind::Event, [0; 24]);
    Envelope { meeting, kind, epoch: number, nonce, ciphertext: vec![0; 100], welcome: None }
        .encode()
}

fn id(number: u64) -> MessageId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    MessageId::new(id)
}

async fn append(relay: &Relay, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let entry = envelope(number).into();
        assert_eq!(relay.store.append(MEETING, id(number), entry).await, Ok(number));
    }
}

const HELLO: ToServer =
    ToServer::Hello { meeting: MEETING, mailbox: Some(MailboxId::new([5; 16])) };

/// The next entries that a client reads are these.
async fn reads(heard: &mut mpsc::UnboundedReceiver<ToClient>, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let expected = ToClient::Log { seq: number, bytes: envelope(number) };
        assert_eq!(heard.recv().await, Some(expected));
    }
}

#[tokio::test]
async fn who_lags_behind_all_news_reads_every_entry_once_and_in_order() {
    let relay = relay();
    let (outbox, mut heard) = outbox(&relay);
    let mut receiver = says(&relay, &[HELLO]);
    append(&relay, 0..3).await;
    let opened = opening::open(&relay, &mut receiver).await.unwrap();
    let live = Live::begin(&relay, &outbox, opened).await.unwrap();
    // More than the channel of news holds, before the session looks at any.
    append(&relay, 3..700).await;
    relay.store.publish(MEETING, News::Lobby(vec![1].into())).await.unwrap();
    let checks = async {
        assert_eq!(heard.recv().await, Some(ToClient::Connected { next: 3 }));
        assert!(matches!(heard.recv().await, Some(ToClient::Transport { .. })));
        let mut next = 3;
        let mut lobby = 0;
        while next < 700 || lobby == 0 {
            match heard.recv().await.unwrap() {
                ToClient::Log { seq, bytes } => {
                    assert_eq!((seq, bytes), (next, envelope(next)));
                    next += 1;
                }
                ToClient::Lobby { .. } => lobby += 1,
                other => panic!("{other:?}"),
            }
        }
        append(&relay, 700..705).await;
        reads(&mut heard, 700..705).await;
    };
    tokio::select! {
        ending = live.run(&mut receiver) => panic!("{ending:?}"),
        () = checks => {}
    }
}

#[tokio::test]
async fn a_fetch_while_entries_come_in_leaves_no_gap() {
    let relay = relay();
    let (outbox, mut heard) = outbox(&relay);
    append(&relay, 0..500).await;
    let mut receiver = says(&relay, &[HELLO, ToServer::Fetch { from: 10 }]);
    let checks = async {
        heard.recv().await.unwrap();
        heard.recv().await.unwrap();
        append(&relay, 500..900).await;
        reads(&mut heard, 10..900).await;
    };
    tokio::select! {
        ending = serve(&relay, &mut receiver, &outbox) => panic!("{ending:?}"),
        () = checks => {}
    }
}

#[tokio::test]
async fn posts_of_one_client_are_appended_and_accepted_in_its_order() {
    let relay = relay();
    let (outbox, mut heard) = outbox(&relay);
    let post =
        |number| ToServer::Post { id: id(number), to: Destination::Log, bytes: envelope(number) };
    let said: Vec<ToServer> = std::iter::once(HELLO).chain((0..300).map(post)).collect();
    let mut receiver = says(&relay, &said);
    let checks = async {
        let mut accepted = Vec::new();
        while accepted.len() < 300 {
            match heard.recv().await.unwrap() {
                ToClient::Accepted { id, seq } => accepted.push((id, seq)),
                ToClient::Refused(refusal) => panic!("{refusal:?}"),
                _ => {}
            }
        }
        let expected: Vec<_> = (0..300).map(|number| (id(number), Some(number))).collect();
        assert_eq!(accepted, expected);
    };
    tokio::select! {
        ending = serve(&relay, &mut receiver, &outbox) => panic!("{ending:?}"),
        () = checks => {}
    }
}

#[tokio::test]
async fn a_session_that_has_ended_leaves_nothing_behind() {
    let relay = relay();
    let (outbox, mut heard) = outbox(&relay);
    let mut receiver = says(&relay, &[HELLO, HELLO]);
    let ending = serve(&relay, &mut receiver, &outbox).await.unwrap();
    assert_eq!(ending.reason, RefusalReason::Malformed);
    heard.recv().await.unwrap();
    let Some(ToClient::Transport { id }) = heard.recv().await else { panic!("no transport") };
    assert!(!relay.hub.end(id, MEETING, 0));
    assert_eq!(relay.places.meetings(), 1);
    drop(receiver.into_seat());
    assert_eq!((relay.places.meetings(), relay.places.connections()), (0, 0));
}

#[tokio::test]
async fn bytes_of_any_kind_end_a_session_or_are_answered() {
    let relay = relay();
    let post = ToServer::Post { id: id(1), to: Destination::Log, bytes: envelope(1) };
    let challenge = vec![1; 30];
    let whole = [
        post,
        ToServer::Fetch { from: 0 },
        ToServer::FetchBlob { hash: incamera_wire::BlobHash::new([1; 32]) },
        ToServer::Prove { challenge, certificate_sha256: [1; 32] },
        ToServer::EndTransport { transport: incamera_wire::TransportId::new([1; 16]) },
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for round in 0..400 {
        let mut bytes = whole[round % whole.len()].encode();
        for _ in 0..random(4) {
            let at = random(bytes.len());
            bytes[at] = random(256) as u8;
        }
        bytes.truncate(1 + random(bytes.len()));
        let (outbox, _heard) = outbox(&relay);
        let seat = relay.places.enter("127.0.0.1".parse().unwrap(), relay.now()).unwrap();
        let said = [HELLO.encode(), bytes].map(|it| Ok(Message::Binary(it.into())));
        // The end of the stream is the end of the session, whatever came before.
        let mut receiver = Receiver::new(stream::iter(said), seat, Inbound::default());
        let ending = serve(&relay, &mut receiver, &outbox).await;
        assert!(ending.is_none_or(|refusal| !refusal.detail.is_empty()));
    }
    assert_eq!((relay.places.connections(), relay.places.meetings()), (0, 0));
}

#[test]
fn a_detail_is_cut_between_characters() {
    assert_eq!(shortened("é".repeat(200)).len(), 256);
    assert_eq!(shortened(format!("a{}", "é".repeat(200))).len(), 255);
    assert_eq!(shortened("a".to_owned()), "a");
}
