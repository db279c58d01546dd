//! Why the relay did not start, in one line, and the exit code of each.

use std::process::ExitCode;

use thiserror::Error;

/// Why the relay did not start or stopped. The text says what to do.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum StartError {
    /// Exit code 2.
    #[error("settings: {0}")]
    Config(String),
    /// Exit code 3.
    #[error("address: {0}")]
    Address(String),
    /// Exit code 4.
    #[error("certificate: {0}")]
    Certificate(String),
    /// Exit code 5.
    #[error("store: {0}")]
    Store(String),
    /// Exit code 1.
    #[error("{0}")]
    Other(String),
}

impl StartError {
    /// What the process ends with.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Other(_) => 1,
            Self::Config(_) => 2,
            Self::Address(_) => 3,
            Self::Certificate(_) => 4,
            Self::Store(_) => 5,
        })
    }
}
