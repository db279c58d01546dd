//! Connects meetings to a relay.

mod media;
