//! Golden events, one of each kind.

use incamera::wire::{
    AnnouncedFraming, AnnouncedTrack, EventBody, EventKind, Fingerprint, Heartbeat, KeyPackageRef,
    MeetingId, StayId, Track, TrackKind, TrackKinds,
};
use serde_json::{Value, json};

use crate::golden::{Golden, count, golden, many, shown};

/// An event, its name and its fields.
type Told = (EventKind, &'static str, Value);

fn talk() -> Vec<Told> {
    let to = StayId::new(count(20));
    let sealed =
        EventKind::PrivateChat { to, encapsulated_key: count(12), ciphertext: many(13, 17) };
    let kinds = TrackKinds::of(&[TrackKind::Camera, TrackKind::Data]);
    let announced = |kind, index, framing| AnnouncedTrack {
        track: Track::new(kind, index).unwrap(),
        codec: "AV1".to_owned(),
        framing,
        transport: if index == 0 { String::new() } else { "mid \u{fc}".to_owned() },
        muted: index == 0,
    };
    let tracks = vec![
        announced(TrackKind::Microphone, 0, AnnouncedFraming::Whole),
        announced(TrackKind::Data, 31, AnnouncedFraming::WebRtc),
    ];
    let chat = EventKind::Chat { text: "gr\u{fc}\u{df} dich \u{1f44b}".to_owned() };
    let reaction = EventKind::Reaction { symbol: "\u{1f44d}".to_owned() };
    vec![
        (chat, "chat", json!({ "text": "grüß dich 👋" })),
        (
            sealed,
            "private_chat",
            json!({
                "to": shown(20, 16), "encapsulated_key": shown(12, 32), "ciphertext": shown(13, 17),
            }),
        ),
        (reaction, "reaction", json!({ "symbol": "👍" })),
        (EventKind::Hand { raised: true }, "hand", json!({ "raised": true })),
        (EventKind::Hand { raised: false }, "hand", json!({ "raised": false })),
        (EventKind::Ask { to, kinds }, "ask", json!({ "to": shown(20, 16), "kinds": 0b1_0010 })),
        (EventKind::Announcement { tracks: vec![] }, "announcement", json!({ "tracks": [] })),
        (
            EventKind::Announcement { tracks },
            "announcement",
            json!({ "tracks": [
            { "context": 0, "codec": "AV1", "framing": 1, "transport": "", "muted": true },
            { "context": 252, "codec": "AV1", "framing": 2, "transport": "mid ü", "muted": false },
        ] }),
        ),
    ]
}

fn rule() -> Vec<Told> {
    let (stay, knock) = (StayId::new(count(20)), KeyPackageRef::new(count(30)));
    let fingerprint = |first| Fingerprint::new(count(first));
    let confirm = EventKind::Confirm { authenticator: count(11) };
    let silent = EventKind::HostSilent { hosts: vec![fingerprint(1), fingerprint(2)] };
    let order = EventKind::RemovalOrder { target: fingerprint(3), stay };
    let heartbeat = EventKind::Heartbeat(Heartbeat {
        authenticator: count(40),
        log_position: 300,
        log_hash: count(50),
        time_ms: 5_000,
        orders: vec![many(60, 5), many(61, 512)],
    });
    let track = Track::new(TrackKind::Screen, 31).unwrap();
    let request = EventKind::KeyFrameRequest { to: stay, track };
    let attend = EventKind::Attend { knock, proved: true };
    vec![
        (EventKind::Leave, "leave", json!({})),
        (confirm, "confirm", json!({ "authenticator": shown(11, 32) })),
        (EventKind::End, "end", json!({})),
        (attend, "attend", json!({ "knock": shown(30, 32), "proved": true })),
        (silent, "host_silent", json!({ "hosts": [shown(1, 32), shown(2, 32)] })),
        (order, "removal_order", json!({ "target": shown(3, 32), "stay": shown(20, 16) })),
        (
            heartbeat,
            "heartbeat",
            json!({
                "authenticator": shown(40, 32), "log_position": "300", "log_hash": shown(50, 32),
                "time_ms": "5000", "orders": [shown(60, 5), shown(61, 512)],
            }),
        ),
        (EventKind::Rejoin { knock }, "rejoin", json!({ "knock": shown(30, 32) })),
        (request, "key_frame_request", json!({ "to": shown(20, 16), "context": 250 })),
    ]
}

/// An event of each kind.
pub(crate) fn goldens() -> Vec<Golden> {
    let event = |(kind, name, fields): Told| {
        let (meeting, stay) = (MeetingId::new(count(1)), StayId::new(count(2)));
        let body = EventBody { meeting, epoch: 1 << 40, stay, counter: 128, kind };
        let mut expected = json!({
            "version": 1, "meeting": shown(1, 16), "epoch": (1_u64 << 40).to_string(),
            "stay": shown(2, 16), "counter": "128",
        });
        expected[name] = fields;
        golden("EventBody", body.encode(), expected)
    };
    talk().into_iter().chain(rule()).map(event).collect()
}
