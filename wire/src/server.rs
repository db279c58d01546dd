//! A server's view: what it may know, and the order it keeps.

mod head;
mod log;

pub use head::EnvelopeHead;
pub use log::{Appended, LogFull, OrderedLog};
