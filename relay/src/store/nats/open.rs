//! Connecting to the servers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{ConnectOptions, Event, ServerAddr};

use super::super::{StoreError, StoreLimits};
use super::streams::Streams;
use super::{NatsStore, Shared};

/// For everything until the store can be used.
const START: Duration = Duration::from_secs(5);
/// A server that has not answered twice in this time is left for another.
const PING: Duration = Duration::from_secs(5);

/// Where the servers are.
#[derive(Clone, Debug)]
pub(crate) struct NatsSettings {
    /// One or more URLs, with commas between.
    pub(crate) url: String,
    /// Servers that keep each log.
    pub(crate) replicas: usize,
    /// A file with a JWT and its key.
    pub(crate) credentials: Option<PathBuf>,
}

impl NatsSettings {
    /// The URLs without what may be secret.
    fn shown(&self) -> String {
        let hosts: Vec<&str> = self
            .url
            .split(',')
            .map(|url| url.rsplit_once('@').map_or(url.trim(), |(_, host)| host))
            .collect();
        hosts.join(",")
    }

    fn options(&self) -> Result<ConnectOptions, StoreError> {
        let options = match &self.credentials {
            Some(path) => {
                let fault = |error: std::io::Error| {
                    StoreError::Unavailable(format!(
                        "{} cannot be used ({error}): check --nats-credentials",
                        path.display()
                    ))
                };
                let text = std::fs::read_to_string(path).map_err(fault)?;
                ConnectOptions::with_credentials(&text).map_err(fault)?
            }
            None => ConnectOptions::new(),
        };
        Ok(options
            .name("incamera-relay")
            .connection_timeout(Duration::from_secs(2))
            .ping_interval(PING)
            .reconnect_delay_callback(|attempts| {
                let attempts = u64::try_from(attempts).unwrap_or(u64::MAX);
                Duration::from_millis(attempts.saturating_sub(1).saturating_mul(50).min(1000))
            })
            .event_callback(|event| async move {
                match event {
                    Event::Connected => tracing::info!("connected to NATS"),
                    event => tracing::warn!(%event, "NATS"),
                }
            }))
    }
}

/// The first version of the server in whose clusters copies of a log were not seen to differ (SPEC 11.26).
const SAFE_WITH_COPIES: (u64, u64) = (2, 10);

/// Whether a server of this version may give copies of a log two orders, where there are several.
fn may_fork(version: &str, replicas: usize) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => replicas > 1 && (major, minor) < SAFE_WITH_COPIES,
        _ => false,
    }
}

fn warn_of(version: &str, replicas: usize) {
    if may_fork(version, replicas) {
        tracing::warn!(
            "nats-server {version} with {replicas} replicas may give copies of a log two orders when most servers \
             stop at once: take 2.10 or newer"
        );
    }
}

impl NatsStore {
    /// Opens the store. `now`: seconds since 1970.
    ///
    /// # Errors
    /// One line that says what is wrong and what to do.
    pub(crate) async fn open(
        settings: NatsSettings,
        limits: StoreLimits,
        now: u64,
    ) -> Result<Self, StoreError> {
        let shown = settings.shown();
        let fault = |text: String| StoreError::Unavailable(text.replace('\n', " "));
        let addresses: Result<Vec<ServerAddr>, _> =
            settings.url.split(',').map(|url| url.trim().parse()).collect();
        let addresses = addresses
            .map_err(|error| fault(format!("{shown} is no URL of NATS ({error}): check --nats")))?;
        let options = settings.options()?;
        let started = async {
            let client = options.connect(addresses).await.map_err(|error| {
                fault(format!(
                    "NATS at {shown} cannot be reached ({error}): start it, or check --nats"
                ))
            })?;
            warn_of(&client.server_info().version, settings.replicas);
            let (meetings, idle) = (limits.meetings, limits.idle_seconds);
            let streams = Streams::new(client, settings.replicas, meetings, idle);
            streams.probe().await.map_err(|error| {
                fault(format!(
                    "NATS at {shown} takes no stream ({error}): start it with JetStream, with as many \
                     servers as --nats-replicas says and no limit of its duplicate window"
                ))
            })?;
            Ok(streams)
        };
        let streams = tokio::time::timeout(START, started).await.map_err(|_| {
            fault(format!("NATS at {shown} does not answer: start it, or check --nats"))
        })??;
        let shared = Shared {
            streams,
            limits,
            clock: AtomicU64::new(now),
            meetings: Mutex::default(),
            due: Mutex::new(HashMap::new()),
            list: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

#[cfg(test)]
mod tests {
    use super::may_fork;

    #[test]
    fn old_servers_are_warned_of_where_there_are_copies() {
        for (version, replicas, may) in [
            ("2.9.10", 3, true),
            ("2.9.10", 1, false),
            ("2.10.0", 3, false),
            ("v2.15.1", 5, false),
            ("3.0.0", 3, false),
            ("1.99", 3, true),
            ("", 3, false),
            ("dev", 3, false),
        ] {
            assert_eq!(may_fork(version, replicas), may, "{version} {replicas}");
        }
    }
}
