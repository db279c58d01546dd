//! The one thread that writes: what waits while it writes goes into its next transaction.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use incamera_wire::{BlobHash, MeetingId, MessageId};
use tokio::sync::{mpsc, oneshot};

use super::super::{Bytes, News, StoreError};
use super::tables::{self, Fault};
use super::{Shared, closed, failed};

/// A transaction's jobs, and their bytes, at most.
const JOBS: usize = 512;
const BYTES: usize = 32 * 1024 * 1024;
/// Meetings that one sweep deletes.
const SWEPT: usize = 64;

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the writer is asked to do. It answers when it is durable.
pub(super) enum Job {
    Append { meeting: MeetingId, id: MessageId, bytes: Bytes, answer: Answer<u64> },
    Blob { meeting: MeetingId, hash: BlobHash, bytes: Bytes, answer: Answer<()> },
    Sweep { answer: Answer<()> },
    Close { answer: Answer<()> },
}

/// Who waits for a job.
enum Waiting {
    Append(Answer<u64>),
    Other(Answer<()>),
}

/// What a job did.
enum Done {
    Appended { seq: u64, news: Option<(MeetingId, Bytes)> },
    Stored,
    Swept(Vec<MeetingId>),
}

impl Job {
    fn bytes(&self) -> usize {
        match self {
            Self::Append { bytes, .. } | Self::Blob { bytes, .. } => bytes.len(),
            Self::Sweep { .. } | Self::Close { .. } => 0,
        }
    }

    fn waiting(self) -> Waiting {
        match self {
            Self::Append { answer, .. } => Waiting::Append(answer),
            Self::Blob { answer, .. } | Self::Sweep { answer } | Self::Close { answer } => {
                Waiting::Other(answer)
            }
        }
    }
}

impl Waiting {
    /// Whoever has gone does not want to know.
    fn refuse(self, error: StoreError) {
        match self {
            Self::Append(answer) => drop(answer.send(Err(error))),
            Self::Other(answer) => drop(answer.send(Err(error))),
        }
    }
}

/// The thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Job>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, queue: mpsc::Receiver<Job>) -> Self {
        Self { shared, queue }
    }

    /// Until the store is closed or dropped.
    pub(super) fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let (jobs, closing) = self.gather(first);
            if !jobs.is_empty() {
                self.transaction(jobs);
            }
            if let Some(closing) = closing {
                self.shut();
                // Whoever has gone does not want to know.
                drop(closing.send(Ok(())));
                return;
            }
        }
    }

    /// What waits, as far as it fits into one transaction, and whether that is the last.
    fn gather(&mut self, first: Job) -> (Vec<Job>, Option<Answer<()>>) {
        let (mut jobs, mut bytes) = (Vec::new(), 0);
        let mut next = Some(first);
        while let Some(job) = next {
            if let Job::Close { answer } = job {
                return (jobs, Some(answer));
            }
            bytes += job.bytes();
            jobs.push(job);
            let room = jobs.len() < JOBS && bytes < BYTES;
            next = if room { self.queue.try_recv().ok() } else { None };
        }
        (jobs, None)
    }

    /// All jobs in one transaction: what it did is told when it is durable, and else all are refused.
    fn transaction(&self, jobs: Vec<Job>) {
        let mut applied = Vec::with_capacity(jobs.len());
        let mut jobs = jobs.into_iter();
        let written = self.reopen().and_then(|()| self.write(&mut jobs, &mut applied));
        self.shared.available.store(written.is_ok(), Ordering::Relaxed);
        match written {
            Ok(()) => applied.into_iter().for_each(|(waiting, done)| self.tell(waiting, done)),
            Err(error) => {
                tracing::error!(%error, "nothing can be written");
                // Behind an error the database refuses all: it is opened again for the next job.
                self.shut();
                let waiting = applied.into_iter().map(|(waiting, _)| waiting);
                waiting.chain(jobs.map(Job::waiting)).for_each(|it| it.refuse(error.clone()));
            }
        }
    }

    fn shut(&self) {
        *self.shared.database.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut database = self.shared.database.write().unwrap_or_else(PoisonError::into_inner);
        if database.is_none() {
            *database = Some(self.shared.open().map_err(|error| failed(&error))?);
        }
        Ok(())
    }

    /// Takes jobs until all are applied and durable, or one breaks the transaction.
    fn write(
        &self,
        jobs: &mut std::vec::IntoIter<Job>,
        applied: &mut Vec<(Waiting, Result<Done, StoreError>)>,
    ) -> Result<(), StoreError> {
        let database = self.shared.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or_else(closed)?;
        let writer = database.begin_write().map_err(|error| failed(&error.into()))?;
        for job in jobs {
            let done = self.apply(&writer, &job);
            let broken = match &done {
                Err(Fault::Database(error)) => Some(failed(error)),
                _ => None,
            };
            let done = done.map_err(|fault| match fault {
                Fault::Own(error) => error,
                Fault::Database(error) => failed(&error),
            });
            applied.push((job.waiting(), done));
            if let Some(error) = broken {
                return Err(error);
            }
        }
        writer.commit().map_err(|error| failed(&error.into()))
    }

    fn apply(&self, writer: &redb::WriteTransaction, job: &Job) -> Result<Done, Fault> {
        let (limits, now) = (&self.shared.limits, self.shared.clock.load(Ordering::Relaxed));
        match job {
            Job::Append { meeting, id, bytes, .. } => {
                let (seq, new) = tables::append(writer, limits, now, (*meeting, *id, bytes))?;
                let news = new.then(|| (*meeting, bytes.clone()));
                Ok(Done::Appended { seq, news })
            }
            Job::Blob { meeting, hash, bytes, .. } => {
                tables::put_blob(writer, limits, now, (*meeting, *hash, bytes))?;
                Ok(Done::Stored)
            }
            Job::Sweep { .. } => {
                let before = now.checked_sub(limits.idle_seconds);
                let gone = before.map(|before| tables::idle(writer, before, SWEPT)).transpose()?;
                let gone = gone.unwrap_or_default();
                gone.iter().try_for_each(|meeting| tables::delete(writer, *meeting))?;
                Ok(Done::Swept(gone))
            }
            Job::Close { .. } => Ok(Done::Stored),
        }
    }

    /// The news before the answer: who was answered finds its entry told already.
    fn tell(&self, waiting: Waiting, done: Result<Done, StoreError>) {
        match (waiting, done) {
            (waiting, Err(error)) => waiting.refuse(error),
            (Waiting::Append(answer), Ok(Done::Appended { seq, news })) => {
                if let Some((meeting, bytes)) = news {
                    self.shared.tell(meeting, News::Log { seq, bytes });
                }
                drop(answer.send(Ok(seq)));
            }
            (Waiting::Append(_), Ok(_)) => {}
            (Waiting::Other(answer), Ok(done)) => {
                if let Done::Swept(gone) = done {
                    gone.into_iter().for_each(|meeting| self.shared.tell(meeting, News::Gone));
                }
                drop(answer.send(Ok(())));
            }
        }
    }
}
