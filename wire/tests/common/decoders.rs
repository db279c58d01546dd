//! Every decoder, for tests of the wire format, the vectors and the fuzz targets.

use incamera_wire::server::EnvelopeHead;
use incamera_wire::{
    CommitNote, Envelope, EventBody, GroupState, Knock, KnockAnswer, KnockAnswerContent,
    KnockContent, LeafCredential, Malformed, RelayChallenge, RelayProof, SafetyCodeInput,
    SealedBlob, SignedEvent, ToClient, ToServer,
};

/// Decodes a message and encodes it again.
pub type Recode = fn(&[u8]) -> Result<Vec<u8>, Malformed>;

/// Every decoder under its message's name.
pub const DECODERS: [(&str, Recode); 16] = [
    ("Envelope", |bytes| Envelope::decode(bytes).map(|it| it.encode())),
    ("SealedBlob", |bytes| SealedBlob::decode(bytes).map(|it| it.encode())),
    ("Knock", |bytes| Knock::decode(bytes).map(|it| it.encode())),
    ("KnockContent", |bytes| KnockContent::decode(bytes).map(|it| it.encode())),
    ("KnockAnswer", |bytes| KnockAnswer::decode(bytes).map(|it| it.encode())),
    ("KnockAnswerContent", |bytes| KnockAnswerContent::decode(bytes).map(|it| it.encode())),
    ("CommitNote", |bytes| CommitNote::decode(bytes).map(|it| it.encode())),
    ("SignedEvent", |bytes| SignedEvent::decode(bytes).map(|it| it.encode())),
    ("EventBody", |bytes| EventBody::decode(bytes).map(|it| it.encode())),
    ("GroupState", |bytes| GroupState::decode(bytes).map(|it| it.encode())),
    ("LeafCredential", |bytes| LeafCredential::decode(bytes).map(|it| it.encode())),
    ("SafetyCodeInput", |bytes| SafetyCodeInput::decode(bytes).map(|it| it.encode())),
    ("RelayChallenge", |bytes| RelayChallenge::decode(bytes).map(|it| it.encode())),
    ("RelayProof", |bytes| RelayProof::decode(bytes).map(|it| it.encode())),
    ("ToServer", |bytes| ToServer::decode(bytes).map(|it| it.encode())),
    ("ToClient", |bytes| ToClient::decode(bytes).map(|it| it.encode())),
];

/// Gives bytes to every decoder; what one accepts must encode to the same bytes again.
pub fn decode_as_everything(bytes: &[u8]) {
    for (name, recode) in DECODERS {
        if let Ok(again) = recode(bytes) {
            assert_eq!(again, bytes, "{name} has a second encoding");
        }
    }
    assert_eq!(EnvelopeHead::peek(bytes).err(), Envelope::decode(bytes).err());
}
