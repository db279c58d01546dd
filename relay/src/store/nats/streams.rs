//! Requests to JetStream, each repeated until it is answered or its time is up.

use std::future::Future;
use std::time::Duration;

use async_nats::jetstream::context::{Context, PublishErrorKind};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{Config, DirectGetErrorKind, DiscardPolicy, Info, Stream};
use async_nats::jetstream::{ErrorCode, stream};
use async_nats::{Client, HeaderMap};
use incamera_wire::MeetingId;
use tokio::time::Instant;

use super::super::{Bytes, StoreError};
use super::names::{self, Kind};
use crate::hex;

/// For one request. An answer that is later is lost, and the request is repeated.
pub(super) const ATTEMPT: Duration = Duration::from_secs(2);
/// For a question to a stream's leader, who may have died: it costs nothing to ask the next one soon.
const QUESTION: Duration = Duration::from_millis(500);
/// For all requests of one call: longer than a cluster takes to elect a leader (10 s).
const CALL: Duration = Duration::from_secs(20);
/// SPEC \[S2\]: one entry for each id for as long as the log lives. The server keeps the ids of all
/// messages that are younger than this, and a log is younger. It reads them from the log itself when
/// it starts, and checks them where it gives an entry its number, the same way on every replica: it does
/// not matter through which relay, leader or connection an id comes again.
pub(super) const DUPLICATES: Duration = Duration::from_secs(20 * 365 * 24 * 60 * 60);

/// Why one attempt came to nothing.
pub(super) enum Fault {
    /// No attempt will do better.
    Last(StoreError),
    /// The next may.
    Again(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Last(error)
    }
}

/// Worth another attempt.
fn again(error: impl ToString) -> Fault {
    Fault::Again(error.to_string())
}

/// When a call that begins now has to be done.
pub(super) fn deadline() -> Instant {
    Instant::now() + CALL
}

/// Attempts until one succeeds or the time is up.
pub(super) async fn until<T, F: Future<Output = Result<T, Fault>>>(
    deadline: Instant,
    mut attempt: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let mut pause = Duration::from_millis(1);
    loop {
        let why = match attempt().await {
            Ok(done) => return Ok(done),
            Err(Fault::Last(error)) => return Err(error),
            Err(Fault::Again(why)) => why,
        };
        if Instant::now() + pause >= deadline {
            return Err(StoreError::Unavailable(why.replace('\n', " ")));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// A request that says no more than its subject.
#[derive(serde::Serialize)]
struct Nothing {}

/// One page of streams' names.
#[derive(serde::Deserialize)]
struct Page {
    total: u64,
    #[serde(default)]
    streams: Option<Vec<String>>,
}

/// The streams of all meetings.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) client: Client,
    context: Context,
    /// For questions.
    quick: Context,
    replicas: usize,
    /// Meetings that there may be.
    meetings: usize,
    /// How long blobs are kept at most.
    blob_age: Duration,
}

impl Streams {
    pub(super) fn new(client: Client, replicas: usize, meetings: usize, idle_seconds: u64) -> Self {
        let context = |timeout| {
            async_nats::jetstream::ContextBuilder::new()
                .timeout(timeout)
                .ack_timeout(ATTEMPT)
                .backpressure_on_inflight(true)
                .build(client.clone())
        };
        let (context, quick) = (context(ATTEMPT), context(QUESTION));
        // SPEC 10.1: blobs may be forgotten after a day.
        let blob_age = Duration::from_secs(idle_seconds.max(24 * 60 * 60));
        Self { client, context, quick, replicas, meetings, blob_age }
    }

    /// What fits into one message beside its headers: bytes.
    pub(super) fn room(&self) -> usize {
        self.client.max_payload().saturating_sub(1024)
    }

    fn config(&self, kind: Kind, meeting: MeetingId) -> Result<Config, StoreError> {
        let mut incarnation = [0; 16];
        aws_lc_rs::rand::fill(&mut incarnation)
            .map_err(|_| StoreError::Unavailable("the relay has no randomness".to_owned()))?;
        let parts = kind != Kind::Log;
        Ok(Config {
            name: kind.stream(meeting),
            subjects: vec![kind.subjects(meeting)],
            // Tells a meeting from the one that had its name before.
            description: Some(hex::encode(&incarnation)),
            storage: stream::StorageType::File,
            num_replicas: self.replicas,
            discard: if parts { DiscardPolicy::Old } else { DiscardPolicy::New },
            max_messages_per_subject: if parts { 1 } else { -1 },
            max_age: if kind == Kind::Blob { self.blob_age } else { Duration::ZERO },
            duplicate_window: if parts { Duration::from_secs(1) } else { DUPLICATES },
            allow_direct: true,
            max_bytes: -1,
            max_messages: -1,
            max_consumers: -1,
            ..Config::default()
        })
    }

    /// Whether the server can keep such streams at all: makes one and deletes it.
    pub(super) async fn probe(&self) -> Result<(), String> {
        let meeting = MeetingId::new([0; 16]);
        let mut config = self.config(Kind::Log, meeting).map_err(|error| error.to_string())?;
        let name = config.description.clone().unwrap_or_default();
        config.name = format!("incamera-probe-{name}");
        config.subjects = vec![format!("incamera-probe.{name}")];
        let name = config.name.clone();
        self.context.create_stream(config).await.map_err(|error| error.to_string())?;
        // What stays is empty and in nobody's way.
        let _ = self.context.delete_stream(name).await;
        Ok(())
    }

    /// What the stream's leader says of it; nothing if there is no such stream.
    pub(super) async fn info(
        &self,
        kind: Kind,
        meeting: MeetingId,
        deadline: Instant,
    ) -> Result<Option<Info>, StoreError> {
        let subject = format!("STREAM.INFO.{}", kind.stream(meeting));
        until(deadline, || async {
            match self.quick.request(subject.clone(), &Nothing {}).await.map_err(again)? {
                Response::Ok(info) => Ok(Some(info)),
                Response::Err { error } if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                    Ok(None)
                }
                Response::Err { error } => Err(again(error)),
            }
        })
        .await
    }

    async fn page(&self, subject: &str, offset: u64) -> Result<Page, Fault> {
        let ask = serde_json::json!({ "subject": subject, "offset": offset });
        match self.context.request("STREAM.NAMES", &ask).await.map_err(again)? {
            Response::Ok(page) => Ok(page),
            Response::Err { error } => Err(again(error)),
        }
    }

    /// All meetings that have a stream.
    pub(super) async fn meetings(&self) -> Result<Vec<MeetingId>, StoreError> {
        let (mut found, mut offset, subject) = (Vec::new(), 0, names::all());
        loop {
            let page = until(deadline(), || self.page(&subject, offset)).await?;
            let names = page.streams.unwrap_or_default();
            offset += names.len() as u64;
            found.extend(names.iter().filter_map(|name| names::meeting(name)));
            if names.is_empty() || offset >= page.total {
                return Ok(found);
            }
        }
    }

    /// Makes the stream if it is missing.
    pub(super) async fn create(
        &self,
        kind: Kind,
        meeting: MeetingId,
        deadline: Instant,
    ) -> Result<(), StoreError> {
        if self.info(kind, meeting, deadline).await?.is_some() {
            return Ok(());
        }
        if kind == Kind::Log {
            let logs = names::logs();
            let count = until(deadline, || self.page(&logs, 0)).await?.total;
            if count >= self.meetings as u64 {
                return Err(StoreError::TooManyMeetings { limit: self.meetings });
            }
        }
        let config = self.config(kind, meeting)?;
        let subject = format!("STREAM.CREATE.{}", config.name);
        until(deadline, || async {
            let made: Response<Info> =
                self.context.request(subject.clone(), &config).await.map_err(again)?;
            match made {
                Response::Ok(_) => Ok(()),
                // Another relay was faster.
                Response::Err { error } if error.error_code() == ErrorCode::STREAM_NAME_EXIST => {
                    Ok(())
                }
                Response::Err { error } => Err(again(error)),
            }
        })
        .await
    }

    /// Deletes the stream, if it exists.
    pub(super) async fn delete(&self, kind: Kind, meeting: MeetingId) -> Result<(), StoreError> {
        let subject = format!("STREAM.DELETE.{}", kind.stream(meeting));
        until(deadline(), || async {
            let done: Response<serde_json::Value> =
                self.context.request(subject.clone(), &Nothing {}).await.map_err(again)?;
            match done {
                Response::Err { error } if error.error_code() != ErrorCode::STREAM_NOT_FOUND => {
                    Err(again(error))
                }
                _ => Ok(()),
            }
        })
        .await
    }

    /// Puts a message into a stream, which is made if it is missing, and gives its number there once
    /// most replicas have it in a file (which the server syncs when it sees fit: one server's power must
    /// not fail, of three one's may).
    pub(super) async fn publish(
        &self,
        (kind, meeting): (Kind, MeetingId),
        subject: &str,
        headers: &HeaderMap,
        bytes: &Bytes,
        deadline: Instant,
    ) -> Result<u64, StoreError> {
        until(deadline, || async {
            let (to, headers) = (subject.to_owned(), headers.clone());
            let sent = self.context.publish_with_headers(to, headers, bytes.clone()).await;
            let done = match sent {
                Ok(acknowledged) => acknowledged.await,
                Err(error) => Err(error),
            };
            match done {
                Ok(done) => Ok(done.sequence),
                Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                    Err(Fault::Last(StoreError::Unavailable(error.to_string())))
                }
                // There is no such stream, or no leader yet.
                Err(error) if error.kind() == PublishErrorKind::StreamNotFound => {
                    self.create(kind, meeting, deadline).await?;
                    Err(again(error))
                }
                Err(error) => Err(again(error)),
            }
        })
        .await
    }

    async fn stream(&self, kind: Kind, meeting: MeetingId) -> Result<Stream<()>, Fault> {
        self.context.get_stream_no_info(kind.stream(meeting)).await.map_err(again)
    }

    /// A message that exists, from any replica: one that lags behind is asked again. Nothing: the
    /// stream is gone.
    pub(super) async fn message(
        &self,
        (kind, meeting): (Kind, MeetingId),
        which: Which<'_>,
        deadline: Instant,
    ) -> Result<Option<StreamMessage>, StoreError> {
        until(deadline, || async {
            let get = self.stream(kind, meeting).await?.direct_get_builder();
            let got = match which {
                Which::Number(number) => get.sequence(number),
                Which::Subject(subject) => get.last_by_subject(subject),
            };
            match got.send().await {
                Ok(message) => Ok(Some(message)),
                Err(error) if error.kind() == DirectGetErrorKind::NotFound => Err(again(error)),
                Err(error) => match self.info(kind, meeting, deadline).await? {
                    None => Ok(None),
                    Some(_) => Err(again(error)),
                },
            }
        })
        .await
    }

    /// The leader's first message from `from` on under a subject, or its last; nothing if there is none.
    pub(super) async fn look(
        &self,
        (kind, meeting): (Kind, MeetingId),
        subject: &str,
        from: Option<u64>,
        deadline: Instant,
    ) -> Result<Option<StreamMessage>, StoreError> {
        use async_nats::jetstream::stream::RawMessageErrorKind as Why;
        until(deadline, || async {
            let get = self.stream(kind, meeting).await?.raw_message_builder();
            let got = match from {
                Some(from) => get.sequence(from).next_by_subject(subject),
                None => get.last_by_subject(subject),
            };
            match got.send().await {
                Ok(message) => Ok(Some(message)),
                Err(error) => match error.kind() {
                    Why::NoMessageFound => Ok(None),
                    Why::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                        Ok(None)
                    }
                    _ => Err(again(error)),
                },
            }
        })
        .await
    }

    /// Deletes what is under a subject.
    pub(super) async fn purge(
        &self,
        kind: Kind,
        meeting: MeetingId,
        subject: &str,
        deadline: Instant,
    ) -> Result<(), StoreError> {
        until(deadline, || async {
            let stream = self.stream(kind, meeting).await?;
            stream.purge().filter(subject).await.map(|_| ()).map_err(again)
        })
        .await
    }
}

/// Which message of a stream.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// By its number in the stream.
    Number(u64),
    /// The last under this subject.
    Subject(&'a str),
}
