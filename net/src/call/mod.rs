//! A meeting that is driven: the task that owns it, what it is told and what it tells.

mod clock;
mod driver;
mod ending;
mod event;
mod handle;
mod media;
mod open;
mod outlet;
mod prove;
mod save;
mod sender;
#[cfg(test)]
mod tests;

pub use clock::now;
pub use ending::{CallError, Ending};
pub use event::{CallEvent, Events, Frame};
pub use handle::{Call, Options};
pub use save::Save;
pub use sender::TrackSender;
