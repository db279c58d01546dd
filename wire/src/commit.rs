//! The authenticated data of every MLS commit.

use prost::Message;

use crate::codec::{Source, VERSION};
use crate::limits;
use crate::malformed::Malformed;
use crate::raw;

/// What a commit was built upon, and the evidence it rests on; at most 256 KiB encoded.
/// SPEC \[G8\].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitNote {
    /// The sequence number of the next entry that its author had yet to read.
    pub log_position: u64,
    /// Encoded [`SignedEvent`](crate::SignedEvent)s of kind leave, one for each leaver that the
    /// commit removes: at most 64, of 1 to 8,192 bytes.
    pub departures: Vec<Vec<u8>>,
    /// Encoded [`SignedEvent`](crate::SignedEvent)s of kind host silent, of distinct authors: at most
    /// 16, of 1 to 8,192 bytes. SPEC \[G17\].
    pub statements: Vec<Vec<u8>>,
    /// Encoded [`SignedEvent`](crate::SignedEvent)s of kind rejoin, one for each key package that takes
    /// a leaf's place: at most 64, of 1 to 512 bytes. SPEC \[G26\].
    pub rejoins: Vec<Vec<u8>>,
}

impl CommitNote {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::CommitNote {
            version: VERSION,
            log_position: self.log_position,
            departures: self.departures.clone(),
            statements: self.statements.clone(),
            rejoins: self.rejoins.clone(),
        };
        raw.encode_to_vec()
    }

    /// Reads a commit's note.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::CommitNote = Source(&limits::COMMIT_NOTE).decode(bytes)?;
        let raw::CommitNote { version: _, log_position, departures, statements, rejoins } = raw;
        Ok(Self { log_position, departures, statements, rejoins })
    }
}
