//! Two members of one DAVE session, brought together as Discord's gateway does it: by an external
//! sender's proposal, a commit and a Welcome.

use std::num::NonZeroU16;

use davey::{CommitWelcome, DaveSession, ProposalsOperationType};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _, VLBytes};
use openmls::prelude::{
    BasicCredential, Ciphersuite, ExternalProposal, ExternalSender, GroupEpoch, GroupId,
    KeyPackageIn, OpenMlsProvider as _, ProtocolVersion, SenderExtensionIndex,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::Failure;

/// Who seals.
pub(crate) const SENDER: u64 = 1_111_111_111;
const RECEIVER: u64 = 2_222_222_222;
const CHANNEL: u64 = 3_333_333_333;
const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256;

/// A sender and a receiver, ready for media.
pub(crate) fn pair() -> Result<(DaveSession, DaveSession), Failure> {
    let version = NonZeroU16::MIN;
    let signer = SignatureKeyPair::new(SUITE.signature_algorithm()).map_err(|_| "no key")?;
    let gateway = ExternalSender::new(signer.public().into(), BasicCredential::new(vec![0]).into());
    let gateway = gateway.tls_serialize_detached()?;
    let mut sessions =
        [SENDER, RECEIVER].map(|user| DaveSession::new(version, user, CHANNEL, None));
    for session in sessions.iter_mut().flatten() {
        session.set_external_sender(&gateway)?;
    }
    let [sender, receiver] = sessions;
    let (mut sender, mut receiver) = (sender?, receiver?);
    let proposal = propose(&signer, &receiver.create_key_package()?)?;
    let users = [SENDER, RECEIVER];
    let append = ProposalsOperationType::APPEND;
    let made = sender.process_proposals(append, &proposal, Some(&users))?.ok_or("no commit")?;
    let CommitWelcome { commit, welcome } = made;
    sender.process_commit(&commit)?;
    receiver.process_welcome(&welcome.ok_or("no Welcome")?, Some(&users))?;
    for session in [&mut sender, &mut receiver] {
        session.prepare_transition(0, version.get())?;
    }
    Ok((sender, receiver))
}

/// The gateway's proposal to add the owner of a key package.
fn propose(signer: &SignatureKeyPair, key_package: &[u8]) -> Result<Vec<u8>, Failure> {
    let provider = OpenMlsRustCrypto::default();
    let read = KeyPackageIn::tls_deserialize(&mut &*key_package)?;
    let key_package = read.validate(provider.crypto(), ProtocolVersion::Mls10)?;
    let message = ExternalProposal::new_add::<OpenMlsRustCrypto>(
        key_package,
        GroupId::from_slice(&CHANNEL.to_be_bytes()),
        GroupEpoch::from(0),
        signer,
        SenderExtensionIndex::new(0),
    )
    .map_err(|_| "no proposal")?;
    Ok(VLBytes::new(message.tls_serialize_detached()?).tls_serialize_detached()?)
}
