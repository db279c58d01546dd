//! The end of a relay, and its next start.

use std::time::{Duration, Instant};

use incamera_wire::{Destination, MessageId, RefusalReason, ToClient, ToServer};

use crate::client::{Client, MEETING, envelope, id};
use crate::process::{Directory, Relay, fails};

#[tokio::test]
async fn a_relay_that_is_told_to_stop_says_so_and_ends_with_0() {
    let mut relay = Relay::start(&[]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let mut half_open = Client::open(&relay).await;
    let began = Instant::now();
    relay.terminate();
    for client in [&mut client, &mut half_open] {
        let refusal = client.last_refusal().await;
        assert_eq!(refusal.reason, RefusalReason::Draining);
        assert!(refusal.retry_after_ms > 0);
    }
    assert!(relay.wait().success());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_hold_up_the_end() {
    let mut relay = Relay::start(&["--drain-seconds", "1"]);
    let mut slow = Client::connect(&relay, MEETING).await.client;
    for number in 0..20 {
        let bytes = envelope(MEETING, number, 1_000_000);
        let post = ToServer::Post { id: id(number), to: Destination::Log, bytes };
        // At last the relay does not take more either.
        let said = tokio::time::timeout(Duration::from_millis(300), slow.say(&post)).await;
        if said.is_err() {
            break;
        }
    }
    relay.terminate();
    assert!(relay.wait().success());
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    // SPEC [S5]
    let directory = Directory::new();
    let data = directory.path("data");
    let mut acknowledged: Vec<(MessageId, u64)> = Vec::new();
    for round in 0..3_u64 {
        let relay = Relay::start(&["--data", &data]);
        let mut client = Client::connect(&relay, MEETING).await;
        assert!(client.next >= acknowledged.len() as u64);
        let first = round * 1000;
        for number in first..first + 50 {
            let bytes = envelope(MEETING, number, 300);
            let post = ToServer::Post { id: id(number), to: Destination::Log, bytes };
            client.client.say(&post).await;
        }
        // Some are under way when the relay dies.
        let mut heard = 0;
        while heard < 30 {
            if let ToClient::Accepted { id, seq: Some(seq) } = client.client.hear().await {
                acknowledged.push((id, seq));
                heard += 1;
            }
        }
        relay.kill();
        let relay = Relay::start(&["--data", &data]);
        let mut reader = Client::connect(&relay, MEETING).await;
        reader.client.say(&ToServer::Fetch { from: 0 }).await;
        let mut log = Vec::new();
        for expected in 0..reader.next {
            let (seq, bytes) = reader.client.entry().await;
            assert_eq!(seq, expected);
            log.push(bytes);
        }
        for (message, seq) in &acknowledged {
            let number = u64::from_be_bytes(message.as_bytes()[..8].try_into().unwrap());
            assert_eq!(log[*seq as usize], envelope(MEETING, number, 300));
            // A repeated post finds its place again.
            let bytes = envelope(MEETING, number, 300);
            let posted = reader.client.post(*message, Destination::Log, bytes).await;
            assert_eq!(posted, Ok(Some(*seq)));
        }
        relay.kill();
    }
}

#[tokio::test]
async fn an_idle_meeting_is_deleted_and_its_connections_are_told() {
    let relay = Relay::start(&["--idle-seconds", "1"]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let bytes = envelope(MEETING, 0, 100);
    client.post(id(0), Destination::Log, bytes).await.unwrap();
    let refusal = client.last_refusal().await;
    assert_eq!(refusal.reason, RefusalReason::NotFound);
    assert!(refusal.detail.contains("idle-seconds"), "{}", refusal.detail);
    assert_eq!(Client::connect(&relay, MEETING).await.next, 0);
}

#[tokio::test]
async fn a_full_disk_refuses_posts_and_loses_nothing() {
    let directory = Directory::new();
    let data = directory.path("data");
    let mut command = std::process::Command::new("sh");
    // No file may grow above 8 MiB (16,384 blocks), and the attempt is an error, not a signal.
    command.args(["-c", "trap '' XFSZ; ulimit -f 16384; exec \"$@\"", "sh"]);
    command.args([env!("CARGO_BIN_EXE_incamera-relay"), "--plain", "--listen", "127.0.0.1:0"]);
    command.args(["--log", "off", "--data", &data]);
    let relay = Relay::spawn(command);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let mut acknowledged = 0;
    let refusal = loop {
        let bytes = envelope(MEETING, acknowledged, 500_000);
        match client.post(id(acknowledged), Destination::Log, bytes).await {
            Ok(seq) => assert_eq!(seq, Some(acknowledged)),
            Err(refusal) => break refusal,
        }
        acknowledged += 1;
        assert!(acknowledged < 100, "the disk is never full");
    };
    assert_eq!(refusal.reason, RefusalReason::Unavailable);
    assert!(acknowledged > 2, "{acknowledged}");
    relay.kill();
    let relay = Relay::start(&["--data", &data]);
    let mut reader = Client::connect(&relay, MEETING).await;
    assert_eq!(reader.next, acknowledged);
    reader.client.say(&ToServer::Fetch { from: 0 }).await;
    for number in 0..acknowledged {
        assert_eq!(reader.client.entry().await, (number, envelope(MEETING, number, 500_000)));
    }
}

#[test]
fn certificate_and_key_outlive_a_restart_where_the_data_do() {
    let directory = Directory::new();
    let data = directory.path("data");
    let [first, second] = [(); 2].map(|()| {
        let relay = Relay::start_bare(&["--listen", "127.0.0.1:0", "--data", &data]);
        let said = (relay.certificate.clone(), relay.key.clone());
        relay.kill();
        said
    });
    assert_eq!(first, second);
    assert_eq!(first.0.len(), 64);
}

#[test]
fn a_data_directory_that_cannot_be_used_ends_with_5() {
    let directory = Directory::new();
    let file = directory.file("file", b"");
    let (code, text) = fails(&["--plain", "--listen", "127.0.0.1:0", "--data", &file]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("--data") && text.lines().count() == 1, "{text}");
    let data = directory.path("data");
    let _relay = Relay::start(&["--data", &data]);
    let (code, text) = fails(&["--plain", "--listen", "127.0.0.1:0", "--data", &data]);
    assert_eq!(code, 5, "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}
