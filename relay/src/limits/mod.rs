//! Who may have how much. Clocks are arguments: durations since the relay's start.

mod bucket;
mod inbound;
mod large;
mod places;
mod seat;

pub(crate) use bucket::{Bucket, Rate};
pub(crate) use inbound::{Inbound, LONG_LARGE, MANY_LARGE, Metered};
pub(crate) use large::Large;
pub(crate) use places::{PlaceLimits, Places, Rates};
pub(crate) use seat::{Denied, Seat};
