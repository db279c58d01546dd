//! A session behind Hello: what the client asks, and what is new in its meeting.

use std::sync::Arc;
use std::time::Duration;

use incamera_wire::{Refusal, RefusalReason, ToClient, ToServer, TransportId};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};

use super::appends::Appends;
use super::cursor::Cursor;
use super::opening::Opened;
use super::outbox::{Outbox, Waiting, too_slow};
use super::post::OwnPosts;
use super::receive::{Messages, Received, Receiver};
use super::{Ending, denied, refused, refused_for_now, shortened};
use crate::limits::{Bucket, Denied};
use crate::media::{MediaLimits, MediaOutcome};
use crate::relay::{Relay, of_store};
use crate::store::{Bytes, News};
use crate::token::Powers;

/// Notices of the forwarder that may wait.
const NOTICES: usize = 64;

/// The state of a session behind Hello.
pub(super) struct Live<'a> {
    pub(super) relay: &'a Arc<Relay>,
    pub(super) outbox: &'a Outbox,
    pub(super) opened: Opened,
    pub(super) transport: TransportId,
    pub(super) cursor: Cursor,
    pub(super) own: OwnPosts,
    news: broadcast::Receiver<News>,
    notices: mpsc::Receiver<MediaOutcome>,
    ended: oneshot::Receiver<()>,
    heard: Instant,
    /// An answer without room: until there is some, the client is not heard.
    waiting: Option<Waiting>,
    pub(super) appends: Appends,
    media_requests: Bucket,
}

impl<'a> Live<'a> {
    /// Tells the client that it is connected.
    pub(super) async fn begin(
        relay: &'a Arc<Relay>,
        outbox: &'a Outbox,
        opened: Opened,
    ) -> Result<Self, Ending> {
        let meeting = opened.meeting;
        let of_store = |error| {
            let (reason, detail, retry_after_ms) = of_store(&error);
            Some(Refusal { retry_after_ms, ..refused(reason, detail) })
        };
        // Listening first: what comes between is in both, and the cursor knows it.
        let news = relay.store.subscribe(meeting).await.map_err(of_store)?;
        let next = relay.store.next(meeting).await.map_err(of_store)?;
        let mut id = [0; TransportId::LEN];
        aws_lc_rs::rand::fill(&mut id).map_err(|_| {
            Some(refused(RefusalReason::Unavailable, "the relay has no randomness now"))
        })?;
        let transport = TransportId::new(id);
        let (sender, notices) = mpsc::channel(NOTICES);
        let ended = relay.hub.add(transport, meeting, opened.token.clone());
        let Powers { tracks, bits_per_second, .. } = opened.powers;
        let limits = MediaLimits { tracks, bits_per_second };
        relay.forwarder.join((meeting, transport), limits, sender);
        let (cursor, own, heard) = (Cursor::new(next), OwnPosts::default(), Instant::now());
        let live = Self {
            relay,
            outbox,
            opened,
            transport,
            cursor,
            own,
            news,
            notices,
            ended,
            heard,
            waiting: None,
            appends: Appends::default(),
            media_requests: Bucket::new(relay.settings.media_requests(), relay.now()),
        };
        live.offer(&ToClient::Connected { next })?;
        live.offer(&ToClient::Transport { id: transport })?;
        Ok(live)
    }

    /// Serves the client until the session ends.
    pub(super) async fn run<S: Messages>(mut self, receiver: &mut Receiver<S>) -> Ending {
        let every = Duration::from_secs(self.relay.settings.ping_seconds);
        let mut ping = tokio::time::interval_at(Instant::now() + every, every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let quiet = self.waiting.is_none();
            let done = tokio::select! {
                _ = &mut self.ended => Err(Some(refused(
                    RefusalReason::Ended,
                    "somebody with the right to has ended your connection",
                ))),
                received = receiver.next(self.relay), if quiet && self.appends.has_room() => {
                    match received {
                        Ok(received) => self.received(received).await,
                        Err(ending) => Err(ending),
                    }
                }
                Some(appended) = self.appends.next(), if quiet && !self.appends.is_empty() => {
                    self.appended(appended);
                    Ok(())
                }
                news = self.news.recv() => self.news(news).await,
                Some(outcome) = self.notices.recv() => self.outcome(outcome),
                sent = self.outbox.send(self.waiting.as_ref()) => {
                    self.waiting = None;
                    sent.map_err(|_| None)
                }
                () = self.outbox.half_free(), if quiet && self.cursor.is_behind() => {
                    self.replay().await
                }
                _ = ping.tick() => {
                    // Who is not listened to cannot be heard.
                    if !quiet || !self.appends.has_room() {
                        self.heard = Instant::now();
                    }
                    self.ping(every)
                }
            };
            if let Err(ending) = done {
                return ending;
            }
        }
    }

    /// Answers. A client that asks reads its answers before it is heard again.
    pub(super) fn say(&mut self, message: &ToClient) {
        self.waiting = self.outbox.offer_or_keep(message);
    }

    async fn received(&mut self, received: Received) -> Result<(), Ending> {
        self.heard = Instant::now();
        let message = match received {
            Received::Alive => return Ok(()),
            Received::NotTaken(refusal) => {
                self.refuse(refusal);
                return Ok(());
            }
            Received::Message(message) => message,
        };
        match message {
            ToServer::Post { id, to, bytes } => {
                self.post(id, to, bytes).await;
                Ok(())
            }
            ToServer::Fetch { from } => {
                self.cursor.fetch(from);
                Ok(())
            }
            ToServer::FetchBlob { hash } => {
                self.fetch_blob(hash).await;
                Ok(())
            }
            ToServer::Prove { challenge, certificate_sha256 } => {
                self.prove(&challenge, &certificate_sha256)
            }
            ToServer::Media(request) => {
                self.charge_media_request()?;
                self.relay.forwarder.request(self.transport, request);
                Ok(())
            }
            ToServer::EndTransport { transport } => self.end_transport(transport),
            ToServer::Hello { .. } | ToServer::Authorize { .. } => {
                let text = "Authorize and Hello come once, before all else";
                Err(Some(refused(RefusalReason::Malformed, text)))
            }
        }
    }

    fn charge_media_request(&mut self) -> Result<(), Ending> {
        let now = self.relay.now();
        let retry_after = self.media_requests.wait(1, now);
        if !retry_after.is_zero() {
            let rate = self.relay.settings.media_requests_per_second;
            let detail = format!("media-requests-per-second: {rate}; offer less often");
            let (reason, by_address) = (RefusalReason::TooFast, false);
            return Err(Some(denied(Denied { reason, detail, retry_after, by_address })));
        }
        self.media_requests.take(1, now);
        Ok(())
    }

    /// Tells the client that something was not done; the connection goes on.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.relay.metrics.refused(refusal.reason);
        let detail = shortened(refusal.detail);
        self.say(&ToClient::Refused(Refusal { detail, ..refusal }));
    }

    /// What the log holds finds its own way; the rest must fit now.
    async fn news(&mut self, news: Result<News, RecvError>) -> Result<(), Ending> {
        match news {
            Ok(News::Log { seq, bytes }) => {
                if self.cursor.exists(seq) {
                    self.offer_entry(seq, &bytes);
                }
                Ok(())
            }
            Ok(News::Lobby(bytes)) if self.own.is_own(&bytes) => Ok(()),
            Ok(News::Lobby(bytes)) => self.offer(&ToClient::Lobby { bytes: bytes.into() }),
            Ok(News::Direct { mailbox, bytes }) if self.opened.mailbox == Some(mailbox) => {
                self.offer(&ToClient::Direct { bytes: bytes.into() })
            }
            Ok(News::Direct { .. }) => Ok(()),
            Ok(News::Gone) | Err(RecvError::Closed) => {
                let text =
                    "idle-seconds: the meeting's log was deleted; connect to begin a new one";
                Err(Some(refused_for_now(RefusalReason::NotFound, text)))
            }
            Err(RecvError::Lagged(_)) => self.catch_up().await,
        }
    }

    /// Learns how far the log has come.
    async fn catch_up(&mut self) -> Result<(), Ending> {
        // A store that cannot be reached now says more with its next news.
        if let Ok(next) = self.relay.store.next(self.opened.meeting).await
            && let Some(last) = next.checked_sub(1)
        {
            self.cursor.exists(last);
        }
        Ok(())
    }

    /// Sends the next entry of the log if there is room. If not, it is read again later.
    fn offer_entry(&mut self, seq: u64, bytes: &Bytes) -> bool {
        let sent = self.outbox.offer_spare(&ToClient::Log { seq, bytes: bytes.to_vec() }).is_ok();
        if sent {
            self.cursor.sent(seq);
        }
        sent
    }

    /// Sends a page of what the client has not had.
    async fn replay(&mut self) -> Result<(), Ending> {
        let (meeting, from) = (self.opened.meeting, self.cursor.next());
        let page = match self.relay.store.read(meeting, from, self.outbox.page()).await {
            Ok(page) => page,
            Err(error) => {
                let (reason, detail, retry_after_ms) = of_store(&error);
                return Err(Some(Refusal { retry_after_ms, ..refused(reason, detail) }));
            }
        };
        if page.is_empty() {
            self.cursor.nothing_there();
        }
        for (seq, bytes) in page {
            if seq != self.cursor.next() || !self.offer_entry(seq, &bytes) {
                break;
            }
        }
        Ok(())
    }

    fn offer(&self, message: &ToClient) -> Result<(), Ending> {
        self.outbox.offer(message).map_err(|_| Some(too_slow("backlog-bytes, backlog-messages")))
    }

    fn outcome(&self, outcome: MediaOutcome) -> Result<(), Ending> {
        match outcome {
            MediaOutcome::Notice(notice) => self.offer(&ToClient::Media(notice)),
            MediaOutcome::Refused(refusal) if refusal.post.is_none() => Err(Some(refusal)),
            MediaOutcome::Refused(refusal) => self.offer(&ToClient::Refused(refusal)),
        }
    }

    fn ping(&self, every: Duration) -> Result<(), Ending> {
        if self.heard.elapsed() > every * 3 {
            let text = "ping-seconds: nothing was heard of you for three pings; connect again";
            return Err(Some(refused_for_now(RefusalReason::TooSlow, text)));
        }
        self.outbox.ping();
        Ok(())
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.relay.hub.remove(self.transport);
        self.relay.forwarder.leave(self.transport);
    }
}
