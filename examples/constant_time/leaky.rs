//! What a check has to catch, or it would catch nothing.

/// Whether the two are the same, and no faster way to learn where they differ.
#[inline(never)]
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    for (one, other) in one.iter().zip(other) {
        if core::hint::black_box(one) != core::hint::black_box(other) {
            return false;
        }
    }
    one.len() == other.len()
}
