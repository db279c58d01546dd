//! What the relay, and whoever records at its door, has of a meeting: no word, no frame, no name.

use std::path::Path;
use std::time::Duration;

use incamera_net::Link;

use crate::client::Client;
use crate::media::{ivf_frames, media, opus_packets};
use crate::relay::Relay;
use crate::spy::{Proxy, Seen, Spy};

const NAMES: [&str; 2] = ["Ada Wintermoon", "Ben Oakenfield"];
const WORDS: [&str; 2] = ["the vault opens with swordfish", "and closes with a heavy sigh"];

/// A frame of VP8 without what its framing leaves clear (SPEC.md 9.5).
fn sealed_part(frame: &[u8]) -> &[u8] {
    let clear = if frame[0] & 1 == 0 { 10 } else { 1 };
    &frame[clear..]
}

#[test]
fn neither_a_run_of_what_was_sent_nor_a_name_is_in_what_a_relay_sees() {
    let relay = Relay::anywhere(&["--plain"]);
    let proxy = Proxy::before(&relay.url);
    let mut ada =
        Client::start(&["create", "--name", NAMES[0], "--relay", &proxy.url, "--admit-all"]);
    let link = ada.wait("link")["link"].as_str().unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let meeting = Link::parse(&link, None).unwrap().invite.meeting();
    let mut spy = runtime.block_on(Spy::connect(&relay.url, meeting));
    let [video, sound] = ["video.ivf", "speech.opus"].map(media);
    let files = ["--send-video", &video, "--send-audio", &sound, "--loop"];
    let mut ben = Client::guest(&link, NAMES[1], &files);
    ben.wait("joined");
    ada.type_line(&format!("chat {}", WORDS[0]));
    ben.type_line(&format!("chat {}", WORDS[1]));
    ben.hears(WORDS[0]);
    ada.hears(WORDS[1]);
    runtime.block_on(spy.listen(Duration::from_secs(6)));
    ada.type_line("end");
    assert_eq!((ada.end().0, ben.end().0), (0, 0));
    runtime.block_on(spy.listen(Duration::from_millis(300)));

    let at_the_door = Seen { messages: proxy.recorded(), ..Seen::default() };
    let [log, packets] = [spy.seen.messages.len(), spy.seen.payloads.len()];
    assert!(log > 5 && packets > 100 && at_the_door.messages.len() > 20, "{log} {packets}");
    assert!(spy.seen.video.len() > 30);
    let (frames, packets) = (ivf_frames(Path::new(&video)), opus_packets(Path::new(&sound)));
    let sent =
        || frames.iter().map(|frame| sealed_part(frame)).chain(packets.iter().map(|it| &it[..]));
    for seen in [&spy.seen, &at_the_door] {
        assert_eq!(seen.runs_of(sent()), 0);
        assert_eq!(seen.runs_of(WORDS.map(str::as_bytes)), 0);
        for name in NAMES {
            assert!(!seen.names(name), "{name} is there to read");
        }
    }
    // The search finds what is there: the same frames, as a relay without sealing would have them.
    let open = Seen { payloads: frames.clone(), ..Seen::default() };
    assert!(open.runs_of(sent()) > 1_000);
    // What is clear by the framing is what packetisers need: a key frame's start code, here and there.
    let start_code = |payload: &&Vec<u8>| payload.windows(3).any(|run| run == [0x9d, 1, 0x2a]);
    assert!(spy.seen.video.iter().filter(start_code).count() > 0);
}
