use crate::media::rtp::PayloadOrigin::{Packetized, Raw};
use crate::media::rtp::descriptor::Descriptor;

#[test]
fn the_three_bits_are_where_the_draft_has_them() {
    // SPEC [M30]
    let byte = |start, end, origin| Descriptor { start, end, origin }.to_byte();
    assert_eq!(byte(true, false, Raw), 0x80);
    assert_eq!(byte(false, true, Raw), 0x40);
    assert_eq!(byte(false, false, Packetized), 0x20);
    assert_eq!(byte(true, true, Packetized), 0xe0);
    assert_eq!(byte(false, false, Raw), 0x00);
}

#[test]
fn reserved_bits_are_ignored() {
    // SPEC [M31]
    for byte in 0..=255 {
        let descriptor = Descriptor::from_byte(byte);
        assert_eq!(descriptor, Descriptor::from_byte(byte & 0xe0));
        assert_eq!(descriptor.to_byte(), byte & 0xe0);
    }
}
