//! What relays tell each other about a meeting, in messages that are kept nowhere.

use incamera_wire::MailboxId;

use super::super::Bytes;

/// One message between relays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// All entries before this number exist.
    Exists(u64),
    /// For all, or for one mailbox.
    Post(Option<MailboxId>, Bytes),
    /// The same; the bytes are too many for a message and lie among the blobs, under this hash.
    Large(Option<MailboxId>, String),
    /// This incarnation of the meeting was deleted.
    Gone(String),
}

impl Note {
    /// First byte: which it is.
    pub(super) fn encode(&self) -> Bytes {
        let put = |kind: u8, mailbox: &Option<MailboxId>, rest: &[u8]| {
            let to: &[u8] = mailbox.as_ref().map_or(&[], |mailbox| mailbox.as_bytes());
            [&[kind + u8::from(mailbox.is_some())], to, rest].concat().into()
        };
        match self {
            Self::Exists(next) => put(0, &None, &next.to_be_bytes()),
            Self::Gone(incarnation) => put(1, &None, incarnation.as_bytes()),
            Self::Post(mailbox, bytes) => put(2, mailbox, bytes),
            Self::Large(mailbox, hash) => put(4, mailbox, hash.as_bytes()),
        }
    }

    /// Nothing: another version's.
    pub(super) fn decode(bytes: &Bytes) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let (mailbox, rest) = if matches!(kind, 3 | 5) {
            let (mailbox, rest) = rest.split_first_chunk::<{ MailboxId::LEN }>()?;
            (Some(MailboxId::new(*mailbox)), rest)
        } else {
            (None, rest)
        };
        match kind {
            0 => Some(Self::Exists(u64::from_be_bytes(rest.try_into().ok()?))),
            1 => text(rest).map(Self::Gone),
            2 | 3 => Some(Self::Post(mailbox, bytes.slice_ref(rest))),
            4 | 5 => text(rest).map(|hash| Self::Large(mailbox, hash)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_there_and_back() {
        let mailbox = Some(MailboxId::new([7; MailboxId::LEN]));
        let post = Bytes::from_static(b"post");
        let notes = [
            Note::Exists(u64::MAX),
            Note::Gone("abc".to_owned()),
            Note::Post(None, post.clone()),
            Note::Post(mailbox, post),
            Note::Large(None, "ab".to_owned()),
            Note::Large(mailbox, "ab".to_owned()),
        ];
        for note in notes {
            assert_eq!(Note::decode(&note.encode()), Some(note));
        }
        for other in [&b""[..], &[0], &[3, 1], &[6], &[255, 1]] {
            assert_eq!(Note::decode(&Bytes::copy_from_slice(other)), None);
        }
    }
}
