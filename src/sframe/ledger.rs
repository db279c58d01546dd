//! The instrumented cipher: what every (key, nonce) was used for, so that tests can say that none was
//! used twice. Off unless a test on this thread asks for it; not there at all in a product.

use std::cell::RefCell;
use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use super::suite::Suite;
use crate::secret::wipe_stack;

/// A key's name: the hash of it.
pub(super) type KeyName = [u8; 32];

#[derive(Default)]
struct Book {
    used: HashSet<(KeyName, [u8; Suite::NONCE_LEN])>,
    seals: usize,
    repeats: usize,
}

std::thread_local! {
    static BOOK: RefCell<Option<Book>> = const { RefCell::new(None) };
}

/// The name of a key.
pub(super) fn name_of(key: &[u8]) -> KeyName {
    let name = Sha256::new_with_prefix(b"ledger").chain_update(key).finalize().into();
    // Of what a product does not do nothing is to be left where its keys are looked for.
    wipe_stack();
    name
}

/// A frame is about to be sealed.
pub(super) fn record(key: &KeyName, nonce: [u8; Suite::NONCE_LEN]) {
    BOOK.with_borrow_mut(|book| {
        let Some(book) = book else { return };
        book.seals += 1;
        book.repeats += usize::from(!book.used.insert((*key, nonce)));
    });
}

/// Every frame that any meeting seals on this thread while it lives: a new one begins anew.
#[derive(Debug)]
pub struct Ledger {
    _own: (),
}

impl Ledger {
    /// An empty ledger, from here on.
    #[must_use]
    pub fn open() -> Self {
        BOOK.set(Some(Book::default()));
        Self { _own: () }
    }

    /// How many frames were sealed.
    #[must_use]
    pub fn seals(&self) -> usize {
        BOOK.with_borrow(|book| book.as_ref().map_or(0, |book| book.seals))
    }

    /// How many of them under a key and nonce that was used before.
    #[must_use]
    pub fn repeats(&self) -> usize {
        BOOK.with_borrow(|book| book.as_ref().map_or(0, |book| book.repeats))
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        BOOK.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Backend, BaseKey, SealingKey, Suite};
    use super::*;

    fn seal(key: &mut SealingKey) {
        key.seal(b"", b"frame", &mut Vec::new()).unwrap();
    }

    fn key(base_key: u8) -> SealingKey {
        let suite = Suite::AesGcm128Sha256_128;
        let base_key = BaseKey::new(Backend::of_new_keyrings(), suite, &[base_key; 16]);
        SealingKey::derive(&base_key, 9).unwrap()
    }

    #[test]
    fn one_nonce_under_two_keys_is_no_repeat() {
        let [one, other] = [name_of(&[1; 16]), name_of(&[2; 16])];
        let ledger = Ledger::open();
        record(&one, [3; 12]);
        record(&other, [3; 12]);
        assert_eq!((ledger.seals(), ledger.repeats()), (2, 0));
        record(&other, [3; 12]);
        assert_eq!((ledger.seals(), ledger.repeats()), (3, 1));
    }

    #[test]
    fn a_counter_that_starts_again_under_one_key_is_seen() {
        let mut early = key(1);
        seal(&mut early);
        let ledger = Ledger::open();
        for _ in 0..3 {
            seal(&mut early);
        }
        seal(&mut key(2));
        assert_eq!((ledger.seals(), ledger.repeats()), (4, 0));
        // What a restored client would do that kept its base key.
        let mut again = key(1);
        seal(&mut again);
        assert_eq!(ledger.repeats(), 0, "the first frame was sealed before the ledger was there");
        again.seal_into(b"", b"other", &mut [0; 64]).unwrap();
        assert_eq!((ledger.seals(), ledger.repeats()), (6, 1));
        drop(ledger);
        let ledger = Ledger::open();
        assert_eq!((ledger.seals(), ledger.repeats()), (0, 0));
    }
}
