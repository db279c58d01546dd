//! Where a call is stored, so that it can be taken up again after a crash.

use core::fmt;
use std::path::PathBuf;

use incamera::{FileStore, Meeting, StoreError};
use zeroize::Zeroizing;

use super::ending::CallError;

/// Where a call is stored: a file, and the key under which it is sealed.
///
/// The key is 32 random bytes that are kept where the device keeps secrets, apart from the file.
#[derive(Clone)]
pub struct Save {
    file: FileStore,
    key: Zeroizing<[u8; 32]>,
}

impl Save {
    /// A file at `path` in a directory that exists: see [`FileStore::new`].
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, key: [u8; 32]) -> Self {
        Self { file: FileStore::new(path), key: Zeroizing::new(key) }
    }

    pub(super) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// What is stored.
    pub(super) fn load(&self) -> Result<Vec<u8>, CallError> {
        self.file.load(0)?.ok_or(CallError::NothingStored)
    }

    /// Stores what the meeting wants to have stored before it says more.
    pub(super) async fn store(&self, meeting: &mut Meeting) -> Result<(), Failed> {
        let snapshot = meeting.snapshot(&self.key).map_err(Failed::Meeting)?;
        let file = self.file.clone();
        // It waits for the disk.
        let saved = tokio::task::spawn_blocking(move || file.save(&snapshot)).await;
        let stopped = |_| StoreError::Io(std::io::Error::other("the program is being stopped"));
        saved.map_err(stopped).and_then(|saved| saved).map_err(Failed::Store)
    }

    /// Forgets a membership that is over.
    pub(super) fn delete(&self) -> Result<(), StoreError> {
        self.file.delete()
    }
}

impl fmt::Debug for Save {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Save").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Why nothing was stored.
pub(super) enum Failed {
    Meeting(incamera::Error),
    Store(StoreError),
}
