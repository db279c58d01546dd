//! A media thread's way into the keyring.

use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use super::ring::Keyring;
use super::view::View;

/// A keyring as one sealer or receiver holds it: it remembers the view it saw last and looks at each
/// frame whether that has been replaced, which costs one load of a pointer. A remembered view keeps
/// no key alive: keys are erased in place (SPEC \[K7\]).
pub(crate) struct Handle {
    keyring: Arc<Keyring>,
    views: Cache<Arc<ArcSwap<View>>, Arc<View>>,
}

impl Handle {
    /// A handle on `keyring`.
    pub(crate) fn new(keyring: Arc<Keyring>) -> Self {
        Self { views: Cache::new(Arc::clone(&keyring.view)), keyring }
    }

    /// The keyring.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The keyring and its view of this moment.
    #[inline(always)]
    pub(super) fn current(&mut self) -> (&Keyring, &View) {
        (&self.keyring, self.views.load())
    }
}
