//! A relay for incamera meetings: it orders what members post and forwards what they send, and
//! holds no key. `incamera-relay --help` has the settings.
//!
//! # Parts
//!
//! `server` takes TCP connections and does TLS and HTTP; `session` speaks with one client; `store` keeps
//! logs and blobs, and tells all sessions of a meeting what is new; `media` forwards; `limits` says who may
//! have how much; `relay` is what all of them share, and `run` puts it together.
//!
//! # How much memory there can be
//!
//! Everything that somebody outside can make grow has a limit; with the defaults, at the very worst:
//!
//! | what | limit | bytes |
//! |---|---|---|
//! | logs and blobs in memory | `memory-bytes` | 2 GiB |
//! | or on disk: its cache, and one transaction | fixed | 64 MiB + 32 MiB + one message |
//! | waiting to be read by clients | `backlog-total-bytes` | 512 MiB |
//! | being written to clients: one message each, counted there too | | 0 |
//! | messages above 64 KiB on their way in, and decoded | `large-messages` × 2 × `message-bytes` | 1.1 GiB |
//! | messages below, with the buffers of WebSocket and TLS | `connections` × about 150 KiB | 1.5 GiB |
//! | HTTP headers of connections before the upgrade | `half-open` × 16 KiB | 16 MiB |
//! | news that not all sessions have looked at | 256 × 1 MiB of each meeting whose sessions are not run | see below |
//! | addresses and the meetings that they named | 4 × `connections` × (100 + `meetings-per-address` × 40) | 208 MiB |
//! | tokens that are barred | 100,000 × about 100 | 10 MB |
//!
//! A session never waits for its client with news in its hands, so news are kept for as long as a task waits
//! for a thread, or for the store to take an entry. What comes in meanwhile is bounded by the rates of
//! connections, meetings and addresses. An idle connection takes a few tens of kilobytes.
//!
//! A length that a client announces is compared with `message-bytes` when the frame's header is there; below
//! it, address space is reserved, and memory is used as bytes come.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a server reads clocks and starts tasks"
)]

mod cli;
mod digest;
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
