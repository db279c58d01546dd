//! The engine's records, in memory: a map with an undo journal.
//!
//! openmls writes a step in a dozen records and leaves a torn group behind if one fails, so every
//! step runs between [`Store::begin`] and [`Store::commit`] or [`Store::rollback`].

use std::cell::RefCell;
use std::collections::BTreeMap;

use postcard::ser_flavors;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The content of a record.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Wiped when it goes.
    Secret(Zeroizing<Vec<u8>>),
    /// The ratchet tree, which every member has and which holds no secret: the only large record, and
    /// written at each commit.
    Public(Vec<u8>),
}

impl core::ops::Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Secret(bytes) => bytes,
            Self::Public(bytes) => bytes,
        }
    }
}

impl Value {
    /// The value of a record with this key.
    fn of(key: &[u8], bytes: &[u8]) -> Self {
        if key.first() == Some(&(Label::Tree as u8)) {
            Self::Public(bytes.to_vec())
        } else {
            Self::Secret(Zeroizing::new(bytes.to_vec()))
        }
    }
}

/// What a record is: the first byte of its key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    JoinConfig = 1,
    OwnLeafNodes,
    Tree,
    InterimTranscriptHash,
    Context,
    ConfirmationTag,
    GroupState,
    MessageSecrets,
    ResumptionPsks,
    OwnLeafIndex,
    EpochSecrets,
    SignatureKeyPair,
    EncryptionKeyPair,
    EpochKeyPairs,
    KeyPackage,
    Psk,
}

/// A value did not encode or decode.
#[derive(Debug, thiserror::Error)]
#[error("a record of the MLS store does not encode or decode")]
pub(super) struct StoreFault;

impl From<postcard::Error> for StoreFault {
    fn from(_: postcard::Error) -> Self {
        Self
    }
}

impl From<serde_json::Error> for StoreFault {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// The map. The engine takes it by shared reference, hence the cell.
#[derive(Default)]
pub(super) struct Store(RefCell<Records>);

#[derive(Default)]
struct Records {
    map: BTreeMap<Vec<u8>, Value>,
    /// What was there before each write since `begin`, oldest first.
    journal: Option<Vec<(Vec<u8>, Option<Value>)>>,
}

impl Records {
    fn set(&mut self, key: Vec<u8>, value: Option<Value>) {
        let undo = self.journal.is_some().then(|| key.clone());
        let old = match value {
            Some(value) => self.map.insert(key, value),
            None => self.map.remove(&key),
        };
        if let (Some(journal), Some(key)) = (&mut self.journal, undo) {
            journal.push((key, old));
        }
    }
}

impl Store {
    /// Starts to keep what writes overwrite.
    pub(super) fn begin(&self) {
        self.0.borrow_mut().journal = Some(Vec::new());
    }

    /// Forgets what was overwritten since [`begin`](Self::begin).
    pub(super) fn commit(&self) {
        self.0.borrow_mut().journal = None;
    }

    /// Brings back what was there at [`begin`](Self::begin).
    pub(super) fn rollback(&self) {
        let mut records = self.0.borrow_mut();
        for (key, old) in records.journal.take().unwrap_or_default().into_iter().rev() {
            records.set(key, old);
        }
    }

    /// A copy of all records.
    pub(super) fn duplicate(&self) -> Self {
        let map = self.0.borrow().map.clone();
        Self(RefCell::new(Records { map, journal: None }))
    }

    /// Removes every record of one kind.
    pub(super) fn clear(&self, label: Label) {
        let mut records = self.0.borrow_mut();
        let keys: Vec<_> =
            records.map.keys().filter(|key| key.first() == Some(&(label as u8))).cloned().collect();
        for key in keys {
            records.set(key, None);
        }
    }

    pub(super) fn set_bytes(&self, key: Vec<u8>, value: Option<Value>) {
        self.0.borrow_mut().set(key, value);
    }

    pub(super) fn bytes(&self, key: &[u8]) -> Option<Value> {
        self.0.borrow().map.get(key).cloned()
    }

    pub(super) fn put(
        &self,
        label: Label,
        key: &impl Serialize,
        value: &impl Serialize,
    ) -> Result<(), StoreFault> {
        let key = record_key(label, key)?;
        let value = if label == Label::Tree {
            let before = self.0.borrow().map.get(&key).map_or(0, |old| old.len());
            Value::Public(encode_public(value, before)?)
        } else {
            Value::Secret(encode(value)?)
        };
        self.set_bytes(key, Some(value));
        Ok(())
    }

    pub(super) fn get<T: DeserializeOwned>(
        &self,
        label: Label,
        key: &impl Serialize,
    ) -> Result<Option<T>, StoreFault> {
        let value = self.bytes(&record_key(label, key)?);
        value.map(|value| decode(&value)).transpose()
    }

    pub(super) fn delete(&self, label: Label, key: &impl Serialize) -> Result<(), StoreFault> {
        self.set_bytes(record_key(label, key)?, None);
        Ok(())
    }

    /// Whether there is such a record.
    pub(super) fn has(&self, label: Label, key: &impl Serialize) -> bool {
        record_key(label, key).is_ok_and(|key| self.0.borrow().map.contains_key(&key))
    }

    /// The records of a list; none if there is no list.
    pub(super) fn list(
        &self,
        label: Label,
        key: &impl Serialize,
    ) -> Result<Vec<Zeroizing<Vec<u8>>>, StoreFault> {
        let list: Option<Vec<Vec<u8>>> = self.get(label, key)?;
        Ok(list.unwrap_or_default().into_iter().map(Zeroizing::new).collect())
    }

    /// Appends to a list.
    pub(super) fn push(
        &self,
        label: Label,
        key: &impl Serialize,
        value: &impl Serialize,
    ) -> Result<(), StoreFault> {
        let mut list = self.list(label, key)?;
        list.push(encode(value)?);
        self.put_list(label, key, &list)
    }

    /// Replaces a list.
    pub(super) fn put_list(
        &self,
        label: Label,
        key: &impl Serialize,
        list: &[Zeroizing<Vec<u8>>],
    ) -> Result<(), StoreFault> {
        let list: Vec<&Vec<u8>> = list.iter().map(|value| &**value).collect();
        self.put(label, key, &list)
    }

    /// Shows every record, by ascending key.
    pub(super) fn with_records<R>(&self, show: impl FnOnce(Vec<(&[u8], &[u8])>) -> R) -> R {
        let records = self.0.borrow();
        show(records.map.iter().map(|(key, value)| (key.as_slice(), &**value)).collect())
    }

    /// A store of these records; `None` if a key is there twice.
    pub(super) fn of(records: &[(&[u8], &[u8])]) -> Option<Self> {
        let mut map = BTreeMap::new();
        for (key, value) in records {
            if map.insert(key.to_vec(), Value::of(key, value)).is_some() {
                return None;
            }
        }
        Some(Self(RefCell::new(Records { map, journal: None })))
    }

    /// Whether a value of one of these kinds is such.
    pub(super) fn any_of(&self, labels: &[Label], such: impl Fn(&[u8]) -> bool) -> bool {
        let of = |key: &[u8]| labels.iter().any(|label| key.first() == Some(&(*label as u8)));
        self.0.borrow().map.iter().any(|(key, value)| of(key) && such(value))
    }

    /// Every record, for tests that look for a key.
    #[cfg(test)]
    pub(super) fn records(&self) -> Vec<Vec<u8>> {
        self.0.borrow().map.values().map(|value| value.to_vec()).collect()
    }

    /// How many records there are, and a digest of them all.
    #[cfg(test)]
    pub(super) fn digest(&self) -> (usize, [u8; 32]) {
        use sha2::Digest as _;
        let records = self.0.borrow();
        let all: Vec<_> = records.map.iter().map(|(key, value)| (key, &**value)).collect();
        let hash = sha2::Sha256::digest(postcard::to_allocvec(&all).unwrap());
        (records.map.len(), hash.into())
    }
}

/// The label, then the key.
pub(super) fn record_key(label: Label, key: &impl Serialize) -> Result<Vec<u8>, StoreFault> {
    Ok(postcard::to_extend(key, vec![label as u8])?)
}

/// The room that a tree may take more than the one before it.
const MORE: usize = 16 * 1_024;

/// Encodes what is no secret, in one go if it is about as long as what was there `before`: byte by byte
/// into a slice takes half the time that a growing buffer does, and there are some hundred thousand.
fn encode_public(value: &impl Serialize, before: usize) -> Result<Vec<u8>, StoreFault> {
    let mut buffer = vec![0; before + MORE];
    loop {
        match postcard::to_slice(value, &mut buffer).map(|used| used.len()) {
            Ok(len) => {
                buffer.truncate(len);
                return Ok(buffer);
            }
            Err(postcard::Error::SerializeBufferFull) => buffer.resize(buffer.len() * 2, 0),
            Err(fault) => return Err(fault.into()),
        }
    }
}

/// Measures before it writes: a buffer that grew would leave copies of secrets behind.
pub(super) fn encode(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, StoreFault> {
    let size = postcard::serialize_with_flavor(value, ser_flavors::Size::default())?;
    let mut bytes = Zeroizing::new(vec![0; size]);
    postcard::to_slice(value, &mut bytes)?;
    Ok(bytes)
}

/// A value that borrows from `bytes` and takes all of them.
pub(super) fn decode_exactly<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StoreFault> {
    let (value, rest) = postcard::take_from_bytes(bytes)?;
    if rest.is_empty() { Ok(value) } else { Err(StoreFault) }
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreFault> {
    Ok(postcard::from_bytes(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_brings_back_what_was_written_over_removed_and_added() {
        let store = Store::default();
        store.put(Label::Tree, &1, &"old").unwrap();
        store.put(Label::Psk, &2, &"gone").unwrap();
        let before = store.digest();
        store.begin();
        store.put(Label::Tree, &1, &"new").unwrap();
        store.put(Label::Tree, &1, &"newer").unwrap();
        store.clear(Label::Psk);
        store.push(Label::OwnLeafNodes, &3, &"added").unwrap();
        assert_ne!(store.digest(), before);
        store.rollback();
        assert_eq!(store.digest(), before);
        store.rollback();
        assert_eq!(store.digest(), before);
    }

    #[test]
    fn a_commit_stays_and_a_duplicate_lives_apart() {
        let store = Store::default();
        store.begin();
        store.put(Label::Tree, &1, &7u8).unwrap();
        store.commit();
        store.rollback();
        let copy = store.duplicate();
        store.delete(Label::Tree, &1).unwrap();
        assert_eq!(store.get::<u8>(Label::Tree, &1).unwrap(), None);
        assert_eq!(copy.get::<u8>(Label::Tree, &1).unwrap(), Some(7));
    }

    #[test]
    fn lists_keep_their_order() {
        let store = Store::default();
        for value in [3u8, 1, 2] {
            store.push(Label::OwnLeafNodes, &0, &value).unwrap();
        }
        let read: Vec<u8> = store
            .list(Label::OwnLeafNodes, &0)
            .unwrap()
            .iter()
            .map(|value| decode(value).unwrap())
            .collect();
        assert_eq!(read, [3, 1, 2]);
    }
}
