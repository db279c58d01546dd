//! A picture in three layers, and a receiver that goes from one to another while all is sealed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use incamera::Identity;
use incamera_net::{Call, CallEvent, Events, Frame, Link, Options};
use tokio::time::timeout;

use crate::client::Client;
use crate::media::{ivf_frames, media};
use crate::place::Place;
use crate::relay::Relay;

/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Frames of one layer that are seen before the next one is asked for.
const SEEN: usize = 25;

/// A copy of a film whose frames end in a byte that says which layer they are.
fn layer(place: &Place, mark: u8) -> (String, Vec<Vec<u8>>) {
    let film = fs::read(media("video.ivf")).unwrap();
    let mut copy = film[..32].to_vec();
    let mut at = 32;
    while let Some(head) = film.get(at..at + 12) {
        let length = u32::from_le_bytes(head[..4].try_into().unwrap());
        copy.extend_from_slice(&(length + 1).to_le_bytes());
        copy.extend_from_slice(&film[at + 4..at + 12 + length as usize]);
        copy.push(mark);
        at += 12 + length as usize;
    }
    let path = place.file(&format!("{mark}.ivf"));
    fs::write(&path, copy).unwrap();
    let frames = ivf_frames(&path);
    assert_eq!(frames.len(), ivf_frames(Path::new(&media("video.ivf"))).len());
    (path.to_str().unwrap().to_owned(), frames)
}

async fn next(events: &mut Events) -> CallEvent {
    timeout(PATIENCE, events.recv()).await.expect("something happens").expect("the call goes on")
}

async fn next_frame(events: &mut Events) -> Frame {
    loop {
        if let CallEvent::Frame(frame) = next(events).await {
            return frame;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_layers_are_switched_while_they_are_sealed() {
    let (relay, place) = (Relay::anywhere(&[]), Place::new("layers"));
    let layers: Vec<_> = (1..=3).map(|mark| layer(&place, mark)).collect();
    let (mut ada, link) = Client::host(&["--relay", &relay.url, "--admit-all"]);
    let films = layers.iter().flat_map(|(path, _)| ["--send-video", path.as_str()]);
    let ben = Client::guest(&link, "Ben", &films.chain(["--loop"]).collect::<Vec<_>>());
    ben.wait("relay-proved");

    let link = Link::parse(&link, None).unwrap();
    let identity = Identity::generate("Cleo").unwrap();
    let joining = Call::join(&identity, &link.invite, link.relay, Options::default());
    let (call, mut events) = joining.await.unwrap();
    let (mut current, mut last, mut asked, mut seen) = (None, None, None, 0);
    let mut wanted = [3, 1, 2, 3, 1].into_iter().peekable();
    while let Some(want) = wanted.peek().copied() {
        let frame = next_frame(&mut events).await;
        let mark = *frame.data.last().unwrap();
        let (_, sent) = &layers[usize::from(mark) - 1];
        // Bit for bit, in order, and in no third layer: [`SEEN`] frames are fewer than the film has.
        let number = sent.iter().position(|one| *one == frame.data).expect("a frame of its layer");
        if current == Some(mark) {
            let next = last.map(|last: usize| (last + 1) % sent.len());
            assert_eq!(Some(number), next, "of layer {mark}");
        }
        (current, last) = (Some(mark), Some(number));
        seen = if mark == want { seen + 1 } else { 0 };
        if asked != Some(want) {
            // The first frames come before the word of whose they are.
            let selected = call.select_layer(frame.member, frame.track, want.to_string()).await;
            asked = selected.is_ok().then_some(want);
        }
        if seen == SEEN {
            (seen, _) = (0, wanted.next());
        }
    }
    call.leave().await.unwrap();
    while !matches!(next(&mut events).await, CallEvent::Ended(_)) {}
    ada.wait_for("gone", |gone| gone["name"] == "Cleo" || gone["who"] == "Cleo");
    ada.type_line("end");
    assert_eq!((ada.end().0, ben.end().0), (0, 0));
}
