//! What is counted, for Prometheus.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use incamera_wire::{Destination, RefusalReason};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::media::MediaMetrics;

/// One word that tells counters of a family apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Kind {
    kind: &'static str,
}

/// All metrics.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Connections past the upgrade.
    pub(crate) connections: Gauge,
    /// Meetings with a connection.
    pub(crate) meetings: Gauge,
    posts: Family<Kind, Counter>,
    refusals: Family<Kind, Counter>,
    /// Bytes that were appended to logs.
    pub(crate) log_bytes: Counter,
    /// Seconds from a post to the log until it was durable.
    pub(crate) append_seconds: Histogram,
    /// The forwarder's.
    pub(crate) media: Arc<MediaMetrics>,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("incamera_relay");
        let media = Arc::<MediaMetrics>::default();
        let metrics = Self {
            connections: Gauge::default(),
            meetings: Gauge::default(),
            posts: Family::default(),
            refusals: Family::default(),
            log_bytes: Counter::default(),
            // From 50 microseconds to 1.6 seconds.
            append_seconds: Histogram::new(exponential_buckets(0.000_05, 2.0, 16)),
            media: Arc::clone(&media),
            registry: Registry::default(),
        };
        let connections = metrics.connections.clone();
        registry.register("connections", "WebSocket connections", connections);
        registry.register("meetings", "Meetings with a connection", metrics.meetings.clone());
        registry.register("posts", "Posts that were taken", metrics.posts.clone());
        registry.register("refusals", "What was refused, by reason", metrics.refusals.clone());
        let log_bytes = metrics.log_bytes.clone();
        registry.register("log_bytes", "Bytes appended to logs", log_bytes);
        let append = metrics.append_seconds.clone();
        registry.register("append_seconds", "Time until an entry was durable", append);
        registry.register_collector(Box::new(MediaCollector(media)));
        Self { registry, ..metrics }
    }

    /// A post was taken.
    pub(crate) fn posted(&self, to: &Destination) {
        let kind = match to {
            Destination::Log => "log",
            Destination::Lobby => "lobby",
            Destination::Direct(_) => "direct",
            Destination::Blob(_) => "blob",
        };
        self.posts.get_or_create(&Kind { kind }).inc();
    }

    /// Something was refused.
    pub(crate) fn refused(&self, reason: RefusalReason) {
        let kind = match reason {
            RefusalReason::Malformed => "malformed",
            RefusalReason::TooLarge => "too_large",
            RefusalReason::TooFast => "too_fast",
            RefusalReason::TooSlow => "too_slow",
            RefusalReason::Full => "full",
            RefusalReason::Unauthorized => "unauthorized",
            RefusalReason::NotFound => "not_found",
            RefusalReason::Unavailable => "unavailable",
            RefusalReason::Draining => "draining",
            RefusalReason::Ended => "ended",
        };
        self.refusals.get_or_create(&Kind { kind }).inc();
    }

    /// All of them, in the text format.
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Reads the forwarder's counters when they are asked for.
#[derive(Debug)]
struct MediaCollector(Arc<MediaMetrics>);

impl Collector for MediaCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let media = &self.0;
        let mut counter = |name: &str, help: &str, value: &AtomicU64| {
            let metric = ConstCounter::new(value.load(Ordering::Relaxed));
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
        };
        counter("media_received_packets", "RTP packets received", &media.received_packets)?;
        counter("media_forwarded_packets", "RTP packets forwarded", &media.forwarded_packets)?;
        counter("media_forwarded_bytes", "Bytes forwarded", &media.forwarded_bytes)?;
        counter("media_dropped_packets", "RTP packets dropped", &media.dropped_packets)?;
        counter("media_key_frame_requests", "Key frames asked for", &media.key_frame_requests)?;
        let mut gauge = |name: &str, help: &str, value: &AtomicU64| {
            let value = i64::try_from(value.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
            let metric = ConstGauge::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
        };
        gauge("media_connections", "WebRTC connections", &media.connections)?;
        gauge("media_tracks", "Tracks that are sent", &media.tracks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_written() {
        let metrics = Metrics::new();
        metrics.posted(&Destination::Log);
        metrics.refused(RefusalReason::TooSlow);
        metrics.media.forwarded_packets.store(7, Ordering::Relaxed);
        metrics.append_seconds.observe(0.001);
        let text = metrics.encode().unwrap();
        for line in [
            "incamera_relay_posts_total{kind=\"log\"} 1",
            "incamera_relay_refusals_total{kind=\"too_slow\"} 1",
            "incamera_relay_media_forwarded_packets_total 7",
            "incamera_relay_append_seconds_count 1",
            "incamera_relay_connections 0",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }
}
