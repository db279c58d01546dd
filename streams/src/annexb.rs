//! Byte streams of NAL units (Annex B of H.264 and H.265).

use std::ops::Range;

use crate::codec::Codec;

/// Where each NAL unit of `stream` is: from its start code, whose first zero byte belongs to it, and
/// from its header, both to its end, zero bytes behind it left out.
fn find(stream: &[u8]) -> Vec<(usize, Range<usize>)> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= stream.len() {
        if stream[at..at + 3] == [0, 0, 1] {
            starts.push(at);
            at += 3;
        } else {
            at += 1;
        }
    }
    let mut found: Vec<(usize, Range<usize>)> = Vec::new();
    for (number, &start) in starts.iter().enumerate() {
        let mut end = starts.get(number + 1).copied().unwrap_or(stream.len());
        while end > start + 3 && stream[end - 1] == 0 {
            end -= 1;
        }
        let from = found.last().map_or(0, |(_, before)| before.end);
        // Any zeros between two units are the later one's: of them, the start code takes one.
        let code = if start > from { start - 1 } else { start };
        found.push((code, start + 3..end));
    }
    found
}

/// The NAL units of a byte stream, each from its header on, without zero bytes behind.
pub fn nal_units(stream: &[u8]) -> Vec<&[u8]> {
    find(stream).into_iter().map(|(_, range)| &stream[range]).collect()
}

/// The same, and of each whether its start code has 3 bytes.
pub(crate) fn coded_units(stream: &[u8]) -> Vec<(bool, &[u8])> {
    let unit = |(code, range): (usize, Range<usize>)| (range.start - code == 3, &stream[range]);
    find(stream).into_iter().map(unit).collect()
}

/// A byte stream cut into access units; together they are the stream.
pub fn access_units(stream: &[u8], codec: Codec) -> Vec<Vec<u8>> {
    let (mut cuts, mut has_picture) = (vec![0], false);
    for (code, range) in find(stream) {
        let nal = &stream[range];
        let begins = match codec {
            Codec::H265 => begins_h265(nal),
            _ => begins_h264(nal),
        };
        if has_picture && begins {
            cuts.push(code);
            has_picture = false;
        }
        has_picture |= match codec {
            Codec::H265 => nal[0] >> 1 < 32,
            _ => (1..=5).contains(&(nal[0] & 0x1f)),
        };
    }
    cuts.push(stream.len());
    cuts.windows(2).map(|cut| stream[cut[0]..cut[1]].to_vec()).collect()
}

/// Does an access unit begin with this, if the one before has a picture? (H.264, 7.4.1.2.3; of
/// first slices, those at the first macroblock are enough for streams with their slices in order.)
fn begins_h264(nal: &[u8]) -> bool {
    match nal[0] & 0x1f {
        6..=9 | 14..=18 => true,
        // first_mb_in_slice is 0: the first bit of an Exp-Golomb code is set.
        1 | 5 => nal[1] & 0x80 != 0,
        _ => false,
    }
}

/// The same for H.265 (7.4.2.4.4).
fn begins_h265(nal: &[u8]) -> bool {
    match nal[0] >> 1 {
        32..=35 | 39 | 41..=44 | 48..=55 => true,
        // first_slice_segment_in_pic_flag
        0..=31 => nal[2] & 0x80 != 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_codes_of_both_lengths_are_found_and_zeros_behind_are_left_out() {
        let stream = [0, 0, 0, 1, 9, 1, 0, 0, 1, 6, 2, 0, 0, 0, 0, 1, 5, 0x80, 0];
        assert_eq!(nal_units(&stream), [&[9, 1][..], &[6, 2], &[5, 0x80]]);
    }

    #[test]
    fn an_access_unit_begins_at_what_precedes_its_first_slice() {
        let stream = [
            0, 0, 0, 1, 7, 1, 0, 0, 1, 5, 0x80, 0, 0, 1, 5, 0x40, 0, 0, 0, 1, 6, 1, 0, 0, 1, 1,
            0x80, 0, 0, 0, 1, 1, 0x81,
        ];
        let units = access_units(&stream, Codec::H264);
        assert_eq!(units.iter().map(Vec::len).collect::<Vec<_>>(), [16, 11, 6]);
        assert_eq!(units.concat(), stream);
    }
}
