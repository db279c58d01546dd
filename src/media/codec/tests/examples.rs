//! The examples of SPEC.md 9.5, which are computed here.

use core::fmt::Write;

use super::*;

const SPEC: &str = include_str!("../../../../SPEC.md");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let space = if text.is_empty() { "" } else { " " };
        write!(text, "{space}{byte:02x}").unwrap();
        text
    })
}

/// The lines of an example: KID 1, counter 9, a tag of 8 bytes, and a ciphertext of one's choice.
fn example(codec: Codec, frame: &str, ciphertext: &str) -> String {
    let (frame, ciphertext) = (bytes(frame), bytes(ciphertext));
    let (header, tag) = (bytes("18 09"), bytes("f0 f1 f2 f3 f4 f5 f6 f7"));
    let mut parts = Parts::new();
    split(codec, &frame, &mut parts).unwrap();
    let text = parts.text(&frame);
    assert_eq!(text.len(), ciphertext.len());
    let mut sealed = Vec::new();
    join_sealed(&parts, &ciphertext, &header, &tag, &mut sealed).unwrap();
    let mut opening = Parts::new();
    let apart = take_apart(codec, &sealed, &mut opening).unwrap();
    assert_eq!((apart.header, apart.tag), (&header[..], &tag[..]));
    assert_eq!((apart.metadata, apart.ciphertext), (parts.metadata(), &ciphertext[..]));
    let mut opened = Vec::new();
    join_opened(&opening, &text, &mut opened).unwrap();
    let lines = [
        ("frame", frame),
        ("plaintext", text),
        ("metadata", parts.metadata().to_vec()),
        ("ciphertext", ciphertext),
        ("sealed", sealed),
        ("opened", opened),
    ];
    lines.iter().map(|(name, bytes)| format!("    {name:10} {}\n", hex(bytes))).collect()
}

#[test]
fn the_specification_has_these_examples() {
    // SPEC [M20]
    let examples = [
        example(Codec::Vp8, "10 02 00 9d 01 2a 80 02 68 01 aa bb cc", "c0 c1 c2"),
        example(Codec::Av1, "12 00 0a 02 aa bb 32 03 cc dd ee", "c0 c1 c2 c3 c4"),
        example(Codec::H264, "00 00 00 01 67 42 00 00 01 65 b8 aa bb 80", "00 00 01 c3"),
        example(Codec::H265, "00 00 01 02 01 d0 aa 80 00 00 01 02 01 50 bb 80", "c0 00 c2 00 00"),
    ];
    let missing: Vec<String> = examples.into_iter().filter(|lines| !SPEC.contains(lines)).collect();
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}
