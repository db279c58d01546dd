//! What the engine hashed of the ratchet tree before. It keeps no hash of a node: for each commit it hashes
//! every node anew, and that two or three times, though a commit changes a path and no more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use openmls_traits::types::CryptoError;

/// The most hashes that are kept of one epoch, and the longest input in bytes of which one is.
const MAX: usize = 1 << 13;
const MAX_LEN: usize = 1 << 11;
/// RFC 9420 §7.8: how a TreeHashInput of a leaf begins, and of a parent. No other input of the engine's
/// begins so, but for hashes of what is public.
const LEAF: u8 = 1;
const PARENT: u8 = 2;

/// The hashes of tree nodes, with their whole inputs: nothing counts as hashed before that is not the
/// same byte for byte. All of it is public in the group.
#[derive(Default)]
pub(super) struct Memo(Mutex<Hashes>);

#[derive(Default)]
struct Hashes {
    /// Those asked for since the last commit that was merged.
    recent: HashMap<Key, Hashed>,
    /// Those asked for in the epoch before, and not since.
    before: HashMap<Key, Hashed>,
}

/// Where a node's hash is kept: by the leaf's index, or by the end of the hash of a parent's right child.
/// Another node at the same place takes it over.
type Key = (u8, [u8; 8]);

struct Hashed {
    input: Box<[u8]>,
    hash: Vec<u8>,
}

impl Memo {
    /// The hash of `input`, which `compute` gives if it is not known.
    pub(super) fn hash(
        &self,
        input: &[u8],
        compute: impl FnOnce(&[u8]) -> Result<Vec<u8>, CryptoError>,
    ) -> Result<Vec<u8>, CryptoError> {
        let Some(key) = key_of(input) else { return compute(input) };
        let mut hashes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hashes.find(key).filter(|known| *known.input == *input) {
            return Ok(known.hash.clone());
        }
        let hash = compute(input)?;
        if hashes.recent.len() >= MAX {
            hashes.turn();
        }
        hashes.recent.insert(key, Hashed { input: input.into(), hash: hash.clone() });
        Ok(hash)
    }

    /// Forgets what was not asked for since this was called last: to be called with each merge.
    pub(super) fn turn(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).turn();
    }

    /// How many hashes are kept.
    #[cfg(test)]
    fn len(&self) -> usize {
        let hashes = self.0.lock().unwrap();
        hashes.recent.len() + hashes.before.len()
    }
}

impl Hashes {
    fn find(&mut self, key: Key) -> Option<&Hashed> {
        if let Some(known) = self.before.remove(&key) {
            self.recent.entry(key).or_insert(known);
        }
        self.recent.get(&key)
    }

    fn turn(&mut self) {
        self.before = std::mem::take(&mut self.recent);
    }
}

/// Where the hash of `input` is kept, if it is that of a tree's node.
fn key_of(input: &[u8]) -> Option<Key> {
    if input.len() > MAX_LEN {
        return None;
    }
    match *input {
        [LEAF, a, b, c, d, ..] => Some((LEAF, [a, b, c, d, 0, 0, 0, 0])),
        [PARENT, .., a, b, c, d, e, f, g, h] => Some((PARENT, [a, b, c, d, e, f, g, h])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn sha256(input: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(Sha256::digest(input).to_vec())
    }

    /// Whether this memo had to compute.
    fn computes(memo: &Memo, input: &[u8]) -> bool {
        let computed = Cell::new(false);
        let hash = memo.hash(input, |input| {
            computed.set(true);
            sha256(input)
        });
        assert_eq!(hash.unwrap(), sha256(input).unwrap());
        computed.get()
    }

    #[test]
    fn a_node_is_hashed_once_while_it_is_asked_for_in_every_epoch() {
        let memo = Memo::default();
        let (leaf, parent) = ([LEAF, 0, 0, 0, 7, 1, 2, 3], [PARENT; 80]);
        for node in [&leaf[..], &parent] {
            assert!(computes(&memo, node));
            for _ in 0..3 {
                assert!(!computes(&memo, node));
                memo.turn();
            }
            assert!(!computes(&memo, node));
        }
        memo.turn();
        memo.turn();
        assert!(computes(&memo, &leaf) && computes(&memo, &parent));
    }

    #[test]
    fn another_node_at_the_same_place_is_hashed() {
        let memo = Memo::default();
        let mut parent = [PARENT; 80];
        assert!(computes(&memo, &parent));
        parent[40] ^= 1;
        assert!(computes(&memo, &parent) && !computes(&memo, &parent));
        parent[40] ^= 1;
        assert!(computes(&memo, &parent));
        assert!(computes(&memo, &parent[..79]) && computes(&memo, &parent));
        assert_eq!(memo.len(), 1);
    }

    #[test]
    fn what_is_no_node_is_not_kept_and_failures_are_not_either() {
        let memo = Memo::default();
        for input in [&[][..], &[LEAF, 0, 0, 0], &[PARENT; 8], &[0; 100], &[32; 100]] {
            assert!(computes(&memo, input) && computes(&memo, input));
        }
        assert!(computes(&memo, &[LEAF; MAX_LEN + 1]));
        let failed = memo.hash(&[LEAF; 9], |_| Err(CryptoError::CryptoLibraryError));
        assert_eq!(failed, Err(CryptoError::CryptoLibraryError));
        assert_eq!(memo.len(), 0);
    }

    #[test]
    fn however_much_is_hashed_little_is_kept() {
        let memo = Memo::default();
        for leaf in 0..3 * MAX as u32 {
            computes(&memo, &[&[LEAF][..], &leaf.to_be_bytes(), b"leaf"].concat());
            assert!(memo.len() <= 2 * MAX);
        }
    }

    proptest! {
        #[test]
        fn it_hashes_as_without_it(
            inputs in prop::collection::vec(
                (1u8..3, prop::collection::vec(0u8..2, 0..12), any::<bool>()), 0..200),
        ) {
            let memo = Memo::default();
            for (kind, rest, turn) in inputs {
                computes(&memo, &[&[kind][..], &rest].concat());
                if turn {
                    memo.turn();
                }
            }
        }
    }
}
