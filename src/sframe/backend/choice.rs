//! Which library the next keyring of this thread uses: for tests, which have both.

use std::cell::Cell;

use super::Backend;

std::thread_local! {
    static CHOSEN: Cell<Backend> = const { Cell::new(Backend::DEFAULT) };
}

/// What the next keyring uses.
pub(super) fn chosen() -> Backend {
    CHOSEN.get()
}

/// While it lives, a meeting that is made on this thread seals and opens its frames by the RustCrypto
/// crates, as every meeting does on targets that aws-lc is not built for. Meetings that are there
/// already keep what they have.
#[derive(Debug)]
pub struct RustCrypto {
    before: Backend,
}

impl RustCrypto {
    /// From here on.
    #[must_use]
    pub fn instead() -> Self {
        Self { before: CHOSEN.replace(Backend::RustCrypto) }
    }
}

impl Drop for RustCrypto {
    fn drop(&mut self) {
        CHOSEN.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_ends_with_what_it_was_made_by() {
        let before = Backend::of_new_keyrings();
        let choice = RustCrypto::instead();
        assert_eq!(Backend::of_new_keyrings(), Backend::RustCrypto);
        drop(choice);
        assert_eq!(Backend::of_new_keyrings(), before);
    }
}
