//! The finder finds, so that what it does not find is not there.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};

use crate::finder::Finder;
use crate::scene::bytes;

#[test]
fn a_secret_is_found_however_it_is_written() {
    let secret = bytes(9, 9);
    let mut finder = Finder::default();
    finder.add("it", &secret);
    let lower: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let hexes: Vec<String> = secret.iter().map(|byte| format!("0x{byte:x}")).collect();
    let padded = |before: usize| {
        let bytes = [&vec![1; before][..], &secret].concat();
        [Base64::encode_string(&bytes), Base64UrlUnpadded::encode_string(&bytes)]
    };
    let escaped: String = secret.escape_ascii().to_string();
    let mut shown = vec![
        format!("{secret:?}"),
        format!("{secret:#?}"),
        format!("{secret:x?}"),
        format!("{secret:02X?}"),
        format!("{secret:#x?}"),
        lower.to_uppercase(),
        format!("a{lower}"),
        hexes.join(" "),
        escaped,
        lower,
    ];
    shown.extend((0..4).flat_map(padded));
    for shown in shown {
        let text = format!("Key {{ name: \"x\", bytes: {shown}, more: 1 }}");
        assert_eq!(finder.in_text(&text), Some("it"), "{text}");
    }
    // A part of it is enough.
    assert_eq!(finder.in_text(&format!("{:?}", &secret[20..27])), Some("it"));
    for other in [&secret[..5], &bytes(9, 8)] {
        assert_eq!(finder.in_text(&format!("{other:?} {other:02x?}")), None);
    }
    finder.add("the passcode", b"a blue heron");
    assert_eq!(finder.in_text("passcode: \"a blue heron\""), Some("the passcode"));
}
