//! Every limit of the schema, as a table that the generator writes from `proto/`.

/// What the schema says of one message.
pub(crate) struct MessageRule {
    /// Its name.
    pub(crate) name: &'static str,
    /// The largest encoding, in bytes.
    pub(crate) max_size: usize,
    /// Its one-ofs, each of which must have exactly one member.
    pub(crate) oneofs: &'static [&'static str],
    /// Its fields, by ascending number.
    pub(crate) fields: &'static [FieldRule],
}

/// What the schema says of one field.
pub(crate) struct FieldRule {
    /// Its number.
    pub(crate) number: u32,
    /// Its name.
    pub(crate) name: &'static str,
    /// What it may hold.
    pub(crate) kind: Kind,
    /// How often it must appear at least: 0 or 1 if it is singular.
    pub(crate) min_items: usize,
    /// How often it may appear at most: 1 if it is singular.
    pub(crate) max_items: usize,
    /// Whether its default value may be written out.
    pub(crate) explicit: bool,
    /// The one-of it belongs to, as an index into the message's `oneofs`.
    pub(crate) oneof: Option<usize>,
}

/// What a field may hold.
pub(crate) enum Kind {
    /// Exactly this number: SPEC \[W1\].
    Version(u64),
    /// A number in this range.
    Varint { min: u64, max: u64 },
    /// Bytes of a length in this range.
    Bytes { min: usize, max: usize },
    /// UTF-8 of a length in bytes in this range.
    Text { min: usize, max: usize },
    /// Another message.
    Message(&'static MessageRule),
}

pub(crate) use generated::{
    ACCEPTED, ANNOUNCED_TRACK, ANNOUNCEMENT, ASK, ATTEND, CHALLENGE, COMMIT_NOTE, CONFIRM, DENIAL,
    DESTINATION, END_TRANSPORT, ENVELOPE, EVENT_BODY, FETCH_BLOB, GROUP_STATE, HEARTBEAT, HELLO,
    HOST_SILENT, INVITE_ENTRY, KEY_FRAME_REQUEST, KNOCK, KNOCK_ANSWER, KNOCK_ANSWER_CONTENT,
    KNOCK_CONTENT, LEAF_CREDENTIAL, MEDIA_NOTICE, MEDIA_REQUEST, MEMBER_ENTRY, POST, PRIVATE_CHAT,
    PROVE, REFUSAL, REJOIN, RELAY_CHALLENGE, RELAY_ENTRY, RELAY_PROOF, RELAY_TRACK, REMOVAL_ORDER,
    RESYNC_KEY, ROLE_RIGHTS, SAFETY_CODE_INPUT, SAFETY_MEMBER, SEALED_BLOB, SIGNED_EVENT,
    TO_CLIENT, TO_SERVER, TRANSPORT, WELCOME_NOTE,
};

#[rustfmt::skip]
mod generated {
    use super::{FieldRule, Kind, MessageRule};

    include!("generated/limits.rs");
}
