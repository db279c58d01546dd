//! The keys of a group, for tests that look for them where they must not be.

use openmls_traits::OpenMlsProvider as _;

use super::group::Group;
use super::provider::Provider;
use super::store::Label;
use super::suite::hpke_suite_within;
use super::welcome::Candidate;
use crate::secret::Exposed;

/// The length of the suites' hash, of X25519's keys and of X-Wing's private keys in bytes.
const KEY: usize = 32;

/// So many bytes in a row are no chance.
const RUN: usize = 6;

impl Group {
    /// The leaf's signature key and what the engine has stored.
    pub(crate) fn expose(&self, into: &mut Exposed) {
        into.push(("a leaf's signature key", self.signer.secret_key().to_vec()));
        expose_store(&self.provider, self.mls.epoch_authenticator().as_slice(), into);
    }
}

impl Candidate {
    /// The leaf's signature key and what the engine has stored.
    pub(crate) fn expose(&self, into: &mut Exposed) {
        let (provider, _, stay) = self.parts();
        into.push(("a leaf's signature key", stay.signing_key.as_bytes().to_vec()));
        expose_store(provider, &[], into);
    }
}

/// The engine shows no key of its own, so they are looked for in its records, where each stands
/// behind its length.
fn expose_store(provider: &Provider, authenticator: &[u8], into: &mut Exposed) {
    let suite = provider.crypto().suite();
    let hpke = hpke_suite_within(suite, suite.hpke_config()).ok();
    provider.storage().with_records(|records| {
        let of = |label: Label| {
            let is_it = move |key: &[u8]| key.first() == Some(&(label as u8));
            records.iter().filter(move |(key, _)| is_it(key)).map(|(_, value)| *value)
        };
        let public: Vec<&[u8]> = of(Label::Context).chain(of(Label::Tree)).collect();
        // What shares some bytes in a row with the context is a part of it.
        let shares = |found: &[u8], public: &[u8]| found.windows(RUN).any(|run| holds(public, run));
        let is_public = |found: &[u8]| {
            found == authenticator || public.iter().any(|public| shares(found, public))
        };
        for record in of(Label::EpochSecrets).chain(of(Label::MessageSecrets)) {
            let secrets = behind_length(record).filter(|found| !is_public(found));
            into.extend(secrets.map(|found| ("an epoch's secret of the engine", found.to_vec())));
        }
        // A private key is one whose public key stands beside it. A public key of X-Wing is long enough to hold
        // the byte of a length by chance.
        let labels = [Label::EncryptionKeyPair, Label::EpochKeyPairs, Label::KeyPackage];
        for record in labels.into_iter().flat_map(of) {
            let lengths = record.windows(1 + KEY).filter_map(|window| window.split_first());
            for (_, found) in lengths.filter(|(len, _)| usize::from(**len) == KEY) {
                let public = hpke.and_then(|suite| suite.public_key(found));
                if public.is_some_and(|public| holds(record, &public)) {
                    into.push(("a private key of the engine", found.to_vec()));
                }
            }
        }
    });
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Whatever stands behind the byte that is a key's length, from the start on.
fn behind_length(mut record: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        while let Some((len, rest)) = record.split_first() {
            record = rest;
            if let Some((found, behind)) =
                rest.split_at_checked(KEY).filter(|_| usize::from(*len) == KEY)
            {
                record = behind;
                return Some(found);
            }
        }
        None
    })
}
