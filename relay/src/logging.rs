//! Log lines on standard error: never what clients send, and their addresses only if asked.

use tracing_subscriber::EnvFilter;

use crate::exit::StartError;
use crate::settings::{LogFormat, Settings};

/// Starts the log.
pub(crate) fn start(settings: &Settings) -> Result<(), StartError> {
    let level = settings.log.as_deref().unwrap_or("info");
    // Libraries at debug name addresses and contents; this crate does not.
    let known = ["error", "warn", "info", "debug", "trace", "off"];
    if !known.contains(&level) {
        let text = format!("log is {level:?}: give error, warn, info, debug, trace or off");
        return Err(StartError::Config(text));
    }
    let filter = EnvFilter::new(format!("warn,incamera_relay={level}"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.log_format.unwrap_or_default() {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| StartError::Other(format!("the log cannot be started: {error}")))
}
