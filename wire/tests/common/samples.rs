//! One plain value of each message that tests take apart by hand.

use incamera_wire::{
    AnnouncedFraming, AnnouncedTrack, BlobHash, Challenge, CommitNote, Door, Envelope,
    EnvelopeKind, EventBody, EventKind, Fingerprint, GroupState, InviteEntry, KnockContent, Label,
    LeafCredential, MeetingId, MemberEntry, Padding, Profile, RelayChallenge, RelayEntry,
    RelayProof, ResyncKey, Rights, Role, RoleRights, SafetyCodeInput, SafetyMember, SecretBytes,
    SecretText, StayId, Track, TrackKind, TrackKinds, WelcomeNote,
};

pub fn envelope() -> Envelope {
    Envelope {
        meeting: MeetingId::new([1; 16]),
        kind: EnvelopeKind::Handshake,
        epoch: 300,
        nonce: [2; 24],
        ciphertext: vec![3; 40],
        welcome: Some(WelcomeNote { welcome: vec![4; 50], tree: BlobHash::new([5; 32]) }),
    }
}

pub fn event_body() -> EventBody {
    event(EventKind::Confirm { authenticator: [3; 32] })
}

/// An event of this kind.
pub fn event(kind: EventKind) -> EventBody {
    EventBody {
        meeting: MeetingId::new([1; 16]),
        epoch: 300,
        stay: StayId::new([2; 16]),
        counter: 0,
        kind,
    }
}

/// A track with the longest texts that are allowed.
pub fn announced(index: u8) -> AnnouncedTrack {
    AnnouncedTrack {
        track: Track::new(TrackKind::Data, index).unwrap(),
        codec: "c".repeat(32),
        framing: AnnouncedFraming::Whole,
        transport: "t".repeat(64),
        muted: true,
    }
}

pub fn commit_note(departures: usize, statements: usize) -> CommitNote {
    CommitNote {
        log_position: 9,
        departures: vec![vec![1; 100]; departures],
        statements: vec![vec![2; 100]; statements],
        rejoins: vec![vec![3; 100]; statements],
    }
}

pub fn knock_content() -> KnockContent {
    KnockContent {
        key_package: vec![1; 300],
        log_position: 9,
        passcode_share: Some([2; 32]),
        passcode_tag: Some([3; 64]),
        rejoin: Some(vec![4; 100]),
    }
}

pub fn challenge() -> Challenge {
    Challenge { admitter: StayId::new([1; 16]), share: [2; 32], tag: [3; 64] }
}

pub fn relay_challenge() -> RelayChallenge {
    RelayChallenge { meeting: MeetingId::new([1; 16]), challenge: [2; 32] }
}

pub fn relay_proof() -> RelayProof {
    RelayProof { key: [1; 32], signature: [2; 64] }
}

pub fn leaf_credential(name: &str) -> LeafCredential {
    LeafCredential {
        identity_key: [1; 32],
        stay: StayId::new([2; 16]),
        direct_key: [3; 32],
        name: name.into(),
        signature: [4; 64],
        label: None,
        attestation: Vec::new(),
    }
}

pub fn secret(byte: u8) -> SecretBytes<32> {
    SecretBytes::filled(|secret| secret.fill(byte))
}

/// An invite with the longest name and the latest end that are allowed.
pub fn invite(byte: u8) -> InviteEntry {
    InviteEntry {
        secret: secret(byte),
        passcode: byte > 9,
        name: "n".repeat(64),
        expires_s: u64::MAX.try_into().ok(),
    }
}

/// A relay with the longest region that is allowed.
pub fn relay(number: u32) -> RelayEntry {
    RelayEntry { key: numbered(number), region: "r".repeat(32) }
}

/// A member with everything said of it that can be.
pub fn member(fingerprint: Fingerprint) -> MemberEntry {
    MemberEntry {
        fingerprint,
        role: Role::Presenter,
        granted: Rights::ALL,
        withheld: Rights::ALL,
        label: Some(Label::Recorder),
        muted: TrackKinds::ALL,
        unmuted: TrackKinds::ALL,
        recording: true,
    }
}

/// A resync key whose secret is of this byte.
pub fn resync_key(byte: u8) -> ResyncKey {
    ResyncKey { lobby_key: secret(99), secret: secret(byte) }
}

pub fn group_state() -> GroupState {
    let fingerprint = |byte| Fingerprint::new([byte; 32]);
    let host = MemberEntry { role: Role::Host, ..MemberEntry::plain(fingerprint(1)) };
    GroupState {
        profile: Profile::Standard,
        door: Door::WaitingRoom,
        rights: RoleRights::default(),
        members: vec![host, member(fingerprint(2))],
        succession: vec![fingerprint(4), fingerprint(3)],
        muted: TrackKinds::ALL,
        unmute_forbidden: true,
        invites: vec![invite(9), invite(10)],
        lobby_key: secret(6),
        passcode: Some(SecretText::new("secret word")),
        bans: vec![fingerprint(7), fingerprint(8)],
        relays: vec![relay(1), relay(2)],
        heartbeat_keys: vec![secret(12), secret(11)],
        resync_keys: vec![resync_key(14), resync_key(13)],
        short_audio_tags: false,
        padding: Padding::NONE,
    }
}

/// Numbers as the first 4 of 32 bytes, so that they sort by value.
pub fn numbered(number: u32) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes
}

pub fn fingerprints(count: u32) -> Vec<Fingerprint> {
    (0..count).map(|number| Fingerprint::new(numbered(number))).collect()
}

pub fn safety_code_input(members: u32) -> SafetyCodeInput {
    let stay = StayId::new([2; 16]);
    let member = |number| SafetyMember { identity_key: numbered(number), stay };
    SafetyCodeInput {
        meeting: MeetingId::new([1; 16]),
        epoch: 300,
        authenticator: [3; 32],
        members: (0..members).map(member).collect(),
    }
}
