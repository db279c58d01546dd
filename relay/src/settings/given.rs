//! One list of all settings: from it come the flags, the environment's names, the file's keys and the
//! defaults.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Makes `Given` (everything optional, as it was written somewhere) and `Settings` (everything known).
macro_rules! settings {
    (
        optional { $($oname:ident: $otype:ty, $oenv:literal, $ohelp:literal;)* }
        switches { $($sname:ident, $senv:literal, $shelp:literal;)* }
        numbers { $($name:ident: $type:ty = $default:expr, $env:literal, $help:literal;)* }
    ) => {
        /// What one source says: flags with the environment, or the file.
        #[derive(Clone, Debug, Default, Args, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
        pub(crate) struct Given {
            $(
                #[arg(long, env = concat!("INCAMERA_RELAY_", $oenv), help = $ohelp, hide_env = true)]
                pub(crate) $oname: Option<$otype>,
            )*
            $(
                #[arg(
                    long, env = concat!("INCAMERA_RELAY_", $senv), help = $shelp, num_args = 0..=1,
                    require_equals = true, hide_env = true, default_missing_value = "true", value_name = "BOOL"
                )]
                pub(crate) $sname: Option<bool>,
            )*
            $(
                #[arg(
                    long, env = concat!("INCAMERA_RELAY_", $env), value_name = "N", hide_env = true,
                    help = concat!($help, " [default: ", stringify!($default), "]")
                )]
                pub(crate) $name: Option<$type>,
            )*
        }

        impl Given {
            /// What `self` does not say, `other` does.
            pub(crate) fn or(self, other: Self) -> Self {
                Self {
                    $($oname: self.$oname.or(other.$oname),)*
                    $($sname: self.$sname.or(other.$sname),)*
                    $($name: self.$name.or(other.$name),)*
                }
            }

            /// What nobody says has its default.
            pub(crate) fn into_settings(self) -> Settings {
                Settings {
                    $($oname: self.$oname,)*
                    $($sname: self.$sname.unwrap_or(false),)*
                    $($name: self.$name.unwrap_or($default),)*
                }
            }
        }

        /// Everything that can be set.
        #[derive(Clone, Debug)]
        pub(crate) struct Settings {
            $(#[doc = $ohelp] pub(crate) $oname: Option<$otype>,)*
            $(#[doc = $shelp] pub(crate) $sname: bool,)*
            $(#[doc = $help] pub(crate) $name: $type,)*
        }
    };
}

settings! {
    optional {
        listen: SocketAddr, "LISTEN",
            "Address of HTTPS and WebSocket; port 0 takes a free one [default: 127.0.0.1:7443]";
        media_listen: SocketAddr, "MEDIA_LISTEN",
            "Address of media (UDP) [default: --listen's address and port]";
        media_advertise: IpAddr, "MEDIA_ADVERTISE",
            "Address under which clients reach the media port, if it is another one";
        certificate: PathBuf, "CERTIFICATE",
            "TLS certificate chain, PEM; without one a development certificate is made at start";
        key: PathBuf, "KEY", "The certificate's private key, PEM";
        identity: PathBuf, "IDENTITY",
            "The relay's Ed25519 key (PKCS #8, DER), made if it is missing [default: in --data, or random at start]";
        data: PathBuf, "DATA",
            "Keep logs, the key and the development certificate in this directory; without it: in memory";
        nats: String, "NATS",
            "Keep logs on NATS JetStream at this URL (or several, with commas), shared with other relays";
        nats_credentials: PathBuf, "NATS_CREDENTIALS", "Credentials for NATS: a JWT and its key";
        token_secret_file: PathBuf, "TOKEN_SECRET_FILE",
            "Ask for tokens signed with this file's bytes (32 at least); INCAMERA_RELAY_TOKEN_SECRET holds them too";
        region: String, "REGION", "Your word for where the relay stands: 32 bytes at most";
        log_format: LogFormat, "LOG_FORMAT", "How log lines on stderr look [default: text]";
        log: String, "LOG", "What is logged: error, warn, info, debug or trace [default: info]";
    }
    switches {
        plain, "PLAIN", "No TLS: behind a proxy, or for tests";
        no_tokens, "NO_TOKENS", "Let everybody in, also on an address that others reach";
        log_addresses, "LOG_ADDRESSES", "Let clients' addresses appear in the log";
        public_metrics, "PUBLIC_METRICS", "Serve /metrics to all, not to this machine alone";
    }
    numbers {
        connections: usize = 10_000, "CONNECTIONS", "Connections in all";
        connections_per_address: usize = 512, "CONNECTIONS_PER_ADDRESS",
            "Connections of one address (of a /64 in IPv6); 0: no limit, as behind a proxy";
        connections_per_meeting: usize = 1_024, "CONNECTIONS_PER_MEETING", "Connections of one meeting";
        half_open: usize = 1_024, "HALF_OPEN", "Connections that have not yet said which meeting";
        handshake_seconds: u64 = 10, "HANDSHAKE_SECONDS", "For the TLS handshake and the HTTP header, each";
        hello_seconds: u64 = 10, "HELLO_SECONDS", "From the upgrade to Hello";
        ping_seconds: u64 = 20, "PING_SECONDS", "Between pings; a client silent for three is closed";
        stall_seconds: u64 = 15, "STALL_SECONDS",
            "A client that takes no message for so long (and a second for each 32 KiB) is closed";
        message_bytes: usize = 17 * 1024 * 1024, "MESSAGE_BYTES", "Of one message from a client";
        large_messages: usize = 32, "LARGE_MESSAGES",
            "Messages above 64 KiB on their way in at once: in all, and a quarter of it from one address";
        backlog_bytes: usize = 1024 * 1024, "BACKLOG_BYTES", "Waiting to be read by one client";
        backlog_messages: usize = 1_024, "BACKLOG_MESSAGES", "Waiting to be read by one client";
        backlog_total_bytes: usize = 512 * 1024 * 1024, "BACKLOG_TOTAL_BYTES",
            "Waiting to be read by all clients";
        connects_per_second: u64 = 50, "CONNECTS_PER_SECOND", "New connections of one address; 0: no limit";
        connects_burst: u64 = 1_024, "CONNECTS_BURST", "New connections of one address at once";
        messages_per_second: u64 = 100, "MESSAGES_PER_SECOND", "From one connection; 0: no limit";
        messages_burst: u64 = 400, "MESSAGES_BURST", "From one connection at once";
        bytes_per_second: u64 = 2 * 1024 * 1024, "BYTES_PER_SECOND", "From one connection; 0: no limit";
        bytes_burst: u64 = 36 * 1024 * 1024, "BYTES_BURST", "From one connection at once";
        meeting_messages_per_second: u64 = 2_000, "MEETING_MESSAGES_PER_SECOND",
            "From all connections of one meeting; 0: no limit";
        meeting_messages_burst: u64 = 8_000, "MEETING_MESSAGES_BURST", "From one meeting at once";
        meeting_bytes_per_second: u64 = 8 * 1024 * 1024, "MEETING_BYTES_PER_SECOND",
            "From all connections of one meeting; 0: no limit";
        meeting_bytes_burst: u64 = 72 * 1024 * 1024, "MEETING_BYTES_BURST", "From one meeting at once";
        address_messages_per_second: u64 = 4_000, "ADDRESS_MESSAGES_PER_SECOND",
            "From all connections of one address; 0: no limit";
        address_messages_burst: u64 = 16_000, "ADDRESS_MESSAGES_BURST", "From one address at once";
        address_bytes_per_second: u64 = 16 * 1024 * 1024, "ADDRESS_BYTES_PER_SECOND",
            "From all connections of one address; 0: no limit";
        address_bytes_burst: u64 = 144 * 1024 * 1024, "ADDRESS_BYTES_BURST", "From one address at once";
        meetings_per_address: usize = 128, "MEETINGS_PER_ADDRESS",
            "Different meetings that one address names within an hour; 0: no limit";
        meetings: usize = 10_000, "MEETINGS", "Meetings that are kept";
        log_bytes: u64 = 64 * 1024 * 1024, "LOG_BYTES", "Of one meeting's log";
        blob_bytes: u64 = 64 * 1024 * 1024, "BLOB_BYTES", "Of one meeting's blobs: the oldest go first";
        memory_bytes: u64 = 2 * 1024 * 1024 * 1024, "MEMORY_BYTES",
            "Of all logs and blobs together, when they are kept in memory";
        idle_seconds: u64 = 24 * 60 * 60, "IDLE_SECONDS", "A meeting is deleted so long after its last post";
        nats_replicas: usize = 1, "NATS_REPLICAS", "NATS servers that keep each log: 1, 3 or 5";
        media_workers: usize = 2, "MEDIA_WORKERS", "Threads that forward media";
        tracks_per_connection: usize = 16, "TRACKS_PER_CONNECTION", "Tracks that one connection may send";
        media_bits_per_second: u64 = 20_000_000, "MEDIA_BITS_PER_SECOND", "Of media from one connection";
        media_requests_per_second: u64 = 20, "MEDIA_REQUESTS_PER_SECOND",
            "Offers and choices of layers from one connection; 0: no limit";
        media_requests_burst: u64 = 200, "MEDIA_REQUESTS_BURST", "From one connection at once";
        key_frame_interval_ms: u64 = 500, "KEY_FRAME_INTERVAL_MS",
            "At most one key frame is asked of a sender in this time, in milliseconds";
        drain_seconds: u64 = 5, "DRAIN_SECONDS", "From SIGTERM to the end, at most";
    }
}
