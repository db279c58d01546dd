//! [`Store`] as the engine's storage provider: which record each of its calls means.

use openmls_traits::storage::{CURRENT_VERSION as V, Entity, StorageProvider, traits};
use zeroize::Zeroizing;

use super::store::{Label, Store, StoreFault, Value, decode, encode, record_key};

/// Calls that write, read or delete the one record under a key.
macro_rules! records {
    ($(write $name:ident($key:ident, $value:ident) = $label:ident;)*) => {$(
        fn $name<K: traits::$key<V>, T: traits::$value<V>>(
            &self,
            key: &K,
            value: &T,
        ) -> Result<(), StoreFault> {
            self.put(Label::$label, key, value)
        }
    )*};
    ($(read $name:ident($key:ident) -> $value:ident = $label:ident;)*) => {$(
        fn $name<K: traits::$key<V>, T: traits::$value<V>>(
            &self,
            key: &K,
        ) -> Result<Option<T>, StoreFault> {
            self.get(Label::$label, key)
        }
    )*};
    ($(read_swapped $name:ident($key:ident) -> $value:ident = $label:ident;)*) => {$(
        fn $name<T: traits::$value<V>, K: traits::$key<V>>(
            &self,
            key: &K,
        ) -> Result<Option<T>, StoreFault> {
            self.get(Label::$label, key)
        }
    )*};
    ($(delete $name:ident($key:ident) = $label:ident;)*) => {$(
        fn $name<K: traits::$key<V>>(&self, key: &K) -> Result<(), StoreFault> {
            self.delete(Label::$label, key)
        }
    )*};
}

fn decode_list<T: Entity<V>>(list: &[Zeroizing<Vec<u8>>]) -> Result<Vec<T>, StoreFault> {
    list.iter().map(|value| decode(value)).collect()
}

impl StorageProvider<V> for Store {
    type Error = StoreFault;

    records! {
        write write_tree(GroupId, TreeSync) = Tree;
        write write_interim_transcript_hash(GroupId, InterimTranscriptHash) = InterimTranscriptHash;
        write write_context(GroupId, GroupContext) = Context;
        write write_confirmation_tag(GroupId, ConfirmationTag) = ConfirmationTag;
        write write_message_secrets(GroupId, MessageSecrets) = MessageSecrets;
        write write_resumption_psk_store(GroupId, ResumptionPskStore) = ResumptionPsks;
        write write_own_leaf_index(GroupId, LeafNodeIndex) = OwnLeafIndex;
        write write_group_epoch_secrets(GroupId, GroupEpochSecrets) = EpochSecrets;
        write write_signature_key_pair(SignaturePublicKey, SignatureKeyPair) = SignatureKeyPair;
        write write_encryption_key_pair(EncryptionKey, HpkeKeyPair) = EncryptionKeyPair;
        write write_key_package(HashReference, KeyPackage) = KeyPackage;
        write write_psk(PskId, PskBundle) = Psk;
    }

    records! {
        read tree(GroupId) -> TreeSync = Tree;
        read group_context(GroupId) -> GroupContext = Context;
        read interim_transcript_hash(GroupId) -> InterimTranscriptHash = InterimTranscriptHash;
        read confirmation_tag(GroupId) -> ConfirmationTag = ConfirmationTag;
        read message_secrets(GroupId) -> MessageSecrets = MessageSecrets;
        read resumption_psk_store(GroupId) -> ResumptionPskStore = ResumptionPsks;
        read own_leaf_index(GroupId) -> LeafNodeIndex = OwnLeafIndex;
        read group_epoch_secrets(GroupId) -> GroupEpochSecrets = EpochSecrets;
        read signature_key_pair(SignaturePublicKey) -> SignatureKeyPair = SignatureKeyPair;
        read key_package(HashReference) -> KeyPackage = KeyPackage;
    }

    records! {
        read_swapped group_state(GroupId) -> GroupState = GroupState;
        read_swapped encryption_key_pair(EncryptionKey) -> HpkeKeyPair = EncryptionKeyPair;
        read_swapped psk(PskId) -> PskBundle = Psk;
    }

    records! {
        delete delete_own_leaf_nodes(GroupId) = OwnLeafNodes;
        delete delete_group_config(GroupId) = JoinConfig;
        delete delete_tree(GroupId) = Tree;
        delete delete_confirmation_tag(GroupId) = ConfirmationTag;
        delete delete_group_state(GroupId) = GroupState;
        delete delete_context(GroupId) = Context;
        delete delete_interim_transcript_hash(GroupId) = InterimTranscriptHash;
        delete delete_message_secrets(GroupId) = MessageSecrets;
        delete delete_all_resumption_psk_secrets(GroupId) = ResumptionPsks;
        delete delete_own_leaf_index(GroupId) = OwnLeafIndex;
        delete delete_group_epoch_secrets(GroupId) = EpochSecrets;
        delete delete_signature_key_pair(SignaturePublicKey) = SignatureKeyPair;
        delete delete_encryption_key_pair(EncryptionKey) = EncryptionKeyPair;
        delete delete_key_package(HashReference) = KeyPackage;
        delete delete_psk(PskId) = Psk;
    }

    fn write_group_state<T: traits::GroupState<V>, K: traits::GroupId<V>>(
        &self,
        key: &K,
        value: &T,
    ) -> Result<(), StoreFault> {
        self.put(Label::GroupState, key, value)
    }

    // The configuration alone has an untagged enum, which postcard cannot decode.
    fn write_mls_join_config<K: traits::GroupId<V>, T: traits::MlsGroupJoinConfig<V>>(
        &self,
        key: &K,
        value: &T,
    ) -> Result<(), StoreFault> {
        let value = Zeroizing::new(serde_json::to_vec(value)?);
        self.set_bytes(record_key(Label::JoinConfig, key)?, Some(Value::Secret(value)));
        Ok(())
    }

    fn mls_group_join_config<K: traits::GroupId<V>, T: traits::MlsGroupJoinConfig<V>>(
        &self,
        key: &K,
    ) -> Result<Option<T>, StoreFault> {
        let value = self.bytes(&record_key(Label::JoinConfig, key)?);
        Ok(value.map(|value| serde_json::from_slice(&value)).transpose()?)
    }

    fn append_own_leaf_node<K: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        key: &K,
        value: &T,
    ) -> Result<(), StoreFault> {
        self.push(Label::OwnLeafNodes, key, value)
    }

    fn own_leaf_nodes<K: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        key: &K,
    ) -> Result<Vec<T>, StoreFault> {
        decode_list(&self.list(Label::OwnLeafNodes, key)?)
    }

    fn write_encryption_epoch_key_pairs<
        K: traits::GroupId<V>,
        E: traits::EpochKey<V>,
        T: traits::HpkeKeyPair<V>,
    >(
        &self,
        key: &K,
        epoch: &E,
        leaf: u32,
        pairs: &[T],
    ) -> Result<(), StoreFault> {
        let pairs = pairs.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        self.put_list(Label::EpochKeyPairs, &(key, epoch, leaf), &pairs)
    }

    fn encryption_epoch_key_pairs<
        K: traits::GroupId<V>,
        E: traits::EpochKey<V>,
        T: traits::HpkeKeyPair<V>,
    >(
        &self,
        key: &K,
        epoch: &E,
        leaf: u32,
    ) -> Result<Vec<T>, StoreFault> {
        decode_list(&self.list(Label::EpochKeyPairs, &(key, epoch, leaf))?)
    }

    fn delete_encryption_epoch_key_pairs<K: traits::GroupId<V>, E: traits::EpochKey<V>>(
        &self,
        key: &K,
        epoch: &E,
        leaf: u32,
    ) -> Result<(), StoreFault> {
        self.delete(Label::EpochKeyPairs, &(key, epoch, leaf))
    }

    // No proposal is ever stored: they travel by value only (SPEC [G4]). The engine still empties
    // and lists the queue.
    fn queue_proposal<
        K: traits::GroupId<V>,
        R: traits::ProposalRef<V>,
        T: traits::QueuedProposal<V>,
    >(
        &self,
        _: &K,
        _: &R,
        _: &T,
    ) -> Result<(), StoreFault> {
        Err(StoreFault)
    }

    fn queued_proposal_refs<K: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &K,
    ) -> Result<Vec<R>, StoreFault> {
        Ok(Vec::new())
    }

    fn queued_proposals<
        K: traits::GroupId<V>,
        R: traits::ProposalRef<V>,
        T: traits::QueuedProposal<V>,
    >(
        &self,
        _: &K,
    ) -> Result<Vec<(R, T)>, StoreFault> {
        Ok(Vec::new())
    }

    fn remove_proposal<K: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &K,
        _: &R,
    ) -> Result<(), StoreFault> {
        Ok(())
    }

    fn clear_proposal_queue<K: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &K,
    ) -> Result<(), StoreFault> {
        Ok(())
    }
}
