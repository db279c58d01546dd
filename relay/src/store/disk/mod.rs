//! Logs and blobs in one file of an embedded database: what was acknowledged outlives a crash.

mod tables;
mod writer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use incamera_wire::{BlobHash, MeetingId, MessageId};
use redb::{Database, ReadableDatabase};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::{Bytes, News, StoreError, StoreLimits};
use writer::{Job, Writer};

/// News that a subscriber may lag behind before it misses some.
const BACKLOG: usize = 256;
/// Jobs that may wait for the writer; who has more waits itself.
const JOBS: usize = 1024;
/// The database's cache: bytes.
const CACHE: usize = 64 * 1024 * 1024;
/// The file's name in the directory.
const FILE: &str = "incamera-relay.redb";

/// A store on disk.
#[derive(Debug)]
pub(crate) struct DiskStore {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
}

/// What the writer's thread and the readers share.
struct Shared {
    path: PathBuf,
    limits: StoreLimits,
    /// Nothing while it cannot be opened again behind an error.
    database: RwLock<Option<Database>>,
    news: Mutex<HashMap<MeetingId, broadcast::Sender<News>>>,
    /// Seconds since 1970, as the last sweep knew it.
    clock: AtomicU64,
    available: AtomicBool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Shared {
    fn news(&self) -> MutexGuard<'_, HashMap<MeetingId, broadcast::Sender<News>>> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever listens.
    fn tell(&self, meeting: MeetingId, news: News) {
        if let Some(sender) = self.news().get(&meeting) {
            // Nobody listening is no fault.
            drop(sender.send(news));
        }
    }

    /// Opens the file, and makes what is missing.
    fn open(&self) -> Result<Database, redb::Error> {
        let database = Database::builder().set_cache_size(CACHE).create(&self.path)?;
        tables::create(&database)?;
        Ok(database)
    }

    /// Reads, on a thread that may wait for the disk.
    fn read<T>(
        &self,
        read: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or_else(closed)?;
        let transaction = database.begin_read().map_err(redb::Error::from);
        transaction.and_then(|transaction| read(&transaction)).map_err(|error| failed(&error))
    }
}

fn failed(error: &redb::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is not open".to_owned())
}

impl DiskStore {
    /// Opens the store in `directory`, which is made if it is missing. `now`: seconds since 1970.
    ///
    /// # Errors
    /// One line that says what is wrong with it.
    pub(crate) fn open(
        directory: &Path,
        limits: StoreLimits,
        now: u64,
    ) -> Result<Self, StoreError> {
        let fault = |text: String| StoreError::Unavailable(text.replace('\n', " "));
        std::fs::create_dir_all(directory).map_err(|error| {
            fault(format!("{} cannot be made ({error}): check --data", directory.display()))
        })?;
        let shared = Arc::new(Shared {
            path: directory.join(FILE),
            limits,
            database: RwLock::new(None),
            news: Mutex::default(),
            clock: AtomicU64::new(now),
            available: AtomicBool::new(true),
        });
        let opened = shared.open().map_err(|error| {
            let path = shared.path.display();
            fault(format!(
                "{path} cannot be used ({error}): check rights and disk, or move it away"
            ))
        })?;
        *shared.database.write().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        // The name of a new file is durable only with its directory.
        if let Ok(directory) = std::fs::File::open(directory) {
            let _ = directory.sync_all();
        }
        let (jobs, queue) = mpsc::channel(JOBS);
        let writer = Writer::new(Arc::clone(&shared), queue);
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| fault(format!("no thread can be started: {error}")))?;
        Ok(Self { shared, jobs })
    }

    /// Gives the writer a job and waits until it is durable.
    async fn done<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.jobs.send(job(answer)).await.is_ok();
        let answered = if sent { answered.await.ok() } else { None };
        answered.unwrap_or_else(|| {
            // The writer's thread has ended.
            self.shared.available.store(false, Ordering::Relaxed);
            Err(closed())
        })
    }

    async fn read_with<T: Send + 'static>(
        &self,
        read: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let joined = tokio::task::spawn_blocking(move || shared.read(read)).await;
        joined.map_err(|_| closed())?
    }

    pub(crate) async fn append(
        &self,
        meeting: MeetingId,
        id: MessageId,
        bytes: Bytes,
    ) -> Result<u64, StoreError> {
        self.done(|answer| Job::Append { meeting, id, bytes, answer }).await
    }

    pub(crate) async fn next(&self, meeting: MeetingId) -> Result<u64, StoreError> {
        self.read_with(move |reader| tables::next(reader, meeting)).await
    }

    pub(crate) async fn read(
        &self,
        meeting: MeetingId,
        from: u64,
        most: usize,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        self.read_with(move |reader| tables::read(reader, meeting, from, most)).await
    }

    pub(crate) async fn put_blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        self.done(|answer| Job::Blob { meeting, hash, bytes, answer }).await
    }

    pub(crate) async fn blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
    ) -> Result<Option<Bytes>, StoreError> {
        self.read_with(move |reader| tables::blob(reader, meeting, hash)).await
    }

    pub(crate) async fn publish(&self, meeting: MeetingId, news: News) -> Result<(), StoreError> {
        self.shared.tell(meeting, news);
        Ok(())
    }

    pub(crate) async fn subscribe(
        &self,
        meeting: MeetingId,
    ) -> Result<broadcast::Receiver<News>, StoreError> {
        let mut news = self.shared.news();
        let sender = news.entry(meeting).or_insert_with(|| broadcast::channel(BACKLOG).0);
        Ok(sender.subscribe())
    }

    /// Deletes meetings that have been idle for too long at `now` (seconds since 1970), and tries to
    /// open the file again if it had to be closed.
    pub(crate) async fn sweep(&self, now: u64) {
        self.shared.clock.store(now, Ordering::Relaxed);
        self.shared.news().retain(|_, sender| sender.receiver_count() > 0);
        // What cannot be deleted now is idle at the next sweep too.
        let _ = self.done(|answer| Job::Sweep { answer }).await;
    }

    /// Whether the last job was done.
    pub(crate) fn is_available(&self) -> bool {
        self.shared.available.load(Ordering::Relaxed)
    }

    /// Waits until all jobs before are done, and closes the file.
    pub(crate) async fn close(&self) {
        // A writer that has ended has nothing left to do.
        let _ = self.done(|answer| Job::Close { answer }).await;
    }
}
