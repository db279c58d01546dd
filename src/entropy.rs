//! The one source of randomness of a meeting, injected like time.
//!
//! From the operating system it keeps no state of its own, so a forked or cloned process repeats
//! nothing. Seeded (feature `testing`), a whole run replays from 32 bytes.

use std::sync::{Arc, Mutex, PoisonError};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Where keys, nonces and identifiers come from. Clones share one stream.
#[derive(Clone)]
pub(crate) struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    #[cfg_attr(
        not(any(test, feature = "testing")),
        allow(dead_code, reason = "built by `testing`")
    )]
    Seeded {
        seed: Arc<Secret<32>>,
        /// How much of its stream has been drawn, in words of 4 bytes. A generator that was kept would
        /// keep what it has given out.
        drawn: Arc<Mutex<u128>>,
    },
}

/// The operating system gave no randomness: nothing can be done safely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoEntropy;

impl Entropy {
    /// Randomness of the operating system.
    pub(crate) fn system() -> Self {
        Self(Source::System)
    }

    /// A stream that is a function of `seed`: for tests and replays alone.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn seeded(seed: [u8; 32]) -> Self {
        let seed = Arc::new(Secret::filled(|bytes| *bytes = seed));
        Self(Source::Seeded { seed, drawn: Arc::default() })
    }

    /// The seed, for tests that look for it.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn exposed(&self) -> Option<Vec<u8>> {
        match &self.0 {
            Source::System => None,
            Source::Seeded { seed, .. } => Some(seed.expose().to_vec()),
        }
    }

    /// How much of a seeded stream has been drawn, in words of 4 bytes.
    #[cfg(test)]
    pub(crate) fn drawn(&self) -> u128 {
        match &self.0 {
            Source::System => 0,
            Source::Seeded { drawn, .. } => *drawn.lock().unwrap(),
        }
    }

    /// Fills `out` with random bytes.
    pub(crate) fn fill(&self, out: &mut [u8]) -> Result<(), NoEntropy> {
        match &self.0 {
            Source::System => getrandom::fill(out).map_err(|_| NoEntropy),
            Source::Seeded { seed, drawn } => {
                let mut drawn = drawn.lock().unwrap_or_else(PoisonError::into_inner);
                let mut stream = Stream::new(*seed.expose());
                stream.0.set_word_pos(*drawn);
                stream.0.fill_bytes(out);
                *drawn = stream.0.get_word_pos();
                Ok(())
            }
        }
    }

    /// `N` random bytes that need not stay secret.
    pub(crate) fn array<const N: usize>(&self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// `N` random bytes that must stay secret.
    pub(crate) fn secret<const N: usize>(&self) -> Result<Secret<N>, NoEntropy> {
        let mut filled = Ok(());
        let secret = Secret::filled(|bytes| filled = self.fill(bytes));
        filled.map(|()| secret)
    }

    /// A generator of its own for one operation that may run on any thread, such as one HPKE
    /// encryption of an update path. Seeded, it depends on the seed and `inputs` only and not on
    /// the order of calls; otherwise it is fresh.
    pub(crate) fn for_operation(&self, inputs: &[&[u8]]) -> Result<OperationRng, NoEntropy> {
        let mut seed = Zeroizing::new([0; 32]);
        match &self.0 {
            Source::System => self.fill(&mut *seed)?,
            Source::Seeded { seed: root, .. } => {
                let mut hash = Sha256::new_with_prefix(b"incamera seeded operation");
                hash.update(root.expose());
                for input in inputs {
                    hash.update((input.len() as u64).to_be_bytes());
                    hash.update(input);
                }
                seed.copy_from_slice(&hash.finalize());
            }
        }
        Ok(OperationRng(Stream::new(*seed)))
    }
}

/// The generator that [`Entropy::for_operation`] gives, in the traits that `hpke` asks for. It is wiped
/// when it goes: what it drew is a private key.
pub(crate) struct OperationRng(Stream);

/// A generator that is wiped when it goes, with what it has drawn.
struct Stream(ChaCha20Rng);

impl Stream {
    fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Another's key and an empty buffer in the place of this one's, also if nobody reads them.
        self.0 = ChaCha20Rng::from_seed([0; 32]);
        core::hint::black_box(&mut self.0);
    }
}

impl rand_core::RngCore for OperationRng {
    fn next_u32(&mut self) -> u32 {
        self.0.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.0.next_u64()
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        self.0.0.fill_bytes(out);
    }
}

impl rand_core::CryptoRng for OperationRng {}

impl core::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Entropy::System",
            Source::Seeded { .. } => "Entropy::Seeded(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use rand_core::RngCore as _;

    use super::*;

    #[test]
    fn one_seed_gives_one_stream_shared_by_clones() {
        let first = Entropy::seeded([7; 32]);
        let shared = first.clone();
        let again = Entropy::seeded([7; 32]);
        let drawn = [first.array::<16>().unwrap(), shared.array::<16>().unwrap()];
        assert_eq!(drawn, [again.array::<16>().unwrap(), again.array::<16>().unwrap()]);
        assert_ne!(drawn[0], drawn[1]);
    }

    #[test]
    fn a_seeded_operation_depends_on_its_inputs_and_not_on_order() {
        let entropy = Entropy::seeded([7; 32]);
        let draw = |inputs: &[&[u8]]| entropy.for_operation(inputs).unwrap().next_u64();
        let before = draw(&[b"ab", b"c"]);
        entropy.array::<16>().unwrap();
        assert_eq!(before, draw(&[b"ab", b"c"]));
        assert_ne!(before, draw(&[b"a", b"bc"]));
    }

    #[test]
    fn the_system_source_repeats_nothing() {
        let entropy = Entropy::system();
        assert_ne!(entropy.array::<32>().unwrap(), entropy.array::<32>().unwrap());
        let operation = || entropy.for_operation(&[b"same"]).unwrap().next_u64();
        assert_ne!(operation(), operation());
    }
}
