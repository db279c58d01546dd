//! Arbitrary values of every message, within the schema's limits.

mod event;
mod state;

use incamera_wire::{
    BearerToken, BlobHash, Challenge, CommitNote, DenyReason, Destination, Envelope, EnvelopeKind,
    InviteId, Knock, KnockAnswer, KnockAnswerContent, KnockContent, LeafCredential, MailboxId,
    MediaKind, MediaNotice, MediaRequest, MeetingId, MessageId, Refusal, RefusalReason,
    RelayChallenge, RelayProof, RelayTrack, SafetyCodeInput, SafetyMember, SealedBlob, StayId,
    ToClient, ToServer, TransportId, WantedTrack, WelcomeNote,
};
use proptest::array::{uniform16, uniform24, uniform32};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

pub use event::{event_body, signed_event};
pub use state::group_state;

fn bytes(lengths: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), lengths)
}

fn id<T: std::fmt::Debug>(new: fn([u8; 16]) -> T) -> impl Strategy<Value = T> {
    uniform16(any::<u8>()).prop_map(new)
}

fn signature() -> impl Strategy<Value = [u8; 64]> {
    let halves = [uniform32(any::<u8>()), uniform32(any::<u8>())];
    halves.prop_map(|halves| std::array::from_fn(|index| halves[index / 32][index % 32]))
}

fn hash() -> impl Strategy<Value = BlobHash> {
    uniform32(any::<u8>()).prop_map(BlobHash::new)
}

pub fn envelope() -> impl Strategy<Value = Envelope> {
    let note = (bytes(1..=300), hash()).prop_map(|(welcome, tree)| WelcomeNote { welcome, tree });
    let kind = select(EnvelopeKind::ALL);
    let clear = (id(MeetingId::new), kind, any::<u64>(), uniform24(any::<u8>()));
    (clear, bytes(16..=300), option::of(note)).prop_map(|(clear, ciphertext, welcome)| {
        let (meeting, kind, epoch, nonce) = clear;
        Envelope { meeting, kind, epoch, nonce, ciphertext, welcome }
    })
}

pub fn sealed_blob() -> impl Strategy<Value = SealedBlob> {
    (uniform24(any::<u8>()), bytes(16..=300))
        .prop_map(|(nonce, ciphertext)| SealedBlob { nonce, ciphertext })
}

pub fn knock() -> impl Strategy<Value = Knock> {
    let ids = (id(MeetingId::new), id(InviteId::new), id(MailboxId::new));
    (ids, uniform32(any::<u8>()), bytes(16..=300)).prop_map(
        |(ids, encapsulated_key, ciphertext)| {
            let (meeting, invite, mailbox) = ids;
            Knock { meeting, invite, mailbox, encapsulated_key, ciphertext }
        },
    )
}

pub fn knock_answer() -> impl Strategy<Value = KnockAnswer> {
    (id(MailboxId::new), uniform24(any::<u8>()), bytes(16..=300))
        .prop_map(|(mailbox, nonce, ciphertext)| KnockAnswer { mailbox, nonce, ciphertext })
}

pub fn knock_content() -> impl Strategy<Value = KnockContent> {
    let proof = (option::of(uniform32(any::<u8>())), option::of(signature()));
    let rejoin = option::of(bytes(1..=300));
    (bytes(1..=300), any::<u64>(), proof, rejoin).prop_map(
        |(key_package, log_position, proof, rejoin)| {
            let (passcode_share, passcode_tag) = proof;
            KnockContent { key_package, log_position, passcode_share, passcode_tag, rejoin }
        },
    )
}

pub fn knock_answer_content() -> impl Strategy<Value = KnockAnswerContent> {
    let denial = select(DenyReason::ALL).prop_map(|reason| KnockAnswerContent::Denial { reason });
    let challenge = (id(StayId::new), uniform32(any::<u8>()), signature());
    let challenge = challenge.prop_map(|(admitter, share, tag)| Challenge { admitter, share, tag });
    prop_oneof![denial, challenge.prop_map(KnockAnswerContent::Challenge)]
}

pub fn commit_note() -> impl Strategy<Value = CommitNote> {
    let evidence = |most| vec(bytes(1..=50), 0..=most);
    (any::<u64>(), evidence(64), evidence(16), evidence(64)).prop_map(
        |(log_position, departures, statements, rejoins)| CommitNote {
            log_position,
            departures,
            statements,
            rejoins,
        },
    )
}

pub fn relay_challenge() -> impl Strategy<Value = RelayChallenge> {
    (id(MeetingId::new), uniform32(any::<u8>()))
        .prop_map(|(meeting, challenge)| RelayChallenge { meeting, challenge })
}

pub fn relay_proof() -> impl Strategy<Value = RelayProof> {
    (uniform32(any::<u8>()), signature()).prop_map(|(key, signature)| RelayProof { key, signature })
}

pub fn leaf_credential() -> impl Strategy<Value = LeafCredential> {
    let keys = (uniform32(any::<u8>()), uniform32(any::<u8>()));
    let said = ("\\PC{1,16}", state::label(), bytes(0..=300));
    (keys, id(StayId::new), said, signature()).prop_map(
        |((identity_key, direct_key), stay, (name, label, attestation), signature)| {
            LeafCredential { identity_key, stay, direct_key, name, signature, label, attestation }
        },
    )
}

pub fn safety_code_input() -> impl Strategy<Value = SafetyCodeInput> {
    let members = btree_set((uniform32(any::<u8>()), uniform16(any::<u8>())), 1..20);
    (id(MeetingId::new), any::<u64>(), uniform32(any::<u8>()), members).prop_map(
        |(meeting, epoch, authenticator, members)| {
            let member =
                |(identity_key, stay)| SafetyMember { identity_key, stay: StayId::new(stay) };
            let members = members.into_iter().map(member).collect();
            SafetyCodeInput { meeting, epoch, authenticator, members }
        },
    )
}

fn destination() -> impl Strategy<Value = Destination> {
    prop_oneof![
        Just(Destination::Log),
        Just(Destination::Lobby),
        id(MailboxId::new).prop_map(Destination::Direct),
        hash().prop_map(Destination::Blob),
    ]
}

pub fn to_server() -> impl Strategy<Value = ToServer> {
    let hello = (id(MeetingId::new), option::of(id(MailboxId::new)));
    let post = (id(MessageId::new), destination(), bytes(1..=300));
    prop_oneof![
        hello.prop_map(|(meeting, mailbox)| ToServer::Hello { meeting, mailbox }),
        post.prop_map(|(id, to, bytes)| ToServer::Post { id, to, bytes }),
        any::<u64>().prop_map(|from| ToServer::Fetch { from }),
        hash().prop_map(|hash| ToServer::FetchBlob { hash }),
        "\\PC{1,40}".prop_map(|text| ToServer::Authorize { token: BearerToken::new(text) }),
        (bytes(1..=64), uniform32(any::<u8>())).prop_map(|(challenge, certificate_sha256)| {
            ToServer::Prove { challenge, certificate_sha256 }
        }),
        media_request().prop_map(ToServer::Media),
        id(TransportId::new).prop_map(|transport| ToServer::EndTransport { transport }),
    ]
}

fn media_request() -> impl Strategy<Value = MediaRequest> {
    let wanted = ("[a-z0-9]{1,16}", "[a-f0-9/]{1,64}");
    let wanted = wanted.prop_map(|(mid, track)| WantedTrack { mid, track });
    let offer = ("\\PC{1,200}", vec(wanted, 0..4));
    prop_oneof![
        offer.prop_map(|(sdp, wanted)| MediaRequest::Offer { sdp, wanted }),
        ("[a-f0-9/]{1,64}", "[a-z]{1,16}")
            .prop_map(|(track, layer)| MediaRequest::SelectLayer { track, layer }),
    ]
}

fn media_notice() -> impl Strategy<Value = MediaNotice> {
    let track = ("[a-f0-9/]{1,64}", select(MediaKind::ALL), vec("[a-z]{1,16}", 0..=4));
    let track = track.prop_map(|(track, kind, layers)| RelayTrack { track, kind, layers });
    prop_oneof![
        "\\PC{1,200}".prop_map(|sdp| MediaNotice::Answer { sdp }),
        vec(track, 0..4).prop_map(MediaNotice::Tracks),
    ]
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let reason = select(RefusalReason::ALL);
    (option::of(id(MessageId::new)), reason, "\\PC{0,60}", any::<u32>()).prop_map(
        |(post, reason, detail, retry_after_ms)| Refusal { post, reason, detail, retry_after_ms },
    )
}

pub fn to_client() -> impl Strategy<Value = ToClient> {
    let accepted = (id(MessageId::new), option::of(any::<u64>()));
    prop_oneof![
        any::<u64>().prop_map(|next| ToClient::Connected { next }),
        (any::<u64>(), bytes(1..=300)).prop_map(|(seq, bytes)| ToClient::Log { seq, bytes }),
        bytes(1..=300).prop_map(|bytes| ToClient::Lobby { bytes }),
        bytes(1..=300).prop_map(|bytes| ToClient::Direct { bytes }),
        bytes(1..=300).prop_map(|bytes| ToClient::Blob { bytes }),
        accepted.prop_map(|(id, seq)| ToClient::Accepted { id, seq }),
        id(TransportId::new).prop_map(|id| ToClient::Transport { id }),
        (bytes(1..=128), "\\PC{0,16}")
            .prop_map(|(proof, region)| ToClient::Proof { proof, region }),
        media_notice().prop_map(ToClient::Media),
        refusal().prop_map(ToClient::Refused),
    ]
}

/// The encoding of an arbitrary message of any kind.
pub fn any_encoding() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        envelope().prop_map(|it| it.encode()),
        sealed_blob().prop_map(|it| it.encode()),
        knock().prop_map(|it| it.encode()),
        knock_content().prop_map(|it| it.encode()),
        knock_answer().prop_map(|it| it.encode()),
        knock_answer_content().prop_map(|it| it.encode()),
        commit_note().prop_map(|it| it.encode()),
        event_body().prop_map(|it| it.encode()),
        group_state().prop_map(|it| it.encode()),
        leaf_credential().prop_map(|it| it.encode()),
        safety_code_input().prop_map(|it| it.encode()),
        relay_challenge().prop_map(|it| it.encode()),
        relay_proof().prop_map(|it| it.encode()),
        to_server().prop_map(|it| it.encode()),
        to_client().prop_map(|it| it.encode()),
    ]
}
