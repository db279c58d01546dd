//! Each way to break the format, named by its fault.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod common;

use common::{DECODERS, refused, samples};
use incamera_wire::{CommitNote, Envelope, EventBody, FormatRule, LeafCredential};

/// An envelope's encoding with the bytes from `from` on replaced.
fn spliced(from: usize, removed: usize, inserted: &[u8]) -> Vec<u8> {
    let mut bytes = samples::envelope().encode();
    bytes.splice(from..from + removed, inserted.iter().copied());
    bytes
}

// Where the sample's fields start: version, meeting, kind, epoch, nonce, ciphertext, welcome.
const MEETING: usize = 2;
const KIND: usize = 20;
const EPOCH: usize = 22;
const NONCE: usize = 25;
const CIPHERTEXT: usize = 51;

#[test]
fn the_sample_is_laid_out_as_these_tests_assume() {
    let bytes = samples::envelope().encode();
    assert_eq!(bytes[..4], [0x08, 1, 0x12, 16]);
    assert_eq!(bytes[KIND..KIND + 7], [0x18, 1, 0x20, 0xac, 0x02, 0x2a, 24]);
    assert_eq!(bytes[CIPHERTEXT..CIPHERTEXT + 2], [0x32, 40]);
}

#[test]
fn a_wrong_version_is_refused_by_every_decoder() {
    // SPEC [W1]
    for (name, recode) in DECODERS {
        for bytes in [&[0x08, 2][..], &[0x08, 0], &[0x08, 0xff, 0x01], &[0x08, 2, 0xfa, 0x3f, 0]] {
            let malformed = recode(bytes).unwrap_err();
            assert_eq!((malformed.message(), malformed.field()), (name, "version"));
            assert_eq!(malformed.rule(), FormatRule::WrongVersion);
        }
    }
}

#[test]
fn a_missing_version_is_refused() {
    // SPEC [W1]
    assert_eq!(
        refused(Envelope::decode(&spliced(0, 2, &[]))),
        ("version", FormatRule::WrongVersion)
    );
}

#[test]
fn an_unknown_field_is_refused() {
    // SPEC [W2]
    let mut bytes = samples::envelope().encode();
    bytes.extend([0x40, 1]); // field 8
    assert_eq!(refused(Envelope::decode(&bytes)), ("*", FormatRule::UnknownField));
    bytes.truncate(bytes.len() - 2);
    bytes.extend([0xfa, 0x3f, 0]); // field 1023
    assert_eq!(refused(Envelope::decode(&bytes)), ("*", FormatRule::UnknownField));
}

#[test]
fn a_duplicate_singular_field_is_refused() {
    // SPEC [W2]
    let bytes = spliced(EPOCH, 0, &[0x20, 5]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("epoch", FormatRule::Duplicate));
    let bytes = spliced(2, 0, &[0x08, 1]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("version", FormatRule::Duplicate));
}

#[test]
fn a_second_member_of_a_one_of_is_refused() {
    // SPEC [W2]
    let mut bytes = samples::event_body().encode();
    bytes.extend([0x42, 0]); // an end after the confirmation
    assert_eq!(refused(EventBody::decode(&bytes)), ("end", FormatRule::Duplicate));
}

#[test]
fn a_one_of_without_a_member_is_refused() {
    let mut bytes = samples::event_body().encode();
    bytes.truncate(bytes.len() - 36);
    assert_eq!(refused(EventBody::decode(&bytes)), ("kind", FormatRule::Missing));
}

#[test]
fn a_missing_field_is_refused() {
    assert_eq!(refused(Envelope::decode(&spliced(KIND, 2, &[]))), ("kind", FormatRule::Missing));
    assert_eq!(refused(Envelope::decode(&spliced(NONCE, 26, &[]))), ("nonce", FormatRule::Missing));
}

#[test]
fn a_group_is_refused() {
    // SPEC [W2]
    let bytes = spliced(KIND, 2, &[0x1b, 0x1c]); // field 3 starts and ends as a group
    assert_eq!(refused(Envelope::decode(&bytes)), ("kind", FormatRule::WrongWireType));
}

#[test]
fn a_wrong_wire_type_is_refused() {
    // SPEC [W2]
    for (wire_type, content) in [(1, &[0; 8][..]), (2, &[1, 1]), (5, &[0; 4]), (6, &[]), (7, &[])] {
        let field = [&[0x18 | wire_type], content].concat();
        let bytes = spliced(KIND, 2, &field);
        assert_eq!(refused(Envelope::decode(&bytes)), ("kind", FormatRule::WrongWireType));
    }
    let bytes = spliced(MEETING, 18, &[0x10, 1]); // the meeting as a number
    assert_eq!(refused(Envelope::decode(&bytes)), ("meeting", FormatRule::WrongWireType));
}

#[test]
fn a_truncated_length_is_refused() {
    // SPEC [W2]
    let bytes = samples::envelope().encode();
    let cut = |end: usize| refused(Envelope::decode(&bytes[..end]));
    assert_eq!(cut(NONCE + 1), ("nonce", FormatRule::Truncated));
    assert_eq!(cut(NONCE + 20), ("nonce", FormatRule::Truncated));
    assert_eq!(cut(bytes.len() - 1), ("welcome", FormatRule::Truncated));
}

#[test]
fn a_length_of_4_gib_in_a_short_message_is_refused() {
    // SPEC [W3]
    let mut bytes = samples::envelope().encode();
    bytes.truncate(CIPHERTEXT);
    bytes.extend([0x32, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("ciphertext", FormatRule::Truncated));
}

#[test]
fn an_over_long_varint_is_refused() {
    // SPEC [W2]
    let bytes = spliced(EPOCH, 3, &[0x20, 0xac, 0x82, 0x00]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("epoch", FormatRule::NotCanonical));
    let bytes = spliced(EPOCH, 3, &[&[0x20][..], &[0xff; 10], &[0x01]].concat());
    assert_eq!(refused(Envelope::decode(&bytes)), ("epoch", FormatRule::NotCanonical));
    let bytes = spliced(EPOCH, 1, &[0xa0, 0x00]); // the tag
    assert_eq!(refused(Envelope::decode(&bytes)), ("*", FormatRule::NotCanonical));
    let bytes = spliced(NONCE + 1, 1, &[0x98, 0x00]); // the length
    assert_eq!(refused(Envelope::decode(&bytes)), ("nonce", FormatRule::NotCanonical));
}

#[test]
fn fields_out_of_order_are_refused() {
    // SPEC [W2]
    let bytes = spliced(KIND, 5, &[0x20, 0xac, 0x02, 0x18, 1]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("kind", FormatRule::Missing));
    let bytes = spliced(NONCE, 0, &[0x18, 1]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("kind", FormatRule::NotCanonical));
}

#[test]
fn a_default_value_written_out_is_refused() {
    let bytes = spliced(EPOCH, 3, &[0x20, 0]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("epoch", FormatRule::NotCanonical));
}

#[test]
fn trailing_bytes_are_refused() {
    // SPEC [W2]
    for (trailing, fault) in [
        (&[0][..], ("*", FormatRule::Truncated)),
        (&[0, 0], ("*", FormatRule::UnknownField)),
        (&[0x80], ("*", FormatRule::Truncated)),
        (&[0x3a], ("welcome", FormatRule::Truncated)),
    ] {
        let bytes = [samples::envelope().encode().as_slice(), trailing].concat();
        assert_eq!(refused(Envelope::decode(&bytes)), fault);
    }
}

#[test]
fn a_number_out_of_its_range_is_refused() {
    for number in [0, 5] {
        let bytes = spliced(KIND, 2, &[0x18, number]);
        assert_eq!(refused(Envelope::decode(&bytes)), ("kind", FormatRule::OutOfRange));
    }
    // prost would read the low 32 bits of this one as 1.
    let bytes = spliced(KIND, 2, &[0x18, 0x81, 0x80, 0x80, 0x80, 0x10]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("kind", FormatRule::OutOfRange));
}

#[test]
fn a_field_over_its_limit_is_refused() {
    // SPEC [W3]
    let credential = |name: &str| LeafCredential::decode(&samples::leaf_credential(name).encode());
    assert!(credential(&"é".repeat(32)).is_ok());
    assert_eq!(refused(credential(&"a".repeat(65))), ("name", FormatRule::TooLong));
    assert_eq!(refused(credential("")), ("name", FormatRule::Missing));
    let bytes = spliced(NONCE + 1, 1, &[25]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("nonce", FormatRule::TooLong));
    let bytes = spliced(NONCE + 1, 1, &[23]);
    assert_eq!(refused(Envelope::decode(&bytes)), ("nonce", FormatRule::TooShort));
}

#[test]
fn a_name_that_is_not_utf8_is_refused() {
    let mut bytes = samples::leaf_credential("abc").encode();
    let place = bytes.windows(3).position(|window| window == b"abc").unwrap();
    bytes[place] = 0xff;
    assert_eq!(refused(LeafCredential::decode(&bytes)), ("name", FormatRule::NotText));
}

#[test]
fn a_message_over_its_size_is_refused() {
    // SPEC [W3]
    let mut envelope = samples::envelope();
    envelope.welcome = None;
    envelope.ciphertext = vec![0; (1 << 20) - CIPHERTEXT - 4];
    assert_eq!(envelope.encode().len(), 1 << 20);
    assert!(Envelope::decode(&envelope.encode()).is_ok());
    envelope.ciphertext.push(0);
    assert_eq!(refused(Envelope::decode(&envelope.encode())), ("*", FormatRule::TooLong));
}

#[test]
fn entries_over_their_limit_are_refused() {
    // SPEC [W3]
    let note = |departures, statements| {
        CommitNote::decode(&samples::commit_note(departures, statements).encode())
    };
    assert!(note(64, 16).is_ok());
    assert_eq!(refused(note(65, 0)), ("departures", FormatRule::TooMany));
    assert_eq!(refused(note(0, 17)), ("statements", FormatRule::TooMany));
}

#[test]
fn an_entry_over_its_length_is_refused() {
    // SPEC [W3]
    let note = |departure: usize, statement: usize| {
        let mut note = samples::commit_note(1, 1);
        (note.departures[0], note.statements[0]) = (vec![1; departure], vec![1; statement]);
        CommitNote::decode(&note.encode())
    };
    assert!(note(8192, 8192).is_ok());
    assert_eq!(refused(note(8193, 1)), ("departures", FormatRule::TooLong));
    assert_eq!(refused(note(0, 1)), ("departures", FormatRule::TooShort));
    assert_eq!(refused(note(1, 8193)), ("statements", FormatRule::TooLong));
    assert_eq!(refused(note(1, 0)), ("statements", FormatRule::TooShort));
}
