//! One plain value of each message that tests take apart by hand.

use incamera_wire::{
    BlobHash, CommitNote, Door, Envelope, EnvelopeKind, EventBody, EventKind, Fingerprint,
    GroupState, InviteEntry, LeafCredential, MeetingId, Profile, Role, RoleEntry, SafetyCodeInput,
    SafetyMember, SecretBytes, StayId, WelcomeNote,
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
    EventBody {
        meeting: MeetingId::new([1; 16]),
        epoch: 300,
        stay: StayId::new([2; 16]),
        counter: 0,
        kind: EventKind::Confirm { authenticator: [3; 32] },
    }
}

pub fn commit_note(departures: usize) -> CommitNote {
    CommitNote { log_position: 9, departures: vec![vec![1; 100]; departures] }
}

pub fn leaf_credential(name: &str) -> LeafCredential {
    LeafCredential {
        identity_key: [1; 32],
        stay: StayId::new([2; 16]),
        direct_key: [3; 32],
        name: name.into(),
        signature: [4; 64],
    }
}

pub fn invite(byte: u8) -> InviteEntry {
    InviteEntry { secret: SecretBytes::filled(|secret| secret.fill(byte)), passcode: byte > 9 }
}

pub fn group_state() -> GroupState {
    let fingerprint = |byte| Fingerprint::new([byte; 32]);
    GroupState {
        profile: Profile::Standard,
        door: Door::WaitingRoom,
        roles: vec![
            RoleEntry { fingerprint: fingerprint(1), role: Role::Host },
            RoleEntry { fingerprint: fingerprint(2), role: Role::Presenter },
        ],
        invites: vec![invite(9), invite(10)],
        lobby_key: SecretBytes::filled(|secret| secret.fill(6)),
        bans: vec![fingerprint(7), fingerprint(8)],
    }
}

/// Numbers as the first 4 of 32 bytes, so that they sort by value.
pub fn numbered(number: u32) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes
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
