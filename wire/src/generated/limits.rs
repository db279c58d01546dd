// This file is @generated from proto/incamera/v1/.

pub(crate) static ENVELOPE: MessageRule = MessageRule {
    name: "Envelope",
    max_size: 1048576,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "meeting", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "kind", kind: Kind::Varint { min: 1, max: 4 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "epoch", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 5, name: "nonce", kind: Kind::Bytes { min: 24, max: 24 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 6, name: "ciphertext", kind: Kind::Bytes { min: 16, max: 1048576 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 7, name: "welcome", kind: Kind::Message(&WELCOME_NOTE), min_items: 0, max_items: 1, explicit: true, oneof: None },
    ],
};

pub(crate) static WELCOME_NOTE: MessageRule = MessageRule {
    name: "WelcomeNote",
    max_size: 1048576,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "welcome", kind: Kind::Bytes { min: 1, max: 1048576 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "tree", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static SEALED_BLOB: MessageRule = MessageRule {
    name: "SealedBlob",
    max_size: 16777216,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "nonce", kind: Kind::Bytes { min: 24, max: 24 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "ciphertext", kind: Kind::Bytes { min: 16, max: 16777216 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static KNOCK: MessageRule = MessageRule {
    name: "Knock",
    max_size: 65536,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "meeting", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "invite", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "mailbox", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 5, name: "encapsulated_key", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 6, name: "ciphertext", kind: Kind::Bytes { min: 16, max: 65536 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static KNOCK_CONTENT: MessageRule = MessageRule {
    name: "KnockContent",
    max_size: 32768,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "key_package", kind: Kind::Bytes { min: 1, max: 16384 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "log_position", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "passcode_share", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 0, max_items: 1, explicit: true, oneof: None },
        FieldRule { number: 5, name: "passcode_tag", kind: Kind::Bytes { min: 64, max: 64 }, min_items: 0, max_items: 1, explicit: true, oneof: None },
        FieldRule { number: 6, name: "rejoin", kind: Kind::Bytes { min: 1, max: 512 }, min_items: 0, max_items: 1, explicit: true, oneof: None },
    ],
};

pub(crate) static KNOCK_ANSWER: MessageRule = MessageRule {
    name: "KnockAnswer",
    max_size: 1024,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "mailbox", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "nonce", kind: Kind::Bytes { min: 24, max: 24 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "ciphertext", kind: Kind::Bytes { min: 16, max: 512 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static KNOCK_ANSWER_CONTENT: MessageRule = MessageRule {
    name: "KnockAnswerContent",
    max_size: 160,
    oneofs: &["answer"],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "denial", kind: Kind::Message(&DENIAL), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 3, name: "challenge", kind: Kind::Message(&CHALLENGE), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
    ],
};

pub(crate) static DENIAL: MessageRule = MessageRule {
    name: "Denial",
    max_size: 8,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "reason", kind: Kind::Varint { min: 1, max: 8 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static CHALLENGE: MessageRule = MessageRule {
    name: "Challenge",
    max_size: 128,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "admitter", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "share", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "tag", kind: Kind::Bytes { min: 64, max: 64 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static SIGNED_EVENT: MessageRule = MessageRule {
    name: "SignedEvent",
    max_size: 8192,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "body", kind: Kind::Bytes { min: 1, max: 4096 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "signature", kind: Kind::Bytes { min: 64, max: 64 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static EVENT_BODY: MessageRule = MessageRule {
    name: "EventBody",
    max_size: 4096,
    oneofs: &["kind"],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "meeting", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "epoch", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "stay", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 5, name: "counter", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 6, name: "leave", kind: Kind::Message(&LEAVE), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 7, name: "confirm", kind: Kind::Message(&CONFIRM), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 8, name: "end", kind: Kind::Message(&END), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 9, name: "chat", kind: Kind::Message(&CHAT), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 10, name: "private_chat", kind: Kind::Message(&PRIVATE_CHAT), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 11, name: "reaction", kind: Kind::Message(&REACTION), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 12, name: "hand", kind: Kind::Message(&HAND), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 13, name: "ask", kind: Kind::Message(&ASK), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 14, name: "announcement", kind: Kind::Message(&ANNOUNCEMENT), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 15, name: "attend", kind: Kind::Message(&ATTEND), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 16, name: "host_silent", kind: Kind::Message(&HOST_SILENT), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 17, name: "removal_order", kind: Kind::Message(&REMOVAL_ORDER), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 18, name: "heartbeat", kind: Kind::Message(&HEARTBEAT), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 19, name: "rejoin", kind: Kind::Message(&REJOIN), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 20, name: "key_frame_request", kind: Kind::Message(&KEY_FRAME_REQUEST), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
    ],
};

pub(crate) static LEAVE: MessageRule = MessageRule {
    name: "Leave",
    max_size: 0,
    oneofs: &[],
    fields: &[
    ],
};

pub(crate) static CONFIRM: MessageRule = MessageRule {
    name: "Confirm",
    max_size: 64,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "authenticator", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static END: MessageRule = MessageRule {
    name: "End",
    max_size: 0,
    oneofs: &[],
    fields: &[
    ],
};

pub(crate) static CHAT: MessageRule = MessageRule {
    name: "Chat",
    max_size: 2304,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "text", kind: Kind::Text { min: 1, max: 2048 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static PRIVATE_CHAT: MessageRule = MessageRule {
    name: "PrivateChat",
    max_size: 2304,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "to", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "encapsulated_key", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "ciphertext", kind: Kind::Bytes { min: 17, max: 2064 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static REACTION: MessageRule = MessageRule {
    name: "Reaction",
    max_size: 64,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "symbol", kind: Kind::Text { min: 1, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static HAND: MessageRule = MessageRule {
    name: "Hand",
    max_size: 8,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "raised", kind: Kind::Varint { min: 0, max: 1 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static ASK: MessageRule = MessageRule {
    name: "Ask",
    max_size: 32,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "to", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "kinds", kind: Kind::Varint { min: 1, max: 31 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static ANNOUNCEMENT: MessageRule = MessageRule {
    name: "Announcement",
    max_size: 2560,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "tracks", kind: Kind::Message(&ANNOUNCED_TRACK), min_items: 0, max_items: 16, explicit: true, oneof: None },
    ],
};

pub(crate) static ANNOUNCED_TRACK: MessageRule = MessageRule {
    name: "AnnouncedTrack",
    max_size: 128,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "context", kind: Kind::Varint { min: 0, max: 255 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "codec", kind: Kind::Text { min: 1, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "framing", kind: Kind::Varint { min: 1, max: 2 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "transport", kind: Kind::Text { min: 0, max: 64 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 5, name: "muted", kind: Kind::Varint { min: 0, max: 1 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static ATTEND: MessageRule = MessageRule {
    name: "Attend",
    max_size: 40,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "knock", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "proved", kind: Kind::Varint { min: 0, max: 1 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static HOST_SILENT: MessageRule = MessageRule {
    name: "HostSilent",
    max_size: 640,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "hosts", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 16, explicit: true, oneof: None },
    ],
};

pub(crate) static REMOVAL_ORDER: MessageRule = MessageRule {
    name: "RemovalOrder",
    max_size: 64,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "target", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "stay", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static HEARTBEAT: MessageRule = MessageRule {
    name: "Heartbeat",
    max_size: 2304,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "authenticator", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "log_position", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "log_hash", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "time_ms", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 5, name: "orders", kind: Kind::Bytes { min: 1, max: 512 }, min_items: 0, max_items: 4, explicit: true, oneof: None },
    ],
};

pub(crate) static REJOIN: MessageRule = MessageRule {
    name: "Rejoin",
    max_size: 40,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "knock", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static KEY_FRAME_REQUEST: MessageRule = MessageRule {
    name: "KeyFrameRequest",
    max_size: 32,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "to", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "context", kind: Kind::Varint { min: 1, max: 250 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static COMMIT_NOTE: MessageRule = MessageRule {
    name: "CommitNote",
    max_size: 262144,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "log_position", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "departures", kind: Kind::Bytes { min: 1, max: 8192 }, min_items: 0, max_items: 64, explicit: true, oneof: None },
        FieldRule { number: 4, name: "statements", kind: Kind::Bytes { min: 1, max: 8192 }, min_items: 0, max_items: 16, explicit: true, oneof: None },
        FieldRule { number: 5, name: "rejoins", kind: Kind::Bytes { min: 1, max: 512 }, min_items: 0, max_items: 64, explicit: true, oneof: None },
    ],
};

pub(crate) static GROUP_STATE: MessageRule = MessageRule {
    name: "GroupState",
    max_size: 131072,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "profile", kind: Kind::Varint { min: 1, max: 3 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "door", kind: Kind::Varint { min: 1, max: 3 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "rights", kind: Kind::Message(&ROLE_RIGHTS), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 5, name: "members", kind: Kind::Message(&MEMBER_ENTRY), min_items: 0, max_items: 1024, explicit: true, oneof: None },
        FieldRule { number: 6, name: "succession", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 0, max_items: 16, explicit: true, oneof: None },
        FieldRule { number: 7, name: "muted", kind: Kind::Varint { min: 0, max: 31 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 8, name: "unmute_forbidden", kind: Kind::Varint { min: 0, max: 1 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 9, name: "invites", kind: Kind::Message(&INVITE_ENTRY), min_items: 0, max_items: 16, explicit: true, oneof: None },
        FieldRule { number: 10, name: "lobby_key", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 11, name: "passcode", kind: Kind::Text { min: 1, max: 64 }, min_items: 0, max_items: 1, explicit: true, oneof: None },
        FieldRule { number: 12, name: "bans", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 0, max_items: 1024, explicit: true, oneof: None },
        FieldRule { number: 13, name: "relays", kind: Kind::Message(&RELAY_ENTRY), min_items: 0, max_items: 16, explicit: true, oneof: None },
        FieldRule { number: 14, name: "heartbeat_keys", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 2, explicit: true, oneof: None },
        FieldRule { number: 15, name: "resync_keys", kind: Kind::Message(&RESYNC_KEY), min_items: 1, max_items: 4, explicit: true, oneof: None },
        FieldRule { number: 16, name: "short_audio_tags", kind: Kind::Varint { min: 0, max: 1 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 17, name: "audio_padding", kind: Kind::Varint { min: 0, max: 65535 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 18, name: "other_padding", kind: Kind::Varint { min: 0, max: 65535 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static ROLE_RIGHTS: MessageRule = MessageRule {
    name: "RoleRights",
    max_size: 16,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "co_host", kind: Kind::Varint { min: 0, max: 32767 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "presenter", kind: Kind::Varint { min: 0, max: 32767 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "attendee", kind: Kind::Varint { min: 0, max: 32767 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static MEMBER_ENTRY: MessageRule = MessageRule {
    name: "MemberEntry",
    max_size: 64,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "fingerprint", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "role", kind: Kind::Varint { min: 1, max: 4 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "granted", kind: Kind::Varint { min: 0, max: 32767 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "withheld", kind: Kind::Varint { min: 0, max: 32767 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 5, name: "label", kind: Kind::Varint { min: 1, max: 4 }, min_items: 0, max_items: 1, explicit: true, oneof: None },
        FieldRule { number: 6, name: "muted", kind: Kind::Varint { min: 0, max: 31 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 7, name: "unmuted", kind: Kind::Varint { min: 0, max: 31 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 8, name: "recording", kind: Kind::Varint { min: 0, max: 1 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static INVITE_ENTRY: MessageRule = MessageRule {
    name: "InviteEntry",
    max_size: 128,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "secret", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "passcode", kind: Kind::Varint { min: 0, max: 1 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "name", kind: Kind::Text { min: 0, max: 64 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "expires_s", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static RELAY_ENTRY: MessageRule = MessageRule {
    name: "RelayEntry",
    max_size: 128,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "key", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "region", kind: Kind::Text { min: 1, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static RESYNC_KEY: MessageRule = MessageRule {
    name: "ResyncKey",
    max_size: 80,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "lobby_key", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "secret", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static LEAF_CREDENTIAL: MessageRule = MessageRule {
    name: "LeafCredential",
    max_size: 2560,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "identity_key", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "stay", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "direct_key", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 5, name: "name", kind: Kind::Text { min: 1, max: 64 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 6, name: "signature", kind: Kind::Bytes { min: 64, max: 64 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 7, name: "label", kind: Kind::Varint { min: 1, max: 4 }, min_items: 0, max_items: 1, explicit: true, oneof: None },
        FieldRule { number: 8, name: "attestation", kind: Kind::Bytes { min: 0, max: 2048 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static SAFETY_CODE_INPUT: MessageRule = MessageRule {
    name: "SafetyCodeInput",
    max_size: 262144,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "meeting", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "epoch", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "authenticator", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 5, name: "members", kind: Kind::Message(&SAFETY_MEMBER), min_items: 1, max_items: 4096, explicit: true, oneof: None },
    ],
};

pub(crate) static SAFETY_MEMBER: MessageRule = MessageRule {
    name: "SafetyMember",
    max_size: 64,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "identity_key", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "stay", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static RELAY_CHALLENGE: MessageRule = MessageRule {
    name: "RelayChallenge",
    max_size: 64,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "meeting", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "challenge", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static RELAY_PROOF: MessageRule = MessageRule {
    name: "RelayProof",
    max_size: 128,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "key", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "signature", kind: Kind::Bytes { min: 64, max: 64 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static MEDIA_REQUEST: MessageRule = MessageRule {
    name: "MediaRequest",
    max_size: 262144,
    oneofs: &["request"],
    fields: &[
        FieldRule { number: 1, name: "offer", kind: Kind::Message(&OFFER), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 2, name: "select_layer", kind: Kind::Message(&SELECT_LAYER), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
    ],
};

pub(crate) static OFFER: MessageRule = MessageRule {
    name: "Offer",
    max_size: 262100,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "sdp", kind: Kind::Text { min: 1, max: 131072 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "wanted", kind: Kind::Message(&WANTED_TRACK), min_items: 0, max_items: 1024, explicit: true, oneof: None },
    ],
};

pub(crate) static WANTED_TRACK: MessageRule = MessageRule {
    name: "WantedTrack",
    max_size: 96,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "mid", kind: Kind::Text { min: 1, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "track", kind: Kind::Text { min: 1, max: 64 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static SELECT_LAYER: MessageRule = MessageRule {
    name: "SelectLayer",
    max_size: 96,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "track", kind: Kind::Text { min: 1, max: 64 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "layer", kind: Kind::Text { min: 1, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static MEDIA_NOTICE: MessageRule = MessageRule {
    name: "MediaNotice",
    max_size: 262144,
    oneofs: &["notice"],
    fields: &[
        FieldRule { number: 1, name: "answer", kind: Kind::Message(&ANSWER), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 2, name: "tracks", kind: Kind::Message(&TRACKS), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
    ],
};

pub(crate) static ANSWER: MessageRule = MessageRule {
    name: "Answer",
    max_size: 131100,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "sdp", kind: Kind::Text { min: 1, max: 131072 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static TRACKS: MessageRule = MessageRule {
    name: "Tracks",
    max_size: 262100,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "tracks", kind: Kind::Message(&RELAY_TRACK), min_items: 0, max_items: 1024, explicit: true, oneof: None },
    ],
};

pub(crate) static RELAY_TRACK: MessageRule = MessageRule {
    name: "RelayTrack",
    max_size: 192,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "track", kind: Kind::Text { min: 1, max: 64 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "kind", kind: Kind::Varint { min: 1, max: 2 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "layers", kind: Kind::Text { min: 1, max: 16 }, min_items: 0, max_items: 4, explicit: true, oneof: None },
    ],
};

pub(crate) static TO_SERVER: MessageRule = MessageRule {
    name: "ToServer",
    max_size: 17825792,
    oneofs: &["body"],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "hello", kind: Kind::Message(&HELLO), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 3, name: "post", kind: Kind::Message(&POST), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 4, name: "fetch", kind: Kind::Message(&FETCH), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 5, name: "fetch_blob", kind: Kind::Message(&FETCH_BLOB), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 6, name: "authorize", kind: Kind::Message(&AUTHORIZE), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 7, name: "prove", kind: Kind::Message(&PROVE), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 8, name: "media", kind: Kind::Message(&MEDIA_REQUEST), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 9, name: "end_transport", kind: Kind::Message(&END_TRANSPORT), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
    ],
};

pub(crate) static AUTHORIZE: MessageRule = MessageRule {
    name: "Authorize",
    max_size: 2100,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "token", kind: Kind::Text { min: 1, max: 2048 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static PROVE: MessageRule = MessageRule {
    name: "Prove",
    max_size: 128,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "challenge", kind: Kind::Bytes { min: 1, max: 64 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "certificate_sha256", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static END_TRANSPORT: MessageRule = MessageRule {
    name: "EndTransport",
    max_size: 24,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "transport", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static HELLO: MessageRule = MessageRule {
    name: "Hello",
    max_size: 64,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "meeting", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "mailbox", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 0, max_items: 1, explicit: true, oneof: None },
    ],
};

pub(crate) static POST: MessageRule = MessageRule {
    name: "Post",
    max_size: 17825000,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "id", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "to", kind: Kind::Message(&DESTINATION), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "bytes", kind: Kind::Bytes { min: 1, max: 16777216 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static DESTINATION: MessageRule = MessageRule {
    name: "Destination",
    max_size: 64,
    oneofs: &["to"],
    fields: &[
        FieldRule { number: 1, name: "log", kind: Kind::Message(&TO_LOG), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 2, name: "lobby", kind: Kind::Message(&TO_LOBBY), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 3, name: "direct", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 4, name: "blob", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
    ],
};

pub(crate) static TO_LOG: MessageRule = MessageRule {
    name: "ToLog",
    max_size: 0,
    oneofs: &[],
    fields: &[
    ],
};

pub(crate) static TO_LOBBY: MessageRule = MessageRule {
    name: "ToLobby",
    max_size: 0,
    oneofs: &[],
    fields: &[
    ],
};

pub(crate) static FETCH: MessageRule = MessageRule {
    name: "Fetch",
    max_size: 16,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "from", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static FETCH_BLOB: MessageRule = MessageRule {
    name: "FetchBlob",
    max_size: 64,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "hash", kind: Kind::Bytes { min: 32, max: 32 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static TO_CLIENT: MessageRule = MessageRule {
    name: "ToClient",
    max_size: 17825792,
    oneofs: &["body"],
    fields: &[
        FieldRule { number: 1, name: "version", kind: Kind::Version(1), min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "connected", kind: Kind::Message(&CONNECTED), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 3, name: "log", kind: Kind::Message(&LOG_ENTRY), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 4, name: "lobby", kind: Kind::Message(&LOBBY_ENTRY), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 5, name: "direct", kind: Kind::Message(&DIRECT_MESSAGE), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 6, name: "blob", kind: Kind::Message(&BLOB_BYTES), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 7, name: "accepted", kind: Kind::Message(&ACCEPTED), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 8, name: "transport", kind: Kind::Message(&TRANSPORT), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 9, name: "proof", kind: Kind::Message(&PROOF), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 10, name: "media", kind: Kind::Message(&MEDIA_NOTICE), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
        FieldRule { number: 11, name: "refusal", kind: Kind::Message(&REFUSAL), min_items: 0, max_items: 1, explicit: true, oneof: Some(0) },
    ],
};

pub(crate) static TRANSPORT: MessageRule = MessageRule {
    name: "Transport",
    max_size: 24,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "id", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static PROOF: MessageRule = MessageRule {
    name: "Proof",
    max_size: 256,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "proof", kind: Kind::Bytes { min: 1, max: 128 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "region", kind: Kind::Text { min: 0, max: 64 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static REFUSAL: MessageRule = MessageRule {
    name: "Refusal",
    max_size: 320,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "post", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 0, max_items: 1, explicit: true, oneof: None },
        FieldRule { number: 2, name: "reason", kind: Kind::Varint { min: 1, max: 10 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 3, name: "detail", kind: Kind::Text { min: 0, max: 256 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 4, name: "retry_after_ms", kind: Kind::Varint { min: 0, max: 4294967295 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static CONNECTED: MessageRule = MessageRule {
    name: "Connected",
    max_size: 16,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "next", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static LOG_ENTRY: MessageRule = MessageRule {
    name: "LogEntry",
    max_size: 1048640,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "seq", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "bytes", kind: Kind::Bytes { min: 1, max: 1048576 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static LOBBY_ENTRY: MessageRule = MessageRule {
    name: "LobbyEntry",
    max_size: 65600,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "bytes", kind: Kind::Bytes { min: 1, max: 65536 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static DIRECT_MESSAGE: MessageRule = MessageRule {
    name: "DirectMessage",
    max_size: 65600,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "bytes", kind: Kind::Bytes { min: 1, max: 65536 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static BLOB_BYTES: MessageRule = MessageRule {
    name: "BlobBytes",
    max_size: 16777280,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "bytes", kind: Kind::Bytes { min: 1, max: 16777216 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
    ],
};

pub(crate) static ACCEPTED: MessageRule = MessageRule {
    name: "Accepted",
    max_size: 64,
    oneofs: &[],
    fields: &[
        FieldRule { number: 1, name: "id", kind: Kind::Bytes { min: 16, max: 16 }, min_items: 1, max_items: 1, explicit: false, oneof: None },
        FieldRule { number: 2, name: "seq", kind: Kind::Varint { min: 0, max: 18446744073709551615 }, min_items: 0, max_items: 1, explicit: true, oneof: None },
    ],
};
