//! What clients and relays say to each other: the largest values pass, the next larger ones do not (SPEC [W3]).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod common;

use common::{refused, replaced};
use incamera_wire::{
    BearerToken, BlobHash, Destination, FormatRule, MediaKind, MediaNotice, MediaRequest,
    MessageId, Refusal, RefusalReason, RelayTrack, ToClient, ToServer, TransportId, WantedTrack,
};

fn text(length: usize) -> String {
    "t".repeat(length)
}

fn post(length: usize) -> ToServer {
    let to = Destination::Blob(BlobHash::new([1; 32]));
    ToServer::Post { id: MessageId::new([2; 16]), to, bytes: vec![3; length] }
}

fn authorize(length: usize) -> ToServer {
    ToServer::Authorize { token: BearerToken::new(text(length)) }
}

fn prove(length: usize) -> ToServer {
    ToServer::Prove { challenge: vec![1; length], certificate_sha256: [2; 32] }
}

fn offer(sdp: usize, wanted: usize, mid: usize, track: usize) -> ToServer {
    let one = WantedTrack { mid: text(mid), track: text(track) };
    ToServer::Media(MediaRequest::Offer { sdp: text(sdp), wanted: vec![one; wanted] })
}

fn select(track: usize, layer: usize) -> ToServer {
    ToServer::Media(MediaRequest::SelectLayer { track: text(track), layer: text(layer) })
}

fn proof(proof: usize, region: usize) -> ToClient {
    ToClient::Proof { proof: vec![1; proof], region: text(region) }
}

fn answer(sdp: usize) -> ToClient {
    ToClient::Media(MediaNotice::Answer { sdp: text(sdp) })
}

fn tracks(count: usize, track: usize, layers: usize, layer: usize) -> ToClient {
    let layers = vec![text(layer); layers];
    let one = RelayTrack { track: text(track), kind: MediaKind::Video, layers };
    ToClient::Media(MediaNotice::Tracks(vec![one; count]))
}

fn refusal(detail: usize) -> ToClient {
    let (post, reason) = (Some(MessageId::new([1; 16])), RefusalReason::Ended);
    ToClient::Refused(Refusal { post, reason, detail: text(detail), retry_after_ms: u32::MAX })
}

#[test]
fn the_largest_and_the_smallest_messages_to_a_relay_pass() {
    // SPEC [W3]
    for message in [
        post(1),
        post(16 << 20),
        authorize(1),
        authorize(2048),
        prove(1),
        prove(64),
        ToServer::EndTransport { transport: TransportId::new([1; 16]) },
        offer(1, 0, 1, 1),
        offer(128 << 10, 1024, 16, 64),
        offer(1, 1, 1, 1),
        select(1, 1),
        select(64, 16),
    ] {
        assert!(ToServer::decode(&message.encode()) == Ok(message), "it came back as another");
    }
}

#[test]
fn a_message_to_a_relay_over_or_under_its_limits_is_refused() {
    // SPEC [W3]
    use FormatRule::{Missing, TooLong, TooMany};
    for (message, field, rule) in [
        (post(0), "bytes", Missing),
        (post((16 << 20) + 1), "bytes", TooLong),
        (authorize(0), "token", Missing),
        (authorize(2049), "token", TooLong),
        (prove(0), "challenge", Missing),
        (prove(65), "challenge", TooLong),
        (offer(0, 0, 1, 1), "sdp", Missing),
        (offer((128 << 10) + 1, 0, 1, 1), "sdp", TooLong),
        (offer(1, 1025, 1, 1), "wanted", TooMany),
        (offer(1, 1, 0, 1), "mid", Missing),
        (offer(1, 1, 17, 1), "mid", TooLong),
        (offer(1, 1, 1, 0), "track", Missing),
        (offer(1, 1, 1, 65), "track", TooLong),
        (select(0, 1), "track", Missing),
        (select(65, 1), "track", TooLong),
        (select(1, 0), "layer", Missing),
        (select(1, 17), "layer", TooLong),
    ] {
        assert_eq!(refused(ToServer::decode(&message.encode())), (field, rule));
    }
}

#[test]
fn the_largest_and_the_smallest_messages_of_a_relay_pass() {
    // SPEC [W3]
    for message in [
        ToClient::Transport { id: TransportId::new([1; 16]) },
        proof(1, 0),
        proof(128, 64),
        answer(1),
        answer(128 << 10),
        tracks(0, 1, 0, 1),
        tracks(1024, 64, 4, 16),
        refusal(0),
        refusal(256),
    ] {
        assert_eq!(ToClient::decode(&message.encode()), Ok(message));
    }
}

#[test]
fn a_message_of_a_relay_over_or_under_its_limits_is_refused() {
    // SPEC [W3]
    use FormatRule::{Missing, TooLong, TooMany, TooShort};
    for (message, field, rule) in [
        (proof(0, 0), "proof", Missing),
        (proof(129, 0), "proof", TooLong),
        (proof(1, 65), "region", TooLong),
        (answer(0), "sdp", Missing),
        (answer((128 << 10) + 1), "sdp", TooLong),
        (tracks(1025, 1, 0, 1), "tracks", TooMany),
        (tracks(1, 0, 0, 1), "track", Missing),
        (tracks(1, 65, 0, 1), "track", TooLong),
        (tracks(1, 1, 5, 1), "layers", TooMany),
        (tracks(1, 1, 1, 0), "layers", TooShort),
        (tracks(1, 1, 1, 17), "layers", TooLong),
        (refusal(257), "detail", TooLong),
    ] {
        assert_eq!(refused(ToClient::decode(&message.encode())), (field, rule));
    }
}

#[test]
fn numbers_that_mean_nothing_are_refused() {
    // SPEC [W3]
    let out = FormatRule::OutOfRange;
    // A kind is the second field of a track, a reason the second of a refusal.
    let kind = tracks(1, 1, 0, 1).encode();
    assert_eq!(refused(ToClient::decode(&replaced(&kind, &[0x10, 2], &[0x10, 3]))), ("kind", out));
    let reason = refusal(0).encode();
    for number in [11, 0x7f] {
        let spoilt = replaced(&reason, &[0x10, 10], &[0x10, number]);
        assert_eq!(refused(ToClient::decode(&spoilt)), ("reason", out));
    }
}

#[test]
fn ids_of_another_length_and_empty_requests_are_refused() {
    // SPEC [W3]
    let end = ToServer::EndTransport { transport: TransportId::new([1; 16]) }.encode();
    let (from, to) =
        ([&[18, 10, 16][..], &[1; 16]].concat(), [&[17, 10, 15][..], &[1; 15]].concat());
    let spoilt = replaced(&end, &from, &to);
    assert_eq!(refused(ToServer::decode(&spoilt)), ("transport", FormatRule::TooShort));
    // Field 8 of ToServer and field 10 of ToClient, with nothing in them.
    assert_eq!(refused(ToServer::decode(&[8, 1, 0x42, 0])), ("request", FormatRule::Missing));
    assert_eq!(refused(ToClient::decode(&[8, 1, 0x52, 0])), ("notice", FormatRule::Missing));
}
