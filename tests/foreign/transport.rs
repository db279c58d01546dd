//! Golden messages between clients and relays.

use incamera::wire::{
    BearerToken, BlobHash, Destination, MailboxId, MediaKind, MediaNotice, MediaRequest, MeetingId,
    MessageId, Refusal, RefusalReason, RelayTrack, ToClient, ToServer, TransportId, WantedTrack,
};
use serde_json::{Value, json};

use crate::golden::{Golden, count, golden, shown};

fn post(to: Destination, field: Value) -> (ToServer, &'static str, Value) {
    let message = ToServer::Post { id: MessageId::new(count(1)), to, bytes: vec![7; 3] };
    (message, "post", json!({ "id": shown(1, 16), "to": field, "bytes": "070707" }))
}

fn to_server() -> Vec<(ToServer, &'static str, Value)> {
    let meeting = MeetingId::new(count(1));
    let offer = MediaRequest::Offer {
        sdp: "v=0".to_owned(),
        wanted: vec![WantedTrack { mid: "1".to_owned(), track: "a/0".to_owned() }],
    };
    let layer = MediaRequest::SelectLayer { track: "a/0".to_owned(), layer: "h".to_owned() };
    vec![
        (
            ToServer::Hello { meeting, mailbox: Some(MailboxId::new(count(2))) },
            "hello",
            json!({ "meeting": shown(1, 16), "mailbox": shown(2, 16) }),
        ),
        (ToServer::Hello { meeting, mailbox: None }, "hello", json!({ "meeting": shown(1, 16) })),
        post(Destination::Log, json!({ "log": {} })),
        post(Destination::Lobby, json!({ "lobby": {} })),
        post(Destination::Direct(MailboxId::new(count(3))), json!({ "direct": shown(3, 16) })),
        post(Destination::Blob(BlobHash::new(count(4))), json!({ "blob": shown(4, 32) })),
        (ToServer::Fetch { from: 0 }, "fetch", json!({ "from": "0" })),
        (ToServer::Fetch { from: 1 << 53 }, "fetch", json!({ "from": "9007199254740992" })),
        (
            ToServer::FetchBlob { hash: BlobHash::new(count(5)) },
            "fetch_blob",
            json!({ "hash": shown(5, 32) }),
        ),
        (
            ToServer::Authorize { token: BearerToken::new("a.b.c".to_owned()) },
            "authorize",
            json!({ "token": "a.b.c" }),
        ),
        (
            ToServer::Prove { challenge: vec![1, 2], certificate_sha256: count(6) },
            "prove",
            json!({ "challenge": "0102", "certificate_sha256": shown(6, 32) }),
        ),
        (
            ToServer::Media(offer),
            "media",
            json!({
                "offer": { "sdp": "v=0", "wanted": [{ "mid": "1", "track": "a/0" }] },
            }),
        ),
        (
            ToServer::Media(layer),
            "media",
            json!({ "select_layer": { "track": "a/0", "layer": "h" } }),
        ),
        (
            ToServer::EndTransport { transport: TransportId::new(count(7)) },
            "end_transport",
            json!({ "transport": shown(7, 16) }),
        ),
    ]
}

fn about_media() -> Vec<(ToClient, &'static str, Value)> {
    let answer = MediaNotice::Answer { sdp: "v=0".to_owned() };
    let track = |kind, layers: &[&str]| RelayTrack {
        track: "a/0".to_owned(),
        kind,
        layers: layers.iter().map(|&layer| layer.to_owned()).collect(),
    };
    let tracks = MediaNotice::Tracks(vec![
        track(MediaKind::Audio, &[]),
        track(MediaKind::Video, &["l", "h"]),
    ]);
    let refusal = Refusal {
        post: Some(MessageId::new(count(8))),
        reason: RefusalReason::Ended,
        detail: "limit".to_owned(),
        retry_after_ms: 1_500,
    };
    let bare = Refusal { post: None, detail: String::new(), retry_after_ms: 0, ..refusal.clone() };
    vec![
        (ToClient::Media(answer), "media", json!({ "answer": { "sdp": "v=0" } })),
        (
            ToClient::Media(tracks),
            "media",
            json!({ "tracks": { "tracks": [
            { "track": "a/0", "kind": 1, "layers": [] },
            { "track": "a/0", "kind": 2, "layers": ["l", "h"] },
        ] } }),
        ),
        (
            ToClient::Refused(refusal),
            "refusal",
            json!({
                "post": shown(8, 16), "reason": 10, "detail": "limit", "retry_after_ms": 1500,
            }),
        ),
        (
            ToClient::Refused(bare),
            "refusal",
            json!({
                "reason": 10, "detail": "", "retry_after_ms": 0,
            }),
        ),
    ]
}

fn to_client() -> Vec<(ToClient, &'static str, Value)> {
    let id = MessageId::new(count(1));
    vec![
        (ToClient::Connected { next: 9 }, "connected", json!({ "next": "9" })),
        (ToClient::Log { seq: 0, bytes: vec![1] }, "log", json!({ "seq": "0", "bytes": "01" })),
        (ToClient::Lobby { bytes: vec![2] }, "lobby", json!({ "bytes": "02" })),
        (ToClient::Direct { bytes: vec![3] }, "direct", json!({ "bytes": "03" })),
        (ToClient::Blob { bytes: vec![4] }, "blob", json!({ "bytes": "04" })),
        (ToClient::Accepted { id, seq: None }, "accepted", json!({ "id": shown(1, 16) })),
        (
            ToClient::Accepted { id, seq: Some(0) },
            "accepted",
            json!({ "id": shown(1, 16), "seq": "0" }),
        ),
        (
            ToClient::Transport { id: TransportId::new(count(2)) },
            "transport",
            json!({ "id": shown(2, 16) }),
        ),
        (
            ToClient::Proof { proof: vec![5], region: "Island".to_owned() },
            "proof",
            json!({ "proof": "05", "region": "Island" }),
        ),
    ]
}

/// A message of each kind.
pub(crate) fn goldens() -> Vec<Golden> {
    let with = |name: &str, fields: Value| {
        let mut expected = json!({ "version": 1 });
        expected[name] = fields;
        expected
    };
    let mut all = Vec::new();
    for (message, name, fields) in to_server() {
        all.push(golden("ToServer", message.encode(), with(name, fields)));
    }
    for (message, name, fields) in to_client().into_iter().chain(about_media()) {
        all.push(golden("ToClient", message.encode(), with(name, fields)));
    }
    all
}
