//! openmls as it comes: its RustCrypto provider, its store in memory, the ratchet tree in the Welcome.

use incamera_bench::{Failure, nanoseconds};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, KeyPackage, LeafNodeIndex, LeafNodeParameters,
    MlsGroup, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut,
    OpenMlsProvider as _, ProcessedMessageContent, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::Round;

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// Somebody who is not in a group yet.
struct Person {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    credential: CredentialWithKey,
}

impl Person {
    fn new(number: usize) -> Result<Self, Failure> {
        let provider = OpenMlsRustCrypto::default();
        let signer = SignatureKeyPair::new(SUITE.signature_algorithm()).map_err(|_| "no key")?;
        signer.store(provider.storage()).map_err(|_| "not stored")?;
        let credential = BasicCredential::new(format!("Member {number:05}").into());
        let credential = CredentialWithKey {
            credential: credential.into(),
            signature_key: signer.public().into(),
        };
        Ok(Self { provider, signer, credential })
    }

    fn key_package(&self) -> Result<KeyPackage, Failure> {
        let builder = KeyPackage::builder();
        let bundle = builder.build(SUITE, &self.provider, &self.signer, self.credential.clone())?;
        Ok(bundle.key_package().clone())
    }

    fn create(self) -> Result<Member, Failure> {
        let Self { provider, signer, credential } = &self;
        let builder = MlsGroup::builder().ciphersuite(SUITE).use_ratchet_tree_extension(true);
        let group = builder.build(provider, signer, credential.clone())?;
        Ok(Member { person: self, group })
    }

    fn join(self, welcome: &[u8]) -> Result<Member, Failure> {
        let MlsMessageBodyIn::Welcome(welcome) = read(welcome)?.extract() else {
            return Err("no Welcome".into());
        };
        let config = MlsGroupJoinConfig::builder().use_ratchet_tree_extension(true).build();
        let staged = StagedWelcome::new_from_welcome(&self.provider, &config, welcome, None)?;
        let group = staged.into_group(&self.provider)?;
        Ok(Member { person: self, group })
    }
}

/// Somebody who is.
struct Member {
    person: Person,
    group: MlsGroup,
}

fn read(message: &[u8]) -> Result<MlsMessageIn, Failure> {
    Ok(MlsMessageIn::tls_deserialize(&mut &*message)?)
}

impl Member {
    fn add(&mut self, newcomer: &KeyPackage) -> Result<[Vec<u8>; 2], Failure> {
        let Person { provider, signer, .. } = &self.person;
        let (commit, welcome, _) =
            self.group.add_members(provider, signer, core::slice::from_ref(newcomer))?;
        self.group.merge_pending_commit(provider)?;
        Ok([commit.tls_serialize_detached()?, welcome.tls_serialize_detached()?])
    }

    fn remove(&mut self, leaf: LeafNodeIndex) -> Result<Vec<u8>, Failure> {
        let Person { provider, signer, .. } = &self.person;
        let (commit, ..) = self.group.remove_members(provider, signer, &[leaf])?;
        self.group.merge_pending_commit(provider)?;
        Ok(commit.tls_serialize_detached()?)
    }

    fn renew(&mut self) -> Result<Vec<u8>, Failure> {
        let Person { provider, signer, .. } = &self.person;
        let bundle = self.group.self_update(provider, signer, LeafNodeParameters::default())?;
        let commit: MlsMessageOut = bundle.into_commit();
        self.group.merge_pending_commit(provider)?;
        Ok(commit.tls_serialize_detached()?)
    }

    fn receive(&mut self, commit: &[u8]) -> Result<(), Failure> {
        let message = read(commit)?.try_into_protocol_message()?;
        let processed = self.group.process_message(&self.person.provider, message)?;
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err("no commit".into());
        };
        Ok(self.group.merge_staged_commit(&self.person.provider, *staged)?)
    }
}

/// A group in which every member has committed once.
pub(crate) struct Warm {
    host: Member,
    watcher: Member,
    next: usize,
}

impl Warm {
    pub(crate) fn new(members: usize) -> Result<Self, Failure> {
        let mut host = Person::new(0)?.create()?;
        let other = Person::new(1)?;
        let [_, welcome] = host.add(&other.key_package()?)?;
        let mut watcher = other.join(&welcome)?;
        host.receive(&watcher.renew()?)?;
        for number in 2..members {
            let person = Person::new(number)?;
            let [commit, welcome] = host.add(&person.key_package()?)?;
            watcher.receive(&commit)?;
            let commit = person.join(&welcome)?.renew()?;
            host.receive(&commit)?;
            watcher.receive(&commit)?;
        }
        let renewal = host.renew()?;
        watcher.receive(&renewal)?;
        Ok(Self { host, watcher, next: members })
    }

    /// Somebody comes and is removed again.
    pub(crate) fn round(&mut self) -> Result<Round, Failure> {
        let person = Person::new(self.next)?;
        self.next += 1;
        let newcomer = person.key_package()?;
        let (added, add) = nanoseconds(|| self.host.add(&newcomer));
        let [commit, welcome] = added?;
        let (received, receive) = nanoseconds(|| self.watcher.receive(&commit));
        received?;
        let (joined, join) = nanoseconds(|| person.join(&welcome));
        let leaf = joined?.group.own_leaf_index();
        let (removed, remove) = nanoseconds(|| self.host.remove(leaf));
        self.watcher.receive(&removed?)?;
        Ok([add, receive, join, join, remove])
    }
}
