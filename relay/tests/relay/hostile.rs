//! Clients that want the relay ill.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use incamera_wire::{Destination, MediaRequest, MeetingId, RefusalReason, ToClient, ToServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, Connected, MEETING, envelope, id};
use crate::process::Relay;

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_before_it_is_there() {
    let relay = Relay::start(&["--message-bytes", "100000"]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let bytes = vec![1; 99_000];
    client.post(id(1), Destination::Lobby, bytes.clone()).await.unwrap_err();
    // Nothing but the frame's header: it says that 1 TiB follow.
    let header = [0x82, 0x80 | 127, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4];
    let tokio_tungstenite::MaybeTlsStream::Plain(stream) = client.socket.get_mut() else {
        panic!()
    };
    stream.write_all(&header).await.unwrap();
    let refusal = client.last_refusal().await;
    assert_eq!(refusal.reason, RefusalReason::TooLarge);
    assert!(refusal.detail.contains("message-bytes"), "{}", refusal.detail);
}

#[tokio::test]
async fn who_sends_on_behind_its_end_still_reads_why() {
    let relay = Relay::start(&["--message-bytes", "100000"]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let post = ToServer::Post { id: id(1), to: Destination::Lobby, bytes: vec![1; 8_000_000] };
    client.say(&post).await;
    assert_eq!(client.last_refusal().await.reason, RefusalReason::TooLarge);
}

#[tokio::test]
async fn a_post_that_is_too_large_for_its_destination_is_refused_alone() {
    let relay = Relay::start(&[]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let bytes = envelope(MEETING, 1, 1024 * 1024 - 300);
    assert_eq!(client.post(id(1), Destination::Log, bytes).await, Ok(Some(0)));
    for (to, length) in [(Destination::Log, 1024 * 1024 + 1), (Destination::Lobby, 65_537)] {
        let refusal = client.post(id(2), to, vec![1; length]).await.unwrap_err();
        assert_eq!(refusal.reason, RefusalReason::TooLarge);
    }
    assert_eq!(client.post(id(3), Destination::Lobby, vec![1; 65_536]).await, Ok(None));
}

#[tokio::test]
async fn who_does_not_say_hello_is_closed() {
    let relay = Relay::start(&["--hello-seconds", "1"]);
    let mut silent = Client::open(&relay).await;
    let mut pinging = Client::open(&relay).await;
    pinging.socket.send(Message::Ping(vec![1].into())).await.unwrap();
    for client in [&mut silent, &mut pinging] {
        let refusal = client.last_refusal().await;
        assert_eq!(refusal.reason, RefusalReason::TooSlow);
        assert!(refusal.detail.contains("hello-seconds"), "{}", refusal.detail);
    }
}

#[tokio::test]
async fn who_does_not_finish_its_header_is_closed() {
    let relay = Relay::start(&["--handshake-seconds", "1"]);
    let mut stream = TcpStream::connect(&relay.address).await.unwrap();
    stream.write_all(b"GET /v1/connect HTTP/1.1\r\nHost: re").await.unwrap();
    let began = Instant::now();
    let mut rest = Vec::new();
    // It ends, by an answer or without.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn what_makes_no_sense_ends_the_connection_with_a_word() {
    let relay = Relay::start(&[]);
    let hello = ToServer::Hello { meeting: MEETING, mailbox: None };
    for message in [
        Message::Binary(b"junk".to_vec().into()),
        Message::Text("hello".into()),
        Message::Binary(ToServer::Fetch { from: 0 }.encode().into()),
    ] {
        let mut client = Client::open(&relay).await;
        client.socket.send(message).await.unwrap();
        assert_eq!(client.last_refusal().await.reason, RefusalReason::Malformed);
    }
    let mut client = Client::connect(&relay, MEETING).await.client;
    client.say(&hello).await;
    assert_eq!(client.last_refusal().await.reason, RefusalReason::Malformed);
}

#[tokio::test]
async fn who_posts_too_fast_is_told_when_to_go_on() {
    let relay = Relay::start(&["--messages-per-second", "1", "--messages-burst", "5"]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let mut refused = Vec::new();
    for number in 0..10 {
        let bytes = envelope(MEETING, number, 20);
        if let Err(refusal) = client.post(id(number), Destination::Log, bytes).await {
            refused.push(refusal);
        }
    }
    assert!(refused.len() >= 4, "{refused:?}");
    for refusal in refused {
        assert_eq!(refusal.reason, RefusalReason::TooFast);
        assert!(refusal.detail.contains("messages-per-second") && refusal.retry_after_ms > 0);
    }
    // Another's meeting is not touched.
    let other = MeetingId::new([7; 16]);
    let mut other_client = Client::connect(&relay, other).await.client;
    let bytes = envelope(other, 0, 20);
    assert_eq!(other_client.post(id(0), Destination::Log, bytes).await, Ok(Some(0)));
}

#[tokio::test]
async fn a_flood_of_offers_ends_the_connection() {
    let relay = Relay::start(&["--media-requests-burst", "5", "--media-requests-per-second", "1"]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let (track, layer) = ("0/0".to_owned(), "1".to_owned());
    let request = ToServer::Media(MediaRequest::SelectLayer { track, layer });
    for _ in 0..5 {
        client.say(&request).await;
    }
    // It goes on till then.
    assert_eq!(client.post(id(1), Destination::Lobby, vec![1]).await, Ok(None));
    client.say(&request).await;
    let refusal = client.last_refusal().await;
    assert_eq!(refusal.reason, RefusalReason::TooFast);
    assert!(refusal.detail.starts_with("media-requests-per-second"), "{}", refusal.detail);
    assert!((1..=1_000).contains(&refusal.retry_after_ms), "{}", refusal.retry_after_ms);
}

#[tokio::test]
async fn a_flood_of_pings_ends_the_connection() {
    let relay = Relay::start(&["--messages-per-second", "1", "--messages-burst", "5"]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    for _ in 0..400 {
        // The relay may have closed already.
        let _ = client.socket.send(Message::Ping(vec![1].into())).await;
    }
    assert_eq!(client.last_refusal().await.reason, RefusalReason::TooFast);
}

#[tokio::test]
async fn who_does_not_read_is_closed_and_resumes_from_the_log() {
    let relay = Relay::start(&[
        "--backlog-bytes",
        "65536",
        "--stall-seconds",
        "1",
        "--messages-per-second",
        "0",
        "--bytes-per-second",
        "0",
        "--meeting-bytes-per-second",
        "0",
        "--address-bytes-per-second",
        "0",
    ]);
    let Connected { client: mut slow, .. } = Client::connect(&relay, MEETING).await;
    let mut quick = Client::connect(&relay, MEETING).await.client;
    let before = relay.resident();
    // Above all that the system's own buffers between the two may hold.
    let count = 500;
    for number in 0..count {
        let bytes = envelope(MEETING, number, 60_000);
        quick.say(&ToServer::Post { id: id(number), to: Destination::Log, bytes }).await;
        assert_eq!(quick.entry().await.0, number);
    }
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let (_, text) = relay.get("/metrics");
        if text.contains("refusals_total{kind=\"too_slow\"}") {
            break;
        }
        assert!(Instant::now() < end, "the slow reader is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The log is 30 MB; the slow reader's share of the memory is small.
    assert!(relay.resident() < before + 100_000_000, "{} {before}", relay.resident());
    let mut next = 0;
    while let Some(message) = slow.try_hear().await {
        if let ToClient::Log { seq, .. } = message {
            assert_eq!(seq, next);
            next += 1;
        }
    }
    assert!(next < count);
    let mut again = Client::connect(&relay, MEETING).await.client;
    again.say(&ToServer::Fetch { from: next }).await;
    for number in next..count {
        assert_eq!(again.entry().await.0, number);
    }
}

#[tokio::test]
async fn who_does_not_read_the_lobby_is_told_that_it_is_too_slow() {
    let relay = Relay::start(&[
        "--backlog-bytes",
        "131072",
        "--messages-per-second",
        "0",
        "--bytes-per-second",
        "0",
        "--meeting-bytes-per-second",
        "0",
        "--address-bytes-per-second",
        "0",
        "--stall-seconds",
        "60",
    ]);
    let mut slow = Client::connect(&relay, MEETING).await.client;
    let mut quick = Client::connect(&relay, MEETING).await.client;
    for number in 0..1000 {
        quick.post(id(number), Destination::Lobby, vec![1; 60_000]).await.unwrap();
        let (_, text) = relay.get("/metrics");
        if text.contains("refusals_total{kind=\"too_slow\"}") {
            break;
        }
    }
    let refusal = slow.last_refusal().await;
    assert_eq!(refusal.reason, RefusalReason::TooSlow);
    assert!(refusal.detail.contains("backlog-bytes") && refusal.retry_after_ms > 0);
}

#[tokio::test]
async fn a_thousand_connections_at_once_stay_within_limits() {
    let relay = Relay::start(&["--connections-per-address", "100", "--half-open", "2000"]);
    let mut opening = Vec::new();
    for _ in 0..1000 {
        let address = relay.address.clone();
        opening.push(tokio::spawn(async move {
            let url = format!("ws://{address}/v1/connect");
            tokio_tungstenite::connect_async(url).await.map(|(socket, _)| socket)
        }));
    }
    let (mut sockets, mut told) = (Vec::new(), 0);
    for opened in opening {
        match opened.await.unwrap() {
            Ok(socket) => sockets.push(socket),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                assert_eq!(response.status(), 429);
                told += 1;
            }
            // More are not told: they are closed at once.
            Err(_) => {}
        }
    }
    assert!(sockets.len() <= 100 && sockets.len() > 50, "{}", sockets.len());
    assert!(told > 0);
    assert!(relay.resident() < 200_000_000, "{}", relay.resident());
    drop(sockets);
    let end = Instant::now() + Duration::from_secs(20);
    while Client::try_open(&relay).await.is_err() {
        assert!(Instant::now() < end, "the places are not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn large_messages_on_their_way_are_bounded() {
    let relay = Relay::start(&["--large-messages", "8"]);
    let mut stuck = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(&relay, MEETING).await.client;
        let tokio_tungstenite::MaybeTlsStream::Plain(stream) = client.socket.get_mut() else {
            panic!()
        };
        if stuck.is_empty() {
            // 1 MiB is announced, and half of it sent.
            let header = [0x82, 0x80 | 127, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4];
            stream.write_all(&header).await.unwrap();
            stream.write_all(&vec![0; 512 * 1024]).await.unwrap();
        } else {
            // Fragments with pings between them, and no end.
            for number in 0..16 {
                let opcode = if number == 0 { 2 } else { 0 };
                let header = [opcode, 0x80 | 126, 0x80, 0, 1, 2, 3, 4];
                stream.write_all(&header).await.unwrap();
                stream.write_all(&vec![0; 32 * 1024]).await.unwrap();
                stream.write_all(&[0x89, 0x80, 1, 2, 3, 4]).await.unwrap();
            }
        }
        stuck.push(client);
    }
    let mut small = Client::connect(&relay, MEETING).await.client;
    let bytes = envelope(MEETING, 0, 40_000);
    assert_eq!(small.post(id(0), Destination::Log, bytes).await, Ok(Some(0)));
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let mut large = Client::connect(&relay, MEETING).await.client;
        let bytes = envelope(MEETING, 0, 800_000);
        let post = ToServer::Post { id: id(1), to: Destination::Log, bytes };
        let _ = large.socket.send(Message::Binary(post.encode().into())).await;
        // Until the two are stuck it is taken.
        if let Some(ToClient::Refused(refusal)) = large.try_hear().await {
            assert_eq!(refusal.reason, RefusalReason::Full);
            assert!(refusal.detail.contains("large-messages"), "{}", refusal.detail);
            break;
        }
        assert!(Instant::now() < end, "a third large message is taken");
    }
}

#[tokio::test]
#[allow(clippy::print_stderr, reason = "it says why it does nothing")]
async fn ten_thousand_connects_do_no_harm_to_another_meeting() {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    if files.split_whitespace().next().unwrap().parse::<usize>().is_ok_and(|it| it < 12_000) {
        eprintln!("skipped: the system allows too few open files (ulimit -n 12000)");
        return;
    }
    let relay = Relay::start(&[
        "--connections",
        "2000",
        "--connections-per-address",
        "0",
        "--half-open",
        "2000",
        "--connects-per-second",
        "0",
    ]);
    let mut other = Client::connect(&relay, MEETING).await.client;
    let before = relay.resident();
    let opening: Vec<_> =
        (0..10_000).map(|_| tokio::spawn(TcpStream::connect(relay.address.clone()))).collect();
    let mut streams = Vec::new();
    for opened in opening {
        streams.extend(opened.await.unwrap());
    }
    assert!(streams.len() > 5000, "{}", streams.len());
    let began = Instant::now();
    let bytes = envelope(MEETING, 0, 400);
    assert_eq!(other.post(id(0), Destination::Log, bytes).await, Ok(Some(0)));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(relay.resident() < before + 150_000_000, "{} {before}", relay.resident());
}
