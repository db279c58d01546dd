//! A relay for incamera meetings: it orders what members post and forwards what they send, and
//! holds no key. `incamera-relay --help` has the settings.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a server reads clocks and starts tasks"
)]

mod cli;
mod exit;
mod hex;
mod hub;
mod identity;
mod limits;
mod logging;
mod media;
mod metrics;
mod relay;
mod run;
mod server;
mod session;
mod settings;
mod store;
mod token;

pub use run::run;
