//! Messages that were changed by somebody who knows the wire format.

use crate::chance::Chance;

/// What a field holds.
#[derive(Clone)]
enum Content {
    Number(u64),
    Bytes(Vec<u8>),
}

/// Numbers around limits.
const NUMBERS: [u64; 20] = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    8,
    31,
    32,
    250,
    252,
    255,
    256,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    1 << 32,
    u64::MAX,
];

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn push_varint(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The fields of a message; `None` if these bytes look like none.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Content)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let content = match tag & 7 {
            0 => Content::Number(varint(&mut bytes)?),
            2 => {
                let len = usize::try_from(varint(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(len)?;
                bytes = rest;
                Content::Bytes(content.to_vec())
            }
            _ => return None,
        };
        fields.push((tag, content));
    }
    Some(fields)
}

fn encode(fields: &[(u64, Content)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (tag, content) in fields {
        push_varint(*tag, &mut out);
        match content {
            Content::Number(number) => push_varint(*number, &mut out),
            Content::Bytes(bytes) => {
                push_varint(bytes.len() as u64, &mut out);
                out.extend_from_slice(bytes);
            }
        }
    }
    out
}

/// The message with one of its fields, or of those in a field, missing, twice, elsewhere or with another content.
pub(crate) fn changed(chance: &mut Chance, message: &[u8]) -> Vec<u8> {
    let Some(mut fields) = fields(message).filter(|fields| !fields.is_empty()) else {
        return if message.is_empty() { vec![1] } else { chance.changed(message) };
    };
    let at = chance.below(fields.len());
    match chance.below(8) {
        0 => drop(fields.remove(at)),
        1 => fields.insert(at, fields[at].clone()),
        2 => {
            let other = chance.below(fields.len());
            fields.swap(at, other);
        }
        // The content of another field: entries of a list become equal.
        3 => {
            let other = chance.below(fields.len());
            fields[at].1 = fields[other].1.clone();
        }
        _ => fields[at].1 = another(chance, fields[at].1.clone()),
    }
    encode(&fields)
}

fn another(chance: &mut Chance, content: Content) -> Content {
    let mut bytes = match content {
        Content::Number(_) => return Content::Number(NUMBERS[chance.below(NUMBERS.len())]),
        Content::Bytes(bytes) => bytes,
    };
    match chance.below(6) {
        0 => bytes.clear(),
        1 => bytes.push(0),
        2 => drop(bytes.pop()),
        _ => bytes = changed(chance, &bytes),
    }
    Content::Bytes(bytes)
}
