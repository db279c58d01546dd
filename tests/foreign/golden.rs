//! Golden messages: values of this crate, and what is in them.

use incamera::wire::{
    BlobHash, Challenge, CommitNote, DenyReason, Door, Envelope, EnvelopeKind, Fingerprint,
    GroupState, InviteEntry, InviteId, Knock, KnockAnswer, KnockAnswerContent, KnockContent, Label,
    LeafCredential, MailboxId, MeetingId, MemberEntry, PadTo, Padding, Profile, RelayChallenge,
    RelayEntry, RelayProof, ResyncKey, Right, Rights, Role, RoleRights, SafetyCodeInput,
    SafetyMember, SealedBlob, SecretBytes, SecretText, SignedEvent, StayId, TrackKind, TrackKinds,
    WelcomeNote,
};
use serde_json::{Value, json};

use crate::reader::hex;
use crate::{events, transport};

/// A message and what is in it.
pub(crate) struct Golden {
    pub(crate) message: &'static str,
    pub(crate) data: Vec<u8>,
    pub(crate) fields: Value,
}

pub(crate) fn golden(message: &'static str, data: Vec<u8>, fields: Value) -> Golden {
    Golden { message, data, fields }
}

/// Bytes that count up, so that no two fields have the same.
pub(crate) fn count<const N: usize>(first: u8) -> [u8; N] {
    std::array::from_fn(|at| first.wrapping_add(at as u8))
}

pub(crate) fn many(first: u8, len: usize) -> Vec<u8> {
    (0..len).map(|at| first.wrapping_add(at as u8)).collect()
}

/// The same in hex.
pub(crate) fn shown(first: u8, len: usize) -> String {
    hex(many(first, len))
}

fn secret(first: u8) -> SecretBytes<32> {
    SecretBytes::filled(|bytes: &mut [u8; 32]| *bytes = count(first))
}

fn log() -> Vec<Golden> {
    let (meeting, kind) = (MeetingId::new(count(1)), EnvelopeKind::Handshake);
    let welcome = WelcomeNote { welcome: many(4, 200), tree: BlobHash::new(count(5)) };
    let (nonce, ciphertext) = (count(2), many(3, 40));
    let full = Envelope { meeting, kind, epoch: 300, nonce, ciphertext, welcome: Some(welcome) };
    let bare = Envelope { kind: EnvelopeKind::Heartbeat, epoch: 0, welcome: None, ..full.clone() };
    let signed = SignedEvent { body: many(9, 3), signature: count(10) };
    let note = CommitNote {
        log_position: u64::MAX,
        departures: vec![many(1, 7), many(2, 1)],
        statements: vec![many(3, 300)],
        rejoins: vec![many(4, 512)],
    };
    let clear = json!({ "version": 1, "meeting": shown(1, 16), "nonce": shown(2, 24) });
    let with = |more: Value| merged(&clear, more);
    vec![
        golden(
            "Envelope",
            full.encode(),
            with(json!({
                "kind": 1, "epoch": "300", "ciphertext": shown(3, 40),
                "welcome": { "welcome": shown(4, 200), "tree": shown(5, 32) },
            })),
        ),
        golden(
            "Envelope",
            bare.encode(),
            with(json!({
                "kind": 4, "epoch": "0", "ciphertext": shown(3, 40),
            })),
        ),
        golden(
            "SealedBlob",
            SealedBlob { nonce: count(7), ciphertext: many(8, 16) }.encode(),
            json!({
                "version": 1, "nonce": shown(7, 24), "ciphertext": shown(8, 16),
            }),
        ),
        golden(
            "SignedEvent",
            signed.encode(),
            json!({
                "version": 1, "body": shown(9, 3), "signature": shown(10, 64),
            }),
        ),
        golden(
            "CommitNote",
            note.encode(),
            json!({
                "version": 1, "log_position": u64::MAX.to_string(),
                "departures": [shown(1, 7), shown(2, 1)], "statements": [shown(3, 300)],
                "rejoins": [shown(4, 512)],
            }),
        ),
    ]
}

/// The fields of both.
fn merged(base: &Value, more: Value) -> Value {
    let mut base = base.clone();
    let Value::Object(more) = more else { panic!("no fields") };
    base.as_object_mut().unwrap().extend(more);
    base
}

fn people() -> Vec<Golden> {
    let credential = LeafCredential {
        identity_key: count(1),
        stay: StayId::new(count(2)),
        direct_key: count(3),
        name: "J\u{fc}rgen".to_owned(),
        signature: count(4),
        label: Some(Label::Bot),
        attestation: many(5, 9),
    };
    let plain = LeafCredential { label: None, attestation: vec![], ..credential.clone() };
    let fields = json!({
        "version": 1, "identity_key": shown(1, 32), "stay": shown(2, 16),
        "direct_key": shown(3, 32), "name": "Jürgen", "signature": shown(4, 64),
    });
    let labelled = merged(&fields, json!({ "label": 4, "attestation": shown(5, 9) }));
    let member = |first| SafetyMember { identity_key: count(first), stay: StayId::new(count(9)) };
    let safety = SafetyCodeInput {
        meeting: MeetingId::new(count(1)),
        epoch: 7,
        authenticator: count(2),
        members: vec![member(3), member(4)],
    };
    vec![
        golden("LeafCredential", credential.encode(), labelled),
        golden("LeafCredential", plain.encode(), merged(&fields, json!({ "attestation": "" }))),
        golden(
            "SafetyCodeInput",
            safety.encode(),
            json!({
                "version": 1, "meeting": shown(1, 16), "epoch": "7", "authenticator": shown(2, 32),
                "members": [
                    { "identity_key": shown(3, 32), "stay": shown(9, 16) },
                    { "identity_key": shown(4, 32), "stay": shown(9, 16) },
                ],
            }),
        ),
    ]
}

fn knocks() -> Vec<Golden> {
    let knock = Knock {
        meeting: MeetingId::new(count(1)),
        invite: InviteId::new(count(2)),
        mailbox: MailboxId::new(count(3)),
        encapsulated_key: count(4),
        ciphertext: many(5, 16),
    };
    let content = KnockContent {
        key_package: many(1, 300),
        log_position: 0,
        passcode_share: Some(count(2)),
        passcode_tag: Some(count(3)),
        rejoin: Some(many(4, 100)),
    };
    let bare =
        KnockContent { passcode_share: None, passcode_tag: None, rejoin: None, ..content.clone() };
    let fields = json!({ "version": 1, "key_package": shown(1, 300), "log_position": "0" });
    vec![
        golden(
            "Knock",
            knock.encode(),
            json!({
                "version": 1, "meeting": shown(1, 16), "invite": shown(2, 16), "mailbox": shown(3, 16),
                "encapsulated_key": shown(4, 32), "ciphertext": shown(5, 16),
            }),
        ),
        golden(
            "KnockContent",
            content.encode(),
            merged(
                &fields,
                json!({
                    "passcode_share": shown(2, 32), "passcode_tag": shown(3, 64), "rejoin": shown(4, 100),
                }),
            ),
        ),
        golden("KnockContent", bare.encode(), fields),
    ]
}

fn answers() -> Vec<Golden> {
    let (mailbox, nonce, ciphertext) = (MailboxId::new(count(1)), count(2), many(3, 512));
    let denial = KnockAnswerContent::Denial { reason: DenyReason::NoAnswer };
    let challenge = KnockAnswerContent::Challenge(Challenge {
        admitter: StayId::new(count(1)),
        share: count(2),
        tag: count(3),
    });
    vec![
        golden(
            "KnockAnswer",
            KnockAnswer { mailbox, nonce, ciphertext }.encode(),
            json!({
                "version": 1, "mailbox": shown(1, 16), "nonce": shown(2, 24),
                "ciphertext": shown(3, 512),
            }),
        ),
        golden(
            "KnockAnswerContent",
            denial.encode(),
            json!({
                "version": 1, "denial": { "reason": 8 },
            }),
        ),
        golden(
            "KnockAnswerContent",
            challenge.encode(),
            json!({
                "version": 1,
                "challenge": { "admitter": shown(1, 16), "share": shown(2, 32), "tag": shown(3, 64) },
            }),
        ),
    ]
}

/// A state with something in every field.
pub(crate) fn full_state() -> GroupState {
    let fingerprint = |first| Fingerprint::new(count(first));
    let plain = MemberEntry::plain;
    let members = vec![
        MemberEntry { role: Role::Host, recording: true, ..plain(fingerprint(1)) },
        MemberEntry { role: Role::CoHost, ..plain(fingerprint(2)) },
        MemberEntry {
            role: Role::Presenter,
            granted: Rights::of(&[Right::Record, Right::End]),
            withheld: Rights::of(&[Right::Admit]),
            label: Some(Label::Recorder),
            muted: TrackKinds::of(&[TrackKind::Microphone]),
            unmuted: TrackKinds::of(&[TrackKind::Data]),
            recording: true,
            ..plain(fingerprint(3))
        },
    ];
    let named = InviteEntry {
        passcode: true,
        name: "g\u{e4}ste".to_owned(),
        expires_s: core::num::NonZeroU64::new(1_800_000_000),
        ..InviteEntry::new(secret(10))
    };
    GroupState {
        profile: Profile::PostQuantum,
        door: Door::Locked,
        rights: RoleRights {
            co_host: Rights::ALL,
            presenter: Rights::of(&[Right::Speak]),
            attendee: Rights::NONE,
        },
        members,
        succession: vec![fingerprint(2)],
        muted: TrackKinds::of(&[TrackKind::Screen]),
        unmute_forbidden: true,
        invites: vec![named, InviteEntry::new(secret(11))],
        lobby_key: secret(12),
        passcode: Some(SecretText::new("4711")),
        bans: vec![fingerprint(7), fingerprint(8)],
        relays: vec![RelayEntry { key: count(9), region: "Island".to_owned() }],
        heartbeat_keys: vec![secret(14), secret(13)],
        resync_keys: vec![ResyncKey { lobby_key: secret(15), secret: secret(16) }],
        short_audio_tags: true,
        padding: Padding { audio: PadTo::Multiple(160), other: PadTo::Padme },
    }
}

fn state_fields() -> Value {
    let plain = json!({
        "granted": 0, "withheld": 0, "muted": 0, "unmuted": 0, "recording": false,
    });
    let entry = |more: Value| merged(&plain, more);
    json!({
        "version": 1, "profile": 3, "door": 3,
        "rights": { "co_host": 0x7fff, "presenter": 1 << 5, "attendee": 0 },
        "members": [
            entry(json!({ "fingerprint": shown(1, 32), "role": 1, "recording": true })),
            entry(json!({ "fingerprint": shown(2, 32), "role": 2 })),
            {
                "fingerprint": shown(3, 32), "role": 3, "granted": 1 << 10 | 1 << 14,
                "withheld": 1, "label": 1, "muted": 1, "unmuted": 1 << 4, "recording": true,
            },
        ],
        "succession": [shown(2, 32)], "muted": 1 << 2, "unmute_forbidden": true,
        "invites": [
            { "secret": shown(10, 32), "passcode": true, "name": "gäste", "expires_s": "1800000000" },
            { "secret": shown(11, 32), "passcode": false, "name": "", "expires_s": "0" },
        ],
        "lobby_key": shown(12, 32), "passcode": "4711", "bans": [shown(7, 32), shown(8, 32)],
        "relays": [{ "key": shown(9, 32), "region": "Island" }],
        "heartbeat_keys": [shown(14, 32), shown(13, 32)],
        "resync_keys": [{ "lobby_key": shown(15, 32), "secret": shown(16, 32) }],
        "short_audio_tags": true, "audio_padding": 160, "other_padding": 1,
    })
}

fn state_and_relays() -> Vec<Golden> {
    let challenge = RelayChallenge { meeting: MeetingId::new(count(1)), challenge: count(2) };
    vec![
        golden("GroupState", full_state().encode(), state_fields()),
        golden(
            "RelayChallenge",
            challenge.encode(),
            json!({
                "version": 1, "meeting": shown(1, 16), "challenge": shown(2, 32),
            }),
        ),
        golden(
            "RelayProof",
            RelayProof { key: count(1), signature: count(2) }.encode(),
            json!({
                "version": 1, "key": shown(1, 32), "signature": shown(2, 64),
            }),
        ),
    ]
}

/// A message of each kind.
pub(crate) fn all() -> Vec<Golden> {
    let within = [log(), people(), knocks(), answers(), state_and_relays()];
    within.into_iter().flatten().chain(events::goldens()).chain(transport::goldens()).collect()
}
