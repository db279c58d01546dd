//! Secrets: boxed, zeroized, redacted, not `Clone`. The type lives beside the group state that
//! carries some of them; see [`incamera_wire::SecretBytes`].

pub(crate) use incamera_wire::SecretBytes as Secret;

/// Overwrites what calls have left below the caller on its stack: copies of keys, made on the way to where
/// they live, which would else come up again in the unused parts of whatever is built there next.
#[inline(never)]
pub(crate) fn wipe_stack() {
    let mut below = [0_u8; 32 * 1_024];
    core::hint::black_box(&mut below);
}

/// Does something in a part of the stack of its own, which [`wipe_stack`] reaches afterwards.
#[inline(never)]
pub(crate) fn apart<T>(what: impl FnOnce() -> T) -> T {
    what()
}

/// Secrets by name, for tests that look for them where they must not be.
#[cfg(any(test, feature = "testing"))]
pub(crate) type Exposed = Vec<(&'static str, Vec<u8>)>;
