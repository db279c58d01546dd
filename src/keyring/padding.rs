//! Padding inside what is sealed: a byte 0x80 behind the frame, then zeros (SPEC 9.7).

use incamera_wire::PadTo;

use crate::sframe::{MAX_PLAINTEXT_LEN, OpenError};

/// What stands first behind a frame.
const STOP: u8 = 0x80;

/// The length in bytes that a frame of `len` bytes is padded to.
fn padded_len(to: PadTo, len: usize) -> usize {
    let least = len.saturating_add(1);
    let padded = match to {
        PadTo::Nothing => return len,
        PadTo::Padme => padme(least),
        PadTo::Multiple(bytes) => least.next_multiple_of(usize::from(bytes.max(1))),
    };
    // What is too long stays too long; what is not does not become so.
    padded.min(MAX_PLAINTEXT_LEN).max(least)
}

/// The greatest length in bytes that a part of a frame of `len` bytes makes the frame have, padded, with
/// a few bits for each unit of the codec's.
pub(crate) fn max_padded_len(to: PadTo, len: usize) -> usize {
    const UNITS: usize = 128;
    let more = len.saturating_add(UNITS);
    match to {
        PadTo::Nothing => len,
        // Padmé adds less than an eighth.
        PadTo::Padme => more.saturating_add(more / 8 + 2),
        PadTo::Multiple(bytes) => more.saturating_add(usize::from(bytes)),
    }
}

/// Padmé ("Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", §4.2): of a
/// length's E + 1 bits only the first floor(log2 E) + 2 are free.
fn padme(len: usize) -> usize {
    let exponent = len.checked_ilog2().unwrap_or(0);
    let Some(free) = exponent.checked_ilog2() else { return len };
    let mask = (1_usize << (exponent - free - 1)) - 1;
    len.saturating_add(mask) & !mask
}

/// Pads a frame: what stands in `out` from `start` on.
pub(crate) fn pad(to: PadTo, out: &mut Vec<u8>, start: usize) {
    let len = start.saturating_add(padded_len(to, out.len().saturating_sub(start)));
    if len > out.len() {
        out.push(STOP);
        out.resize(len, 0);
    }
}

/// Takes the padding off a frame: what was appended to `out` from `start` on.
///
/// # Errors
/// [`OpenError`] if it is not padded like this, and to the length that is due.
#[inline(always)]
pub(crate) fn strip(to: PadTo, out: &mut Vec<u8>, start: usize) -> Result<(), OpenError> {
    if to == PadTo::Nothing { Ok(()) } else { strip_some(to, out, start) }
}

fn strip_some(to: PadTo, out: &mut Vec<u8>, start: usize) -> Result<(), OpenError> {
    let padded = out.get(start..).unwrap_or_default();
    let at = padded.iter().rposition(|&byte| byte != 0).ok_or(OpenError)?;
    // SPEC [M40]
    if padded.get(at) != Some(&STOP) || padded_len(to, at) != padded.len() {
        return Err(OpenError);
    }
    out.truncate(start + at);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padded_lengths_are_those_of_the_paper() {
        // With the stop byte: 9 bytes become 10, as Padmé has it.
        let cases =
            [(0, 1), (1, 2), (7, 8), (8, 10), (9, 10), (10, 11 + 1), (99, 104), (1_199, 1_216)];
        for (len, padded) in cases {
            assert_eq!(padded_len(PadTo::Padme, len), padded, "{len}");
        }
        for (len, padded) in [(0, 160), (159, 160), (160, 320), (161, 320)] {
            assert_eq!(padded_len(PadTo::Multiple(160), len), padded, "{len}");
        }
        assert_eq!(padded_len(PadTo::Nothing, 7), 7);
    }

    #[test]
    fn what_padding_adds_is_what_spec_says() {
        let spec = include_str!("../../SPEC.md");
        let table = spec.split("| frame | Padmé |").nth(1).unwrap();
        let number = |cell: &str| cell.replace([',', 'B', ' '], "").parse::<usize>().unwrap();
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let mut seen = 0;
        for row in rows {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(number).collect();
            let [len, expected @ ..] = &cells[..] else { panic!("{row}") };
            let kinds =
                [PadTo::Padme, PadTo::Multiple(64), PadTo::Multiple(160), PadTo::Multiple(1_000)];
            let added: Vec<_> = kinds.iter().map(|to| padded_len(*to, *len) - len).collect();
            assert_eq!(added, expected, "{row}");
            seen += 1;
        }
        assert_eq!(seen, 7);
    }

    #[test]
    fn a_buffers_room_is_that_of_the_longest_padding_and_128_units() {
        for (to, most) in [
            (PadTo::Nothing, 1_000),
            (PadTo::Padme, 1_128 + 141 + 2),
            (PadTo::Multiple(160), 1_128 + 160),
        ] {
            assert_eq!(max_padded_len(to, 1_000), most);
        }
    }

    #[test]
    fn padding_makes_no_frame_too_long_that_is_not() {
        for to in [PadTo::Padme, PadTo::Multiple(65_535)] {
            assert_eq!(padded_len(to, MAX_PLAINTEXT_LEN - 1), MAX_PLAINTEXT_LEN);
            assert_eq!(padded_len(to, MAX_PLAINTEXT_LEN), MAX_PLAINTEXT_LEN + 1);
        }
    }

    #[test]
    fn other_padding_is_refused() {
        // SPEC [M40]
        let to = PadTo::Multiple(8);
        let refused = [
            &b""[..],
            &[0; 8],
            b"1234567\0",
            b"12345678",
            b"123456\x80",
            b"1234567\x80\0\0\0\0\0\0\0\0",
            b"1\x80\0\0\0\0\0\x01",
        ];
        for padded in refused {
            let mut out = [b"before", padded].concat();
            assert_eq!(strip(to, &mut out, 6), Err(OpenError), "{padded:?}");
        }
        let mut out = b"before1\x80\0\0\0\0\0\0".to_vec();
        assert_eq!(strip(to, &mut out, 6), Ok(()));
        assert_eq!(out, b"before1");
    }

    proptest! {
        #[test]
        fn what_is_padded_is_stripped_to_itself(
            text in prop::collection::vec(prop_oneof![Just(0), Just(STOP), any::<u8>()], 0..600),
            number: u16,
        ) {
            let to = PadTo::from_number(number.into()).unwrap();
            let mut padded = [b"before", &text[..]].concat();
            let mut only = text.clone();
            pad(to, &mut only, 0);
            prop_assert_eq!(only.len(), padded_len(to, text.len()));
            padded.truncate(6);
            padded.extend_from_slice(&only);
            prop_assert_eq!(strip(to, &mut padded, 6), Ok(()));
            prop_assert_eq!(&padded[6..], &text[..]);
        }

        #[test]
        fn no_padding_takes_more_than_the_room_for_it(len in 0..70_000_usize, number: u16) {
            let to = PadTo::from_number(number.into()).unwrap();
            let padded = padded_len(to, len);
            prop_assert!(padded <= max_padded_len(to, len), "{padded}");
        }

        #[test]
        fn padme_adds_an_eighth_at_most(len in 8_usize..MAX_PLAINTEXT_LEN) {
            let padded = padme(len);
            prop_assert!(padded >= len && (padded - len) * 100 <= 12 * len, "{} {}", len, padded);
            prop_assert_eq!(padme(padded), padded);
        }
    }
}
