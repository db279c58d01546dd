//! Two zeros in a row stand before every start code and every escape, and hardly anywhere else in what
//! encoders and ciphers write: what has none is passed over with vector instructions.

/// How many bytes are looked at together; of those that hold two zeros a closer look is taken.
const BLOCK: usize = 256;

/// The first place that `search` finds. It looks for two zeros and a third byte, and is shown
/// only where there may be some.
pub(super) fn find(bytes: &[u8], search: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    let (mut at, mut rest) = (0, bytes);
    // Two bytes more than a block, for what begins at its end.
    while let Some(window) = rest.first_chunk::<{ BLOCK + 2 }>() {
        if has_pair(window)
            && let Some(found) = search(window)
        {
            return Some(at + found);
        }
        at += BLOCK;
        rest = rest.get(BLOCK..).unwrap_or_default();
    }
    search(rest).map(|found| at + found)
}

/// Whether two zeros in a row begin in the block. Compilers make this a few instructions for 16 bytes.
#[inline(always)]
fn has_pair([first @ .., _]: &[u8; BLOCK + 2]) -> bool {
    let [_, second @ ..] = first;
    first.iter().zip(second).fold(u8::MAX, |least, (a, b)| least.min(a | b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_found_wherever_it_stands_and_nothing_else_is() {
        let search = |window: &[u8]| window.windows(3).position(|three| three == [0, 0, 1]);
        for len in [0, 2, 3, 255, 256, 257, 258, 259, 511, 512, 514, 515, 800] {
            for filler in [0, 1, 7, 0xff] {
                let mut bytes = vec![filler; len];
                assert_eq!(find(&bytes, search), None, "{len} {filler}");
                for at in 0..len.saturating_sub(2) {
                    bytes[at..at + 3].copy_from_slice(&[0, 0, 1]);
                    assert_eq!(find(&bytes, search), Some(at), "{len} {filler}");
                    bytes[at..at + 3].fill(filler);
                }
            }
        }
    }

    #[test]
    fn a_search_is_shown_only_blocks_with_two_zeros() {
        let looks = core::cell::Cell::new(0);
        let search = |_: &[u8]| {
            looks.set(looks.get() + 1);
            None
        };
        let mut bytes = [0, 1].repeat(1_000);
        assert_eq!(find(&bytes, search), None);
        // What is left behind the last block.
        assert_eq!(looks.take(), 1);
        bytes[501] = 0;
        assert_eq!(find(&bytes, search), None);
        assert_eq!(looks.take(), 2);
    }
}
