//! Knocks and their answers.

use prost::Message;

use crate::choice::choice;
use crate::codec::{Source, VERSION};
use crate::ids::{InviteId, MailboxId, MeetingId, StayId};
use crate::limits;
use crate::malformed::Malformed;
use crate::raw::{self, knock_answer_content::Answer};

/// A request to be admitted; at most 64 KiB encoded. SPEC \[A2\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knock {
    /// The meeting knocked at.
    pub meeting: MeetingId,
    /// The invite whose lobby key and link secret seal it, or the resync key by its id.
    pub invite: InviteId,
    /// Where an answer is sent.
    pub mailbox: MailboxId,
    /// The encapsulated X25519 key of HPKE.
    pub encapsulated_key: [u8; 32],
    /// HPKE ciphertext of a [`KnockContent`] and tag, 16 bytes or more.
    pub ciphertext: Vec<u8>,
}

const KNOCK: Source = Source(&limits::KNOCK);
const KNOCK_CONTENT: Source = Source(&limits::KNOCK_CONTENT);
const KNOCK_ANSWER: Source = Source(&limits::KNOCK_ANSWER);
const KNOCK_ANSWER_CONTENT: Source = Source(&limits::KNOCK_ANSWER_CONTENT);

impl Knock {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::Knock {
            version: VERSION,
            meeting: self.meeting.as_bytes().to_vec(),
            invite: self.invite.as_bytes().to_vec(),
            mailbox: self.mailbox.as_bytes().to_vec(),
            encapsulated_key: self.encapsulated_key.to_vec(),
            ciphertext: self.ciphertext.clone(),
        };
        raw.encode_to_vec()
    }

    /// Reads a knock.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::Knock = KNOCK.decode(bytes)?;
        Ok(Self {
            meeting: MeetingId::new(KNOCK.array(&raw.meeting, "meeting")?),
            invite: InviteId::new(KNOCK.array(&raw.invite, "invite")?),
            mailbox: MailboxId::new(KNOCK.array(&raw.mailbox, "mailbox")?),
            encapsulated_key: KNOCK.array(&raw.encapsulated_key, "encapsulated_key")?,
            ciphertext: raw.ciphertext,
        })
    }

    /// What the ciphertext is bound to: `"incamera 1 knock"`, meeting, invite and mailbox (16 bytes
    /// each). The encapsulated key is bound by HPKE itself. SPEC \[A2\].
    pub fn associated_data(&self) -> Vec<u8> {
        let ids = [*self.meeting.as_bytes(), *self.invite.as_bytes(), *self.mailbox.as_bytes()];
        [b"incamera 1 knock".as_slice(), ids.as_flattened()].concat()
    }
}

/// What a knock says; at most 32 KiB encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnockContent {
    /// The MLS KeyPackage (RFC 9420 §10), bare; 1 byte to 16 KiB.
    pub key_package: Vec<u8>,
    /// The sequence number the log would give next when the knock was made: SPEC \[A4\].
    pub log_position: u64,
    /// The share of CPace, if the invite asks for a passcode: SPEC \[A11\].
    pub passcode_share: Option<[u8; 32]>,
    /// The confirmation of CPace, in a knock that answers a challenge: SPEC \[A12\].
    pub passcode_tag: Option<[u8; 64]>,
    /// An encoded [`SignedEvent`](crate::SignedEvent) of kind rejoin, in a knock under a resync key: 1 to
    /// 512 bytes. SPEC \[A16\].
    pub rejoin: Option<Vec<u8>>,
}

impl KnockContent {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::KnockContent {
            version: VERSION,
            key_package: self.key_package.clone(),
            log_position: self.log_position,
            passcode_share: self.passcode_share.map(|share| share.to_vec()),
            passcode_tag: self.passcode_tag.map(|tag| tag.to_vec()),
            rejoin: self.rejoin.clone(),
        };
        raw.encode_to_vec()
    }

    /// Reads a knock's content.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::KnockContent = KNOCK_CONTENT.decode(bytes)?;
        let share = |bytes: Vec<u8>| KNOCK_CONTENT.array(&bytes, "passcode_share");
        let tag = |bytes: Vec<u8>| KNOCK_CONTENT.array(&bytes, "passcode_tag");
        Ok(Self {
            key_package: raw.key_package,
            log_position: raw.log_position,
            passcode_share: raw.passcode_share.map(share).transpose()?,
            passcode_tag: raw.passcode_tag.map(tag).transpose()?,
            rejoin: raw.rejoin,
        })
    }
}

/// A denial or a challenge on its way to a knock's mailbox; at most 1 KiB encoded. SPEC \[A10\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnockAnswer {
    /// The knock's mailbox.
    pub mailbox: MailboxId,
    /// XChaCha20-Poly1305 nonce.
    pub nonce: [u8; 24],
    /// Ciphertext of a [`KnockAnswerContent`] and tag, 16 to 512 bytes.
    pub ciphertext: Vec<u8>,
}

impl KnockAnswer {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::KnockAnswer {
            version: VERSION,
            mailbox: self.mailbox.as_bytes().to_vec(),
            nonce: self.nonce.to_vec(),
            ciphertext: self.ciphertext.clone(),
        };
        raw.encode_to_vec()
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::KnockAnswer = KNOCK_ANSWER.decode(bytes)?;
        Ok(Self {
            mailbox: MailboxId::new(KNOCK_ANSWER.array(&raw.mailbox, "mailbox")?),
            nonce: KNOCK_ANSWER.array(&raw.nonce, "nonce")?,
            ciphertext: raw.ciphertext,
        })
    }

    /// What the ciphertext is bound to: `"incamera 1 answer"` and the mailbox (16 bytes).
    pub fn associated_data(&self) -> Vec<u8> {
        [b"incamera 1 answer".as_slice(), self.mailbox.as_bytes()].concat()
    }
}

choice! {
    /// Why a knock was denied.
    DenyReason {
        /// Whoever answered did not expect the caller.
        NotExpected = 1,
        /// The meeting has no place left.
        Full = 2,
        /// The door is locked.
        Locked = 3,
        /// The identity is banned.
        Banned = 4,
        /// The knock is too old, or was used already.
        Stale = 5,
        /// The passcode was not proved.
        WrongPasscode = 6,
        /// The invite has expired.
        Expired = 7,
        /// Nobody answered in time.
        NoAnswer = 8,
    }
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnockAnswerContent {
    /// The knock is turned down.
    Denial {
        /// Why.
        reason: DenyReason,
    },
    /// Whoever knocks has to prove the passcode.
    Challenge(Challenge),
}

/// An admitter's part of CPace. SPEC \[A11\] \[A12\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The admitter.
    pub admitter: StayId,
    /// Its share.
    pub share: [u8; 32],
    /// Its confirmation.
    pub tag: [u8; 64],
}

const DENIAL: Source = Source(&limits::DENIAL);
const CHALLENGE: Source = Source(&limits::CHALLENGE);

impl KnockAnswerContent {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let answer = match self {
            Self::Denial { reason } => Answer::Denial(raw::Denial { reason: (*reason).into() }),
            Self::Challenge(Challenge { admitter, share, tag }) => {
                Answer::Challenge(raw::Challenge {
                    admitter: admitter.as_bytes().to_vec(),
                    share: share.to_vec(),
                    tag: tag.to_vec(),
                })
            }
        };
        raw::KnockAnswerContent { version: VERSION, answer: Some(answer) }.encode_to_vec()
    }

    /// Reads an answer's content.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::KnockAnswerContent = KNOCK_ANSWER_CONTENT.decode(bytes)?;
        Ok(match KNOCK_ANSWER_CONTENT.present(raw.answer, "answer")? {
            Answer::Denial(denial) => Self::Denial {
                reason: DENIAL.choice(denial.reason, DenyReason::from_number, "reason")?,
            },
            Answer::Challenge(challenge) => Self::Challenge(Challenge {
                admitter: StayId::new(CHALLENGE.array(&challenge.admitter, "admitter")?),
                share: CHALLENGE.array(&challenge.share, "share")?,
                tag: CHALLENGE.array(&challenge.tag, "tag")?,
            }),
        })
    }
}
