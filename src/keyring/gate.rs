//! What must hold for anything to be sealed, in the bits of one byte: a sealer loads it once for each
//! frame.

use super::seal::SealRefusal;

/// SPEC \[M9\]: the meeting may be heard.
pub(super) const ALLOWED: u8 = 1;
/// SPEC \[M13\]: the state lists relays.
pub(super) const RELAY_NEEDED: u8 = 1 << 1;
/// SPEC \[M13\]: the relay in use has proved itself and is on the list.
pub(super) const RELAY_PROVED: u8 = 1 << 2;

/// Whether the meeting may be heard, whatever the relay.
pub(super) const fn is_allowed(gate: u8) -> bool {
    gate & ALLOWED != 0
}

/// Whether sealers may work.
///
/// # Errors
/// [`SealRefusal::Stopped`] or [`SealRefusal::NoRelay`].
#[inline]
pub(super) fn check(gate: u8) -> Result<(), SealRefusal> {
    // SPEC [M9]
    if !is_allowed(gate) {
        return Err(SealRefusal::Stopped);
    }
    // SPEC [M13]
    if gate & RELAY_NEEDED != 0 && gate & RELAY_PROVED == 0 {
        return Err(SealRefusal::NoRelay);
    }
    Ok(())
}
