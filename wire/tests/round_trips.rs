//! Whatever is encoded is decoded to the same value, and no other bytes are.

mod common;

use common::{decode_as_everything, strategies};
use incamera_wire::server::EnvelopeHead;
use incamera_wire::{
    CommitNote, Envelope, EventBody, GroupState, Knock, KnockAnswer, KnockAnswerContent,
    KnockContent, LeafCredential, RelayChallenge, RelayProof, SafetyCodeInput, SealedBlob,
    SignedEvent, ToClient, ToServer,
};
use proptest::prelude::*;
use proptest::sample::Index;

macro_rules! round_trips {
    ($($test:ident: $message:ident from $strategy:ident;)*) => {
        proptest! {
            $(
                #[test]
                fn $test(value in strategies::$strategy()) {
                    prop_assert_eq!($message::decode(&value.encode()), Ok(value));
                }
            )*
        }
    };
}

round_trips! {
    an_envelope_comes_back: Envelope from envelope;
    a_sealed_blob_comes_back: SealedBlob from sealed_blob;
    a_knock_comes_back: Knock from knock;
    a_knock_content_comes_back: KnockContent from knock_content;
    a_knock_answer_comes_back: KnockAnswer from knock_answer;
    a_knock_answer_content_comes_back: KnockAnswerContent from knock_answer_content;
    a_commit_note_comes_back: CommitNote from commit_note;
    a_signed_event_comes_back: SignedEvent from signed_event;
    an_event_body_comes_back: EventBody from event_body;
    a_group_state_comes_back: GroupState from group_state;
    a_leaf_credential_comes_back: LeafCredential from leaf_credential;
    a_safety_code_input_comes_back: SafetyCodeInput from safety_code_input;
    a_relay_challenge_comes_back: RelayChallenge from relay_challenge;
    a_relay_proof_comes_back: RelayProof from relay_proof;
    a_message_to_a_server_comes_back: ToServer from to_server;
    a_message_to_a_client_comes_back: ToClient from to_client;
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        decode_as_everything(&bytes);
    }

    /// Closer to messages than arbitrary bytes: small field numbers, small lengths.
    #[test]
    fn arbitrary_fields_never_panic(
        version in any::<bool>(),
        fields in prop::collection::vec((0u8..16, 0u8..8, 0u8..40, any::<u8>()), 0..12),
    ) {
        let mut bytes = if version { vec![0x08, 0x01] } else { Vec::new() };
        for (number, wire_type, length, fill) in fields {
            bytes.push(number << 3 | wire_type);
            if wire_type == 2 {
                bytes.push(length);
                bytes.resize(bytes.len() + usize::from(length), fill);
            } else {
                bytes.push(fill);
            }
        }
        decode_as_everything(&bytes);
    }

    #[test]
    fn a_mutated_message_never_panics_and_has_no_second_encoding(
        mut bytes in strategies::any_encoding(),
        edits in prop::collection::vec((any::<Index>(), any::<u8>(), 0u8..4), 1..4),
    ) {
        for (place, byte, edit) in edits {
            let place = place.index(bytes.len().max(1));
            match edit {
                0 if place < bytes.len() => bytes[place] = byte,
                1 if place < bytes.len() => bytes[place] ^= 1 << (byte % 8),
                2 => bytes.truncate(place),
                _ => bytes.insert(place.min(bytes.len()), byte),
            }
        }
        decode_as_everything(&bytes); // SPEC [W5]
    }

    #[test]
    fn a_shortened_message_never_decodes_to_its_value(
        value in strategies::envelope(),
        place in any::<Index>(),
    ) {
        let bytes = value.encode();
        let shortened = &bytes[..place.index(bytes.len())];
        prop_assert_ne!(Envelope::decode(shortened), Ok(value));
    }

    #[test]
    fn the_head_says_what_the_envelope_says(value in strategies::envelope()) {
        let head = EnvelopeHead::peek(&value.encode()).unwrap();
        prop_assert_eq!(head.meeting, value.meeting);
        prop_assert_eq!(head.kind, value.kind);
        prop_assert_eq!(head.epoch, value.epoch);
        prop_assert_eq!(head.ciphertext_len, value.ciphertext.len());
        prop_assert_eq!(head.has_welcome, value.welcome.is_some());
    }
}

#[test]
fn no_bytes_are_no_message() {
    for (name, recode) in common::DECODERS {
        assert!(recode(&[]).is_err(), "{name}");
    }
}
