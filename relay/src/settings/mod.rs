//! Settings: flags before environment before file before defaults.

mod given;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::exit::StartError;
use crate::limits::{PlaceLimits, Rate, Rates};

pub(crate) use given::{Given, LogFormat, Settings};

impl Settings {
    /// Puts the sources together, and checks what can be checked without touching the network.
    pub(crate) fn resolve(flags: Given, file: Option<&Path>) -> Result<Self, StartError> {
        let file = file.map(read).transpose()?.unwrap_or_default();
        let settings = flags.or(file).into_settings();
        settings.check()?;
        Ok(settings)
    }

    /// Where HTTPS and WebSocket are served.
    pub(crate) fn listen_address(&self) -> SocketAddr {
        self.listen.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7443))
    }

    /// How many connections there can be, if the system's limit is below the setting.
    pub(crate) fn too_few_files(&self) -> Option<usize> {
        open_files().filter(|files| *files < self.connections)
    }

    /// The limits on connections and rates.
    pub(crate) fn place_limits(&self) -> PlaceLimits {
        let rates = |messages: (u64, u64), bytes: (u64, u64)| Rates {
            messages: Rate { burst: messages.0, per_second: messages.1 },
            bytes: Rate { burst: bytes.0, per_second: bytes.1 },
        };
        PlaceLimits {
            connections: self.connections.min(open_files().unwrap_or(usize::MAX)),
            per_address: self.connections_per_address,
            per_meeting: self.connections_per_meeting,
            half_open: self.half_open,
            connects: Rate { burst: self.connects_burst, per_second: self.connects_per_second },
            meetings_per_address: self.meetings_per_address,
            connection: rates(
                (self.messages_burst, self.messages_per_second),
                (self.bytes_burst, self.bytes_per_second),
            ),
            meeting: rates(
                (self.meeting_messages_burst, self.meeting_messages_per_second),
                (self.meeting_bytes_burst, self.meeting_bytes_per_second),
            ),
            address: rates(
                (self.address_messages_burst, self.address_messages_per_second),
                (self.address_bytes_burst, self.address_bytes_per_second),
            ),
        }
    }

    /// How often one connection may ask for something about media: each offer is work for a media thread.
    pub(crate) fn media_requests(&self) -> Rate {
        Rate { burst: self.media_requests_burst, per_second: self.media_requests_per_second }
    }

    fn check(&self) -> Result<(), StartError> {
        let fault = |text: &str| Err(StartError::Config(text.to_owned()));
        if self.certificate.is_some() != self.key.is_some() {
            return fault("certificate and key belong together: give both or neither");
        }
        if self.plain && self.certificate.is_some() {
            return fault("plain and certificate exclude each other: take one away");
        }
        if self.data.is_some() && self.nats.is_some() {
            return fault("data and nats exclude each other: take one away");
        }
        if !matches!(self.nats_replicas, 1 | 3 | 5) {
            return fault("nats-replicas must be 1, 3 or 5");
        }
        if self.nats.is_none() && self.nats_credentials.is_some() {
            return fault("nats-credentials is given without nats: give both or neither");
        }
        if self.region.as_ref().is_some_and(|region| region.len() > 32) {
            return fault("region has more than 32 bytes: shorten it");
        }
        let positive = [
            ("connections", self.connections),
            ("connections-per-meeting", self.connections_per_meeting),
            ("half-open", self.half_open),
            ("large-messages", self.large_messages),
            ("backlog-messages", self.backlog_messages),
            ("meetings", self.meetings),
            ("media-workers", self.media_workers),
        ];
        if let Some((name, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return fault(&format!("{name} is 0: nothing would work; give at least 1"));
        }
        let largest = 32 * 1024 * 1024;
        if self.backlog_bytes < 4096 || self.backlog_total_bytes < self.backlog_bytes.max(largest) {
            return fault(
                "backlog-bytes must be 4096 or more, backlog-total-bytes 32 MiB and not below it",
            );
        }
        let seconds = [self.hello_seconds, self.handshake_seconds, self.ping_seconds];
        if seconds.contains(&0) || self.stall_seconds == 0 {
            return fault("hello-, handshake-, ping- and stall-seconds must be 1 or more");
        }
        Ok(())
    }
}

/// Connections for which the system lets this process have files; a few are for other things.
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let files: usize = line.split_whitespace().next()?.parse().ok()?;
    Some(files.saturating_sub(128).max(16))
}

fn read(path: &Path) -> Result<Given, StartError> {
    let fault = |text: String| StartError::Config(format!("{}: {text}", path.display()));
    let text = std::fs::read_to_string(path)
        .map_err(|error| fault(format!("cannot be read ({error}); check --config")))?;
    // The parser's message spans lines and draws the place; its first sentence says which key.
    toml::from_str(&text).map_err(|error| {
        let line = error
            .span()
            .map_or(0, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        fault(format!("line {line}: {}", error.message().replace('\n', " ")))
    })
}

/// The operator's secret, if there is one.
pub(crate) fn token_secret(file: Option<&PathBuf>) -> Result<Option<Vec<u8>>, StartError> {
    let secret = match file {
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            StartError::Config(format!(
                "token-secret-file {} cannot be read: {error}",
                path.display()
            ))
        })?),
        None => std::env::var("INCAMERA_RELAY_TOKEN_SECRET").ok().map(String::into_bytes),
    };
    let Some(secret) = secret else { return Ok(None) };
    // An editor's newline at the end is nobody's secret.
    let secret = secret.trim_ascii_end().to_vec();
    if secret.len() < 32 {
        let text = "the token secret has fewer than 32 bytes: take `openssl rand -hex 32`";
        return Err(StartError::Config(text.to_owned()));
    }
    Ok(Some(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Result<Settings, StartError> {
        let given: Given = toml::from_str(text).map_err(|e| StartError::Config(e.to_string()))?;
        let settings = given.into_settings();
        settings.check().map(|()| settings)
    }

    #[test]
    fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
        let file: Given = toml::from_str("meetings = 7\nhalf-open = 8\nplain = true").unwrap();
        let flags = Given { meetings: Some(3), ..Given::default() };
        let settings = flags.or(file).into_settings();
        assert_eq!((settings.meetings, settings.half_open, settings.plain), (3, 8, true));
        assert_eq!(settings.connections, 10_000);
    }

    #[test]
    fn an_unknown_key_is_refused_by_its_name() {
        let error = from("meeetings = 7").unwrap_err().to_string();
        assert!(error.contains("meeetings"), "{error}");
    }

    #[test]
    fn what_excludes_each_other_is_refused() {
        for text in [
            "certificate = 'a'",
            "plain = true\ncertificate = 'a'\nkey = 'b'",
            "data = 'a'\nnats = 'b'",
            "meetings = 0",
            "backlog-bytes = 1",
            "hello-seconds = 0",
        ] {
            assert!(from(text).is_err(), "{text}");
        }
        assert!(from("").is_ok());
    }
}
