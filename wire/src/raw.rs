//! The generated prost types: never seen outside of this crate, decoded only after the walk.

#![allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::enum_variant_names,
    reason = "generated code; proto/ documents it"
)]

include!("generated/incamera.v1.rs");
