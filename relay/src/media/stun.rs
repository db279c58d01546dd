//! Whom a STUN request is for, before anybody has believed it: RFC 8489 §5, RFC 8445 §7.2.

/// The local part of a request's USERNAME, which is the fragment that the relay gave out.
pub(super) fn local_fragment(datagram: &[u8]) -> Option<&str> {
    let (header, mut rest) = datagram.split_at_checked(20)?;
    // The first two bits are 0, and the magic cookie stands in its place.
    if header.first()? & 0xc0 != 0 || header.get(4..8)? != [0x21, 0x12, 0xa4, 0x42] {
        return None;
    }
    while let Some((&[a, b, c, d], value)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes([c, d]));
        let (value, padded) = value.split_at_checked(len)?;
        if u16::from_be_bytes([a, b]) == 0x0006 {
            return core::str::from_utf8(value).ok()?.split(':').next();
        }
        rest = padded.get((4 - len % 4) % 4..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut datagram = vec![0, 1, 0, attributes.len() as u8, 0x21, 0x12, 0xa4, 0x42];
        datagram.extend([7; 12]);
        datagram.extend(attributes);
        datagram
    }

    #[test]
    fn the_fragment_is_found_behind_other_attributes() {
        let attributes = b"\x80\x22\0\x03abc\0\0\x06\0\x07ab1:cd2\0";
        assert_eq!(local_fragment(&request(attributes)), Some("ab1"));
    }

    #[test]
    fn what_is_no_request_with_a_name_has_none() {
        assert_eq!(local_fragment(&request(b"\x80\x22\0\x03abc\0")), None);
        assert_eq!(local_fragment(&request(b"\0\x06\xff\xffab")), None);
        assert_eq!(local_fragment(&request(b"\0\x06\0\x02\xff\xfe\0\0")), None);
        assert_eq!(local_fragment(&[0x80; 40]), None);
        let whole = request(b"\0\x06\0\x07ab1:cd2\0");
        for len in 0..whole.len() - 1 {
            assert_eq!(local_fragment(&whole[..len]), None, "{len}");
        }
    }
}
