//! OBUs of AV1's low-overhead format.

/// A number in LEB128, and how many bytes it takes.
fn leb128(bytes: &[u8]) -> (usize, usize) {
    let (mut value, mut len) = (0, 0);
    loop {
        let byte = bytes[len];
        value |= usize::from(byte & 0x7f) << (7 * len);
        len += 1;
        if byte & 0x80 == 0 {
            return (value, len);
        }
    }
}

/// The OBUs of a temporal unit, each as its header, with the size bit set, and payload, without its size;
/// temporal delimiters, tile lists and padding are left out, as RTP leaves them out.
pub fn obus(mut unit: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some(&first) = unit.first() {
        let header = 1 + usize::from(first & 0x04 != 0);
        let (len, sized) =
            if first & 0x02 == 0 { (unit.len() - header, 0) } else { leb128(&unit[header..]) };
        let body = header + sized;
        let mut obu = unit[..header].to_vec();
        obu[0] |= 0x02;
        obu.extend_from_slice(&unit[body..body + len]);
        if !matches!(first >> 3 & 0x0f, 2 | 8 | 15) {
            found.push(obu);
        }
        unit = &unit[body + len..];
    }
    found
}

/// An OBU as [`obus`] gives it, with its size again.
pub fn sized(obu: &[u8]) -> Vec<u8> {
    let (header, payload) = obu.split_at(1 + usize::from(obu[0] & 0x04 != 0));
    let (mut sized, mut len) = (header.to_vec(), payload.len());
    while len > 0x7f {
        sized.push(len as u8 | 0x80);
        len >>= 7;
    }
    sized.push(len as u8);
    [&sized, payload].concat()
}

#[cfg(test)]
mod tests {
    use super::{obus, sized};

    #[test]
    fn obus_with_and_without_a_size_are_found() {
        let unit = [0x12, 0, 0x0a, 2, 7, 8, 0x36, 0x20, 0x81, 0, 9, 0x30, 1, 2];
        assert_eq!(obus(&unit), [&[0x0a, 7, 8][..], &[0x36, 0x20, 9], &[0x32, 1, 2]]);
        assert_eq!(sized(&[0x36, 0x20, 9]), [0x36, 0x20, 1, 9]);
        assert_eq!(sized(&[0x32; 301])[..4], [0x32, 0xac, 2, 0x32]);
    }
}
