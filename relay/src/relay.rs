//! What all connections share.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use incamera_wire::RefusalReason;
use tokio::sync::{Semaphore, watch};

use crate::hub::Hub;
use crate::identity::Identity;
use crate::limits::{Large, Places};
use crate::media::Forwarder;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::store::{Store, StoreError};
use crate::token::Tokens;

/// The relay.
pub(crate) struct Relay {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) forwarder: Forwarder,
    pub(crate) identity: Identity,
    /// Of the TLS certificate, if there is TLS.
    pub(crate) certificate_sha256: Option<[u8; 32]>,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) hub: Hub,
    pub(crate) places: Arc<Places>,
    pub(crate) metrics: Metrics,
    /// Bytes that may wait to be read by all clients together.
    pub(crate) backlog: Arc<Semaphore>,
    /// Large messages that may be on their way in.
    pub(crate) large: Arc<Large>,
    /// Turns true when the relay is about to stop.
    pub(crate) draining: watch::Sender<bool>,
    pub(crate) started: Instant,
}

impl Relay {
    /// The clock of all limits.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The time of day in seconds since 1970, by which tokens expire.
    pub(crate) fn unix(&self) -> u64 {
        unix()
    }
}

/// The time of day in seconds since 1970.
pub(crate) fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What a client is told of a store's error.
pub(crate) fn of_store(error: &StoreError) -> (RefusalReason, String, u32) {
    match error {
        StoreError::LogFull { .. } => {
            (RefusalReason::Full, format!("log-bytes: {error}; end the meeting, begin another"), 0)
        }
        StoreError::TooManyMeetings { .. } => {
            (RefusalReason::Full, format!("meetings: {error}; try again later"), 60_000)
        }
        // What exactly is wrong is the operator's business, and in the log.
        StoreError::Unavailable(_) => {
            let text = "the store cannot be used now; post again under the same id";
            (RefusalReason::Unavailable, text.to_owned(), 1000)
        }
    }
}
