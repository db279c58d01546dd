//! A symbolic engine behind the same face as the real one, for model checking: secrets are hashes of
//! what led to them, and sealing to a key is done with its inverse, which nobody but this folder
//! computes. It does what the meeting relies on and is no protection against anybody.
//!
//! `tests/conformance.rs` runs one list of scenarios against both engines.

#![cfg(test)]

mod build;
mod crypto;
mod group;
mod joiner;
mod message;
mod saved;
mod stage;

pub(crate) use group::Symbolic;
