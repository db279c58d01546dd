//! What no schema of ours can show: depth, and the reader's own corner cases.

use super::reader::{Field, Reader, Value};
use super::{MAX_DEPTH, check};
use crate::limits::{DESTINATION, FieldRule, Kind, MessageRule};
use crate::malformed::FormatRule;

/// A message that may hold itself.
static NEST: MessageRule = MessageRule {
    name: "Nest",
    max_size: 1 << 20,
    oneofs: &[],
    fields: &[FieldRule {
        number: 1,
        name: "inner",
        kind: Kind::Message(&NEST),
        min_items: 0,
        max_items: 1,
        explicit: true,
        oneof: None,
    }],
};

fn nested(depth: usize) -> Vec<u8> {
    (1..depth).fold(Vec::new(), |inner, _| {
        let length = u8::try_from(inner.len()).unwrap();
        assert!(length < 128);
        [vec![0x0a, length], inner].concat()
    })
}

#[test]
fn a_message_nested_too_deep_is_refused() {
    // SPEC [W4]
    assert!(check(&NEST, &nested(MAX_DEPTH)).is_ok());
    let refused = check(&NEST, &nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(refused.rule(), FormatRule::TooDeep);
    assert_eq!(check(&NEST, &nested(60)).unwrap_err().rule(), FormatRule::TooDeep);
}

fn first(bytes: &[u8]) -> Result<Field<'_>, (u32, FormatRule)> {
    Reader::new(bytes).next().unwrap()
}

#[test]
fn every_shortest_varint_is_read() {
    for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
        let mut bytes = vec![0x08];
        prost::encoding::encode_varint(value, &mut bytes);
        assert_eq!(first(&bytes), Ok(Field { number: 1, value: Value::Varint(value) }));
    }
}

#[test]
fn an_overlong_varint_is_refused() {
    // SPEC [W2]
    let overlong: [&[u8]; 5] = [
        &[0x08, 0x80, 0x00],
        &[0x08, 0x81, 0x00],
        &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00],
        &[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    ];
    for bytes in overlong {
        assert_eq!(first(bytes), Err((1, FormatRule::NotCanonical)), "{bytes:x?}");
    }
    // Tags and lengths are varints too.
    assert_eq!(first(&[0x88, 0x00, 0x01]), Err((0, FormatRule::NotCanonical)));
    assert_eq!(first(&[0x0a, 0x81, 0x00, 0x01]), Err((1, FormatRule::NotCanonical)));
}

#[test]
fn a_field_number_out_of_range_is_refused() {
    // SPEC [W2]
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(1 << 36, &mut bytes);
    assert_eq!(first(&bytes), Err((0, FormatRule::UnknownField)));
}

#[test]
fn a_fault_ends_the_reading() {
    let mut reader = Reader::new(&[0x0b, 0x08, 0x01]);
    assert_eq!(reader.next(), Some(Err((1, FormatRule::WrongWireType))));
    assert_eq!(reader.next(), None);
}

#[test]
fn a_one_of_without_a_member_is_refused_by_the_walk_itself() {
    let refused = check(&DESTINATION, &[]).unwrap_err();
    assert_eq!((refused.field(), refused.rule()), ("to", FormatRule::Missing));
}

const fn choice(number: u32, oneof: usize) -> FieldRule {
    FieldRule {
        number,
        name: "choice",
        kind: Kind::Varint { min: 0, max: 9 },
        min_items: 0,
        max_items: 1,
        explicit: true,
        oneof: Some(oneof),
    }
}

/// A message with two one-ofs, the second of which has two members.
static CHOICES: MessageRule = MessageRule {
    name: "Choices",
    max_size: 100,
    oneofs: &["first", "second"],
    fields: &[choice(1, 0), choice(2, 1), choice(3, 1)],
};

#[test]
fn each_of_two_one_ofs_has_one_member() {
    // SPEC [W2]
    let rule = |bytes: &[u8]| check(&CHOICES, bytes).map_err(|e| (e.field(), e.rule()));
    assert_eq!(rule(&[0x08, 1, 0x10, 1]), Ok(()));
    assert_eq!(rule(&[0x08, 1, 0x18, 1]), Ok(()));
    assert_eq!(rule(&[0x08, 1]), Err(("second", FormatRule::Missing)));
    assert_eq!(rule(&[0x18, 1]), Err(("first", FormatRule::Missing)));
    assert_eq!(rule(&[0x08, 1, 0x10, 1, 0x18, 1]), Err(("choice", FormatRule::Duplicate)));
}
