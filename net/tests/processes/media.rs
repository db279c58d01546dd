//! Media: files that are sent by one process and saved by others, bit for bit.

use std::collections::HashSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use crate::client::Client;
use crate::place::Place;
use crate::relay::Relay;

pub(crate) fn media(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/media").join(name);
    path.to_str().unwrap().to_owned()
}

pub(crate) fn ivf_frames(path: &Path) -> Vec<Vec<u8>> {
    let mut file = Cursor::new(fs::read(path).unwrap());
    ivf::read_header(&mut file).unwrap();
    std::iter::from_fn(|| ivf::read_packet(&mut file).ok())
        .map(|packet| packet.data.into_vec())
        .collect()
}

pub(crate) fn opus_packets(path: &Path) -> Vec<Vec<u8>> {
    let mut reader = ogg::PacketReader::new(Cursor::new(fs::read(path).unwrap()));
    let packets = std::iter::from_fn(|| reader.read_packet().unwrap());
    packets.map(|packet| packet.data).skip(2).collect()
}

/// The one file in a directory whose name begins and ends so.
fn file(directory: &Path, begins: &str, ends: &str) -> PathBuf {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let fits = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(begins) && name.ends_with(ends)
    };
    let found: Vec<_> = names.filter(fits).collect();
    assert_eq!(found.len(), 1, "{begins}*{ends}: {found:?}");
    found[0].clone()
}

/// What was saved is what was sent from some frame on, to the end, frame by frame, bit for bit.
fn is_the_rest(sent: &[Vec<u8>], saved: &[Vec<u8>], at_least: usize) {
    assert!(saved.len() >= at_least, "{} of {} frames", saved.len(), sent.len());
    let first = sent.len().checked_sub(saved.len()).expect("no frame came twice");
    assert!(sent[first..] == *saved, "the frames differ");
}

#[test]
fn files_arrive_bit_for_bit_at_everybody() {
    let (relay, place) = (Relay::anywhere(&[]), Place::new("media"));
    let [ada_saves, cleo_saves] = ["ada", "cleo"].map(|name| place.file(name));
    let saves = ada_saves.to_str().unwrap();
    let (mut ada, link) = Client::host(&["--relay", &relay.url, "--admit-all", "--save", saves]);
    let cleo = Client::guest(&link, "Cleo", &["--save", cleo_saves.to_str().unwrap()]);
    cleo.wait("joined");
    let [video, sound] = ["video.ivf", "speech.opus"].map(media);
    let files = ["--send-video", &video, "--send-audio", &sound, "--until-sent"];
    let ben = Client::guest(&link, "../Ben", &files);
    ben.wait("joined");
    ben.wait("relay-proved");
    let said = ben.end();
    assert_eq!(said, (0, String::new()));
    ada.wait("gone");
    cleo.wait("gone");
    ada.type_line("end");
    assert_eq!((ada.end().0, cleo.end().0), (0, 0));
    for directory in [&ada_saves, &cleo_saves] {
        let saved = ivf_frames(&file(directory, "Ben-", "-camera-0.ivf"));
        is_the_rest(&ivf_frames(Path::new(&video)), &saved, 200);
        let saved = opus_packets(&file(directory, "Ben-", "-microphone-0.ogg"));
        is_the_rest(&opus_packets(Path::new(&sound)), &saved, 400);
        let list = fs::read_to_string(directory.join("frames.txt")).unwrap();
        let hashes: HashSet<_> = list.lines().map(|line| line.rsplit(' ').next()).collect();
        assert!(hashes.len() > 600, "{}", hashes.len());
    }
}

#[test]
fn media_go_on_when_the_relay_was_restarted() {
    let place = Place::new("media-restart");
    let [data, identity] = ["data", "identity"].map(|name| place.file(name));
    let args =
        ["--plain", "--data", data.to_str().unwrap(), "--identity", identity.to_str().unwrap()];
    let relay = Relay::anywhere(&args);
    let saves = place.file("saves");
    let saves = saves.to_str().unwrap();
    let (mut ada, link) = Client::host(&["--relay", &relay.url, "--admit-all", "--save", saves]);
    let ben = Client::guest(&link, "Ben", &["--send-audio", &media("speech.opus"), "--loop"]);
    ada.wait("saving");
    let at = relay.kill();
    ada.wait("disconnected");
    let _relay = Relay::start(&at, &args);
    for client in [&ada, &ben] {
        client.wait("reconnected");
        client.wait("media-connected");
    }
    ada.type_line("end");
    assert_eq!((ada.end().0, ben.end().0), (0, 0));
}
