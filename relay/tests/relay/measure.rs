//! Numbers, on request: `cargo test -p incamera-relay --test relay measure -- --ignored --nocapture`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use incamera_wire::{Destination, MeetingId, ToClient, ToServer};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, MEETING, envelope, id};
use crate::process::{Directory, Relay};

/// Posts 1,000 entries a second for some seconds: what the acknowledgements took.
async fn appends(arguments: &[&str]) -> Vec<Duration> {
    let relay = Relay::start(&[arguments, &["--messages-per-second", "0"]].concat());
    let client = Client::connect(&relay, MEETING).await.client;
    let (mut sink, mut stream) = client.socket.split();
    let began = Instant::now();
    let due = move |number: u64| began + Duration::from_millis(number);
    let count = 5000;
    let posting = tokio::spawn(async move {
        for number in 0..count {
            tokio::time::sleep_until(due(number).into()).await;
            let bytes = envelope(MEETING, number, 400);
            let post = ToServer::Post { id: id(number), to: Destination::Log, bytes };
            sink.send(Message::Binary(post.encode().into())).await.unwrap();
        }
        sink
    });
    let mut taken = HashMap::new();
    while taken.len() < count as usize {
        let Message::Binary(bytes) = stream.next().await.unwrap().unwrap() else { continue };
        if let ToClient::Accepted { id, .. } = ToClient::decode(&bytes).unwrap() {
            let number = u64::from_be_bytes(id.as_bytes()[..8].try_into().unwrap());
            // From when it was due: what waited behind others counts.
            taken.insert(number, due(number).elapsed());
        }
    }
    drop(posting.await.unwrap());
    let mut taken: Vec<Duration> = taken.into_values().collect();
    taken.sort_unstable();
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn measure_appends() {
    let directory = Directory::new();
    let data = directory.path("data");
    for (name, arguments) in [("memory", &[][..]), ("disk", &["--data", &data])] {
        let taken = appends(arguments).await;
        let at = |part: f64| taken[(taken.len() as f64 * part) as usize];
        println!("{name}: p50 {:?} p99 {:?} worst {:?}", at(0.5), at(0.99), taken[taken.len() - 1]);
    }
}

#[tokio::test]
#[ignore = "measures"]
async fn measure_idle_connections() {
    let relay = Relay::start(&[]);
    let before = relay.resident();
    let mut kept = Vec::new();
    for number in 0..400_u64 {
        let meeting = MeetingId::new([(number / 10) as u8; 16]);
        kept.push(Client::connect(&relay, meeting).await);
    }
    let each = (relay.resident() - before) / kept.len();
    println!("an idle connection without TLS: {each} bytes");
}
